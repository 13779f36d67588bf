"""One banner against all of nmap's patterns of its probe and of NULL: hyperscan with pcre2, pcre2 alone, `re` aside."""

import statistics
import tempfile
import time
from pathlib import Path

from secops.discover.probes.book import Book, Probe
from secops.discover.probes.file import find, load
from secops.discover.probes.match import Matcher
from secops.discover.probes.matchers import InProcess, matcher
from tests.perf.bench import Figure

RUNS = 3
PER_MS = 50.0
"""The goal: 0.02 ms a banner."""
_PAGE = b"HTTP/1.1 200 OK\r\nServer: %s\r\nDate: Tue, 24 Nov 2026 02:15:28 GMT\r\nContent-Type: text/html\r\n\r\n<html>"
_KINDS: tuple[tuple[str, bytes], ...] = (
    ("NULL", b"SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u%d\r\n"),
    ("NULL", b"220 host%d.example.cn ESMTP Postfix (Debian/GNU)\r\n"),
    ("NULL", b"220 (vsFTPd 3.0.%d)\r\n"),
    (
        "NULL",
        b"J\0\0\0\n8.0.%d\0\x0b\0\0\0abcdefgh\0\xff\xf7\xff\x02\0\xff\xc1\x15\0\0\0\0\0\0\0\0\0\0caching_sha2_password\0",
    ),
    ("NULL", b"\x01\x02\x03%d" + b"\xfe\x10" * 500),
    ("GetRequest", _PAGE % b"nginx/1.22.%d" + b"<p>welcome</p>\n" * 40),
    ("GetRequest", _PAGE % b"nobody-knows/%d" + b"<p>welcome</p>\n" * 100),
)


def banners(book: Book, count: int) -> list[tuple[Probe, bytes]]:
    """Banners of seven kinds, no two alike."""
    probes = {each.name: each for each in (book.null, *book.tcp) if each is not None}
    return [
        (probes[name], text % number)
        for number, (name, text) in ((n, _KINDS[n % len(_KINDS)]) for n in range(count))
    ]  # fmt: skip


def per_ms(finder: Matcher, texts: list[tuple[Probe, bytes]]) -> float:
    """Banners a millisecond."""
    for probe, text in texts[: len(_KINDS) * 2]:
        finder.first(probe, text)  # patterns compile when first asked about
    begun = time.perf_counter()
    for probe, text in texts:
        finder.first(probe, text)
    return len(texts) / (time.perf_counter() - begun) / 1000


def figures() -> list[Figure]:
    """Banners a millisecond with each engine; the goal is hyperscan's."""
    book = load(find())
    told: list[Figure] = []
    with tempfile.TemporaryDirectory() as folder:
        for name, count, goal in (("hyperscan", 21_000, PER_MS), ("pcre2", 3_500, 0.0), ("re", 3_500, 0.0)):
            made = matcher(book, Path(folder), name)
            note = "all patterns of the probe and NULL"
            if isinstance(made, InProcess) and made.hyper is not None:
                begun = time.perf_counter()
                made.hyper.build()
                note += f"; databases compiled once in {time.perf_counter() - begun:.0f} s"
            runs = [per_ms(made, banners(book, count)) for _ in range(RUNS)]
            made.close()
            label = "banner_match" if goal else f"banner_{name}"
            each = f"{1 / statistics.median(runs):.4f} ms a banner; {note}"
            told.append(
                Figure(label, statistics.median(runs), None, "per ms", goal, (min(runs), max(runs)), None, "", each)
            )
    return told
