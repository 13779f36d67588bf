"""Who must act, from inventory files to the step-by-step way, and the tree of units."""

import csv
from collections.abc import Iterator
from pathlib import Path

import pytest

from secops.core.clock import Instant, ManualClock
from secops.core.errors import UsageError
from secops.core.model import Decision, DecisionType, Kind, Observation, Status, Target
from secops.hall.app import App
from secops.hall.flows import report
from secops.hall.flows.amend import amend
from secops.hall.flows.declare import declare
from secops.hall.flows.inventory import elsewhere, find
from secops.hall.flows.merge import merge
from secops.hall.flows.responsible import listed, one_asset, steps, tree
from secops.hall.workspace import Workspace
from secops.intake.declared_sections import by_kind
from secops.store import decisions, observations, runs
from secops.store.runs import Run

T0 = 1_750_000_000_000  # 2025-06-15
TEXT = """
organisations:
  - {id: GOV, name: 某市政府, contact: 总值班, phone: "1"}
  - {id: FIN, name: 财政局, parent: GOV, contact: 值班员, phone: "2"}
  - {id: HEALTH, name: 卫健局, parent: GOV}
networks:
  - {cidr: 198.18.0.0/16, organisation: GOV}
  - {cidr: 198.18.1.0/24, organisation: FIN}
addresses:
  - {address: 198.18.1.9}
systems:
  - {code: S1, name: 预算系统, organisation: FIN, addresses: ["198.18.1.5:8443"]}
  - {code: S2, name: 挂号系统, organisation: HEALTH, addresses: [198.18.1.6], owner: 王五}
"""
DUTIES = [
    ("FIN", "operator", "S1", "张三", "2025-01-01"),
    ("GOV", "regulator", "S1", "赵六", "2030-01-01"),
    ("GOV", "competent", "", "钱七", ""),
]


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    """Units, networks and systems are declared, duties approved, some addresses seen."""
    workspace = Workspace(tmp_path)
    workspace.make()
    (workspace.inventory / "all.yaml").write_text(TEXT, encoding="utf-8")
    with App(workspace, clock=ManualClock(Instant(T0))) as opened:
        list(declare(opened, who="甲"))
        duties = []
        for org, role, system, person, until in DUTIES:
            fields = {"role": role, "person": person} | ({"valid_until": until} if until else {})
            payload = {"kind": "duty", "org": org, "fields": fields} | ({"system": system} if system else {})
            duties.append(Decision(opened.site, DecisionType.DECLARE, f"duty:{org}/{role}/{system}", payload, "乙",
                                   Instant(T0), ""))  # fmt: skip
        seen = [
            Observation(opened.site, "o", "r", "ssh@1", Target(address, port), Instant(T0), Status.SUCCESS,
                        {"service.name": "ssh"})
            for address, port in (("198.18.1.5", 8443), ("198.18.1.5", 22), ("198.18.1.6", 22), ("198.18.1.9", 22),
                                  ("198.18.7.7", 22), ("198.19.0.1", 22), ("198.99.0.1", 22))
        ]  # fmt: skip
        with opened.database.write() as connection:
            decisions.append(connection, duties)
            observations.append(connection, seen)
        list(merge(opened))
        yield opened


def way(app: App, word: str) -> list[tuple[object, object]]:
    return [(each["step"], each["org_id"]) for each in steps(app, word)]


def test_a_port_leads_to_its_system_its_unit_and_the_duty(app: App) -> None:
    """Port declaration, unit, unit above, duties of system and units, and the conclusion; an expired letter is told."""
    found = steps(app, "198.18.1.5:8443/tcp")
    assert [(each["step"], each["org_id"]) for each in found] == [
        ("port", "FIN"), ("unit", "FIN"), ("above", "GOV"), ("duty", "FIN"), ("duty", "GOV"), ("duty", "GOV"),
        ("act", "FIN"),
    ]  # fmt: skip
    assert "张三" in str(found[-1]["says"])
    assert "已过期" in str(found[3]["says"])
    assert found[0]["who"] == "甲"


def test_the_narrowest_declaration_with_a_unit_stands(app: App) -> None:
    """An address without a unit is passed by, its network answers; another system's address has its own unit."""
    assert way(app, "198.18.1.9")[:3] == [("address", None), ("network", "FIN"), ("unit", "FIN")]
    assert way(app, "198.18.1.5:22/tcp")[0] == ("network", "FIN")
    assert way(app, "198.18.7.7")[0] == ("network", "GOV")
    (row,) = listed(app, "address:198.18.1.6", kind=None)
    assert (row["organisation"], row["person"], row["role"], row["via"]) == ("卫健局", "王五", "system", "system:S2")


def test_where_nobody_is_declared_the_escalation_is_named(app: App) -> None:
    """The unit of the network next door, within an IPv4 /16; else the top authority of the duty register."""
    rows = {str(each["key"]): each for each in listed(app, "org.missing:true")}
    assert set(rows) == {"198.19.0.1", "198.99.0.1"}
    assert rows["198.99.0.1"]["escalate"] == "某市政府"
    assert rows["198.99.0.1"]["missing"] is True
    assert way(app, "198.99.0.1") == [("nobody", None), ("escalation", "GOV")]
    assert one_asset(app, "198.99.0.1")
    assert not one_asset(app, "org.missing:true")


def test_every_asset_is_answered_as_it_is_recorded(app: App) -> None:
    """The way told for an asset ends at the unit that merging gave it."""
    for row in listed(app):
        if row["org_id"]:
            assert any(each["org_id"] == row["org_id"] for each in steps(app, str(row["id"])))


