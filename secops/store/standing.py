"""Declared against found in SQL: `core.standing.standing` word for word."""

from collections.abc import Callable, Sequence
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from secops.core.model import Kind, RelationType, State
from secops.core.standing import BY_PARTS, LIVING, ON_PAPER, PLANNED, Standing
from secops.store.entities import assets, doubtful
from secops.store.relations import relations

_LIVING: Final = sorted(each.value for each in LIVING)
Clause = sa.ColumnElement[bool]


def word(table: sa.FromClause) -> sa.ColumnElement[Any]:
    """The standing of each row; NULL for a table whose rows have none."""
    if "register_conflicts" not in table.c:
        return sa.null()
    offline, on_paper = table.c.register_offline_on, table.c.kind.in_(sorted(ON_PAPER))

    def late(there: sa.FromClause) -> Clause:
        return there.c.last_seen > offline

    conflict = sa.or_(
        table.c.register_conflicts.is_not(None),
        sa.and_(offline.is_not(None), sa.not_(on_paper), _there(table, late)),
    )
    expected = sa.and_(
        table.c.declared.is_(True), offline.is_(None), sa.func.coalesce(table.c.register_status, "") != PLANNED
    )
    return sa.case(
        (conflict, Standing.CONTRADICTING.value),
        (sa.and_(expected, sa.not_(on_paper), sa.not_(_there(table))), Standing.VANISHED.value),
        (sa.or_(table.c.declared.is_(True), table.c.system_id.is_not(None)), Standing.REGISTERED.value),
        else_=Standing.UNDECLARED.value,
    )


def living(connection: Connection, state: State) -> set[str]:
    """Ids of what was declared and never seen itself, and has a part in this state: a member, or an address."""
    mine = (assets.c.declared.is_(True), assets.c.kind.in_(sorted(BY_PARTS)), assets.c.state == State.DECLARED.value)
    found = sa.select(assets.c.id).where(*mine, _there(assets, living=(state.value,)))
    return set(connection.execute(found).scalars())


def narrowed(table: sa.FromClause, how: str) -> Clause:
    """What a row of this standing must be at the least, worded as the small indices of `store.entities` are."""
    if how == Standing.CONTRADICTING:
        return doubtful(table)
    return table.c.declared.is_(True) if how == Standing.VANISHED else sa.true()


def _there(
    table: sa.FromClause,
    more: Callable[[sa.FromClause], Clause] = lambda _: sa.true(),
    *,
    living: Sequence[str] = _LIVING,
) -> Clause:
    """Whether it, or a part of it, lives (and meets the further condition)."""
    member, address = assets.alias(), assets.alias()
    members = sa.exists().where(member.c.system_id == table.c.id, member.c.state.in_(living), more(member))
    joined = relations.join(address, address.c.id == relations.c.target)
    drawn = (relations.c.source == table.c.id, relations.c.type == RelationType.CONNECTS_TO.value)
    there = (address.c.kind == Kind.IP.value, address.c.state.in_(living), more(address))
    addresses = sa.select(sa.literal(1)).select_from(joined).where(*drawn, *there).correlate(table)
    return sa.case(
        (sa.and_(table.c.state.in_(living), more(table)), sa.true()),
        (table.c.kind == Kind.SYSTEM.value, members),
        (table.c.kind.in_(sorted(BY_PARTS - {Kind.SYSTEM})), sa.exists(addresses)),
        else_=sa.false(),
    )
