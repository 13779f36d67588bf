"""The ends of runs, as entries of the log: what a complete run asked and nobody answered ages from there on."""

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from secops.core.clock import Instant
from secops.core.model import Logged, RunEnd
from secops.store.database import metadata, next_seq
from secops.store.rows import Big, insert_new

run_ends = sa.Table(
    "run_ends",
    metadata,
    sa.Column("seq", Big, primary_key=True, autoincrement=False),
    sa.Column("run", sa.Text, nullable=False, unique=True),
    sa.Column("site", sa.Text, nullable=False),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Column("complete", sa.Boolean(create_constraint=False), nullable=False),
    sa.Column("started", sa.BigInteger, nullable=False),
)


def append(connection: Connection, end: RunEnd) -> bool:
    """Log the end of a run, after its last observation; False if it is logged already (the first one stands)."""
    row = {
        "seq": next_seq(connection, 1),
        "run": end.run,
        "site": end.site,
        "at": int(end.at),
        "complete": end.complete,
        "started": int(end.started),
    }
    return insert_new(connection, run_ends, [row]) == 1


def after(connection: Connection, seq: int, limit: int) -> list[Logged]:
    """At most `limit` run ends after this place of the log, in order."""
    chosen = sa.select(run_ends).where(run_ends.c.seq > seq).order_by(run_ends.c.seq).limit(limit)
    return [_decode(row) for row in connection.execute(chosen)]


def of_run(connection: Connection, run: str) -> RunEnd | None:
    """The logged end of this run."""
    row = connection.execute(sa.select(run_ends).where(run_ends.c.run == run)).first()
    if row is None:
        return None
    entry = _decode(row).entry
    assert isinstance(entry, RunEnd)
    return entry


def by_seq(connection: Connection, seq: int) -> RunEnd | None:
    """The run end at this place of the log."""
    row = connection.execute(sa.select(run_ends).where(run_ends.c.seq == seq)).first()
    if row is None:
        return None
    entry = _decode(row).entry
    assert isinstance(entry, RunEnd)
    return entry


def newest(connection: Connection, site: str) -> int:
    """When the newest run of this site ended; 0 where none did."""
    chosen = sa.select(sa.func.max(run_ends.c.at)).where(run_ends.c.site == site)
    return int(connection.execute(chosen).scalar() or 0)


def _decode(row: sa.Row[tuple[object, ...]]) -> Logged:
    return Logged(row.seq, RunEnd(row.run, row.site, Instant(row.at), bool(row.complete), Instant(row.started)))
