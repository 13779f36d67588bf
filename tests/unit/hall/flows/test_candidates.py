"""Candidate systems on a real store: found, confirmed, rejected, silent, back again, and the same after a rebuild."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from secops.core.clock import Instant, ManualClock
from secops.core.errors import UsageError
from secops.core.events import Summary
from secops.core.model import Observation, Status, Target, Value
from secops.hall.app import App
from secops.hall.flows import inventory
from secops.hall.flows.candidate_answer import confirm, reject
from secops.hall.flows.candidates import listed, shown
from secops.hall.flows.declare import declare
from secops.hall.flows.merge import merge
from secops.hall.workspace import Workspace
from secops.store import observations

T0 = 1_750_000_000_000
TEXT = "organisations:\n  - {id: FIN, name: 财政局}\n"
ICP = ("粤ICP备05000001号-3",)


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    """Two sites of one filing at addresses of their own, a mail port with the first's certificate, and strangers."""
    workspace = Workspace(tmp_path)
    workspace.make()
    (workspace.inventory / "all.yaml").write_text(TEXT, encoding="utf-8")
    with App(workspace, clock=ManualClock(Instant(T0))) as opened:
        list(declare(opened, who="甲"))
        see(
            opened,
            page("198.18.0.1", "a.ys.gd.gov.cn", http__icp=ICP, http__title="预算管理系统"),
            page("198.18.0.2", "b.ys.gd.gov.cn", http__icp=ICP),
            page("198.18.0.3", "c.example", http__title="Welcome to nginx!"),
            page("198.18.0.4", "d.example", http__title="Welcome to nginx!"),
            page("198.18.0.5", "e.example", http__location="https://f.example/login"),
            page("198.18.0.6", "f.example"),
        )
        yield opened


def page(address: str, name: str, at: int = 1, **facts: Value) -> Observation:
    told = {field.replace("__", "."): value for field, value in facts.items()}
    told |= {"http.status_code": 200, "tls.enabled": True, "service.name": "http"}
    return Observation("?", "o", f"run{at}", "http@1", Target(address, 443, name=name), Instant(T0 + at),
                       Status.SUCCESS, told)  # fmt: skip


def see(app: App, *looks: Observation) -> None:
    from dataclasses import replace

    assert isinstance(app.clock, ManualClock)
    app.clock.advance(1)
    with app.database.write() as connection:
        observations.append(connection, [replace(each, site=app.site) for each in looks])
    list(merge(app))


def keys(app: App, *, every: bool = False) -> list[list[str]]:
    return [sorted(map(str, each["keys"])) for each in listed(app, every=every)]  # type: ignore[call-overload]  # a list


YS = ["https://a.ys.gd.gov.cn:443", "https://b.ys.gd.gov.cn:443"]
REDIRECT = ["https://e.example:443", "https://f.example:443"]


def test_candidates_come_with_their_evidence(app: App) -> None:
    """A filing and a redirect make two candidates, a stock title none; each value names the look it is from."""
    assert keys(app) == [YS, REDIRECT]
    first = next(listed(app))
    whole = shown(app, str(first["id"])[:12])
    assert whole["name"] == "预算管理系统"
    evidence = whole["evidence"]
    assert isinstance(evidence, list)
    icp = next(each for each in evidence if each["kind"] == "icp")
    assert (icp["field"], icp["value"], icp["score"]) == ("http.icp", ICP[0], 75)
    assert len(icp["seen"]) == 2
    assert all("http@1 run1" in each for each in icp["seen"])
    assert str(whole["arithmetic"]).endswith("icp 75 + suffix 25 = 100")


def test_a_confirmed_candidate_is_declared_with_its_members(app: App) -> None:
    """It becomes a system of its unit, its sites and addresses belong to it, and it is no candidate any more."""
    id = str(next(listed(app))["id"])
    with pytest.raises(UsageError, match="E1352"):
        confirm(app, id, who="乙")
    with pytest.raises(UsageError, match="E1355"):
        confirm(app, id, who="乙", code="YS", org="NOBODY")
    done = confirm(app, id, who="乙", code="YS", name="预算系统", org="财政局")
    assert (done.new, done.websites, done.addresses) == (True, tuple(YS), ("198.18.0.1", "198.18.0.2"))
    assert keys(app) == [REDIRECT]
    system = inventory.show(app, "YS")
    assert system.values["name"] == "预算系统"
    assert system.entity.org_id == "FIN"
    assert inventory.show(app, YS[1]).values["system.name"] == "预算系统"
    see(app, page("198.18.0.9", "g.ys.gd.gov.cn", 2, http__icp=ICP))
    row = next(listed(app))
    assert (row["joins"], row["new"], row["count"]) == ("YS", 1, 3)
    added = confirm(app, str(row["id"]), who="乙")
    assert (added.code, added.new, added.websites) == ("YS", False, ("https://g.ys.gd.gov.cn:443",))
    assert inventory.show(app, "https://g.ys.gd.gov.cn:443").values["system.name"] == "预算系统"
    assert inventory.show(app, YS[0]).values["system.name"] == "预算系统"
    summary = list(inventory.rebuild(app))[-1]
    assert isinstance(summary, Summary)
    assert summary.complete, summary.warnings


