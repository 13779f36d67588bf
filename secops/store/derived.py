"""Everything that follows from the logs, as one: read in order for the digest, cleared for a rebuild."""

from collections.abc import Iterator

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from secops.store import texts
from secops.store.changes import changes
from secops.store.cursor import MERGE, cursors, renew
from secops.store.entities import asset_rows, assets, service_rows, services
from secops.store.evidence import evidence, marked
from secops.store.identifiers import apart, identifiers, reviews
from secops.store.looks import looks
from secops.store.numbers import numbers
from secops.store.organisations import organisations
from secops.store.records import records
from secops.store.relations import ended_relations, relation_rows, relations
from secops.store.sightings import sightings

TABLES = (
    assets,
    services,
    relations,
    ended_relations,
    changes,
    organisations,
    records,
    looks,
    evidence,
    marked,
    identifiers,
    apart,
    reviews,
)
_KEPT = {assets: (asset_rows, sightings, numbers), services: (service_rows,), relations: (relation_rows,)}
"""The tables behind those of `TABLES` that are views."""
HOW = {looks.c.digest, looks.c.touched}
"""Columns that say how the log was read, not what it says."""


def rows(connection: Connection) -> Iterator[list[object]]:
    """Every row of every derived table, in order of its key, the table's name first."""
    for table in TABLES:
        names = sorted(column.name for column in table.columns if column not in HOW)
        chosen = sa.select(*(table.c[name] for name in names)).order_by(*table.primary_key)
        for row in connection.execute(chosen.execution_options(yield_per=1000)):
            yield [table.name, *(each.hex() if isinstance(each, (bytes, memoryview)) else each for each in row)]


def clear(connection: Connection) -> None:
    """Empty the derived tables and put the merging reader back to the beginning."""
    for table in TABLES:
        for kept in _KEPT.get(table, (table,)):
            connection.execute(kept.delete())
    texts.clear(connection)
    connection.execute(cursors.delete().where(cursors.c.name == MERGE))
    renew(connection)
