"""How much of a page's width each column of a list gets: what its words need, names and numbers unbroken."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import Final

from secops.deliver.reports.drawing import width_of

LOOKED_AT: Final = 1_000
"""Rows that the widths are judged by: those that paper shows."""
_LEAST, _MOST = 2.1, 21.0
"""In ems: what a column's words may ask for."""
_SHORT: Final = 6.0
"""Ems of words that are not broken."""
_READABLE: Final = 4.0
"""In ems: what a column keeps, so that its words are not one character a line."""
WHOLE: Final = 26.0
"""Ems of the longest address, code or number that is kept on one line; a digest may break."""
TOKEN: Final = re.compile(r"[（“]?[\x21-\x7e]+[、，；：。）]?")
"""What does not read well when it is broken, with the mark behind it that no line may begin with."""


@dataclass(frozen=True, slots=True)
class Fit:
    """The columns of one list on paper."""

    shares: Sequence[float]
    """Fractions of the page, one a column; together 1."""
    type: float
    """Size of the list's type, as a part of the usual."""


def shares(heads: Sequence[str], rows: Iterable[Sequence[str]], room: float, *, padding: float = 1.3) -> list[float]:
    """Fractions of the page in type of the usual size, one a column; together 1."""
    return list(fit(heads, rows, room, padding=padding, smallest=1.0).shares)


def fit(
    heads: Sequence[str], rows: Iterable[Sequence[str]], room: float, *, padding: float = 1.3, smallest: float = 0.8
) -> Fit:
    """The columns' shares, and how small the type must be (`smallest` at the least) for nothing whole to be broken.

    `room`: the page's width, `padding`: what surrounds a cell's words, both in ems of the list's usual type.
    """
    seen: list[list[str]] = [[] for _ in heads]
    for row in islice(rows, LOOKED_AT):
        for place, cell in enumerate(row):
            if cell:
                seen[place].append(cell)
    least, needs = [], []
    for head, cells in zip(heads, seen, strict=True):
        low, need = _asked(head, cells)
        least.append(low + padding)
        needs.append(max(low, need) + padding)
    size = min(1.0, max(smallest, room / sum(least)))
    room /= size
    if sum(needs) <= room:
        return Fit([need / sum(needs) for need in needs], size)
    least = _levelled(least, room)
    wanted = sum(needs) - sum(least)
    spare = room - sum(least)
    return Fit([(one + spare * (need - one) / wanted) / room for one, need in zip(least, needs, strict=True)], size)


def _asked(head: str, cells: Sequence[str]) -> tuple[float, float]:
    """The ems below which something of the column is broken, and those that its words would like."""
    wide = sorted(width_of(cell[:60], 1) for cell in cells)
    usual = wide[int(len(wide) * 0.9)] if wide else 0.0
    typical = max((each for each in wide if each <= usual * 1.5 + 1), default=0.0)
    title = width_of(head, 1) / 2
    need = min(_MOST, max(typical, title, _LEAST))
    whole = max((widest(cell) for cell in cells), default=0.0)
    return max(need if typical <= _SHORT else min(need, max(title, _READABLE)), whole), need


def _levelled(least: list[float], room: float) -> list[float]:
    """The same where it fits; else the widest give way to one another, narrow ones keep what they need."""
    left, level = room, room
    for place, one in enumerate(sorted(least)):
        level = left / (len(least) - place)
        if one > level:
            break
        left -= one
    else:
        return least
    return [min(one, level) for one in least]


@lru_cache(maxsize=50_000)
def widest(cell: str) -> float:
    """Ems of the widest part of the cell that is kept whole."""
    parts = (width_of(each, 1) for each in TOKEN.findall(cell[:500]))
    return max((each for each in parts if each <= WHOLE), default=0.0)
