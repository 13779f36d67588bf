"""A rule's questions to the inventory: which entities match, which open findings no longer hold, what is undecided.

Each is one statement over what changed since the rule last ran: the entity itself, the services of an address where
the rule reads them, and the system an entity belongs to where the rule reads that.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from secops.core.clock import Instant
from secops.core.fields import Derivation, by_name
from secops.core.model import Kind, State, Value
from secops.core.query import And, Query
from secops.store import derive
from secops.store.compile import unknown, where
from secops.store.entities import assets, services
from secops.store.findings import findings

FETCH = 1000
Transaction = Connection
"""What `Database.write` gives, by a name that rooms without SQL may use."""


@dataclass(frozen=True, slots=True)
class Question:
    """What a rule asks: its kind and states, when it holds, when it cannot say, and what it reads."""

    kind: Kind
    states: Sequence[State]
    matched: Query
    undecided: Query
    reads: Sequence[str]
    now: Instant
    since: int | None = None
    """Only what changed after this place of the log; None: everything."""


@dataclass(frozen=True, slots=True)
class Match:
    """An entity that breaks the rule, with the values asked for."""

    entity: str
    site: str
    org_id: str
    system_id: str
    values: Mapping[str, Value]


def high_water(connection: Connection) -> int:
    """The log entry of the newest change of any entity: the place a rule run now will have judged up to."""
    newest = [connection.execute(sa.select(sa.func.max(t.c.changed_seq))).scalar() for t in (assets, services)]
    return max((int(each) for each in newest if each is not None), default=0)


def matches(connection: Connection, question: Question, evidence: Sequence[str]) -> Iterator[Match]:
    """Entities that match, with these fields' values, streamed."""
    table = derive.table_of(question.kind)
    wanted = [by_name()[name] for name in evidence]
    columns = [derive.expression(table, each).label(f"f{place}") for place, each in enumerate(wanted)]
    chosen = sa.select(table.c.id, table.c.site, table.c.org_id, table.c.system_id, *columns).where(
        *_scope(connection, question, table), where(question.matched, question.kind, question.now)
    )
    for row in connection.execute(chosen.execution_options(yield_per=FETCH)):
        values = {each.name: derive.decode(each, row[place], question.now) for place, each in enumerate(wanted, 4)}
        yield Match(row[0], row[1], row[2] or "", row[3] or "", values)


def lapsed(connection: Connection, question: Question, rule: str) -> list[str]:
    """Entities whose open finding of this rule holds no more: decided otherwise, gone, or not there at all."""
    table = derive.table_of(question.kind)
    stays = sa.and_(
        _living(question, table),
        sa.or_(
            where(question.matched, question.kind, question.now),
            where(question.undecided, question.kind, question.now),
        ),
    )
    mine = (findings.c.rule == rule, findings.c.open.is_(True))
    joined = findings.outerjoin(table, table.c.id == findings.c.entity)
    chosen = sa.select(findings.c.entity).select_from(joined).where(*mine)
    changed = _changed(connection, question, table)
    if changed is not None:
        chosen = chosen.where(sa.or_(table.c.id.is_(None), changed))
    return [str(id) for id in connection.execute(chosen.where(sa.not_(sa.func.coalesce(stays, sa.false())))).scalars()]


def found(connection: Connection, rule: str) -> set[str]:
    """Entities that have an open finding of this rule."""
    chosen = sa.select(findings.c.entity).where(findings.c.rule == rule, findings.c.open.is_(True))
    return set(connection.execute(chosen).scalars())


def undecided(connection: Connection, question: Question, requires: Sequence[str]) -> tuple[int, dict[str, int]]:
    """How many entities the rule cannot judge, and for each required field how many lack it among them."""
    if not requires:
        return 0, {}
    table = derive.table_of(question.kind)
    lacking = [
        sa.func.coalesce(sa.func.sum(sa.case((unknown(name, question.kind, question.now), 1), else_=0)), 0)
        for name in requires
    ]
    chosen = sa.select(sa.func.count(), *lacking).where(
        *_scope(connection, question, table), where(question.undecided, question.kind, question.now)
    )
    total, *each = connection.execute(chosen).one()
    return int(total), {name: int(count) for name, count in zip(requires, each, strict=True) if count}


def asked(connection: Connection, question: Question) -> int:
    """How many entities the question is put to."""
    table = derive.table_of(question.kind)
    every = And(())
    chosen = sa.select(sa.func.count()).select_from(table)
    chosen = chosen.where(*_scope(connection, question, table), where(every, question.kind, question.now))
    return int(connection.execute(chosen).scalar_one())


def _scope(connection: Connection, question: Question, table: sa.Table) -> tuple[sa.ColumnElement[bool], ...]:
    changed = _changed(connection, question, table)
    living = _living(question, table)
    return (living,) if changed is None else (living, changed)


def _living(question: Question, table: sa.Table) -> sa.ColumnElement[bool]:
    return table.c.state.in_([str(each) for each in question.states])


def _changed(connection: Connection, question: Question, table: sa.Table) -> sa.ColumnElement[bool] | None:
    since = question.since
    if since is None or since <= 0:
        return None
    parts: list[sa.Select[Any]] = [sa.select(table.c.id).where(table.c.changed_seq > since)]
    hows = {derived.how: derived for name in question.reads if (derived := by_name()[name].derived)}
    if Derivation.MEMBERS in hows or Derivation.COUNT in hows:
        parts.append(sa.select(services.c.parent).where(services.c.changed_seq > since, services.c.parent.is_not(None)))
    if Derivation.LOOKUP in hows:
        moved = sa.select(assets.c.id).where(assets.c.kind == str(Kind.SYSTEM), assets.c.changed_seq > since)
        ids = list(connection.execute(moved).scalars())
        if ids:
            belongs = table.alias()
            parts.append(sa.select(belongs.c.id).where(belongs.c.system_id.in_(ids)))
    return table.c.id.in_(parts[0] if len(parts) == 1 else sa.union(*parts))
