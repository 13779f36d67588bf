"""What is known now: seven kinds in `assets`, open ports in `services`. The columns derive from the field dictionary.

Both are views to read. What is written are `asset_rows`, `service_rows` and `sightings`, for when each was last seen.

A VERSION or ADDRESSES field has a shadow column `<column>_key` by which it is compared (`shadow`); an ADDRESS is 16
bytes; sets are JSON text; NULL is unknown. `changed_seq` is the log entry of the last change (not of the last look).
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from secops.core import address
from secops.core.fields import Field, Type
from secops.core.model import Entity, Kind, State, Value
from secops.store import alike, entity_row, numbers, sightings, texts, views
from secops.store.database import metadata
from secops.store.entity_row import ASSET_FIELDS, SERVICE_FIELDS, encode
from secops.store.rows import among, change, chunks, pack, upsert
from secops.store.shadow import SHADOWED

_TYPES: Final[dict[Type, sa.types.TypeEngine[Any]]] = {
    Type.TEXT: sa.Text(),
    Type.INTEGER: sa.BigInteger(),
    Type.BOOLEAN: sa.Boolean(create_constraint=False),
    Type.INSTANT: sa.BigInteger(),
    Type.ADDRESS: sa.LargeBinary(),
    Type.VERSION: sa.Text(),
    Type.TEXTS: sa.Text(),
    Type.INTEGERS: sa.Text(),
    Type.ADDRESSES: sa.Text(),
}


def _columns(fields: Sequence[Field]) -> Iterator[sa.Column[object]]:
    for each in fields:
        yield sa.Column(each.column, _TYPES[each.type])
        if each.type in SHADOWED:
            yield sa.Column(f"{each.column}_key", sa.Text)
    yield sa.Column(alike.COLUMN, sa.LargeBinary)


def _core() -> tuple[sa.Column[object], ...]:
    return (
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("site", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("declared", sa.Boolean(create_constraint=False), nullable=False),
        sa.Column("first_seen", sa.BigInteger, nullable=False),
        sa.Column("parent", sa.Text),
        sa.Column("org_id", sa.Text),
        sa.Column("system_id", sa.Text),
        sa.Column("misses", sa.Integer, nullable=False),
        sa.Column("generation", sa.Integer, nullable=False),
        sa.Column("unknown", sa.Text),
        sa.Column("origin", sa.Text),
        sa.Column("sources", sa.Text),
        sa.Column("extra", sa.Text),
        sa.Column("changed_seq", sa.BigInteger, nullable=False),
    )


asset_rows = sa.Table(
    "asset_rows", metadata, *_core(), sa.Column("kind", sa.Text, nullable=False), *_columns(ASSET_FIELDS)
)
service_rows = sa.Table("service_rows", metadata, *_core(), *_columns(SERVICE_FIELDS))
sa.Index("services_by_parent", service_rows.c.parent)
sa.Index("services_by_address", service_rows.c.address)
sa.Index("assets_by_address", asset_rows.c.address)
sa.Index("assets_by_kind", asset_rows.c.kind, asset_rows.c.id)
for _name, _table in (("assets", asset_rows), ("services", service_rows)):
    _known = _table.c.system_id.is_not(None)
    sa.Index(f"{_name}_by_system", _table.c.system_id, sqlite_where=_known, postgresql_where=_known)
    sa.Index(f"ix_{_name}_changed_seq", _table.c.changed_seq)
assets = views.read("assets", asset_rows)
services = views.read("services", service_rows)


def doubtful(table: sa.FromClause) -> sa.ColumnElement[bool]:
    """Rows that something may be said against."""
    return sa.or_(table.c.register_conflicts.is_not(None), table.c.register_offline_on.is_not(None))


_DOUBTFUL: Final = doubtful(asset_rows)
_DECLARED: Final = asset_rows.c.declared.is_(True)
sa.Index("assets_doubtful", asset_rows.c.id, sqlite_where=_DOUBTFUL, postgresql_where=_DOUBTFUL)
sa.Index("assets_declared", asset_rows.c.id, sqlite_where=_DECLARED, postgresql_where=_DECLARED)


def table_of(kind: Kind | None) -> sa.Table:
    """Where entities of this kind lie; None stands for the seven kinds of asset."""
    return services if kind is Kind.SERVICE else assets


def cells(table: sa.Table, field: str, value: Value, *, core: Collection[str]) -> dict[str, object]:
    """The columns of this table that hold a field, with its value; empty where it has none. `core`: columns by name."""
    return {field: value} if field in core else entity_row.cells(field, value, service=table is services)


@cache
def wanted(table: sa.Table) -> sa.Select[Any]:
    """What `decode` takes of the table's rows; more columns may follow."""
    return _wanted(Kind.SERVICE if table is services else None)


