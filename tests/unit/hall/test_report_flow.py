"""`report make`: the ledger joins units and systems, masks what is sensitive, and is written whole or not at all."""

import csv
from dataclasses import replace

import pytest

from secops.core.clock import Instant, ManualClock
from secops.core.errors import StoreError, UsageError
from secops.core.finding import Finding, Severity, Step, Transition
from secops.core.model import Entity, Kind, Organisation, State
from secops.deliver.reports import page
from secops.hall.app import App
from secops.hall.config import load
from secops.hall.flows.report import Wanted, make
from secops.hall.workspace import Workspace
from secops.store import entities, findings, organisations

NOW = Instant(1_750_000_000_000)


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    workspace = Workspace(tmp_path_factory.mktemp("w"))
    workspace.make()
    with App(workspace, clock=ManualClock(NOW), config=load(None, {"site": "s"})) as opened:
        facts = {"name": "政务门户", "system.code": "portal", "system.level": 3, "owner": "张三"}
        system = Entity(Kind.SYSTEM, "s", "portal", NOW, NOW, State.DECLARED, True, org_id="o1", facts=facts)
        made = [system]
        for last in (20, 3):
            address = f"198.18.0.{last}"
            ip = Entity(Kind.IP, "s", address, NOW, NOW, org_id="o1", system_id=system.id, facts={"address": address})
            service = Entity(
                Kind.SERVICE, "s", f"{address}:80/tcp", NOW, NOW, parent=ip.id, facts={"address": address, "port": 80}
            )
            made += [ip, service]
        found = Finding(
            "gone-rule", made[-1].id, Kind.SERVICE, "s", Severity.HIGH, True, NOW, NOW, 1, "d", {"port": 80}
        )
        with opened.database.write() as connection:
            organisations.put(connection, [Organisation("o1", "s", "省财政厅")])
            entities.put(connection, {each.id: replace(each, changed_seq=1) for each in made})
            findings.record(connection, [Transition(found, Step.OPENED, NOW)])
        yield opened


def read(path):
    with path.open(encoding="utf-8-sig", newline="") as handle:
        return list(csv.DictReader(handle))


def test_the_ledger_names_unit_system_level_and_findings(app):
    """Addresses come in order, each with its unit, system, level and the findings on it and its services."""
    rows = [each for each in read(make(app, "assets", "csv", Wanted()).path) if each["清单"] == "IP 资产"]
    assert [(each["标识"], each["问题数"]) for each in rows] == [("198.18.0.3", "1"), ("198.18.0.20", "0")]
    assert {(each["责任单位"], each["所属系统"], each["所属系统等保级别"]) for each in rows} == {
        ("省财政厅", "政务门户", "3")
    }


def test_sensitive_fields_are_masked_unless_asked(app):
    """A person's name shows its first character alone, and whole with the flag."""
    owners = [
        {each["负责人"] for each in read(make(app, "assets", "csv", Wanted(sensitive=flag)).path)} - {""}
        for flag in (False, True)
    ]
    assert owners == [{"张***"}, {"张三"}]


def test_the_query_is_the_inventory_s_language(app):
    """A filter keeps what it names, kinds that lack the field are left out, and a wrong word is an error."""
    made = make(app, "assets", "csv", Wanted(query="ip=198.18.0.20"))
    assert {each["标识"] for each in read(made.path)} == {"198.18.0.20", "198.18.0.20:80/tcp"}
    assert make(app, "findings", "csv", Wanted(query="port=81")).rows == 0
    assert make(app, "findings", "csv", Wanted(query="port=80")).rows == 1
    with pytest.raises(UsageError):
        make(app, "assets", "csv", Wanted(query="prot=80"))


def test_a_finding_of_a_vanished_rule_is_still_told(app):
    """A finding whose rule is no longer there keeps the rule's id as its title."""
    (row,) = read(make(app, "findings", "csv", Wanted(severities=("high",))).path)
    assert (row["问题"], row["危害程度"], row["资产"], row["状态"]) == (
        "gone-rule",
        "高危",
        "198.18.0.3:80/tcp",
        "未整改",
    )


@pytest.mark.parametrize("format", ["xlsx", "csv", "html"])
def test_the_same_data_give_the_same_file(app, tmp_path, format):
    """Two reports of one day over the same data are equal byte for byte."""
    first = make(app, "assets", format, Wanted(), tmp_path / f"a.{format}").path.read_bytes()
    assert make(app, "assets", format, Wanted(), tmp_path / f"b.{format}").path.read_bytes() == first


@pytest.mark.parametrize("format", ["xlsx", "csv", "html"])
def test_a_full_disk_leaves_the_old_report(app, tmp_path, format, monkeypatch):
    """When writing fails the error says where, the former file stays, and no part is left."""
    target = tmp_path / "r.out"
    target.write_text("old")
    monkeypatch.setattr("os.fsync", lambda _: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(StoreError) as caught:
        make(app, "assets", format, Wanted(), target)
    assert caught.value.code == "E6302"
    assert target.read_text() == "old"
    assert not list(tmp_path.glob("*.part"))


def test_how_far_a_report_is_is_told_and_an_interrupted_one_leaves_nothing(app, tmp_path, monkeypatch):
    """First what is read, then what is written; after Ctrl-C in either there is no file."""
    monkeypatch.setattr("secops.hall.flows.report._STEP", 2)
    told = []
    make(app, "assets", "csv", Wanted(), tmp_path / "a.csv", live=told.append)
    assert [each.stage for each in told if not each.done] == ["读取", "写出"]
    assert (told[-1].done, told[-1].total) == (4, 5)

    for stage in ("读取", "写出"):

        def stop(event, stage=stage):
            if event.stage == stage and event.done:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            make(app, "assets", "csv", Wanted(), tmp_path / "b.csv", live=stop)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["a.csv", "a.csv.manifest.json"]


@pytest.mark.parametrize("format", ["pdf", "docx"])
def test_what_paper_leaves_out_is_told_with_its_number(app, tmp_path, monkeypatch, format):
    """On the cover and below the list, with what to do; and to whoever asked."""
    pytest.importorskip({"pdf": "weasyprint", "docx": "docxtpl"}[format])
    monkeypatch.setattr(f"secops.deliver.reports.{format}.ROWS", 1)
    seen = []
    real = page.left_out
    for place in ("page", "docx"):
        monkeypatch.setattr(f"secops.deliver.reports.{place}.left_out", lambda *a: seen.append(real(*a)) or seen[-1])
    made = make(app, "assets", format, Wanted(), tmp_path / f"a.{format}")
    assert made.notes[-1:] == ("每张清单只列前 1 行，共 2 行未列出；全部内容请导出 xlsx 或 csv 格式的同一报表",)
    cut = [each for each in seen if "行" in each]
    assert len(cut) == 2
    assert all(each.startswith("本清单共 2 行，这里列出前 1 行；其余 1 行") for each in cut)
    assert all(each.endswith("未列出，请导出 xlsx 或 csv 格式的同一报表查看") for each in cut)
