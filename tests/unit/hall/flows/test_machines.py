"""Machines told apart over a real store: who is who, why, and what people decide about it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from secops.core.clock import Instant, ManualClock
from secops.core.model import (
    Change,
    Coverage,
    Decision,
    DecisionType,
    Entity,
    Kind,
    Observation,
    RunEnd,
    State,
    Status,
    Target,
    Transport,
)
from secops.hall.app import App
from secops.hall.flows import inventory
from secops.hall.flows.merge import merge
from secops.hall.workspace import Workspace
from secops.store import changes, coverage, decisions, entities, identifiers, observations, run_ends

_NOW = 1_750_000_000_000
_WEEK = 7 * 86_400_000
_A, _B, _C = ("SHA256:" + letter * 43 for letter in "ABC")
_M1, _M2 = "48:df:37:00:00:01", "48:df:37:00:00:02"
Sight = tuple[int, str, dict[str, object]]
"""Last number of the address, collector, facts."""
_PORTS = {"ssh": 22, "tls": 443, "snmp": 161, "netbios": 137, "arp": 0}


class World:
    """A workspace and weekly runs over 198.18.0.0/24."""

    def __init__(self, app: App) -> None:
        self.app = app
        self.week = 0

    def run(
        self, *sights: Sight, complete: bool = True, canary: bool | None = True, ports: tuple[int, ...] = ()
    ) -> None:
        """One run that asked everything (or these ports) and saw this."""
        self.week += 1
        run, start = f"r{self.week}", _NOW + self.week * _WEEK
        with self.app.database.write() as connection:
            observations.append(connection, [self._seen(run, start + n + 1, *each) for n, each in enumerate(sights)])
            span = (("198.18.0.0", "198.18.0.255"),)
            for number, (asked, transport) in enumerate((((22, 443), "tcp"), ((137, 161), "udp"), ((0,), "tcp"))):
                wanted = tuple(each for each in asked if not ports or each in ports)
                if wanted:
                    block = Coverage(run, number, span, wanted, Transport(transport), canary=canary, answered=1)
                    coverage.append(connection, block)
            end = RunEnd(run, "default", Instant(start + 1000), complete, Instant(start))
            run_ends.append(connection, end)
        self.merge()

    def bring(self, *sights: Sight) -> None:
        """An import: no run ends."""
        self.week += 1
        start = _NOW + self.week * _WEEK
        with self.app.database.write() as connection:
            items = [self._seen(f"i{self.week}", start + n + 1, *each) for n, each in enumerate(sights)]
            observations.append(connection, items)
        self.merge()

    def _seen(self, run: str, at: int, place: int, collector: str, facts: dict[str, object]) -> Observation:
        port = _PORTS[collector]
        transport = Transport.UDP if collector in {"snmp", "netbios"} else Transport.TCP
        target = Target(f"198.18.0.{place}", port, transport)
        status = Status.SUCCESS
        return Observation("default", "o", run, f"{collector}@1", target, Instant(at), status, facts)

    def merge(self) -> None:
        self.app.clock.sleep(60)
        list(merge(self.app))

    def decide(self, type: DecisionType, subject: str, payload: dict[str, object]) -> None:
        self.app.clock.sleep(1)
        made = Decision("default", type, subject, payload, "张三", self.app.clock.now(), "查过机房")
        with self.app.database.write() as connection:
            decisions.append(connection, [made])
        self.merge()

    def hosts(self) -> dict[tuple[int, ...], Entity]:
        """Last numbers of their addresses -> machines; those that are gone apart."""
        with self.app.database.read() as connection:
            found = list(entities.of_kind(connection, "default", Kind.HOST))
        return {_places(each): each for each in found if each.state is not State.GONE}

    def every(self) -> dict[str, Entity]:
        with self.app.database.read() as connection:
            return {each.id: each for each in entities.of_kind(connection, "default", Kind.HOST)}

    def doubts(self, state: str = "open") -> list[tuple[str, str]]:
        with self.app.database.read() as connection:
            return [(each.kind, each.id) for each in identifiers.listed(connection, "default", state=state)]

    def history(self, id: str) -> list[Change]:
        with self.app.database.read() as connection:
            return changes.of_entity(connection, id)

    def rebuilt(self) -> bool:
        """Whether a rebuild gives the same digest."""
        return bool(list(inventory.rebuild(self.app))[-1].complete)


def _places(host: Entity) -> tuple[int, ...]:
    found = host.facts.get("host.addresses") or ()
    return tuple(sorted(int(str(each).rpartition(".")[2]) for each in found))


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    workspace = Workspace(tmp_path)
    workspace.make()
    with App(workspace, clock=ManualClock(Instant(_NOW))) as opened:
        yield World(opened)


def _ssh(place: int, key: str) -> Sight:
    return place, "ssh", {"service.name": "ssh", "ssh.host_key": (key,)}


def _arp(place: int, mac: str) -> Sight:
    return place, "arp", {"host.mac": (mac,)}


def _snmp(place: int, serial: str = "", engine: str = "", name: str = "") -> Sight:
    facts: dict[str, object] = {"service.name": "snmp"}
    facts |= {"device.serial": serial, "device.vendor": "Huawei"} if serial else {}
    facts |= {"snmp.engine_id": engine} if engine else {}
    facts |= {"host.names": (name,)} if name else {}
    return place, "snmp", facts


def _tls(place: int, letter: str, name: str = "www.example", subject: str = "") -> Sight:
    facts: dict[str, object] = {"tls.enabled": True, "tls.fingerprint": letter * 64, "tls.names": (name,)}
    return place, "tls", facts | {"tls.subject": subject or f"CN={name}"}


def _name(place: int, name: str) -> Sight:
    return place, "netbios", {"service.name": "netbios", "host.names": (name,)}


def test_what_one_address_shows_at_one_moment_is_one_machine(world: World) -> None:
    """A key, a MAC, a serial number and a certificate of one address belong to one host, with all of them counted."""
    world.run(_ssh(1, _A), _arp(1, _M1), _snmp(1, "SN0001"), _tls(1, "a"))
    (host,) = world.hosts().values()
    assert _places(host) == (1,)
    assert host.facts["host.identifiers"] == 4
    assert (host.facts["ssh.host_key"], host.facts["host.mac"]) == ((_A,), (_M1,))
    assert world.rebuilt()


def test_a_machine_keeps_its_id_when_its_address_moves(world: World) -> None:
    """DHCP: the same key elsewhere in a later run moves the host; the old address no longer belongs to it."""
    world.run(_ssh(1, _A))
    (before,) = world.hosts().values()
    world.run(_ssh(2, _A))
    assert {places: host.id for places, host in world.hosts().items()} == {(2,): before.id}
    assert [each.field for each in world.history(before.id)] == ["born", "host.addresses"]


def test_two_machines_that_swap_addresses_stay_themselves(world: World) -> None:
    """Each goes where its key goes."""
    world.run(_ssh(1, _A), _ssh(2, _B))
    before = {places: host.id for places, host in world.hosts().items()}
    world.run(_ssh(1, _B), _ssh(2, _A))
    after = {places: host.id for places, host in world.hosts().items()}
    assert (after[1,], after[2,]) == (before[2,], before[1,])
    assert world.rebuilt()


def test_a_reinstalled_machine_is_known_by_its_hardware(world: World) -> None:
    """A new host key under the same serial number or MAC is the same host."""
    world.run(_ssh(1, _A), _arp(1, _M1))
    (before,) = world.hosts().values()
    world.run(_ssh(1, _B), _arp(1, _M1))
    (after,) = world.hosts().values()
    assert (after.id, after.facts["ssh.host_key"]) == (before.id, (_B,))


def test_new_hardware_on_the_old_address_is_another_machine(world: World) -> None:
    """Nothing of it is as before: the old host is gone, for that reason and not by silence."""
    world.run(_ssh(1, _A), _arp(1, _M1))
    (before,) = world.hosts().values()
    world.run(_ssh(1, _B), _arp(1, _M2))
    (after,) = world.hosts().values()
    assert after.id != before.id
    last = world.history(before.id)[-1]
    assert (last.field, last.new, last.reason) == ("state", "gone", "its last address shows another identifier")


def test_a_key_replaced_with_no_hardware_to_vouch_is_asked_about(world: World) -> None:
    """Same address and name, another key: reinstalled or replaced, nobody guesses."""
    world.run(_ssh(1, _A), _name(1, "web01"))
    (before,) = world.hosts().values()
    world.run(_ssh(1, _B), _name(1, "web01"))
    (after,) = world.hosts().values()
    assert after.id != before.id
    assert [kind for kind, _ in world.doubts()] == ["same"]
    assert world.rebuilt()


def test_a_renewed_certificate_at_the_same_name_and_address_is_the_same_machine(world: World) -> None:
    """Two weak ones without conflict."""
    world.run(_tls(1, "a"))
    (before,) = world.hosts().values()
    world.run(_tls(1, "b"))
    assert [each.id for each in world.hosts().values()] == [before.id]


def test_cloned_images_are_told_apart_by_their_serial_numbers(world: World) -> None:
    """One key under two serial numbers at once proves nothing any more, and is told."""
    world.run(_ssh(1, _A), _snmp(1, "SN0001"), _ssh(2, _A), _snmp(2, "SN0002"))
    assert set(world.hosts()) == {(1,), (2,)}
    assert [kind for kind, _ in world.doubts()] == ["shared"]
    assert {each.facts["host.doubts"] for each in world.hosts().values()} == {("shared",)}


def test_a_key_on_many_addresses_identifies_nobody(world: World) -> None:
    """Four addresses with one key are four machines; before, three looked like one."""
    world.run(*(_ssh(n, _A) for n in (1, 2, 3)))
    assert set(world.hosts()) == {(1, 2, 3)}
    world.run(*(_ssh(n, _A) for n in (1, 2, 3, 4)))
    assert set(world.hosts()) == {(1,), (2,), (3,), (4,)}
    assert world.rebuilt()


def test_a_router_with_many_interfaces_is_one_machine(world: World) -> None:
    """Where every address shows the same serial number, one key on many addresses is no clone."""
    world.run(*(each for n in range(1, 9) for each in (_ssh(n, _A), _snmp(n, "SN0001"))))
    assert set(world.hosts()) == {tuple(range(1, 9))}


def test_a_shared_certificate_joins_nobody(world: World) -> None:
    """Two machines with their own keys and one certificate stay two."""
    world.run(_ssh(1, _A), _tls(1, "a"), _ssh(2, _B), _tls(2, "a"))
    assert set(world.hosts()) == {(1,), (2,)}


@pytest.mark.parametrize("subject", ["CN=TRAEFIK DEFAULT CERT", "CN=*.example.gov.cn"])
def test_default_and_wildcard_certificates_identify_nobody(world: World, subject: str) -> None:
    """The rules' list of what never identifies is data."""
    world.run(_tls(1, "a", "*.example.gov.cn", subject))
    assert world.hosts() == {}


