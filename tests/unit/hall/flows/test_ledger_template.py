"""Workbooks to fill in, and lists of our own: each comes back through the import as what it was."""

from collections.abc import Iterator
from pathlib import Path

import openpyxl
import pytest

from secops.cli.show import Column, Format, rows
from secops.core.clock import Instant, ManualClock
from secops.core.events import Summary
from secops.hall.app import App
from secops.hall.flows import ledger_template, register
from secops.hall.flows.declare import declare
from secops.hall.flows.ledger_import import Options, opened
from secops.hall.workspace import Workspace
from secops.intake.declared_sections import sections
from secops.intake.sheet import Cell, Sheet
from secops.intake.sheet_open import tables
from secops.intake.sheet_rows import Passed, Read, Table

TEXT = """
organisations: [{id: FIN, name: 财政局, credit_code: 91350100M000100Y43, phone: "020-1"},
  {id: EDU, name: 教育局, parent: FIN}]
systems:
  - {code: S1, name: 预算系统, organisation: FIN, level: 3, filed_on: 2025-03-01,
     addresses: [192.0.2.1, "192.0.2.2:8443"], tags: [重要, 年检], websites: ["https://a.example"]}
  - {code: S2, name: 学籍, organisation: EDU, depends_on: [S1]}
networks: [{cidr: 192.0.2.0/24, name: 网, organisation: FIN, zone: 政务外网}]
websites: [{url: "https://a.example", name: 门户, organisation: FIN, system: S1}]
data: [{key: D1, name: 人员, level: 重要, organisation: FIN, stored_in: [S1]}]
hosts: [{key: H1, name: 一号, addresses: [192.0.2.1], os: Kylin V10, mac: ["00:00:5e:00:53:01"]}]
devices: [{key: E1, name: 防火墙, serial: "0012", vendor: H}]
suppliers: [{name: "=甲公司", services: [运维, 开发], risk: 低, remark: "一\\n二"}]
contracts: [{number: HT-1, name: 运维, supplier: "=甲公司", systems: [S1], ends_on: 2026-06-30, confidential: true}]
filings: [{system: S1, level: 3, number: 44010000001-00001, filed_on: 2025-05-06}]
certifications: [{system: S1, type: 密评, done_on: 2025-04-02, conclusion: 基本符合, score: 81.5}]
"""


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    workspace = Workspace(tmp_path)
    workspace.make()
    with App(workspace, clock=ManualClock(Instant(1_750_000_000_000))) as held:
        (workspace.inventory / "a.yaml").write_text(TEXT, encoding="utf-8")
        summary = list(declare(held, who="甲"))[-1]
        assert isinstance(summary, Summary)
        assert summary.complete, summary.warnings
        yield held


def _outcomes(app: App, path: Path, section: str = "") -> list[object]:
    with opened(app, [path], Options(section), who="甲") as found:
        return [each.data["outcome"] for each in found.preview()]


def test_what_is_declared_comes_back_as_the_same(app: App, tmp_path: Path) -> None:
    """Filled workbooks, read by their own headings alone, change nothing; their explanations are no table."""
    paths, count = [], 0
    for name in sections():
        path = tmp_path / f"{name}.xlsx"
        if found := ledger_template.write(app, name, path, filled=True):
            paths.append(path)
            count += found
    assert len(paths) == 11
    with opened(app, paths, Options(), who="甲") as batch:
        assert [each.data["outcome"] for each in batch.preview()] == ["same"] * count


def test_every_example_is_passed_by_and_is_right(app: App, tmp_path: Path) -> None:
    """The workbook of each section is known by its headings; its example, once unmarked, reads in every column."""
    path = tmp_path / "a.xlsx"
    for name in sections():
        ledger_template.write(app, name, path)
        table = _table(path)
        assert table.section.name == name
        assert [type(each) for each in table.read()] == [Passed]
        (row,) = _table(path, unmarked=True).read()
        assert isinstance(row, Read), row
        assert {*row.flat, table.section.key} == set(ledger_template.columns(table.section))


def _table(path: Path, *, unmarked: bool = False) -> Table:
    """The first sheet, read without the process that reads workbooks: there are many."""
    book = openpyxl.load_workbook(path, read_only=True)
    sheet = book[book.sheetnames[0]]
    found = [
        (at, [str(each.value) if each.value is not None else None for each in row]) for at, row in enumerate(sheet, 1)
    ]
    if unmarked:
        found[1][1][0] = "1"
    rows = [(at, list[Cell](cells)) for at, cells in found]
    (table,) = tables([Sheet("a.xlsx", sheet.title, lambda: iter(rows), tuple(rows))], [])
    assert isinstance(table, Table), table
    return table


def test_a_register_listed_as_csv_comes_back_as_the_same(app: App, tmp_path: Path) -> None:
    """The csv of `register list`, state and all, changes nothing; a text that looks like a formula is itself again."""
    for type in ("supplier", "contract", "filing", "certification"):
        path = tmp_path / f"{type}.csv"
        shown = [Column("key", ""), *(Column(each.name, "") for each in register.columns(type)), Column("state", "")]
        assert rows(map(register.as_stated, register.listed(app, type)), shown, format=Format.CSV, out=str(path)) == 1
        assert _outcomes(app, path, type) == ["same"]
