"""The ledger of exercises: append-only rows numbered within their run, each its own synced transaction.

An append names the number it takes; if another row came between, it fails. The lease row says who drives a run.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from secops.core.clock import Instant
from secops.core.ids import canonical
from secops.store.database import metadata

drill_ledger = sa.Table(
    "drill_ledger",
    metadata,
    sa.Column("run", sa.Text, primary_key=True),
    sa.Column("no", sa.Integer, primary_key=True),
    sa.Column("type", sa.Text, nullable=False),
    sa.Column("payload", sa.Text, nullable=False),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Column("who", sa.Text, nullable=False),
)

drill_lease = sa.Table(
    "drill_lease",
    metadata,
    sa.Column("run", sa.Text, primary_key=True),
    sa.Column("holder", sa.Text, nullable=False),
    sa.Column("heartbeat", sa.BigInteger, nullable=False),
)


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a run's ledger."""

    run: str
    no: int
    type: str
    payload: Mapping[str, object]
    at: Instant
    who: str


@dataclass(frozen=True, slots=True)
class Holder:
    """Who drives a run, and when it last said so."""

    name: str
    heartbeat: Instant


def append(connection: Connection, row: Row) -> bool:
    """Add the row if its number is the next one of its run. False: somebody else has written since."""
    if row.no != last(connection, row.run) + 1:
        return False
    connection.execute(
        drill_ledger.insert().values(
            run=row.run, no=row.no, type=row.type, payload=canonical(row.payload), at=row.at, who=row.who
        )
    )
    return True


def last(connection: Connection, run: str) -> int:
    """The number of the run's last row, 0 where there is none."""
    found = connection.execute(sa.select(sa.func.max(drill_ledger.c.no)).where(drill_ledger.c.run == run)).scalar()
    return int(found or 0)


def rows(connection: Connection, run: str, *, after: int = 0) -> list[Row]:
    """The run's rows in order, those after this number."""
    table = drill_ledger.c
    query = sa.select(drill_ledger).where(table.run == run, table.no > after).order_by(table.no)
    return [_row(each) for each in connection.execute(query)]


def runs(connection: Connection) -> list[str]:
    """Every run that has a ledger, newest first (run ids begin with their time)."""
    query = sa.select(drill_ledger.c.run).where(drill_ledger.c.no == 1).order_by(drill_ledger.c.run.desc())
    return [str(each) for each in connection.execute(query).scalars()]


def unfinished(connection: Connection) -> list[str]:
    """The runs without their last record."""
    table = drill_ledger.c
    ended = sa.select(table.run).where(table.type == "finished")
    query = sa.select(table.run).where(table.no == 1, table.run.not_in(ended)).order_by(table.run)
    return [str(each) for each in connection.execute(query).scalars()]


def holder(connection: Connection, run: str) -> Holder | None:
    """Who drives the run."""
    found = connection.execute(sa.select(drill_lease).where(drill_lease.c.run == run)).one_or_none()
    return None if found is None else Holder(found.holder, Instant(found.heartbeat))


def take(connection: Connection, run: str, name: str, at: Instant, *, former: Holder | None) -> bool:
    """Become the driver in place of `former`. False: the row is no longer as it was when `former` was read."""
    if holder(connection, run) != former:
        return False
    if former is None:
        connection.execute(drill_lease.insert().values(run=run, holder=name, heartbeat=at))
    else:
        connection.execute(drill_lease.update().where(drill_lease.c.run == run).values(holder=name, heartbeat=at))
    return True


def beat(connection: Connection, run: str, name: str, at: Instant) -> bool:
    """Say that the driver is alive. False: another drives now."""
    mine = (drill_lease.c.run == run) & (drill_lease.c.holder == name)
    return connection.execute(drill_lease.update().where(mine).values(heartbeat=at)).rowcount == 1


def release(connection: Connection, run: str, name: str) -> None:
    """Let go of the run, if it is ours."""
    connection.execute(drill_lease.delete().where(drill_lease.c.run == run, drill_lease.c.holder == name))


def _row(found: sa.Row[Sequence[object]]) -> Row:
    return Row(found.run, found.no, found.type, json.loads(found.payload), Instant(found.at), found.who)
