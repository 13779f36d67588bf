"""The filter AST as SQL: the same answer as `core.query.holds`, in conditions an index can serve."""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any, Final, assert_never

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from secops.core import address, version
from secops.core.clock import DAY_MS, Instant
from secops.core.fields import SETS, Derivation, Field, Type, by_name
from secops.core.model import Kind, Value
from secops.core.query import (
    LARGEST,
    ORDER,
    VERSIONS,
    And,
    Compare,
    Linked,
    Not,
    Op,
    Or,
    Query,
    Wild,
    fold,
    misfit,
    pattern,
    places,
)
from secops.store import derive, dialect, links, standing
from secops.store import shadow as shadowed
from secops.store.rows import plain

Clause = sa.ColumnElement[bool]

_ESCAPE: Final = "\\"


def where(query: Query, kind: Kind | None, now: Instant, table: sa.Table | None = None) -> Clause:
    """The condition on `derive.table_of(kind)`; ages count to `now`. A kind of asset is part of the condition.

    `table`: another one instead, whose computed fields are columns. Raises ValueError for a comparison that
    `core.query.misfit` names.
    """
    table = derive.table_of(kind) if table is None else table
    clause = _compile(query, table, now, negated=False)
    if kind is None or kind is Kind.SERVICE:
        return clause
    return sa.and_(table.c.kind == str(kind), clause)


def unknown(field: str, kind: Kind, now: Instant) -> Clause:
    """The condition that this field of the entity is not known."""
    return where(Compare(field, Op.EXISTS, False), kind, now)


def values(
    connection: Connection, kind: Kind, ids: Sequence[str], fields: Sequence[str], now: Instant
) -> Iterator[tuple[str, dict[str, Value]]]:
    """For each of these entities its id and the values of these fields, derived ones computed; unknown ones None."""
    table = derive.table_of(kind)
    wanted = [by_name()[name] for name in fields]
    every = _selected(kind, tuple(fields))
    for start in range(0, len(ids), 500):
        for row in connection.execute(every.where(table.c.id.in_(ids[start : start + 500]))):
            yield row[0], {each.name: derive.decode(each, row[i], now) for i, each in enumerate(wanted, 1)}


@lru_cache(maxsize=64)
def _selected(kind: Kind, fields: tuple[str, ...]) -> sa.Select[Any]:
    """Id and values, of every row. Kept, since naming the columns anew costs more than a page's rows do."""
    table = derive.table_of(kind)
    columns = [derive.expression(table, by_name()[name]).label(f"f{place}") for place, name in enumerate(fields)]
    return sa.select(table.c.id, *columns)


def _compile(query: Query, table: sa.FromClause, now: Instant, *, negated: bool) -> Clause:
    match query:
        case And(items):
            return sa.and_(sa.true(), *(_compile(each, table, now, negated=negated) for each in items))
        case Or(items):
            return sa.or_(sa.false(), *(_compile(each, table, now, negated=negated) for each in items))
        case Not(item):
            return sa.not_(_compile(item, table, now, negated=True))
        case Linked(link, kind, item):
            return links.leading(table, link, kind, lambda there: _compile(item, there, now, negated=False))
        case Compare(name, _, _):
            problem = misfit(query)
            if problem:
                raise ValueError(problem)
            clause = _field(table, by_name()[name], query.op, query.value, now)
            return sa.func.coalesce(clause, sa.false()) if negated else clause
        case _:
            assert_never(query)


def _field(table: sa.FromClause, field: Field, op: Op, value: Value, now: Instant) -> Clause:
    derived = field.derived
    if derived is None:
        return _stored(table, field, op, value)
    if field.column in table.c and (op is not Op.EXISTS or derived.how is Derivation.LOOKUP):
        return _stored(table, field, op, value)
    match derived.how:
        case Derivation.AGE:
            return _age(derive.physical(table, by_name()[derived.of]), op, value, now)
        case Derivation.COUNT:
            return sa.literal(value is True) if op is Op.EXISTS else _whole(derive.count(table), op, value)
        case Derivation.STANDING | Derivation.MISSING:
            found = derive.expression(table, field)
            if op is Op.EXISTS:
                return sa.literal(("register_conflicts" in table.c or derived.how is Derivation.MISSING) is value)
            told = _scalar(found, field.type, op, value)
            if derived.how is Derivation.STANDING and op is Op.EQ and "register_conflicts" in table.c:
                return sa.and_(standing.narrowed(table, fold(str(value))), told)
            return told
        case Derivation.LOOKUP | Derivation.MEMBERS:
            if op is Op.EXISTS:
                if derived.how is Derivation.MEMBERS:
                    return sa.literal(value is True)
                known = derive.elsewhere(table, derived, lambda there, each: _stored(there, each, Op.EXISTS, True))
                return known if value else sa.not_(known)
            return derive.elsewhere(table, derived, lambda there, each: _stored(there, each, op, value))
        case _:
            assert_never(derived.how)


