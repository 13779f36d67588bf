"""What differs between two moments."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from secops.core.clock import Instant, ManualClock, render
from secops.core.model import Coverage, Decision, DecisionType, Kind, Observation, RunEnd, Status, Target
from secops.hall.app import App
from secops.hall.flows.difference import Told, Wanted, diff
from secops.hall.flows.history import history
from secops.hall.flows.merge import merge
from secops.hall.workspace import Workspace
from secops.store import coverage, decisions, observations, run_ends

_NOW = 1_750_000_000_000


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    workspace = Workspace(tmp_path)
    workspace.make()
    with App(workspace, clock=ManualClock(Instant(_NOW))) as opened:
        yield opened


def _week(app: App, week: int, titles: dict[int, str], *, complete: bool = False) -> str:
    """A run of this week that sees these pages; the moment after it."""
    at = _NOW + week * 10_000
    with app.database.write() as connection:
        for place, title in titles.items():
            facts = {"service.name": "http", "http.status_code": 200, "http.title": title, "tls.enabled": False}
            target = Target(f"198.18.0.{place}", 80)
            seen = Observation("default", "o", f"r{week}", "http@1", target, Instant(at), Status.SUCCESS, facts)
            observations.append(connection, [seen])
        coverage.append(connection, Coverage(f"r{week}", 0, (("198.18.0.0", "198.18.0.255"),), (80,), canary=True))
        run_ends.append(connection, RunEnd(f"r{week}", "default", Instant(at + 1), complete, Instant(at)))
    list(merge(app))
    app.clock.sleep(20)
    return render(at + 2)


def _rows(app: App, first: str, last: str, **wanted: object) -> list[tuple[object, ...]]:
    found = diff(app, first, last, Wanted(**wanted))  # type: ignore[arg-type]  # as the test says
    return [
        (row["class"], row["key"], row["field"], row["old"], row["new"]) for row in found if row["kind"] == "service"
    ]


def test_a_value_that_came_back_is_no_difference(app: App) -> None:
    """Net, a title that changed twice to what it was is nothing; each step is there on demand, and so is one field."""
    first = _week(app, 0, {1: "a", 2: "a"})
    _week(app, 1, {1: "b", 2: "b"})
    last = _week(app, 2, {1: "a", 2: "c"})
    key = "198.18.0.2:80/tcp"
    assert _rows(app, first, last) == [("changed", key, "http.title", "a", "c")]
    steps = [row[3:] for row in _rows(app, first, last, every=True) if row[1] != key]
    assert steps == [("a", "b"), ("b", "a")]
    assert _rows(app, first, last, field="state") == []


def test_new_gone_and_back_are_told_and_counted(app: App) -> None:
    """Who was not answered three times is gone, who answers again is back; the summary counts things, not rows.

    What came back with another title counts once, as the summary of the import that saw it does.
    """
    begin = _week(app, 0, {1: "a", 2: "a"}, complete=True)
    for week in (1, 2, 3):
        gone = _week(app, week, {1: "a"}, complete=True)
    back = _week(app, 4, {1: "a", 2: "another", 3: "a"}, complete=True)
    told = Told()
    assert ("gone", "198.18.0.2:80/tcp", "state", "active", "gone") in _rows(app, begin, gone)
    list(diff(app, gone, back, Wanted(), told))
    assert {(class_, kind): n for (class_, kind), n in told.counts.items() if kind == "service"} == {
        ("back", "service"): 1,
        ("new", "service"): 1,
    }
    assert not [row for row in diff(app, begin, back, Wanted()) if row["class"] in {"gone", "back"}]


def test_what_came_and_went_again_is_no_difference(app: App) -> None:
    """It is at neither end; the steps tell of it, and the title of a field is as good as its name."""
    begin = _week(app, 0, {1: "a"}, complete=True)
    _week(app, 1, {1: "a", 2: "a"}, complete=True)
    for week in (2, 3, 4):
        end = _week(app, week, {1: "b"}, complete=True)
    assert _rows(app, begin, end) == [("changed", "198.18.0.1:80/tcp", "http.title", "a", "b")]
    assert _rows(app, begin, end, field="网页标题") == _rows(app, begin, end)
    assert {row[0] for row in _rows(app, begin, end, every=True)} == {"new", "gone", "changed"}


def test_every_site_is_compared_unless_the_query_says_which(app: App) -> None:
    """As lists cover them all; each row says whose it is."""
    first = _week(app, 0, {1: "a"})
    facts = {"service.name": "http", "http.status_code": 200, "tls.enabled": False}
    seen = Observation(
        "乙市", "o", "r9", "http@1", Target("198.18.0.1", 80), Instant(_NOW + 5_000), Status.SUCCESS, facts
    )
    with app.database.write() as connection:
        observations.append(connection, [seen])
    list(merge(app))
    app.clock.sleep(20)
    sites = {str(row["site"]) for row in diff(app, first, "now", Wanted())}
    assert sites == {"乙市"}
    assert list(diff(app, first, "now", Wanted("site:default"))) == []


def test_a_filter_is_met_at_either_moment(app: App) -> None:
    """Whoever had the title before, or has it now; other kinds and units stay out."""
    first = _week(app, 0, {1: "a", 2: "b", 3: "c"})
    last = _week(app, 1, {1: "b", 2: "a", 3: "d"})
    rows = list(diff(app, first, last, Wanted("http.title:a", Kind.SERVICE)))
    assert {row["key"] for row in rows} == {"198.18.0.1:80/tcp", "198.18.0.2:80/tcp"}
    assert list(diff(app, first, last, Wanted(org="财政局"))) == []


def test_a_filter_may_go_a_step_further(app: App) -> None:
    """Websites by what the address they run on was or is, at either moment; with a unit beside it none."""
    first = _week(app, 0, {1: "a", 2: "b"})
    last = _week(app, 1, {1: "b", 2: "c", 3: "d"})
    rows = list(diff(app, first, last, Wanted("runs-on:(ip:198.18.0.1,198.18.0.3)", Kind.WEBSITE)))
    assert {(row["class"], row["key"]) for row in rows} == {
        ("changed", "http://198.18.0.1:80"),
        ("new", "http://198.18.0.3:80"),
    }
    assert list(diff(app, first, last, Wanted("runs-on:(ip:198.18.0.1)", org="财政局"))) == []


def test_units_are_compared_and_told_column_by_column(app: App) -> None:
    """A unit renamed between the two is a change; its history has every declaration."""
    moments = []
    for number, name in enumerate(("财政局", "财政厅")):
        at = Instant(_NOW + number * 1000)
        payload = {"kind": "organisation", "name": name}
        with app.database.write() as connection:
            said = Decision("default", DecisionType.DECLARE, "organisation:F", payload, "甲", at, "x")
            decisions.append(connection, [said])
        moments.append(render(at))
    list(merge(app))
    app.clock.sleep(20)
    (row,) = diff(app, *moments)
    assert (row["class"], row["field"], row["old"], row["new"], row["who"]) == (
        "changed", "name", "财政局", "财政厅", "甲",
    )  # fmt: skip
    told = [(each["field"], each["new"]) for each in history(app, "organisation:F")]
    assert told == [("born", None), ("name", "财政局"), ("name", "财政厅")]
