"""A ledger means what YAML means: written in any encoding, order and spelling people use, its rows state the same."""

import csv
import io
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import xlsxwriter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from secops.core.register import Shape
from secops.intake import declared_values as read
from secops.intake.declared_sections import Section, Slot, Stated, identity, row, sections, stated
from secops.intake.sheet_open import opened, tables
from secops.intake.sheet_rows import Read, Table

pytestmark = pytest.mark.property

_WORD = st.text(alphabet="财政预算系统甲乙丙ABCxyz019", min_size=1, max_size=8).filter(lambda word: not word.isdigit())
_DAYS = st.dates(date(2000, 1, 1), date(2099, 12, 31))
_HOST = st.integers(1, 254).map(lambda last: f"192.0.2.{last}")
_BY_READER = {
    read.text: _WORD, read.narrow: st.just("a-1.b"), read.texts: st.lists(_WORD, min_size=1, max_size=3, unique=True),
    read.instant: _DAYS, read.day: _DAYS,
    read.flag: st.booleans(), read.level: st.integers(1, 5), read.credit_code: st.just("91350100M000100Y43"),
    read.network: st.integers(0, 255).map(lambda each: f"10.{each}.0.0/16"), read.address: _HOST,
    read.data_level: st.sampled_from(["核心", "重要", "一般", "一般4级"]),
    read.until: _DAYS, read.until_instant: _DAYS, read.level_s: st.integers(1, 5), read.level_a: st.integers(1, 5),
    read.networks: st.just(["10.0.0.0/8", "192.0.2.0/24"]),
    read.addresses: st.lists(_HOST, min_size=1, max_size=3, unique=True),
    read.places: st.lists(_HOST, min_size=1, max_size=3, unique=True),
    read.url: _HOST.map(lambda host: f"https://{host}:8443"),
    read.sites: st.just(["https://a.example:443"]), read.filing: st.just("44010000001-00001"),
    read.link: st.just("https://git.example/a"), read.use: st.sampled_from(["在用", "在建", "停用"]),
}  # fmt: skip


def _values(section: Section, name: str, slot: Slot) -> st.SearchStrategy[object]:
    """What YAML may hold under a column."""
    column = section.register.column(name) if section.register else None
    if column is not None and column.choices:
        return st.sampled_from([each.zh for each in column.choices])
    if column is not None and column.pattern:
        return st.just("0" * 64 if column.name == "sha256" else "44010000001-00001")
    if column is not None and column.shape in {Shape.INTEGER, Shape.NUMBER}:
        least = column.least or 0
        return st.integers(least, column.most or least + 1000)
    if column is not None and column.shape is Shape.LONG:
        return st.lists(_WORD, min_size=1, max_size=3).map("\n".join)
    return _BY_READER[slot.reader]


@st.composite
def ledgers(draw: st.DrawFn) -> tuple[Section, list[str], list[dict[str, object]]]:
    """A section, columns in some order, and rows of values as YAML would hold them."""
    section = draw(st.sampled_from(list(sections().values())))
    names = [name for name, slot in section.slots.items() if slot.reader is not read.harm]
    needed = {section.key, *section.required, *section.identity}
    chosen = [name for name in names if name in needed or draw(st.booleans())]
    columns = draw(st.permutations(chosen))
    rows = draw(
        st.lists(
            st.fixed_dictionaries({name: _values(section, name, section.slots[name]) for name in columns}), max_size=4
        )
    )
    return section, columns, rows


def _expected(section: Section, values: dict[str, object]) -> Stated:
    told = {name: each.isoformat() if isinstance(each, date) else each for name, each in values.items()}
    found = row(section, told, lambda _: "x")  # type: ignore[arg-type]  # plain values all
    assert isinstance(found, Stated), found
    return found


