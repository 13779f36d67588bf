"""The raw SYN engine in the lab, and the connect engine beside it."""

import threading
import time
from pathlib import Path

import pytest

from secops.core.clock import SystemClock
from secops.core.errors import SecopsError
from secops.dial.connect import ConnectFinder
from secops.dial.finder import DONE, REFUSED, Open, Tally
from secops.dial.wire.syn import SynFinder
from secops.scope.intervals import IntervalSet
from tests.lab.leave import gate, scope
from tests.lab.namespace import inside
from tests.lab.network import HOSTS, HOSTS6, PRINTER, Lab

pytestmark = pytest.mark.lab

OURS = (2222, 8443)
CLOSED = 81
UNLIKELY = "20000-60000"
"""Where doubts are asked: within the scope, though nobody named them."""


@pytest.fixture(scope="module")
def servers(lab: Lab) -> dict[int, str]:
    """Real servers, listeners of our own and a printer on every one of the 4,096 hosts."""
    running = lab.real_servers()
    lab.listen(*OURS, PRINTER)
    lab.watch(PRINTER)
    return {**running, **dict.fromkeys(OURS, "ours")}


def found(
    finder: SynFinder | ConnectFinder, targets: str, ports: tuple[int, ...], seed: int = 7
) -> tuple[set[tuple[str, int]], Tally]:
    *opened, tally = finder.find(IntervalSet.parse([targets]), ports, seed=seed)
    assert isinstance(tally, Tally)
    pairs = [(each.address, each.port) for each in opened if isinstance(each, Open)]
    assert len(pairs) == len(set(pairs)), "an open port was told twice"
    return set(pairs), tally


def test_both_engines_find_everything_through_loss(lab, servers, witness, tmp_path: Path) -> None:
    """Both find the same, all open ports of 4,096 hosts, with 1 % lost each way; the printer is left alone."""
    ports = (*sorted(servers), CLOSED, PRINTER)
    lab.leased([HOSTS], [*(str(port) for port in (*servers, CLOSED)), UNLIKELY], loss=1)
    with lab.within():
        passage, _ = gate(tmp_path, scope([HOSTS], ["1-65535"], pps=50_000))
        raw, account = found(SynFinder(passage, SystemClock(), pps_per_host=50_000), HOSTS, ports)
        assert account.ended == DONE
        assert account.refused == 4096, "the printer's port on every host"
        assert account.answered == 4096 * (len(servers) + 1)
        assert account.spoofed == 0
        assert len(raw) == 4096 * len(servers)
        assert {port for _, port in raw} == set(servers)
        middle = lab.counted()
        assert middle["lost"] > 100, "the router lost nothing: the test shows nothing"
        plain, _ = found(ConnectFinder(passage, SystemClock(), pps_per_host=50_000), HOSTS, ports)
        passage.close()
    assert plain == raw
    assert witness.seen >= 4096 * len(servers)
    assert lab.counted()["stray"] == 0
    assert lab.touched(PRINTER) == 0


def test_six_is_found_as_four_is(lab, servers, witness, tmp_path: Path) -> None:
    """SYN over IPv6 finds our listeners on all of 256 hosts through loss."""
    lab.leased([HOSTS6], [*(str(port) for port in (*OURS, CLOSED)), UNLIKELY], loss=1)
    with lab.within():
        passage, _ = gate(tmp_path, scope([HOSTS6], ["1-65535"], pps=50_000))
        opened, account = found(
            SynFinder(passage, SystemClock(), pps_per_host=50_000), "fd19::100-fd19::1ff", (*OURS, CLOSED)
        )
        passage.close()
    assert len(opened) == 256 * len(OURS)
    assert account.answered == 256 * (len(OURS) + 1)
    assert lab.counted()["stray"] == 0


def test_a_target_on_our_own_link_is_found(lab, servers, witness, tmp_path: Path) -> None:
    """Without a gateway the hardware address is asked on the link; a host that is not there stays silent."""
    lab.leased(["198.18.0.1", "198.18.0.2"], ["2222"])
    with lab.within():
        passage, _ = gate(tmp_path, scope(["198.18.0.0/30"], ["1-65535"]))
        opened, account = found(SynFinder(passage, SystemClock(), pps_per_host=1000), "198.18.0.0/30", (2222,))
        passage.close()
    assert opened == set()
    assert account.answered == 1, "the router's reset"
    assert account.unrouted == 2, "our own address and the broadcast address"
    assert "own-address: 1" in account.detail
    assert lab.counted()["stray"] == 0


