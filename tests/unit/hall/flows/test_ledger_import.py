"""Ledgers in: told before they are taken, taken once, each row against the others and against what is declared."""

import csv
import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import openpyxl
import pytest

from secops.core.clock import Instant, ManualClock
from secops.core.errors import UsageError
from secops.core.events import Summary
from secops.core.model import Observation, Status, Target
from secops.hall.app import App
from secops.hall.flows import asset_bulk, inventory, ledger_change, ledger_mapping, register
from secops.hall.flows.asset_edit import edit
from secops.hall.flows.declare import declare
from secops.hall.flows.history import history
from secops.hall.flows.ledger_import import Options, opened, section_of
from secops.hall.flows.merge import merge, stale
from secops.hall.workspace import Workspace
from secops.store import observations

CODE, OTHER = "91350100M000100Y43", "11990000MB0000001M"
UNITS = [["单位编号", "单位名称", "统一社会信用代码", "上级单位"], ["FIN", "财政局", CODE, ""]]
SYSTEMS = [["系统名称", "系统编号", "责任单位", "等保级别", "负责人"], ["预算系统", "S1", "财政局", "三级", "张三"]]


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    workspace = Workspace(tmp_path / "w")
    workspace.make()
    with App(workspace, clock=ManualClock(Instant(1_750_000_000_000))) as held:
        yield held


def _file(app: App, name: str, rows: Sequence[Sequence[object]]) -> Path:
    path = app.workspace.root / f"{name}.csv"
    with path.open("w", encoding="utf-8-sig", newline="") as handle:
        csv.writer(handle).writerows(rows)
    return path


def _run(app: App, *files: Path, write: bool = True, **options: object) -> tuple[list[dict[str, object]], Summary]:
    app.clock.advance(1)  # type: ignore[attr-defined]  # a ManualClock
    with opened(app, files, Options(**options), who="甲") as found:  # type: ignore[arg-type]
        rows = [dict(each.data) for each in found.preview()]
        events = list(found.apply()) if write else [found.summary(applied=False)]
    summary = events[-1]
    assert isinstance(summary, Summary)
    return rows, summary


def _outcomes(rows: list[dict[str, object]]) -> list[object]:
    return [each["outcome"] for each in rows]


def test_a_ledger_is_told_taken_and_taken_again_without_change(app: App) -> None:
    """Units and systems of two files refer to each other; the preview writes nothing; a second run is the same."""
    files = _file(app, "单位", UNITS), _file(app, "系统", SYSTEMS)
    rows, told = _run(app, *files, write=False)
    assert _outcomes(rows) == ["new", "new"]
    assert told.state == "planned"
    assert list(inventory.listed(app, "kind:system")) == []
    _, done = _run(app, *files)
    assert done.counts["new"] == 2
    shown = inventory.show(app, "S1").values
    assert (shown["name"], shown["system.level"], shown["org.name"]) == ("预算系统", 3, "财政局")
    (change,) = history(app, "S1", field="born")
    assert (change["who"], change["reason"]) == ("甲", "inventory import 系统.csv!2")
    rows, again = _run(app, *files)
    assert _outcomes(rows) == ["same", "same"]
    assert again.counts["new"] == 0
    assert list(inventory.rebuild(app))[-1].counts["same_digest"] == 1  # type: ignore[union-attr]


def test_what_was_seen_before_the_first_merge_is_read_by_the_rules_that_an_import_logs(app: App) -> None:
    """A ledger is the first to take in what a run saw: its machine is there, and a rebuild finds the same."""
    facts = {"service.name": "ssh", "ssh.host_key": ("SHA256:" + "A" * 43,)}
    target, at = Target("198.18.0.1", 22), app.clock.now()
    with app.database.write() as connection:
        seen = Observation("default", "o", "r", "ssh@1", target, at, Status.SUCCESS, facts)
        observations.append(connection, [seen])
    _run(app, _file(app, "单位", UNITS))
    assert not stale(app)
    list(merge(app))
    (host,) = inventory.listed(app, "kind:host")
    assert tuple(inventory.show(app, str(host["id"])).values["host.addresses"]) == ("198.18.0.1",)
    assert list(inventory.rebuild(app))[-1].counts["same_digest"] == 1  # type: ignore[union-attr]


