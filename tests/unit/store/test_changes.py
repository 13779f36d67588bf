"""What fields were before: of each entity the first change since, read in one stretch."""

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from secops.core.clock import Instant
from secops.core.model import Change, Kind
from secops.store import changes


def _change(entity: str, seq: int, at: int, old: str | None, field: str = "http.title") -> Change:
    return Change(entity, Kind.SERVICE, "gd", field, old, f"since {seq}", Instant(at), seq, "", "r", "")


def test_before_is_what_the_first_change_of_the_log_says(connection: Connection) -> None:
    """Not the one of the earliest time: what was learned later may tell of before."""
    told = [
        _change("service-a", 1, 5, "older"),
        _change("service-a", 2, 30, "门户"),
        _change("service-a", 3, 20, "门户 2"),
    ]
    other = [_change("service-b", 2, 30, None), _change("service-c", 4, 40, "x", "http.server")]
    changes.append(connection, [*told, *other])
    assert dict(changes.before(connection, "http.title", 10)) == {"service-a": "门户", "service-b": None}
    mine = changes.earlier("http.title", 0, changes.changes.c.entity < "service-b")
    assert [tuple(each) for each in connection.execute(mine)] == [("service-a", '"older"')]


@pytest.mark.sqlite
def test_what_was_stands_in_the_index(connection: Connection) -> None:
    """No page of the table is read for it."""
    text = changes.earlier("state", 5).compile(dialect=connection.dialect, compile_kwargs={"literal_binds": True})
    plan = [row[3] for row in connection.execute(sa.text(f"EXPLAIN QUERY PLAN {text}"))]
    assert [each for each in plan if " changes " in each] == [
        "SEARCH changes USING COVERING INDEX changes_by_field_told (field=? AND at>?)"
    ]