def test_what_was_answered_is_listed_with_who_and_when(app: App) -> None:
    """Confirmed ones too, and rejected ones whose evidence has gone; asked for by id, one says what became of it."""
    first, other = (str(each["id"]) for each in listed(app))
    confirm(app, first, who="乙", code="YS", name="预算系统", org="财政局", reason="已核对")
    reject(app, other, who="丙", reason="只是跳转")
    assert not list(listed(app))
    rows = {str(each["id"]): each for each in listed(app, every=True)}
    assert {id: (each["state"], each["who"], each["reason"]) for id, each in rows.items()} == {
        first: ("confirmed", "乙", "已核对"),
        other: ("rejected", "丙", "只是跳转"),
    }
    assert (rows[first]["name"], rows[first]["joins"], rows[first]["count"]) == ("预算系统", "YS", 2)
    assert str(rows[first]["at"]).startswith("2025-06-15")
    with pytest.raises(UsageError, match="E1350") as told:
        shown(app, first)
    assert "乙" in told.value.why
    assert "YS" in told.value.why
    see(app, page("198.18.0.5", "e.example", 2, http__location=None))
    assert [each["state"] for each in listed(app, every=True)].count("rejected") == 1


def test_a_member_left_out_stays_out(app: App) -> None:
    """It is not proposed to the system again on the same evidence."""
    id = str(next(listed(app))["id"])
    confirm(app, id, who="乙", code="YS", without=[YS[1]])
    assert keys(app) == [REDIRECT]
    assert inventory.show(app, YS[1]).entity.system_id == ""
    with pytest.raises(UsageError, match="E1350"):
        confirm(app, "cand-nothing", who="乙", code="X")


def test_a_rejected_candidate_stays_silent_until_other_evidence_comes(app: App) -> None:
    """More members by the same filing change nothing, a shared certificate brings it back with the old reason."""
    id = str(next(listed(app))["id"])
    with pytest.raises(UsageError, match="E1353"):
        reject(app, id, who="乙", reason=" ")
    reject(app, id, who="乙", reason="同一备案下的两个系统")
    assert keys(app) == [REDIRECT]
    assert keys(app, every=True) == [REDIRECT, YS]
    see(app, page("198.18.0.9", "g.ys.gd.gov.cn", 2, http__icp=ICP))
    assert keys(app) == [REDIRECT]
    list(inventory.rebuild(app))
    assert keys(app) == [REDIRECT]
    tls = {"tls__fingerprint": "ab" * 32, "tls__subject": "CN=a", "tls__names": ("a.ys.gd.gov.cn",)}
    see(
        app,
        page("198.18.0.1", "a.ys.gd.gov.cn", 3, http__icp=ICP, http__title="预算管理系统", **tls),
        page("198.18.0.2", "b.ys.gd.gov.cn", 3, http__icp=ICP, **tls),
    )
    row = next(listed(app))
    assert row["state"] == "again"
    assert row["rejected_because"] == "同一备案下的两个系统"


def test_a_port_that_is_no_site_joins_by_its_certificate(app: App) -> None:
    """A mail server with the site's certificate is a member, by address and port."""
    tls = {"tls.fingerprint": "cd" * 32, "tls.subject": "CN=m", "tls.names": ("m.example",)}
    mail = Observation("?", "o", "r", "tls@1", Target("198.18.0.8", 993), Instant(T0 + 5), Status.SUCCESS,
                       {"service.name": "imaps", **tls})  # fmt: skip
    see(app, mail, page("198.18.0.7", "m.example", 5, **{k.replace(".", "__"): v for k, v in tls.items()}))
    row = next(each for each in listed(app) if "certificate" in str(each["evidence_kinds"]))
    done = confirm(app, str(row["id"]), who="乙", code="MAIL")
    assert done.addresses == ("198.18.0.7", "198.18.0.8:993")
