"""Which entities moved since a moment in what a question reads: themselves, their services, their system.

Two ways to each: all of them at once by the index of changes (`every_...`, bounded by `limit`), or
those between two ids, in the entities' own order, where there are too many.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from secops.core.clock import Instant
from secops.core.fields import by_name
from secops.core.model import Change, Kind, Value
from secops.store import derive
from secops.store.changes import changes, decode, earlier
from secops.store.entities import assets, services
from secops.store.rows import among, chunks

BORN: Final = "born"
"""The field of the change that tells of an entity for the first time."""
_CHANGED = changes.c.entity


def size(connection: Connection, fields: Collection[str], at: int, *, limit: int) -> int:
    """How many changes of these fields there were after the instant; at most `limit`."""
    chosen = sa.select(changes.c.seq).where(*_since(fields, at)).limit(limit).subquery()
    return int(connection.execute(sa.select(sa.func.count()).select_from(chosen)).scalar_one())


def every_own(connection: Connection, fields: Collection[str], kind: Kind | None, at: int, *, limit: int) -> list[str]:
    """Entities of the kind (None: any but services), there by then, in which one of these fields changed since."""
    table = derive.table_of(kind)
    there = changes.join(table, sa.and_(table.c.id == _CHANGED, table.c.first_seen <= at))
    chosen = sa.select(_CHANGED).select_from(there).where(*_since(fields, at), *_of_kind(_CHANGED, kind))
    return list(connection.execute(chosen.distinct().limit(limit)).scalars())


@dataclass(frozen=True, slots=True)
class Before:
    """What entities of a kind said themselves, where it is another today."""

    born: Sequence[str]
    """Those that were not known yet."""
    fields: Mapping[str, Sequence[sa.Row[str, str | None]]]
    """Field -> the entities in which it changed, each with the text of what it was."""


def before(connection: Connection, fields: Collection[str], kind: Kind | None, at: int) -> Before:
    """What these fields of entities of the kind (None: any but services) were at the instant."""
    mine = _of_kind(_CHANGED, kind)
    born = sa.select(_CHANGED).where(*_since([BORN], at), *mine)
    found = {}
    for each in sorted(set(fields) - {BORN}):
        found[each] = connection.execute(earlier(each, at, *mine)).all()
    return Before(connection.execute(born).scalars().all(), found)


def own(
    connection: Connection, fields: Collection[str], kind: Kind | None, at: int, *, after: str, upto: str, limit: int
) -> list[str]:
    """The same between two ids (`upto` empty: to the end), in order."""
    conditions = (*_of_kind(_CHANGED, kind), *_between(_CHANGED, after, upto))
    chosen = sa.select(_CHANGED).where(*conditions, changes.c.at > at, _unindexed(fields))
    return list(connection.execute(chosen.distinct().order_by(_CHANGED).limit(limit)).scalars())


def some(connection: Connection, fields: Collection[str], at: int, ids: Collection[str]) -> list[str]:
    """Of these entities those in which one of these fields changed after the instant, in order."""
    mine = (among(_CHANGED, ids), changes.c.at > at, _unindexed(fields))
    return list(connection.execute(sa.select(_CHANGED).where(*mine).distinct().order_by(_CHANGED)).scalars())


def every_parent(connection: Connection, fields: Collection[str], at: int, *, limit: int) -> list[str]:
    """Addresses, there by then, one of whose services changed so."""
    joined = changes.join(services, services.c.id == _CHANGED)
    joined = joined.join(assets, sa.and_(assets.c.id == services.c.parent, assets.c.first_seen <= at))
    chosen = (
        sa.select(services.c.parent).select_from(joined).where(*_since(fields, at), *_of_kind(_CHANGED, Kind.SERVICE))
    )
    return [each for each in connection.execute(chosen.distinct().limit(limit)).scalars() if each]


def parents(
    connection: Connection, fields: Collection[str], at: int, *, after: str, upto: str, limit: int
) -> list[str]:
    """The same between two ids, in order."""
    moved = sa.exists().where(services.c.id == _CHANGED, changes.c.at > at, _unindexed(fields))
    chosen = sa.select(services.c.parent).where(*_between(services.c.parent, after, upto), moved)
    return list(connection.execute(chosen.distinct().order_by(services.c.parent).limit(limit)).scalars())


def members(
    connection: Connection,
    fields: Collection[str],
    kind: Kind | None,
    at: int,
    *,
    after: str = "",
    upto: str = "",
    limit: int,
) -> list[str]:
    """Entities that belong to a system which changed so, in order."""
    systems = every_own(connection, fields, Kind.SYSTEM, at, limit=limit)
    table = derive.table_of(kind)
    return _pointing(connection, table, table.c.system_id, systems, kind, after=after, upto=upto, limit=limit)


def owned(
    connection: Connection, units: Collection[str], kind: Kind | None, *, after: str = "", upto: str = "", limit: int
) -> list[str]:
    """Entities that these units answer for, in order."""
    table = derive.table_of(kind)
    return _pointing(connection, table, table.c.org_id, units, kind, after=after, upto=upto, limit=limit)


def with_moved_services(connection: Connection, ips: Iterable[str], at: int) -> set[str]:
    """Of these addresses those one of whose services changed after the instant."""
    moved = sa.exists().where(services.c.id == _CHANGED, changes.c.at > at)
    chosen = sa.select(services.c.parent).where(among(services.c.parent, set(ips)), moved)
    return set(connection.execute(chosen.distinct()).scalars())


def services_of(
    connection: Connection, ips: Collection[str], fields: Sequence[str]
) -> dict[str, dict[str, dict[str, Value]]]:
    """Address -> service -> the values today of these stored fields."""
    found: dict[str, dict[str, dict[str, Value]]] = {each: {} for each in ips}
    wanted = [by_name()[each] for each in fields]
    columns = [derive.physical(services, each) for each in wanted]
    chosen = sa.select(services.c.parent, services.c.id, *columns).where(among(services.c.parent, set(ips)))
    for row in connection.execute(chosen):
        found[row[0]][row[1]] = {
            each.name: derive.decode(each, row[place], Instant(0)) for place, each in enumerate(wanted, 2)
        }
    return found


def since(connection: Connection, ids: Sequence[str], at: int, fields: Collection[str]) -> dict[str, list[Change]]:
    """What changed after the instant in these fields of these entities, newest first."""
    found: dict[str, list[Change]] = {each: [] for each in ids}
    for part in chunks(ids, 5_000):
        chosen = sa.select(changes).where(among(_CHANGED, part), changes.c.at > at, _unindexed(fields))
        for row in connection.execute(chosen.order_by(changes.c.seq.desc(), changes.c.field)):
            found[row.entity].append(decode(row))
    return found


def _pointing(
    connection: Connection,
    table: sa.Table,
    column: sa.Column[Any],
    ids: Collection[str],
    kind: Kind | None,
    *,
    after: str,
    upto: str,
    limit: int,
) -> list[str]:
    if not ids:
        return []
    conditions = (*_between(table.c.id, after, upto), *_of_kind(table.c.id, kind), among(column, set(ids)))
    return list(
        connection.execute(sa.select(table.c.id).where(*conditions).order_by(table.c.id).limit(limit)).scalars()
    )


def _since(fields: Collection[str], at: int) -> tuple[sa.ColumnElement[bool], ...]:
    return changes.c.field.in_(sorted(fields)), changes.c.at > at


def _unindexed(fields: Collection[str]) -> sa.ColumnElement[bool]:
    """One of these fields, worded so that the index by field is not taken: the ids' own order is wanted."""
    return (changes.c.field + "").in_(sorted(fields))


def _of_kind(column: sa.ColumnElement[Any], kind: Kind | None) -> tuple[sa.ColumnElement[bool], ...]:
    """Ids begin with their kind."""
    if kind is not None:
        return column > f"{kind}-", column < f"{kind}."
    return (sa.or_(column < f"{Kind.SERVICE}-", column > f"{Kind.SERVICE}."),)


def _between(column: sa.ColumnElement[Any], after: str, upto: str) -> tuple[sa.ColumnElement[bool], ...]:
    return (column > after, column <= upto) if upto else (column > after,)
