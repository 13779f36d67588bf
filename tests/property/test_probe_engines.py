"""The three ways to match give the same answers, on texts made from the patterns of the installed nmap."""

import random
import runpy
from pathlib import Path

import pytest

from secops.discover.probes.engines import rewritten
from secops.discover.probes.extras import hyperscan, pcre2
from secops.discover.probes.file import find, load, parse
from secops.discover.probes.hyper import worthwhile
from secops.discover.probes.matchers import matcher

pytestmark = pytest.mark.property
made = runpy.run_path(str(Path(__file__).with_name("banners.py")))
TEXTS = 600
SMALLER = 200
"""Lines of a probe that are compiled for hyperscan here: the whole file takes it half a minute."""


@pytest.fixture(scope="module")
def book():
    if not find():
        pytest.skip("nmap is not installed: no probe file to read")
    return load(find())


def texts(book, count, seed):
    """A probe and a text for it, in a fixed order; every other text is damaged."""
    rng = random.Random(seed)
    lines = [(probe, match) for probe in (book.null, *book.probes) for match in probe.matches]
    for number in range(count):
        probe, match = rng.choice(lines)
        text = made["banner"](rewritten(match.pattern), made["pattern_flags"](match), rng)[:6_000]
        yield probe, made["damaged"](text, rng) if number % 2 else text


def told(finder, probe, text):
    hit = finder.first(probe, text)
    return None if hit is None else (hit.probe.name, hit.match.line, hit.groups, hit.filled())


@pytest.mark.skipif(pcre2 is None, reason="pcre2 is not installed")
def test_re_answers_as_pcre2_does(book):
    """`re` in its process and pcre2 in ours find the same line and the same parts in texts of all probes."""
    ours, aside = matcher(book, engine="pcre2"), matcher(book, engine="re")
    try:
        matched = 0
        for probe, text in texts(book, TEXTS, 1):
            expected = told(ours, probe, text)
            matched += expected is not None
            assert told(aside, probe, text) == expected, (probe.name, text)
        assert matched > TEXTS / 2
    finally:
        aside.close()


@pytest.mark.skipif(hyperscan is None or pcre2 is None, reason="hyperscan or pcre2 is not installed")
def test_hyperscan_leaves_nothing_out(book, tmp_path):
    """Filtered by hyperscan the answers are those of pcre2 alone."""
    small = parse(b"".join(_cut(book)))
    fast, plain = matcher(small, tmp_path), matcher(small, engine="pcre2")
    fast.hyper.build()
    assert worthwhile(small)
    for probe, text in texts(small, TEXTS, 2):
        assert told(fast, probe, text) == told(plain, probe, text), (probe.name, text)


def _cut(book):
    """The file with at most SMALLER match lines, spread evenly, of each probe."""
    lines = Path(book.path).read_bytes().splitlines(keepends=True)
    for probe in (book.null, *book.probes):
        step = max(1, len(probe.matches) // SMALLER)
        for match in probe.matches:
            if match.line % step:
                lines[match.line - 1] = b"\n"
    return lines
