"""What every report format promises: all rows, the same bytes twice, and nothing a spreadsheet or browser would run."""

import csv
import io
import json
import re
import shutil
import subprocess
import zipfile
from dataclasses import replace

import openpyxl
import pytest

from secops.core.clock import Instant
from secops.deliver.reports.fonts import chinese
from secops.deliver.reports.model import Chart, Column, Look, Picture, Report, Sheet, counted
from secops.deliver.reports.topology import Node, drawn
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
    Column("severity", "危害程度", Look.SEVERITY, chart="按危害程度"),
    Column("text", "内容", Look.LONG),
)
TYPED = (
    Column("n", "数", Look.NUMBER),
    Column("t", "时", Look.TIME),
    Column("d", "日", Look.DATE),
    Column("f", "否", Look.FLAG),
    Column("s", "分", Look.DECIMAL),
    Column("x", "文", Look.TEXT),
)


@pytest.fixture
def report():
    rows = [(n, "高危" if n > 2 else "低危", text) for n, text in enumerate(HOSTILE, 1)]
    sheets = [Sheet("清单[1]:甲", COLUMNS, lambda: iter(rows)), Sheet("空", COLUMNS[:2], lambda: iter(()))]
    nodes = [Node(f"n{n}", text, text, "ip", n % 3, "<b>" if n % 2 else "", n == 1) for n, text in enumerate(HOSTILE)]
    picture = Picture("<拓扑>", drawn("<x>", ["a", "b", "c"], nodes, [("n0", "n1"), ("n1", "n2"), ("n9", "gone")]))
    made = Report("台账", [("编制单位", "=cmd()")], sheets, Instant(1_750_000_000_000), {"高危": "high"})
    return counted(replace(made, pictures=[picture]))


FORMATS = [
    pytest.param(each, marks=pytest.mark.skipif(each in {"pdf", "docx"} and not chinese(), reason="no Chinese font"))
    for each in sorted(REPORT_FORMATS)
]


@pytest.mark.parametrize("name", FORMATS)
def test_the_same_model_gives_the_same_bytes(name, report, tmp_path):
    """Written twice, the file is the same byte for byte."""
    write = load(REPORT_FORMATS[name])
    write(report, tmp_path / "a")
    write(report, tmp_path / "b")
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


@pytest.mark.parametrize("name", FORMATS)
def test_an_empty_report_is_a_valid_file(name, tmp_path):
    """A report without any rows is still a file of its kind."""
    empty = counted(Report("空", [], [Sheet("空", COLUMNS, lambda: iter(()))], Instant(0)))
    load(REPORT_FORMATS[name])(empty, tmp_path / "e")
    assert (tmp_path / "e").stat().st_size > 0 or name == "jsonl"


def test_xlsx_holds_text_never_formulas(report, tmp_path):
    """Every hostile text is a plain string in the workbook, without control characters and without links."""
    path = tmp_path / "r.xlsx"
    load(REPORT_FORMATS["xlsx"])(report, path)
    book = openpyxl.load_workbook(path)
    sheet = book["清单_1__甲"]
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
    assert book.sheetnames == ["封面", "概览", "清单_1__甲", "空"]
    assert len(book["概览"]._charts) == 1


def test_the_bulk_workbook_holds_the_same_cells(report, tmp_path):
    """The fast writer gives the sheets and cells of the styled one, no formula, dated by the data."""
    from secops.deliver.reports import xlsx, xlsx_bulk

    sheets = [Sheet("时", TYPED, lambda: iter([(1, 1_750_000_000_000, "2026-01-31", True, 1.5, None)])), *report.sheets]
    both = counted(replace(report, sheets=sheets))
    xlsx.styled(both, tmp_path / "a.xlsx")
    xlsx_bulk.write(both, tmp_path / "b.xlsx")
    first, second = (openpyxl.load_workbook(tmp_path / name) for name in ("a.xlsx", "b.xlsx"))
    for name in ("时", "清单_1__甲"):
        told = [[[cell.value or "" for cell in row] for row in book[name].iter_rows()] for book in (first, second)]
        assert told[0] == told[1]
    assert {cell.data_type for row in second["清单_1__甲"].iter_rows(min_col=3) for cell in row} <= {"s", "inlineStr"}
    assert second.properties.created == first.properties.created
    assert second["清单_1__甲"].auto_filter.ref


def test_the_bulk_writer_goes_on_in_a_second_sheet(monkeypatch, tmp_path):
    """More rows than a sheet takes go on in the next, each with its head."""
    from secops.deliver.reports import xlsx_bulk

    monkeypatch.setattr(xlsx_bulk, "ROWS", 10)
    sheets = [Sheet("长", COLUMNS[:1], lambda: ((n,) for n in range(25)))]
    xlsx_bulk.write(counted(Report("t", [], sheets, Instant(0))), tmp_path / "r.xlsx")
    book = openpyxl.load_workbook(tmp_path / "r.xlsx")
    assert [each.max_row - 1 for each in book.worksheets[1:]] == [10, 10, 5]
    assert [row[0].value for row in book.worksheets[3].iter_rows(min_row=2)] == [20, 21, 22, 23, 24]


