"""Every collector against any bytes: a bounded reading with a status of the closed set, never another exception."""

import json
import runpy
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from secops.core.clock import SystemClock
from secops.core.fields import Type, by_name, facts_of
from secops.core.model import Kind, Status, Target
from secops.dial.conversation import Secured
from secops.discover.collectors import greeting, tls, tls_offer
from secops.discover.collectors.dispatch import COLLECTORS, follow, identify
from secops.discover.collectors.interface import Reading
from secops.discover.probes.ask import Kit
from secops.discover.probes.extras import pcre2
from secops.discover.probes.file import parse
from secops.discover.probes.matchers import InProcess

pytestmark = pytest.mark.contract

PROBES = rb"""Probe TCP NULL q||
match any m=^([^H2S\xff])(.*)=s p/$1/ v/$2/ i/$P(2)/ h/$SUBST(2,"a","b")/ o/$I(1,">")/ d/$2$2/ cpe:/a:$1:$2/
softmatch soft m=^220=
Probe TCP GetRequest q=GET / HTTP/1.0\r\n\r\n=
ports 80,443,31000
sslports 443
match http m=^HTTP/1\.[01] (\d\d\d).*\r\n=s p/$1/
Probe TCP SSLSessionReq q=\x16\x03=
ports 443,993
match ssl m=^S=
"""
Player = runpy.run_path(str(Path(__file__).parents[1] / "unit/discover/conftest.py"))["Player"]
PORTS = (21, 22, 80, 443, 993, 5432, 6379, 31_000)
BEGINNINGS = (
    b"",
    b"HTTP/1.1 200 OK\r\n",
    b"HTTP/1.1 302 Found\r\nLocation: ",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
    b"SSH-2.0-",
    b"SSH-2.0-x\r\n\x00\x00\x01\x00\x04\x14",
    b"220 ",
    b"+PONG",
    b"-NOAUTH",
    b"\x4a\x00\x00\x00\x0a8.0.1\x00",
    b"\xff\xfd\x18",
    b"S",
)
bytes_ = st.tuples(st.sampled_from(BEGINNINGS), st.binary(max_size=400)).map(b"".join)
_flights = st.sampled_from(BEGINNINGS) | st.binary(max_size=300).map(b"\x16\x03\x03".__add__)
_SHAPES = {
    Type.TEXT: str,
    Type.VERSION: str,
    Type.INTEGER: int,
    Type.INSTANT: int,
    Type.BOOLEAN: bool,
    Type.TEXTS: tuple,
}


def sound(reading: Reading) -> None:
    """A reading keeps to the dictionary, its types and the bounds."""
    assert isinstance(reading.status, Status)
    assert set(reading.facts) <= facts_of(Kind.SERVICE)
    for name, value in reading.facts.items():
        assert isinstance(value, _SHAPES[by_name()[name].type]), name
        for text in value if isinstance(value, tuple) else [value]:
            if isinstance(text, str):
                assert len(text) <= 1_024
                assert not any(ord(c) < 32 or 0x7F <= ord(c) < 0xA0 for c in text)
        assert not isinstance(value, tuple) or len(value) <= 100
    assert len(json.dumps(dict(reading.extra), default=list)) <= 20_000


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(PORTS), st.lists(bytes_, min_size=1, max_size=4), st.booleans())
@example(80, [b"HTTP/1.1 200 OK\r\n\r\n<title>=cmd()|' /C calc'!A0</title>"], False)
@example(31_000, [b"\x1b]0;owned\x07\x1b[2J"], False)
@example(80, [b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999\r\n\r\n" + b"a" * 300_000], False)
def test_any_bytes_on_any_port(port, connections, secured):
    """Whatever the server says, on whatever port, identification ends with sound readings."""
    peer = Player(*connections, secured=Secured("TLSv1.2", "X", (b"\x30\x03\x02\x01\x01",)) if secured else None)
    readings = peer.run(identify(Target("198.18.0.1", port)))
    assert readings
    for each in readings:
        sound(each)


@pytest.mark.skipif(pcre2 is None, reason="pcre2 is not installed")
@settings(max_examples=100, deadline=None)
@given(st.sampled_from(PORTS), st.lists(bytes_, min_size=1, max_size=4), st.booleans(), st.booleans())
def test_any_bytes_with_nmaps_probes(port, connections, secured, polite):
    """With nmap's probes and patterns beside our own, every answer still ends with sound readings."""
    book = parse(PROBES)
    kit = Kit(book, InProcess(book, with_hyperscan=False), SystemClock(), only_first=polite)
    peer = Player(*connections, secured=Secured("TLSv1.2", "X", ()) if secured else None)
    readings = peer.run(identify(Target("198.18.0.1", port), kit))
    assert readings
    for each in readings:
        sound(each)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from([each for each in COLLECTORS if each.ask]), bytes_)
def test_each_collector_alone(collector, data):
    """Asked alone, each collector gives one sound reading under its own label or the one of the layer it saw."""
    reading = Player(data).run(collector.ask(Target("198.18.0.1", 31_000)))
    assert reading.collector == collector.label
    sound(reading)


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=3_000))
def test_any_greeting(data):
    """Any greeting gives a sound reading, or none for silence."""
    reading = greeting.hear(data, Target("198.18.0.1", 31_000))
    assert (reading is None) == (not data)
    if reading:
        sound(reading)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.binary(max_size=300), max_size=3))
def test_any_certificate(chain):
    """Any bytes in place of certificates give a sound reading."""
    sound(tls.describe(Secured("TLSv1.2", "X", tuple(chain))))


@settings(max_examples=60, deadline=None)
@given(st.lists(_flights, min_size=1, max_size=4), st.booleans(), st.booleans())
def test_any_answer_to_a_hello(connections, thorough, secure):
    """Any answers to hellos of our own end with a sound reading, in no more connections than are allowed."""
    peer = Player(*connections)
    sound(peer.run(tls_offer.ask(Target("198.18.0.1", 443), thorough=thorough, secure=secure)))
    assert peer.redials < tls_offer.QUESTIONS_MOST
    sound(Player(*connections).run(tls.grab(Target("198.18.0.1", 443))))


@settings(max_examples=60, deadline=None)
@given(bytes_, st.booleans())
def test_any_page_behind_a_redirect(data, secure):
    """A followed redirect ends with sound readings too."""
    peer = Player(data, secured=Secured("TLSv1.2", "X", ()))
    for each in peer.run(follow(Target("198.18.0.1", 8080), "/a", secure=secure)):
        sound(each)


def test_what_is_sent_is_what_was_told():
    """No collector puts on the wire what its plan line does not announce."""
    allowed = (b"GET ", b"PING\r\n", b"SSH-2.0-secops_inventory\r\n", bytes.fromhex("0000000804d2162f"))
    for port in PORTS:
        for data in BEGINNINGS:
            peer = Player(data)
            peer.run(identify(Target("198.18.0.1", port)))
            rest = peer.sent
            while rest:
                begun = next((each for each in allowed if rest.startswith(each)), None)
                assert begun is not None, rest[:40]
                if begun == b"GET ":
                    rest = rest.partition(b"\r\n\r\n")[2]
                elif begun.startswith(b"SSH"):
                    rest = _after_packets(rest[len(begun) :])
                else:
                    rest = rest[len(begun) :]


def _after_packets(data: bytes) -> bytes:
    while len(data) >= 6 and data[5] in {20, 30} and data[:2] == b"\0\0":
        data = data[4 + int.from_bytes(data[:4], "big") :]
    return data
