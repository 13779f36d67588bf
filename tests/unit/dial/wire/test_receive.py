"""Twin of secops/dial/wire/receive.py: hostile frames give nothing, never an exception."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import Ether

from secops.dial.wire.receive import FRAME, parse

US, THEM = "198.18.0.1", "198.19.3.4"
US6, THEM6 = "fd18::1", "fd19::7"


def matrix(*frames: bytes) -> tuple[np.ndarray, np.ndarray]:
    rows = np.zeros((len(frames), FRAME), np.uint8)
    for row, frame in zip(rows, frames, strict=True):
        row[: min(FRAME, len(frame))] = np.frombuffer(frame[:FRAME], np.uint8)
    return rows, np.array([min(FRAME, len(frame)) for frame in frames], np.uint32)


def source(six: bool) -> bytes:
    import ipaddress

    return ipaddress.ip_address(US6 if six else US).packed


def frame(flags: str = "SA", *, six: bool = False, ip: dict | None = None, tcp: dict | None = None) -> bytes:
    layer = IPv6(src=THEM6, dst=US6, **(ip or {})) if six else IP(src=THEM, dst=US, **(ip or {}))
    return bytes(Ether(src="02:00:00:00:00:02", dst="02:00:00:00:00:01") / layer
                 / TCP(sport=443, dport=61001, flags=flags, seq=5, ack=0x01020304, **(tcp or {})))  # fmt: skip


@pytest.mark.parametrize("six", [False, True])
def test_answers_are_read(six: bool) -> None:
    """A SYN-ACK is open, a RST-ACK closed; who, which port, and which sequence come out right."""
    got = parse(*matrix(frame("SA", six=six), frame("RA", six=six)), source(six))
    assert got.opened.tolist() == [True, False]
    assert got.ports.byteswap().tolist() == [443, 443]
    assert got.ours.byteswap().tolist() == [61001, 61001]
    assert got.sequence.astype("<u4").view(np.uint8).reshape(-1, 4)[0].tolist() == [1, 2, 3, 3]


def test_options_of_ip_move_the_tcp_header() -> None:
    """The header length is followed, up to its sixty bytes."""
    from scapy.layers.inet import IPOption

    long = frame(ip={"options": [IPOption(b"\x01" * 40)]})
    got = parse(*matrix(long), source(False))
    assert got.ports.byteswap().tolist() == [443]


HOSTILE = {
    "truncated": frame()[:53],
    "empty": b"",
    "another's answer": bytes(Ether() / IP(src=THEM, dst="198.18.0.9") / TCP(flags="SA")),
    "fragment": frame(ip={"frag": 3}),
    "first fragment": frame(ip={"flags": "MF"}),
    "udp": bytes(Ether(dst="02:00:00:00:00:01") / IP(src=THEM, dst=US) / UDP() / (b"x" * 30)),
    "header too short": frame(ip={"ihl": 4}),
    "header beyond the frame": frame(ip={"ihl": 15}),
    "total length of nothing": frame(ip={"len": 20}),
    "tcp header too short": frame(tcp={"dataofs": 4}),
    "only ack": frame("A"),
    "only rst": frame("R"),
    "syn": frame("S"),
    "syn ack fin": frame("SAF"),
    "syn ack rst": frame("SAR"),
    "version 5": frame(ip={"version": 5}),
    "truncated six": frame(six=True)[:73],
    "six with a header between": frame(six=True, ip={"nh": 0}),
    "six of no length": frame(six=True, ip={"plen": 10}),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_frames_give_nothing(name: str) -> None:
    """Truncated, inconsistent, fragmented or foreign frames are left out; the good one beside them is read."""
    for six in (False, True):
        got = parse(*matrix(HOSTILE[name], frame(six=six)), source(six))
        assert len(got) == 1


@settings(max_examples=100, deadline=None)
@given(st.lists(st.binary(max_size=FRAME), max_size=8), st.booleans())
def test_any_bytes_are_borne(frames: list[bytes], six: bool) -> None:
    """Whatever comes, nothing is raised and nothing is invented."""
    assert len(parse(*matrix(*frames), source(six))) <= len(frames)


@settings(max_examples=150, deadline=None)
@given(st.data(), st.booleans())
def test_a_good_frame_with_flipped_bytes_is_borne(data: st.DataObject, six: bool) -> None:
    """One byte changed anywhere, or the length cut anywhere, raises nothing."""
    raw = bytearray(frame(six=six))
    raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    cut = bytes(raw[: data.draw(st.integers(0, len(raw)))])
    assert len(parse(*matrix(cut), source(six))) <= 1
