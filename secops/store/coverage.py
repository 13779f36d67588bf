"""What each finished block really asked. A row here is also the mark that the block is done and never asked again."""

import json

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from secops.core.model import Coverage, Transport
from secops.store.database import metadata
from secops.store.rows import insert_new, pack

coverage = sa.Table(
    "coverage",
    metadata,
    sa.Column("run", sa.Text, primary_key=True),
    sa.Column("block", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("ranges", sa.Text, nullable=False),
    sa.Column("ports", sa.Text, nullable=False),
    sa.Column("transport", sa.Text, nullable=False),
    sa.Column("asked", sa.BigInteger, nullable=False),
    sa.Column("answered", sa.BigInteger, nullable=False),
    sa.Column("refused", sa.BigInteger, nullable=False),
    sa.Column("canary", sa.Boolean(create_constraint=False)),
)


def append(connection: Connection, each: Coverage) -> bool:
    """Record a finished block; False if it was recorded already (the first one stands)."""
    row = {
        "run": each.run,
        "block": each.block,
        "ranges": pack(each.ranges),
        "ports": pack(each.ports),
        "transport": str(each.transport),
        "asked": each.asked,
        "answered": each.answered,
        "refused": each.refused,
        "canary": each.canary,
    }
    return insert_new(connection, coverage, [row]) == 1


def of_run(connection: Connection, run: str) -> list[Coverage]:
    """Every finished block of a run, in order."""
    chosen = sa.select(coverage).where(coverage.c.run == run).order_by(coverage.c.block)
    return [
        Coverage(
            run=row.run,
            block=row.block,
            ranges=tuple((first, last) for first, last in json.loads(row.ranges)),
            ports=tuple(json.loads(row.ports)),
            transport=Transport(row.transport),
            asked=row.asked,
            answered=row.answered,
            refused=row.refused,
            canary=row.canary,
        )
        for row in connection.execute(chosen)
    ]


def blocks_done(connection: Connection, run: str) -> frozenset[int]:
    """Numbers of the finished blocks."""
    return frozenset(connection.execute(sa.select(coverage.c.block).where(coverage.c.run == run)).scalars())
