"""What hangs together is settled together, from whichever of its addresses it is come upon."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from secops.core.clock import Instant, ManualClock
from secops.core.model import Coverage, Decision, DecisionType, Kind, Observation, RunEnd, Status, Target
from secops.hall.app import App
from secops.hall.flows import merge_hosts
from secops.hall.flows.identity_rules import rules_of
from secops.hall.flows.merge import merge
from secops.hall.workspace import Workspace, shipped
from secops.store import coverage, decisions, entities, evidence, identifiers, observations, run_ends

_DAY = 86_400_000
_PORTS = {"ssh": 22, "tls": 443, "arp": 0}
_KEY = "SHA256:" + "A" * 43
Sight = tuple[int, str, str]
"""Last number of the address, collector, value."""


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    """A workspace in which a mark on more than three addresses is on too many."""
    workspace = Workspace(tmp_path / "w")
    workspace.make()
    name = "rules/identity/machines.yaml"
    text = (shipped("rules").parent / name).read_text("utf-8")
    path = workspace.root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text.replace("interfaces: 256", "interfaces: 3"), "utf-8")
    with App(workspace, clock=ManualClock(Instant(1_750_000_000_000))) as held:
        yield held


def _run(app: App, number: int, *sights: Sight, complete: bool = False) -> None:
    run, start = f"r{number}", 1_700_000_000_000 + number * _DAY
    with app.database.write() as connection:
        observations.append(connection, [_seen(run, start + 1 + at, *each) for at, each in enumerate(sights)])
        span = (("198.18.0.0", "198.18.0.255"),)
        coverage.append(connection, Coverage(run, 0, span, (0, 22, 443), canary=True, answered=1))
        run_ends.append(connection, RunEnd(run, "default", Instant(start + 1000), complete, Instant(start)))


def _seen(run: str, at: int, place: int, collector: str, value: str) -> Observation:
    facts: dict[str, object] = {
        "ssh": {"service.name": "ssh", "ssh.host_key": (value,)},
        "tls": {"tls.enabled": True, "tls.fingerprint": value * 64},
        "arp": {"host.mac": (f"48:df:37:00:00:0{value}",)},
    }[collector]
    target = Target(f"198.18.0.{place}", _PORTS[collector])
    return Observation("default", "o", run, f"{collector}@1", target, Instant(at), Status.SUCCESS, facts)


def _gathered(app: App, place: int) -> merge_hosts._Found:
    rules = rules_of(app)
    assert rules is not None
    with app.database.read() as connection:
        return merge_hosts.gather(connection, "default", [f"198.18.0.{place}"], rules)


def test_an_address_of_a_machine_that_fell_silent_is_settled_with_it(app: App) -> None:
    """From the machine's other address and from the silent one the same is found; once settled it leads nowhere."""
    _run(app, 1, (1, "ssh", _KEY), (5, "ssh", _KEY))
    list(merge(app))
    with app.database.write() as connection:
        silent = [row.entity for row in evidence.at_places(connection, "default", ["198.18.0.5"])]
        evidence.silence(connection, silent, 1)
    one, other = _gathered(app, 1), _gathered(app, 5)
    assert one.places == other.places == {"198.18.0.1", "198.18.0.5"}
    assert one.rows == other.rows
    _run(app, 2, (1, "ssh", _KEY), (5, "arp", "1"))
    list(merge(app))
    assert _gathered(app, 1).places == {"198.18.0.1"}
    assert _gathered(app, 5).places == {"198.18.0.5"}


@pytest.mark.parametrize("page", [1, 2_000])
def test_a_mark_on_too_many_addresses_is_shared_for_the_machine_that_had_it_too(
    app: App, monkeypatch: pytest.MonkeyPatch, page: int
) -> None:
    """The machine that had it no longer shows it and is settled first: it loses it all the same, in small pages too."""
    monkeypatch.setattr(merge_hosts, "PAGE", page)
    _run(app, 1, (1, "arp", "1"), (1, "tls", "a"))
    list(merge(app))
    _run(app, 2, (1, "arp", "2"), (1, "tls", "b"), *((place, "tls", "a") for place in (4, 5, 6, 7)))
    list(merge(app))
    with app.database.read() as connection:
        (known,) = identifiers.of_marks(connection, "default", ["cert:" + "a" * 64])
        assert (known.host, known.standing) == ("", "shared")
        assert len(list(entities.of_kind(connection, "default", Kind.HOST))) == 6


def test_a_mark_that_a_person_gave_to_a_machine_is_followed_everywhere(app: App) -> None:
    """However many addresses show it: each belongs to that machine, so all are settled with it."""
    _run(app, 1, (1, "tls", "a"), (2, "ssh", _KEY))
    list(merge(app))
    with app.database.write() as connection:
        ids = [each.id for each in entities.of_kind(connection, "default", Kind.HOST)]
        app.clock.sleep(1)
        decision = Decision("default", DecisionType.MERGE, "host:x", {"hosts": ids}, "me", app.clock.now(), "seen")
        decisions.append(connection, [decision])
    list(merge(app))
    _run(app, 2, *((place, "tls", "a") for place in range(1, 7)))
    list(merge(app))
    assert {len(_gathered(app, place).places) for place in range(1, 7)} == {6}
