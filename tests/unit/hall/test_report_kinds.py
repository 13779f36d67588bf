"""Every kind of report over one small inventory: what it lists, what it hides, what goes with it."""

import csv
import io
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import cycle
from pathlib import Path

import pytest

from secops.core.clock import Instant, ManualClock
from secops.core.errors import Forbidden, InvalidFile, UsageError
from secops.core.fields import by_name
from secops.core.model import Observation, Status, Target
from secops.deliver.reports.model import Report
from secops.deliver.reports.page import document
from secops.hall.app import App
from secops.hall.config import load
from secops.hall.flows import graph, register, report, report_host
from secops.hall.flows.declare import declare
from secops.hall.flows.merge import merge
from secops.hall.flows.report import Signing, Wanted, make, split, verify
from secops.hall.flows.report_context import plain
from secops.hall.flows.report_filing_doubts import filed, of_assessments, of_filings
from secops.hall.flows.report_kinds import KINDS
from secops.hall.flows.report_sight import sight
from secops.hall.workspace import Workspace
from secops.scope import keys
from secops.scope.account import user
from secops.scope.template import Draft, render
from secops.store import observations

T0 = 1_780_000_000_000
DAY = 86_400_000
TEXT = """
organisations:
  - {id: FIN, name: 财政局, short: [市财局], contact: 张三, phone: 020-1}
  - {id: HR, name: 人社局, parent: FIN}
systems:
  - {code: S1, name: 预算系统, organisation: FIN, level: 3, addresses: [198.18.0.1], owner: 王五,
     websites: ["https://ys.example"]}
  - {code: S2, name: 社保系统, organisation: HR, level: 2}
networks:
  - {cidr: 198.18.0.0/24, name: 外网, organisation: FIN, zone: 外网区}
"""
ROWS = (
    ("supplier", "name=甲公司", "contact=李四", "risk=高"),
    ("contract", "name=运维", "number=H1", "supplier=甲公司", "organisation=FIN", "ends_on=2026-01-01",
     "code_handed_over=否"),
    ("staff", "name=赵工", "number=W1", "supplier=甲公司", "contract=H1", "off_date=2026-01-02", "access_revoked=否",
     "access_until=2026-06-01"),
    ("filing", "system=S1", "organisation=FIN", "level=3", "filed_on=2024-01-01", "number=44010000001-00001"),
    ("certification", "system=S1", "type=密评", "done_on=2026-05-01"),
    ("filing_unit", "organisation=FIN", "region_code=440100", "security_person=周八"),
    ("technology", "system=S1", "technology=云计算", "platform=政务云", "platform_number=44010000001-00009"),
    ("data_survey", "name=金融账户", "level=重要", "organisation=FIN", "system=S1", "volume_gb=1TB", "person=钱七"),
    ("crypto", "name=签名机", "list=密码能力清单", "organisation=FIN"),
    ("xinchuang", "product=达梦", "category=数据库", "state=已替代", "organisation=FIN"),
    ("algorithm", "name=问答", "kind=大模型", "organisation=HR"),
    ("app", "name=社保通", "form=小程序", "ipv6=是"),
)  # fmt: skip


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """Declared units, systems and registers; two addresses seen, one of them with a website."""
    workspace = Workspace(tmp_path_factory.mktemp("w"))
    workspace.make()
    (workspace.inventory / "all.yaml").write_text(TEXT, encoding="utf-8")
    with App(workspace, clock=ManualClock(Instant(T0)), config=load(None, {"site": "s"})) as opened:
        list(declare(opened, who="甲"))
        for type, *words in ROWS:
            register.put(opened, type, "", words, who="甲")
        look(opened, "198.18.0.1", 443, 1, **{"http.status_code": 200, "tls.enabled": True, "http.title": "预算",
             "tls.not_after": T0 + 5 * DAY, "http.technologies": ("东方通 TongWeb",)})  # fmt: skip
        look(opened, "198.18.9.9", 5236, 2 * DAY)
        opened.clock.advance(3 * 86_400)
        yield opened