def test_a_virtual_router_moves_between_its_machines(world: World) -> None:
    """The shared address belongs to whose key it shows; nobody is merged."""
    vrrp = "00:00:5e:00:01:0a"
    world.run(_ssh(1, _A), _ssh(2, _B), _ssh(9, _A), _arp(9, vrrp))
    before = {host.facts["ssh.host_key"]: host.id for host in world.hosts().values()}
    world.run(_ssh(1, _A), _ssh(2, _B), _ssh(9, _B), _arp(9, vrrp))
    after = world.hosts()
    assert set(after) == {(1,), (2, 9)}
    assert {host.facts["ssh.host_key"]: host.id for host in after.values()} == before


def test_an_address_that_fell_silent_leaves_a_machine_that_lives_elsewhere(world: World) -> None:
    """One covered miss is enough; a machine that is silent everywhere keeps its addresses until it is gone."""
    world.run(_ssh(1, _A), _ssh(2, _A))
    assert set(world.hosts()) == {(1, 2)}
    world.run(_ssh(2, _A))
    assert set(world.hosts()) == {(2,)}
    world.run()
    (host,) = world.hosts().values()
    assert (_places(host), host.state) == ((2,), State.STALE)
    world.run()
    world.run()
    assert world.hosts() == {}
    world.run(_ssh(7, _A))
    assert {places: each.id for places, each in world.hosts().items()} == {(7,): host.id}
    assert world.rebuilt()


