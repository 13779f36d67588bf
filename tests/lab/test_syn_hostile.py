"""The raw SYN engine against networks that lose, lie, forbid, answer for all or go away."""

import contextlib
import json
import socket
import struct
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from secops.core.clock import SystemClock
from secops.core.errors import SecopsError
from secops.dial.connect import ConnectFinder
from secops.dial.finder import DONE, AnswersAll, Open, Tally
from secops.dial.wire.route import Leaving
from secops.dial.wire.syn import SynFinder
from secops.scope.intervals import IntervalSet
from tests.lab.leave import gate, scope
from tests.lab.namespace import inside, run
from tests.lab.network import HOSTS, HOSTS6, SCANNER, Lab

pytestmark = pytest.mark.lab

OURS = (2222, 8443, 443, 80)
CLOSED = 81
EVERY = ["1-9099", "9117-65535"]


@pytest.fixture(scope="module")
def servers(lab: Lab) -> None:
    """Listeners of our own on four ports of every host."""
    lab.listen(*OURS)


@pytest.fixture
def search(lab: Lab, servers: None, tmp_path: Path):
    """A function that searches in the scanner's namespace and gives what was told; its finder stays the same."""
    with lab.within(), contextlib.ExitStack() as stack:
        finders: dict[tuple[int, Leaving | None], SynFinder] = {}

        def look(targets: str, ports: tuple[int, ...], *, pps: int = 50_000, leaving: Leaving | None = None):
            if (pps, leaving) not in finders:
                folder = tmp_path / str(len(finders))
                folder.mkdir()
                passage, _ = gate(folder, scope([HOSTS, HOSTS6], ["1-65535"], pps=pps))
                stack.callback(passage.close)
                finders[pps, leaving] = SynFinder(passage, SystemClock(), pps_per_host=pps, leaving=leaving)
            *told, tally = finders[pps, leaving].find(IntervalSet.parse([targets]), ports, seed=7)
            assert isinstance(tally, Tally)
            opened = {(each.address, each.port) for each in told if isinstance(each, Open)}
            return opened, [each for each in told if isinstance(each, AnswersAll)], tally

        yield look


@contextlib.contextmanager
def rules(name: str, *lines: str) -> Iterator[None]:
    """Rules of nft in a namespace for a while; each line `hook: rule`."""
    chains: dict[str, list[str]] = {}
    for line in lines:
        hook, _, rule = line.partition(": ")
        chains.setdefault(hook, []).append(rule)
    kinds = {"nat": "nat hook prerouting priority -100", "forward": "filter hook forward priority 0"}
    table = "table ip rude {\n"
    for hook, each in chains.items():
        kind = kinds.get(hook, "filter hook prerouting priority -150")
        table += f"chain {hook} {{\ntype {kind}\n" + "\n".join(each) + "\n}\n"
    table += "}\n"
    run("ip", "netns", "exec", name, "nft", "-f", "-", data=table)
    try:
        yield
    finally:
        run("ip", "netns", "exec", name, "nft", "delete", "table", "ip", "rude")


def test_loss_is_measured(lab: Lab, search) -> None:
    """With 5 % lost each way everything is found and the canaries tell of about a tenth; the rate is kept."""
    lab.leased([HOSTS], EVERY, loss=5)
    opened, _, tally = search(HOSTS, (*OURS, CLOSED), pps=20_000)
    assert len(opened) == 4096 * len(OURS)
    assert tally.canaries >= 50
    assert 0.02 < tally.canaries_lost / tally.canaries < 0.25
    assert tally.alive is True


def test_a_network_without_loss_measures_none(lab: Lab, search) -> None:
    """Where nothing is lost the canaries lose nothing, and nothing is slowed down."""
    lab.leased([HOSTS], EVERY)
    opened, told, tally = search(HOSTS, (*OURS, CLOSED))
    assert len(opened) == 4096 * len(OURS)
    assert tally.canaries > 0
    assert (tally.canaries_lost, dict(tally.slowed), tally.slowest) == (0, {}, 0.0)
    assert told == [], "hosts with the same four ports open are hosts"