def _stored(table: sa.FromClause, field: Field, op: Op, value: Value) -> Clause:
    column = derive.physical(table, field)
    if op is Op.EXISTS:
        return column.is_not(None) if value else column.is_(None)
    if field.type is Type.ADDRESSES:
        shadow = table.c[f"{field.column}_key"] if f"{field.column}_key" in table.c else sa.null()
        return shadowed.between(shadow, *places(op, value))
    if field.type in SETS:
        read = dialect.number if field.type is Type.INTEGERS else _as_it_is
        return dialect.any_member(column, lambda member: _scalar(read(member), field.type, op, value))
    if op in VERSIONS:
        shadow = table.c[f"{field.column}_key"] if f"{field.column}_key" in table.c else sa.null()
        return _ordered(shadow, Op(op.removeprefix("version_")), version.key(str(value)))
    return _scalar(column, field.type, op, value)


def _scalar(column: sa.ColumnElement[Any], type_: Type, op: Op, value: Value) -> Clause:
    if type_ in {Type.INTEGER, Type.INTEGERS, Type.INSTANT}:
        return _whole(column, op, value)
    if type_ is Type.BOOLEAN:
        return column == (value is True)
    if type_ is Type.ADDRESS:
        return _place(column, op, value)
    text = plain(str(value))
    exact = _text(dialect.fold(column), op, fold(text))
    return dialect.Narrowed(exact, _quick(column, op, text), _text(column, op, text)) if text else exact


def _place(column: sa.ColumnElement[Any], op: Op, value: Value) -> Clause:
    if op in {Op.CIDR, Op.RANGE}:
        first, last = (each.to_bytes(address.WIDTH, "big") for each in places(op, value))
        return column.between(first, last)
    return _ordered(column, op, address.pack(str(value)))


def _as_it_is(member: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    return member


def _quick(column: sa.ColumnElement[Any], op: Op, text: str) -> Clause:
    """What holds wherever the comparison does, and costs a columnar engine a tenth."""
    low = dialect.Lowered(column)
    if op is Op.EQ:
        return low == dialect.Lowered(sa.literal(text, sa.Text()))
    if op is Op.LIKE:
        return low.like(dialect.Lowered(sa.literal(_like(text), sa.Text())), escape=_ESCAPE)
    return dialect.Position(low, dialect.Lowered(sa.literal(text, sa.Text()))) > 0


def _whole(column: sa.ColumnElement[Any], op: Op, value: Value) -> Clause:
    """Bounds are as wide as `core.query.LARGEST`, however narrow the column is."""
    if isinstance(value, tuple):
        return column.between(dialect.wide(value[0]), dialect.wide(value[1]))
    return _ordered(column, op, dialect.wide(value))


def _text(column: sa.ColumnElement[Any], op: Op, text: str) -> Clause:
    if op is Op.EQ:
        return column == text
    if op is Op.LIKE:
        return column.like(_like(text), escape=_ESCAPE)
    if not text:
        return column.is_not(None)
    if op is Op.CONTAINS:
        return dialect.contains(column, text)
    return dialect.starts(column, text) if op is Op.STARTSWITH else dialect.ends(column, text)


def _like(text: str) -> str:
    out: list[str] = []
    for each in pattern(text):
        if each is Wild.ANY:
            out.append("%")
        elif each is Wild.ONE:
            out.append("_")
        else:
            out.append(_ESCAPE + each if each in "%_\\" else each)
    return "".join(out)


def _ordered(column: sa.ColumnElement[Any], op: Op, value: object) -> Clause:
    if op is Op.EQ:
        return column == value
    assert op in ORDER
    if op is Op.LT:
        return column < value
    if op is Op.LTE:
        return column <= value
    return column > value if op is Op.GT else column >= value


def _age(instant: sa.ColumnElement[Any], op: Op, value: Value, now: Instant) -> Clause:
    """Whole days from the instant to now, compared by comparing the instant itself, so that an index serves."""
    if op is Op.EXISTS:
        return instant.is_not(None) if value else instant.is_(None)
    if isinstance(value, tuple):
        return sa.and_(_age(instant, Op.GTE, value[0], now), _age(instant, Op.LTE, value[1], now))
    assert isinstance(value, int)
    starts, ends = _bound(now - value * DAY_MS), _bound(now - (value + 1) * DAY_MS)
    if op is Op.EQ:
        return sa.and_(instant > ends, instant <= starts)
    if op is Op.LT:
        return instant > starts
    if op is Op.LTE:
        return instant > ends
    return instant <= ends if op is Op.GT else instant <= starts


def _bound(instant: int) -> int:
    return max(-LARGEST, min(LARGEST, instant))