@pytest.mark.parametrize(("complete", "canary"), [(False, True), (True, False)])
def test_silence_of_an_unfinished_or_blind_run_means_nothing(world: World, *, complete: bool, canary: bool) -> None:
    """Absence counts only where the run ended and its canary answered."""
    world.run(_ssh(1, _A), _ssh(2, _A))
    world.run(_ssh(2, _A), complete=complete, canary=canary)
    assert set(world.hosts()) == {(1, 2)}


def test_an_import_settles_without_a_run(world: World) -> None:
    """What no run's end settles is settled at a logged place, and a rebuild gives the same."""
    world.bring(_ssh(1, _A), _arp(1, _M1))
    assert set(world.hosts()) == {(1,)}
    assert world.rebuilt()


def test_two_machines_found_to_be_one_leave_a_trace_that_can_be_split(world: World) -> None:
    """The older stays, the other says where it went; a split brings both back as they were."""
    world.run(_ssh(1, _A), _name(1, "web01"))
    world.run(_ssh(2, _B), _ssh(1, _A), _name(1, "web01"))
    before = world.every()
    older, younger = sorted(before.values(), key=lambda each: each.first_seen)
    world.decide(DecisionType.MERGE, f"host:{older.key}", {"hosts": [younger.id, older.id]})
    (one,) = world.hosts().values()
    assert (one.id, _places(one)) == (older.id, (1, 2))
    gone = world.every()[younger.id]
    assert gone.state is State.GONE
    assert gone.extra["merged"]["into"] == older.id
    told = {each.field: each for each in world.history(older.id) if each.field == "merged"}
    assert "张三" in told["merged"].reason
    world.run(_ssh(2, _B), _ssh(1, _A), _name(1, "web01"))
    assert set(world.hosts()) == {(1, 2)}
    world.decide(DecisionType.SPLIT, f"host:{older.key}", {"host": older.id, "from": younger.id})
    after = world.every()
    assert {id: (each.state, _places(each), each.facts) for id, each in after.items()} == {
        id: (each.state, _places(each), each.facts) for id, each in before.items()
    }
    world.run(_ssh(2, _B), _ssh(1, _A))
    assert set(world.hosts()) == {(1,), (2,)}
    assert world.rebuilt()


