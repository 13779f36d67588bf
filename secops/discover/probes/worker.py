"""Matching with `re` in a process of its own, killed when one answer takes too long.

Which pattern is at work stands in shared memory: after a kill that pattern is left out from then on and the answer is
tried again without it, so one bad pattern costs one delay, not the run.
"""

import contextlib
import multiprocessing
from multiprocessing.connection import Connection
from multiprocessing.sharedctypes import RawArray
from typing import Any

from secops.discover.probes.book import Book, Probe
from secops.discover.probes.engines import Plain
from secops.discover.probes.heads import Heads
from secops.discover.probes.template import Groups

SECONDS = 1.0
"""For one answer against one probe's chain."""
_TRIES = 3
_START_SECONDS = 20.0

Found = tuple[int, int, Groups]
"""Place of the probe in the chain, number of its match, groups."""


class Worker:
    """The process, started when first needed. `barred` holds (line of the probe, number) of patterns found too slow."""

    def __init__(self, book: Book, seconds: float = SECONDS) -> None:
        self._book = book
        self._seconds = seconds
        self._context = multiprocessing.get_context("spawn")
        self._process: multiprocessing.process.BaseProcess | None = None
        self._line: Connection[Any, Any] | None = None
        self._place = RawArray("q", 2)
        self.barred: set[tuple[int, int]] = set()

    def start(self) -> None:
        """Begin the process and wait until it is ready."""
        if self._process is not None and self._process.is_alive():
            return
        ours, theirs = self._context.Pipe()
        self._process = self._context.Process(
            target=_serve, args=(theirs, self._book, self._place, frozenset(self.barred)), daemon=True
        )
        self._process.start()
        theirs.close()
        self._line = ours
        if not ours.poll(_START_SECONDS):
            self.close()

    def answer(self, probe: Probe, data: bytes) -> Found | None:
        """The first match of the probe's chain; None also where time ran out again and again."""
        for _ in range(_TRIES):
            self.start()
            if self._line is None:
                return None
            try:
                if self._line.poll(0):
                    self._line.recv()  # the word that it is ready
                self._line.send((probe.line, data))
                if self._line.poll(self._seconds):
                    found: Found | None = self._line.recv()
                    return found
            except (EOFError, OSError):
                pass
            else:
                self.barred.add((self._place[0], self._place[1]))
            self.close()
        return None

    def close(self) -> None:
        """End the process."""
        if self._process is not None:
            self._process.kill()
            self._process.join(5)
            self._process = None
        if self._line is not None:
            with contextlib.suppress(OSError):
                self._line.close()
            self._line = None


def _serve(line: "Connection[Any, Any]", book: Book, place: Any, barred: frozenset[tuple[int, int]]) -> None:
    """The process: answers until the other end is closed."""
    probes = {each.line: each for each in (*book.probes, *([book.null] if book.null else []))}
    search = _Search(place, barred)
    line.send(None)
    while True:
        try:
            number, data = line.recv()
        except (EOFError, OSError):
            return
        line.send(search.first(probes[number], data))


class _Search:
    """What the process keeps between answers."""

    def __init__(self, place: Any, barred: frozenset[tuple[int, int]]) -> None:
        self._engine = Plain()
        self._heads: dict[int, Heads] = {}
        self._place = place
        self._barred = barred

    def first(self, probe: Probe, data: bytes) -> Found | None:
        """The first match of the probe's chain, each pattern noted before it is tried."""
        for depth, each in enumerate(probe.chain):
            heads = self._heads.get(each.line)
            if heads is None:
                heads = self._heads[each.line] = Heads(each.matches)
            for number in heads.candidates(data):
                if (each.line, number) in self._barred:
                    continue
                self._place[0], self._place[1] = each.line, number
                groups = self._engine.search(each.matches[number], data)
                if groups is not None:
                    return depth, number, groups
        return None
