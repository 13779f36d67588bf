"""The addresses of a set, portion by portion, and an order in which neighbours lie far apart."""

from bisect import bisect_right
from collections.abc import Iterator
from itertools import accumulate
from math import gcd

from secops.scope.intervals import IntervalSet

_GOLDEN = 0.618_033_988_75
"""Steps of this share of a line visit it evenly, however many are made."""


class Portions:
    """The addresses of a set in portions of `size`, each computed where it is wanted: a /8 takes no memory."""

    def __init__(self, whole: IntervalSet, size: int) -> None:
        self._line = whole.line
        self._size = size
        self._begins = list(accumulate((last - first + 1 for first, last in self._line), initial=0))

    def __len__(self) -> int:
        return (self._begins[-1] + self._size - 1) // self._size

    def __getitem__(self, place: int) -> IntervalSet:
        start, stop = place * self._size, min((place + 1) * self._size, self._begins[-1])
        spans: list[tuple[int, int]] = []
        part = bisect_right(self._begins, start) - 1
        while start < stop:
            first = self._line[part][0] + start - self._begins[part]
            taken = min(stop, self._begins[part + 1]) - start
            spans.append((first, first + taken - 1))
            start, part = start + taken, part + 1
        return IntervalSet.of(spans)


def spread(count: int) -> Iterator[int]:
    """Every number below `count` once, neighbours far apart."""
    step = max(1, round(count * _GOLDEN))
    while gcd(step, count) > 1:
        step -= 1
    for turn in range(count):
        yield turn * step % count