def test_only_what_the_ledger_says_is_changed(app: App) -> None:
    """Columns that the ledger lacks and cells it leaves empty stay; the preview says old and new."""
    _run(app, _file(app, "单位", UNITS), _file(app, "系统", SYSTEMS))
    rows, _ = _run(app, _file(app, "改", [["系统编号", "等保级别", "负责人"], ["S1", "二级", ""]]), section="systems")
    assert rows[0]["change"] == {"等保级别": "3 → 2"}
    assert inventory.show(app, "S1").values["owner"] == "张三"
    rows, _ = _run(app, _file(app, "清", [["系统编号", "负责人"], ["S1", ""]]), section="systems", clear=True)
    assert rows[0]["change"] == {"负责人": "张三 → （空）"}
    assert inventory.show(app, "S1").values.get("owner") is None


def test_a_thing_is_known_by_its_name_or_code_where_no_key_is_written(app: App) -> None:
    """A ledger without numbers changes what is declared under that name or credit code, it makes no second one."""
    _run(app, _file(app, "单位", UNITS), _file(app, "系统", SYSTEMS))
    rows, _ = _run(app, _file(app, "无号", [["系统名称", "等保级别"], ["预算系统", "二级"]]), section="systems")
    assert (rows[0]["subject"], rows[0]["outcome"]) == ("system:S1", "changed")
    rows, _ = _run(app, _file(app, "码", [["统一社会信用代码", "单位名称", "联系人"], [CODE, "财政局", "李四"]]))
    assert (rows[0]["subject"], rows[0]["outcome"]) == ("organisation:FIN", "changed")


def test_rows_that_contradict_each_other_are_all_left_out(app: App) -> None:
    """The same key twice with one content counts once; with two contents neither is taken, both places are named."""
    rows, summary = _run(
        app,
        _file(app, "单位", [*UNITS, UNITS[1], ["EDU", "教育局", "", ""], ["EDU", "教育厅", "", ""]]),
    )
    assert _outcomes(rows) == ["new", "repeated", "left_out", "left_out"]
    assert "单位名称不同：单位.csv!4、单位.csv!5" in str(rows[2]["reason"])
    assert summary.counts["repeated"] == 1
    assert not summary.complete


def test_a_claim_by_two_is_reported_by_both(app: App) -> None:
    """One credit code for two units, one serial number for two devices: neither row is taken."""
    rows, _ = _run(app, _file(app, "单位", [*UNITS, ["TAX", "税务局", CODE, ""]]))
    assert _outcomes(rows) == ["left_out", "left_out"]
    devices = [
        ["设备编号", "设备名称", "名称", "厂商", "序列号"],
        ["D1", "", "甲", "H", "X1"],
        ["D2", "", "乙", "H", "X1"],
    ]
    rows, _ = _run(app, _file(app, "设备", devices), section="devices")
    assert _outcomes(rows) == ["left_out", "left_out"]
    _run(app, _file(app, "设备", devices[:2]), section="devices")
    rows, _ = _run(app, _file(app, "设备", [devices[0], devices[2]]), section="devices")
    assert _outcomes(rows) == ["left_out"]
    assert "D1" in str(rows[0]["reason"])


def test_a_circle_of_superiors_is_told_with_the_way_round(app: App) -> None:
    """Units that stand above themselves are left out, also where the circle closes over what is declared."""
    _run(app, _file(app, "单位", UNITS))
    rows, _ = _run(
        app, _file(app, "单位", [UNITS[0], ["A", "甲", "", "B"], ["B", "乙", "", "A"], ["C", "丙", "", "FIN"]])
    )
    assert _outcomes(rows) == ["left_out", "left_out", "new"]
    assert "A → B → A" in str(rows[0]["reason"])
    rows, _ = _run(app, _file(app, "单位", [UNITS[0], ["FIN", "财政局", "", "C"]]))
    assert _outcomes(rows) == ["left_out"]


def test_unknown_units_are_left_out_or_proposed(app: App) -> None:
    """A row that names a unit nobody declared says so at the cell, or declares it where that is asked."""
    file = _file(app, "系统", SYSTEMS)
    rows, _ = _run(app, file)
    assert (rows[0]["where"], rows[0]["outcome"]) == ("系统.csv!C2", "left_out")
    rows, _ = _run(app, file, create=True)
    assert [each["subject"] for each in rows] == ["organisation:财政局", "system:S1"]


