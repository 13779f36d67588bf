"""What changed between two moments, entity by entity, in bounded memory however much it is."""

from collections.abc import Iterator

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from secops.core.model import Change
from secops.store import changes

PAGE = 500


def by_entity(connection: Connection, first: int, last: int) -> Iterator[dict[str, list[Change]]]:
    """The changes after `first` up to and including `last`: id -> its changes, oldest first; a page of ids at a time.

    `connection` is a scratch view: the ids are gathered in a temporary table.
    """
    connection.exec_driver_sql("CREATE TEMP TABLE window_moved (id TEXT PRIMARY KEY)")
    gather = sa.text(
        "INSERT INTO window_moved SELECT DISTINCT entity FROM changes WHERE field = :field AND at > :first"
        " AND at <= :last ON CONFLICT DO NOTHING"
    )
    for field in changes.fields(connection):
        connection.execute(gather, {"field": field, "first": int(first), "last": int(last)})
    page = sa.text("SELECT id FROM window_moved WHERE id > :after ORDER BY id LIMIT :limit")
    after = ""
    while ids := list(connection.execute(page, {"after": after, "limit": PAGE}).scalars()):
        found = changes.within(connection, ids, first, last)
        yield {id: found[id] for id in ids}
        after = ids[-1]
