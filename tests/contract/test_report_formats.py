"""What every report format promises: all rows, the same bytes twice, and nothing a spreadsheet or browser would run."""

import csv
import io
import re

import openpyxl
import pytest

from secops.core.clock import Instant
from secops.deliver.reports.model import Column, Look, Report, Sheet, counted
from secops.hall.plugins import REPORT_FORMATS, load

pytestmark = pytest.mark.contract

HOSTILE = (
    '=HYPERLINK("http://198.18.0.1","x")',
    "+1+1",
    "-1+1",
    "@SUM(A1)",
    " =1+1",
    "＝1+1",
    "<script>alert(1)</script>",
    "http://198.18.0.1/",
    "\x1b[31mred\x00\u202egnp.exe",
    "{=1+1}",
    "x" * 40_000,
    "line\nbreak",
    "\udc80",
)
COLUMNS = (
    Column("number", "序号", Look.NUMBER),
    Column("severity", "危害程度", Look.SEVERITY),
    Column("text", "内容", Look.LONG),
)


@pytest.fixture
def report():
    rows = [(n, "高危", text) for n, text in enumerate(HOSTILE, 1)]
    sheets = [Sheet("清单[1]:甲", COLUMNS, lambda: iter(rows)), Sheet("空", COLUMNS[:2], lambda: iter(()))]
    return counted(Report("台账", [("编制单位", "=cmd()")], sheets, Instant(1_750_000_000_000), {"高危": "high"}))


@pytest.mark.parametrize("name", sorted(REPORT_FORMATS))
def test_the_same_model_gives_the_same_bytes(name, report, tmp_path):
    """Written twice, the file is the same byte for byte."""
    write = load(REPORT_FORMATS[name])
    write(report, tmp_path / "a")
    write(report, tmp_path / "b")
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


@pytest.mark.parametrize("name", sorted(REPORT_FORMATS))
def test_an_empty_report_is_a_valid_file(name, tmp_path):
    """A report without any rows is still a file of its kind."""
    empty = counted(Report("空", [], [Sheet("空", COLUMNS, lambda: iter(()))], Instant(0)))
    load(REPORT_FORMATS[name])(empty, tmp_path / "e")
    assert (tmp_path / "e").stat().st_size > 0


def test_xlsx_holds_text_never_formulas(report, tmp_path):
    """Every hostile text is a plain string in the workbook, without control characters and without links."""
    path = tmp_path / "r.xlsx"
    load(REPORT_FORMATS["xlsx"])(report, path)
    book = openpyxl.load_workbook(path)
    sheet = book.worksheets[1]
    cells = [row[2] for row in sheet.iter_rows(min_row=2)]
    assert [each.data_type for each in cells] == ["s"] * len(HOSTILE)
    assert cells[0].value == HOSTILE[0]
    assert not any(each.hyperlink for each in cells)
    assert "\x1b" not in cells[8].value
    assert "\u202e" not in cells[8].value
    assert len(cells[10].value) <= 32_767
    assert sheet.freeze_panes == "C2"
    assert sheet.auto_filter.ref == f"A1:C{len(HOSTILE) + 1}"
    assert sheet.print_title_rows == "$1:$1"
    assert book.worksheets[0]["B3"].data_type == "s"
    assert len(book.worksheets) == 3


def test_xlsx_cuts_a_list_that_one_sheet_cannot_hold(monkeypatch, tmp_path):
    """More rows than a sheet takes go on in a second sheet with its own head."""
    from secops.deliver.reports import xlsx

    monkeypatch.setattr(xlsx, "ROWS", 10)
    sheets = [Sheet("长", COLUMNS[:1], lambda: ((n,) for n in range(25)))]
    xlsx.write(counted(Report("t", [], sheets, Instant(0))), tmp_path / "r.xlsx")
    book = openpyxl.load_workbook(tmp_path / "r.xlsx")
    assert [each.max_row - 1 for each in book.worksheets[1:]] == [10, 10, 5]
    assert book.sheetnames[1:] == ["长", "长 (2)", "长 (3)"]


def test_csv_never_starts_a_cell_as_a_formula(report, tmp_path):
    """No cell of the CSV begins like a formula, and Excel sees UTF-8."""
    path = tmp_path / "r.csv"
    load(REPORT_FORMATS["csv"])(report, path)
    raw = path.read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(raw.decode("utf-8-sig"), newline="")))
    assert len(rows) == len(HOSTILE) + 1
    assert not [cell for row in rows for cell in row if cell.strip().startswith(("=", "+", "-", "@", "＝"))]


def test_html_runs_and_fetches_nothing(report, tmp_path):
    """The page holds no script and no outside address, declares so to the browser, and shows hostile text as text."""
    path = tmp_path / "r.html"
    load(REPORT_FORMATS["html"])(report, path)
    page = path.read_text(encoding="utf-8")
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert "default-src &#x27;none&#x27;" in page
    assert not re.search(r"""(?:\ssrc|\shref=(?!"#)|url\(|@import)""", page)
    assert "\x1b" not in page
    assert 'class="s high"' in page


def test_cover_says_how_many_and_which(report):
    """The cover holds the number of rows and a digest that changes with any cell."""
    facts = dict(report.facts)
    assert facts["数量"].startswith(str(len(HOSTILE)))
    other = [Sheet("清单[1]:甲", COLUMNS, lambda: iter([(1, "高危", "a")])), *report.sheets[1:]]
    again = counted(Report(report.title, [], other, report.data_at))
    assert dict(again.facts)["清单摘要"] != facts["清单摘要"]