def test_a_site_is_asked_for_who_answers_there(app: App) -> None:
    """An address that another site has too is that site's: what is declared here says nothing about it."""
    seen = Observation("乙市", "o", "r", "ssh@1", Target("198.18.1.9", 22), Instant(T0), Status.SUCCESS,
                       {"service.name": "ssh"})  # fmt: skip
    run = Run("r", "import", "乙市", "", {}, "", Instant(T0), Instant(T0), None, 1, {}, {})
    with app.database.write() as connection:
        runs.begin(connection, run)
        observations.append(connection, [seen])
    list(merge(app))
    rows = {str(each["site"]): each for each in listed(app, "ip:198.18.1.9", kind=Kind.IP)}
    assert (rows["乙市"]["org_id"], rows["乙市"]["person"], rows["乙市"]["escalate"]) == (None, None, None)
    assert rows["default"]["org_id"] == "FIN"
    assert way(app, str(rows["乙市"]["id"])) == [("nobody", None), ("escalation", None)]
    assert elsewhere(app, "198.18.1.9") == ("default", [find(app, str(rows["乙市"]["id"]))])


def test_units_are_counted_with_all_below_them(app: App) -> None:
    """The top unit has its own assets and those of the units below; what nobody owns stands at the end."""
    rows = list(tree(app))
    by_id = {str(each["id"]): each for each in rows}
    assert [each["id"] for each in rows] == ["GOV", "FIN", "HEALTH", ""]
    below = [by_id["FIN"]["assets"], by_id["HEALTH"]["assets"], by_id["GOV"]["own"]]
    assert by_id["GOV"]["assets"] == sum(int(str(each)) for each in below)
    assert by_id[""]["ip"] == 2
    assert by_id["HEALTH"]["depth"] == 1


def test_the_units_of_every_site_are_told_with_it(app: App) -> None:
    """One code at two sites is two units, each with what is its own; the workspace's site comes first."""
    there = [
        Decision("z", DecisionType.DECLARE, subject, payload, "甲", Instant(T0))
        for subject, payload in (
            ("organisation:FIN", {"kind": "organisation", "name": "外地财政局"}),
            ("system:S9", {"kind": "system", "org": "FIN", "facts": {"name": "外地系统"}}),
        )
    ]
    before = list(tree(app))
    with app.database.write() as connection:
        decisions.append(connection, there)
    list(merge(app))
    found = list(tree(app))
    assert found[:-1] == before
    assert (found[-1]["site"], found[-1]["name"], found[-1]["assets"]) == ("z", "外地财政局", 1)
    with report.make(app, "duties", "csv", report.Wanted()).path.open(encoding="utf-8-sig", newline="") as handle:
        units = {each["代码"]: each["业务系统数"] for each in csv.DictReader(handle) if each["清单"] == "责任单位"}
    assert units["FIN"] == "1"


def test_a_change_that_closes_a_circle_of_units_is_refused_with_the_way_round(app: App) -> None:
    """The top unit cannot be put below one of its own."""
    with pytest.raises(UsageError, match="E1523") as caught:
        amend(app, by_kind()["organisation"], "GOV", ["parent=FIN"], who="丙", reason="x")
    assert "GOV → FIN → GOV" in caught.value.why


def test_an_address_nobody_saw_is_answered_by_its_network(app: App) -> None:
    """Whoever holds an alarm asks before a scan does."""
    assert one_asset(app, "198.18.1.77")
    assert way(app, "198.18.1.77")[0] == ("network", "FIN")
    with pytest.raises(UsageError, match="E1312"):
        find(app, "198.18.1.77")


def test_an_address_and_a_machine_named_by_it_are_told_apart(app: App, tmp_path: Path) -> None:
    """The address is meant unless the kind is written; a port needs no transport."""
    (tmp_path / "inventory" / "all.yaml").write_text(
        TEXT + "hosts:\n  - {key: 198.18.1.9, addresses: [198.18.1.9]}\n", encoding="utf-8"
    )
    list(declare(app, who="甲"))
    list(merge(app))
    assert find(app, "198.18.1.9").kind is Kind.IP
    assert find(app, "host:198.18.1.9").kind is Kind.HOST
    assert find(app, "主机:198.18.1.9").kind is Kind.HOST
    assert find(app, "198.18.1.5:8443").kind is Kind.SERVICE
    assert way(app, "198.18.1.5:8443")[0] == ("port", "FIN")


def test_two_declarations_of_one_address_are_told_as_a_contradiction(app: App) -> None:
    """Of an address nobody saw, declared to two units, the first by number answers and the other is named."""
    (app.workspace.inventory / "all.yaml").write_text(
        TEXT
        + """
hosts:
  - {key: H1, organisation: FIN, addresses: [198.18.9.9]}
devices:
  - {key: D1, organisation: HEALTH, addresses: [198.18.9.9]}
""",
        encoding="utf-8",
    )
    summary = list(declare(app, who="甲"))[-1]
    assert any("device:D1" in each and "host:H1" in each for each in summary.warnings)  # type: ignore[union-attr]
    told = [(row["step"], row["subject"], row["org_id"]) for row in steps(app, "198.18.9.9")]
    assert told[:2] == [("address", "device:D1", "HEALTH"), ("contradiction", "host:H1", "FIN")]
    assert told[-1][0] == "act"
