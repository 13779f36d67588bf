"""A report over two sites: what the cover names, where a site is told, in which order and words charts stand."""

import csv
import json
from dataclasses import replace

import openpyxl
import pytest

from secops.core.clock import Instant, ManualClock
from secops.core.finding import Finding, Severity, Step, Transition
from secops.core.model import Entity, Kind, Organisation
from secops.hall.app import App
from secops.hall.config import load
from secops.hall.flows.report import Wanted, make
from secops.hall.flows.report_context import sites_told
from secops.hall.workspace import Workspace
from secops.scope.account import account
from secops.store import entities, findings, organisations

NOW = Instant(1_750_000_000_000)
HERE = 's"1'
"""A site's name that a query must escape."""
TALLY = ((Severity.LOW, 3), (Severity.CRITICAL, 1), (Severity.MEDIUM, 2))


@pytest.fixture
def app(tmp_path):
    workspace = Workspace(tmp_path / "w")
    workspace.make()
    with App(workspace, clock=ManualClock(NOW), config=load(None, {"site": HERE})) as opened:
        made, found = [], []
        for site, levels in ((HERE, (2, 2, 2, 3)), ("t", (3, 4))):
            for place, level in enumerate(levels):
                facts = {"name": f"系统{place}", "system.level": level}
                made.append(Entity(Kind.SYSTEM, site, f"X{place}", NOW, NOW, org_id="o", facts=facts))
        for severity, times in TALLY:
            found += [
                Finding(f"{severity}-{n}", made[0].id, Kind.SYSTEM, HERE, severity, True, NOW, NOW, 1, "d", {})
                for n in range(times)
            ]
        with opened.database.write() as connection:
            organisations.put(connection, [Organisation("o", HERE, "甲局"), Organisation("o", "t", "乙局")])
            entities.put(connection, {each.id: replace(each, changed_seq=1) for each in made})
            findings.record(connection, [Transition(each, Step.OPENED, NOW) for each in found])
        yield opened


def cover(path):
    book = openpyxl.load_workbook(path)
    return book, {row[0].value: row[1].value for row in book.worksheets[0].iter_rows(min_row=2) if row[0].value}


def heads(sheet):
    return [each.value for each in sheet[1]]


def charted(book, title):
    rows = [(row[0].value, row[1].value) for row in book["概览"].iter_rows()]
    begin = next(place for place, (name, _) in enumerate(rows) if title in str(name))
    end = next((place for place in range(begin + 1, len(rows)) if rows[place][1] is None), len(rows))
    return rows[begin + 1 : end]


def test_the_cover_names_the_sites_that_rows_are_of_and_the_list_tells_which(app):
    """Where rows are of two sites both are named and each row tells its own; where of one, people see no column."""
    made = make(app, "assets", "xlsx", Wanted())
    book, facts = cover(made.path)
    assert facts["范围"] == f"站点 {HERE}、t"
    where = heads(book["业务系统"]).index("站点")
    assert [row[where].value for row in book["业务系统"].iter_rows(min_row=2)].count("t") == 2
    assert json.loads((made.path.parent / f"{made.path.name}.manifest.json").read_text())["sites"] == [HERE, "t"]

    book, facts = cover(make(app, "assets", "xlsx", Wanted(query="site=t")).path)
    assert facts["范围"] == "站点 t"
    assert "站点" not in heads(book["业务系统"])
    _, facts = cover(make(app, "assets", "xlsx", Wanted(query="kind:ip")).path)
    assert facts["范围"] == f"站点 {HERE}"


def test_for_programs_the_site_is_always_told(app, tmp_path):
    """A column that comes and goes with the data would break whoever reads it."""
    made = make(app, "assets", "csv", Wanted(query="site=t"), tmp_path / "a.csv")
    with made.path.open(encoding="utf-8-sig", newline="") as handle:
        assert {row["站点"] for row in csv.DictReader(handle)} == {"t"}


def test_of_many_sites_the_first_are_named_and_the_number_is_told():
    """The cover stays one line however many there are."""
    assert sites_told([f"s{n}" for n in range(7)]) == "站点 s0、s1、s2、s3、s4 等 7 个站点"


def test_a_code_of_another_site_is_another_unit(app, tmp_path):
    """Asked for one unit, and counting what each has, those of equal code at other sites are left apart."""
    with make(app, "assets", "csv", Wanted(org="o"), tmp_path / "a.csv").path.open(encoding="utf-8-sig") as handle:
        assert {row["责任单位"] for row in csv.DictReader(handle)} == {"甲局"}
    with make(app, "duties", "csv", Wanted(), tmp_path / "d.csv").path.open(encoding="utf-8-sig") as handle:
        found = [(row["责任单位"], row["站点"], row["资产合计"]) for row in csv.DictReader(handle) if row["资产合计"]]
    assert found == [("甲局", HERE, "4"), ("乙局", "t", "2")]


def test_levels_and_severities_are_charted_in_their_order_and_words(app):
    """The highest level first, called as people call it; the gravest severity first, however few they are."""
    book, _ = cover(make(app, "assets", "xlsx", Wanted()).path)
    assert charted(book, "按等保级别") == [("四级", 1), ("三级", 2), ("二级", 3)]
    book, _ = cover(make(app, "findings", "xlsx", Wanted()).path)
    assert charted(book, "按危害程度") == [("紧急", 1), ("中危", 2), ("低危", 3)]


@pytest.mark.parametrize("format", ["xlsx", "html", "docx"])
def test_the_cover_names_who_exported_and_when(app, tmp_path, format):
    """Whoever signs and the account it ran under, and the minute."""
    made = make(app, "findings", format, Wanted(who="王审计"), tmp_path / f"a.{format}")
    by, at = f"王审计（系统帐号 {account()}）", "2025-06-15 23:06"
    if format == "html":
        page = made.path.read_text(encoding="utf-8")
        assert f"导出人</th><td>{by}</td>" in page.replace(' scope="row"', "")
        assert f"导出时间</th><td>{at}</td>" in page.replace(' scope="row"', "")
        return
    if format == "xlsx":
        facts = cover(made.path)[1]
    else:
        docx = pytest.importorskip("docx")
        facts = dict(tuple(cell.text for cell in row.cells) for row in docx.Document(str(made.path)).tables[0].rows)
    assert (facts["导出人"], facts["导出时间"]) == (by, at)
