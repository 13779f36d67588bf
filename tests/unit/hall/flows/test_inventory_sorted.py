"""Lists in order, gone on with by a token."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from secops.core.clock import Instant, ManualClock
from secops.core.errors import UsageError
from secops.core.model import Entity, Kind
from secops.hall.app import App
from secops.hall.flows.inventory_page import listed
from secops.hall.workspace import Workspace
from secops.store import entities

NOW = Instant(1_750_000_000_000)


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    workspace = Workspace(tmp_path)
    workspace.make()
    with App(workspace, clock=ManualClock(NOW)) as opened:
        found = [
            Entity(Kind.IP, "default", key, NOW, NOW, facts={"address": key})
            for key in ("198.18.0.10", "198.18.0.9", "198.18.0.200", "2001:db8::1")
        ]
        with opened.database.write() as connection:
            entities.put(connection, {each.id: each for each in found})
        yield opened


def test_a_token_goes_on_where_the_page_ended(app: App) -> None:
    """Addresses in their own order, a page of two, what came meanwhile in front shifts nothing."""
    first = list(listed(app, "kind:ip", sort="address", limit=2))
    assert [row["key"] for row, _ in first] == ["198.18.0.9", "198.18.0.10"]
    new = Entity(Kind.IP, "default", "198.18.0.1", NOW, NOW, facts={"address": "198.18.0.1"})
    with app.database.write() as connection:
        entities.put(connection, {new.id: new})
    rest = list(listed(app, "kind:ip", sort="address", after=first[-1][1], limit=2))
    assert [row["key"] for row, _ in rest] == ["198.18.0.200", "2001:db8::1"]
    falling = [row["key"] for row, _ in listed(app, "kind:ip", sort="-ip")]
    assert falling == ["2001:db8::1", "198.18.0.200", "198.18.0.10", "198.18.0.9", "198.18.0.1"]


def test_without_an_order_the_token_is_the_id(app: App) -> None:
    """As it always was, so that a list can be gone on with by hand."""
    first = list(listed(app, limit=1))
    assert [row["id"] for row, _ in first] == [first[0][1]]
    assert len(list(listed(app, after=first[0][1]))) == 3


@pytest.mark.parametrize(
    ("sort", "after", "at", "code"),
    [
        ("tags", "", "", "E1510"), ("nofield", "", "", "E1510"), ("key", "", "now", "E1510"),
        ("key", "xx", "", "E1511"), ("key", "W10", "", "E1511"), ("key", "é", "", "E1511"),
        ("key", "A" * 20_000, "", "E1511"), ("", "乱", "", "E1511"),
        ("", "ip-x", "", "E1511"), ("", "乱", "now", "E1511"),
    ],
)  # fmt: skip
def test_orders_and_tokens_that_mean_nothing_are_refused(app: App, sort: str, after: str, at: str, code: str) -> None:
    """Sets have no order, a past list has one only, and a token belongs to its order."""
    with pytest.raises(UsageError, match=code):
        list(listed(app, sort=sort, after=after, at=at))
    (_, token) = next(iter(listed(app, sort="last_seen")))
    with pytest.raises(UsageError, match="E1511"):
        list(listed(app, sort="-last_seen", after=token))


@pytest.mark.parametrize(
    ("query", "sort", "says"),
    [
        ("kind:website", "-services.count", "有它的类别：ip"),
        ("", "-tags", "多个值"),
        ("", "last_sen", "是不是 last_seen"),
    ],
)
def test_why_a_list_cannot_be_ordered_so(app: App, query: str, sort: str, says: str) -> None:
    """A field of other kinds, a set, a slip of the pen: each is told for what it is."""
    with pytest.raises(UsageError) as caught:
        list(listed(app, query, sort=sort))
    assert says in f"{caught.value.why} {caught.value.hint}"
