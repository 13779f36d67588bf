"""Laws of identity over a real store: order-free within a run, idempotent, split undoes merge, rebuild is equal."""

import json
from collections.abc import Collection, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import ClassVar

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from secops.assets.work import Merged
from secops.core.clock import Instant, ManualClock
from secops.core.events import Summary
from secops.core.model import Coverage, Decision, DecisionType, Entity, Kind, Observation, RunEnd, State, Status, Target
from secops.hall.app import App
from secops.hall.flows import inventory, merge_hosts
from secops.hall.flows import merge as merging
from secops.hall.workspace import Workspace, shipped
from secops.store import coverage, decisions, derived, entities, observations, run_ends

pytestmark = pytest.mark.property

_sight = st.tuples(
    st.integers(1, 5),
    st.sampled_from(("ssh", "ssh", "tls", "arp", "snmp")),
    st.sampled_from("abc"),
    st.sampled_from(("", "web01")),
)
_sights = st.lists(_sight, min_size=1, max_size=9, unique_by=lambda each: each[:2])
_runs = st.lists(st.tuples(_sights, st.booleans()), min_size=1, max_size=5)
_PORTS = {"ssh": 22, "tls": 443, "snmp": 161, "arp": 0}


def _seen(run: int, at: int, sight: tuple[int, str, str, str]) -> Observation:
    place, base, letter, name = sight
    facts: dict[str, object] = {
        "ssh": {"service.name": "ssh", "ssh.host_key": ("SHA256:" + letter * 43,)},
        "tls": {"tls.enabled": True, "tls.fingerprint": letter * 64},
        "arp": {"host.mac": (f"48:df:37:00:00:0{ord(letter) - 96}",)},
        "snmp": {"service.name": "snmp", "device.serial": f"SN000{letter}", "device.vendor": "h3c"},
    }[base]
    facts |= {"host.names": (name,)} if name else {}
    target = Target(f"198.18.0.{place}", _PORTS[base])
    return Observation("gd", "o", f"run{run}", f"{base}@1", target, Instant(at), Status.SUCCESS, facts)


def _play(app: App, runs: list[tuple[list[tuple[int, str, str, str]], bool]], *, backwards: bool = False) -> None:
    for number, (sights, complete) in enumerate(runs, 1):
        start = 1_000_000_000 + number * 86_400_000
        seen = [_seen(number, start + 1 + place, each) for place, each in enumerate(sights)]
        with app.database.write() as connection:
            observations.append(connection, seen[::-1] if backwards else seen)
            span = (("198.18.0.0", "198.18.0.255"),)
            block = Coverage(f"run{number}", 0, span, (0, 22, 161, 443), answered=1, canary=True)
            coverage.append(connection, block)
            end = RunEnd(f"run{number}", "gd", Instant(start + 1000), complete, Instant(start))
            run_ends.append(connection, end)


def _state(app: App) -> list[list[object]]:
    """Every derived row, without places in the log."""
    found = []
    with app.database.read() as connection:
        for name, *row in derived.rows(connection):
            columns = sorted(c.name for c in _TABLES[name].columns if c not in derived.HOW)
            kept = dict(zip(columns, row, strict=True))
            for each in ("seq", "changed_seq", "first_seq"):
                kept.pop(each, None)
            if name in {"assets", "services"} and kept["sources"]:
                kept["sources"] = {k: v if isinstance(v, str) else 0 for k, v in json.loads(kept["sources"]).items()}
            if name != "changes":
                found.append([name, sorted(kept.items(), key=lambda pair: pair[0])])
    return sorted(found, key=str)


_TABLES = {table.name: table for table in derived.TABLES}


