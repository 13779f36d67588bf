"""A workbook people fill in: headings with their rules as notes, lists to choose from, an example, or rows to mend."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from xlsxwriter import Workbook
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from secops.core.language import say

EXAMPLE: Final = "示例"
"""First cell of a row that only shows how to write one: whoever reads the file in passes it by."""
EXPLAINED: Final = "填写说明"
COUNTED: Final = "序号"
ROWS: Final = 5_000
"""Rows below the headings that lists and formats are laid over."""
_LIST_MOST: Final = 255
"""Characters of a list within a cell's rule; a spreadsheet takes no more."""
_NOTE_MOST: Final = 1_000
_OPTIONS: Final = {
    "constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False,
}  # fmt: skip

Cell = str | int | float | None


@dataclass(frozen=True, slots=True)
class Heading:
    """One column to fill in."""

    title: str
    required: bool
    rule: str
    """How a cell is written, in one line."""
    choices: tuple[str, ...] = ()
    number: bool = False
    example: Cell = None


def write(path: Path, name: str, headings: Sequence[Heading], rows: Iterable[Sequence[Cell]], notes: str) -> int:
    """Write the workbook: a sheet to fill in and one that explains it; how many rows it holds. Raises OSError.

    Without rows the first row shows an example.
    """
    book = Workbook(str(path), {**_OPTIONS, "tmpdir": str(path.parent)})
    try:
        style = _Style(book)
        sheet = book.add_worksheet(name[:31])
        _lay(sheet, headings, style)
        count = 0
        for count, row in enumerate(rows, 1):
            _row(sheet, count, [count, *row], style)
        if not count:
            _row(sheet, 1, [EXAMPLE, *(each.example for each in headings)], style, example=True)
        sheet.autofilter(0, 0, max(count, 1), len(headings))
        _explain(book.add_worksheet(EXPLAINED), headings, style, notes)
    finally:
        book.close()
    return count


class _Style:
    """The formats of one workbook."""

    def __init__(self, book: Workbook) -> None:
        face = {"font_name": "等线", "font_size": 10, "valign": "top"}
        head = face | {"bold": True, "border": 1, "bg_color": "#E8EEF4", "text_wrap": True}
        self.head: Format = book.add_format(head)
        self.needed: Format = book.add_format(head | {"font_color": "#8E1B2E"})
        self.text: Format = book.add_format(face | {"num_format": "@"})
        self.number: Format = book.add_format(face)
        self.example: Format = book.add_format(face | {"num_format": "@", "italic": True, "font_color": "#6B7785"})
        self.wrap: Format = book.add_format(face | {"text_wrap": True})


def _lay(sheet: Worksheet, headings: Sequence[Heading], style: _Style) -> None:
    sheet.freeze_panes(1, 1)
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(0)
    sheet.set_row(0, 32)
    sheet.set_column(0, 0, 6, style.number)
    sheet.write_string(0, 0, COUNTED, style.head)
    for place, each in enumerate(headings, 1):
        sheet.set_column(
            place, place, min(max(len(each.title) * 2 + 4, 14), 40), style.number if each.number else style.text
        )
        title = each.title + say("（必填）", " (required)") * each.required
        sheet.write_string(0, place, title, style.needed if each.required else style.head)
        sheet.write_comment(0, place, each.rule[:_NOTE_MOST], {"x_scale": 2})
        if each.choices and len(",".join(each.choices)) <= _LIST_MOST:
            sheet.data_validation(
                1, place, ROWS, place,
                {"validate": "list", "source": list(each.choices), "error_title": each.title, "error_type": "warning",
                 "error_message": say("不在可选之列", "not one of the choices")},
            )  # fmt: skip


def _row(sheet: Worksheet, at: int, cells: Sequence[Cell], style: _Style, *, example: bool = False) -> None:
    for place, cell in enumerate(cells):
        if isinstance(cell, str):
            sheet.write_string(at, place, cell[:32_767], style.example if example else style.text)
        elif cell is not None:
            sheet.write_number(at, place, cell, style.example if example else style.number)


def _explain(sheet: Worksheet, headings: Sequence[Heading], style: _Style, notes: str) -> None:
    sheet.set_column(0, 0, 24)
    sheet.set_column(1, 1, 8)
    sheet.set_column(2, 2, 80)
    for place, title in enumerate((say("列", "column"), say("必填", "required"), say("写法", "how"))):
        sheet.write_string(0, place, title, style.head)
    for at, each in enumerate(headings, 1):
        sheet.write_string(at, 0, each.title, style.wrap)
        sheet.write_string(at, 1, say("是", "yes") if each.required else "", style.wrap)
        sheet.write_string(at, 2, each.rule, style.wrap)
    sheet.write_string(len(headings) + 2, 0, notes, style.number)