def look(app: App, address: str, port: int, at: int, **facts: object) -> None:
    seen = Observation(app.site, "o", f"run{at}", "http@1" if facts else "nmap@1", Target(address, port),
                       Instant(T0 + at), Status.SUCCESS if facts else Status.OPEN, facts)  # fmt: skip
    with app.database.write() as connection:
        observations.append(connection, [seen])
    list(merge(app))


def rows(made: report.Made) -> list[dict[str, str]]:
    with made.path.open(encoding="utf-8-sig", newline="") as handle:
        return list(csv.DictReader(handle))


def of(app: App, what: str, **words: object) -> list[dict[str, str]]:
    return rows(make(app, what, "csv", Wanted(**words)))


@pytest.mark.parametrize(("what", "format"), list(zip(sorted(KINDS), cycle(["xlsx", "html", "jsonl"]), strict=False)))
def test_every_kind_is_made_and_verifies(app, what, format):
    """Each kind gives a file, with a manifest that verifies and names filter, role and rows."""
    made = make(app, what, format, Wanted(type="filing", who="甲"))
    told = verify(made.path).manifest
    assert (told["rows"], told["role"], told["who"], told["sensitive"]) == (made.rows, "viewer", "甲", "masked")
    assert told["log_position"] > 0
    assert all(len(set(each["columns"])) == len(each["columns"]) for each in told["sheets"])
    assert made.rows or what == "findings"


def test_undeclared_and_running_out(app):
    """What nobody declared, the certificate that runs out and the registers past their day are told."""
    found = of(app, "undeclared")
    told = {(each["清单"], each["标识"] or each["名称"]) for each in found}
    assert ("未登记资产", "198.18.9.9") in told
    assert ("证书过期", "https://198.18.0.1:443") in told
    assert {each["名称"] for each in found if each["清单"] == "登记到期"} == {"运维", "赵***"}


def test_changes_are_told_by_unit_and_class(app):
    """Within the period one address is new and its port opened; the earlier ones are not told again."""
    found = of(app, "changes", start="2026-05-30", end="now")
    assert {(each["清单"], each["资产"]) for each in found if each["资产"]} == {
        ("新增资产", "198.18.9.9"),
        ("新开放端口", "198.18.9.9:5236/tcp"),
    }
    with pytest.raises(UsageError):
        of(app, "changes", start="now", end="2026-01-01")


def test_changes_are_those_of_the_assets_asked_for(app):
    """A query narrows the changes to assets that meet it at either end of the period."""
    found = of(app, "changes", start="2026-05-30", end="now", query="kind:service port:5236")
    assert {(each["清单"], each["资产"]) for each in found if each["资产"]} == {("新开放端口", "198.18.9.9:5236/tcp")}
    assert not any(each["资产"] for each in of(app, "changes", start="2026-05-30", query="kind:website"))


def test_duties_count_what_each_unit_has(app):
    """A unit's row counts its assets by kind, and what nobody answers for is listed."""
    found = of(app, "duties")
    (unit,) = [each for each in found if each["责任单位"] == "财政局" and each["清单"] == "责任单位"]
    assert (unit["IP 资产数"], unit["业务系统数"], unit["联系人"]) == ("1", "1", "张***")
    assert [each["标识"] for each in found if each["清单"] == "无人负责的资产"] == ["198.18.9.9"]


def test_filings_tell_validity_and_what_is_not_filed(app):
    """A certificate of 2024 counts three years from 2025; a level-2 system without filing is to do."""
    found = of(app, "filings")
    (filed,) = [each for each in found if each["清单"] == "备案清单"]
    assert filed["有效期至"] == "2028-01-01"
    (other,) = [each for each in found if each["系统代码"] == "S2"]
    assert (other["已备案"], other["待办"]) == ("否", "二级以上未见备案")


