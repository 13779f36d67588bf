"""Entities that a run may have missed: living ones that were last seen before it began.

The short rows of `sightings` lead: mostly few were not seen, and the wide rows of all others need not be read.
"""

from collections.abc import Iterator

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from secops.core.model import Entity, Kind, State
from secops.store import dialect, entities
from secops.store.numbers import numbers
from secops.store.sightings import sightings


def services(connection: Connection, site: str, instant: int) -> Iterator[Entity]:
    """Services of the site, not gone, last seen before the instant: those that a run may have missed."""
    return _entities(connection, Kind.SERVICE, site, instant)


def addresses(connection: Connection, site: str, instant: int) -> Iterator[Entity]:
    """Addresses of the site, not gone, last seen before the instant: those that a run's pings may have missed."""
    return _entities(connection, Kind.IP, site, instant)


def _entities(connection: Connection, kind: Kind, site: str, instant: int) -> Iterator[Entity]:
    service = kind is Kind.SERVICE
    table, rows = entities.table_of(kind), entities.service_rows if service else entities.asset_rows
    columns = [
        sightings.c.last_seen if each.name == "last_seen" else rows.c[each.name]
        for each in entities.wanted(table).selected_columns
    ]
    living = rows.c.state.in_([State.ACTIVE.value, State.STALE.value])
    chosen = (
        sa.select(*columns)
        .select_from(
            sightings.join(numbers, numbers.c.number == sightings.c.number).join(rows, rows.c.id == numbers.c.id)
        )
        .where(dialect.rare(sightings.c.last_seen < instant), dialect.starts(numbers.c.id, f"{kind}-"))
        .where(rows.c.site == site, living)
    )
    for row in connection.execute(chosen.execution_options(yield_per=1000)):
        yield entities.decode(row, table)
