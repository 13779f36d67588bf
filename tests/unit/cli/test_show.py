import csv
import io
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secops.cli.show import Column, Format, chosen, cut, one, rows, unformula, visible, width
from secops.core.errors import StoreError

COLUMNS = (Column("name", "名称"), Column("n", "数量"))


@given(st.text())
def test_no_terminal_obeys_what_came_from_the_network(text: str) -> None:
    """Escape codes, bidirectional marks, NULs and line breaks are spelled out before a terminal sees them."""
    shown = visible(text)
    assert "\x1b" not in shown
    assert shown.isprintable() or shown == ""


def test_table_lines_up_wide_characters(capsys: pytest.CaptureFixture[str]) -> None:
    """Chinese characters take two columns, so the second column starts at the same place in every line."""
    rows([{"name": "财政局", "n": 1}, {"name": "ab", "n": 22}], COLUMNS, format=Format.TABLE)
    lines = capsys.readouterr().out.splitlines()
    assert [width(each[: each.index(end)]) for each, end in zip(lines, ("数", "1", "2"), strict=True)] == [8, 8, 8]


def test_a_cell_is_cut_by_columns_not_characters() -> None:
    """A long cell ends in an ellipsis and fits the columns it was given."""
    assert cut("网络安全等级保护", 7) == "网络安…"
    assert width(cut("a" * 99, 48)) == 48


@pytest.mark.parametrize("text", ["=cmd()", "+1", "-1", "@x", "\t=1", "＝1"])
def test_spreadsheets_run_nothing(text: str) -> None:
    """Text that a spreadsheet would take for a formula is written with a quote before it."""
    assert unformula(text) == "'" + text


def test_csv_files_open_in_a_chinese_spreadsheet(tmp_path: Path) -> None:
    """A CSV file begins with a byte order mark and reads back cell for cell."""
    out = tmp_path / "a.csv"
    assert rows([{"name": "省,厅", "n": None}], COLUMNS, out=str(out)) == 1
    raw = out.read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf")
    assert list(csv.reader(io.StringIO(raw.decode("utf-8-sig")))) == [["name", "n"], ["省,厅", ""]]
    assert not list(tmp_path.glob("*.part"))


def test_an_empty_result_is_still_a_document(capsys: pytest.CaptureFixture[str]) -> None:
    """No rows give an empty JSON array and no JSON lines."""
    rows([], COLUMNS, format=Format.JSON)
    assert json.loads(capsys.readouterr().out) == []
    rows([], COLUMNS, format=Format.JSONL)
    assert capsys.readouterr().out == ""


def test_a_failed_write_leaves_no_half_file(tmp_path: Path) -> None:
    """When the rows fail half way the target file is not touched."""

    def broken() -> object:
        yield {"name": "a"}
        raise OSError("disk full")

    out = tmp_path / "a.jsonl"
    out.write_text("before")
    with pytest.raises(StoreError, match="E1301"):
        rows(broken(), COLUMNS, out=str(out))  # type: ignore[arg-type]
    assert out.read_text() == "before"
    assert not list(tmp_path.glob("*.part"))


def test_format_follows_flag_then_file_then_terminal() -> None:
    """The flag wins, then the file's ending; a pipe gets JSON lines."""
    assert chosen(Format.CSV, "x.json") is Format.CSV
    assert chosen(None, "x.json") is Format.JSON
    assert chosen(None, "x.txt") is Format.JSONL


def test_one_record_reads_as_title_and_value(capsys: pytest.CaptureFixture[str]) -> None:
    """A single record is a line per key for eyes and one JSON document for machines."""
    one({"name": "a\x1b[2J", "ok": True}, {"name": "名称"}, format=Format.TABLE)
    assert capsys.readouterr().out == "名称  a\\x1b[2J\nok    是\n"
    one({"name": "a"}, format=Format.JSONL)
    assert json.loads(capsys.readouterr().out) == {"name": "a"}