def test_filings_hold_the_tables_of_the_form(app, tmp_path):
    """Tables 1, 4 and 6 are sheets; names masked, the unit's code and graded systems told beside; of one unit alone."""
    told = {each["清单"]: each for each in of(app, "filings", org="财政局")}
    assert (told["备案单位情况"]["行政区划代码"], told["备案单位情况"]["网络安全责任部门负责人"]) == ("440100", "周***")
    assert told["备案单位情况"]["在册定级对象"] == "第3级 1 个"
    assert told["新技术新应用场景"]["平台备案编号"] == "44010000001-00009"
    survey = told["数据摸底调查表"]
    assert (survey["拟定数据级别"], survey["数据总量（GB）"]) == ("重要及以上数据", "1024.0")
    assert survey["数据安全责任部门负责人"] == "钱***"
    crypto = {each["清单"] for each in of(app, "crypto", org="财政局")}
    assert "密评记录" in crypto  # names no unit: it is its system's
    other = {each["清单"] for each in of(app, "filings", org="人社局")}
    assert other == {"系统对照"}
    page = make(app, "filings", "html", Wanted(), tmp_path / "f.html").path.read_text("utf-8")
    assert "未见摸底的单位 1 个：人社局" in page


def test_filings_that_cannot_be_right_say_so(app, tmp_path):
    """Dates the wrong way round, a number used twice, a level that is not the higher of S and A, what is lacking."""
    system = {"system.level": 3, "org.name": "财政局", "system.filing_no": "1", "system.assessed_on": T0}
    rows_ = [
        {"key": "A", "system": "A", "org.name": "财政局", "level": 3, "level_s": 3, "level_a": 2, "number": "1",
         "filed_on": "2025-01-01", "police": "市公安局", "valid_until": "2028-01-01"},
        {"key": "B", "system": "B", "org.name": "人社局", "level": 2, "level_s": 1, "level_a": 1, "number": "1",
         "filed_on": "2029-01-01", "valid_until": "2028-01-01"},
        {"key": "C", "system": "C", "level": 2},
    ]  # fmt: skip
    found = of_filings(rows_, {"A": system, "B": system | {"system.filing_no": "2"}})
    assert found["A"] == ["备案证明编号与 B 相同"]
    assert found["B"] == [
        "备案日期 2029-01-01 晚于有效期至 2028-01-01", "备案信息缺受理机关",
        "等级 2 与 S1A1 不符，应取较高者 1（GB/T 22240）", "备案证明编号与 A 相同", "等级：备案 2，系统台账 3",
        "责任单位：备案 人社局，系统台账 财政局", "备案证明编号：备案 1，系统台账 2",
    ]  # fmt: skip
    assert found["C"] == ["备案信息缺备案证明编号、备案日期、受理机关", "业务系统不在册"]
    assert not filed(rows_[2])
    assert "测评台账 2026-05-01" in of_assessments(system, ["2025-05-01", "2026-05-01"])
    assert of_assessments(system, ["2026-05-29"]) == ""
    (row,) = [each for each in of(app, "filings") if each["清单"] == "备案清单"]
    assert row["核对"] == "备案信息缺受理机关"
    (row,) = [each for each in of(app, "filings") if each["系统代码"] == "S1"]
    assert "备案信息缺受理机关" in row["待办"]
    page = make(app, "filings", "html", Wanted(), tmp_path / "f.html").path.read_text("utf-8")
    assert "有效期至" in page


def test_crypto_xinchuang_and_ipv6_tell_what_was_seen(app):
    """Transport, domestic products and reachability come from discovery; what was not measured is unknown."""
    (site,) = [each for each in of(app, "crypto") if each["标识"].startswith("https://198")]
    assert site["传输"] == "TLS"
    seen = {(each["产品"], each["依据"]) for each in of(app, "xinchuang") if each["产品"]}
    assert ("东方通 TongWeb", "技术组件") in seen
    assert ("达梦 DM", "推测：默认端口 5236") in seen
    assert [each["替代状态"] for each in of(app, "xinchuang") if each["产品名称"]] == ["已替代"]
    site = next(each for each in of(app, "ipv6") if each["标识"].startswith("https://198"))
    assert (site["IPv6 可达"], site["访问成功率"]) == ("未知", "未知")


