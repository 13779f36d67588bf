"""A table as people keep it: one sheet of a workbook or one text file, row by row, with what is odd about it."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Final

from secops.core.language import say

Cell = None | bool | int | float | str | date | datetime | time | timedelta
Row = tuple[int, list[Cell]]
"""Its number as the program that made the file shows it (from 1), and its cells."""

COLUMNS_MOST: Final = 512
ROWS_MOST: Final = 1_100_000
CELL_MOST: Final = 32_767
"""Characters of a cell; what a spreadsheet can hold."""
HEAD: Final = 40
"""Rows in which the headings are looked for."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """One table."""

    file: str
    """The file's name, without its folder."""
    name: str
    """The sheet's name; empty for a text file."""
    rows: Callable[[], Iterator[Row]]
    """Reads the rows, from the first, as often as asked. Raises InvalidFile."""
    head: tuple[Row, ...] = ()
    """The first rows; a merged cell's value stands in every cell it covers."""
    hidden: bool = False
    notes: tuple[str, ...] = ()
    """What a reader of the summary should know: the encoding, macros passed by, hidden rows."""
    from_1904: bool = False
    """Bare numbers count days from 1904."""
    faults: Mapping[tuple[int, int], str] = field(default_factory=dict)
    """(row, column) from 1 -> why the cell has no value: a formula's error, or one never calculated."""

    def place(self, row: int, column: int | None = None) -> str:
        """`台账.xlsx!系统!B7`: where people find the cell (column from 0), or the row."""
        parts = [part for part in (self.file, self.name) if part]
        return "!".join([*parts, f"{letters(column)}{row}" if column is not None else str(row)])


def letters(column: int) -> str:
    """The name of a column (from 0) in spreadsheets: A, Z, AA."""
    name = ""
    at = column + 1
    while at:
        at, rest = divmod(at - 1, 26)
        name = chr(65 + rest) + name
    return name


def blank(value: Cell) -> bool:
    """Nothing, or only blanks (the ideographic one too)."""
    return value is None or (isinstance(value, str) and not value.strip())


def too_long() -> str:
    """Why a longer table is not read to its end."""
    return say(f"超过 {ROWS_MOST:,} 行，其余未读", f"more than {ROWS_MOST:,} rows, the rest is not read")
