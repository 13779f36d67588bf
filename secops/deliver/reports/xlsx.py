"""A workbook: a cover, an overview with charts, then a sheet per list with filters, frozen heads and print set-up.

Rows stream and nothing is a formula. Same report, same bytes: the creation time is the data's. A list too large for
styles goes through the bulk writer (`xlsx_bulk`), which is said on the cover.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from itertools import islice
from pathlib import Path

from xlsxwriter import Workbook
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from secops.core.language import say
from secops.deliver.reports.model import Cell, Cells, Chart, Look, Report, Sheet, clean
from secops.deliver.reports.xlsx_grid import ROWS, lines, sheet_name, shown, widths

BULK = 1_000_000
"""Cells from which the bulk writer is used."""
A4 = 9
READABLE = 190
"""Characters side by side that print on one sheet of paper without a magnifying glass; wider lists go on beside it."""
_SCALE, _ROWS_OF_PAGE = 74, 40
"""Per cent at which the overview prints, and its rows that a sheet of paper then holds."""
_LINE, _LINES = 14, 12
"""Points of a line of a cell, and the most lines that a row shows."""
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


def large(report: Report) -> bool:
    """Whether the bulk writer takes it."""
    return sum(each.size * len(each.columns) for each in report.sheets) >= BULK


def write(report: Report, path: Path) -> None:
    """Write the report to `path`. Raises OSError."""
    if large(report):
        from secops.deliver.reports.xlsx_bulk import write as bulk

        bulk(report, path)
        return
    styled(report, path)


def styled(report: Report, path: Path) -> None:
    """Write it by XlsxWriter, whatever its size. Raises OSError."""
    book = Workbook(str(path), {**_OPTIONS, "tmpdir": str(path.parent)})
    try:
        created = datetime.fromtimestamp(report.data_at / 1000, UTC).replace(tzinfo=None)
        book.set_properties({"title": report.title, "created": created, "author": "secops", "comments": ""})
        _cover(book, report)
        style = _Style(book, report)
        names: set[str] = {say("封面", "Cover").lower()}
        if report.charts:
            _overview(book, report.charts, style, names)
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
        self.title: Format = book.add_format({"bold": True, "font_size": 12, "font_name": "等线"})
        self.plain = book.add_format(face)
        wrapped = book.add_format(face | {"text_wrap": True})
        self.looks: dict[Look, Format] = dict.fromkeys(Look, self.plain) | {
            Look.LONG: wrapped,
            Look.TIME: book.add_format(face | {"num_format": "yyyy-mm-dd hh:mm", "align": "left"}),
            Look.DATE: book.add_format(face | {"num_format": "yyyy-mm-dd", "align": "left"}),
        }
        self.grades: dict[str, Format] = {}
        for word, severity in report.grades.items():
            ground, ink = _COLOURS.get(severity, _COLOURS["info"])
            self.grades[word] = book.add_format(face | {"bg_color": ground, "font_color": ink, "bold": True})

    def of(self, look: Look, cell: Cell, *, wrapped: bool) -> Format:
        """The format of one cell: wrapped where its words are wider than the column."""
        if wrapped:
            return self.looks[Look.LONG]
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
    for place, (name, words) in enumerate(report.facts, 2):
        page.write_string(place, 0, str(clean(name)), label)
        page.write_string(place, 1, str(clean(words)), value)
    _printed(page, landscape=False)


def _overview(book: Workbook, charts: Sequence[Chart], style: _Style, names: set[str]) -> None:
    """The numbers of each chart, and the chart itself beside them."""
    page = book.add_worksheet(sheet_name(say("概览", "Overview"), 1, names))
    name = page.get_name()
    page.set_column(0, 0, 34)
    page.set_column(1, 1, 10)
    row = 0
    for each in charts:
        page.write_string(row, 0, str(clean(each.title)), style.title)
        first = row + 1
        for place, (label, number) in enumerate(each.parts, first):
            page.write_string(place, 0, str(clean(label)), style.plain)
            page.write_number(place, 1, number, style.plain)
        last = first + len(each.parts) - 1
        drawn = book.add_chart({"type": "bar"})
        drawn.add_series({
            "categories": [name, first, 0, last, 0], "values": [name, first, 1, last, 1], "fill": {"color": "#1D5D9B"},
            "data_labels": {"value": True}, "gap": 60,
        })  # fmt: skip
        drawn.set_title({"name": str(clean(each.title)), "name_font": {"size": 12}})
        drawn.set_legend({"none": True})
        drawn.set_y_axis({"reverse": True})
        drawn.set_x_axis({"visible": False, "major_gridlines": {"visible": False}})
        drawn.set_size({"width": 620, "height": _high(each)})
        page.insert_chart(row, 3, drawn, {"y_offset": 4})
        row += _rows_of(each)
    _printed(page, landscape=True)
    page.set_print_scale(_SCALE)
    page.set_h_pagebreaks(_breaks(charts))


def _high(chart: Chart) -> int:
    """Pixels of the chart's height."""
    return max(180, 90 + 26 * len(chart.parts))


