"""Workbooks: merged cells, hidden parts, errors, epochs, macros; bombs, passwords and damage end with a clear error."""

import zipfile
from datetime import date
from pathlib import Path

import openpyxl
import pytest
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from secops.core.errors import InvalidFile
from secops.intake import sheet_book


def _saved(book: openpyxl.Workbook, path: Path) -> Path:
    book.save(path)
    return path


def _book() -> openpyxl.Workbook:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "表"
    for row in (["甲", "乙", "丙"], ["a", 1, None], [None, 2, None], [None, None, None], ["b", 3, None]):
        sheet.append(row)
    return book


def test_a_cell_merged_downwards_has_its_value_in_every_row(tmp_path: Path) -> None:
    """Rows under a vertical merge get its value, a row that holds nothing else stays empty, what follows its own."""
    book = _book()
    book["表"].merge_cells("A2:A4")
    (sheet,) = sheet_book.sheets(_saved(book, tmp_path / "a.xlsx"))
    assert [cells[0] for _, cells in sheet.rows()] == ["甲", "a", "a", None, "b"]


def test_oddities_are_told(tmp_path: Path) -> None:
    """Hidden sheets and rows, formulas, errors and formulas never calculated are said; the values are read."""
    book = _book()
    sheet = book["表"]
    sheet.row_dimensions[3].hidden = True
    sheet["C2"], sheet["C3"] = "#DIV/0!", "=1+1"
    sheet["C2"].data_type = "e"
    sheet.sheet_state = "hidden"
    book.create_sheet("别的")["A1"] = "x"
    found = sheet_book.sheets(_saved(book, tmp_path / "a.xlsx"))
    hidden = next(each for each in found if each.name == "表")
    assert hidden.hidden
    text = " ".join(hidden.notes)
    assert "隐藏" in text
    assert "1 行" in text
    assert "公式" in text
    assert "#DIV/0!" in hidden.faults[2, 3]
    assert "没有保存的值" in hidden.faults[3, 3]
    assert not next(each for each in found if each.name == "别的").hidden


def test_days_from_1904_are_read_as_such(tmp_path: Path) -> None:
    """A workbook of the old Macintosh epoch says so; its dates come out right."""
    book = openpyxl.Workbook()
    book.epoch = CALENDAR_MAC_1904
    sheet = book.active
    assert sheet is not None
    sheet["A1"] = date(2026, 1, 31)
    (found,) = sheet_book.sheets(_saved(book, tmp_path / "a.xlsx"))
    assert found.from_1904
    assert next(iter(found.rows()))[1] == [date(2026, 1, 31)]


def test_macros_are_said_and_never_run(tmp_path: Path) -> None:
    """An xlsm is read for its values only."""
    path = _saved(_book(), tmp_path / "a.xlsx")
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("xl/vbaProject.bin", b"\x00" * 64)
    (sheet,) = sheet_book.sheets(path.rename(tmp_path / "a.xlsm"))
    assert any("宏" in each for each in sheet.notes)


def test_two_cells_at_opposite_corners_do_not_take_the_program_down(tmp_path: Path) -> None:
    """A sheet as large as a sheet can be ends the process that reads it, not this one."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet["A1"], sheet["XFD1048576"] = 1, 2
    with pytest.raises(InvalidFile) as caught:
        sheet_book.sheets(_saved(book, tmp_path / "a.xlsx"))
    assert caught.value.code == "E1373"


def test_an_archive_that_unpacks_to_far_more_is_refused_unopened(tmp_path: Path) -> None:
    """A part of a hundred megabytes of noughts is a bomb: refused by its directory alone."""
    path = tmp_path / "a.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", b"<a/>")
        archive.writestr("xl/worksheets/sheet1.xml", b"\0" * (100 << 20))
    with pytest.raises(InvalidFile) as caught:
        sheet_book.sheets(path)
    assert caught.value.code == "E1372"


def test_xml_with_a_document_type_is_refused(tmp_path: Path) -> None:
    """Entities are never expanded: a workbook that declares any is damaged."""
    path = tmp_path / "a.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("xl/workbook.xml", '<!DOCTYPE a [<!ENTITY b "c">]><workbook>&b;</workbook>')
        archive.writestr("xl/_rels/workbook.xml.rels", "<Relationships/>")
    with pytest.raises(InvalidFile) as caught:
        sheet_book.sheets(path)
    assert "DOCTYPE" in caught.value.why


def test_a_workbook_with_a_password_says_so(tmp_path: Path) -> None:
    """An encrypted package is named as such, with what to do."""
    path = tmp_path / "a.xlsx"
    path.write_bytes(
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600) + "EncryptedPackage".encode("utf-16-le") + bytes(99)
    )
    with pytest.raises(InvalidFile) as caught:
        sheet_book.sheets(path)
    assert caught.value.code == "E1375"


@pytest.mark.parametrize("data", [b"PK\x03\x04" + bytes(40), b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)])
def test_a_damaged_workbook_is_one_error(tmp_path: Path, data: bytes) -> None:
    """Bytes that only begin like a workbook are refused."""
    path = tmp_path / "a.xlsx"
    path.write_bytes(data)
    with pytest.raises(InvalidFile) as caught:
        sheet_book.sheets(path)
    assert caught.value.code == "E1373"
