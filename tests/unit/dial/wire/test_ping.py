import struct

from hypothesis import given
from hypothesis import strategies as st

from secops.dial.wire.ping import echo, echoed

MARK = bytes(range(20))


def test_an_echo_request_is_well_formed():
    """Type 8 with a checksum that makes the sum of all words 0xffff (RFC 1071); of IPv6 the kernel sums."""
    packet = echo(MARK, four=True)
    assert (packet[:2], packet[4:]) == (b"\x08\0", MARK)
    total = sum(struct.unpack(">12H", packet))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    assert total == 0xFFFF
    assert echo(MARK, four=False) == b"\x80\0\0\0" + MARK


def test_only_an_echo_reply_brings_the_mark_back():
    """A reply behind its IPv4 header, options included, or bare of IPv6; a request of another is none."""
    reply = b"\0\0ab" + MARK
    assert echoed(b"\x45" + bytes(19) + reply, four=True) == MARK
    assert echoed(b"\x46" + bytes(23) + reply, four=True) == MARK
    assert echoed(b"\x81\0ab" + MARK, four=False) == MARK
    assert echoed(b"\x45" + bytes(19) + b"\x08\0ab" + MARK, four=True) == b""
    assert echoed(b"\x45" + bytes(19) + reply[:20], four=True) == b""


@given(st.binary(max_size=80), st.booleans())
def test_any_packet_is_read(data, four):
    """Whatever arrives gives a mark of twenty bytes or nothing."""
    assert len(echoed(data, four=four)) in {0, 20}
