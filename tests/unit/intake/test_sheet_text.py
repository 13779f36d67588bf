"""CSV and TSV: the encoding is told by strict decoding, the mark between columns by the rows."""

import codecs
from pathlib import Path

import pytest

from secops.core.errors import InvalidFile
from secops.intake import sheet_text

TEXT = '系统名称,系统编号\r\n预算系统,S1\r\n“引号”,"甲,乙"\r\n'


def _rows(path: Path) -> list[list[object]]:
    return [list(cells) for _, cells in sheet_text.sheet(path).rows()]


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (TEXT.encode(), "UTF-8"),
        (codecs.BOM_UTF8 + TEXT.encode(), "UTF-8（带 BOM）"),
        (TEXT.encode("gb18030"), "GB18030"),
        (TEXT.encode("utf-16"), "UTF-16"),
        (codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"), "UTF-16"),
    ],
)
def test_every_usual_encoding_gives_the_same_rows_and_is_told(tmp_path: Path, data: bytes, told: str) -> None:
    """UTF-8 with and without its mark, UTF-16 and GB18030 read alike, and the note says which it was."""
    path = tmp_path / "a.csv"
    path.write_bytes(data)
    assert _rows(path) == [["系统名称", "系统编号"], ["预算系统", "S1"], ["“引号”", "甲,乙"]]
    assert told in sheet_text.sheet(path).notes[0]


def test_wide_text_without_its_mark_is_known_by_its_noughts(tmp_path: Path) -> None:
    """UTF-16 of mostly Latin letters needs no byte order mark."""
    path = tmp_path / "a.csv"
    path.write_bytes("name,code\nbudget,S1\n".encode("utf-16-le"))
    assert _rows(path) == [["name", "code"], ["budget", "S1"]]


def test_a_file_of_two_encodings_is_read_line_by_line(tmp_path: Path) -> None:
    """Lines of UTF-8 pasted below lines of GB18030 both come out right, and the note says so."""
    path = tmp_path / "a.csv"
    path.write_bytes("单位,联通\n财政局,一\n".encode("gb18030") + "教育局,二\n".encode())
    assert _rows(path) == [["单位", "联通"], ["财政局", "一"], ["教育局", "二"]]
    assert "混用" in sheet_text.sheet(path).notes[0]


def test_bytes_of_no_encoding_are_refused_with_the_line(tmp_path: Path) -> None:
    """What neither UTF-8, UTF-16 nor GB18030 decodes names its first bad line."""
    path = tmp_path / "a.csv"
    path.write_bytes(b"a,b\nc,d\n\xff\xff\x80,e\n")
    with pytest.raises(InvalidFile) as caught:
        sheet_text.sheet(path)
    assert caught.value.code == "E1371"
    assert caught.value.where.endswith(":3")


@pytest.mark.parametrize("mark", ["\t", ";", "|", "，"])
def test_other_marks_between_columns_are_found(tmp_path: Path, mark: str) -> None:
    """Tabs, semicolons, bars and wide commas part columns as well."""
    path = tmp_path / "a.csv"
    path.write_text("\n".join(mark.join(row) for row in (["甲", "乙", "丙"], ["1", "2", "3"])), encoding="utf-8")
    assert _rows(path) == [["甲", "乙", "丙"], ["1", "2", "3"]]


def test_a_quote_never_closed_ends_the_file_with_its_row(tmp_path: Path) -> None:
    """A quote that swallows the rest is told, not taken as one giant cell."""
    path = tmp_path / "a.csv"
    path.write_text('甲,乙\n1,2\n"x' + "y,\n" * 80_000, encoding="utf-8")
    with pytest.raises(InvalidFile) as caught:
        _rows(path)
    assert caught.value.code == "E1373"


def test_the_line_that_names_the_separator_is_no_row(tmp_path: Path) -> None:
    """Excel's `sep=;` is obeyed and keeps its row number."""
    path = tmp_path / "a.csv"
    path.write_text("sep=;\n甲;乙\n1;2\n", encoding="utf-8-sig")
    assert [number for number, _ in sheet_text.sheet(path).rows()] == [2, 3]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("编号,名称,人\n" + '1,甲,a\n2,"乙,b\n' + "3,丙,c\n" * 50, 3),
        ('编号,名称,人\n1,"甲,a\n2,乙,b\n', 2),
        ('编号,名称,人\n1,"甲,a\n2,"乙",b\n3,丙,c\n', 2),
        ('编号,名称,人\n1,"甲\n一",x\n2,"乙,b\n3,丙,c\n4,丁",d\n', 4),
        ('编号,名称,人\n1,甲,"a', 2),
    ],
)
def test_a_quote_that_never_closes_refuses_the_file_with_its_line(tmp_path: Path, text: str, line: int) -> None:
    """Rows that it swallowed are never left out without a word, nor taken as one cell."""
    path = tmp_path / "a.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InvalidFile, match="读不下去") as caught:
        sheet_text.sheet(path)
    assert (caught.value.code, caught.value.where) == ("E1373", f"{path}:{line}")


def test_a_cell_may_hold_lines_and_marks_and_a_stray_quote_within(tmp_path: Path) -> None:
    """What is quoted as it should be is one cell; a quote in the middle of a cell opens nothing."""
    path = tmp_path / "a.csv"
    path.write_text('a,b,c\n1,"x, y\nz, ""w""",2\n3,19" 屏,4', encoding="utf-8")
    assert _rows(path) == [["a", "b", "c"], ["1", 'x, y\nz, "w"', "2"], ["3", '19" 屏', "4"]]