def test_duties_wait_for_a_second_person_once(app: App) -> None:
    """A duty is proposed; the same file again proposes nothing; approved, it is the same."""
    _run(app, _file(app, "单位", UNITS), _file(app, "系统", SYSTEMS))
    file = _file(
        app, "责任", [["责任单位", "责任类别", "业务系统", "责任人"], ["财政局", "主管单位", "预算系统", "李四"]]
    )
    rows, _ = _run(app, file)
    assert _outcomes(rows) == ["proposed"]
    rows, _ = _run(app, file)
    assert _outcomes(rows) == ["same"]
    (waits,) = register.pending(app)
    register.answer(app, str(waits["id"]), yes=True, who="乙")
    assert _outcomes(_run(app, file)[0]) == ["same"]
    assert next(iter(register.listed(app, "duty")))["person"] == "李四"


def test_what_was_declared_since_the_preview_ends_the_import(app: App) -> None:
    """Nothing is written over what somebody declared between the preview and the answer."""
    with opened(app, [_file(app, "单位", UNITS)], Options(), who="甲") as found:
        list(found.preview())
        register.put(app, "supplier", "", ["name=甲公司"], who="乙")
        with pytest.raises(UsageError) as caught:
            list(found.apply())
    assert caught.value.code == "E1379"


