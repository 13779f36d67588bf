"""When each thing and each relation was last seen: two numbers, so that seeing it again rewrites no wide row.

Questions need not know: they read `assets`, `services` and `relations`, views that have the time beside the rest. Only
what writes, or looks for what was seen long ago, comes here.
"""

from collections.abc import Mapping, Sequence

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from secops.store.database import metadata
from secops.store.rows import Big, chunks, every, fill, insert_for

sightings = sa.Table(
    "sightings",
    metadata,
    sa.Column("number", Big, primary_key=True, autoincrement=False),
    sa.Column("last_seen", sa.BigInteger, nullable=False),
)
"""By the number of an entity or a relation (`numbers`). A row whose relation was withdrawn says nothing."""


def put(connection: Connection, times: Mapping[int, int]) -> None:
    """These were last seen then, whatever was known of them."""
    fill(connection, sightings, sorted(times.items()))


def later(connection: Connection, times: Mapping[int, int]) -> None:
    """These were seen then too: what was seen later stays so."""
    if not times:
        return
    insert = insert_for(connection.dialect.name, sightings)
    newer = insert.excluded.last_seen
    statement = insert.on_conflict_do_update(
        index_elements=["number"], set_={"last_seen": newer}, where=newer > sightings.c.last_seen
    )
    every(connection, statement, sorted(times.items()))


def forget(connection: Connection, found: Sequence[int]) -> None:
    """Nothing is known of these."""
    for part in chunks(found):
        connection.execute(sightings.delete().where(sightings.c.number.in_(part)))
