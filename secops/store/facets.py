"""How often each value of a field occurs among the entities that meet a condition: the commonest first."""

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from secops.core.clock import DAY_MS, Instant
from secops.core.fields import SETS, Derivation, Field, Type, by_name
from secops.core.model import Kind, State, Value
from secops.store import derive, dialect
from secops.store.entities import services


def top(
    connection: Connection,
    kind: Kind | None,
    condition: sa.ColumnElement[bool],
    field: Field,
    *,
    now: Instant,
    limit: int,
) -> Iterator[tuple[Value, int]]:
    """The commonest values (of sets: members) and how many entities have each; equal counts in order of value.

    Ages are whole days to `now`. Entities that do not know the field are not counted.
    """
    table = derive.table_of(kind)
    value, source = _value(table, field, now)
    number = sa.func.count(table.c.id.distinct()).label("number")
    chosen = (
        sa.select(value.label("value"), number)
        .select_from(source)
        .where(condition, value.is_not(None))
        .group_by(sa.text("1"))
        .order_by(number.desc(), sa.text("1"))
        .limit(limit)
    )
    for raw, count in connection.execute(chosen):
        yield _decoded(field, raw), int(count)


def known(
    connection: Connection, kind: Kind | None, condition: sa.ColumnElement[bool], field: Field, now: Instant
) -> int:
    """How many of these entities know the field at all."""
    table = derive.table_of(kind)
    value, source = _value(table, field, now)
    chosen = sa.select(sa.func.count(table.c.id.distinct())).select_from(source)
    return int(connection.execute(chosen.where(condition, value.is_not(None))).scalar_one())


def _value(table: sa.Table, field: Field, now: Instant) -> tuple[sa.ColumnElement[Any], sa.FromClause]:
    """What to count, and where it comes from."""
    derived = field.derived
    if derived is not None and derived.how is Derivation.MEMBERS:
        inner = services.alias()
        here = sa.and_(inner.c.parent == table.c.id, inner.c.state == str(State.ACTIVE))
        return derive.physical(inner, by_name()[derived.of]), table.outerjoin(inner, here)
    if derived is not None and derived.how is Derivation.AGE:
        return (int(now) - derive.expression(table, field)) // sa.literal(DAY_MS), table
    if derived is None and field.type in SETS:
        rows = dialect.members(derive.physical(table, field))
        member = dialect.number(rows.c.value) if field.type is Type.INTEGERS else dialect.bytewise(rows.c.value)
        return member, table.outerjoin(rows, sa.true())
    return derive.expression(table, field), table


def _decoded(field: Field, raw: Any) -> Value:
    if field.type is Type.ADDRESS and isinstance(raw, bytes):
        return derive.decode(field, raw, Instant(0))
    if field.derived is not None and field.derived.how is Derivation.AGE:
        return int(raw)
    if field.type is Type.BOOLEAN:
        return bool(raw)
    return raw if isinstance(raw, (int, float, str)) else str(raw)
