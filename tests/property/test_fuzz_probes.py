"""Probe files and banners built to break: a file is read or refused with its line, an answer is filled or left out."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from secops.core.errors import InvalidFile
from secops.discover.probes.book import Match
from secops.discover.probes.file import parse
from secops.discover.probes.heads import Heads, head
from secops.discover.probes.template import fill

pytestmark = pytest.mark.property
WORDS = (
    b"Probe TCP NULL q||", b"Probe TCP A q|a|", b"Probe UDP B q=\\x00\\r=", b"match x m|^a(.*)|s p/$1/ cpe:/a:b:$1/a",
    b"softmatch y m=^b=", b"ports 1,2-9", b"sslports 443", b"rarity 3", b"totalwaitms 6000", b"tcpwrappedms 3000",
    b"fallback A", b"Exclude T:9100-9107,U:7", b"# note", b"", b"match", b"ports", b"q|", b"\\x", b"m|", b"\xff\x00",
)  # fmt: skip
lines = st.lists(st.one_of(st.sampled_from(WORDS), st.binary(max_size=30)), max_size=12)
templates = st.lists(
    st.sampled_from([b"$1", b"$P(2)", b'$SUBST(1,"_",".")', b'$I(2,">")', b"$9", b"$", b"text ", b"\\", b'"', b"$X("]),
    max_size=5,
).map(b"".join)


@settings(max_examples=2_000, deadline=None)
@given(st.one_of(lines.map(b"\n".join), st.binary(max_size=200)))
def test_any_file(data):
    """Any bytes are a book or a refusal that names a line; a book's probes all have a chain that begins with them."""
    try:
        book = parse(data)
    except InvalidFile:
        return
    assert all(each.chain[0] is each for each in book.probes)


@settings(max_examples=2_000, deadline=None)
@given(templates, st.lists(st.one_of(st.none(), st.binary(max_size=100)), max_size=9), st.sampled_from("pvihodc"))
def test_any_template(template, groups, letter):
    """Any template with any groups gives bounded text without control characters, or nothing."""
    name = "cpe" if letter == "c" else letter
    told = fill(Match("x", b"", False, False, False, 1, ((name, template),)), groups)
    for text in (told.product, told.version, told.info, told.hostname, told.os, told.device_type, *told.cpe):
        assert len(text) <= 256
        assert not any(ord(sign) < 32 or ord(sign) == 127 for sign in text)


@settings(max_examples=2_000, deadline=None)
@given(st.binary(max_size=40), st.binary(max_size=40))
def test_any_pattern_has_a_head_or_none(pattern, data):
    """Reading off how a pattern begins never fails, and filters nothing that begins so."""
    match = Match("x", b"^" + pattern, False, False, False, 1, ())
    begin = head(match)
    assert Heads([match]).candidates(begin + data) == [0]
