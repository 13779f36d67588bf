"""Twin of secops/dial/wire/unreachable.py: ICMP errors are read where they quote us, and lies give nothing."""

import ipaddress

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.inet6 import ICMPv6DestUnreach, ICMPv6TimeExceeded, IPv6
from scapy.layers.l2 import Ether

from secops.dial.wire.receive import FRAME
from secops.dial.wire.unreachable import Errors, parse

US, THEM, ROUTER = "198.18.0.1", "198.19.3.4", "198.18.0.2"
US6, THEM6, ROUTER6 = "fd18::1", "fd19::7", "fd18::2"


def read(*frames: bytes, six: bool = False) -> Errors:
    rows = np.zeros((len(frames), FRAME), np.uint8)
    for row, frame in zip(rows, frames, strict=True):
        row[: min(FRAME, len(frame))] = np.frombuffer(frame[:FRAME], np.uint8)
    lengths = np.array([min(FRAME, len(frame)) for frame in frames], np.uint32)
    return parse(rows, lengths, ipaddress.ip_address(US6 if six else US).packed)


def four(kind: int = 3, code: int = 1, *, quoted: IP | None = None, dst: str = US) -> bytes:
    probe = quoted or IP(src=US, dst=THEM) / TCP(sport=61001, dport=443, seq=0x01020304, flags="S")
    return bytes(Ether(dst="02:00:00:00:00:01") / IP(src=ROUTER, dst=dst) / ICMP(type=kind, code=code) / probe)


def six(code: int = 3, *, exceeded: bool = False) -> bytes:
    error = ICMPv6TimeExceeded() if exceeded else ICMPv6DestUnreach(code=code)
    probe = IPv6(src=US6, dst=THEM6) / TCP(sport=61001, dport=443, seq=0x01020304, flags="S")
    return bytes(Ether(dst="02:00:00:00:00:01") / IPv6(src=ROUTER6, dst=US6) / error / probe)


@pytest.mark.parametrize("wide", [False, True])
def test_the_quoted_probe_is_read(wide: bool) -> None:
    """Target, ports and sequence come out as the probe had them."""
    got = read(six() if wide else four(), six=wide)
    assert str(ipaddress.ip_address(got.addresses[0].tobytes())) == (THEM6 if wide else THEM)
    assert got.ports.byteswap().tolist() == [443]
    assert got.ours.byteswap().tolist() == [61001]
    assert got.sequence.view(np.uint8).tolist() == [1, 2, 3, 4]


def test_prohibitions_are_final_and_lost_ways_are_not() -> None:
    """Administrative and port errors end the asking, host and net errors may pass; a quench is neither."""
    frames = [four(3, code) for code in (0, 1, 3, 9, 10, 13)] + [four(11, 0), four(4, 0)]
    got = read(*frames)
    assert got.final.tolist() == [False, False, True, True, True, True, False, False]
    assert got.quench.tolist() == [False] * 7 + [True]
    wide = read(*(six(code) for code in (0, 1, 3, 4, 5)), six(exceeded=True), six=True)
    assert wide.final.tolist() == [False, True, False, True, True, False]


HOSTILE = {
    "empty": b"",
    "cut": four()[:60],
    "of udp": four(quoted=IP(src=US, dst=THEM) / UDP(sport=61001, dport=443)),
    "of somebody else": four(quoted=IP(src="198.18.0.9", dst=THEM) / TCP(sport=61001)),
    "to somebody else": four(dst="198.18.0.9"),
    "too big": four(3, 4),
    "an echo": four(8, 0),
    "quoted header beyond the frame": four(quoted=IP(src=US, dst=THEM, ihl=15) / TCP()),
    "quoted version 5": four(quoted=IP(src=US, dst=THEM, version=5) / TCP()),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_errors_give_nothing(name: str) -> None:
    """What is cut, foreign or nonsense is left out; the good one beside it is read."""
    assert len(read(HOSTILE[name], four())) == 1


@settings(max_examples=150, deadline=None)
@given(st.data(), st.booleans())
def test_any_bytes_are_borne(data: st.DataObject, wide: bool) -> None:
    """Random frames, and good ones with a byte changed or the end cut, raise nothing and invent nothing."""
    raw = bytearray(six() if wide else four())
    raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    frames = [bytes(raw[: data.draw(st.integers(0, len(raw)))]), data.draw(st.binary(max_size=FRAME))]
    assert len(read(*frames, six=wide)) <= 2
