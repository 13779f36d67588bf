"""The views that questions read: wide rows with `last_seen` from `sightings` beside them, under the things' own names.

A migration that adds a column to such rows lets `renew` follow, because a view keeps the columns it was made with.

The time comes by a subquery, not by a join: it runs for rows whose time is asked for and no other, and an index of the
wide rows decides where a plan begins. (A join led PostgreSQL to read every sighting for a page of one network.)
"""

from typing import Final

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import Connection

from secops.store import alike
from secops.store.database import metadata

ROWS: Final = {"assets": "asset_rows", "services": "service_rows", "relations": "relation_rows"}
"""View -> the table of its rows."""
LAST_SEEN: Final = "(SELECT s.last_seen FROM numbers n JOIN sightings s ON s.number = n.number WHERE n.id = r.id)"
"""When the thing of a row `r` was last seen."""
_views = sa.MetaData()


def read(name: str, rows: sa.Table) -> sa.Table:
    """The view to select from: the columns of these rows, with `last_seen` behind `first_seen`."""
    columns: list[sa.Column[object]] = []
    for each in rows.columns:
        if each.name == alike.COLUMN:
            continue
        columns.append(sa.Column(each.name, each.type, primary_key=each.primary_key, nullable=each.nullable))
        if each.name == "first_seen":
            columns.append(sa.Column("last_seen", sa.BigInteger, nullable=False))
    return sa.Table(name, _views, *columns)


def drop(connection: Connection) -> None:
    """Take away those that are there: their tables may then be altered."""
    for name in sorted(ROWS.keys() & set(sa.inspect(connection).get_view_names())):
        connection.exec_driver_sql(f"DROP VIEW {name}")


def renew(connection: Connection, seen: str = LAST_SEEN) -> None:
    """Make the views anew of the columns that the tables have now."""
    drop(connection)
    inspector = sa.inspect(connection)
    for name, rows in ROWS.items():
        names = [each["name"] for each in inspector.get_columns(rows)]
        listed = ", ".join(f'r."{each}"' for each in names if each != alike.COLUMN)
        text = f"CREATE VIEW {name} AS SELECT {listed}, {seen} AS last_seen FROM {rows} r"  # noqa: S608 - our own names
        connection.exec_driver_sql(text)


@event.listens_for(metadata, "after_create")
def _made(_: object, connection: Connection, **_more: object) -> None:
    """Tables made at once, without migrations, have their views too."""
    if set(ROWS.values()) <= set(sa.inspect(connection).get_table_names()):
        renew(connection)
