"""A large xlsx read as a stream says what the library that holds it whole says."""

import zipfile
from datetime import date, datetime, time, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from xlsxwriter import Workbook

from secops.intake import sheet_child, sheet_marks, sheet_stream
from secops.intake.sheet import Row

calamine = pytest.importorskip("python_calamine")
FORMATS = (
    "General", "0.00", "yyyy-mm-dd", "yyyy/m/d h:mm", "h:mm:ss", "[h]:mm:ss", "[mm]:ss", '"日期"yyyy"年"', "@",
    "[Red]0", "m\\d", "h AM/PM", "0;-0;d", '"d"0', "_d0", "[Blue]yyyy", "[s].00", "A/P",
)  # fmt: skip
NUMBERS = (0, 0.25, 0.999999, 1, 2.5, 59, 59.5, 60, 61.75, 45000, 45000.123456789, 46022.9999999, -1.5)


def _written(path: Path, *, late: bool = False, shared: bool = True) -> Path:
    book = Workbook(str(path), {"date_1904": late, "constant_memory": not shared})
    page = book.add_worksheet("台 账")
    formats = [book.add_format({"num_format": each}) for each in FORMATS]
    for row, number in enumerate(NUMBERS):
        for place, each in enumerate(formats):
            page.write_number(row, place, number, each)
    row = len(NUMBERS) + 3
    for place, text in enumerate(
        ("  前后 空 ", "a\nb\r\nc", "_x000D_ _x0041_", "<&>\"'", "", "12", "'=1", "\x01", "𠮷😀")
    ):
        page.write_string(row, place, text)
    page.write_number(row, 19, 9.14e17)
    page.write_boolean(row, 20, True)
    page.write_boolean(row, 21, False)
    page.write_formula(row, 22, "=1+1", None, 2)
    page.write_formula(row, 23, '="a"', None, "文_x000D_字")
    page.write_formula(row, 24, "=1/0", None, "#DIV/0!")
    page.write_formula(row, 25, "=TRUE", None, True)
    page.write_rich_string(row, 26, "a", book.add_format({"bold": 1}), "b ", "c")
    page.write_blank(row, 27, None, formats[1])
    page.write_string(row, 600, "beyond")
    page.write_string(row + 4, 3, "末行")
    merged = book.add_worksheet("合并")
    if shared:
        merged.merge_range(6, 2, 9, 3, "竖")
        merged.merge_range(11, 0, 11, 3, "横")
        merged.write_string(7, 0, "一")
        merged.write_string(9, 0, "二")
        merged.write_string(12, 0, "三")
    book.add_worksheet("空")
    book.close()
    return path


def _plain(found: Any) -> list[Row]:
    kept = []
    for number, row in found:
        cells = list(row)
        while cells and cells[-1] is None:
            cells.pop()
        if cells:
            kept.append((number, cells))
    return kept


class _Line:
    def __init__(self) -> None:
        self.rows: list[Row] = []

    def send(self, word: tuple[str, list[Row]]) -> None:
        self.rows += word[1]


def _compared(path: Path) -> int:
    cells = 0
    with calamine.load_workbook(str(path)) as book, zipfile.ZipFile(path) as archive:
        for about in book.sheets_metadata:
            part = sheet_marks.book(archive).parts[about.name]
            whole = book.get_sheet_by_name(about.name)
            line = _Line()
            sheet_child._stream(line, str(path), part)
            one, two = _plain(sheet_child.rows(whole)), _plain(line.rows)
            assert two == one
            assert [[type(each) for each in row] for _, row in two] == [[type(each) for each in row] for _, row in one]
            head = sheet_child._surveyed(book, str(path), about, {about.name: part})["head"]
            assert _plain(head) == _plain(sheet_child.survey(whole, False)["head"])
            cells += sum(len(row) for _, row in two)
    return cells


@pytest.mark.parametrize(("late", "shared"), [(False, True), (True, True), (False, False)])
def test_every_kind_of_cell_is_read_as_the_library_reads_it(tmp_path: Path, late: bool, shared: bool) -> None:
    """Numbers, dates by any format and either epoch, texts shared or in place, formulas, merged cells."""
    assert _compared(_written(tmp_path / "a.xlsx", late=late, shared=shared)) > 250


