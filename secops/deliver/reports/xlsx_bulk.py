"""A workbook of large lists through the Rust writer: constant memory, heads styled and frozen, no charts.

The library dates the file by the clock; the two small parts that say so are written anew with the data's time, so that
equal data give equal bytes.
"""

import zipfile
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime
from itertools import islice
from pathlib import Path
from typing import Any

from secops.core.language import say
from secops.deliver.reports.extra import needs
from secops.deliver.reports.model import LONGEST, Cell, Cells, Column, Look, Report, Sheet, clean
from secops.deliver.reports.xlsx_grid import ROWS, sheet_name, shown
from secops.deliver.reports.xlsx_grid import widths as fitting

_EPOCH = 25_569
"""1970-01-01 as a spreadsheet counts days."""
_ORDINAL = date(1970, 1, 1).toordinal() - _EPOCH
_PAGE = 500
_EXACT = 2**53
"""Whole numbers beyond it are told as text: a spreadsheet would round them."""
_LAST = 253_402_200_000_000
"""The first instant that no calendar has."""
_CORE, _APP = "docProps/core.xml", "docProps/app.xml"


def write(report: Report, path: Path) -> None:
    """Write the report to `path`. Raises OSError, UsageError without the extra."""
    needs("rustpy_xlsxwriter")
    from rustpy_xlsxwriter import Format, write_worksheets

    cover = say("封面", "Cover")
    names = {cover.lower()}
    label, value = say("项目", "item"), say("内容", "content")
    told = [(say("报表", "report"), report.title), *report.facts]
    pages: list[tuple[str, Any]] = [(cover, [{label: str(clean(n)), value: str(clean(v))} for n, v in told])]
    widths: dict[str, dict[str, float]] = {cover: {label: 18, value: 100}}
    formats: dict[str, dict[str, Any]] = {}
    dated = {
        Look.TIME: Format().set_num_format("yyyy-mm-dd hh:mm"), Look.DATE: Format().set_num_format("yyyy-mm-dd"),
    }  # fmt: skip
    for sheet in report.sheets:
        titles, wide = _titles(sheet), fitting(sheet)
        rows = sheet.rows()
        for number in range(1, max(1, -(-sheet.size // ROWS)) + 1):
            name = sheet_name(sheet.name, number, names)
            columns = list(zip(titles, sheet.columns, strict=True))
            pages.append((name, _records(columns, rows) if sheet.size else [dict.fromkeys(titles, "")]))
            widths[name] = dict(zip(titles, wide, strict=True))
            formats[name] = {title: dated[each.look] for title, each in columns if each.look in dated}
    head = Format().set_bold().set_background_color("#1F4E79").set_font_color("#FFFFFF")
    paper = {
        "landscape": True, "paper_size": 9, "repeat_rows": 0, "fit_to_pages": (1, 0),
        "footer": "&L&A&C" + say("第 &P 页 共 &N 页", "page &P of &N"),
    }  # fmt: skip
    write_worksheets(
        pages, str(path), freeze_panes={"general": {"row": 1, "col": 2}}, column_widths=widths, column_formats=formats,
        header_format=dict.fromkeys(widths, head), autofilter={name: name != cover for name in widths},
        page_setup=dict.fromkeys(widths, paper),
    )  # fmt: skip
    _dated(path, report)


def _titles(sheet: Sheet) -> list[str]:
    """The heads, made unlike one another: the writer takes a row by their names."""
    found: list[str] = []
    for each in sheet.columns:
        title = str(clean(each.title)) or each.key
        while title in found:
            title += "′"
        found.append(title)
    return found


def _records(columns: list[tuple[str, Column]], rows: Iterator[Cells]) -> Iterator[dict[str, Any]]:
    """The next rows that one sheet holds, a page at a time column by column: most columns can be taken as they are."""
    titles = [title for title, _ in columns]
    told = [_teller(each) for _, each in columns]
    left = ROWS
    while page := list(islice(rows, min(_PAGE, left))):
        left -= len(page)
        columns_of = zip(columns, told, zip(*page, strict=True), strict=True)
        cells = [_column(column, tell, each) for (_, column), tell, each in columns_of]
        for row in zip(*cells, strict=True):
            yield dict(zip(titles, row, strict=True))


def _column(column: Column, tell: Callable[[Cell], Any], cells: Sequence[Any]) -> Sequence[Any]:
    """What `tell` makes of each: at once where all of them are plain texts, numbers, times or flags."""
    kinds = set(map(type, cells)) - {type(None)}
    if not kinds:
        return cells
    known = [each for each in cells if each is not None]
    if column.look is Look.TIME:
        if kinds == {int} and min(known) > 0 and max(known) < _LAST:
            return [None if each is None else (each // 60_000 + 480) / 1_440 + _EPOCH for each in cells]
    elif column.look is not Look.DATE:
        if kinds == {str}:
            text = "".join(known)
            if text.isprintable() and (len(text) <= LONGEST or max(map(len, known)) <= LONGEST):
                return cells
        elif kinds == {int} and max(map(abs, known)) <= _EXACT:
            return cells
        elif kinds == {bool}:
            words = {None: None, True: tell(True), False: tell(False)}
            return [words[each] for each in cells]
    return list(map(tell, cells))


def _teller(column: Column) -> Callable[[Cell], Any]:
    """What makes a cell of this column what the spreadsheet keeps: days and times as its numbers, by their format."""

    def time(cell: Cell) -> Any:
        if not isinstance(cell, int) or not 0 < cell < _LAST:
            return clean(cell)
        return (cell // 60_000 + 480) / 1_440 + _EPOCH

    def day(cell: Cell) -> Any:
        found = shown(column, cell)
        return found.toordinal() - _ORDINAL if isinstance(found, date) else found

    def words(cell: Cell) -> Any:
        if isinstance(cell, str) and len(cell) < 1_000 and cell.isprintable():
            return cell
        return shown(column, cell)

    if column.look is Look.TIME:
        return time
    return day if column.look is Look.DATE else words


def _dated(path: Path, report: Report) -> None:
    """Write the last two parts anew: title and times of the data."""
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as book:
        core, app = (book.getinfo(name) for name in (_CORE, _APP))
        if [each.filename for each in book.filelist[-2:]] != [_CORE, _APP]:
            raise OSError("the writer's parts are in another order")
        text, kept = book.read(core).decode(), book.read(app)
        begin, end = text.index("<dcterms:created"), text.index("</cp:coreProperties>")
        at = datetime.fromtimestamp(report.data_at / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        stamps = "".join(
            f'<dcterms:{name} xsi:type="dcterms:W3CDTF">{at}</dcterms:{name}>' for name in ("created", "modified")
        )
        del book.filelist[-2:], book.NameToInfo[_CORE], book.NameToInfo[_APP]
        book.start_dir = core.header_offset
        for name, data in ((_CORE, (text[:begin] + stamps + text[end:]).encode()), (_APP, kept)):
            book.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), data, zipfile.ZIP_DEFLATED)
