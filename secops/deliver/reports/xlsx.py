"""A workbook: a cover, then a sheet per list with filters, frozen heads and print set-up.

Rows stream and nothing is a formula. Same report, same bytes: the creation time is the data's.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

from xlsxwriter import Workbook
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from secops.core.language import say
from secops.deliver.reports.model import Cell, Cells, Look, Report, Sheet, clean

ROWS = 1_048_575
"""Rows below the head that one sheet holds."""
A4 = 9
_WIDTHS = {Look.TEXT: 18, Look.LONG: 42, Look.NUMBER: 10, Look.TIME: 17, Look.SEVERITY: 10}
_COLOURS = {
    "critical": ("#8E1B2E", "#FFFFFF"),
    "high": ("#F4B6A0", "#000000"),
    "medium": ("#FBE3A1", "#000000"),
    "low": ("#CFE2F5", "#000000"),
    "info": ("#EDEFF2", "#000000"),
}
_OPTIONS = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
    "default_date_format": "yyyy-mm-dd hh:mm",
}


def write(report: Report, path: Path) -> None:
    """Write the report to `path`. Raises OSError."""
    book = Workbook(str(path), {**_OPTIONS, "tmpdir": str(path.parent)})
    try:
        created = datetime.fromtimestamp(report.data_at / 1000, UTC).replace(tzinfo=None)
        book.set_properties({"title": report.title, "created": created, "author": "secops", "comments": ""})
        _cover(book, report)
        style = _Style(book, report)
        names: set[str] = set()
        for sheet in report.sheets:
            _sheets(book, sheet, style, names)
    finally:
        book.close()


class _Style:
    """The formats of one workbook."""

    def __init__(self, book: Workbook, report: Report) -> None:
        face = {"font_name": "等线", "font_size": 10, "valign": "top", "border": 1, "border_color": "#D5DCE3"}
        self.head: Format = book.add_format(
            face
            | {"bold": True, "bg_color": "#1F4E79", "font_color": "#FFFFFF", "text_wrap": True, "valign": "vcenter"}
        )
        plain = book.add_format(face)
        wrapped = book.add_format(face | {"text_wrap": True})
        self.looks: dict[Look, Format] = {
            Look.TEXT: plain,
            Look.LONG: wrapped,
            Look.NUMBER: plain,
            Look.TIME: plain,
            Look.SEVERITY: plain,
        }
        self.grades: dict[str, Format] = {}
        for word, severity in report.grades.items():
            ground, ink = _COLOURS.get(severity, _COLOURS["info"])
            self.grades[word] = book.add_format(face | {"bg_color": ground, "font_color": ink, "bold": True})

    def of(self, look: Look, cell: Cell) -> Format:
        """The format of one cell."""
        return self.grades.get(str(cell), self.looks[look]) if look is Look.SEVERITY else self.looks[look]


def _cover(book: Workbook, report: Report) -> None:
    page = book.add_worksheet(say("封面", "Cover"))
    page.set_column(0, 0, 18)
    page.set_column(1, 1, 90)
    title = book.add_format({"bold": True, "font_size": 20, "font_name": "等线"})
    label = book.add_format({"bold": True, "font_name": "等线", "valign": "top", "bg_color": "#F3F6F9", "border": 1})
    value = book.add_format({"font_name": "等线", "text_wrap": True, "valign": "top", "border": 1})
    page.set_row(0, 36)
    page.write_string(0, 0, str(clean(report.title)), title)
    for place, (name, text) in enumerate(report.facts, 2):
        page.write_string(place, 0, str(clean(name)), label)
        page.write_string(place, 1, str(clean(text)), value)
    _printed(page, landscape=False)


def _sheets(book: Workbook, sheet: Sheet, style: _Style, names: set[str]) -> None:
    """The list, cut into as many sheets as its length needs."""
    rows = sheet.rows()
    number = 1
    while True:
        part = islice(rows, ROWS)
        first = next(part, None)
        if first is None and number > 1:
            return
        page = book.add_worksheet(_name(sheet.name, number, names))
        _fill(page, sheet, style, () if first is None else _chained(first, part))
        number += 1


def _chained(first: Cells, rest: Iterator[Cells]) -> Iterator[Cells]:
    yield first
    yield from rest


def _fill(page: Worksheet, sheet: Sheet, style: _Style, rows: Iterator[Cells] | tuple[()]) -> None:
    for place, column in enumerate(sheet.columns):
        page.set_column(place, place, _WIDTHS[column.look])
    page.freeze_panes(1, min(2, len(sheet.columns)))
    page.repeat_rows(0)
    _printed(page, landscape=True)
    page.set_row(0, 24)
    for place, column in enumerate(sheet.columns):
        page.write_string(0, place, str(clean(column.title)), style.head)
    last = 0
    for last, row in enumerate(rows, 1):
        for place, (column, raw) in enumerate(zip(sheet.columns, row, strict=True)):
            cell = clean(raw)
            look = style.of(column.look, cell)
            if cell is None or cell == "":
                page.write_blank(last, place, None, look)
            elif isinstance(cell, str):
                page.write_string(last, place, cell, look)
            else:
                page.write_number(last, place, cell, look)
    page.autofilter(0, 0, last, max(0, len(sheet.columns) - 1))


def _printed(page: Worksheet, *, landscape: bool) -> None:
    page.set_paper(A4)
    if landscape:
        page.set_landscape()
    page.fit_to_pages(1, 0)
    page.set_margins(0.4, 0.4, 0.6, 0.6)
    page.set_footer("&L&A&C" + say("第 &P 页 共 &N 页", "page &P of &N"))


def _name(text: str, number: int, names: set[str]) -> str:
    """A sheet name: at most 31 characters, none that spreadsheets forbid, unlike the others."""
    plain = re.sub(r"[\[\]:*?/\\']", "_", str(clean(text))) or "_"
    tail = f" ({number})" if number > 1 else ""
    name = plain[: 31 - len(tail)] + tail
    while name.lower() in names:
        number += 1
        tail = f" ({number})"
        name = plain[: 31 - len(tail)] + tail
    names.add(name.lower())
    return name
