"""Who entities belong to, in few columns for many rows; and how many each unit has."""

import json
from collections.abc import Iterator
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from secops.core.clock import Instant
from secops.core.fields import by_name
from secops.core.model import Kind
from secops.store import standing
from secops.store.derive import decode, physical
from secops.store.entities import assets, table_of


@dataclass(frozen=True, slots=True)
class Owned:
    """One entity and whose it is."""

    id: str
    site: str
    kind: Kind
    key: str
    org_id: str
    system_id: str
    address: str
    port: int
    addresses: tuple[str, ...]
    owner: str
    phone: str


def page(
    connection: Connection, kind: Kind | None, condition: sa.ColumnElement[bool], *, after: str = "", limit: int = 0
) -> Iterator[Owned]:
    """Entities that meet the condition, in order of id, from behind `after`; at most `limit` (0: all)."""
    table = table_of(kind)
    own = [physical(table, by_name()[each]) for each in ("address", "port", "host.addresses", "owner", "owner.phone")]
    named = sa.literal(Kind.SERVICE.value) if kind is Kind.SERVICE else table.c.kind
    chosen = sa.select(table.c.id, table.c.site, named, table.c.key, table.c.org_id, table.c.system_id, *own)
    chosen = chosen.where(condition, table.c.id > after).order_by(table.c.id)
    address = by_name()["address"]
    for row in connection.execute((chosen.limit(limit) if limit else chosen).execution_options(yield_per=1000)):
        id, site, word, key, org, system, place, port, several, owner, phone = row
        yield Owned(id, site, Kind(word), key, org or "", system or "", str(decode(address, place, Instant(0)) or ""),
                    port or 0, tuple(json.loads(several)) if several else (), owner or "", phone or "")  # fmt: skip


def counts(connection: Connection) -> Iterator[tuple[str, str, str, str, str, int]]:
    """Site, unit, kind, state, standing, and how many assets are so."""
    how = standing.word(assets).label("how")
    unit = sa.func.coalesce(assets.c.org_id, "").label("unit")
    by = assets.c.site, unit, assets.c.kind, assets.c.state, how
    for row in connection.execute(sa.select(*by, sa.func.count()).group_by(*by)):
        yield row[0], row[1], row[2], row[3], row[4], int(row[5])
