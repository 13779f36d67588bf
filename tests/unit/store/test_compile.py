"""Queries as SQL that an index can serve; agreement with the oracle is shown by tests/property/test_query_sql.py."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from secops.core.clock import Instant
from secops.core.filter import parse
from secops.core.model import Kind
from secops.core.query import Compare, Op
from secops.store import derive
from secops.store.compile import where
from secops.store.database import Database, metadata

NOW = Instant(1_750_000_000_000)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    made = Database.file(tmp_path / "t.db")
    with made.write() as connection:
        metadata.create_all(connection)
    yield made
    made.close()


def plan(database: Database, text: str, kind: Kind | None) -> str:
    with database.read() as connection:
        chosen = sa.select(derive.table_of(kind).c.id).where(where(parse(text, kind), kind, NOW))
        compiled = chosen.compile(connection, compile_kwargs={"literal_binds": False})
        binds = compiled.construct_params()
        rows = connection.exec_driver_sql(
            f"EXPLAIN QUERY PLAN {compiled}", tuple(binds[name] for name in compiled.positiontup or ())
        )
        return " ".join(str(row[-1]) for row in rows)


@pytest.mark.sqlite
def test_a_network_is_a_range_of_the_address_index(database: Database) -> None:
    """A /16 is one range, not a scan and not a thousand texts."""
    assert "services_by_address (address>? AND address<?)" in plan(database, "net:198.18.0.0/16", Kind.SERVICE)


@pytest.mark.sqlite
def test_a_kind_is_part_of_the_condition(database: Database) -> None:
    """Asking for one kind of asset needs no second condition from the caller."""
    assert "assets_by_kind" in plan(database, "*", Kind.SYSTEM)


def test_what_means_nothing_is_refused() -> None:
    """The store answers no question that the oracle would not."""
    with pytest.raises(ValueError):
        where(Compare("port", Op.CONTAINS, "4"), Kind.SERVICE, NOW)


def test_a_range_may_be_open_or_wider_than_the_column(database: Database) -> None:
    """A count is of 32 bits on a server."""
    asked = ["services.count:0..", "services.count:3000000000", "services.count>9000000000"]
    with database.read() as connection:
        for text in asked:
            chosen = sa.select(derive.table_of(Kind.IP).c.id).where(where(parse(text, Kind.IP), Kind.IP, NOW))
            assert connection.execute(chosen).all() == []
