"""Entities as people name them: by the beginning of an id, or by a key.

A key is looked up by the ids that follow from it, so that no table of millions is read and no index of keys is kept.
"""

from collections.abc import Iterator
from typing import Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from secops.core.model import Entity, Kind, entity_id
from secops.store.decisions import sites
from secops.store.entities import assets, by_ids, decode, services, wanted
from secops.store.runs import runs

_GENERATIONS: Final = 8
"""Machines of one key, one after the other, that are looked for at once."""


def starting(connection: Connection, text: str, limit: int, site: str) -> list[Entity]:
    """At most `limit` entities whose id begins with the text or whose key equals it, in this site or any other."""
    found: dict[str, Entity] = {}
    if "-" in text:
        for table in (assets, services):
            mine = (table.c.id >= text, table.c.id < text + "\U0010ffff")
            for row in connection.execute(wanted(table).where(*mine).order_by(table.c.id).limit(limit)):
                found[row.id] = decode(row, table)
    if text:
        for each in sorted({site, *_sites(connection)}):
            found |= _keyed(connection, each, text)
    return list(found.values())[:limit]


def _keyed(connection: Connection, site: str, key: str) -> dict[str, Entity]:
    """The entities of this key, of any kind; a machine's key may have had others before it."""
    found = by_ids(connection, [entity_id(site, kind, key) for kind in Kind])
    first = 2
    while more := by_ids(connection, [entity_id(site, Kind.HOST, key, first + n) for n in range(_GENERATIONS)]):
        found |= more
        first += _GENERATIONS
    return dict(sorted(found.items()))


def _sites(connection: Connection) -> Iterator[str]:
    """Sites of which anything was seen or declared."""
    yield from connection.execute(sa.select(runs.c.site).distinct()).scalars()
    yield from sites(connection)
