"""UDP and pings in the lab: all that answers is found through loss, nothing strays, denied ports are left alone."""

import sys
import time
from pathlib import Path

import pytest

from secops.core.clock import SystemClock
from secops.core.model import Status, Target, Transport
from secops.dial.datagram import Answered, DatagramFinder
from secops.dial.datagram_loop import DatagramJob, DatagramLoop
from secops.dial.finder import DONE, REFUSED, Tally
from secops.dial.wire.ping import Alive, PingFinder
from secops.discover.collectors.datagrams import conversation, openings
from secops.scope.intervals import IntervalSet
from tests.lab.leave import gate, scope
from tests.lab.namespace import run
from tests.lab.network import HOSTS, HOSTS6, PRINTER, Lab

pytestmark = pytest.mark.lab

PORTS = (53, 123, 161)
CLOSED = 137
SERVER = Path(__file__).with_name("responders.py")
CLOCK = SystemClock()
ENOUGH = 6
"""Questions after which 2 % loss leaves one of 4,096 hosts unheard in less than one of a million runs."""


@pytest.fixture(scope="module")
def responders(lab: Lab) -> Lab:
    """DNS, NTP, SNMP and a talking printer on every one of the 4,096 hosts."""
    lab.start(lab.target, sys.executable, str(SERVER), *map(str, (*PORTS, PRINTER)))
    missing, end = {*PORTS, PRINTER}, time.monotonic() + 10
    while missing and time.monotonic() < end:
        told = run("ip", "netns", "exec", lab.target, "ss", "-Huln")
        missing -= {int(line.split()[3].rpartition(":")[2]) for line in told.splitlines()}
    assert not missing
    lab.watch(PRINTER)
    return lab


def searched(finder, targets: str, ports: tuple[int, ...]) -> tuple[set[tuple[str, int]], Tally]:
    *found, tally = finder.find(IntervalSet.parse([targets]), ports, seed=3)
    assert isinstance(tally, Tally)
    pairs = [(each.address, each.port) for each in found if isinstance(each, Answered)]
    assert len(pairs) == len(set(pairs)), "a port was told twice"
    return set(pairs), tally


def said(target: Target) -> tuple[bytes, ...]:
    return openings(target) or (b"hello",)


def test_every_answering_port_is_found_through_loss(responders, witness, tmp_path) -> None:
    """4,096 hosts x 5 ports, 1 % lost each way: all that answer are found, the printer is left alone."""
    lab = responders
    lab.leased([HOSTS], [], udp=[str(port) for port in (*PORTS, CLOSED)], loss=1)
    with lab.within():
        passage, _ = gate(tmp_path, scope([HOSTS], ["1-65535"], pps=20_000))
        finder = DatagramFinder(passage, CLOCK, pps_per_host=20_000, payloads=said, attempts=ENOUGH)
        pairs, tally = searched(finder, HOSTS, (*PORTS, CLOSED, PRINTER))
        passage.close()
    assert tally.ended == DONE
    assert len(pairs) == 4096 * len(PORTS)
    assert {port for _, port in pairs} == set(PORTS)
    assert tally.refused == 4096, "the printer's port on every host"
    assert tally.answered >= len(pairs)
    assert lab.counted()["lost"] > 50, "the router lost nothing: the test shows nothing"
    assert lab.counted()["stray"] == 0
    assert lab.touched(PRINTER) == 0
    assert witness.seen >= 4096 * len(PORTS)


def test_six_is_asked_as_four_is(responders, witness, tmp_path) -> None:
    """UDP over IPv6 finds every answering port of 256 hosts."""
    lab = responders
    lab.leased([HOSTS6], [], udp=[str(port) for port in PORTS], loss=1)
    with lab.within():
        passage, _ = gate(tmp_path, scope([HOSTS6], ["1-65535"], pps=20_000))
        finder = DatagramFinder(passage, CLOCK, pps_per_host=20_000, payloads=said)
        pairs, tally = searched(finder, "fd19::100-fd19::1ff", PORTS)
        passage.close()
    assert len(pairs) == 256 * len(PORTS), tally
    assert lab.counted()["stray"] == 0


def test_those_that_answer_are_talked_to(responders, witness, tmp_path) -> None:
    """A conversation with each of 256 hosts on three ports gives the readings, through loss."""
    lab = responders
    lab.leased([HOSTS], [], udp=[str(port) for port in PORTS], loss=1)
    targets = [Target(f"198.19.3.{last}", port, Transport.UDP) for last in range(256) for port in PORTS]
    with lab.within():
        passage, _ = gate(tmp_path, scope([HOSTS], ["1-65535"], pps=20_000))
        loop = DatagramLoop(passage, CLOCK, pps_per_host=20_000)
        jobs = (DatagramJob(each, lambda each=each: conversation(each)) for each in targets)
        outcomes = list(loop.run(jobs))
        passage.close()
    assert len(outcomes) == len(targets)
    good = [each for each in outcomes if each.status is Status.SUCCESS and each.result.status is Status.SUCCESS]
    assert len(good) >= len(targets) - 1, "three questions through 2 % loss: 8 in a million fail"
    names = {each.result.facts["service.name"] for each in good}
    assert names == {"domain", "ntp", "snmp"}
    assert lab.counted()["stray"] == 0


