"""Every UDP collector against any datagrams, and against true answers with bytes changed: bounded, sound readings."""

import json
import runpy
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from secops.core.fields import Type, by_name, facts_of
from secops.core.model import Kind, Status, Target, Transport
from secops.discover.collectors.datagrams import DATAGRAMS, PORTS, collector_of
from secops.discover.collectors.interface import Reading

pytestmark = pytest.mark.contract

_UNIT = Path(__file__).parents[1] / "unit/discover"
ANSWERS = runpy.run_path(str(_UNIT / "datagram_answers.py"))["ANSWERS"]
run = runpy.run_path(str(_UNIT / "test_datagrams.py"))["run"]
KNOWN = facts_of(Kind.SERVICE) | facts_of(Kind.IP)
_SHAPES = {Type.TEXT: str, Type.VERSION: str, Type.INTEGER: int, Type.BOOLEAN: bool, Type.TEXTS: tuple}


def sound(reading: Reading) -> None:
    """A reading keeps to the dictionary of services and addresses, its types and the bounds."""
    assert isinstance(reading.status, Status)
    assert set(reading.facts) <= KNOWN
    for name, value in reading.facts.items():
        assert isinstance(value, _SHAPES[by_name()[name].type]), name
        assert not isinstance(value, tuple) or len(value) <= 100
        for text in value if isinstance(value, tuple) else [value]:
            if isinstance(text, str):
                assert text
                assert len(text) <= 1_024
                assert not any(ord(c) < 32 or 0x7F <= ord(c) < 0xA0 for c in text)
    assert len(json.dumps(dict(reading.extra), default=list)) <= 20_000


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(PORTS), st.lists(st.binary(max_size=400), min_size=1, max_size=4))
def test_any_datagrams(port, datagrams):
    """Whatever arrives, the conversation ends with a sound reading under the collector's own label."""
    told = iter(datagrams * 200)
    reading, questions = run(port, lambda question: next(told))
    sound(reading)
    assert reading.collector == collector_of(port).label
    assert len(questions) <= 150


@settings(max_examples=2_000, deadline=None)
@given(st.data())
def test_true_answers_with_bytes_changed(data):
    """Answers that fit their question but are cut, lengthened or changed in a few places break nothing."""
    port = data.draw(st.sampled_from(PORTS))
    changes = data.draw(st.lists(st.tuples(st.integers(0, 4_000), st.integers(0, 255)), max_size=6))
    cut = data.draw(st.one_of(st.none(), st.integers(0, 600)))
    more = data.draw(st.binary(max_size=60))
    which = data.draw(st.integers(0, 7))
    turn = iter(range(10_000))

    def answer(question: bytes) -> bytes:
        whole = bytearray(ANSWERS[port](question))
        if next(turn) < which:
            return bytes(whole)
        for place, value in changes:
            if whole:
                whole[place % len(whole)] = value
        return bytes(whole[:cut]) + more

    reading, questions = run(port, answer)
    sound(reading)
    assert len(questions) <= 150


@pytest.mark.parametrize("port", PORTS)
def test_huge_and_hostile_answers(port):
    """64 kB of zeros, ones, escapes or a repeated true answer: bounded, without control characters."""
    for filler in (b"\0", b"\xff", b"\x1b[2J", b"\xc0\x0c", b"\x30\x82"):
        sound(run(port, lambda question, filler=filler: ANSWERS[port](question) + filler * 16_000)[0])
        sound(run(port, lambda question, filler=filler: ANSWERS[port](question)[:12] + filler * 16_000)[0])


def test_every_udp_collector_is_in_the_suite():
    """A collector without a recorded answer is not tested: there is none."""
    assert set(PORTS) == set(ANSWERS)
    assert {collector_of(port).label for port in PORTS} == {each.label for each in DATAGRAMS}
    assert Target("198.18.0.1", 53, Transport.UDP).transport is Transport.UDP