def test_a_bottleneck_slows_it_down_and_nothing_is_missed(lab: Lab, search) -> None:
    """A router that lets 6,000 SYNs a second pass: the rate falls, is told, and every open port is found."""
    lab.leased([HOSTS], EVERY)
    police = "police: iifname rs tcp flags & (syn|ack) == syn limit rate over 6000/second burst 300 packets drop"
    with rules(lab.router, police):
        opened, _, tally = search(HOSTS, (*OURS, CLOSED))
    assert len(opened) == 4096 * len(OURS)
    assert tally.slowed["loss"] >= 1
    assert 50 <= tally.slowest < 30_000


def test_a_network_that_died_is_told(lab: Lab, search) -> None:
    """Targets that answered in one block and are silent at the end of the next say that its silence means nothing."""
    lab.leased([HOSTS], EVERY)
    _, _, before = search("198.19.0.0/26", OURS)
    lab.leased([HOSTS], EVERY, loss=99)
    opened, _, after = search("198.19.1.0/26", OURS)
    assert before.alive is True
    assert after.alive is False
    assert len(opened) < 8, "one packet in ten thousand comes back"
    assert after.canaries_lost > after.canaries / 2 > 0


def test_prohibitions_are_believed_and_end_the_asking(lab: Lab, search) -> None:
    """A router that forbids a /25 is heard: its targets are asked once and counted as unreachable."""
    lab.leased([HOSTS], EVERY)
    with rules(lab.router, "forward: ip daddr 198.19.5.0/25 tcp dport 443 reject with icmp type admin-prohibited"):
        run("ip", "netns", "exec", lab.router, "sysctl", "-qw", "net.ipv4.icmp_msgs_per_sec=100000")
        run("ip", "netns", "exec", lab.router, "sysctl", "-qw", "net.ipv4.icmp_msgs_burst=10000")
        run("ip", "netns", "exec", lab.router, "sysctl", "-qw", "net.ipv4.icmp_ratemask=0")
        opened, _, tally = search("198.19.5.0/25", (443,))
    assert not opened
    assert tally.unreachable == 128
    assert tally.sent == 128
    assert tally.ended == DONE


def test_icmp_lies_are_refused(lab: Lab, search) -> None:
    """Errors that quote a probe nobody sent make nothing unreachable; they are counted as forged."""
    from scapy.layers.inet import ICMP, IP, TCP

    lab.leased([HOSTS], EVERY)
    stop = threading.Event()
    with inside(lab.target):
        lying = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
    frames = [
        bytes(IP(src="198.18.0.6", dst=SCANNER) / ICMP(type=3, code=13)
              / IP(src=SCANNER, dst=f"198.19.7.{host}") / TCP(sport=61000 + 5, dport=443, seq=1))
        for host in range(64)
    ]  # fmt: skip

    def lie() -> None:
        while not stop.wait(0.001):
            for frame in frames:
                lying.sendto(frame, (SCANNER, 0))

    thread = threading.Thread(target=lie)
    thread.start()
    opened, _, tally = search("198.19.7.0/26", (443,), pps=100)
    stop.set()
    thread.join()
    lying.close()
    assert len(opened) == 64
    assert tally.unreachable == 0
    assert tally.spoofed > 0


def test_a_flood_of_resets_is_borne(lab: Lab, search) -> None:
    """While forged resets pour in, the search ends with everything found."""
    from scapy.layers.inet import IP, TCP

    lab.leased([HOSTS], EVERY)
    stop = threading.Event()
    with inside(lab.target):
        flooding = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
    first = 61000
    frame = bytearray(bytes(IP(src="198.19.0.1", dst=SCANNER) / TCP(sport=443, dport=first, flags="RA", ack=7)))

    def flood() -> None:
        while not stop.is_set():
            for port in range(first, first + 4096, 64):
                frame[22:24] = port.to_bytes(2, "big")
                with contextlib.suppress(OSError):
                    flooding.sendto(frame, (SCANNER, 0))

    thread = threading.Thread(target=flood)
    thread.start()
    opened, _, tally = search("198.19.8.0/24", OURS, pps=2_000)
    stop.set()
    thread.join()
    flooding.close()
    assert len(opened) == 256 * len(OURS)
    assert tally.ended == DONE


