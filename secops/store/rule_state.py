"""How far each rule has judged the inventory, and every grading run with how it ended."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from secops.core.clock import Instant
from secops.store import changes
from secops.store.database import metadata
from secops.store.grading import high_water
from secops.store.rows import pack, upsert

RUNNING = "running"

rule_state = sa.Table(
    "rule_state",
    metadata,
    sa.Column("rule", sa.Text, primary_key=True),
    sa.Column("digest", sa.Text, nullable=False),
    sa.Column("graded_seq", sa.BigInteger, nullable=False),
    sa.Column("graded_at", sa.BigInteger, nullable=False),
)

gradings = sa.Table(
    "gradings",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("site", sa.Text, nullable=False),
    sa.Column("started_at", sa.BigInteger, nullable=False),
    sa.Column("ended_at", sa.BigInteger),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("summary", sa.Text, nullable=False),
)


@dataclass(frozen=True, slots=True)
class RuleState:
    """What a rule had judged when it was last run."""

    rule: str
    digest: str
    graded_seq: int
    graded_at: Instant


@dataclass(frozen=True, slots=True)
class Grading:
    """One grading run."""

    id: str
    site: str
    started_at: Instant
    ended_at: Instant | None = None
    state: str = RUNNING
    summary: Mapping[str, object] = field(default_factory=dict)


def every(connection: Connection) -> dict[str, RuleState]:
    """The state of every rule that ever ran."""
    return {
        row.rule: RuleState(row.rule, row.digest, row.graded_seq, Instant(row.graded_at))
        for row in connection.execute(sa.select(rule_state))
    }


def put(connection: Connection, state: RuleState) -> None:
    """The rule has judged everything up to this place; call it in the transaction that wrote what it found."""
    row = {"digest": state.digest, "graded_seq": state.graded_seq, "graded_at": int(state.graded_at)}
    upsert(connection, rule_state, [{"rule": state.rule, **row}])


def judged(connection: Connection) -> tuple[Instant | None, bool]:
    """When the inventory was last judged, and whether it has changed since for any rule; None before the first time."""
    least, first, last = connection.execute(
        sa.select(sa.func.min(rule_state.c.graded_seq), sa.func.min(rule_state.c.graded_at),
                  sa.select(sa.func.max(gradings.c.started_at)).where(gradings.c.state == "done").scalar_subquery())
    ).one()  # fmt: skip
    if least is None:
        return None, False
    moved = int(least) < high_water(connection)
    return Instant(int(first if moved or last is None else max(first, last))), moved


def ended_before(connection: Connection, at: int) -> Instant | None:
    """When the last whole judging up to the instant began; None for none."""
    mine = (gradings.c.state == "done", gradings.c.ended_at <= at)
    found = connection.execute(sa.select(sa.func.max(gradings.c.started_at)).where(*mine)).scalar()
    return None if found is None else Instant(int(found))


def changed_between(connection: Connection, first: int, last: int) -> bool:
    """Whether anything changed after the one instant, up to the other."""
    return any(changes.newest(connection, each, last) > first for each in changes.fields(connection))


def forget(connection: Connection, rule: str) -> None:
    """The rule was taken away."""
    connection.execute(rule_state.delete().where(rule_state.c.rule == rule))


def begin(connection: Connection, grading: Grading) -> list[str]:
    """Record a run that starts; gives the ids of earlier ones that never ended, now recorded as crashed.

    Only for the holder of the grading lock: it knows that nobody else is running.
    """
    dead = [str(id) for id in connection.execute(sa.select(gradings.c.id).where(gradings.c.state == RUNNING)).scalars()]
    if dead:
        crashed = gradings.update().where(gradings.c.id.in_(dead))
        connection.execute(crashed.values(state="crashed", ended_at=int(grading.started_at)))
    row = {"id": grading.id, "site": grading.site, "started_at": int(grading.started_at)}
    connection.execute(gradings.insert().values(**row, state=RUNNING, summary="{}"))
    return dead


def count(connection: Connection) -> int:
    """How many grading runs there were: part of the next one's id, so that two in one moment differ."""
    return int(connection.execute(sa.select(sa.func.count()).select_from(gradings)).scalar_one())


def end(connection: Connection, id: str, at: Instant, state: str, summary: Mapping[str, object]) -> None:
    """Record how the run ended."""
    ended = gradings.update().where(gradings.c.id == id)
    connection.execute(ended.values(ended_at=int(at), state=state, summary=pack(summary)))


def latest(connection: Connection, limit: int = 20) -> list[Grading]:
    """The newest runs, newest first."""
    chosen = sa.select(gradings).order_by(gradings.c.started_at.desc(), gradings.c.id.desc()).limit(limit)
    return [
        Grading(
            row.id,
            row.site,
            Instant(row.started_at),
            None if row.ended_at is None else Instant(row.ended_at),
            row.state,
            json.loads(row.summary),
        )
        for row in connection.execute(chosen)
    ]