def test_suppliers_and_algorithms_tell_what_is_to_do(app):
    """Access never taken back, code never handed over, steps an algorithm lacks."""
    assert {each["待办"] for each in of(app, "suppliers")} >= {"已离场，权限未收回", "合同已结束，源代码未移交"}
    (gone,) = [each for each in of(app, "suppliers") if each["待办"] == "已离场，权限未收回"]
    assert (gone["对象"], gone["编号"], gone["清单序号"]) == ("赵***", "W1", "1")
    (lacking,) = [each for each in of(app, "algorithms") if each["缺少"]]
    assert "备案" in lacking["缺少"]


@pytest.mark.parametrize("what", sorted(KINDS))
def test_no_heading_of_a_csv_is_there_twice(app, what):
    """Lists of several columns share one table, in which a title is one column."""
    made = make(app, what, "csv", Wanted(type="filing"))
    with made.path.open(encoding="utf-8-sig", newline="") as handle:
        heads = next(csv.reader(handle))
    assert len(heads) == len(set(heads))


def test_targets_name_who_answers_and_whether_they_may_be_touched(app):
    """A target carries its system's owner, masked for the viewer; held against a scope, what lies outside says so."""
    found = {each["目标"]: each for each in of(app, "targets", query="-standing:vanished")}
    assert (found["198.18.0.1"]["责任人"], found["198.18.0.1"]["授权"]) == ("王***", "未对照")
    draft = Draft("甲", "s", "法", "粤〔2026〕5号", "省厅", "2026-01-01", "2026-12-31", ["198.18.0.0/24"], ["张三"])
    (app.workspace.scopes / "a.yaml").write_text(render(draft), encoding="utf-8")
    held = {each["目标"]: each["授权"] for each in of(app, "targets", scope="a")}
    assert (held["198.18.0.1"], held["198.18.9.9"]) == ("在授权内", "不在授权或已排除")
    assert (held["S1"], held["S2"]) == ("在授权内", "无地址")
    (app.workspace.scopes / "b.yaml").write_text(render(replace(draft, site="other")), encoding="utf-8")
    assert {each["授权"] for each in of(app, "targets", scope="b")} == {"不在授权：另一站点"}
    (app.workspace.scopes / "c.yaml").write_text(render(replace(draft, include=["198.18.9.0/24"])), encoding="utf-8")
    assert {each["目标"]: each["授权"] for each in of(app, "targets", scope="c")}["S1"] == "不在授权或已排除"


def test_targets_list_systems_of_which_nothing_was_found(app):
    """Every system the query meets is a target with its own level, whatever was found of it."""
    found = {each["目标"]: each for each in of(app, "targets", query="kind:system")}
    assert {key: each["等保级别"] for key, each in found.items()} == {"S1": "3", "S2": "2"}
    assert found["S2"]["所属系统"] == "社保系统"


def test_the_ledger_by_unit_has_a_summary_and_a_sheet_each(app):
    """Arranged by unit there is a summary, a sheet for each unit, and one for what is nobody's."""
    found = of(app, "assets", by="org")
    sheets = {each["清单"] for each in found}
    assert sheets == {"汇总", "财政局", "人社局", "无责任单位"}
    assert {each["标识"] for each in found if each["清单"] == "无责任单位"} == {"198.18.9.9"}
    with pytest.raises(UsageError):
        of(app, "assets", by="colour")


