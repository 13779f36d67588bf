"""What a spreadsheet's sheets can hold: rows, names, widths, and cells as its own times and numbers."""

import re
import unicodedata
from datetime import date, datetime
from itertools import islice

from secops.core.clock import CHINA
from secops.deliver.reports.model import Cell, Column, Look, Sheet, clean, text

ROWS = 1_048_575
"""Rows below the head that one sheet holds."""
_LEAST, _MOST = 6, 50
"""Characters of a column's width; what is longer is wrapped."""
_FIXED = {Look.TIME: 17, Look.DATE: 12}
_LOOKED_AT = 1_000
"""Rows that the widths are judged by."""
_OFTEN = 0.95
"""Of the cells, those that a column has room for: a few long ones do not widen it."""
_ROOM_OF_BUTTON = 3
"""Characters that the filter's button covers of a head."""


def characters(words: str) -> int:
    """How many characters of a spreadsheet's width the words take."""
    return sum(2 if unicodedata.east_asian_width(each) in "WF" else 1 for each in words)


def lines(column: Column, cell: Cell, wide: int) -> int:
    """How many lines the cell takes in a column so wide."""
    if not isinstance(cell, str) or column.look not in {Look.TEXT, Look.LONG}:
        return 1
    if 2 * len(cell) <= wide and "\n" not in cell:
        return 1
    return sum(max(1, -(-characters(each) // wide)) for each in cell[: wide * 20].split("\n"))


def widths(sheet: Sheet) -> list[int]:
    """The width of each column, in characters: what its cells need, and its head in two lines."""
    seen: list[list[int]] = [[] for _ in sheet.columns]
    for row in islice(sheet.rows(), _LOOKED_AT):
        for place, (column, cell) in enumerate(zip(sheet.columns, row, strict=True)):
            if cell is not None and column.look not in _FIXED:
                told = text(column, cell)[: 2 * _MOST]
                seen[place].append(max(map(characters, told.split("\n"))))
    found = []
    for column, cells in zip(sheet.columns, seen, strict=True):
        usual = sorted(cells)[int((len(cells) - 1) * _OFTEN)] if cells else 0
        head = min(characters(column.title), (characters(column.title) + 1) // 2 + 2) + _ROOM_OF_BUTTON
        found.append(min(_MOST, max(_LEAST, _FIXED.get(column.look, usual + 2), head)))
    return found


def sheet_name(words: str, number: int, names: set[str]) -> str:
    """A sheet name: at most 31 characters, none that spreadsheets forbid, unlike the others."""
    plain = re.sub(r"[\[\]:*?/\\']", "_", str(clean(words)).replace("\n", " ")) or "_"
    tail = f" ({number})" if number > 1 else ""
    name = plain[: 31 - len(tail)] + tail
    while name.lower() in names:
        number += 1
        tail = f" ({number})"
        name = plain[: 31 - len(tail)] + tail
    names.add(name.lower())
    return name


def shown(column: Column, raw: Cell) -> Cell | datetime | date:
    """The cell as a spreadsheet keeps it: times and days as its own, so that they sort and filter."""
    if column.look is Look.TIME and isinstance(raw, int) and 0 < raw < 253_402_200_000_000:
        minute = datetime.fromtimestamp(raw / 1000, CHINA).replace(tzinfo=None, second=0, microsecond=0)
        if minute.year < 1901:
            return text(column, raw)
        return minute if minute.hour or minute.minute else minute.date()
    if column.look is Look.DATE and isinstance(raw, str):
        try:
            day = date.fromisoformat(raw)
        except ValueError:
            return clean(raw)
        return day if day.year >= 1901 else raw
    if isinstance(raw, bool):
        return text(column, raw)
    if isinstance(raw, int) and abs(raw) > 2**53:
        return str(raw)
    return clean(raw)