@pytest.mark.parametrize("how", ["revoked", "stopped", "expired"])
def test_the_end_of_leave_ends_sending_within_a_second(lab, servers, witness, tmp_path: Path, how: str) -> None:
    """Revocation, the stop switch or expiry in mid-run: the router sees the last SYN within a second of it."""
    lab.leased([HOSTS], ["1-9099", "9117-65535"])
    with lab.within():
        allowed = scope([HOSTS], ["1-65535"], pps=20_000, seconds=1.0 if how == "expired" else None)
        passage, epoch = gate(tmp_path, allowed)
        moment: list[float] = []
        after: list[int] = []

        def act() -> None:
            time.sleep(1.0)
            if how == "revoked":
                epoch.revoke(allowed.id, "test")
            elif how == "stopped":
                epoch.bump()
            moment.append(time.monotonic())
            time.sleep(0.9)
            after.append(lab.counted()["syn"])

        acting = threading.Thread(target=act)
        acting.start()
        _, account = found(SynFinder(passage, SystemClock(), pps_per_host=20_000), HOSTS, tuple(range(1, 200)))
        ended = time.monotonic()
        acting.join()
        passage.close()
    assert account.ended == REFUSED
    assert account.detail.startswith({"revoked": "E2108", "stopped": "E2110", "expired": "E2107"}[how])
    assert ended - moment[0] < 1.0
    assert after[0] > 1000, "nothing was sent before the end"
    time.sleep(0.5)
    assert lab.counted()["syn"] == after[0], "SYNs came more than 0.9 s after the end of leave"
    assert lab.counted()["stray"] == 0


def test_a_wider_wish_than_the_lease_sends_nothing_beyond(lab, servers, witness, tmp_path: Path) -> None:
    """Asked for /20 with leave for a /25 and one port, the engine sends to that only and counts the rest."""
    lab.leased(["198.19.1.0/25"], ["2222"])
    with lab.within():
        passage, _ = gate(tmp_path, scope(["198.19.1.0/25"], ["2222"]))
        opened, account = found(SynFinder(passage, SystemClock(), pps_per_host=100_000), HOSTS, (2222, 8443))
        refusals = dict(passage.refusals)
        passage.close()
    assert len(opened) == 128
    assert account.refused == 4096 * 2 - 128
    assert refusals["out-of-lease"] == account.refused
    assert account.sent >= 128
    assert lab.counted()["stray"] == 0


def test_the_witness_counts_a_stray(lab) -> None:
    """The router's counter does see a packet outside the lease: it is no blind witness."""
    import socket

    lab.leased([HOSTS], ["80"])
    with lab.within(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as loose:
        loose.sendto(b"x", ("198.19.0.1", 9))
    time.sleep(0.1)
    assert lab.counted()["stray"] == 1


def test_loopback_is_refused_with_the_engine_to_take(lab, tmp_path: Path) -> None:
    """Raw frames cannot reach loopback: the error says so and names the connect engine."""
    with lab.within():
        passage, _ = gate(tmp_path, scope(["127.0.0.1"], ["80"]))
        with pytest.raises(SecopsError) as told:
            list(
                SynFinder(passage, SystemClock(), pps_per_host=10).find(IntervalSet.parse(["127.0.0.1"]), (80,), seed=1)
            )
        passage.close()
    assert told.value.code == "E3202"
    assert "connect" in told.value.hint


def test_forged_answers_are_dropped_and_counted(lab, servers, witness, tmp_path: Path) -> None:
    """SYN-ACKs with a made-up acknowledgement, sent from the target's side to every port of ours, open nothing."""
    import socket

    from scapy.layers.inet import IP, TCP

    lab.leased([HOSTS], [str(CLOSED), "82"])
    key = bytes(16)
    with inside(lab.target):
        forging = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
    frames = [
        bytes(IP(src="198.19.0.9", dst="198.18.0.1") / TCP(sport=82, dport=61000 + i, flags="SA", seq=1, ack=12345))
        for i in range(5)
    ]
    stop = threading.Event()

    def forge() -> None:
        while not stop.wait(0.01):
            for frame in frames:
                forging.sendto(frame, ("198.18.0.1", 0))

    with lab.within():
        passage, _ = gate(tmp_path, scope([HOSTS], ["1-65535"]))
        thread = threading.Thread(target=forge)
        witness._allow.add("198.18.0.1")
        thread.start()
        opened, account = found(SynFinder(passage, SystemClock(), pps_per_host=50, key=key), "198.19.0.0/28", (CLOSED,))
        stop.set()
        thread.join()
        forging.close()
        passage.close()
    assert opened == set()
    assert account.answered == 16
    assert account.spoofed > 0
