"""Declared against found, from inventory files and looks to the fields that rules and filters read."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from secops.core.clock import Instant, ManualClock
from secops.core.events import Summary
from secops.core.model import Observation, Status, Target, Value
from secops.hall.app import App
from secops.hall.flows import inventory
from secops.hall.flows.declare import declare
from secops.hall.flows.merge import merge
from secops.hall.workspace import Workspace
from secops.store import observations

T0 = 1_750_000_000_000
TEXT = """
organisations:
  - {id: FIN, name: 某市财政局, icp: [粤ICP备1号]}
  - {id: FIN2, name: 某市财政局信息中心, parent: FIN}
  - {id: DATA, name: 某市数据局, icp: [粤ICP备2号]}
networks:
  - {cidr: 198.18.0.0/24, organisation: FIN, zone: 外网区}
addresses:
  - {address: 198.18.0.8, os: 麒麟 V10, zone: 内网区}
  - {address: 198.18.0.9, organisation: FIN}
systems:
  - {code: S1, name: 预算系统, organisation: FIN, addresses: [198.18.0.1], websites: [https://ys.example]}
"""


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    """A workspace in which the file above is declared."""
    workspace = Workspace(tmp_path)
    workspace.make()
    with App(workspace, clock=ManualClock(Instant(T0))) as opened:
        stated(opened, TEXT)
        yield opened


def stated(app: App, text: str) -> None:
    assert isinstance(app.clock, ManualClock)
    app.clock.advance(0.001)
    (app.workspace.inventory / "all.yaml").write_text(text, encoding="utf-8")
    summary = list(declare(app, who="甲"))[-1]
    assert isinstance(summary, Summary)
    assert summary.complete, summary.warnings


def look(app: App, address: str, port: int, name: str = "", at: int = 1, **facts: Value) -> None:
    told = {field.replace("__", "."): value for field, value in facts.items()}
    base = "http@1" if "http.status_code" in told else "nmap@1"
    seen = Observation("local", "o", f"run{at}", base, Target(address, port, name=name), Instant(T0 + at),
                       Status.SUCCESS, told)  # fmt: skip
    with app.database.write() as connection:
        observations.append(connection, [Observation(app.site, *_rest(seen))])
    list(merge(app))


def _rest(seen: Observation) -> tuple[object, ...]:
    return (seen.observer, seen.run, seen.collector, seen.target, seen.seen_at, seen.status, seen.facts)


def value(app: App, key: str, field: str) -> Value:
    return inventory.show(app, key).values.get(field)


def test_found_without_a_row_is_undeclared_and_a_row_without_a_sight_has_vanished(app: App) -> None:
    """A network's declaration registers no address in it; a system's does; what nobody saw is told."""
    look(app, "198.18.0.1", 0, host__os="Linux")
    look(app, "198.18.0.77", 0, host__os="Linux")
    assert value(app, "198.18.0.1", "register.standing") == "registered"
    assert value(app, "198.18.0.77", "register.standing") == "undeclared"
    assert value(app, "198.18.0.9", "register.standing") == "vanished"
    assert value(app, "S1", "register.standing") == "registered"
    assert [each["key"] for each in inventory.listed(app, "standing:undeclared")] == ["198.18.0.77"]


def test_another_system_and_another_zone_than_declared_contradict(app: App) -> None:
    """The declared Linux is found as Windows, in a network of another zone."""
    assert value(app, "198.18.0.8", "register.conflicts") == ("network.zone",)
    look(app, "198.18.0.8", 0, host__os="Linux 4.19")
    assert value(app, "198.18.0.8", "register.conflicts") == ("network.zone",)
    look(app, "198.18.0.8", 0, at=2, host__os="Microsoft Windows Server 2016")
    assert value(app, "198.18.0.8", "register.conflicts") == ("host.os", "network.zone")
    assert value(app, "198.18.0.8", "register.standing") == "contradicting"


def test_a_certificate_and_a_filing_of_another_unit_contradict(app: App) -> None:
    """Units above or below the declared one are the same side; an address outside the system's is told too."""
    page = {"http__status_code": 200, "tls__enabled": True}
    look(
        app,
        "198.18.0.1",
        443,
        "ys.example",
        **page,
        tls__subject="CN=x,O=某市财政局信息中心",
        http__icp=("粤ICP备1号-1",),
    )
    key = "https://ys.example:443"
    assert value(app, key, "register.conflicts") is None
    look(app, "198.18.0.1", 443, "ys.example", 2, **page, tls__subject="CN=x,O=某市数据局", http__icp=("粤ICP备2号-9",))
    assert value(app, key, "register.conflicts") == ("http.icp", "tls.subject")
    stated(app, TEXT.replace("198.18.0.1]", "198.18.7.7]"))
    assert value(app, key, "register.conflicts") == ("address", "http.icp", "tls.subject")
    stated(app, TEXT.replace("name: 某市数据局, icp: [粤ICP备2号]", "name: 某市大数据局"))
    assert value(app, key, "register.conflicts") is None


def test_what_is_declared_out_of_use_must_not_answer(app: App) -> None:
    """Seen after the day it was declared out of use: the system contradicts through its member."""
    look(app, "198.18.0.1", 0, at=9, host__os="Linux")
    stated(app, TEXT.replace("name: 预算系统,", "name: 预算系统, status: 停用,"))
    assert value(app, "S1", "register.offline_on") == T0 + 2
    assert value(app, "S1", "register.standing") == "contradicting"


def test_a_dissolved_unit_answers_for_nothing(app: App) -> None:
    """Its assets become unowned when it goes, and are its again when it returns."""
    look(app, "198.18.0.77", 0, host__os="Linux")
    assert value(app, "198.18.0.77", "org.missing") is False
    from secops.core.model import Decision, DecisionType
    from secops.store import decisions

    def turn(at: int, payload: dict[str, object]) -> None:
        gone = Decision(app.site, DecisionType.DECLARE, "organisation:FIN", payload, "me", Instant(T0 + at), "by hand")
        with app.database.write() as connection:
            decisions.append(connection, [gone])
        list(merge(app))

    turn(10, {"kind": "organisation", "withdrawn": True})
    assert inventory.show(app, "198.18.0.77").entity.org_id == ""
    assert inventory.show(app, "S1").entity.org_id == ""
    assert value(app, "S1", "org.missing") is True
    turn(20, {"kind": "organisation", "name": "某市财政局"})
    assert inventory.show(app, "198.18.0.77").entity.org_id == "FIN"
    assert inventory.show(app, "S1").entity.org_id == "FIN"
    summary = list(inventory.rebuild(app))[-1]
    assert isinstance(summary, Summary)
    assert summary.complete, summary.warnings
