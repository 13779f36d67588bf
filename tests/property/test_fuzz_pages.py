"""Pages built to break what reads them: any bytes, any declared encoding, marks in every wrong place."""

import json
import time

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from secops.core.fields import facts_of
from secops.core.model import Kind
from secops.discover.collectors import page_looks
from secops.discover.collectors.page import read_page
from secops.discover.fingerprint.openset import bounded_pattern, word_of
from secops.discover.fingerprint.shelf import SHELF, seen_of
from secops.discover.fingerprint.shelf import facts_of as named

pytestmark = pytest.mark.property

PIECES = st.sampled_from(
    [
        b"<title>", b"</title", b"<meta charset=", b"<meta name=generator content=", b"gbk", b"utf-16", b"big5", b"hz",
        b'"', b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf", b"<a href=", b"//", b"http://", b"https://[", b"]:99999/",
        b"xn--", b"<!--", "粤ICP备".encode(), "粤公网安备".encode(), "网站标识码：".encode(), "网信算备".encode(),
        b"44011102003303", b"&#", b"\\u59", "备".encode("gbk"), b"&nbsp;", b"<input type=password",
        b"\x00", b"\x1b[2J", b"<svg><title>",
        b"/ry-ui", b"recordcode=",
    ]
)  # fmt: skip
PAGES = st.lists(PIECES | st.binary(max_size=20), max_size=40).map(b"".join)
HEADERS = st.sampled_from(
    ["", "text/html; charset=gbk", "text/html;charset=rot13", "charset=zlib", "charset=utf-7", "charset="]
)
LINES = st.sampled_from(
    [
        b"User-agent: *",
        b"Disallow: /a # b",
        b"Contact: mailto:a@b.cn",
        b"Expires: x",
        b"#",
        b"Contact:",
        b"Policy: \x1b",
    ]
)
MANY = settings(max_examples=2_000, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@MANY
@given(PAGES, HEADERS, st.sampled_from(["http", "https"]), st.text(max_size=20))
@example(b"<meta charset=hex><title>6", "", "http", "")
@example(b"\xff\xfe\x00", "", "http", "")
def test_any_page(body, content_type, scheme, host):
    """Any bytes are read into bounded, clean fields of a service, and kept as bounded JSON."""
    page = read_page(body, content_type, scheme, host)
    facts = dict(page.facts) | named(SHELF.match(seen_of((), page.text[:50], "", page.lowered)), {})
    assert facts.keys() <= facts_of(Kind.SERVICE)
    for value in facts.values():
        for text in value if isinstance(value, tuple) else (value,):
            assert not isinstance(text, str) or (len(text) <= 512 and text.isprintable())
    assert len(json.dumps(page.extra, default=list)) < 20_000
    assert len(facts.get("http.links", ())) <= 50


@MANY
@given(
    st.sampled_from([200, 204, 301, 404, 500]), st.lists(LINES | st.binary(max_size=40), max_size=12).map(b"\n".join)
)
def test_any_robots_and_security(status, body):
    """Any answer to the two further looks is read, or says nothing."""
    for read in (page_looks.robots, page_looks.security):
        facts, extra = read(status, body)
        assert facts.keys() <= facts_of(Kind.SERVICE)
        assert len(json.dumps(extra, default=list)) < 20_000


@MANY
@given(st.text(alphabet="ab.*+?()[]{}|\\^$d;1-", max_size=40))
@example("(a|b|ab)*c")
@example("(a+)+$")
def test_any_pattern_of_an_open_set(text):
    """A foreign pattern is refused or made bounded: it ends soon on a text made for it."""
    pattern = bounded_pattern(text)
    if pattern is not None:
        begun = time.perf_counter()
        pattern.search("ab" * 150)
        assert time.perf_counter() - begun < 2


@MANY
@given(st.data(), st.text(alphabet="abcd.*+?()[]{}|\\^$-/", max_size=30))
def test_the_fixed_word_is_in_every_match(data, text):
    """What a pattern is looked for by stands in whatever it matches."""
    word = word_of(text)
    pattern = bounded_pattern(text)
    if word and pattern is not None:
        matched = data.draw(st.from_regex(pattern, fullmatch=False, alphabet=st.characters(max_codepoint=126)))
        assert word in matched.lower()


@pytest.mark.parametrize(
    "piece",
    [
        b"<title>", b"<title ", "粤ICP备".encode(), "备".encode(), b"<a href=http://a", b"//", b"<meta ", b"generator",
        b"<meta name=generator", b"<input ", b"<input password", b"<input type=password", b"&#22791;", b"\\u5907", b"<",
        b"recordcode=", b"href='//x.cn/", b"\xb1\xb8", b"&nbsp;", "粤公网安备1 ".encode(),
    ],
)  # fmt: skip
def test_a_large_page_of_one_piece(piece):
    """A page of 256 KiB made to be slow takes a fraction of a second."""
    body = (piece * (262_144 // len(piece) + 1))[:262_144]
    begun = time.perf_counter()
    page = read_page(body, "", "http", "a")
    SHELF.match(seen_of((), "", "", page.lowered))
    assert time.perf_counter() - begun < 0.5