def _rows_of(chart: Chart) -> int:
    """Rows from the chart's title to the next one's."""
    return max(len(chart.parts) + 3, 3 + _high(chart) // 20)


def _breaks(charts: Sequence[Chart]) -> list[int]:
    """The rows before which a printed page ends, so that no chart is cut."""
    found: list[int] = []
    row = begun = 0
    for each in charts:
        if row > begun and row + _rows_of(each) - begun > _ROWS_OF_PAGE:
            found.append(row)
            begun = row
        row += _rows_of(each)
    return found


def _sheets(book: Workbook, sheet: Sheet, style: _Style, names: set[str]) -> None:
    """The list, cut into as many sheets as its length needs."""
    rows = sheet.rows()
    number = 1
    while True:
        part = islice(rows, ROWS)
        first = next(part, None)
        if first is None and number > 1:
            return
        page = book.add_worksheet(sheet_name(sheet.name, number, names))
        _fill(page, sheet, style, () if first is None else _chained(first, part))
        number += 1


def _chained(first: Cells, rest: Iterator[Cells]) -> Iterator[Cells]:
    yield first
    yield from rest


def _fill(page: Worksheet, sheet: Sheet, style: _Style, rows: Iterator[Cells] | tuple[()]) -> None:
    wide = widths(sheet)
    for place, width in enumerate(wide):
        page.set_column(place, place, width)
    page.freeze_panes(1, min(2, len(sheet.columns)))
    page.repeat_rows(0)
    _printed(page, landscape=True, across=max(1, round(sum(wide) / READABLE)))
    if sum(wide) > READABLE:
        page.repeat_columns(0, 1)
    page.set_row(0, 30)
    for place, column in enumerate(sheet.columns):
        page.write_string(0, place, str(clean(column.title)), style.head)
    if sheet.note:
        page.write_comment(0, 0, str(clean(sheet.note)), {"x_scale": 3, "y_scale": 1.5, "author": "secops"})
    last = 0
    for last, row in enumerate(rows, 1):
        taken = [lines(column, raw, width) for column, raw, width in zip(sheet.columns, row, wide, strict=True)]
        if (high := max(taken, default=1)) > 1:
            page.set_row(last, _LINE * min(high, _LINES) + 2)
        for place, (column, raw) in enumerate(zip(sheet.columns, row, strict=True)):
            _cell(page, (last, place), shown(column, raw), style.of(column.look, raw, wrapped=taken[place] > 1), style)
    page.autofilter(0, 0, last, max(0, len(sheet.columns) - 1))


def _cell(
    page: Worksheet, spot: tuple[int, int], cell: Cell | datetime | date, look: Format, style: _Style
) -> None:  # fmt: skip
    row, place = spot
    if cell is None or cell == "":
        page.write_blank(row, place, None, look)
    elif isinstance(cell, datetime):
        page.write_datetime(row, place, cell, look)
    elif isinstance(cell, date):
        page.write_datetime(row, place, cell, style.looks[Look.DATE])
    elif isinstance(cell, str):
        page.write_string(row, place, cell, look)
    else:
        page.write_number(row, place, cell, look)


def _printed(page: Worksheet, *, landscape: bool, across: int = 1) -> None:
    page.set_paper(A4)
    if landscape:
        page.set_landscape()
    page.fit_to_pages(across, 0)
    page.set_margins(0.4, 0.4, 0.6, 0.6)
    page.set_footer("&L&A&C" + say("第 &P 页 共 &N 页", "page &P of &N"))
