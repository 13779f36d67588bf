"""How far each reader of the log has come; moved in the transaction that writes what it read."""

import secrets

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from secops.store.database import metadata
from secops.store.rows import upsert

cursors = sa.Table(
    "cursors",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("seq", sa.BigInteger, nullable=False),
)

MERGE = "merge"
EPOCH = "epoch"
"""Another number after each rebuilding: copies made before are of another history."""


def get(connection: Connection, name: str = MERGE) -> int:
    """The last entry this reader has taken in; 0 before the first."""
    found = connection.execute(sa.select(cursors.c.seq).where(cursors.c.name == name)).scalar()
    return int(found or 0)


def put(connection: Connection, seq: int, name: str = MERGE) -> None:
    """Move the reader."""
    upsert(connection, cursors, [{"name": name, "seq": seq}])


def renew(connection: Connection) -> None:
    """Say that what was derived before is no longer what stands: copies of it must be made anew."""
    put(connection, secrets.randbits(62), EPOCH)
