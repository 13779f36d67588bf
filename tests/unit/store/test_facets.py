"""Counts of values, as counting by hand gives them."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from secops.assets.merge import merge
from secops.core.clock import DAY_MS, Instant
from secops.core.fields import by_name
from secops.core.model import Kind, Logged, Observation, Status, Target
from secops.store import entities, facets
from secops.store.database import Database, metadata

NOW = Instant(100 * DAY_MS)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """Twelve addresses with a web or an ssh port; every third page names two headers."""
    made = Database.file(tmp_path / "t.db")
    looks = []
    for number in range(12):
        name = "http" if number % 4 else "ssh"
        facts: dict[str, object] = {"service.name": name}
        if name == "http":
            headers = ("date", "server") if number % 3 == 0 else ("date",)
            facts |= {"http.status_code": 200, "http.headers": headers, "tls.enabled": False}
        seen = Instant((10 + number // 6) * DAY_MS + number)
        target = Target(f"198.18.0.{number}", 80 if name == "http" else 22)
        looks.append(Logged(number + 1, Observation("gd", "o", "r", f"{name}@1", target, seen, Status.SUCCESS, facts)))
    with made.write() as connection:
        metadata.create_all(connection)
        entities.put(connection, merge({}, looks).entities)
    yield made
    made.close()


def counted(database: Database, name: str, kind: Kind | None, limit: int = 10) -> list[tuple[object, int]]:
    with database.read() as connection:
        return list(facets.top(connection, kind, sa.true(), by_name()[name], now=NOW, limit=limit))


def test_values_are_counted_the_commonest_first(database: Database) -> None:
    """Texts, numbers and addresses, equal counts in order of value, no more than asked for."""
    assert counted(database, "service.name", Kind.SERVICE) == [("http", 9), ("ssh", 3)]
    assert counted(database, "port", Kind.SERVICE, limit=1) == [(80, 9)]
    assert counted(database, "address", Kind.SERVICE, limit=2) == [("198.18.0.0", 1), ("198.18.0.1", 1)]


def test_members_of_a_set_count_each(database: Database) -> None:
    """A page with two headers counts for both."""
    assert counted(database, "http.headers", Kind.SERVICE) == [("date", 9), ("server", 3)]


def test_what_is_computed_is_counted_too(database: Database) -> None:
    """Ages in whole days, names of an address's services, how many it has."""
    assert counted(database, "seen.age", Kind.SERVICE) == [(88, 6), (89, 5), (90, 1)]
    names = dict(counted(database, "services.names", None))
    assert names == {"http": 9, "ssh": 3}
    assert dict(counted(database, "services.count", None))[1] == 12


def test_what_is_not_known_is_told_apart(database: Database) -> None:
    """How many know the field at all."""
    with database.read() as connection:
        field = by_name()["http.headers"]
        assert facets.known(connection, Kind.SERVICE, sa.true(), field, NOW) == 9