def test_a_mark_split_off_makes_a_machine_of_its_own(world: World) -> None:
    """A certificate wrongly joined to a key leaves, and the next run does not join them again."""
    world.run(_ssh(1, _A), _tls(1, "a"))
    (host,) = world.hosts().values()
    world.decide(DecisionType.SPLIT, f"host:{host.key}", {"host": host.id, "marks": ["cert:" + "a" * 64]})
    assert len(world.every()) == 2
    world.run(_ssh(1, _A), _tls(1, "a"))
    found = [each for each in world.every().values() if each.state is not State.GONE]
    assert len(found) == 2
    assert world.rebuilt()


def test_what_was_kept_apart_joins_on_strong_evidence_of_another_kind(world: World) -> None:
    """A serial number that both show later overrules the split of a key."""
    world.run(_ssh(1, _A), _ssh(2, _A))
    (host,) = world.hosts().values()
    world.decide(DecisionType.SPLIT, "x", {"apart": [host.id, "host-none"]})
    assert set(world.hosts()) == {(1, 2)}


def test_the_looks_of_another_site_are_another_universe(world: World) -> None:
    """The same key in two cities is two machines."""
    world.run(_ssh(1, _A))
    with world.app.database.write() as connection:
        target = Target("198.18.0.1", 22)
        seen = Observation("gz", "o", "x", "ssh@1", target, Instant(_NOW), Status.SUCCESS, {"ssh.host_key": (_A,)})
        observations.append(connection, [seen])
    world.merge()
    with world.app.database.read() as connection:
        ours = {each.id for each in entities.of_kind(connection, "default", Kind.HOST)}
        theirs = {each.id for each in entities.of_kind(connection, "gz", Kind.HOST)}
    assert len(ours) == len(theirs) == 1
    assert ours.isdisjoint(theirs)


