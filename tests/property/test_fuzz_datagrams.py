"""Parsers of datagrams against any bytes, 2,000 each: bounded values or nothing, never another exception."""

import runpy
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from secops.core.model import Target, Transport
from secops.dial.datagram import refusal
from secops.discover.collectors import ber, dns_message, snmp_message
from secops.discover.collectors.datagrams import PORTS, openings

pytestmark = pytest.mark.property

ANSWERS = runpy.run_path(str(Path(__file__).parents[1] / "unit/discover/datagram_answers.py"))["ANSWERS"]
TRUE = {
    port: [ANSWERS[port](question) for question in openings(Target("198.18.0.5", port, Transport.UDP))]
    for port in PORTS
}
many = settings(max_examples=2_000, deadline=None)


@st.composite
def damaged(draw, port: int) -> bytes:
    """A true answer with a few bytes changed, cut or lengthened; sometimes nothing but noise."""
    whole = bytearray(draw(st.sampled_from(TRUE[port])))
    for place, value in draw(st.lists(st.tuples(st.integers(0, 2_000), st.integers(0, 255)), max_size=8)):
        if whole:
            whole[place % len(whole)] = value
    cut = draw(st.one_of(st.none(), st.integers(0, len(whole))))
    return draw(st.one_of(st.just(bytes(whole[:cut])), st.binary(max_size=200))) + draw(st.binary(max_size=30))


@many
@given(st.one_of(damaged(53), damaged(5353)))
def test_dns_messages(data):
    """At most 200 records, names of at most 1,024 bytes, whatever the pointers say."""
    message = dns_message.parse(data)
    if message is not None:
        assert len(message.records) <= 200
        assert all(len(each.owner) <= 1_024 and len(each.texts) <= 32 for each in message.records)


@many
@given(damaged(161), st.integers(0, 2**24))
def test_snmp_messages(data, request):
    """A reply or an engine only where they answer the request; identifiers are numbers and dots."""
    reply = snmp_message.reply(data, request)
    assert reply is None or len(reply.rows) <= 128
    engine = snmp_message.engine(data, request)
    assert engine is None or 5 <= len(engine.id) <= 32
    for true in TRUE[161][:1]:
        number = ber.whole(ber.members(ber.members(ber.read(true)[1])[2][1])[0])
        for name, (_, content) in found.rows if (found := snmp_message.reply(data, number)) else ():
            assert all(each.isdigit() for each in name.split("."))
            assert len(content) <= len(data)


@many
@given(st.one_of(st.binary(max_size=80), damaged(161)))
def test_ber(data):
    """A value lies within its bytes; what does not is a ValueError."""
    try:
        _, content, place = ber.read(data)
    except ValueError:
        return
    assert len(content) < place <= len(data)
    for reader in (ber.members, ber.dotted, lambda each: ber.whole((2, each))):
        try:
            reader(content)
        except ValueError:
            continue


@many
@given(st.lists(st.integers(0, 2**32 - 1), max_size=20))
def test_identifiers_come_back(parts):
    """What is encoded is decoded."""
    text = ".".join(map(str, (1, 3, *parts)))
    assert ber.dotted(ber.read(ber.oid(text))[1]) == text


@many
@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50), st.binary(max_size=70)), max_size=3), st.booleans())
def test_error_reports(told, six):
    """Any control message: a port is closed or it is not."""
    assert refusal(10 if six else 2, told, "fd19::1" if six else "198.18.0.5") in {True, False}