def test_a_file_for_each_unit(app, tmp_path):
    """Split, each unit has its own file with its own assets alone, and nobody's have one too."""
    made = {each.path.name: rows(each) for each in split(app, "assets", "csv", Wanted(), tmp_path / "out")}
    assert set(made) == {"财政局.csv", "人社局.csv", "无责任单位.csv"}
    assert {each["责任单位"] for each in made["财政局.csv"]} == {"财政局"}
    assert {each.name for each in (tmp_path / "out").iterdir()} == {
        name + end for name in made for end in ("", ".manifest.json")
    }


def test_a_file_for_each_list(app, tmp_path):
    """Each list that has rows is a file of its own headings, with a manifest that verifies; one table says how."""
    whole = make(app, "suppliers", "csv", Wanted(), tmp_path / "all.csv")
    assert "--split list" in whole.notes[-1]
    made = list(split(app, "suppliers", "csv", Wanted(), tmp_path / "s", by="list"))
    assert {each.path.stem for each in made} == {"外包待办", "供应商", "外包合同", "外包人员", "到期与将到期"}
    assert sum(each.rows for each in made) == whole.rows
    (people,) = [rows(each) for each in made if each.path.stem == "外包人员"]
    assert list(people[0])[:4] == ["序号", "姓名", "工号", "供应商"]
    assert all(verify(each.path).manifest["options"]["list"] == each.path.stem for each in made)
    assert not (tmp_path / "s" / "代码仓库.csv").exists()


def test_the_ledger_of_a_past_day(app):
    """Made of an earlier moment, what was not yet known is not listed; kinds that cannot say so refuse."""
    keys_ = {each["标识"] for each in of(app, "assets", at="2026-05-29T12:00:00+08:00")}
    assert "198.18.0.1" in keys_
    assert "198.18.9.9" not in keys_
    with pytest.raises(UsageError) as caught:
        of(app, "changes", at="2026-05-29")
    assert caught.value.code == "E6317"


def test_a_role_sees_no_more_than_its_own(app, tmp_path):
    """Masked for the viewer, clear for the officer with a line in the audit log; nobody rises above their role."""
    owner = {each["联系人"] for each in of(app, "register", type="supplier")}
    assert owner == {"李***"}
    before = app.workspace.audit.read_text() if app.workspace.audit.exists() else ""
    assert {each["联系人"] for each in of(app, "register", type="supplier", role="officer", who="乙")} == {"李四"}
    line = json.loads(app.workspace.audit.read_text()[len(before) :].splitlines()[-1])
    assert "report.clear" in json.dumps(line)
    assert "乙" in json.dumps(line, ensure_ascii=False)
    with pytest.raises(Forbidden) as caught:
        of(app, "assets", query="owner=王五")
    assert caught.value.code == "E6313"
    with pytest.raises(Forbidden):
        of(app, "assets", query="-(owner=王五)")
    settings = {"site": "s", "report.users": ["乙=officer"]}
    assert sight(load(None, settings), "乙", "").whole
    with pytest.raises(Forbidden):
        sight(load(None, settings), "丙", "", sensitive=True)
    with pytest.raises(UsageError):
        sight(load(None, settings), "乙", "king")
    with pytest.raises(InvalidFile):
        sight(load(None, {"report.roles": ["viewer=everything"]}), "乙")


def test_a_name_given_brings_no_role(app, monkeypatch):
    """The role is the system account's: signing with an officer's name shows nothing more."""
    monkeypatch.setattr(app, "config", load(None, {"site": "s", "report.users": ["张三=officer"]}))
    for words in ({"sensitive": True}, {"role": "officer"}):
        with pytest.raises(Forbidden) as caught:
            of(app, "register", type="supplier", who="张三", **words)
        assert caught.value.code == "E6311"
    assert {each["联系人"] for each in of(app, "register", type="supplier", who="张三")} == {"李***"}
    monkeypatch.setattr(app, "config", load(None, {"site": "s", "report.users": [f"{user()}=officer"]}))
    assert {each["联系人"] for each in of(app, "register", type="supplier", who="丙")} == {"李四"}


