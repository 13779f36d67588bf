"""How much of a page's width each column of a list gets: what its words need, names and numbers unbroken."""

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Final

from secops.deliver.reports.drawing import width_of

LOOKED_AT: Final = 200
"""Rows that the widths are judged by."""
_LEAST, _MOST = 2.1, 21.0
"""In ems: what a column's words may ask for."""
_WHOLE, _SHORT = 26, 6.0
"""Characters of an address, a code or a number, and ems of other words, that are not broken."""
_FIRM: Final = 0.85
"""Of the page, what unbroken columns may take, with the least of the others, before all give way."""
_READABLE: Final = 4.0
"""In ems: what a column keeps, so that its words are not one character a line."""


def shares(heads: Sequence[str], rows: Iterable[Sequence[str]], room: float, *, padding: float = 1.3) -> list[float]:
    """Fractions of the page, one a column; together 1.

    `room`: the page's width, `padding`: what surrounds a cell's words, both in ems of the list's type.
    """
    seen: list[list[str]] = [[] for _ in heads]
    for row in islice(rows, LOOKED_AT):
        for place, cell in enumerate(row):
            seen[place].append(cell)
    needs, least = [], []
    for head, cells in zip(heads, seen, strict=True):
        told = [cell for cell in cells if cell]
        longest = sorted(told, key=len)[int(len(told) * 0.9)] if told else ""
        wide = sorted(width_of(cell[:60], 1) for cell in told)
        usual = wide[int(len(wide) * 0.9)] if wide else 0.0
        typical = max((each for each in wide if each <= usual * 1.5 + 1), default=0.0)
        title = width_of(head, 1) / 2
        need = min(_MOST, max(typical, title, _LEAST))
        firm = typical <= _SHORT or (longest.isascii() and len(longest) <= _WHOLE)
        needs.append(need + padding)
        least.append((need if firm else min(need, max(title, _READABLE))) + padding)
    if sum(needs) <= room:
        return [need / sum(needs) for need in needs]
    if sum(least) > room * _FIRM:
        least = [min(one, max(width_of(head, 1) / 2, _READABLE) + padding)
                 for one, head in zip(least, heads, strict=True)]  # fmt: skip
    spare = room - sum(least)
    if spare <= 0:
        return [one / sum(least) for one in least]
    wanted = sum(needs) - sum(least)
    return [(one + spare * (need - one) / wanted) / room for one, need in zip(least, needs, strict=True)]
