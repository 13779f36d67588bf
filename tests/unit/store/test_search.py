"""What few can meet is sought among those only."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from secops.core.clock import Instant
from secops.core.filter import parse
from secops.core.model import Entity, Kind, Relation, RelationType
from secops.core.query import Query
from secops.store import derive, entities, relations, search
from secops.store.database import Database, metadata

NOW = Instant(1_750_000_000_000)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    made = Database.file(tmp_path / "t.db")
    host = Entity(Kind.HOST, "gd", "h1", NOW, NOW, facts={"host.os": "银河麒麟"})
    found = [host, *(Entity(Kind.IP, "gd", f"198.18.0.{i}", NOW, NOW) for i in range(5))]
    ports = [
        Entity(
            Kind.SERVICE,
            "gd",
            f"{ip.key}:{port}/tcp",
            NOW,
            NOW,
            parent=ip.id,
            facts={"port": port, "service.product": what},
        )
        for ip in found[1:]
        for port, what in ((22, "OpenSSH"), (3389, "xrdp" if ip.key.endswith("3") else "Terminal Services"))
    ]
    with made.write() as connection:
        metadata.create_all(connection)
        entities.put(connection, {each.id: each for each in (*found, *ports)})
        drawn = [Relation("gd", each.id, RelationType.RUNS_ON, host.id, "t", NOW, NOW) for each in found[1:3]]
        relations.put(connection, drawn)
    yield made
    made.close()


def sought(database: Database, text: str, kind: Kind | None = None) -> tuple[set[str], str]:
    """Keys of what is found, and how the database goes about it."""
    table = derive.table_of(kind)
    with database.read() as connection:
        chosen = sa.select(table.c.key).where(search.condition(connection, parse(text, kind), kind, NOW))
        found = set(connection.execute(chosen).scalars())
        if not database.embedded:
            return found, "by id"
        compiled = chosen.compile(connection)
        binds = compiled.construct_params()
        rows = connection.exec_driver_sql(
            f"EXPLAIN QUERY PLAN {compiled}", tuple(binds[name] for name in compiled.positiontup or ())
        )
        plan = [str(row[-1]) for row in rows]
    return found, "by id" if "id=?" in plan[0] else plan[0]


@pytest.mark.parametrize(
    ("text", "kind", "keys"),
    [
        ("services:(port:3389 product:xrdp)", None, {"198.18.0.3"}),
        ("runs-on:(os:麒麟)", None, {"198.18.0.1", "198.18.0.0"}),
        ("kind:ip runs-on:(kind:host)", Kind.IP, {"198.18.0.1", "198.18.0.0"}),
        ("services:(port:9) OR text:麒麟", None, {"h1"}),
        ("services:(port:9)", None, set()),
    ],
)
def test_few_are_named(database: Database, text: str, kind: Kind | None, keys: set[str]) -> None:
    """The other end of a step is looked up first, and the entities are sought by their ids."""
    found, how = sought(database, text, kind)
    assert found == keys
    assert how == "by id"


def test_many_are_not(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where many meet what stands behind it, or in a negation, nothing is looked up; the answer is the same."""
    monkeypatch.setattr(search, "FEW", 1)
    assert sought(database, "services:(port:22)")[0] == {f"198.18.0.{i}" for i in range(5)}
    assert sought(database, "-services:(product:xrdp) kind:ip")[0] == {f"198.18.0.{i}" for i in (0, 1, 2, 4)}


def test_another_way_may_find_the_few(database: Database) -> None:
    """The columnar mirror may say who meets what stands behind the step."""
    asked: list[str] = []

    def ids(query: Query, kind: Kind | None, most: int) -> list[str] | None:
        asked.append(f"{kind} {most}")
        return []

    with database.read() as connection:
        condition = search.condition(connection, parse("services:(port:22)"), None, NOW, ids)
        assert connection.execute(sa.select(derive.table_of(None).c.id).where(condition)).all() == []
    assert asked == ["service 10001"]
