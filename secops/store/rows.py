"""How rows are written in bulk and how values are spelled: JSON text, no NUL, no lone surrogate."""

import json
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import lru_cache
from json.encoder import encode_basestring
from operator import itemgetter
from typing import Any, TypeVar, cast

import sqlalchemy as sa
from sqlalchemy.dialects import sqlite
from sqlalchemy.dialects.postgresql import insert as insert_postgresql
from sqlalchemy.dialects.sqlite import Insert as InsertSqlite
from sqlalchemy.dialects.sqlite import insert as insert_sqlite
from sqlalchemy.engine import Connection

from secops.core.ids import canonical
from secops.store import dialect, incoming

Big = sa.BigInteger().with_variant(sa.Integer, "sqlite")
CHUNK = 500
"""Ids asked for in one statement."""

T = TypeVar("T")


def insert_for(name: str, table: sa.Table) -> InsertSqlite:
    """The dialect's INSERT that knows ON CONFLICT (PostgreSQL's says the same words)."""
    return cast("InsertSqlite", insert_postgresql(table)) if name == "postgresql" else insert_sqlite(table)


def upsert(connection: Connection, table: sa.Table, rows: Sequence[Mapping[str, object]]) -> None:
    """Insert the rows, a column left out as NULL; where the primary key exists, the others take the new value."""
    if not rows:
        return
    if connection.dialect.name == "postgresql":
        incoming.upsert(connection, table, rows)
    else:
        _drive(connection, table, rows, "upsert")


def fill(connection: Connection, table: sa.Table, rows: Sequence[tuple[object, ...]]) -> None:
    """As `upsert` of whole rows: the values of all the table's columns, in their order."""
    if not rows:
        return
    names = tuple(table.columns.keys())
    if connection.dialect.name == "postgresql":
        incoming.upsert(connection, table, [dict(zip(names, row, strict=True)) for row in rows])
    else:
        connection.exec_driver_sql(_prepared(table, "upsert", names)[0], rows)


def change(connection: Connection, table: sa.Table, rows: Mapping[str, Mapping[str, object]]) -> None:
    """Give the columns named in each row, by the one column of the primary key, these values.

    Rows that name the same columns go together: of a wide table's columns most changes concern few.
    """
    (key,) = table.primary_key
    mark = "%s" if connection.dialect.name == "postgresql" else "?"
    alike: dict[tuple[str, ...], list[tuple[object, ...]]] = {}
    for id, row in rows.items():
        if row:
            alike.setdefault(tuple(row), []).append((*row.values(), id))
    for names, part in alike.items():
        sets = ", ".join(f'"{name}" = {mark}' for name in names)
        text = f'UPDATE "{table.name}" SET {sets} WHERE "{key.name}" = {mark}'  # noqa: S608 - names of our own
        connection.exec_driver_sql(text, part)


def insert_new(connection: Connection, table: sa.Table, rows: Sequence[Mapping[str, object]]) -> int:
    """Insert the rows that break no key, all with the same columns; gives how many were new."""
    if not rows:
        return 0
    if connection.dialect.name == "postgresql":
        return incoming.insert_new(connection, table, rows)
    return _drive(connection, table, rows, "new")


def among(column: sa.Column[str], values: Collection[str]) -> sa.ColumnElement[bool]:
    """The column is one of these: one parameter however many there are, so that the statement is prepared once."""
    listed = sa.literal(json.dumps(sorted(values), ensure_ascii=False))
    return column.in_(sa.select(dialect.members(listed).c.value))


@lru_cache(maxsize=512)
def _prepared(table: sa.Table, how: str, names: tuple[str, ...]) -> tuple[str, Callable[[Mapping[str, object]], Any]]:
    """The statement for rows with these columns as sqlite3 takes it, and what gives a row's parameters in its order."""
    insert = insert_sqlite(table)
    keys = [column.name for column in table.primary_key]
    rest = {column.name: insert.excluded[column.name] for column in table.columns if column.name not in keys}
    change = insert.on_conflict_do_update(index_elements=keys, set_=rest) if how == "upsert" else None
    return _compiled(insert.on_conflict_do_nothing() if change is None else change, names)


def every(connection: Connection, statement: sa.Insert, rows: Sequence[tuple[object, ...]]) -> None:
    """Run the statement for each of these rows: the values of all the columns of its table, in their order."""
    names = tuple(statement.table.columns.keys())
    if connection.dialect.name == "postgresql":
        connection.execute(statement, [dict(zip(names, row, strict=True)) for row in rows])
    else:
        connection.exec_driver_sql(_compiled(statement, names)[0], rows)


def _compiled(statement: sa.Insert, names: tuple[str, ...]) -> tuple[str, Callable[[Mapping[str, object]], Any]]:
    """The statement as sqlite3 takes it, and what gives a row's parameters in its order."""
    compiled = statement.compile(dialect=sqlite.dialect(paramstyle="qmark"), column_keys=list(names))
    return str(compiled), itemgetter(*(compiled.positiontup or names))


def _drive(connection: Connection, table: sa.Table, rows: Sequence[Mapping[str, object]], how: str) -> int:
    """Hand the rows to the driver as they are: SQLAlchemy's way through the parameters costs half the time.

    Rows with the same columns go together: of a wide table's columns most rows have few.
    """
    alike: dict[tuple[str, ...], list[Mapping[str, object]]] = {}
    for row in rows:
        alike.setdefault(tuple(row), []).append(row)
    count = 0
    for names, part in alike.items():
        text, parameters = _prepared(table, how, names)
        count += connection.exec_driver_sql(text, [parameters(row) for row in part]).rowcount
    return count


def chunks(items: Sequence[T], size: int = CHUNK) -> Iterator[Sequence[T]]:
    """The items in pieces of at most `size`."""
    for start in range(0, len(items), size):
        yield items[start : start + size]


def plain(text: str) -> str:
    """The text as every database can keep it."""
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            text = text.encode("utf-8", "replace").decode()
    return text.replace("\x00", "\ufffd") if "\x00" in text else text


def pack(value: object) -> str:
    """Canonical JSON text that every database can keep."""
    return plain(encode_basestring(value) if type(value) is str else canonical(value))


def pack_or_none(value: Mapping[str, object] | Mapping[int, object]) -> str | None:
    """Canonical JSON text, None for an empty mapping: most rows have nothing to say."""
    return pack(value) if value else None


def unpack(text: str | None) -> dict[str, object]:
    """The mapping that `pack_or_none` packed."""
    found: object = unpacked(text) if text else {}
    assert isinstance(found, dict)
    return found


def unpacked(text: str) -> Any:
    """What `pack` packed: no space before it and nothing behind, so that nothing looks for any."""
    return _DECODER.raw_decode(text)[0]


_DECODER = json.JSONDecoder()