def test_a_key_is_one_thing_in_every_format(tmp_path):
    """Two columns of one key are both kept, and a key has one type, in JSON lines as in Parquet."""
    import pyarrow.parquet as pq

    first = (
        Column("row", "序号", Look.NUMBER),
        Column("number", "工号"),
        Column("list", "清单"),
        Column("number", "证号"),
    )
    second = (Column("number", "数量", Look.NUMBER), Column("list", "类"))
    sheets = [
        Sheet("甲", first, lambda: iter([(1, "W1", "能力", "Z1")])),
        Sheet("乙", second, lambda: iter([(7, "x")])),
    ]
    made = counted(Report("t", [], sheets, Instant(0)))
    for name in ("jsonl", "parquet"):
        load(REPORT_FORMATS[name])(made, tmp_path / name)
    told = [json.loads(line) for line in (tmp_path / "jsonl").read_text("utf-8").splitlines()]
    assert told == [
        {"list": "甲", "row": 1, "number": "W1", "list_2": "能力", "number_2": "Z1"},
        {"list": "乙", "number_3": 7, "list_2": "x"},
    ]
    table = pq.read_table(tmp_path / "parquet").to_pylist()
    assert [{key: value for key, value in row.items() if value is not None} for row in table] == told


def test_parquet_and_jsonl_keep_types(tmp_path):
    """Times, days, flags and numbers are of their type; hostile text is text."""
    import pyarrow.parquet as pq

    row = (1, 1_750_000_000_000, "2026-01-31", True, 1.5, "=1+1")
    made = counted(Report("t", [], [Sheet("时", TYPED, lambda: iter([row, (None,) * 6]))], Instant(0)))
    load(REPORT_FORMATS["parquet"])(made, tmp_path / "p")
    table = pq.read_table(tmp_path / "p")
    assert [str(each) for each in table.schema.types] == [
        *("string", "int64", "timestamp[ms, tz=Asia/Shanghai]", "date32[day]", "bool", "double", "string")
    ]
    assert table.column("t").to_pylist()[0].isoformat() == "2025-06-15T23:06:40+08:00"
    load(REPORT_FORMATS["jsonl"])(made, tmp_path / "j")
    first, second = map(json.loads, (tmp_path / "j").read_text("utf-8").splitlines())
    assert (first["t"], first["f"], first["x"]) == ("2025-06-15T23:06:40.000+08:00", True, "=1+1")
    assert second["n"] is None


@pytest.mark.skipif(not chinese() or shutil.which("pdftotext") is None, reason="no Chinese font, or no pdftotext")
def test_pdf_holds_chinese_that_can_be_read(report, tmp_path):
    """The words of the PDF are found again as text, page numbers too."""
    load(REPORT_FORMATS["pdf"])(report, tmp_path / "r.pdf")
    told = subprocess.run(["pdftotext", "-layout", str(tmp_path / "r.pdf"), "-"], capture_output=True, check=True)
    text = told.stdout.decode()
    assert "危害程度" in text
    assert re.search("第 1 页，共 [0-9]+ 页", text)
    assert "<script>alert(1)</script>" in text


def test_pdf_without_a_chinese_font_names_what_to_install(report, tmp_path, monkeypatch):
    """Where no font has Chinese the error says so, rather than a page of boxes."""
    from secops.core.errors import UsageError
    from secops.deliver.reports import fonts

    monkeypatch.setattr(fonts, "chinese", lambda: ())
    for name in ("pdf", "docx"):
        with pytest.raises(UsageError) as caught:
            load(REPORT_FORMATS[name])(report, tmp_path / "r")
        assert caught.value.code == "E6304"
        assert "fonts-noto-cjk" in caught.value.hint


@pytest.mark.skipif(not chinese(), reason="no Chinese font")
def test_docx_holds_hostile_text_as_text(report, tmp_path):
    """Template words in data are not obeyed, control characters are gone, and the picture is inside."""
    rows = [(1, "高危", "{{ 7*7 }} {% for x in y %} <w:t>a & b</w:t>")]
    made = counted(replace(report, sheets=[Sheet("甲", COLUMNS, lambda: iter(rows)), *report.sheets], charts=()))
    load(REPORT_FORMATS["docx"])(made, tmp_path / "r.docx")
    with zipfile.ZipFile(tmp_path / "r.docx") as book:
        text = book.read("word/document.xml").decode()
        assert [name for name in book.namelist() if name.endswith(".png")]
    assert "{{ 7*7 }}" in text
    assert "&lt;w:t&gt;" in text
    assert "\x1b" not in text


def test_a_broken_template_is_an_error_of_its_file(report, tmp_path):
    """A template with an unknown tag, or no Word file at all, is refused by name."""
    from secops.core.errors import InvalidFile
    from secops.deliver.reports import docx

    (tmp_path / "t.docx").write_bytes(b"no zip")
    plain = replace(report, charts=(), pictures=())
    with pytest.raises(InvalidFile) as caught:
        docx.write(plain, tmp_path / "r.docx", tmp_path / "t.docx")
    assert caught.value.code == "E6309"


