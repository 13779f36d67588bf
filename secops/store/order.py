"""Lists in an order people ask for, a page at a time: pages go on behind the last row's value and id, the unknown last.

Rows that come, go or move meanwhile shift no other: each page is sought behind a value, not behind a count.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from secops.core.fields import Derivation, Field, Type
from secops.core.model import Entity, Kind
from secops.store import derive, dialect
from secops.store.entities import decode, wanted

Raw = None | bool | int | float | str | bytes


@dataclass(frozen=True, slots=True)
class Order:
    """By the first of these fields that the entity has, from the small or from the large end; equal ones by id."""

    fields: tuple[Field, ...]
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Mark:
    """Where a page ended: the value there (None among the unknown) and the id."""

    value: Raw
    id: str


def page(
    connection: Connection,
    kind: Kind | None,
    condition: sa.ColumnElement[bool],
    order: Order,
    *,
    after: Mark | None,
    limit: int,
) -> list[tuple[Entity, Mark]]:
    """At most `limit` entities that meet the condition, in order, from behind `after`, each with its own mark."""
    table = derive.table_of(kind)
    value = _value(table, order)
    found: list[tuple[Entity, Mark]] = []
    if after is None or after.value is not None:
        known = wanted(table).add_columns(value.label("ordered")).where(condition, value.is_not(None))
        if after is not None:
            known = known.where(*_behind(table, value, after, descending=_falling(order)))
        by = value.desc() if _falling(order) else value.asc()
        found = _read(connection, table, known.order_by(by, table.c.id).limit(limit))
        after = None
    if len(found) < limit:
        rest = wanted(table).add_columns(sa.null().label("ordered")).where(condition, value.is_(None))
        if after is not None:
            rest = rest.where(table.c.id > after.id)
        found += _read(connection, table, rest.order_by(table.c.id).limit(limit - len(found)))
    return found


def fits(order: Order, value: object) -> bool:
    """Whether a mark of this order could hold the value."""
    if value is None:
        return True
    types = {_stored(each) for each in order.fields}
    return any(isinstance(value, each) and (each is bool or not isinstance(value, bool)) for each in types)


def _stored(field: Field) -> type:
    if field.type in {Type.TEXT, Type.VERSION}:
        return str
    return {Type.ADDRESS: bytes, Type.BOOLEAN: bool}.get(field.type, int)


def _falling(order: Order) -> bool:
    """An age grows as its time lies further back, and it is the time that is compared."""
    derived = order.fields[0].derived
    return order.descending is not (derived is not None and derived.how is Derivation.AGE)


def _value(table: sa.FromClause, order: Order) -> sa.ColumnElement[Any]:
    values = [_one(table, each) for each in order.fields]
    return values[0] if len(values) == 1 else sa.func.coalesce(*values)


def _one(table: sa.FromClause, field: Field) -> sa.ColumnElement[Any]:
    shadow = f"{field.column}_key"
    if field.type is Type.VERSION and shadow in table.c:
        column: sa.ColumnElement[Any] = table.c[shadow]
        return column
    return derive.expression(table, field)


def _behind(
    table: sa.FromClause, value: sa.ColumnElement[Any], after: Mark, *, descending: bool
) -> Sequence[sa.ColumnElement[bool]]:
    mark = dialect.wide(after.value) if type(after.value) is int else after.value
    further = value < mark if descending else value > mark
    from_there = value <= mark if descending else value >= mark
    return from_there, sa.or_(further, table.c.id > after.id)


def _read(connection: Connection, table: sa.Table, chosen: sa.Select[Any]) -> list[tuple[Entity, Mark]]:
    found = []
    for row in connection.execute(chosen):
        raw = bytes(row.ordered) if isinstance(row.ordered, memoryview) else row.ordered
        found.append((decode(row, table), Mark(raw, row.id)))
    return found