def test_a_host_with_every_port_open_is_collapsed(lab: Lab, search, tmp_path: Path) -> None:
    """Both engines tell of it once and find the others as they are; the raw one leaves its further ports alone."""
    lab.leased([HOSTS], EVERY)
    ports = tuple(range(1000, 1400)) + OURS
    with rules(lab.target, "nat: ip daddr 198.19.3.7 tcp dport 1-65535 redirect to :2222"):
        opened, told, tally = search("198.19.3.0/28", ports, pps=4_000)
        passage, _ = gate(tmp_path, scope([HOSTS], ["1-65535"], pps=4_000))
        plain = list(
            ConnectFinder(passage, SystemClock(), pps_per_host=300).find(
                IntervalSet.parse(["198.19.3.0/28"]), ports, seed=7
            )
        )
        passage.close()
    for heard in (told, [each for each in plain if isinstance(each, AnswersAll)]):
        assert [(each.network, each.whole) for each in heard] == [("198.19.3.7", True)]
    assert sum(address == "198.19.3.7" for address, _ in opened) < 300
    for heard in (opened, {(each.address, each.port) for each in plain if isinstance(each, Open)}):
        assert {each for each in heard if each[0] != "198.19.3.7"} == {
            (f"198.19.3.{host}", port) for host in range(16) if host != 7 for port in OURS
        }
    assert tally.sent < 16 * len(ports), "it was asked on, though it answers for all"


def test_a_network_that_answers_on_every_port_is_told(lab: Lab, search) -> None:
    """A gateway that accepts every port of a whole /24 is told as one network; the /24 beside it is not."""
    lab.leased([HOSTS], EVERY)
    with rules(lab.target, "nat: ip daddr 198.19.4.0/24 tcp dport 1-65535 redirect to :2222"):
        _, told, _ = search("198.19.4.0/23", (80, 443, CLOSED))
    assert told == [AnswersAll("198.19.4.0/24", (80, 81, 443), True)]


def test_a_port_answered_at_every_address_is_told(lab: Lab, search) -> None:
    """A SIP gateway accepts 8443 for all 256 addresses and nothing else answers: no 256 services."""
    lab.leased([HOSTS], EVERY)
    with rules(lab.router, "sip: iifname rs ip daddr 198.19.6.0/24 tcp dport != 8443 drop"):
        _, told, _ = search("198.19.6.0/24", (8443, CLOSED))
    assert told == [AnswersAll("198.19.6.0/24", (8443,), False)]


def test_an_aliased_prefix_is_told(lab: Lab, search) -> None:
    """An IPv6 prefix that answers at addresses drawn by lot is one thing, however many addresses were asked."""
    lab.leased([HOSTS6], EVERY)
    opened, told, _ = search("fd19::100-fd19::1ff", (2222, CLOSED))
    assert len(opened) == 256
    assert told == [AnswersAll("fd19::/64", (2222,), False)]


def test_where_no_way_leads_nothing_counts_as_asked(lab: Lab, search) -> None:
    """Addresses without a route are left out by name, not refused; the rest is found."""
    lab.leased([HOSTS], EVERY)
    run("ip", "-n", lab.scan, "route", "add", "unreachable", "198.19.9.0/25")
    try:
        opened, _, tally = search("198.19.9.0/24", (443, 80))
    finally:
        run("ip", "-n", lab.scan, "route", "del", "unreachable", "198.19.9.0/25")
    assert len(opened) == 128 * 2
    assert (tally.unrouted, tally.refused) == (256, 0)
    assert tally.left == IntervalSet.parse(["198.19.9.0/25"])
    assert tally.planned == 512


def test_another_gateway_than_the_kernels(lab: Lab, search) -> None:
    """Where the kernel knows no way, the gateway and interface of the settings lead there."""
    lab.leased([HOSTS], EVERY)
    run("ip", "-n", lab.scan, "route", "add", "blackhole", "198.19.10.0/24")
    try:
        with pytest.raises(SecopsError, match="E3202"):
            search("198.19.10.0/24", (443,), pps=49_000)
        chosen = Leaving("vs", ("198.18.0.2",))
        opened, _, _ = search("198.19.10.0/24", (443,), leaving=chosen)
    finally:
        run("ip", "-n", lab.scan, "route", "del", "blackhole", "198.19.10.0/24")
    assert len(opened) == 256
    with pytest.raises(SecopsError, match="E3208"):
        search("198.19.10.0/24", (443,), leaving=Leaving("nosuch0"))


