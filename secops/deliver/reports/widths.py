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
_FIRM: Final = 0.7
"""Of the page, what unbroken columns may take before they are narrowed like the others."""


def shares(heads: Sequence[str], rows: Iterable[Sequence[str]], room: float, *, padding: float = 1.3) -> list[float]:
    """Fractions of the page, one a column; together 1.

    `room`: the page's width, `padding`: what surrounds a cell's words, both in ems of the list's type.
    """
    seen: list[list[str]] = [[] for _ in heads]
    for row in islice(rows, LOOKED_AT):
        for place, cell in enumerate(row):
            seen[place].append(cell)
    needs, firm = [], []
    for head, cells in zip(heads, seen, strict=True):
        longest = sorted(cells, key=len)[int(len(cells) * 0.9)] if cells else ""
        typical = sorted(width_of(cell[:60], 1) for cell in cells)[int(len(cells) * 0.9)] if cells else 0.0
        needs.append(min(_MOST, max(typical, width_of(head, 1) / 2, _LEAST)) + padding)
        firm.append(typical <= _SHORT or (longest.isascii() and len(longest) <= _WHOLE))
    held = sum(need for need, stays in zip(needs, firm, strict=True) if stays)
    rest = sum(needs) - held
    if not rest or held > room * _FIRM or held + rest <= room:
        return [need / sum(needs) for need in needs]
    return [
        need / room if stays else need / rest * (room - held) / room for need, stays in zip(needs, firm, strict=True)
    ]
