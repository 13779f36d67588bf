"""Twin of secops/dial/wire/neighbour.py: questions and answers of ARP and ND."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.layers.inet6 import ICMPv6ND_NA, ICMPv6ND_NS, ICMPv6NDOptDstLLAddr, IPv6
from scapy.layers.l2 import ARP, Ether

from secops.dial.wire.neighbour import answer, question

OURS = b"\2\0\0\0\0\1"
FOUR = ipaddress.ip_address("198.18.0.1").packed
SIX = ipaddress.ip_address("fd18::1").packed


def test_the_question_is_what_scapy_reads() -> None:
    """ARP who-has, and ND solicitation with its checksum and multicast addresses right."""
    arp = Ether(question(FOUR, OURS, b"\xc6\x12\0\2"))
    assert (arp[ARP].op, arp[ARP].pdst, arp.dst) == (1, "198.18.0.2", "ff:ff:ff:ff:ff:ff")
    raw = question(SIX, OURS, ipaddress.ip_address("fd18::12:3456").packed)
    six = Ether(raw)
    assert (six[ICMPv6ND_NS].tgt, six[IPv6].dst, six.dst) == ("fd18::12:3456", "ff02::1:ff12:3456", "33:33:ff:12:34:56")
    del six[ICMPv6ND_NS].cksum
    assert bytes(six) == raw


def test_answers_to_us_are_read() -> None:
    """The address and its hardware address; answers to others are none."""
    hardware = "02:00:00:00:00:09"
    arp = bytes(
        Ether(src=hardware, dst="02:00:00:00:00:01") / ARP(op=2, hwsrc=hardware, psrc="198.18.0.2", pdst="198.18.0.1")
    )
    assert answer(arp, FOUR) == (b"\xc6\x12\0\2", b"\2\0\0\0\0\x09")
    assert answer(arp, b"\1\1\1\1") is None
    nd = bytes(Ether(src=hardware, dst="02:00:00:00:00:01") / IPv6(src="fd18::2", dst="fd18::1", hlim=255)
               / ICMPv6ND_NA(tgt="fd18::2") / ICMPv6NDOptDstLLAddr(lladdr=hardware))  # fmt: skip
    assert answer(nd, SIX) == (ipaddress.ip_address("fd18::2").packed, b"\2\0\0\0\0\x09")


@pytest.mark.parametrize("source", [FOUR, SIX])
@given(st.binary(max_size=100))
def test_any_bytes_are_borne(source: bytes, frame: bytes) -> None:
    """Noise is no answer and no exception."""
    assert answer(frame, source) is None or len(frame) >= 42