def _app(folder: str) -> App:
    workspace = Workspace(Path(folder))
    workspace.make()
    return App(workspace, clock=ManualClock(Instant(5_000_000_000)))


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(_runs)
def test_the_order_of_the_log_within_a_run_does_not_matter(
    runs: list[tuple[list[tuple[int, str, str, str]], bool]],
) -> None:
    """The same runs, each logged backwards: the same machines, marks and doubts, ids included."""
    states = []
    for backwards in (False, True):
        with TemporaryDirectory() as folder, _app(folder) as app:
            _play(app, runs, backwards=backwards)
            list(merging.merge(app))
            states.append(_state(app))
    assert states[0] == states[1]


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(_runs, st.integers(1, 7), st.integers(1, 4), st.booleans())
@example(
    runs=[
        ([(1, "ssh", "a", "")], False),
        ([(5, "ssh", "a", "")], False),
        (
            [(5, "arp", "a", ""), (2, "ssh", "b", ""), (2, "tls", "a", ""), (1, "tls", "a", ""), (1, "ssh", "a", "")],
            True,
        ),
    ],
    batch=1,
    page=1,
    tight=False,
)
def test_a_rebuild_in_other_pages_and_batches_gives_the_same_digest(
    runs: list[tuple[list[tuple[int, str, str, str]], bool]], batch: int, page: int, tight: bool
) -> None:
    """Machines follow from the log, however it is cut and however many addresses are settled together.

    No look is settled twice at one place of the log; `tight`: marks soon stand on too many addresses.
    """
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch, _app(folder) as app:
        if tight:
            _tighten(app)
        for number in range(len(runs)):
            _play(app, runs[: number + 1])
            list(merging.merge(app))
        patch.setattr(merging, "BATCH", batch)
        patch.setattr(merge_hosts, "PAGE", page)
        patch.setattr(merge_hosts, "Settling", _Once)
        _Once.settled = {}
        summary = list(inventory.rebuild(app))[-1]
        assert isinstance(summary, Summary)
        assert summary.complete, summary.warnings


class _Once(merge_hosts.Settling):
    """Settles, and minds that nothing is settled twice at one place of the log."""

    settled: ClassVar[dict[int, set[str]]] = {}

    def page(self, places: Collection[str], started: int = 0) -> tuple[Merged, Mapping[str, Entity]]:
        found = merge_hosts.gather(self.connection, self.site, places, self.rules)
        done = self.settled.setdefault(self.cause.seq, set())
        assert done.isdisjoint(found.rows)
        done |= found.rows.keys()
        return super().page(places, started)


def _tighten(app: App) -> None:
    name = "rules/identity/machines.yaml"
    text = (shipped("rules").parent / name).read_text("utf-8")
    for limit in ("addresses: 3 ", "interfaces: 256", "identifiers: 48", "moves: 2 "):
        assert limit in text
        text = text.replace(limit, f"{limit.partition(':')[0]}: 2 ")
    path = app.workspace.root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(_runs)
def test_the_same_runs_again_bring_no_machine(runs: list[tuple[list[tuple[int, str, str, str]], bool]]) -> None:
    """What the last run saw, seen again: the same living machines at the same addresses."""
    with TemporaryDirectory() as folder, _app(folder) as app:
        _play(app, [(sights, True) for sights, _ in runs])
        list(merging.merge(app))
        before = _living(app)
        last = [(sights, True) for sights, _ in runs]
        _play(app, [*last, last[-1]])
        list(merging.merge(app))
        assert _living(app) == before


def _living(app: App) -> dict[str, object]:
    with app.database.read() as connection:
        found = entities.of_kind(connection, "gd", Kind.HOST)
        return {each.id: each.facts.get("host.addresses") for each in found if each.state is State.ACTIVE}


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(_runs, st.data())
def test_a_split_after_a_merge_leaves_both_as_they_were(
    runs: list[tuple[list[tuple[int, str, str, str]], bool]], data: st.DataObject
) -> None:
    """Facts, state, times, marks and looks of both machines are what they were; only their history knows."""
    with TemporaryDirectory() as folder, _app(folder) as app:
        _play(app, runs)
        list(merging.merge(app))
        before = _machines(app)
        free = [id for id, each in before.items() if not each[5]]
        if len(free) < 2:
            return
        one, other = data.draw(st.permutations(free))[:2]
        survivor = min((one, other), key=lambda each: (before[each][1], each))
        _decide(app, DecisionType.MERGE, {"hosts": [one, other]})
        assert _machines(app)[one if survivor == other else other][5]
        _decide(app, DecisionType.SPLIT, {"host": survivor, "from": one if survivor == other else other})
        assert _machines(app) == before
        summary = list(inventory.rebuild(app))[-1]
        assert isinstance(summary, Summary)
        assert summary.complete, summary.warnings


def _decide(app: App, type: DecisionType, payload: dict[str, object]) -> None:
    app.clock.sleep(1)
    with app.database.write() as connection:
        decisions.append(connection, [Decision("gd", type, "host:x", payload, "me", app.clock.now(), "seen")])
    list(merging.merge(app))


def _machines(app: App) -> dict[str, tuple[object, ...]]:
    with app.database.read() as connection:
        found = list(entities.of_kind(connection, "gd", Kind.HOST))
        sources = {each.id: sorted(name for name in each.sources if name != "born") for each in found}
    return {
        each.id: (each.state, each.first_seen, each.last_seen, each.facts, sources[each.id], "merged" in each.extra)
        for each in found
    }
