"""What is known now: seven kinds in `assets`, open ports in `services`. The columns derive from the field dictionary.

A field of type VERSION has a shadow column `<column>_key` that sorts as versions do; an ADDRESS is 16 bytes; sets are
JSON text; NULL is unknown. `changed_seq` is the log entry of the last change (not of the last look).
"""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from secops.core import address, version
from secops.core.fields import FIELDS, Field, Type
from secops.core.model import Entity, Kind, State, Value
from secops.store import texts
from secops.store.database import metadata
from secops.store.rows import among, chunks, pack, pack_or_none, plain, upsert

_TYPES: Final[dict[Type, sa.types.TypeEngine[Any]]] = {
    Type.TEXT: sa.Text(),
    Type.INTEGER: sa.BigInteger(),
    Type.BOOLEAN: sa.Boolean(create_constraint=False),
    Type.INSTANT: sa.BigInteger(),
    Type.ADDRESS: sa.LargeBinary(),
    Type.VERSION: sa.Text(),
    Type.TEXTS: sa.Text(),
    Type.INTEGERS: sa.Text(),
}


def _fields(kinds: Collection[Kind]) -> tuple[Field, ...]:
    return tuple(each for each in FIELDS if not each.core and each.derived is None and each.kinds & frozenset(kinds))


ASSET_FIELDS: Final = _fields(frozenset(Kind) - {Kind.SERVICE})
SERVICE_FIELDS: Final = _fields({Kind.SERVICE})


def _columns(fields: Sequence[Field]) -> Iterator[sa.Column[object]]:
    for each in fields:
        yield sa.Column(each.column, _TYPES[each.type])
        if each.type is Type.VERSION:
            yield sa.Column(f"{each.column}_key", sa.Text)