def test_too_many_identifiers_raise_an_alarm_and_stop_the_growth(world: World) -> None:
    """One that shows a new key every week ends as a doubt, not as everybody."""
    rules = (Path(__file__).parents[4] / "rules/identity/machines.yaml").read_text("utf-8")
    (world.app.workspace.root / "rules" / "identity").mkdir(parents=True, exist_ok=True)
    place = world.app.workspace.root / "rules" / "identity" / "machines.yaml"
    place.write_text(rules.replace("identifiers: 48", "identifiers: 4"), "utf-8")
    for letter in "DEFGHIJ":
        world.run(_ssh(1, "SHA256:" + letter * 43), _arp(1, _M1))
    (host,) = world.hosts().values()
    assert host.facts["host.doubts"] == ("many",)
    assert host.facts["host.identifiers"] == 4
    assert ("many", world.doubts()[0][1]) in world.doubts()


def test_rules_changed_in_the_workspace_hold_from_there_on(world: World) -> None:
    """The rules in force are in the log: old evidence is settled anew by them, and a rebuild gives the same."""
    world.run(_arp(1, _M1))
    assert set(world.hosts()) == {(1,)}
    rules = (Path(__file__).parents[4] / "rules/identity/machines.yaml").read_text("utf-8")
    (world.app.workspace.root / "rules" / "identity").mkdir(parents=True, exist_ok=True)
    more = "never:\n  - {kind: mac, starts: 48df37, zh: 本单位的虚拟网卡, en: cards of our own cloud}\n"
    place = world.app.workspace.root / "rules" / "identity" / "machines.yaml"
    place.write_text(rules.replace("never:\n", more), "utf-8")
    world.run(_arp(2, _M2))
    world.run(_arp(1, _M1), _arp(2, _M2))
    assert world.hosts() == {}
    assert world.rebuilt()


def test_other_hardware_under_the_old_name_is_another_machine(world: World) -> None:
    """A desktop replaced at its desk keeps its name and address, not its card."""
    world.run(_name(1, "desk01"), _arp(1, _M1))
    (before,) = world.hosts().values()
    world.run(_name(1, "desk01"), _arp(1, _M2))
    (after,) = world.hosts().values()
    assert after.id != before.id
    assert [kind for kind, _ in world.doubts()] == ["same"]


def test_one_lost_answer_does_not_make_a_router_a_clone(world: World) -> None:
    """Most of its addresses show the same serial number and none another."""
    sights = [each for n in range(1, 9) for each in (_ssh(n, _A), _snmp(n, "SN0001"))]
    world.run(*sights)
    world.run(*sights[:-1])
    assert set(world.hosts()) == {tuple(range(1, 9))}
    assert world.doubts() == []
