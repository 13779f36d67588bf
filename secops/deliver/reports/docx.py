"""Word by a template that people edit. Charts and pictures are PNG; long lists show their first rows, and say so.

Same report, same template, same bytes: the parts are dated by the data.
"""

import io
import zipfile
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

from secops.core.errors import InvalidFile
from secops.core.language import say
from secops.deliver.reports import fonts
from secops.deliver.reports.chart import bars
from secops.deliver.reports.docx_names import unknown
from secops.deliver.reports.docx_template import NAME, make
from secops.deliver.reports.drawing import Drawing
from secops.deliver.reports.extra import needs
from secops.deliver.reports.model import Cell, Report, Sheet, brief, clean, text
from secops.deliver.reports.page import left_out
from secops.deliver.reports.widths import fit

ROWS = 500
"""Rows of a list that Word shows; it grows slow with more."""
_EM = 8 * 12_700
"""The type of its lists, in the unit of its widths."""
_WIDE_MM, _HIGH_MM, _CHART_MM = 262.0, 150.0, 170.0


def write(report: Report, path: Path, template: Path | None = None) -> None:
    """Write the report to `path` by the template (None: the one that ships).

    Raises OSError, UsageError without the extra or a Chinese font for pictures, InvalidFile for a broken template and
    for one that names what there is not: printed as nothing it would be missed by nobody.
    """
    needs("docxtpl")
    from docx.shared import Mm
    from docxtpl import DocxTemplate, InlineImage
    from jinja2 import TemplateError
    from jinja2.sandbox import SandboxedEnvironment

    if report.charts or report.pictures:
        needs("PIL")
        fonts.needed()
    source: Path | io.BytesIO = template or _shipped(path)
    try:
        book = DocxTemplate(source)
        images = [
            {"title": str(clean(title)), "image": InlineImage(book, io.BytesIO(_png(drawing)), width=Mm(wide))}
            for title, drawing, wide in _drawings(report)
        ]
        sheets = [_sheet(each) for each in report.sheets]
        context = {
            "title": str(clean(report.title)), "pictures": images, "sheets": sheets,
            "facts": [{"label": str(clean(name)), "value": str(clean(value))} for name, value in report.facts],
        }  # fmt: skip
        names = SandboxedEnvironment(autoescape=True, undefined=unknown(str(template or NAME), context))
        book.render(context, names, autoescape=True)
        out = io.BytesIO()
        _fitted(book.docx, sheets)
        told = book.docx.core_properties
        told.title, told.author, told.last_modified_by = str(clean(report.title)), "secops", "secops"
        told.created = told.modified = datetime.fromtimestamp(report.data_at / 1000, UTC).replace(tzinfo=None)
        told.revision = 1
        book.save(out)
    except (
        TemplateError,
        zipfile.BadZipFile,
        LookupError,
        ValueError,
        TypeError,
        ArithmeticError,
        SyntaxError,
    ) as error:
        raise InvalidFile(
            "E6309",
            say("Word 模板用不了", "the Word template cannot be used"),
            where=str(template or NAME),
            why=f"{type(error).__name__}: {error}"[:300],
            hint=say(
                "在 Word 里改正；或先另存一份，再用 secops report template copy --force 换回自带的",
                "mend it in Word; or keep a copy and take the shipped one: secops report template copy --force",
            ),
        ) from error
    _dated(out, path)


def _shipped(path: Path) -> io.BytesIO:
    part = path.with_name(path.name + ".template")
    try:
        make(part)
        return io.BytesIO(part.read_bytes())
    finally:
        part.unlink(missing_ok=True)


def _drawings(report: Report) -> list[tuple[str, Drawing, float]]:
    found = [("", bars(each), _CHART_MM) for each in report.charts]
    for each in report.pictures:
        wide = min(_WIDE_MM, each.drawing.width * 0.2646, _HIGH_MM * each.drawing.width / each.drawing.height)
        found.append((each.title, each.drawing, wide))
    return found


def _png(drawing: Drawing) -> bytes:
    from secops.deliver.reports.drawing_png import png

    return png(drawing)


def _sheet(sheet: Sheet) -> dict[str, Any]:
    places, hidden = brief(sheet)
    columns = [sheet.columns[place] for place in places]
    rows = [
        {"cells": [_cell(text(sheet.columns[place], row[place])) for place in places]}
        for row in islice(sheet.rows(), ROWS)
    ]
    return {
        "name": str(clean(sheet.name)), "size": sheet.size, "note": str(clean(sheet.note)), "rows": rows,
        "heads": [str(clean(each.title)) for each in columns], "left_out": left_out(sheet, ROWS, hidden),
    }  # fmt: skip


def _fitted(book: Any, sheets: list[dict[str, Any]]) -> None:
    """Give the columns of each list the room their words need, in the order of the lists."""
    from docx.oxml.ns import qn

    left = [each for each in sheets if each["size"]]
    part = book.sections[0]
    whole = int(part.page_width - part.left_margin - part.right_margin)
    for table in book.tables:
        rows = table._tbl.tr_lst  # noqa: SLF001 - the library's own way takes time with the square of the rows
        heads = ["".join(node.text or "" for node in cell.iter() if node.tag.endswith("}t")) for cell in rows[0].tc_lst]
        if not left or heads != left[0]["heads"]:
            continue
        sheet = left.pop(0)
        cells = (row["cells"] for row in sheet["rows"])
        fitted = fit(heads, cells, whole / _EM, padding=2.0)
        widths = [round(whole * each) for each in fitted.shares]
        for size in table._tbl.iter(qn("w:sz")) if fitted.type < 1 else ():  # noqa: SLF001 - as above
            size.val = round(size.val * fitted.type)
        table.autofit = False
        for column, width in zip(table._tbl.tblGrid.gridCol_lst, widths, strict=False):  # noqa: SLF001 - as above
            column.w = width
        for row in rows:
            for cell, width in zip(row.tc_lst, widths, strict=False):
                cell.width = width


def _cell(value: Cell) -> str:
    found = str(clean(value))
    return found if len(found) <= 2_000 else found[:2_000] + "…"


def _dated(made: io.BytesIO, path: Path) -> None:
    """The parts in their order, each dated 1980: the clock is not in the file."""
    with zipfile.ZipFile(made) as source, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as book:
        for each in source.infolist():
            book.writestr(
                zipfile.ZipInfo(each.filename, (1980, 1, 1, 0, 0, 0)), source.read(each), zipfile.ZIP_DEFLATED
            )
