"""When each thing and each relation was last seen: two columns, so that seeing it again rewrites no wide row.

Questions need not know: they read `assets`, `services` and `relations`, views that have the time beside the rest. Only
what writes, or looks for what was seen long ago, comes here.
"""

from collections.abc import Mapping, Sequence

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from secops.store.database import metadata
from secops.store.rows import among, chunks, every, fill, insert_for

sightings = sa.Table(
    "sightings",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("last_seen", sa.BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
"""The id of an entity or a relation. A row whose relation was withdrawn says nothing."""

_PART = 5_000


def put(connection: Connection, times: Mapping[str, int]) -> None:
    """These were last seen then, whatever was known of them."""
    fill(connection, sightings, sorted(times.items()))


def later(connection: Connection, times: Mapping[str, int]) -> None:
    """These were seen then too: what was seen later stays so."""
    if not times:
        return
    insert = insert_for(connection.dialect.name, sightings)
    newer = insert.excluded.last_seen
    statement = insert.on_conflict_do_update(
        index_elements=["id"], set_={"last_seen": newer}, where=newer > sightings.c.last_seen
    )
    every(connection, statement, sorted(times.items()))


def forget(connection: Connection, ids: Sequence[str]) -> None:
    """Nothing is known of these."""
    for part in chunks(ids, _PART):
        connection.execute(sightings.delete().where(among(sightings.c.id, part)))


def before(kind: str, instant: int) -> tuple[sa.ColumnElement[bool], ...]:
    """The conditions on `sightings` of what was last seen before the instant: entities of one kind lie together."""
    return sightings.c.id > f"{kind}-", sightings.c.id < f"{kind}.", sightings.c.last_seen < instant