def test_a_register_keeps_its_own_number_beside_the_place_in_the_list(app):
    """In JSON lines the number of a contract stands beside its place in the list; neither hides the other."""
    made = make(app, "register", "jsonl", Wanted(type="contract"))
    told = next(json.loads(line) for line in made.path.read_text("utf-8").splitlines() if "H1" in line)
    assert isinstance(told["row"], int)
    assert (told["number"], told["name"]) == ("H1", "运维")


def test_paper_shows_of_a_register_what_it_exists_for(app, tmp_path):
    """Of a filing level, number and days; systems by name with the code."""
    page = shown(app, "filing")
    heads = re.findall(r'<th scope="col">([^<]+)', page)
    assert {"业务系统", "安全保护等级", "备案证明编号", "备案日期", "有效期至"} <= set(heads)
    assert "单位代码" not in heads
    assert "预算系统（S1）" in re.sub("<[^>]+>", "", page)
    told = json.loads(make(app, "register", "jsonl", Wanted(type="certification")).path.read_text("utf-8"))
    assert (told["system"], told["system.name"]) == ("S1", "预算系统")


def shown(app: App, type: str) -> str:
    """A register's printed page."""
    found: list[str] = []

    def write(report: Report, path: Path) -> None:
        found.append("".join(document(report, paper=9)))
        path.touch()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("secops.deliver.reports.pdf.write", write)
        make(app, "register", "pdf", Wanted(type=type))
    return found[0]


def test_suppliers_and_what_belongs_to_a_system_are_in_its_picture_and_the_list(app, tmp_path):
    """Every line that is drawn is in the list: what is of the system, and who supplies it by contract."""
    register.put(app, "contract", "", ["name=开发", "number=H9", "supplier=甲公司", "systems=S1"], who="甲")
    told = {(each["一端"], each["关系"], each["另一端"]) for each in of(app, "topology")}
    assert ("预算系统（S1）", "由其供应", "甲公司") in told
    assert ("198.18.0.1", "属于", "预算系统（S1）") in told
    page = make(app, "topology", "html", Wanted(), tmp_path / "t.html").path.read_text("utf-8")
    assert "供应商（1）" in page
    assert "登记未发现</text>" in page
    out = io.StringIO()
    graph.written(app, "", None, "json", out)
    drawn = json.loads(out.getvalue())
    (supplier,) = [each["id"] for each in drawn["nodes"] if each["kind"] == "supplier"]
    assert [each["type"] for each in drawn["links"] if each["target"] == supplier] == ["supplied-by"]


def test_a_format_without_pictures_says_so(app):
    """Whoever asked for pictures in a table is told that there are none."""
    made = make(app, "assets", "csv", Wanted(pictures=True))
    assert any("没有图" in each for each in made.notes)


def test_a_host_is_told_by_where_it_is():
    """On paper its first address stands before the mark, which is shortened; other keys stay."""
    mark = "cert:" + "0123456789abcdef" * 4
    assert report_host.told(mark, "198.18.0.1、198.18.0.2、198.18.0.3") == "198.18.0.1（+2）（cert:01234567…）"
    assert report_host.told(mark, "") == "cert:01234567…"
    assert report_host.told("https://198.18.0.1:443", "") == "https://198.18.0.1:443"


def test_what_runs_out_tells_its_system(app):
    """A filing of a system by the system's name, with the unit that answers for it."""
    (told,) = [each for each in of(app, "undeclared", within=3_000) if each["台账"] == "等级保护备案"]
    assert (told["业务系统"], told["业务系统代码"], told["责任单位"]) == ("预算系统", "S1", "财政局")


def test_what_was_never_seen_has_no_day_of_it(app):
    """Of what is only declared neither the first nor the last day is told, in any report."""
    for what in ("assets", "undeclared"):
        (system,) = [each for each in of(app, what) if each["标识"] == "S2"]
        assert (system["首次发现"], system["最近发现"]) == ("", "")


