"""Sorted, disjoint, inclusive ranges of whole numbers: the arithmetic beneath address and port sets."""

from bisect import bisect_right
from collections.abc import Iterable

Range = tuple[int, int]
Ranges = tuple[Range, ...]

END = 1 << 130
"""Beyond every address."""


def normalise(pairs: Iterable[Range]) -> Ranges:
    """The same numbers as sorted ranges that neither overlap nor touch."""
    merged: list[Range] = []
    for first, last in sorted(pairs):
        if last < first:
            raise ValueError(f"range runs backwards: {first}-{last}")
        if merged and first <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(merged[-1][1], last))
        else:
            merged.append((first, last))
    return tuple(merged)


def holds(ranges: Ranges, number: int) -> bool:
    """Is the number in one of them? Logarithmic."""
    place = bisect_right(ranges, (number, END)) - 1
    return place >= 0 and number <= ranges[place][1]


def intersect(left: Ranges, right: Ranges) -> Ranges:
    """What both hold. Linear."""
    common: list[Range] = []
    i = j = 0
    while i < len(left) and j < len(right):
        first = max(left[i][0], right[j][0])
        last = min(left[i][1], right[j][1])
        if first <= last:
            common.append((first, last))
        if left[i][1] < right[j][1]:
            i += 1
        else:
            j += 1
    return tuple(common)


def minus(left: Ranges, right: Ranges) -> Ranges:
    """What only the left holds. Linear."""
    kept: list[Range] = []
    j = 0
    for first, last in left:
        start = first
        while j < len(right) and right[j][1] < start:
            j += 1
        k = j
        while k < len(right) and right[k][0] <= last:
            if start < right[k][0]:
                kept.append((start, right[k][0] - 1))
            start = right[k][1] + 1
            k += 1
        if start <= last:
            kept.append((start, last))
    return tuple(kept)


def count(ranges: Ranges) -> int:
    """How many numbers they hold."""
    return sum(last - first + 1 for first, last in ranges)
