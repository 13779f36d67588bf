"""What a report states of itself holds: its time, the judging it counts by, and the change each row tells of."""

import json
from collections.abc import Iterator

import pytest

from secops.core.clock import Instant, ManualClock
from secops.core.model import Kind, Observation, RunEnd, Status, Target
from secops.hall.app import App
from secops.hall.config import load
from secops.hall.flows.asset_bulk import REASON
from secops.hall.flows.declare import declare
from secops.hall.flows.grade import grade
from secops.hall.flows.merge import merge
from secops.hall.flows.report import Made, Wanted, make
from secops.hall.workspace import Workspace
from secops.store import entities, observations, run_ends, runs
from tests.unit.hall.test_report_kinds import rows

T0 = 1_780_000_000_000
DAY = 86_400_000
TEXT = """
organisations: [{id: FIN, name: 财政局}]
systems:
  - {code: S1, name: NAME, organisation: FIN, level: 3, addresses: [198.18.0.1], filing_valid_until: DAY}
"""


@pytest.fixture
def app(tmp_path) -> Iterator[App]:
    """One declared system with an address that was seen with a certificate, in a run that ended."""
    workspace = Workspace(tmp_path / "w")
    workspace.make()
    with App(workspace, clock=ManualClock(Instant(T0)), config=load(None, {"site": "s"})) as opened:
        told(opened, "预算系统")
        look(opened, 1_000)
        opened.clock.advance(60)
        yield opened


def told(app: App, name: str, until: str = "2026-05-08") -> None:
    text = TEXT.replace("NAME", name).replace("DAY", until)
    (app.workspace.inventory / "all.yaml").write_text(text, encoding="utf-8")
    list(declare(app, who="甲"))


def look(app: App, at: int) -> None:
    facts = {"tls.enabled": True, "ssh.host_key": ("SHA256:" + "abCD1" * 8 + "abc",), "http.status_code": 200}
    seen = Observation("s", "o", "run1", "http@1", Target("198.18.0.1", 443), Instant(T0 + at), Status.SUCCESS, facts)
    with app.database.write() as connection:
        observations.append(connection, [seen])
        run_ends.append(connection, RunEnd("run1", "s", Instant(T0 + at + 500), True, Instant(T0)))
    list(merge(app))


def manifest(made: Made) -> dict[str, object]:
    found: dict[str, object] = json.loads(made.path.with_name(made.path.name + ".manifest.json").read_text("utf-8"))
    return found


def test_data_are_as_of_the_newest_decision(app, tmp_path):
    """An edit after the last look moves the time of the data; asked of that time the ledger is the same, row by row."""
    before = manifest(make(app, "assets", "csv", Wanted(), tmp_path / "a.csv"))["data_at"]
    told(app, "预算一体化")
    at = app.clock.now()
    app.clock.advance(3_600)
    made = make(app, "assets", "csv", Wanted(), tmp_path / "b.csv")
    data_at = str(manifest(made)["data_at"])
    assert before < data_at
    assert data_at == "2026-05-29T04:27:40.000+08:00"
    assert int(at) == T0 + 60_000
    again = make(app, "assets", "csv", Wanted(at=data_at), tmp_path / "c.csv")
    assert any("预算一体化" in each.values() for each in rows(made))
    assert rows(again) == rows(made)
    assert again.digest == made.digest
    page = make(app, "assets", "html", Wanted(), tmp_path / "b.html").path.read_text("utf-8")
    assert page.count("2026-05-29 04:27:40.000") == 2  # cover and foot
    app.clock.advance(3_600)
    assert make(app, "assets", "csv", Wanted(), tmp_path / "d.csv").path.read_bytes() == made.path.read_bytes()


def test_days_are_those_of_the_calendar(app, tmp_path):
    """Twenty days after the eighth it says twenty, at any hour."""
    app.clock.advance(5 * 3_600)
    (system,) = (each for each in rows(make(app, "filings", "csv", Wanted(), tmp_path / "f.csv")) if each["系统代码"])
    assert system["剩余天数"] == "-21"


def test_the_judging_behind_the_findings_is_told(app, tmp_path):
    """Never judged, judged, and moved since: each is said on the cover and in the manifest."""

    def cover() -> tuple[str, Made]:
        page = make(app, "duties", "html", Wanted(), tmp_path / "d.html")
        return page.path.read_text("utf-8"), page

    page, made = cover()
    assert "尚未评判" in page
    assert "尚未评判" in str(manifest(made)["notes"])
    list(grade(app))
    page, made = cover()
    assert "2026-05-29 04:27:40</td>" in page
    assert (manifest(made)["notes"], manifest(made)["graded_at"]) == ([], "2026-05-29T04:27:40.000+08:00")
    app.clock.advance(60)
    told(app, "预算一体化")
    page, made = cover()
    assert "此后台账有变动" in page
    assert "2026-05-29 04:27:40" in str(manifest(made)["notes"])