def _wanted(kind: Kind | None) -> sa.Select[Any]:
    table = table_of(kind)
    names = entity_row.columns(kind)  # their values as the driver gives them: `decode` knows what they are
    columns: list[sa.ColumnElement[Any]] = [
        sa.type_coerce(table.c[each], sa.types.NULLTYPE).label(each) for each in names
    ]
    return sa.select(*columns)


_BY_KIND: Final = {each: _wanted(each) for each in Kind}


def decode(row: Sequence[Any], table: sa.Table) -> Entity:
    """The entity of a row of `wanted(table)`."""
    return entity_row.decode(row, Kind.SERVICE if table is services else None)


@dataclass(frozen=True, slots=True)
class Rows:
    """What is to be written of some entities, worked out without the database."""

    new: tuple[list[dict[str, object]], list[dict[str, object]]]
    """Whole rows of assets and of services."""
    changed: tuple[dict[str, dict[str, object]], dict[str, dict[str, object]]]
    """Columns that are others, by id."""
    words: texts.Words
    later: Mapping[str, int]
    """When those were last seen that were known; they may have been seen later still meanwhile, which stays then."""
    seen: Mapping[str, int]


def rows(
    entities: Mapping[str, Entity], before: Mapping[str, Entity], again: Collection[str] = (), *, embedded: bool
) -> Rows:
    """What must be written of these entities, by id.

    `before`: as the tables have them, as far as they are known; of those only what changed. `again`: those of which
    nothing but when they were last seen is new. `embedded`: whether it is for SQLite.
    """
    told = {id: each for id, each in entities.items() if id not in again} if again else entities
    differ = {id: entity_row.differing(each, before[id]) for id, each in told.items() if id in before}
    new: tuple[list[dict[str, object]], list[dict[str, object]]] = ([], [])
    changed: tuple[dict[str, dict[str, object]], dict[str, dict[str, object]]] = ({}, {})
    for id, each in told.items():
        service = each.kind is Kind.SERVICE
        if id in differ:
            changed[service][id] = entity_row.moved(each, before[id], differ[id])
        else:
            new[service].append(encode(each, id))
    later: dict[str, int] = {}
    seen: dict[str, int] = {}
    for id, each in entities.items():
        known = before.get(id)
        if known is None or each.last_seen < known.last_seen:
            seen[id] = each.last_seen
        elif each.last_seen > known.last_seen:
            later[id] = each.last_seen
    return Rows(new, changed, texts.words(told, before, differ, embedded=embedded), later, seen)


def write(connection: Connection, rows: Rows, numbered: Mapping[str, int] | None = None) -> None:
    """Write what was worked out. `numbered`: the numbers of all of them, where they are known."""
    texts.put(connection, rows.words)
    for table, new, changed in zip((asset_rows, service_rows), rows.new, rows.changed, strict=True):
        upsert(connection, table, new)
        change(connection, table, changed)
    number = numbers.given(connection, [*rows.seen, *rows.later]) if numbered is None else numbered
    sightings.later(connection, {number[id]: at for id, at in rows.later.items()})
    sightings.put(connection, {number[id]: at for id, at in rows.seen.items()})