def _found(section: Section, path: Path) -> list[Stated]:
    (table,) = tables(opened(path), [], only=section.name)
    assert isinstance(table, Table), table
    rows = list(table.read())
    assert all(isinstance(each, Read) for each in rows), rows
    return [
        stated(section, each.key or identity(section, each.flat), each.flat, "x")
        for each in rows
        if isinstance(each, Read)
    ]


def _spelled(draw: st.DrawFn, value: object) -> object:
    """A value as some person writes it."""
    if isinstance(value, bool):
        return draw(st.sampled_from(["是", "√", "Y", "有"] if value else ["否", "×", "无", "N"]))
    if isinstance(value, date):
        forms = (f"{value}", f"{value:%Y/%m/%d}", f"{value.year}年{value.month}月{value.day}日", f"{value:%Y%m%d}",
                 f"{value.year}.{value.month}.{value.day}", str((value - date(1899, 12, 30)).days))  # fmt: skip
        return draw(st.sampled_from(forms))
    if isinstance(value, list):
        return draw(st.sampled_from(["、", "，", "；", "\n", ","])).join(map(str, value))
    text = str(value)
    if draw(st.booleans()) and "\n" not in text and text.isascii() and text.isalnum():
        text = "".join(chr(ord(each) + 0xFEE0) for each in text)
    return draw(st.sampled_from(["", " ", "\u3000", "\xa0"])) + text + draw(st.sampled_from(["", " ", "\u3000"]))


def _heading(draw: st.DrawFn, slot: Slot) -> str:
    title = slot.zh
    if draw(st.booleans()):
        title += draw(st.sampled_from(["（必填）", "*", "：", " (必填)"]))
    return title[:2] + draw(st.sampled_from(["", " ", "\n", "\u3000"])) + title[2:]


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(ledgers(), st.data())
def test_csv_in_any_spelling_states_what_yaml_states(
    ledger: tuple[Section, list[str], list[dict[str, object]]], data: st.DataObject
) -> None:
    """Whatever the encoding, the mark between columns, the order, the widths and the words for yes."""
    section, columns, rows = ledger
    out = io.StringIO()
    writer = csv.writer(out, delimiter=data.draw(st.sampled_from([",", "\t", ";"])))
    draw = data.draw
    writer.writerow([_heading(draw, section.slots[name]) for name in columns])
    for values in rows:
        writer.writerow([_spelled(draw, values[name]) for name in columns])
    encoding = data.draw(st.sampled_from(["utf-8", "utf-8-sig", "gb18030", "utf-16"]))
    with TemporaryDirectory() as folder:
        path = Path(folder) / "a.csv"
        path.write_bytes(out.getvalue().encode(encoding))
        _same(section, _found(section, path), rows)


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(ledgers())
def test_a_workbook_states_what_yaml_states(ledger: tuple[Section, list[str], list[dict[str, object]]]) -> None:
    """Dates as dates, numbers as numbers, yes as true: the workbook's own types."""
    section, columns, rows = ledger
    with TemporaryDirectory() as folder:
        path = Path(folder) / "a.xlsx"
        book = xlsxwriter.Workbook(str(path), {"default_date_format": "yyyy-mm-dd"})
        sheet = book.add_worksheet()
        for place, name in enumerate(columns):
            sheet.write_string(0, place, section.slots[name].zh)
            for at, values in enumerate(rows, 1):
                value = values[name]
                if isinstance(value, bool):
                    sheet.write_boolean(at, place, value)
                elif isinstance(value, date):
                    sheet.write_datetime(at, place, value)
                elif isinstance(value, int):
                    sheet.write_number(at, place, value)
                else:
                    sheet.write_string(at, place, "、".join(value) if isinstance(value, list) else str(value))
        book.close()
        _same(section, _found(section, path), rows)


def _same(section: Section, found: list[Stated], rows: list[dict[str, object]]) -> None:
    expected = [_expected(section, values) for values in rows]
    assert [_plain(each) for each in found] == [_plain(each) for each in expected]


def _plain(each: Stated) -> tuple[str, str, object]:
    return each.kind, each.key, each.payload
