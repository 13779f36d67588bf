"""The inventory is a function of the logs: thrown away and replayed it is the same, ids and history included."""

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from secops.core.clock import Instant, ManualClock
from secops.core.events import Summary
from secops.core.model import Coverage, Decision, DecisionType, Observation, RunEnd, Status, Target
from secops.hall.app import App
from secops.hall.flows import inventory
from secops.hall.flows import merge as merging
from secops.hall.workspace import Workspace
from secops.store import coverage, decisions, derived, observations, run_ends

pytestmark = pytest.mark.property

_CIDRS = ("198.18.0.0/24", "198.18.0.0/30", "198.18.0.2/32")
_sights = st.lists(st.tuples(st.integers(1, 4), st.sampled_from((22, 80)), st.sampled_from("ab")), max_size=5)
_owners = st.dictionaries(st.sampled_from(_CIDRS), st.sampled_from(("A", "B", "")), min_size=1)
_ends = st.tuples(st.booleans(), st.sampled_from((True, False, None)), st.sampled_from(((22,), (22, 80))))
_step = st.one_of(
    st.tuples(st.just("see"), _sights),
    st.tuples(st.just("declare"), _owners),
    st.tuples(st.just("end"), _ends),
    st.tuples(st.just("merge"), st.none()),
)


def _seen(number: int, at: int, place: int, port: int, word: str) -> Observation:
    facts: dict[str, object] = {"service.name": "ssh", "ssh.host_key": ("SHA256:" + word * 43,)}
    if port == 80:
        facts = {"service.name": "http", "http.status_code": 200, "http.title": word, "tls.enabled": False}
    return Observation("gd", "o", f"run{number}", "ssh@1" if port == 22 else "http@1",
                       Target(f"198.18.0.{place}", port), Instant(at), Status.SUCCESS, facts)  # fmt: skip


def _play(app: App, steps: list[tuple[str, object]]) -> None:
    for number, (what, given_) in enumerate(steps):
        at = 1_000_000 + number * 1000
        with app.database.write() as connection:
            if what == "see":
                observations.append(connection, [_seen(number, at + i, *each) for i, each in enumerate(given_)])
            elif what == "declare":
                items = []
                for cidr, org in given_.items():
                    payload = {"kind": "network"} | ({"org": org} if org else {"withdrawn": True})
                    items.append(Decision("gd", DecisionType.DECLARE, f"network:{cidr}", payload, "me", Instant(at)))
                decisions.append(connection, items)
            elif what == "end":
                complete, canary, ports = given_
                coverage.append(
                    connection, Coverage(f"run{number}", 0, (("198.18.0.0", "198.18.0.3"),), ports, canary=canary)
                )
                run_ends.append(connection, RunEnd(f"run{number}", "gd", Instant(at), complete, Instant(at)))
        if what == "merge":
            list(merging.merge(app))


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(_step, min_size=1, max_size=14), st.integers(1, 5))
def test_a_replay_in_other_batches_gives_the_same_digest(steps: list[tuple[str, object]], batch: int) -> None:
    """Whenever it was merged and however the replay is cut, the derived tables are the same to the byte."""
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        workspace = Workspace(Path(folder))
        workspace.make()
        with App(workspace, clock=ManualClock()) as app:
            _play(app, steps)
            patch.setattr(merging, "BATCH", batch)
            summary = list(inventory.rebuild(app))[-1]
            assert isinstance(summary, Summary)
            assert summary.complete, summary.warnings


_port_looks = st.lists(
    st.tuples(
        st.integers(1, 3),
        st.sampled_from((22, 80, 443)),
        st.sampled_from(("ssh", "http", "tls", "tls+hello", "redis", "port", "nmap", "http+hop")),
        st.sampled_from(("a", "b")),
        st.sampled_from(("", "www.example")),
        st.integers(0, 3),
    ),
    max_size=8,
)


def _any(number: int, at: int, what: tuple[int, int, str, str, str, int]) -> Observation:
    place, port, base, word, name, late = what
    facts: dict[str, object] = {"service.name": base}
    if base == "ssh":
        facts["ssh.host_key"] = ("SHA256:" + word * 43,)
    elif base.startswith("http"):
        facts |= {"http.status_code": 200, "http.title": word, "tls.enabled": word == "a"}
    elif base.startswith("tls"):
        facts |= {"tls.enabled": True, "tls.version": word}
    elif base == "nmap":
        facts["host.os"] = word
    collector = "http@1+hop" if base == "http+hop" else f"{base}@{1 + late % 2}"
    extra = {"identified": "protocol-error" if word == "a" else "timeout"} if base == "port" else {}
    status = Status.OPEN if base == "port" else Status.SUCCESS
    target = Target(f"198.18.0.{place}", port, name=name)
    return Observation("gd", "o", f"run{number}", collector, target, Instant(at + late * 700), status,
                       {} if base == "port" else facts, extra, in_scope=late != 2)  # fmt: skip


_mixed = st.one_of(
    st.tuples(st.just("look"), _port_looks),
    st.tuples(st.just("again"), st.none()),
    st.tuples(st.just("again"), st.none()),
    st.tuples(st.just("declare"), _owners),
    st.tuples(st.just("end"), _ends),
    st.tuples(st.just("merge"), st.none()),
)


def _replayed(steps: list[tuple[str, object]], *, short: bool, batch: int) -> list[list[object]]:
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(merging, "BATCH", batch)
        if not short:
            patch.setattr(merging.looks, "unchanged", lambda *_: None)
        workspace = Workspace(Path(folder))
        workspace.make()
        with App(workspace, clock=ManualClock()) as app:
            last: list[object] = []
            for number, (what, given_) in enumerate(steps):
                if what in {"look", "again"}:
                    last = given_ if what == "look" else last
                    at = 1_000_000 + number * 1000
                    with app.database.write() as connection:
                        observations.append(connection, [_any(number, at + i, each) for i, each in enumerate(last)])
                else:
                    _play(app, [*[("none", None)] * number, (what, given_)])
            list(merging.merge(app))
            with app.database.read() as connection:
                return list(derived.rows(connection))


_BARE = (1, 22, "ssh", "a", "", 0)
_LATE = ("look", [_BARE, _BARE, (*_BARE[:5], 3)])
_NAMED = ("look", [*[_BARE] * 5, (1, 22, "ssh", "a", "www.example", 0)])
"""A look by name that is older than what stands is taken in by half: the next one like it must be read in full."""
_CLOSING = ("look", [(1, 22, "port", "a", "", 1), _BARE])
"""A port that was understood before a look at it failed, told in the other order."""
_SHARED = ("look", [_BARE, _BARE, (1, 22, "ssh", "b", "www.example", 0), (*_BARE[:5], 1)])
"""One port, two names, two machines: the one goes when the other is seen."""


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@example([("look", [(1, 22, "ssh", "a", "", 0)]), ("merge", None), ("again", None)], 2)  # settled after its repetition
@given(st.lists(_mixed, min_size=2, max_size=14), st.integers(2, 30))
@example([*[("look", [])] * 5, _LATE, ("look", []), _NAMED, ("again", None)], 2)
@example([_CLOSING, ("again", None)], 2)
@example([_SHARED, ("again", None)], 2)
def test_taking_repetitions_in_at_once_gives_what_reading_each_gives(
    steps: list[tuple[str, object]], batch: int
) -> None:
    """With or without the short way for looks that only repeat, every derived row is the same."""
    assert _replayed(steps, short=True, batch=batch) == _replayed(steps, short=False, batch=5_000)