def put(connection: Connection, entities: Mapping[str, Entity], before: Mapping[str, Entity] | None = None) -> None:
    """Write these entities, by id, as they are now. `before`: see `rows`."""
    write(connection, rows(entities, before or {}, embedded=connection.dialect.name == "sqlite"))


def by_ids(connection: Connection, ids: Collection[str]) -> dict[str, Entity]:
    """The entities with these ids; those that do not exist are absent. Of each kind only its own columns are read."""
    found: dict[str, Entity] = {}
    kinds: dict[str, list[str]] = {}
    for each in ids:
        kinds.setdefault(each.partition("-")[0], []).append(each)
    for kind, chosen in _BY_KIND.items():
        if mine := kinds.get(kind.value):
            column = table_of(kind).c.id
            for row in connection.execute(chosen.where(among(column, mine))).all():
                found[row[0]] = entity_row.decode(row, kind)
    return found


def calm(connection: Connection, seen: Mapping[str, int], sources: Mapping[str, Collection[str]]) -> set[str]:
    """Those of these assets that are active, missed nothing, were known at `seen` and know nothing of these sources."""
    row = asset_rows.c
    chosen = sa.select(row.id, row.first_seen, sa.func.coalesce(row.sources, "")).where(
        among(row.id, seen), row.state == State.ACTIVE.value, row.misses == 0, row.extra.is_(None)
    )
    return {
        id
        for id, since, known in connection.execute(chosen).all()
        if since <= seen[id] and not any(pack(each) in known for each in sources[id])
    }


def keys(connection: Connection, ids: Collection[str]) -> dict[str, str]:
    """The natural keys of these entities."""
    found: dict[str, str] = {}
    for table in (assets, services):
        chosen = sa.select(table.c.id, table.c.key).where(among(table.c.id, list(ids)))
        found |= {row.id: row.key for row in connection.execute(chosen)}
    return found


def changed_since(connection: Connection, kind: Kind, seq: int) -> Iterator[Entity]:
    """Entities of this kind whose last change lies after this place of the log."""
    table = table_of(kind)
    conditions = [table.c.changed_seq > seq]
    if kind is not Kind.SERVICE:
        conditions.append(table.c.kind == kind.value)
    return stream(connection, table, *conditions)


def stream(connection: Connection, table: sa.Table, *conditions: sa.ColumnElement[bool]) -> Iterator[Entity]:
    """The entities of one table that meet the conditions, in order of id, a page in memory at a time."""
    chosen = wanted(table).where(*conditions).order_by(table.c.id).execution_options(yield_per=1000)
    for row in connection.execute(chosen):
        yield decode(row, table)


def page(
    connection: Connection, kind: Kind | None, condition: sa.ColumnElement[bool], *, after: str = "", limit: int = 0
) -> Iterator[Entity]:
    """Entities that meet the condition, in order of id, from behind `after`; at most `limit` (0: all)."""
    table = table_of(kind)
    chosen = wanted(table).where(condition, table.c.id > after).order_by(table.c.id)
    for row in connection.execute((chosen.limit(limit) if limit else chosen).execution_options(yield_per=1000)):
        yield decode(row, table)


def ordered(connection: Connection, kind: Kind, condition: sa.ColumnElement[bool]) -> list[str]:
    """Ids of the entities that meet the condition, as people look for them: by address, port and key."""
    table = table_of(kind)
    by = [table.c.address, *([table.c.port] if "port" in table.c else []), table.c.key, table.c.id]
    return list(connection.execute(sa.select(table.c.id).where(condition).order_by(*by)).scalars())


def meeting(connection: Connection, kind: Kind | None, condition: sa.ColumnElement[bool]) -> Iterator[str]:
    """Ids of the entities that meet the condition, in no order."""
    chosen = sa.select(table_of(kind).c.id).where(condition)
    yield from connection.execute(chosen.execution_options(yield_per=10_000)).scalars()