def test_a_change_is_told_with_its_own_time_and_source(app, tmp_path):
    """What was found and edited later is new by whoever found it, then; a machine comes of what a run found."""
    app.clock.advance(3_600)
    with app.database.read() as connection:
        (ip,) = entities.of_kind(connection, "s", Kind.IP)
    edited(app, ip.key)
    found = rows(make(app, "changes", "csv", Wanted(start="2026-05-28"), tmp_path / "c.csv"))
    told_ = {each["类别"]: (each["时间"], each["来源"]) for each in found if each["清单"] == "新增资产"}
    assert told_["IP 资产"] == ("2026-05-29 04:26", "发现 http run1")
    assert told_["主机"] == ("2026-05-29 04:26", "由扫描结果归并得出 run1")


def test_a_change_names_who_made_it(app, tmp_path):
    """Of a decision whoever took it; of what a run found who let it run, and the run where that is not known."""
    app.clock.advance(3_600)
    with app.database.read() as connection:
        (ip,) = entities.of_kind(connection, "s", Kind.IP)
    edited(app, ip.key)

    def by(start: str) -> set[str]:
        found = rows(make(app, "changes", "csv", Wanted(start=start), tmp_path / "c.csv"))
        return {each["操作人"] for each in found if each["类别"] == "IP 资产"}

    assert by("2026-05-28") == {"run1"}
    at = Instant(T0)
    run = runs.Run("run1", "discover", "s", runs.RUNNING, {"operator": "赵值班"}, "", at, at, None, 1, {}, {})
    with app.database.write() as connection:
        runs.begin(connection, run)
    assert by("2026-05-28") == {"赵值班"}
    assert by("2026-05-29T05:00:00") == {"甲"}
    app.clock.advance(60)
    edited(app, ip.key, who="乙", name="门户")
    assert by("2026-05-29T05:00:00") == {"甲、乙"}


def edited(app: App, key: str, who: str = "甲", **facts: str) -> None:
    from secops.core.model import Decision, DecisionType
    from secops.store import decisions

    payload = {"kind": "ip", "facts": {"owner": "王五"} | facts}
    at = app.clock.now()
    with app.database.write() as connection:
        decisions.append(connection, [Decision("s", DecisionType.DECLARE, f"ip:{key}", payload, who, at, REASON)])
    list(merge(app))


def test_what_is_declared_and_what_was_found_are_told_apart(app, tmp_path):
    """Domestic products of machines that were declared and never seen are listed as declared, whatever their kind."""
    more = """
hosts: [{key: H1, name: 库机, os: 银河麒麟 V10 SP3, organisation: FIN, addresses: [198.18.7.1]}]
devices: [{key: D1, name: 墙, vendor: 天融信, organisation: FIN, addresses: [198.18.7.2]}]
"""
    (app.workspace.inventory / "more.yaml").write_text(more, encoding="utf-8")
    list(declare(app, who="甲"))
    facts = {"http.technologies": ("东方通 TongWeb",), "http.status_code": 200}
    seen = Observation("s", "o", "r2", "http@1", Target("198.18.0.9", 80), Instant(T0 + 9), Status.SUCCESS, facts)
    with app.database.write() as connection:
        observations.append(connection, [seen])
    list(merge(app))
    found = rows(make(app, "xinchuang", "csv", Wanted(), tmp_path / "x.csv"))
    assert {(each["产品"], each["来源"]) for each in found if each["产品"]} == {
        ("麒麟 Kylin", "登记"), ("天融信", "登记"), ("东方通 TongWeb", "发现"),
    }  # fmt: skip


def test_a_system_is_in_use_while_a_member_is(app, tmp_path):
    """Nobody sees a system by itself: the ledger tells what its members tell, and a net is declared, not unseen."""
    more = """
systems: [{code: S2, name: 空系统, organisation: FIN, level: 2, addresses: [198.18.5.5]}]
networks: [{cidr: 198.18.0.0/24, name: 外网, organisation: FIN}]
"""
    (app.workspace.inventory / "more.yaml").write_text(more, encoding="utf-8")
    list(declare(app, who="甲"))
    for words in ({}, {"by": "org"}, {"at": "now"}):
        found = rows(make(app, "assets", "csv", Wanted(**words), tmp_path / "a.csv"))
        told_ = {each["标识"]: (each["状态"], each["单独登记"]) for each in found if each["标识"]}
        assert told_["S1"] == ("在用", "是")
        assert told_["S2"] == ("已登记未发现", "是")
        assert told_["198.18.0.0/24"] == ("已登记", "是")
        assert told_["198.18.0.1"] == ("在用", "否")