def _core() -> tuple[sa.Column[object], ...]:
    return (
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("site", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("declared", sa.Boolean(create_constraint=False), nullable=False),
        sa.Column("first_seen", sa.BigInteger, nullable=False),
        sa.Column("last_seen", sa.BigInteger, nullable=False),
        sa.Column("parent", sa.Text),
        sa.Column("org_id", sa.Text),
        sa.Column("system_id", sa.Text),
        sa.Column("misses", sa.Integer, nullable=False),
        sa.Column("generation", sa.Integer, nullable=False),
        sa.Column("unknown", sa.Text),
        sa.Column("origin", sa.Text),
        sa.Column("sources", sa.Text),
        sa.Column("extra", sa.Text),
        sa.Column("changed_seq", sa.BigInteger, nullable=False, index=True),
    )


assets = sa.Table("assets", metadata, *_core(), sa.Column("kind", sa.Text, nullable=False), *_columns(ASSET_FIELDS))
services = sa.Table("services", metadata, *_core(), *_columns(SERVICE_FIELDS))
sa.Index("services_by_parent", services.c.parent)
sa.Index("services_by_address", services.c.address)
sa.Index("assets_by_address", assets.c.address)
sa.Index("assets_by_kind", assets.c.kind, assets.c.id)
for _table in (assets, services):
    _known = _table.c.system_id.is_not(None)
    sa.Index(f"{_table.name}_by_system", _table.c.system_id, sqlite_where=_known, postgresql_where=_known)


def doubtful(table: sa.FromClause) -> sa.ColumnElement[bool]:
    """Rows that something may be said against."""
    return sa.or_(table.c.register_conflicts.is_not(None), table.c.register_offline_on.is_not(None))


_DOUBTFUL: Final = doubtful(assets)
_DECLARED: Final = assets.c.declared.is_(True)
sa.Index("assets_doubtful", assets.c.id, sqlite_where=_DOUBTFUL, postgresql_where=_DOUBTFUL)
sa.Index("assets_declared", assets.c.id, sqlite_where=_DECLARED, postgresql_where=_DECLARED)


def table_of(kind: Kind | None) -> sa.Table:
    """Where entities of this kind lie; None stands for the seven kinds of asset."""
    return services if kind is Kind.SERVICE else assets


def encode(entity: Entity, id: str | None = None) -> dict[str, object]:
    """The row of an entity in its kind's table."""
    service = entity.kind is Kind.SERVICE
    row: dict[str, object] = {
        "id": id or entity.id,
        "site": entity.site,
        "key": plain(entity.key),
        "state": entity.state.value,
        "declared": entity.declared,
        "first_seen": int(entity.first_seen),
        "last_seen": int(entity.last_seen),
        "parent": entity.parent or None,
        "org_id": entity.org_id or None,
        "system_id": entity.system_id or None,
        "misses": entity.misses,
        "generation": entity.generation,
        "unknown": pack_or_none(entity.unknown),
        "origin": pack_or_none(entity.origin),
        "sources": pack_or_none({name: look or [at, seq] for name, (at, seq, look) in entity.sources.items()}),
        "extra": pack_or_none(entity.extra),
        "changed_seq": entity.changed_seq,
    }
    if not service:
        row["kind"] = entity.kind.value
    shape = _SERVICE_SHAPE if service else _ASSET_SHAPE
    for name, value in entity.facts.items():
        if value is not None and (place := shape.get(name)) is not None:
            column, type_ = place
            row[column] = _encoded(type_, value)
            if type_ is Type.VERSION:
                row[f"{column}_key"] = version.key(str(value))
    return row


def cells(table: sa.Table, field: str, value: Value, *, core: Collection[str]) -> dict[str, object]:
    """The columns of this table that hold a field, with its value; empty where it has none. `core`: columns by name."""
    if field in core:
        return {field: value}
    place = (_SERVICE_SHAPE if table is services else _ASSET_SHAPE).get(field)
    if place is None:
        return {}
    column, type_ = place
    found: dict[str, object] = {column: None if value is None else _encoded(type_, value)}
    if type_ is Type.VERSION:
        found[f"{column}_key"] = None if value is None else version.key(str(value))
    return found


_SERVICE_SHAPE: Final = {each.name: (each.column, each.type) for each in SERVICE_FIELDS}
_ASSET_SHAPE: Final = {each.name: (each.column, each.type) for each in ASSET_FIELDS}
_CORE_NAMES: Final = tuple(column.name for column in _core())


def _order(table: sa.Table, fields: Sequence[Field]) -> tuple[tuple[int, str, Type], ...]:
    """Where each fact stands in a row of `select(table)`."""
    names = [column.name for column in table.columns]
    return tuple((names.index(each.column), each.name, each.type) for each in fields)


_SERVICE_ORDER: Final = _order(services, SERVICE_FIELDS)
_ASSET_ORDER: Final = _order(assets, ASSET_FIELDS)


def decode(row: Sequence[Any], table: sa.Table) -> Entity:
    """The entity of a row of `select(table)`."""
    service = table is services
    (id, site, key, state, known, first, last, parent, org, system, misses, generation,
     unknown, origin, sources, extra, changed) = row[: len(_CORE_NAMES)]  # fmt: skip
    del id
    facts: dict[str, Value] = {}
    for place, name, type_ in _SERVICE_ORDER if service else _ASSET_ORDER:
        raw = row[place]
        if raw is not None:
            facts[name] = _decoded(type_, raw)
    return Entity(
        kind=Kind.SERVICE if service else _KINDS[row[len(_CORE_NAMES)]],
        site=site,
        key=key,
        first_seen=first,
        last_seen=last,
        state=_STATES[state],
        declared=bool(known),
        parent=parent or "",
        org_id=org or "",
        system_id=system or "",
        misses=misses,
        generation=generation,
        facts=facts,
        unknown=json.loads(unknown) if unknown else {},
        origin=json.loads(origin) if origin else {},
        sources={name: _source(each) for name, each in json.loads(sources).items()} if sources else {},
        extra=json.loads(extra) if extra else {},
        changed_seq=changed,
    )


def _source(raw: object) -> tuple[int, int, str]:
    """When, log entry and look of a source; of one that a look stands behind `store.looks` knows when."""
    return (0, 0, raw) if isinstance(raw, str) else (*raw, "")  # type: ignore[misc]  # a pair of our own


_KINDS: Final = {each.value: each for each in Kind}
_STATES: Final = {each.value: each for each in State}


def put(connection: Connection, entities: Mapping[str, Entity], before: Mapping[str, Entity] | None = None) -> None:
    """Write these entities, by id, as they are now. `before`: as the tables have them, so that less is to be done."""
    texts.put(connection, entities, before or {})
    for table, service in ((assets, False), (services, True)):
        rows = [encode(each, id) for id, each in entities.items() if (each.kind is Kind.SERVICE) is service]
        upsert(connection, table, rows)


def see_again(connection: Connection, entities: Mapping[str, Entity]) -> None:
    """Move `last_seen` of these entities, of which nothing else is new."""
    for table, service in ((assets, False), (services, True)):
        rows = [(int(each.last_seen), id) for id, each in entities.items() if (each.kind is Kind.SERVICE) is service]
        if rows:
            statement = sa.update(table).where(table.c.id == sa.bindparam("one")).values(last_seen=sa.bindparam("at"))
            connection.execute(statement, [{"at": at, "one": id} for at, id in rows])


def by_ids(connection: Connection, ids: Collection[str]) -> dict[str, Entity]:
    """The entities with these ids; those that do not exist are absent."""
    found: dict[str, Entity] = {}
    prefix = f"{Kind.SERVICE}-"
    for table, service in ((assets, False), (services, True)):
        wanted = [each for each in ids if each.startswith(prefix) is service]
        if wanted:
            for row in connection.execute(sa.select(table).where(among(table.c.id, wanted))):
                found[row.id] = decode(row, table)
    return found


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
    chosen = sa.select(table).where(*conditions).order_by(table.c.id).execution_options(yield_per=1000)
    for row in connection.execute(chosen):
        yield decode(row, table)


def page(
    connection: Connection, kind: Kind | None, condition: sa.ColumnElement[bool], *, after: str = "", limit: int = 0
) -> Iterator[Entity]:
    """Entities that meet the condition, in order of id, from behind `after`; at most `limit` (0: all)."""
    table = table_of(kind)
    chosen = sa.select(table).where(condition, table.c.id > after).order_by(table.c.id)
    for row in connection.execute((chosen.limit(limit) if limit else chosen).execution_options(yield_per=1000)):
        yield decode(row, table)


def known_by(kind: Kind | None, at: int) -> sa.ColumnElement[bool]:
    """The condition that must hold of whatever was known at this instant: it was seen or declared by then."""
    return table_of(kind).c.first_seen <= at


def ordered(connection: Connection, kind: Kind, condition: sa.ColumnElement[bool]) -> list[str]:
    """Ids of the entities that meet the condition, as people look for them: by address, port and key."""
    table = table_of(kind)
    by = [table.c.address, *([table.c.port] if "port" in table.c else []), table.c.key, table.c.id]
    return list(connection.execute(sa.select(table.c.id).where(condition).order_by(*by)).scalars())


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
        chosen = sa.select(services).where(among(services.c.parent, parents)).order_by(services.c.id)
        for row in connection.execute(chosen):
            found[row.parent].append(decode(row, services))
    return found


def unseen_since(connection: Connection, site: str, instant: int) -> Iterator[Entity]:
    """Services of the site, not gone, last seen before the instant: those that a run may have missed."""
    living = services.c.state.in_([State.ACTIVE.value, State.STALE.value])
    return stream(connection, services, services.c.site == site, living, services.c.last_seen < instant)


def silent_since(connection: Connection, site: str, instant: int) -> Iterator[Entity]:
    """Addresses of the site, not gone, last seen before the instant: those that a run's pings may have missed."""
    living = assets.c.state.in_([State.ACTIVE.value, State.STALE.value])
    old = assets.c.last_seen < instant
    return stream(connection, assets, assets.c.site == site, assets.c.kind == Kind.IP.value, living, old)


def on_addresses(connection: Connection, site: str, addresses: Collection[str], kind: Kind) -> Iterator[Entity]:
    """Entities of this kind whose address is among these."""
    table = table_of(kind)
    for part in chunks(sorted(addresses)):
        packed = [address.pack(each) for each in part]
        conditions = [table.c.site == site, table.c.address.in_(packed)]
        if kind is not Kind.SERVICE:
            conditions.append(table.c.kind == kind.value)
        yield from stream(connection, table, *conditions)


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


def starting(connection: Connection, text: str, limit: int) -> list[Entity]:
    """At most `limit` entities whose id begins with the text or whose key equals it."""
    found: dict[str, Entity] = {}
    for table in (assets, services):
        conditions = sa.or_(
            sa.and_(table.c.id >= text, table.c.id < text + "\U0010ffff") if "-" in text else sa.false(),
            table.c.key == text,
        )
        for row in connection.execute(sa.select(table).where(conditions).order_by(table.c.id).limit(limit)):
            found[row.id] = decode(row, table)
    return list(found.values())[:limit]


def counts(connection: Connection, site: str | None = None) -> dict[str, dict[str, int]]:
    """Kind -> state -> how many."""
    found: dict[str, dict[str, int]] = {}
    for table, kind in ((assets, assets.c.kind), (services, sa.literal(Kind.SERVICE.value))):
        chosen = sa.select(kind.label("kind"), table.c.state, sa.func.count()).group_by("kind", table.c.state)
        for name, state, number in connection.execute(chosen if site is None else chosen.where(table.c.site == site)):
            found.setdefault(name, {})[state] = number
    return found


def _encoded(type_: Type, value: Value) -> object:
    if type_ is Type.ADDRESS:
        return address.pack(str(value))
    if type_ in {Type.TEXTS, Type.INTEGERS}:
        return pack(value)
    return plain(value) if isinstance(value, str) else value


def _decoded(type_: Type, raw: object) -> Value:
    if type_ is Type.ADDRESS:
        assert isinstance(raw, (bytes, memoryview))
        return address.unpack(bytes(raw))
    if type_ in {Type.TEXTS, Type.INTEGERS}:
        return tuple(json.loads(str(raw)))
    if type_ is Type.BOOLEAN:
        return bool(raw)
    assert isinstance(raw, (int, str))
    return raw
