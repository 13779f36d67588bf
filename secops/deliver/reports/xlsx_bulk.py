"""A workbook of large lists through the Rust writer: constant memory, heads styled and frozen, no charts.

The library dates the file by the clock; the two small parts that say so are written anew with the data's time, so that
equal data give equal bytes.
"""

import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

from secops.core.language import say
from secops.deliver.reports.extra import needs
from secops.deliver.reports.model import Column, Look, Report, Sheet, clean
from secops.deliver.reports.xlsx import ROWS, WIDTHS, sheet_name, shown

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
        titles = _titles(sheet)
        rows = sheet.rows()
        for number in range(1, max(1, -(-sheet.size // ROWS)) + 1):
            name = sheet_name(sheet.name, number, names)
            columns = list(zip(titles, sheet.columns, strict=True))
            pages.append((name, _records(columns, rows) if sheet.size else [dict.fromkeys(titles, "")]))
            widths[name] = {title: WIDTHS[each.look] for title, each in columns}
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


def _records(columns: list[tuple[str, Column]], rows: Iterator[tuple[Any, ...]]) -> Iterator[dict[str, Any]]:
    """The next rows that one sheet holds. A text column that needs no change is passed as it is."""
    plain = [title for title, _ in columns]
    odd = [(place, title, each) for place, (title, each) in enumerate(columns)]
    for row in islice(rows, ROWS):
        record = dict(zip(plain, row, strict=True))
        for place, title, each in odd:
            cell = row[place]
            if type(cell) is not str or each.look is Look.DATE or not cell.isascii() or not cell.isprintable():
                record[title] = shown(each, cell)
            elif len(cell) > 32_000:
                record[title] = clean(cell)
        yield record


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
