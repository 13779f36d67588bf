"""Real UDP servers of Debian in namespaces: found by the first shot, understood by their collectors."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from secops.core.clock import DAY_MS, SystemClock, render
from secops.core.model import Status, Target, Transport
from secops.dial.datagram import Answered, DatagramFinder
from secops.dial.datagram_loop import DatagramJob, DatagramLoop
from secops.discover.collectors.datagrams import PORTS, conversation, openings
from secops.discover.collectors.interface import Reading
from secops.hall.app import App
from secops.hall.flows import scope as scopes
from secops.hall.flows.discover import discover
from secops.hall.flows.discover_open import make_plan
from secops.hall.workspace import Workspace
from secops.scope.intervals import IntervalSet
from secops.scope.template import Draft
from secops.store import coverage, entities
from tests.lab.conftest import _missing
from tests.lab.datagram_servers import HERE, OTHER, THERE, Servers
from tests.lab.leave import gate, scope
from tests.witness import watching

pytestmark = pytest.mark.lab

CLOCK = SystemClock()


@pytest.fixture(scope="module")
def readings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Servers, dict[tuple[str, int], Reading]]]:
    """The servers, and what one search with its conversations made of them."""
    if reason := _missing():
        pytest.skip(reason)
    folder = tmp_path_factory.mktemp("servers")
    folder.chmod(0o755)
    made = Servers(folder)
    try:
        made.all()
        time.sleep(2)  # avahi and nmbd first make sure that nobody has their names
        with watching() as witness, made.within():
            found = looked(folder)
        assert witness.strays == []
        yield made, found
    finally:
        made.close()


def looked(folder) -> dict[tuple[str, int], Reading]:
    passage, _ = gate(folder, scope(["198.18.1.0/24"], ["1-65535"], pps=2_000))
    finder = DatagramFinder(passage, CLOCK, pps_per_host=500, payloads=openings)
    *answered, _ = finder.find(IntervalSet.parse([f"{THERE}-{OTHER}"]), PORTS, seed=1)
    loop = DatagramLoop(passage, CLOCK, pps_per_host=500)
    outcomes = list(loop.run(job(each) for each in answered if isinstance(each, Answered)))
    passage.close()
    assert all(each.status is Status.SUCCESS for each in outcomes), outcomes
    return {(each.target.address, each.target.port): each.result for each in outcomes}


def job(each: Answered) -> DatagramJob:
    target = Target(each.address, each.port, Transport.UDP)
    return DatagramJob(target, lambda: conversation(target), dict.fromkeys(openings(target), each.data))


def facts(readings, name: str):
    servers, found = readings
    if name not in servers.ports:
        pytest.skip(f"{name} is not installed")
    return found[servers.ports[name]].facts


def test_bind_is_asked_what_it_is(readings) -> None:
    """BIND tells version and host name, and offers recursion."""
    told = facts(readings, "named")
    assert (told["service.name"], told["service.product"]) == ("domain", "ISC BIND")
    assert str(told["service.version"]).startswith("9.")
    assert told["service.hostname"] == "ns.lab.example"
    assert told["dns.recursion"] is True


def test_dnsmasq_is_asked_what_it_is(readings) -> None:
    """Dnsmasq tells its version; without upstream servers it refuses."""
    told = facts(readings, "dnsmasq")
    assert told["service.product"] == "dnsmasq"
    assert told["dns.recursion"] is False


def test_ntp_tells_version_and_stratum(readings) -> None:
    """A server that never synchronised says so."""
    assert facts(readings, "ntpd")["service.info"] == "NTP v4, stratum 0, unsynchronised"


def test_snmp_tells_system_interfaces_and_neighbours(readings) -> None:
    """All three versions answer; the ARP table holds the asker's own address."""
    told = facts(readings, "snmpd")
    assert told["snmp.versions"] == ("v1", "v2c", "v3")
    assert (told["snmp.name"], told["snmp.location"]) == ("lab-switch", "机房 3")
    assert str(told["snmp.description"]).startswith("Linux")
    assert told["snmp.object_id"].startswith("1.3.6.1.4.1.8072.")
    assert told["snmp.engine_id"].startswith("80001f88")
    assert told["service.auth_required"] is False
    assert any(each.startswith(f"{HERE} ") for each in told["snmp.neighbours"])
    assert len(told["host.mac"]) == 1