def test_types_of_devices_are_told_in_words():
    """The words kept are those of nmap; people read theirs."""
    assert plain(by_name()["device.type"], "firewall") == "防火墙"
    assert plain(by_name()["device.type"], "门禁") == "门禁"


def test_without_users_only_the_owner_of_the_workspace_sees_more():
    """Whoever owns the folder takes any role, everybody else the usual one."""
    config = load(None, {"site": "s"})
    assert sight(config, "甲", sensitive=True, owner=True).whole
    with pytest.raises(Forbidden) as caught:
        sight(config, "乙", "officer")
    assert "所有者" in caught.value.why


def test_signing_needs_the_right_passphrase_before_anything_is_written(app, tmp_path):
    """With the key a report verifies as signed; with a wrong passphrase nothing is written."""
    keys.generate("局长", b"long enough", app.workspace.keys, app.workspace.trust)
    word = tmp_path / "word"
    word.write_text("long enough\n")
    word.chmod(0o600)
    made = make(app, "filings", "csv", Wanted(), tmp_path / "f.csv", signing=Signing("局长", word))
    assert verify(made.path, app.workspace.trust).signer == "局长"
    word.write_text("another one\n")
    with pytest.raises(UsageError):
        make(app, "filings", "csv", Wanted(), tmp_path / "g.csv", signing=Signing("局长", word))
    assert not (tmp_path / "g.csv").exists()


def test_columns_of_which_nothing_is_known_are_left_out_for_people(app, tmp_path):
    """The page has no empty technical column; the CSV keeps them all, so that programs find what they look for."""
    page = make(app, "assets", "html", Wanted(), tmp_path / "a.html").path.read_text("utf-8")
    assert "设备序列号" not in page
    assert "设备序列号" in of(app, "assets")[0]


def test_a_large_list_takes_the_fast_writer(app, tmp_path, monkeypatch):
    """Beyond the bound the workbook is written in bulk, and whoever asked is told."""
    from secops.deliver.reports import xlsx

    monkeypatch.setattr(xlsx, "BULK", 1)
    made = make(app, "assets", "xlsx", Wanted(), tmp_path / "a.xlsx")
    assert "快速写法" in made.notes[-1]
    assert verify(made.path).manifest["notes"] == list(made.notes)


def test_units_and_kinds_that_are_not_there_are_refused(app, tmp_path):
    """An unknown unit or kind is an error that lists those there are, and leaves no file."""
    for what, words, code in (("assets", {"org": "没有"}, "E6318"), ("nothing", {}, "E6316")):
        with pytest.raises(UsageError) as caught:
            make(app, what, "csv", Wanted(**words), tmp_path / "x.csv")
        assert caught.value.code == code
    assert list(tmp_path.iterdir()) == []


def test_a_unit_may_be_asked_for_by_its_short_name(app, tmp_path):
    """As registers and ledgers find it; what it is short for is told where it is none of the unit's own."""
    made = make(app, "assets", "csv", Wanted(org="市财局"), tmp_path / "a.csv")
    assert made.rows == make(app, "assets", "csv", Wanted(org="FIN"), tmp_path / "b.csv").rows > 0
    with pytest.raises(UsageError, match="是不是 财政局"):
        make(app, "assets", "csv", Wanted(org="政局"), tmp_path / "c.csv")


def test_a_template_of_the_workspace_is_used(app):
    """A copied template is listed as in force and left alone by a second copy."""
    from secops.hall.flows import report_template

    path = report_template.copied(app, "duties")
    assert report_template.own(app.workspace, "duties") == path
    assert report_template.own(app.workspace, "assets") is None
    with pytest.raises(UsageError):
        report_template.copied(app, "duties")
    with pytest.raises(UsageError):
        report_template.copied(app, "../x")
    assert str(path) in {each["file"] for each in report_template.listed(app)}
