import time

import pytest

from secops.discover.probes import hyper, matchers
from secops.discover.probes.engines import rewritten
from secops.discover.probes.extras import hyperscan, pcre2
from secops.discover.probes.file import parse
from secops.discover.probes.matchers import Aside, matcher, missing
from secops.discover.probes.worker import Worker

needs = {
    "hyperscan": pytest.mark.skipif(hyperscan is None or pcre2 is None, reason="hyperscan or pcre2 is not installed"),
    "pcre2": pytest.mark.skipif(pcre2 is None, reason="pcre2 is not installed"),
    "re": (),
}
BANNERS = {
    b"SSH-2.0-OpenSSH_9.2p1\r\n": ("ssh", "9.2p1"),
    b"220 (vsFTPd 3.0.3)\r\n": ("ftp", "3.0.3"),
    b"220 (vsFTPd 3.0.3)\r\n230": None,
    b"220 mail.x ESMTP Postfix\r\n": ("smtp", ""),
    b"\xff\x00": None,
    b"": None,
}


@pytest.fixture(scope="module", params=[pytest.param(name, marks=marks) for name, marks in needs.items()])
def engine(request, book, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(hyper, "FEW", 1)
        made = matcher(book, tmp_path_factory.mktemp("hs"), request.param)
        if request.param == "hyperscan":
            made.hyper.build()
        assert made.name == request.param
        yield made
        made.close()


def test_every_engine_gives_the_same_answers(engine, book):
    """Whichever engine is installed, an answer is matched by the same line with the same parts."""
    for data, expected in BANNERS.items():
        hit = engine.first(book.null, data)
        told = None if hit is None else (hit.match.service, hit.filled().version)
        assert told == expected, data


def test_fallbacks_and_null_in_their_order(engine, book):
    """An answer is tested against the probe's own lines, its fallbacks', then NULL's; a soft one ends it too."""
    hello = book.probes[2]
    assert engine.first(hello, b"\x16\x03\x03").probe.name == "Hello"
    assert engine.first(hello, b"HTTP/1.1 200 OK\r\nServer: nginx/1.2\r\n").probe.name == "GetRequest"
    assert engine.first(hello, b"SSH-2.0-OpenSSH_9\n").probe.name == "NULL"
    assert engine.first(book.null, b"220 mail.x ESMTP Postfix\r\n").match.soft


def test_the_page_that_hangs_re(engine, book):
    """A page of the shape that makes `re` backtrack for ever is answered at once by every engine."""
    begun = time.monotonic()
    assert engine.first(book.probes[1], b"HTTP/1.0 404 Gone\r\n" + b"a" * 4_000).match.soft
    assert time.monotonic() - begun < 3


def test_a_pattern_without_end_costs_one_delay(monkeypatch):
    """A pattern that does not come to an end is killed, left out from then on, and the others still match."""
    book = parse(b"Probe TCP NULL q||\nmatch slow m|^(a+)+$|\nmatch quick m|^aaa|")
    worker = Worker(book, seconds=0.4)
    try:
        worker.start()
        assert worker.answer(book.null, b"a" * 40 + b"!")[1] == 1
        assert worker.barred == {(1, 0)}
        begun = time.monotonic()
        assert worker.answer(book.null, b"a" * 40 + b"!")[1] == 1
        assert time.monotonic() - begun < 0.4
    finally:
        worker.close()


def test_rewritten_for_re():
    r"""`\Z` gets PCRE's meaning, an escaped backslash before it stays one; a plus of a plus is one."""
    assert rewritten(rb"^([\w._]+)+x(?:[ab]+)+") == rb"^([\w._]+)x(?:[ab]+)"
    assert rewritten(rb"a\Z") == rb"a(?=\n?\Z)"
    assert rewritten(rb"a\\Z") == rb"a\\Z"


def test_without_extras(monkeypatch, book):
    """Without pcre2 the standard library serves, and what is missing is told by name."""
    monkeypatch.setattr(matchers, "pcre2", None)
    made = matcher(book)
    assert isinstance(made, Aside)
    made.close()
    assert "pcre2" in missing()[0]


@needs["hyperscan"]
def test_databases_are_kept_and_mended(book, tmp_path, monkeypatch):
    """A compiled database is read back by the next run; a damaged one is thrown away, the answers stay the same."""
    monkeypatch.setattr(hyper, "FEW", 1)
    first = matcher(book, tmp_path)
    first.hyper.build()
    kept = hyper.place(tmp_path, book, book.null)
    assert kept.stat().st_size > 100
    again = matcher(book, tmp_path)
    assert again.hyper.candidates(book.null, b"220 (vsFTPd 3.0.3)\r\n") == [1]
    kept.write_bytes(kept.read_bytes()[:-9])
    mended = matcher(book, tmp_path)
    assert mended.hyper.candidates(book.null, b"220 x") is None
    assert not kept.exists()
    assert mended.first(book.null, b"220 (vsFTPd 3.0.3)\r\n").match.service == "ftp"


@needs["hyperscan"]
def test_compiled_beside_the_run(book, tmp_path, monkeypatch):
    """What is missing is compiled by a process of its own; until then, and after it is ended, answers are the same."""
    monkeypatch.setattr(hyper, "FEW", 1)
    made = matcher(book, tmp_path)
    assert made.hyper.build_beside()
    assert made.first(book.null, b"220 (vsFTPd 3.0.3)\r\n").match.service == "ftp"
    made.hyper._builder.join(20)
    assert made.hyper.candidates(book.null, b"220 (vsFTPd 3.0.3)\r\n") == [1]
    assert not made.hyper.build_beside()
    made.close()
    assert not hyper.Hyper(book, None).build_beside()


@needs["hyperscan"]
def test_a_pattern_hyperscan_cannot_take_is_always_tried(tmp_path, monkeypatch):
    """A pattern that does not compile for hyperscan stays a candidate for every text; the others are filtered."""
    monkeypatch.setattr(hyper, "FEW", 1)
    book = parse(b"Probe TCP NULL q||\nmatch a m|^a|\nmatch b m|(?C1)b|\nmatch c m|^c|")
    made = matcher(book, tmp_path)
    made.hyper.build()
    assert made.hyper.candidates(book.null, b"cc") == [1, 2]
    only = parse(b"Probe TCP NULL q||\nmatch b m|(?C1)b|")
    alone = matcher(only, tmp_path)
    alone.hyper.build()
    assert alone.hyper.candidates(only.null, b"cc") == [0]