def test_samba_tells_name_and_group(readings) -> None:
    """A node status answer gives the machine's name and its group."""
    told = facts(readings, "nmbd")
    assert (told["host.names"], told["smb.domain"]) == (("LABFILES",), "LABGROUP")


def test_avahi_tells_services_and_name(readings) -> None:
    """The services a device offers, and its own name; one of its two addresses answers."""
    servers, found = readings
    if "avahi" not in servers.ports:
        pytest.skip("avahi is not installed")
    told = next(each.facts for (_, port), each in found.items() if port == 5353)
    assert "_workstation._tcp.local" in told["service.info"]
    assert told["host.names"] == ("lab-printer.local",)


def test_upnp_tells_server_and_place(readings) -> None:
    """The SERVER line gives product, version and system; the description's address is kept."""
    servers, found = readings
    told = facts(readings, "minissdpd")
    assert (told["service.product"], told["service.version"]) == ("LabRouter", "2.5")
    assert found[servers.ports["minissdpd"]].extra["location"] == "http://198.18.1.2:5000/rootDesc.xml"


def test_strongswan_answers_both_versions(readings) -> None:
    """A gateway that wants none of our proposals still tells which versions it speaks."""
    told = facts(readings, "charon")
    assert told["service.name"] == "isakmp"
    assert set(told["service.info"].split()) == {"IKEv1", "IKEv2"}


def test_from_scope_to_inventory(readings, tmp_path, monkeypatch) -> None:
    """A run of the raw engine finds services over UDP and neighbours by ARP; what fell silent ages."""
    servers, _ = readings
    monkeypatch.setenv("SECOPS_DISCOVER_PROBES", "off")
    with servers.within(), signed(tmp_path) as app:
        plan = make_plan(app, "a.yaml", engine="syn", ports="53,123,161,8080")
        assert (plan.udp, plan.ping) == ((53, 123, 161), True)
        with watching() as witness:
            *_, summary = discover(app, plan, operator="lab")
        assert witness.strays == []
        assert summary.state == "done", summary
        with app.database.read() as connection:
            found = {e.key: e for e in (*entities.stream(connection, entities.services),
                                        *entities.stream(connection, entities.assets))}  # fmt: skip
            covered = coverage.of_run(connection, summary.run)
    assert {(each.transport, each.ports) for each in covered} == {
        (Transport.TCP, (0,)),
        (Transport.TCP, (53, 123, 161, 8080)),
        (Transport.UDP, (53, 123, 161)),
    }
    assert len({each.block for each in covered}) == len(covered)
    assert found[f"{THERE}:53/udp"].facts["service.product"] == "ISC BIND"
    assert found[f"{THERE}:53/tcp"].facts["transport"] == "tcp"
    assert found[f"{THERE}:53/tcp"].facts["dns.zone_transfer"] is True
    assert found[f"{OTHER}:53/tcp"].facts["dns.zone_transfer"] is False
    assert found[f"{THERE}:161/udp"].facts["snmp.name"] == "lab-switch"
    assert found[THERE].facts["host.names"] == ("lab-switch",)
    assert "arp" in found[THERE].sources
    assert found[OTHER].facts["host.mac"] == found[THERE].facts["host.mac"]
    assert found[HERE].sources.keys() >= {"ping"}, "our own address answers an echo, not ARP"


@contextmanager
def signed(folder) -> Iterator[App]:
    """A workspace with a signed scope for the servers' network."""
    workspace = Workspace(folder)
    workspace.make()
    secret = folder / "pass"
    secret.write_text("correct horse\n")
    secret.chmod(0o600)
    today = CLOCK.now()
    draft = Draft(
        "甲", "default", "法", "号", "局", render(today)[:10], render(today + 10 * DAY_MS)[:10],
        ["198.18.1.0/29"], ["lab"], ports=["1-65535"], pps=2_000, pps_per_host=500, level=2,
    )  # fmt: skip
    with App(workspace) as opened:
        path = workspace.scopes / "a.yaml"
        scopes.new(path, draft)
        scopes.keygen(opened, "chief", secret)
        scopes.sign(opened, path, "chief", secret)
        yield opened