def test_frames_carry_the_vlan(lab: Lab, search) -> None:
    """With a VLAN set, ARP questions and probes carry its tag, and tagged answers are heard."""
    lab.leased([HOSTS], EVERY)
    with inside(lab.router):
        tapped = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
        tapped.bind(("rs", 3))
    tapped.setsockopt(263, 8, 1)  # PACKET_AUXDATA: where the kernel puts the tag it takes off
    tapped.settimeout(0.1)
    stop, seen = threading.Event(), []
    mac = bytes.fromhex(lab.router_hardware().replace(":", ""))

    def peer() -> None:
        while not stop.is_set():
            try:
                frame, extra, _, where = tapped.recvmsg(2048, 256)
            except TimeoutError:
                continue
            if where[2] == 4:  # our own
                continue
            tags = [struct.unpack_from("IIIHHHH", data)[5] for _, kind, data in extra if kind == 8]
            answer = _answered(frame, mac)
            if answer:
                seen.append((tags[0] & 0xFFF, frame[12:14].hex()))
                tapped.send(answer[:12] + b"\x81\x00\x00\x64" + answer[12:])

    thread = threading.Thread(target=peer)
    thread.start()
    chosen = Leaving("vs", ("198.18.0.2",), (SCANNER,), 100)
    try:
        opened, _, _ = search("198.19.11.0/28", (4444,), pps=1_000, leaving=chosen)
    finally:
        stop.set()
        thread.join()
        tapped.close()
    assert opened == {(f"198.19.11.{host}", 4444) for host in range(16)}
    assert {tag for tag, _ in seen} == {100}
    assert {kind for _, kind in seen} == {"0806", "0800"}


def _answered(frame: bytes, mac: bytes) -> bytes:
    """What a neighbour would answer to an ARP question for 198.18.0.2 or to a SYN for port 4444."""
    back = frame[6:12] + mac
    if frame[12:14] == b"\x08\x06" and frame[20:22] == b"\0\x01" and frame[38:42] == bytes((198, 18, 0, 2)):
        return back + frame[12:20] + b"\0\x02" + mac + frame[38:42] + frame[22:32]
    if frame[12:14] != b"\x08\x00" or frame[23] != 6 or frame[36:38] != (4444).to_bytes(2, "big"):
        return b""
    acknowledged = (int.from_bytes(frame[38:42], "big") + 1 & 0xFFFF_FFFF).to_bytes(4, "big")
    tcp = frame[36:38] + frame[34:36] + bytes(4) + acknowledged + b"\x50\x12\xff\xff" + bytes(4)
    return back + b"\x08\x00\x45\0\0\x28" + bytes(4) + b"\x40\x06\0\0" + frame[30:34] + frame[26:30] + tcp


def test_the_interface_going_down_is_an_error_of_its_own(lab: Lab, search) -> None:
    """In mid-run: the error names the interface and how to go on; once it is back, the search works again."""
    lab.leased([HOSTS], EVERY)
    routes = json.loads(run("ip", "-n", lab.scan, "-j", "route", "show", "default"))
    assert routes[0]["gateway"] == "198.18.0.2"
    cut = threading.Timer(0.7, lambda: run("ip", "-n", lab.scan, "link", "set", "vs", "down"))
    cut.start()
    try:
        with pytest.raises(SecopsError, match="E3207") as caught:
            search(HOSTS, tuple(range(1, 100)), pps=20_000)
    finally:
        cut.join()
        run("ip", "-n", lab.scan, "link", "set", "vs", "up")
        run("ip", "-n", lab.scan, "route", "add", "default", "via", "198.18.0.2")
    assert caught.value.where == "vs"
    assert "resume" in caught.value.hint
    end = time.monotonic() + 5
    while "state UP" not in run("ip", "-n", lab.scan, "link", "show", "vs") and time.monotonic() < end:
        time.sleep(0.05)
    opened, _, _ = search("198.19.12.0/28", (443,), pps=20_000)
    assert len(opened) == 16


def test_a_slow_search_measures_its_loss_too(lab: Lab, search) -> None:
    """At a hundred packets a second, where a lease grants one at a time, canaries are asked as well."""
    lab.leased([HOSTS], EVERY)
    opened, _, tally = search("198.19.9.0/25", OURS, pps=100)
    assert len(opened) == 128 * len(OURS)
    assert tally.canaries >= 8
    assert tally.canaries_lost == 0
