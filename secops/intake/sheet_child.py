"""The process that opens a workbook: answers with what its sheets are, or with the rows of one, and ends."""

import os
import resource
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from itertools import islice, takewhile
from typing import Any, Final

from secops.intake import sheet_stream
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
        streamed = sheet_stream.large(path)
        if what == "rows" and name in streamed:
            _stream(line, path, streamed[name])
            line.send(("done", None))
            return
        with calamine.load_workbook(path) as book:
            if what == "survey":
                for each in islice(book.sheets_metadata, _SHEETS):
                    if "WorkSheet" in str(each.typ):
                        line.send(("sheet", _surveyed(book, path, each, streamed)))
            else:
                for part in _batches(rows(book.get_sheet_by_name(name))):
                    line.send(("rows", part))
        line.send(("done", None))
    except calamine.PasswordError:
        line.send(("locked", None))
    except BaseException as error:  # noqa: BLE001 - panics of native code are no Exception
        line.send(("error", f"{type(error).__name__}: {error}"))


def _surveyed(book: Any, path: str, about: Any, streamed: Mapping[str, str]) -> dict[str, object]:
    hidden = not str(about.visible).endswith(".Visible")
    if about.name not in streamed:
        return survey(book.get_sheet_by_name(about.name), hidden)
    with closing(sheet_stream.Stream(path)) as stream:
        merges = stream.merges(streamed[about.name])
        head = _topmost(stream.rows(streamed[about.name]))
    return {
        "name": about.name, "hidden": hidden, "merges_known": True, "head": _covered(head, merges), "rows": None,
    }  # fmt: skip


def _stream(line: Any, path: str, part: str) -> None:
    with closing(sheet_stream.Stream(path)) as stream:
        merges = stream.merges(part)
        for rows in _batches(_spread(_padded(stream.rows(part), merges), merges)):
            line.send(("rows", rows))


def _topmost(found: Iterator[Row]) -> list[Row]:
    """The rows up to HEAD, those that hold nothing too, as wide as each other."""
    told = dict(takewhile(lambda each: each[0] <= HEAD, found))
    width = max(map(len, told.values()), default=0)
    wanted = range(1, max(told, default=0) + 1)
    return [(number, (row := told.get(number, [])) + [None] * (width - len(row))) for number in wanted]


def _padded(found: Iterator[Row], merges: Sequence[Span]) -> Iterator[Row]:
    """The rows as wide as the columns that are merged downwards reach."""
    width = min(COLUMNS_MOST, max((left + 1 for top, left, bottom, _ in merges if bottom > top), default=0))
    for number, row in found:
        yield number, row + [None] * (width - len(row))


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

    def plain() -> Iterator[Row]:
        for place, cells in enumerate(sheet.iter_rows()):
            yield place + 1, [None if each == "" else each for each in (pad + cells)[:COLUMNS_MOST]]

    yield from _spread(plain(), () if raw else _merges(sheet))


def _spread(found: Iterator[Row], merges: Sequence[Span]) -> Iterator[Row]:
    downward = _downward(merges)
    held: dict[int, tuple[int, Any]] = {}
    for number, row in found:
        place = number - 1
        if held and any(each is not None for each in row):
            for column, (last, value) in list(held.items()):
                if place > last:
                    del held[column]
                elif column < len(row) and row[column] is None:
                    row[column] = value
        for column, last in downward.get(place, ()):
            if column < len(row):
                held[column] = (last, row[column])
        yield number, row


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