def test_days_written_as_text_are_days(tmp_path: Path) -> None:
    """As ISO 8601, which some programs write."""
    book = openpyxl.Workbook()
    book.iso_dates = True
    assert book.active is not None
    book.active.append(
        [
            datetime.combine(date(2026, 1, 2), time(3, 4, 5)),
            date(2026, 1, 2),
            time(3, 4, 5),
            timedelta(hours=30),
            "x",
            10**16,
        ]
    )
    book.save(tmp_path / "a.xlsx")
    assert _compared(tmp_path / "a.xlsx") == 6


def _sheet(path: Path, text: str) -> sheet_stream.Stream:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("xl/workbook.xml", '<x:workbook xmlns:x="m"><x:sheets/></x:workbook>')
        archive.writestr("xl/_rels/workbook.xml.rels", "<Relationships/>")
        archive.writestr("s.xml", text)
    return sheet_stream.Stream(str(path))


def test_rows_and_cells_without_places_follow_one_another(tmp_path: Path) -> None:
    """Numbers are counted where the file leaves them out; prefixes of a namespace do not matter."""
    rows = "<x:row><x:c><x:v>1</x:v></x:c><x:c t='str'><x:v>b</x:v></x:c></x:row>"
    rows += "<x:row r='9'><x:c r='C9'><x:v>2</x:v></x:c></x:row><x:row><x:c><x:v>3</x:v></x:c></x:row>"
    text = f"<x:s xmlns:x='m'>{rows}</x:s>"
    assert list(_sheet(tmp_path / "a.xlsx", text).rows("s.xml")) == [
        (1, [1.0, "b"]),
        (9, [None, None, 2.0]),
        (10, [3.0]),
    ]


def test_what_a_file_claims_takes_no_memory(tmp_path: Path) -> None:
    """A cell at the far end, a row of a huge number, a text without end, a shared text that is not there."""
    far = '<s><row r="1"><c r="XFD1"><v>1</v></c></row><row r="99999999"><c r="A1"><v>1</v></c></row>'
    far += f'<row><c r="A2" t="str"><v>{"x" * 300_000}</v></c><c r="B2" t="s"><v>77</v></c>'
    far += '<c r="C2"><v>oops</v></c></row></s>'
    found = list(_sheet(tmp_path / "a.xlsx", far).rows("s.xml"))
    assert [number for number, _ in found] == [99_999_999, 100_000_000]
    assert len(str(found[1][1][0])) < 200_000
    assert found[1][1][1:] == [None, "oops"]


def test_a_document_type_is_refused(tmp_path: Path) -> None:
    """Entities of a file's own are not expanded."""
    bomb = '<!DOCTYPE s [<!ENTITY a "aaaa">]><s><row><c t="str"><v>&a;</v></c></row></s>'
    with pytest.raises(ValueError, match="DOCTYPE"):
        list(_sheet(tmp_path / "a.xlsx", bomb).rows("s.xml"))


def test_only_what_is_large_is_streamed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The sheets with more XML than the bound, by name; of a broken file none, so that the library tells."""
    path = _written(tmp_path / "a.xlsx")
    assert sheet_stream.large(str(path)) == {}
    monkeypatch.setattr(sheet_stream, "LARGE", 3_000)
    assert list(sheet_stream.large(str(path))) == ["台 账"]
    (tmp_path / "b.xlsx").write_bytes(b"PK\x03\x04broken")
    assert sheet_stream.large(str(tmp_path / "b.xlsx")) == {}


def test_rows_come_while_the_file_is_read(tmp_path: Path) -> None:
    """The first rows are had without the rest being read."""
    rows = "".join(f'<row r="{n}"><c r="A{n}"><v>{n}</v></c></row>' for n in range(1, 60_000))
    stream = _sheet(tmp_path / "a.xlsx", f"<s>{rows}<broken")
    assert [row for _, row in islice(stream.rows("s.xml"), 3)] == [[1.0], [2.0], [3.0]]
