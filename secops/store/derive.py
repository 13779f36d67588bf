"""The fields no collector writes: ages, look-ups, an address's services counted and gathered, standings."""

import json
from collections.abc import Callable
from typing import Any, Final, assert_never

import sqlalchemy as sa

from secops.core.address import unpack
from secops.core.clock import DAY_MS, Instant
from secops.core.fields import SETS, Derivation, Derived, Field, Type, by_name
from secops.core.model import Kind, State, Value
from secops.store import dialect, standing
from secops.store.entities import assets, services
from secops.store.organisations import organisations

Condition = Callable[[sa.FromClause, Field], sa.ColumnElement[bool]]
"""A comparison, given the table and the field it shall read there."""

ORGANISATION: Final = "org_id"


def table_of(kind: Kind | None) -> sa.Table:
    """Where entities of this kind lie; None stands for the seven kinds of asset."""
    return services if kind is Kind.SERVICE else assets


def physical(table: sa.FromClause, field: Field) -> sa.ColumnElement[Any]:
    """The column of a field that is stored, empty core texts as NULL; NULL where the table has no such column."""
    if field.column not in table.c:
        return sa.literal("service") if field.name == "kind" else sa.null()
    column: sa.ColumnElement[Any] = table.c[field.column]
    return sa.func.nullif(column, "") if field.core and field.type is Type.TEXT else column


def elsewhere(table: sa.FromClause, derived: Derived, condition: Condition) -> sa.ColumnElement[bool]:
    """Whether the condition holds where a LOOKUP points, or for any member of MEMBERS."""
    if derived.how is Derivation.MEMBERS:
        inner: sa.FromClause = services.alias()
        return sa.exists().where(*_active(inner, table), condition(inner, by_name()[derived.of]))
    target, field = pointed(derived)
    return sa.exists().where(*_pointing(target, table, derived), condition(target, field))


def pointed(derived: Derived) -> tuple[sa.FromClause, Field]:
    """The table a LOOKUP or MISSING reads (under a name of its own) and the field there."""
    if derived.via == ORGANISATION:
        field = Field(derived.of, derived.of, derived.of, Type.TEXT, frozenset(), core=True)
        return organisations.alias(), field
    return assets.alias(), by_name()[derived.of]


def count(table: sa.FromClause) -> sa.ScalarSelect[int]:
    """How many active services the entity has."""
    inner = services.alias()
    return (
        sa.select(sa.func.count()).select_from(inner).where(*_active(inner, table)).correlate(table).scalar_subquery()
    )


def expression(table: sa.FromClause, field: Field) -> sa.ColumnElement[Any]:
    """What to select so that `decode` gives the field's value."""
    derived = field.derived
    if derived is None:
        return physical(table, field)
    match derived.how:
        case Derivation.AGE:
            return physical(table, by_name()[derived.of])
        case Derivation.COUNT:
            return count(table)
        case Derivation.STANDING:
            return standing.word(table)
        case Derivation.MISSING:
            return missing(table, derived)
        case Derivation.LOOKUP:
            target, there = pointed(derived)
            chosen = sa.select(physical(target, there)).where(*_pointing(target, table, derived))
            return chosen.correlate(table).limit(1).scalar_subquery()
        case Derivation.MEMBERS:
            inner = services.alias()
            value = physical(inner, by_name()[derived.of])
            rows = sa.select(value.label("value")).where(*_active(inner, table), value.is_not(None)).distinct()
            listed = rows.correlate(table).subquery()
            return sa.select(dialect.gathered(listed.c.value)).scalar_subquery()
        case _:
            assert_never(derived.how)


def missing(table: sa.FromClause, derived: Derived) -> sa.ColumnElement[bool]:
    """Whether what `via` should point at is not there."""
    target, _ = pointed(derived)
    return sa.not_(sa.exists().where(*_pointing(target, table, derived)))


def decode(field: Field, raw: object, now: Instant) -> Value:
    """The value of the field from what `expression` selected."""
    if raw is None:
        return None
    if field.derived is not None and field.derived.how is Derivation.AGE:
        return (int(now) - int(str(raw))) // DAY_MS
    if field.type is Type.ADDRESS:
        return unpack(bytes(raw)) if isinstance(raw, (bytes, memoryview)) else str(raw)
    if field.type in SETS:
        items = json.loads(raw) if isinstance(raw, str) else raw
        assert isinstance(items, (list, tuple))
        return tuple(sorted(items)) if field.derived is not None else tuple(items)
    if field.type is Type.BOOLEAN:
        return bool(raw)
    return raw if isinstance(raw, (int, float, str)) else str(raw)


def _active(inner: sa.FromClause, table: sa.FromClause) -> tuple[sa.ColumnElement[bool], ...]:
    return inner.c.parent == table.c.id, inner.c.state == str(State.ACTIVE)


def _pointing(target: sa.FromClause, table: sa.FromClause, derived: Derived) -> tuple[sa.ColumnElement[bool], ...]:
    same_site = target.c.site == table.c.site
    return same_site, target.c.id == table.c[derived.via]