def test_live_addresses_beyond_the_link_answer_an_echo(responders, witness, tmp_path) -> None:
    """4,096 addresses and 256 of IPv6 are pinged through loss; those of nobody stay silent."""
    lab = responders
    everything = IntervalSet.parse([HOSTS, "198.19.16.0/24", "fd19::/120"])
    lab.leased([HOSTS, "198.19.16.0/24", HOSTS6], [], echo=True, loss=1)
    with lab.within():
        passage, _ = gate(tmp_path, scope([HOSTS, "198.19.16.0/24", HOSTS6], ["443"], pps=20_000))
        *found, tally = PingFinder(passage, CLOCK, pps_per_host=10, attempts=ENOUGH).find(everything, seed=1)
        passage.close()
    addresses = {each.address for each in found if isinstance(each, Alive)}
    assert tally.ended == DONE
    assert len(addresses) == len(found)
    assert len([each for each in addresses if ":" in each]) == 256
    assert {each.how for each in found} == {"ping"}
    assert len(addresses) == 4096 + 256
    assert lab.counted()["stray"] == 0


def test_neighbours_answer_arp_and_nd(responders, witness, tmp_path) -> None:
    """On our own link ARP and ND tell the hardware address; our own address and the broadcast are not asked so."""
    lab = responders
    lab.leased(["198.18.0.0/30", "fd18::/126"], [], echo=True)
    with lab.within():
        passage, _ = gate(tmp_path, scope(["198.18.0.0/30", "fd18::/126"], ["443"]))
        near = IntervalSet.parse(["198.18.0.0/30", "fd18::/126"])
        *found, tally = PingFinder(passage, CLOCK, pps_per_host=1_000, patience=0.3).find(near, seed=1)
        passage.close()
    hardware = lab.router_hardware()
    told = {each.address: (each.how, each.hardware) for each in found}
    assert told["198.18.0.2"] == ("arp", hardware)
    assert told["fd18::2"] == ("arp", hardware)
    assert told["198.18.0.1"] == ("ping", ""), "our own address answers itself"
    assert tally.unrouted >= 1, "the broadcast address"
    assert tally.alive is True


@pytest.mark.parametrize("how", ["stopped", "revoked"])
def test_the_end_of_leave_ends_asking(responders, witness, tmp_path, how) -> None:
    """When the switch is thrown in mid-search, the search ends as refused within the second."""
    lab = responders
    lab.leased([HOSTS], [], udp=["53"])
    with lab.within():
        passage, epoch = gate(tmp_path, scope([HOSTS], ["1-65535"], pps=500))
        begun = time.monotonic()

        def throw() -> bool:
            if time.monotonic() - begun > 0.5 and not thrown:
                thrown.append(time.monotonic())
                epoch.bump() if how == "stopped" else epoch.revoke("scp-lab", "test")
            return False

        thrown: list[float] = []
        finder = DatagramFinder(passage, CLOCK, pps_per_host=500, payloads=said, draining=throw)
        _, tally = searched(finder, HOSTS, (53,))
        ended = time.monotonic()
    assert tally.ended == REFUSED
    assert ended - thrown[0] < 1.0


def test_an_interface_that_goes_down_ages_nothing(responders, witness, tmp_path) -> None:
    """In mid-search the link goes: what was not asked is told as such, and nobody answers at the end."""
    lab = responders
    lab.leased([HOSTS], [], udp=["53"])
    begun = time.monotonic()
    cut: list[float] = []

    def unplug() -> bool:
        if time.monotonic() - begun > 0.5 and not cut:
            cut.append(time.monotonic())
            run("ip", "-n", lab.scan, "link", "set", "vs", "down")
        return False

    with lab.within():
        passage, _ = gate(tmp_path, scope([HOSTS], ["1-65535"], pps=2_000))
        finder = DatagramFinder(passage, CLOCK, pps_per_host=2_000, payloads=said, draining=unplug, patience=0.2)
        try:
            pairs, tally = searched(finder, HOSTS, (53,))
        finally:
            run("ip", "-n", lab.scan, "link", "set", "vs", "up")
            run("ip", "-n", lab.scan, "route", "add", "default", "via", "198.18.0.2")
            run("ip", "-n", lab.scan, "-6", "addr", "add", "fd18::1/64", "dev", "vs", "nodad")
            run("ip", "-n", lab.scan, "-6", "route", "add", "default", "via", "fd18::2")
            passage.close()
    assert 100 < len(pairs) < 4096
    assert tally.alive is False
    assert tally.unrouted == tally.left.count() > 0
    assert tally.unrouted + len(pairs) <= 4096
