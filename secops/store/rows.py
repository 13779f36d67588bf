"""How rows are written in bulk and how values are spelled: JSON text, no NUL, no lone surrogate."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeVar, cast

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert as insert_postgresql
from sqlalchemy.dialects.sqlite import Insert as InsertSqlite
from sqlalchemy.dialects.sqlite import insert as insert_sqlite
from sqlalchemy.engine import Connection

from secops.core.ids import canonical

Big = sa.BigInteger().with_variant(sa.Integer, "sqlite")
CHUNK = 500
"""Ids asked for in one statement."""

T = TypeVar("T")


def insert_for(connection: Connection, table: sa.Table) -> InsertSqlite:
    """The dialect's INSERT that knows ON CONFLICT (PostgreSQL's says the same words)."""
    if connection.dialect.name == "postgresql":
        return cast("InsertSqlite", insert_postgresql(table))
    return insert_sqlite(table)


def upsert(connection: Connection, table: sa.Table, rows: Sequence[Mapping[str, object]]) -> None:
    """Insert the rows; where the primary key exists, every other column takes the new value."""
    if not rows:
        return
    keys = [column.name for column in table.primary_key]
    insert = insert_for(connection, table)
    rest = {name: insert.excluded[name] for name in table.c.keys() if name not in keys}  # noqa: SIM118 - a column collection
    connection.execute(insert.on_conflict_do_update(index_elements=keys, set_=rest), list(rows))


def insert_new(connection: Connection, table: sa.Table, rows: Sequence[Mapping[str, object]]) -> int:
    """Insert the rows that break no key; gives how many were new."""
    if not rows:
        return 0
    return connection.execute(insert_for(connection, table).on_conflict_do_nothing(), list(rows)).rowcount


def chunks(items: Sequence[T], size: int = CHUNK) -> Iterator[Sequence[T]]:
    """The items in pieces of at most `size`."""
    for start in range(0, len(items), size):
        yield items[start : start + size]


def plain(text: str) -> str:
    """The text as every database can keep it."""
    if text.isascii():
        return text.replace("\x00", "\ufffd") if "\x00" in text else text
    return text.replace("\x00", "\ufffd").encode("utf-8", "replace").decode()


def pack(value: object) -> str:
    """Canonical JSON text that every database can keep."""
    return plain(canonical(value))


def pack_or_none(value: Mapping[str, object] | Mapping[int, object]) -> str | None:
    """Canonical JSON text, None for an empty mapping: most rows have nothing to say."""
    return pack(value) if value else None


def unpack(text: str | None) -> dict[str, object]:
    """The mapping that `pack_or_none` packed."""
    found: object = json.loads(text) if text else {}
    assert isinstance(found, dict)
    return found
