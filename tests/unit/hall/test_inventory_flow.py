"""The inventory as people use it: merged, declared, aged, asked and rebuilt, over a real store."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from secops.core.clock import Instant, ManualClock
from secops.core.errors import UsageError
from secops.core.events import Note, Row, Summary
from secops.core.model import Coverage, Kind, Observation, RunEnd, State, Status, Target
from secops.hall.app import App
from secops.hall.flows import inventory, inventory_counts
from secops.hall.flows.declare import declare
from secops.hall.flows.difference import diff
from secops.hall.flows.history import history
from secops.hall.flows.merge import merge
from secops.hall.workspace import Workspace
from secops.store import coverage, entities, observations, run_ends

_NOW = 1_750_000_000_000


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    workspace = Workspace(tmp_path)
    workspace.make()
    with App(workspace, clock=ManualClock(Instant(_NOW))) as opened:
        yield opened


def _web(run: str, place: int, at: int, title: str = "t") -> Observation:
    facts = {"service.name": "http", "http.status_code": 200, "http.title": title, "tls.enabled": False}
    target = Target(f"198.18.0.{place}", 80)
    return Observation("default", "o", run, "http@1", target, Instant(at), Status.SUCCESS, facts)


def _run(
    app: App, run: str, at: int, places: tuple[int, ...], *, complete: bool = True, canary: bool | None = None
) -> Summary:
    with app.database.write() as connection:
        observations.append(connection, [_web(run, place, at + 1) for place in places])
        coverage.append(
            connection, Coverage(run, 0, (("198.18.0.0", "198.18.0.255"),), (80,), answered=1, canary=canary)
        )
        run_ends.append(connection, RunEnd(run, "default", Instant(at + 2), complete, Instant(at)))
    return _last(merge(app))


def _last(events: Iterator[object]) -> Summary:
    found = list(events)[-1]
    assert isinstance(found, Summary)
    return found


def _states(app: App, place: int) -> set[State]:
    with app.database.read() as connection:
        rows = [*entities.stream(connection, entities.assets), *entities.stream(connection, entities.services)]
    return {each.state for each in rows if f"198.18.0.{place}" in each.key}


def test_what_complete_runs_miss_goes_stale_then_gone_and_comes_back(app: App) -> None:
    """Port, website and address age together, and return with the same ids."""
    _run(app, "r1", _NOW, (1, 2))
    with app.database.read() as connection:
        before = {each.id for each in entities.stream(connection, entities.assets)}
    assert _run(app, "r2", _NOW + 100, (1,)).counts["stale"] == 3
    assert _states(app, 2) == {State.STALE}
    _run(app, "r3", _NOW + 200, (1,))
    assert _states(app, 2) == {State.STALE}
    assert _run(app, "r4", _NOW + 300, (1,)).counts["gone"] == 3
    assert _states(app, 2) == {State.GONE}
    assert _run(app, "r5", _NOW + 400, (1, 2)).counts["back"] == 3
    assert _states(app, 2) == {State.ACTIVE}
    assert _states(app, 1) == {State.ACTIVE}
    with app.database.read() as connection:
        assert {each.id for each in entities.stream(connection, entities.assets)} == before


@pytest.mark.parametrize(("complete", "canary"), [(False, None), (True, False)])
def test_an_unfinished_or_blind_run_ages_nothing(app: App, *, complete: bool, canary: bool | None) -> None:
    """Absence is derived from sound coverage only."""
    _run(app, "r1", _NOW, (1, 2))
    _run(app, "r2", _NOW + 100, (1,), complete=complete, canary=canary)
    assert _states(app, 2) == {State.ACTIVE}


def _write(app: App, name: str, text: str) -> None:
    (app.workspace.inventory / name).write_text(text, encoding="utf-8")


_UNITS = "organisations:\n  - {id: A, name: 甲局}\n  - {id: B, name: 乙局}\n"


def test_declared_facts_join_what_was_found(app: App) -> None:
    """Network, system and unit reach assets found before and after the declaration; an edit moves them."""
    _run(app, "r1", _NOW, (1, 200))
    system = "systems:\n  - {code: S, name: 系统, organisation: B, level: 3, networks: [198.18.0.128/25]}\n"
    network = "networks:\n  - {cidr: 198.18.0.0/24, organisation: A, zone: 外网}\n"
    _write(app, "a.yaml", _UNITS + system + network)
    assert _last(declare(app, who="me")).complete
    _run(app, "r2", _NOW + 100, (1, 200, 201))
    rows = {each["key"]: each for each in inventory.listed(app, "kind:ip")}
    assert [rows[f"198.18.0.{n}"]["org.name"] for n in (1, 200, 201)] == ["甲局", "乙局", "乙局"]
    assert rows["198.18.0.201"]["system.name"] == "系统"
    assert rows["198.18.0.201"]["system.grade"] == 3
    assert rows["198.18.0.1"]["network.zone"] == "外网"
    _write(app, "a.yaml", _UNITS + "networks:\n  - {cidr: 198.18.0.0/24, organisation: B}\n")
    app.clock.sleep(1)
    counts = _last(declare(app, who="me")).counts
    assert (counts["changed"], counts["withdrawn"]) == (1, 1)
    after = {each["key"]: each for each in inventory.listed(app, "kind:ip")}
    assert {each["org.name"] for each in after.values()} == {"乙局"}
    assert {each["system.name"] for each in after.values()} == {None}
    assert _last(inventory.rebuild(app)).complete


def test_declaring_the_same_again_records_nothing(app: App) -> None:
    """Only what changed becomes a decision."""
    _write(app, "a.yaml", _UNITS)
    _last(declare(app, who="me"))
    counts = _last(declare(app, who="you")).counts
    assert (counts["declared"], counts["changed"], counts["withdrawn"]) == (0, 0, 0)


def test_a_bad_row_is_told_and_nothing_is_withdrawn(app: App) -> None:
    """With a row left out nobody can tell what was deleted on purpose."""
    _write(app, "a.yaml", _UNITS)
    _last(declare(app, who="me"))
    _write(app, "a.yaml", "organisations:\n  - {id: A, nam: 甲局}\n")
    events = list(declare(app, who="me"))
    told = [each.text for each in events if isinstance(each, Note)]
    assert "a.yaml:2:13" in told[0]
    summary = events[-1]
    assert isinstance(summary, Summary)
    assert (summary.complete, summary.left_out) == (False, {"行未采纳": 1})
    assert inventory.units(app) == {"A": "甲局", "B": "乙局"}


def test_levels_follow_from_the_matrix_and_stay_with_the_decision(app: App) -> None:
    """S and A levels, the higher of them and the edition are recorded; a contradiction is told."""
    _write(app, "a.yaml", "systems:\n  - code: S\n    name: n\n    level: 2\n"
           "    business_information: {object: 社会秩序、公共利益, degree: 严重损害}\n")  # fmt: skip
    events = list(declare(app, who="me"))
    assert any("第3级" in each.text for each in events if isinstance(each, Note))
    shown = inventory.show(app, "S")
    assert [shown.values[f"system.{name}"] for name in ("level", "level_s", "level_matrix")] == [2, 3, 3]
    assert "22240" in str(shown.values["system.level_edition"])


def test_a_plan_tells_and_changes_nothing(app: App) -> None:
    """With plan the changes are rows and the log stays as it is."""
    _write(app, "a.yaml", _UNITS)
    events = list(declare(app, who="me", plan=True))
    assert [each.data["subject"] for each in events if isinstance(each, Row)] == ["organisation:A", "organisation:B"]
    assert inventory.units(app) == {}


def test_no_file_at_all_is_told(app: App) -> None:
    """An empty inventory folder is a usage error with a hint."""
    with pytest.raises(UsageError) as caught:
        list(declare(app, who="me"))
    assert caught.value.code == "E1311"


def test_pages_join_without_gap_or_overlap(app: App) -> None:
    """`after` goes on behind the last id had."""
    _run(app, "r1", _NOW, tuple(range(1, 30)))
    every = [each["id"] for each in inventory.listed(app)]
    paged: list[object] = []
    while page := [each["id"] for each in inventory.listed(app, limit=7, after=str(paged[-1]) if paged else "")]:
        paged += page
    assert paged == every
    assert len(every) == len(set(every)) == 58


def test_a_query_about_ports_lists_services(app: App) -> None:
    """Fields that only services have choose the services."""
    _run(app, "r1", _NOW, (1,))
    assert [each["key"] for each in inventory.listed(app, "transport:tcp")] == ["198.18.0.1:80/tcp"]
    assert [each["key"] for each in inventory.listed(app, "kind:service state:active")] == ["198.18.0.1:80/tcp"]
    assert inventory_counts.count(app, "transport:udp") == 0


def test_an_asset_is_found_by_key_by_id_and_by_its_beginning(app: App) -> None:
    """Whatever is written, it must mean one asset."""
    _run(app, "r1", _NOW, tuple(range(1, 40)))
    found = inventory.find(app, "198.18.0.5")
    assert found.kind is Kind.IP
    assert inventory.find(app, found.id) == inventory.find(app, found.id[:14]) == found
    with pytest.raises(UsageError, match="不止一个") as several:
        inventory.find(app, "ip-")
    assert "ip-" in several.value.why
    with pytest.raises(UsageError) as nothing:
        inventory.find(app, "198.18.9.9")
    assert nothing.value.code == "E1312"


def test_show_tells_where_each_fact_comes_from(app: App) -> None:
    """Every fact names its observation, and the relations their other end."""
    _run(app, "r1", _NOW, (1,))
    shown = inventory.show(app, "http://198.18.0.1:80")
    assert shown.sources["http.title"]["run"] == "r1"
    assert list(shown.names.values()) == ["ip 198.18.0.1"]
    assert [each.key for each in inventory.show(app, "198.18.0.1").services] == ["198.18.0.1:80/tcp"]


def test_history_and_diff_tell_the_same_change(app: App) -> None:
    """A new title is one change, by entity and by time."""
    _run(app, "r1", _NOW, (1,))
    with app.database.write() as connection:
        observations.append(connection, [_web("r2", 1, _NOW + 5000, "new")])
    _last(merge(app))
    by_entity = list(history(app, "198.18.0.1:80/tcp"))
    assert [(each["field"], each["old"], each["new"]) for each in by_entity][1:] == [("http.title", "t", "new")]
    app.clock.sleep(60)
    by_time = list(diff(app, "2025-06-15T15:06:43+00:00", "now"))
    assert {(each["field"], each["new"]) for each in by_time} == {("http.title", "new")}
    with pytest.raises(UsageError):
        list(diff(app, "now", "2025-01-01"))
    with pytest.raises(UsageError):
        list(diff(app, "nonsense", "now"))


def test_an_export_holds_every_kind_with_its_provenance(app: App) -> None:
    """Assets and services come whole."""
    _run(app, "r1", _NOW, (1,))
    rows = list(inventory.exported(app))
    assert [each["kind"] for each in rows] == ["ip", "website", "service"]
    assert all(each["origin"] for each in rows)


def test_two_processes_may_merge_in_turn(tmp_path: Path) -> None:
    """What another process declared meanwhile is known to the next batch of this one."""
    workspace = Workspace(tmp_path)
    workspace.make()
    with (
        App(workspace, clock=ManualClock(Instant(_NOW))) as one,
        App(workspace, clock=ManualClock(Instant(_NOW))) as two,
    ):
        _run(one, "r1", _NOW, (1,))
        running = merge(one)
        with one.database.write() as connection:
            observations.append(connection, [_web("r2", 2, _NOW + 5)])
        next(running)
        _write(two, "a.yaml", _UNITS + "networks:\n  - {cidr: 198.18.0.0/24, organisation: A}\n")
        _last(declare(two, who="me"))
        with one.database.write() as connection:
            observations.append(connection, [_web("r3", 3, _NOW + 9)])
        list(running)
        assert {each["org.name"] for each in inventory.listed(one, "kind:ip")} == {"甲局"}


def test_a_rebuild_cut_short_leaves_the_inventory_as_it_was(app: App) -> None:
    """Clearing and replaying are one transaction."""
    _run(app, "r1", _NOW, (1, 2))
    before = inventory.digest(app)
    events = inventory.rebuild(app)
    next(events)
    events.close()
    assert inventory.digest(app) == before
    assert inventory_counts.count(app) == 4


def test_links_between_known_websites_are_shown(app: App) -> None:
    """A site's links to sites of the inventory are relations; links to others are told in its facts only."""
    seen = _web("r1", 1, _NOW + 1)
    links = ("http://198.18.0.2", "http://elsewhere.example.cn")
    with app.database.write() as connection:
        linked = Observation(
            seen.site, seen.observer, seen.run, seen.collector, seen.target, seen.seen_at, seen.status,
            {**seen.facts, "http.links": links},
        )  # fmt: skip
        observations.append(connection, [linked])
    _run(app, "r2", _NOW + 10, (2,))
    shown = inventory.show(app, "http://198.18.0.1:80")
    ends = [shown.names[each.target] for each in shown.relations if each.reason == "link"]
    assert ends == ["website http://198.18.0.2:80"]
    assert shown.values["http.links"] == links