def count(connection: Connection, kind: Kind | None, condition: sa.ColumnElement[bool]) -> int:
    """How many meet the condition."""
    table = table_of(kind)
    return int(connection.execute(sa.select(sa.func.count()).select_from(table).where(condition)).scalar_one())


def existing(connection: Connection, ids: Collection[str]) -> set[str]:
    """Which of these assets are known."""
    if not ids:
        return set()
    return set(connection.execute(sa.select(assets.c.id).where(among(assets.c.id, ids))).scalars())


def services_of(connection: Connection, parents: Collection[str]) -> dict[str, list[Entity]]:
    """The services of these ip assets, whatever their state."""
    found: dict[str, list[Entity]] = {each: [] for each in parents}
    if parents:
        chosen = wanted(services).where(among(services.c.parent, parents)).order_by(services.c.id)
        for row in connection.execute(chosen):
            found[row.parent].append(decode(row, services))
    return found


def on_addresses(connection: Connection, site: str, addresses: Collection[str], kind: Kind) -> Iterator[Entity]:
    """Entities of this kind whose address is among these."""
    table = table_of(kind)
    for part in chunks(sorted(addresses)):
        packed = [address.pack(each) for each in part]
        conditions = [table.c.site == site, table.c.address.in_(packed)]
        if kind is not Kind.SERVICE:
            conditions.append(table.c.kind == kind.value)
        yield from stream(connection, table, *conditions)


def at_places(connection: Connection, site: str, places: Sequence[int]) -> Iterator[Entity]:
    """Addresses, websites and services at these places of the address line."""
    kinds = assets.c.kind.in_([Kind.IP.value, Kind.WEBSITE.value])
    for part in chunks(places):
        packed = [each.to_bytes(address.WIDTH, "big") for each in part]
        yield from stream(connection, assets, assets.c.site == site, kinds, assets.c.address.in_(packed))
        yield from stream(connection, services, services.c.site == site, services.c.address.in_(packed))


def in_span(connection: Connection, site: str, kind: Kind, span: tuple[int, int]) -> Iterator[Entity]:
    """Entities of this kind between two places of the address line, both included."""
    table = table_of(kind)
    first, last = (each.to_bytes(address.WIDTH, "big") for each in span)
    conditions = [table.c.site == site, table.c.address.between(first, last)]
    if kind is not Kind.SERVICE:
        conditions.append(table.c.kind == kind.value)
    return stream(connection, table, *conditions)


def of_kind(connection: Connection, site: str, kind: Kind) -> Iterator[Entity]:
    """Every asset of one of the seven kinds."""
    return stream(connection, assets, assets.c.site == site, assets.c.kind == kind.value)


def websites_of(connection: Connection, site: str, hosts: Collection[str]) -> Iterator[Entity]:
    """Websites under these host names, whatever their scheme and port (reads every website)."""
    wanted = frozenset(hosts)
    for each in of_kind(connection, site, Kind.WEBSITE):
        if each.key.partition("://")[2].rpartition(":")[0] in wanted:
            yield each


def telling_holders(connection: Connection, site: str) -> Iterator[Entity]:
    """Websites whose certificate or page names the unit that holds them."""
    names = sa.or_(assets.c.tls_subject.contains("O="), assets.c.http_icp.is_not(None))
    return stream(connection, assets, assets.c.site == site, assets.c.kind == Kind.WEBSITE.value, names)


def counts(connection: Connection, site: str | None = None) -> dict[str, dict[str, int]]:
    """Kind -> state -> how many."""
    found: dict[str, dict[str, int]] = {}
    for table, kind in ((assets, assets.c.kind), (services, sa.literal(Kind.SERVICE.value))):
        chosen = sa.select(kind.label("kind"), table.c.state, sa.func.count()).group_by("kind", table.c.state)
        for name, state, number in connection.execute(chosen if site is None else chosen.where(table.c.site == site)):
            found.setdefault(name, {})[state] = number
    return found
