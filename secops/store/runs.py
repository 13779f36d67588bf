"""Runs of discovery: the whole plan and its hash, who drives it, when it last gave a sign, and how it ended."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from secops.core.clock import Instant
from secops.store.database import metadata
from secops.store.rows import among, chunks, pack

RUNNING = "running"

runs = sa.Table(
    "runs",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("site", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("plan", sa.Text, nullable=False),
    sa.Column("plan_hash", sa.Text, nullable=False),
    sa.Column("started_at", sa.BigInteger, nullable=False),
    sa.Column("heartbeat", sa.BigInteger, nullable=False),
    sa.Column("ended_at", sa.BigInteger),
    sa.Column("pid", sa.Integer, nullable=False),
    sa.Column("progress", sa.Text),
    sa.Column("summary", sa.Text),
)


@dataclass(frozen=True, slots=True)
class Run:
    """One run as it is recorded."""

    id: str
    kind: str
    site: str
    state: str
    """running, or the state of its summary: done, incomplete, interrupted, stopped, refused, crashed."""
    plan: Mapping[str, object]
    plan_hash: str
    started_at: Instant
    heartbeat: Instant
    ended_at: Instant | None
    pid: int
    progress: Mapping[str, object]
    summary: Mapping[str, object]


def begin(connection: Connection, run: Run) -> None:
    """Record a new run; its id must be new."""
    connection.execute(
        runs.insert().values(
            id=run.id,
            kind=run.kind,
            site=run.site,
            state=RUNNING,
            plan=pack(run.plan),
            plan_hash=run.plan_hash,
            started_at=int(run.started_at),
            heartbeat=int(run.heartbeat),
            pid=run.pid,
        )
    )


def again(connection: Connection, run: str, at: Instant, pid: int) -> None:
    """The run goes on, driven by this process."""
    connection.execute(
        runs.update().where(runs.c.id == run).values(state=RUNNING, heartbeat=int(at), ended_at=None, pid=pid)
    )


def beat(connection: Connection, run: str, at: Instant, progress: Mapping[str, object]) -> None:
    """A sign of life, and how far it is."""
    connection.execute(runs.update().where(runs.c.id == run).values(heartbeat=int(at), progress=pack(progress)))


def end(connection: Connection, run: str, at: Instant, state: str, summary: Mapping[str, object]) -> None:
    """The run ended in this state."""
    connection.execute(
        runs.update().where(runs.c.id == run).values(state=state, ended_at=int(at), summary=pack(summary))
    )


def get(connection: Connection, run: str) -> Run | None:
    """The run of this id."""
    row = connection.execute(sa.select(runs).where(runs.c.id == run)).first()
    return None if row is None else _decode(row)


def operators(connection: Connection, ids: Iterable[str]) -> dict[str, str]:
    """Who let each of these runs run; runs of which it is not known are left out."""
    found: dict[str, str] = {}
    for part in chunks(sorted(set(ids))):
        for row in connection.execute(sa.select(runs.c.id, runs.c.plan, runs.c.summary).where(among(runs.c.id, part))):
            who = json.loads(row.plan).get("operator") or json.loads(row.summary or "{}").get("operator")
            if who:
                found[row.id] = str(who)
    return found


def latest(connection: Connection, limit: int = 20) -> list[Run]:
    """The newest runs, newest first."""
    chosen = sa.select(runs).order_by(runs.c.started_at.desc(), runs.c.id.desc()).limit(limit)
    return [_decode(row) for row in connection.execute(chosen)]


def unended(connection: Connection) -> list[Run]:
    """Runs recorded as running. Whoever holds the run lock knows that these are dead."""
    chosen = sa.select(runs).where(runs.c.state == RUNNING).order_by(runs.c.started_at)
    return [_decode(row) for row in connection.execute(chosen)]


def _decode(row: sa.Row[tuple[object, ...]]) -> Run:
    return Run(
        id=row.id,
        kind=row.kind,
        site=row.site,
        state=row.state,
        plan=json.loads(row.plan),
        plan_hash=row.plan_hash,
        started_at=Instant(row.started_at),
        heartbeat=Instant(row.heartbeat),
        ended_at=None if row.ended_at is None else Instant(row.ended_at),
        pid=row.pid,
        progress=json.loads(row.progress or "{}"),
        summary=json.loads(row.summary or "{}"),
    )
