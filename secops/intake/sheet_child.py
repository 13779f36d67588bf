"""The process that opens a workbook: answers with what its sheets are, or with the rows of one, and ends."""

import os
import resource
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, Final

from secops.intake.sheet import COLUMNS_MOST, HEAD, Row

_BATCH: Final = 2_000
_WHOLE: Final = 200_000
"""Cells of a sheet that is sent at once with the survey."""
_SHEETS: Final = 200
_MERGES: Final = 200_000
_CPU_SECONDS: Final = 900

Span = tuple[int, int, int, int]
"""First row, first column, last row, last column, from 0."""


def serve(line: Any, path: str, what: str, name: str, memory: int) -> None:
    """The process. Sends (kind, value) words; the last is `done`, `locked` or `error`."""
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (_CPU_SECONDS, _CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 2)  # the library's dying words are no line for a user
    try:
        import python_calamine as calamine  # noqa: PLC0415 - an extra, and only the child needs it
    except ImportError as error:
        line.send(("error", str(error)))
        return
    try:
        with calamine.load_workbook(path) as book:
            if what == "survey":
                for each in islice(book.sheets_metadata, _SHEETS):
                    if "WorkSheet" in str(each.typ):
                        line.send(
                            (
                                "sheet",
                                survey(book.get_sheet_by_name(each.name), not str(each.visible).endswith(".Visible")),
                            )
                        )
            else:
                for part in _batches(rows(book.get_sheet_by_name(name))):
                    line.send(("rows", part))
        line.send(("done", None))
    except calamine.PasswordError:
        line.send(("locked", None))
    except BaseException as error:  # noqa: BLE001 - panics of native code are no Exception
        line.send(("error", f"{type(error).__name__}: {error}"))


def survey(sheet: Any, hidden: bool) -> dict[str, object]:
    """What a sheet is, its first rows, and all of them if they are few."""
    merges = _merges(sheet)
    head = [(number, list(cells)) for number, cells in islice(rows(sheet, raw=True), HEAD)]
    few = sheet.total_height * min(sheet.total_width, COLUMNS_MOST) <= _WHOLE
    return {
        "name": sheet.name, "hidden": hidden, "merges_known": sheet.merged_cell_ranges is not None,
        "head": _covered(head, merges), "rows": list(rows(sheet)) if few else None,
    }  # fmt: skip


def rows(sheet: Any, *, raw: bool = False) -> Iterator[Row]:
    """The rows; a cell merged downwards has its value in each row it covers, unless the row holds nothing else."""
    if sheet.start is None:
        return
    left = sheet.start[1]  # rows come from the first, columns from the first that holds anything
    pad: list[Any] = [None] * left
    downward = {} if raw else _downward(_merges(sheet))
    held: dict[int, tuple[int, Any]] = {}
    for place, cells in enumerate(sheet.iter_rows()):
        row = [None if each == "" else each for each in (pad + cells)[:COLUMNS_MOST]]
        empty = all(each is None for each in row)
        if not empty:
            for column, (last, value) in list(held.items()):
                if place > last:
                    del held[column]
                elif column < len(row) and row[column] is None:
                    row[column] = value
        for column, last in downward.get(place, ()):
            if column < len(row):
                held[column] = (last, row[column])
        yield place + 1, row


def _merges(sheet: Any) -> list[Span]:
    found = sheet.merged_cell_ranges or []
    return [(top, left, bottom, right) for (top, left), (bottom, right) in found[:_MERGES]]


def _downward(merges: Sequence[Span]) -> dict[int, list[tuple[int, int]]]:
    found: dict[int, list[tuple[int, int]]] = {}
    for top, left, bottom, _ in merges:
        if bottom > top:
            found.setdefault(top, []).append((left, bottom))
    return found


def _covered(head: list[Row], merges: Sequence[Span]) -> list[Row]:
    """The rows with a merged cell's value in every cell it covers."""
    by_number = dict(head)
    for top, left, bottom, right in merges:
        first = by_number.get(top + 1)
        if first is None or left >= len(first):
            continue
        for number in range(top + 1, min(bottom + 1, top + HEAD) + 1):
            row = by_number.get(number, [])
            for column in range(left, min(right + 1, len(row))):
                row[column] = first[left] if row[column] is None else row[column]
    return head


def _batches(found: Iterator[Row]) -> Iterator[list[Row]]:
    while part := list(islice(found, _BATCH)):
        yield part
