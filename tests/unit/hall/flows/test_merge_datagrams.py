"""UDP services and pinged addresses in the inventory, over a real store."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from secops.core.clock import Instant, ManualClock
from secops.core.model import Coverage, Entity, Kind, Observation, RunEnd, State, Status, Target, Transport
from secops.hall.app import App
from secops.hall.flows.merge import merge
from secops.hall.workspace import Workspace
from secops.store import coverage, entities, observations, run_ends

_NOW = 1_750_000_000_000
_RANGE = (("198.18.0.0", "198.18.0.255"),)
_MAC = "00:e0:fc:0a:0b:0c"
_PING, _TCP, _UDP = ((0,), Transport.TCP), ((53,), Transport.TCP), ((53,), Transport.UDP)


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    workspace = Workspace(tmp_path)
    workspace.make()
    with App(workspace, clock=ManualClock(Instant(_NOW))) as opened:
        yield opened


def seen(place: int, at: int, collector: str, port: int = 0, transport: Transport = Transport.TCP, **facts):
    target = Target(f"198.18.0.{place}", port, transport)
    names = {name.replace("_", "."): value for name, value in facts.items()}
    return Observation("default", "o", f"r{at}", collector, target, Instant(at + 1), Status.SUCCESS, names)


def finished(app: App, at: int, *found: Observation, asked=(_PING, _TCP, _UDP)) -> dict[str, Entity]:
    """Record a complete run and its coverage; every entity afterwards, by key."""
    with app.database.write() as connection:
        observations.append(connection, list(found))
        for number, (ports, transport) in enumerate(asked):
            coverage.append(connection, Coverage(f"r{at}", number, _RANGE, ports, transport, answered=1))
        run_ends.append(connection, RunEnd(f"r{at}", "default", Instant(at + 2), True, Instant(at)))
    list(merge(app))
    with app.database.read() as connection:
        rows = [*entities.stream(connection, entities.assets), *entities.stream(connection, entities.services)]
    return {each.key: each for each in rows}


def dns(place: int, at: int, transport: Transport) -> Observation:
    return seen(place, at, "dns@1", 53, transport, service_name="domain")


def test_one_port_number_over_two_transports_is_two_services(app: App) -> None:
    """TCP and UDP 53 are services of their own and age apart."""
    first = finished(app, _NOW, dns(1, _NOW, Transport.TCP), dns(1, _NOW, Transport.UDP))
    assert {"198.18.0.1:53/tcp", "198.18.0.1:53/udp"} <= first.keys()
    assert first["198.18.0.1:53/udp"].facts["transport"] == "udp"
    later = finished(app, _NOW + 100, dns(1, _NOW + 100, Transport.TCP))
    assert later["198.18.0.1:53/tcp"].state is State.ACTIVE
    assert later["198.18.0.1:53/udp"].state is State.STALE
    assert later["198.18.0.1"].state is State.ACTIVE


def test_a_run_that_asked_no_udp_ages_no_udp(app: App) -> None:
    """Coverage of TCP says nothing of UDP."""
    finished(app, _NOW, dns(1, _NOW, Transport.UDP))
    assert finished(app, _NOW + 100, asked=(_TCP,))["198.18.0.1:53/udp"].state is State.ACTIVE


def test_an_address_without_ports_ages_by_pings(app: App) -> None:
    """Found by ARP with its machine; silent it goes stale, then gone, and comes back with its machine."""
    arp = {"host_mac": (_MAC,), "device_vendor": "Huawei"}
    first = finished(app, _NOW, seen(7, _NOW, "arp@1", **arp))
    assert (first["198.18.0.7"].facts["device.vendor"], first["198.18.0.7"].state) == ("Huawei", State.ACTIVE)
    machine = f"mac:{_MAC}"
    assert first[machine].facts["host.addresses"] == ("198.18.0.7",)
    assert finished(app, _NOW + 100, asked=(_TCP, _UDP))["198.18.0.7"].state is State.ACTIVE
    assert finished(app, _NOW + 200)["198.18.0.7"].state is State.STALE
    finished(app, _NOW + 300)
    gone = finished(app, _NOW + 400)
    assert (gone["198.18.0.7"].state, gone[machine].state) == (State.GONE, State.GONE)
    back = finished(app, _NOW + 500, seen(7, _NOW + 500, "arp@1", **arp))
    assert (back["198.18.0.7"].state, back[machine].state) == (State.ACTIVE, State.ACTIVE)


def test_an_address_that_answers_a_ping_lives_though_its_port_closed(app: App) -> None:
    """The port goes stale and gone; the address that still answers does not."""
    finished(app, _NOW, dns(3, _NOW, Transport.TCP), seen(3, _NOW, "ping@1"))
    for turn in range(1, 5):
        at = _NOW + turn * 100
        after = finished(app, at, seen(3, at, "ping@1"))
        assert after["198.18.0.3"].state is State.ACTIVE
    assert after["198.18.0.3:53/tcp"].state is State.GONE
    assert finished(app, _NOW + 900)["198.18.0.3"].state is State.STALE


def test_an_address_with_a_living_port_needs_no_ping(app: App) -> None:
    """A host that drops echoes but serves is as alive as its port."""
    finished(app, _NOW, dns(4, _NOW, Transport.TCP))
    after = finished(app, _NOW + 100, dns(4, _NOW + 100, Transport.TCP))
    assert after["198.18.0.4"].state is State.ACTIVE
    assert {each.kind for each in after.values()} == {Kind.IP, Kind.SERVICE}


def test_names_and_hardware_told_by_services_belong_to_the_address(app: App) -> None:
    """NetBIOS over UDP names the address and, by its adapter, the machine."""
    found = seen(5, _NOW, "netbios@1", 137, Transport.UDP, service_name="netbios-ns", host_names=("FILES",),
                 host_mac=(_MAC,))  # fmt: skip
    after = finished(app, _NOW, found)
    assert after["198.18.0.5"].facts["host.names"] == ("FILES",)
    assert after[f"mac:{_MAC}"].facts["host.addresses"] == ("198.18.0.5",)