@pytest.mark.parametrize(
    ("words", "unknown", "near"),
    [
        ("{{ titel }}", "titel", "title"),
        ("{% for each in sheets %}{{ each.nmae }}{% endfor %}", "nmae", "name"),
        ("{% if unit_of %}x{% endif %}", "unit_of", ""),
        ("{{ facts[99].label }}", "99", ""),
    ],
)
def test_a_template_that_names_what_there_is_not_is_refused(report, tmp_path, words, unknown, near):
    """A word in the wrong spelling is told with the near ones: an empty place on paper would be missed by nobody."""
    docx = pytest.importorskip("docx")
    from secops.core.errors import InvalidFile
    from secops.deliver.reports import docx as word

    book = docx.Document()
    book.add_paragraph(words)
    book.save(str(tmp_path / "t.docx"))
    plain = replace(report, charts=(), pictures=())
    with pytest.raises(InvalidFile) as caught:
        word.write(plain, tmp_path / "r.docx", tmp_path / "t.docx")
    assert caught.value.code == "E6325"
    assert unknown in caught.value.what
    assert caught.value.where == str(tmp_path / "t.docx")
    assert near in caught.value.hint
    assert not (tmp_path / "r.docx").exists()


def test_a_template_may_ask_whether_there_is_something(report, tmp_path):
    """By `is defined` or `default`, so that one template serves several versions; a division by nought is its error."""
    docx = pytest.importorskip("docx")
    from secops.core.errors import InvalidFile
    from secops.deliver.reports import docx as word

    plain = replace(report, charts=(), pictures=())
    for words in ("{{ seal | default('无印章') }}{% if seal is defined %}x{% endif %}", "{{ 1 / 0 }}"):
        book = docx.Document()
        book.add_paragraph(words)
        book.save(str(tmp_path / "t.docx"))
        if "/" not in words:
            word.write(plain, tmp_path / "r.docx", tmp_path / "t.docx")
            assert [each.text for each in docx.Document(str(tmp_path / "r.docx")).paragraphs] == ["无印章"]
            continue
        with pytest.raises(InvalidFile) as caught:
            word.write(plain, tmp_path / "r.docx", tmp_path / "t.docx")
        assert caught.value.code == "E6309"


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
    """The cover holds the number of rows of each list and a digest that changes with any cell."""
    facts = dict(report.facts)
    assert facts["数量"].startswith(f"清单[1]:甲 {len(HOSTILE)}")
    other = [Sheet("清单[1]:甲", COLUMNS, lambda: iter([(1, "高危", "a")])), *report.sheets[1:]]
    again = counted(Report(report.title, [], other, report.data_at))
    assert dict(again.facts)["清单摘要"] != facts["清单摘要"]


@pytest.mark.skipif(not chinese(), reason="no Chinese font")
def test_word_takes_the_words_for_chinese(report, tmp_path):
    """Neither the styles nor the theme mark East Asian words as another language."""
    load(REPORT_FORMATS["docx"])(report, tmp_path / "r.docx")
    with zipfile.ZipFile(tmp_path / "r.docx") as book:
        styles, settings = (book.read(f"word/{name}.xml").decode() for name in ("styles", "settings"))
    assert set(re.findall(r'<w:(?:lang|themeFontLang)[^>]*w:eastAsia="([^"]+)"', styles + settings)) == {"zh-CN"}
    assert "<w:themeFontLang" in settings


def test_a_workbook_s_columns_are_as_wide_as_their_words(tmp_path):
    """Short columns are narrow, long words wrap in a bounded one whose row is high enough for them."""
    columns = [Column("row", "序号", Look.NUMBER), Column("name", "名称"), Column("note", "说明")]
    sheet = Sheet("清单", columns, lambda: iter([(1, "某市人力资源和社会保障局门户网站", "很长的说明" * 30)]))
    load(REPORT_FORMATS["xlsx"])(counted(Report("题", [], [sheet], Instant(0))), tmp_path / "r.xlsx")
    page = openpyxl.load_workbook(tmp_path / "r.xlsx")["清单"]
    wide = [page.column_dimensions[letter].width for letter in "ABC"]
    assert wide[0] < 10
    assert 32 < wide[1] < 40 < wide[2] <= 51
    assert page["C2"].alignment.wrap_text
    assert not page["B2"].alignment.wrap_text
    assert page.row_dimensions[2].height > 60


def test_no_chart_of_a_workbook_is_cut_between_pages(tmp_path):
    """The overview ends its printed pages before a chart that would not fit."""
    charts = [Chart(f"图{n}", tuple((f"项{m}", m + 1) for m in range(12))) for n in range(4)]
    load(REPORT_FORMATS["xlsx"])(replace(counted(Report("题", [], [], Instant(0))), charts=charts), tmp_path / "r.xlsx")
    page = openpyxl.load_workbook(tmp_path / "r.xlsx")["概览"]
    heads = [row[0].row - 1 for row in page.iter_rows(max_col=1) if str(row[0].value or "").startswith("图")]
    assert [each.id for each in page.row_breaks.brk] == heads[1:]
