"""Saved filters: kept with who and when, used inside queries, never in circles, and no part of the inventory."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from secops.core.clock import Instant, ManualClock
from secops.core.errors import UsageError
from secops.core.model import Entity, Kind
from secops.hall.app import App
from secops.hall.flows import inventory, inventory_counts, saved
from secops.hall.flows.merge import merge
from secops.hall.workspace import Workspace
from secops.store import entities

NOW = Instant(1_750_000_000_000)


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    workspace = Workspace(tmp_path)
    workspace.make()
    with App(workspace, clock=ManualClock(NOW)) as opened:
        found = [
            Entity(Kind.HOST, "default", key, NOW, NOW, facts={"host.os": os, "name": key})
            for key, os in (("h1", "银河麒麟 V10"), ("h2", "Ubuntu"))
        ]
        with opened.database.write() as connection:
            entities.put(connection, {each.id: each for each in found})
        yield opened


def test_a_saved_filter_works_in_every_query(app: App) -> None:
    """List, count, facets and export read it, alone and inside another filter."""
    assert saved.save(app, "国产", "os:麒麟", who="张三", reason="信创")
    assert saved.save(app, "国产主机", "kind:host saved:国产", who="李四")
    assert [each["key"] for each in inventory.listed(app, "saved:国产主机")] == ["h1"]
    assert inventory_counts.count(app, "NOT 常用：国产 kind:host") == 1
    assert [each["value"] for each in inventory_counts.facets(app, "host.os", "saved:国产")] == ["银河麒麟 V10"]
    assert [each["key"] for each in inventory.exported(app, "saved:国产")] == ["h1"]


def test_every_version_is_kept_with_who_and_why(app: App) -> None:
    """Saving again replaces, the same again changes nothing, removal stays in the history."""
    saved.save(app, "甲", "os:麒麟", who="张三", reason="信创")
    assert not saved.save(app, "甲", "os:麒麟", who="李四")
    saved.save(app, "甲", "os:ubuntu", who="李四")
    saved.remove(app, "甲", who="王五", reason="停用")
    told = [(each["who"], each["what"], each["query"], each["reason"]) for each in saved.history(app, "甲")]
    assert told == [
        ("张三", "saved", "os:麒麟", "信创"),
        ("李四", "saved", "os:ubuntu", ""),
        ("王五", "removed", "os:ubuntu", "停用"),
    ]
    assert list(saved.listed(app)) == []


def test_filters_that_could_not_be_read_are_refused(app: App) -> None:
    """Unknown fields, circles, names nobody could type, and taking away what others use."""
    saved.save(app, "甲", "os:麒麟", who="x")
    saved.save(app, "乙", "saved:甲 -name:a", who="x")
    for code, name, query in (
        ("E1502", "丙", "nofield:1"),
        ("E1508", "甲", "saved:乙"),
        ("E1508", "丁", "saved:丁"),
        ("E1507", "丙", "saved:丁"),
        ("E1540", "a b", "os:x"),
        ("E1540", "a(b", "os:x"),
        ("E1540", "-a", "os:x"),
        ("E1540", "", "os:x"),
    ):
        with pytest.raises(UsageError, match=code):
            saved.save(app, name, query, who="x")
    with pytest.raises(UsageError, match="E1541"):
        saved.remove(app, "甲", who="x")
    with pytest.raises(UsageError, match="E1507"):
        saved.show(app, "乙乙")
    assert [each["name"] for each in saved.listed(app)] == ["乙", "甲"]


def test_the_inventory_does_not_move(app: App) -> None:
    """Merging reads over these decisions: no asset, no change, the same digest."""
    before = inventory.digest(app)
    saved.save(app, "甲", "os:麒麟", who="x")
    list(merge(app))
    assert inventory.digest(app) == before