def test_a_large_import_goes_on_where_it_was_ended(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond so many changes each chunk is one transaction: what was taken before an end counts, the rest follows."""
    monkeypatch.setattr(ledger_change, "CHUNK", 10)
    file = _file(app, "供应商", [["供应商名称", "联系人"], *[[f"公司{each}", "张三"] for each in range(35)]])
    with opened(app, [file], Options(), who="甲") as found:
        found.whole = 10
        list(found.preview())
        steps = found.apply()
        next(steps)
        next(steps)
        steps.close()  # type: ignore[attr-defined]  # a generator
    assert len(list(register.listed(app, "supplier"))) == 20
    _, summary = _run(app, file)
    assert (summary.counts["same"], summary.counts["new"]) == (20, 15)
    assert list(inventory.rebuild(app))[-1].counts["same_digest"] == 1  # type: ignore[union-attr]


def test_yaml_and_a_sheet_state_the_same(app: App, tmp_path: Path) -> None:
    """What a workbook says becomes, decision for decision, what YAML says."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "外包合同"
    sheet.append(["合同编号", "合同名称", "供应商", "开始日期", "已签保密协议", "驻场人数"])
    sheet.append(["HT-1", "运维", "甲公司", "2025年1月1日", "是", 3])
    other = book.create_sheet("供应商")
    other.append(["供应商名称", "统一社会信用代码"])
    other.append(["甲公司", CODE])
    book.save(tmp_path / "a.xlsx")
    _run(app, tmp_path / "a.xlsx")
    (app.workspace.inventory / "a.yaml").write_text(
        f"suppliers:\n  - {{name: 甲公司, credit_code: {CODE}}}\n"
        "contracts:\n  - {number: HT-1, name: 运维, supplier: 甲公司, starts_on: 2025-01-01, confidential: true,"
        " staff_on_site: 3}\n",
        encoding="utf-8",
    )
    app.clock.advance(1)  # type: ignore[attr-defined]  # a ManualClock
    summary = list(declare(app, who="甲", plan=True))[-1]
    assert isinstance(summary, Summary)
    assert summary.counts["declared"] == summary.counts["changed"] == 0
    assert summary.counts["stated"] == 2


def test_a_mapping_is_saved_shown_and_used(app: App) -> None:
    """Headings nobody knows are mapped once; the file read again, and one like it, is read by the mapping."""
    file = _file(app, "怪", [["项目名", "代号", "杂项"], ["预算系统", "S1", "x"]])
    with pytest.raises(UsageError):
        _run(app, file)
    words = ["项目名=系统名称", "代号=code", "=level=三级"]
    table = ledger_mapping.recognised(app, file, section="systems", words=words)
    path, kept = ledger_mapping.save(app, "甲", table, words)
    assert ledger_mapping.named(app, "甲") == kept
    rows, _ = _run(app, file)
    assert rows[0]["change"] == {"系统名称": "预算系统", "等保级别": 3}
    with pytest.raises(UsageError) as caught:
        ledger_mapping.save(app, "甲", table, ["项目=name"])
    assert "项目名" in caught.value.hint
    path.write_text("section: systems\ncolumns: {a: nonsense}\n", encoding="utf-8")
    assert "nonsense" in str(next(iter(ledger_mapping.listed(app)))["fault"])


def _bill(app: App, *names: str) -> Path:
    path = app.workspace.root / f"{'-'.join(names)}.json"
    parts = [{"type": "library", "name": each, "version": "1"} for each in names]
    path.write_text(json.dumps({"bomFormat": "CycloneDX", "specVersion": "1.5", "components": parts}))
    return path


def test_a_newer_bill_of_materials_replaces_the_older(app: App) -> None:
    """What it lists still stays as it was, what is new is declared, what it lacks is withdrawn; told first."""
    with pytest.raises(UsageError):
        _run(app, _bill(app, "a"))
    _run(app, _file(app, "单位", UNITS), _file(app, "系统", SYSTEMS))
    _run(app, _bill(app, "a", "b"), system="预算系统")
    register.put(app, "component", "", ["name=手工", "system=S1"], who="乙")
    rows, _ = _run(app, _bill(app, "b", "c"), system="S1", write=False)
    assert _outcomes(rows) == ["same", "new", "withdrawn"]
    _run(app, _bill(app, "b", "c"), system="S1")
    assert sorted(str(each["name"]) for each in register.listed(app, "component")) == ["b", "c", "手工"]
    assert _outcomes(_run(app, _bill(app, "b", "c"), system="S1")[0]) == ["same", "same"]
    rows, _ = _run(app, _bill(app, "b"), system="没有")
    assert _outcomes(rows) == ["left_out"]


def test_what_names_a_row_that_is_left_out_is_left_out_too(app: App) -> None:
    """A unit under one of a circle, its system, the system's filing; what is declared already may be named."""
    _run(app, _file(app, "单位", [UNITS[0], ["A", "甲", "", ""]]))
    units = [UNITS[0], ["A", "甲", "", "B"], ["B", "乙", "", "A"], ["C", "丙", "", "B"], ["D", "丁", "", "A"]]
    systems = [SYSTEMS[0], ["预算系统", "S1", "C", "三级", ""], ["决算系统", "S2", "A", "三级", ""]]
    filings = [["业务系统", "安全保护等级"], ["S1", "3"], ["S2", "3"]]
    rows, _ = _run(app, _file(app, "单位", units), _file(app, "系统", systems), _file(app, "备案", filings))
    assert [(each["where"], each["outcome"]) for each in rows] == [
        ("单位.csv!2", "left_out"), ("单位.csv!3", "left_out"), ("单位.csv!D4", "left_out"), ("单位.csv!5", "new"),
        ("系统.csv!C2", "left_out"), ("系统.csv!3", "new"), ("备案.csv!A2", "left_out"), ("备案.csv!3", "new"),
    ]  # fmt: skip
    assert "单位.csv!3" in str(rows[2]["reason"])


def test_every_fault_of_a_row_is_told_at_once(app: App) -> None:
    """A wrong value and an unknown unit in one row; who names that row is told where it stands."""
    systems = [SYSTEMS[0], ["预算系统", "S1", "没有的局", "九级", ""]]
    rows, _ = _run(app, _file(app, "系统", systems), _file(app, "备案", [["业务系统", "安全保护等级"], ["S1", "3"]]))
    assert _outcomes(rows) == ["left_out", "left_out"]
    assert "1 至 5" in str(rows[0]["reason"])
    assert "没有的局" in str(rows[0]["reason"])
    assert "系统.csv!2" in str(rows[1]["reason"])


def test_what_cannot_be_is_refused_and_what_is_odd_is_told(app: App) -> None:
    """An end before its start costs the row at its cell; a level, number or unit at odds with others is a warning."""
    _run(app, _file(app, "单位", [*UNITS, ["TAX", "税务局", "", ""]]), _file(app, "系统", SYSTEMS))
    _run(app, _file(app, "系统", [SYSTEMS[0], ["决算系统", "S2", "财政局", "三级", ""]]))
    head = [
        "业务系统",
        "责任单位",
        "业务信息安全保护等级",
        "安全保护等级",
        "备案证明编号",
        "受理机关",
        "备案日期",
        "有效期至",
    ]
    number = "44010000001-00001"
    rows, summary = _run(
        app,
        _file(
            app, "备案",
            [head, ["S1", "税务局", "2", "4", number, "公安局", "2026-03-01", ""],
             ["S2", "财政局", "3", "3", number, "", "", ""], ["S2", "", "", "3", "", "", "2026-03-01", "2026-01-01"]],
        ),
    )  # fmt: skip
    assert _outcomes(rows) == ["new", "left_out", "left_out"]  # S2 is written twice
    told = str(rows[0]["warning"])
    for each in ("第4级，S/A 取高为第2级", "决算系统（S2）", "备案为第4级，系统登记为第3级", "税务局（TAX）"):
        assert each in told
    assert any("疑点" in each for each in summary.warnings)
    rows, _ = _run(app, _file(app, "备案", [head, ["S2", "", "", "3", "", "", "2026-03-01", "2026-01-01"]]))
    assert (rows[0]["where"], rows[0]["outcome"]) == ("备案.csv!H2", "left_out")
    assert "早于" in str(rows[0]["reason"])
    with pytest.raises(UsageError):
        register.put(app, "filing", "S1", ["valid_until=2025-01-01"], who="乙")


def test_an_old_ledger_read_again_says_what_it_puts_back(app: App) -> None:
    """Who changed a value since, and when; a row that changes only what nobody touched warns of nothing."""
    files = _file(app, "单位", UNITS), _file(app, "系统", SYSTEMS)
    _run(app, *files)
    edit(app, "system", "S1", ["owner=李四"], who="乙")
    rows, summary = _run(app, *files, write=False)
    assert rows[1]["change"] == {"负责人": "李四 → 张三"}
    assert "负责人此后由 乙 于 2025-06-15 改过" in str(rows[1]["warning"])
    assert any("改回" in each for each in summary.warnings)
    rows, summary = _run(app, _file(app, "新", [["系统编号", "负责人"], ["S1", "王五"]]), section="systems")
    assert rows[0]["warning"] == ""
    assert summary.warnings == ()


def test_a_preview_says_from_whom_an_asset_is_taken(app: App) -> None:
    """An address that the declared network gave to a system: declared for another, old and new are told."""
    both = [*SYSTEMS, ["决算系统", "S2", "财政局", "三级", ""]]
    _run(app, _file(app, "单位", UNITS), _file(app, "系统", both))
    _run(app, _file(app, "网段", [["网段", "所属系统"], ["198.18.0.0/24", "S1"]]), section="networks")
    _run(app, _file(app, "地址", [["IP 地址", "负责人"], ["198.18.0.1", "张三"]]), section="addresses")
    with asset_bulk.planned(app, "ip:198.18.0.1", ["system=S2"], who="甲") as found:
        (row,) = [each.data for each in found.preview()]
    assert row["change"]["所属系统"] == "预算系统（S1） → 决算系统（S2）"  # type: ignore[index]


def test_the_first_values_of_a_system_and_of_what_is_only_declared_are_in_their_history(app: App) -> None:
    """A system's history begins with what was declared; a unit is meant by its code or name, a row by its key."""
    _run(app, _file(app, "单位", UNITS), _file(app, "系统", SYSTEMS))
    app.clock.advance(1)  # type: ignore[attr-defined]  # a ManualClock
    edit(app, "system", "S1", ["owner=李四"], who="乙")
    told = [(each["field"], each["old"], each["new"]) for each in history(app, "S1")]
    assert told[0][0] == "born"
    assert ("owner", None, "张三") in told
    assert ("org_id", None, "FIN") in told
    assert told[-1] == ("owner", "张三", "李四")
    for word in ("FIN", "财政局"):
        assert ("name", None, "财政局") in [(each["field"], each["old"], each["new"]) for each in history(app, word)]
    register.put(app, "supplier", "", ["name=甲公司"], who="乙")
    assert [each["key"] for each in history(app, "甲公司")][:1] == ["甲公司"]
    with pytest.raises(UsageError) as caught:
        list(history(app, "没有的"))
    assert caught.value.code == "E1312"


def test_only_what_is_very_near_is_suggested(app: App) -> None:
    """A name of which one character differs, a code one edit away; never another unit or a code two edits away."""
    _run(app, _file(app, "单位", [*UNITS, ["SLJ", "某市水利局", "", ""]]))
    said = []
    for unit in ("某市水利厅", "农业农村局", "SJL", "LSF"):
        rows, _ = _run(app, _file(app, "系统", [SYSTEMS[0], ["甲", "S9", unit, "三级", ""]]))
        said.append(str(rows[0]["reason"]))
    assert "是不是 某市水利局" in said[0]
    assert "是不是 SLJ" in said[2]
    assert "是不是" not in said[1] + said[3]


def test_hosts_have_serial_numbers_that_only_one_may_claim(app: App) -> None:
    """The headings offices use for hosts are known; a serial number written twice costs both rows."""
    head = ["主机名", "IP地址", "操作系统版本", "厂商", "型号", "序列号"]
    one, other = ["app1", "198.18.0.1", "麒麟", "甲", "M1", "X1"], ["app2", "198.18.0.2", "麒麟", "甲", "M1", "X1"]
    rows, _ = _run(app, _file(app, "主机", [head, one, other]))
    assert _outcomes(rows) == ["left_out", "left_out"]
    assert "序列号" in str(rows[0]["reason"])
    rows, _ = _run(app, _file(app, "主机", [head, one]))
    assert _outcomes(rows) == ["new"]
    (host,) = inventory.listed(app, "kind:host serial:X1")
    assert (host["name"], host["device.vendor"]) == ("app1", "甲")


def test_a_mapping_chooses_the_list_that_has_its_columns(app: App) -> None:
    """Headings that fit several lists: the columns named in the mapping settle which is meant; else --as is told."""
    file = _file(app, "台账", [["单位", "系统", "对接人", "杂项"], ["财政局", "预算", "张三", "x"]])
    words = ["对接人=owner", "杂项="]
    _, kept = ledger_mapping.save(app, "科室台账", ledger_mapping.recognised(app, file, words=words), words)
    assert kept.section == "systems"
    assert kept.columns == {"单位": "organisation", "系统": "name", "对接人": "owner", "杂项": ""}
    table = ledger_mapping.recognised(app, file, section="filings")
    with pytest.raises(UsageError) as caught:
        ledger_mapping.save(app, "乙", table, ["对接人=owner"])
    assert "--as systems" in caught.value.hint


@pytest.mark.parametrize(
    ("word", "name"),
    [("系统", "systems"), ("合同", "contracts"), ("密码应用", "crypto"), ("信创", "xinchuang"), ("算法", "algorithms"),
     ("责任书", "duties"), ("filing", "filings"), ("供应商", "suppliers")],
)  # fmt: skip
def test_lists_are_known_by_short_names(word: str, name: str) -> None:
    """Whatever means one list only; registers know the same names."""
    found = section_of(word)
    assert found is not None
    assert found.name == name
    if found.register is not None:
        assert register.register_of(word) is found.register
    with pytest.raises(UsageError) as caught:
        section_of("全")
    assert caught.value.code == "E1378"


def test_a_mapping_refuses_a_column_that_its_list_does_not_have(app: App) -> None:
    """Units stay units: 版本 is no column of theirs, and the lists that have one are told."""
    file = _file(app, "单位", [["单位名称", "统一社会信用代码", "上级单位", "附记"], ["财政局", CODE, "", "x"]])
    table = ledger_mapping.recognised(app, file, words=["附记=version"])
    with pytest.raises(UsageError, match="单位没有列 version") as caught:
        ledger_mapping.save(app, "组织", table, ["附记=version"])
    assert "--as apps" in caught.value.hint


def test_what_names_a_row_that_cannot_be_is_left_out(app: App) -> None:
    """An end before its start, or a name not given, costs the row and those that name it: no reference dangles."""
    _run(app, _file(app, "供应商", [["供应商名称"], ["甲公司"]]), section="suppliers")
    contracts = [["合同编号", "合同名称", "供应商", "开始日期", "结束日期"]]
    contracts += [["HT-1", "运维", "甲公司", "2026-02-01", "2025-12-31"], ["HT-2", "", "甲公司", "", ""]]
    staff = [
        ["姓名", "供应商", "外包合同", "可访问系统"],
        ["张三", "甲公司", "HT-1", ""],
        ["李四", "甲公司", "HT-2", ""],
    ]
    rows, _ = _run(app, _file(app, "外包合同", contracts), _file(app, "外包人员", staff))
    assert _outcomes(rows) == ["left_out"] * 4
    assert "外包合同.csv!2" in str(rows[2]["reason"])
    assert list(register.listed(app, "staff")) == []
    _run(app, _file(app, "外包合同", [contracts[0], ["HT-1", "运维", "甲公司", "2026-02-01", ""]]))
    rows, _ = _run(app, _file(app, "外包合同", contracts[:2]), _file(app, "外包人员", staff[:2]))
    assert _outcomes(rows) == ["left_out", "new"]  # what is declared already may be named


def test_one_serial_number_of_a_host_and_a_device_is_told(app: App) -> None:
    """Two kinds of machines are machines: neither row is taken, and against what is declared the later one is not."""
    _run(app, _file(app, "单位", [*UNITS, ["TAX", "税务局", "", ""]]))
    hosts = [["主机编号", "主机名", "厂商", "序列号", "责任单位", "IP 地址"], ["SV-A", "h", "浪潮", "SN777", "", ""]]
    devices = [
        ["设备编号", "设备名称", "厂商", "序列号", "责任单位", "IP 地址"],
        ["DV-A", "d", "浪潮", "SN777", "", ""],
    ]
    rows, _ = _run(app, _file(app, "主机", hosts), _file(app, "设备", devices))
    assert _outcomes(rows) == ["left_out", "left_out"]
    assert "主机 SV-A" in str(rows[0]["reason"])
    assert "设备 DV-A" in str(rows[0]["reason"])
    assert _outcomes(_run(app, _file(app, "主机", hosts))[0]) == ["new"]
    assert _outcomes(_run(app, _file(app, "设备", devices))[0]) == ["left_out"]


def test_an_address_of_two_units_is_told(app: App) -> None:
    """A host of one unit and a device of another say one address is theirs: both are taken, and both told."""
    _run(app, _file(app, "单位", [*UNITS, ["TAX", "税务局", "", ""]]))
    hosts = [["主机编号", "主机名", "责任单位", "IP 地址"], ["SV-B", "h", "财政局", "192.0.2.9"]]
    devices = [
        ["设备编号", "设备名称", "设备类型", "责任单位", "IP 地址"],
        ["DV-B", "d", "防火墙", "税务局", "192.0.2.9"],
    ]
    _run(app, _file(app, "主机", hosts))
    rows, summary = _run(app, _file(app, "设备", devices))
    assert _outcomes(rows) == ["new"]
    assert "192.0.2.9 也是主机 SV-B 的，那一个属于 财政局（FIN）" in str(rows[0]["warning"])
    assert any("疑点" in each for each in summary.warnings)


def test_a_second_system_of_one_name_and_unit_is_left_out_and_a_key_is_no_name(app: App) -> None:
    """Without codes a name is known again; another code is refused with both, until the old one is out of use."""
    _run(app, _file(app, "单位", UNITS))
    _run(app, _file(app, "系统台账", [["系统名称", "主管部门", "等保级别"], ["非税系统", "财政局", "三级"]]))
    coded = _file(
        app, "系统", [["系统编码", "系统名称", "主管部门", "等保级别"], ["CZ-002", "非税系统", "财政局", "三级"]]
    )
    rows, _ = _run(app, coded)
    assert _outcomes(rows) == ["left_out"]
    assert str(rows[0]["where"]).endswith("!2")
    assert "财政局（FIN） 还有一个系统也叫 非税系统，编号 非税系统：" in str(rows[0]["reason"])
    edit(app, "system", "非税系统", ["status=停用"], who="乙")
    rows, summary = _run(app, coded)
    assert (rows[0]["subject"], rows[0]["outcome"]) == ("system:CZ-002", "new")
    assert "编号 非税系统 的系统也叫 非税系统，属 财政局（FIN）" in str(rows[0]["warning"])
    assert any("疑点" in each for each in summary.warnings)
    rows, _ = _run(app, _file(app, "误", [["系统名称", "等保级别", "主管部门"], ["CZ-002", "二级", "财政局"]]))
    assert _outcomes(rows) == ["left_out"]
    assert "它的名称是 非税系统" in str(rows[0]["reason"])


def test_a_unit_is_known_by_its_short_name_or_the_whole_one_is_told(app: App) -> None:
    """What a word may be short for is asked; once the short name is declared the word means that unit."""
    units = [["单位编号", "单位名称", "单位简称", "上级单位"], ["CZ", "东江市财政局", "", ""]]
    _run(app, _file(app, "单位", units))
    systems = [["系统名称", "系统编码", "主管部门"], ["预算", "S1", "财政局"]]
    rows, _ = _run(app, _file(app, "系统台账", systems))
    assert _outcomes(rows) == ["left_out"]
    for each in ("是不是 东江市财政局？", "单位简称", "words"):
        assert each in str(rows[0]["reason"])
    units[1][2] = "财政局、市财政局"
    assert _outcomes(_run(app, _file(app, "单位", units))[0]) == ["changed"]
    assert _outcomes(_run(app, _file(app, "系统台账", systems))[0]) == ["new"]
    assert inventory.show(app, "S1").values["org.name"] == "东江市财政局"
    assert list(inventory.rebuild(app))[-1].counts["same_digest"] == 1  # type: ignore[union-attr]


def test_a_unit_that_may_be_another_by_its_short_name_is_told(app: App) -> None:
    """To declare unknown units too makes no second one of a unit without a word."""
    _run(app, _file(app, "单位", [["单位编号", "单位名称", "上级单位"], ["CZ", "东江市财政局", ""]]))
    systems = _file(app, "系统台账", [["系统名称", "系统编码", "主管部门"], ["预算", "S1", "财政局"]])
    rows, _ = _run(app, systems, create=True, write=False)
    assert "像是 东江市财政局 的简称" in str(rows[0]["warning"])


def test_systems_of_one_name_are_told_apart_by_their_units(app: App) -> None:
    """Of two units they are taken and told; of one both rows are left out, and what names them; the known stand."""
    _run(app, _file(app, "单位", [*UNITS, ["TAX", "税务局", "", ""]]))
    heads = ["系统编码", "系统名称", "主管部门", "等保级别"]
    rows, _ = _run(app, _file(app, "系统", [heads, ["A", "门户网站", "财政局", 2], ["B", "门户网站", "税务局", 2]]))
    assert _outcomes(rows) == ["new", "new"]
    assert "编号 B 的系统也叫 门户网站，属 税务局（TAX）" in str(rows[0]["warning"])
    ledger = _file(app, "系统", [heads, ["C", "内网", "财政局", 2], ["D", "内网", "财政局", 2]])
    filed = _file(app, "等级保护备案", [["定级对象", "安全保护等级"], ["C", "二级"]])
    rows, _ = _run(app, ledger, filed)
    assert _outcomes(rows) == ["left_out"] * 3
    assert "编号 D（系统.csv!3）" in str(rows[0]["reason"])
    assert "编号 C（系统.csv!2）" in str(rows[1]["reason"])
    with pytest.raises(UsageError) as caught:
        edit(app, "system", "B", ["organisation=财政局"], who="乙")
    assert "编号 A" in caught.value.why


def test_a_remark_of_a_unit_is_kept(app: App) -> None:
    """It comes with the ledger, may have lines, and is in the unit's history."""
    rows, _ = _run(app, _file(app, "单位", [[*UNITS[0], "备注"], [*UNITS[1], "机构改革\n并入"]]))
    assert rows[0]["change"]["备注"] == "机构改革\n并入"  # type: ignore[index]  # a mapping
    assert edit(app, "organisation", "FIN", ["备注=x"], who="乙").what == "changed"


def test_a_data_survey_is_held_against_its_data_asset(app: App) -> None:
    """A level proposed below that of the asset is told, with the asset's; amounts come in the column's unit."""
    _run(app, _file(app, "单位", UNITS))
    _run(app, _file(app, "数据资产", [["数据编号", "数据名称", "数据级别"], ["D1", "账户", "重要"]]))
    heads = ["数据名称", "拟定数据级别", "责任单位", "数据资产", "数据总量（GB）", "数据总量（万条）"]
    ledger = [heads, ["账户", "一般数据", "财政局", "D1", "１．５TB", "2亿条"], ["流水", "", "财政局", "", "很多", ""]]
    rows, _ = _run(app, _file(app, "数据摸底调查表", ledger))
    assert _outcomes(rows) == ["new", "left_out"]
    assert rows[0]["subject"] == "data_survey:账户/FIN"
    assert "数据资产登记为 重要" in str(rows[0]["warning"])
    assert "“很多”不是" in str(rows[1]["reason"])
    (row,) = register.listed(app, "表六")
    assert (row["volume_gb"], row["records_10k"], row["level"]) == (1536.0, 20_000.0, "一般数据")
