"""The history of every entity: which field, from what to what, when, because of which log entry."""

import json
from collections.abc import Iterator, Sequence

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from secops.core.clock import Instant
from secops.core.model import Change, Kind, Value
from secops.store import derive
from secops.store.database import metadata
from secops.store.rows import among, chunks, pack, plain, upsert

changes = sa.Table(
    "changes",
    metadata,
    sa.Column("entity", sa.Text, primary_key=True),
    sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("field", sa.Text, primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("site", sa.Text, nullable=False),
    sa.Column("old", sa.Text),
    sa.Column("new", sa.Text),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("run", sa.Text, nullable=False),
    sa.Column("who", sa.Text, nullable=False),
    sqlite_with_rowid=False,
)


def append(connection: Connection, items: Sequence[Change]) -> None:
    """Write these changes."""
    rows = [
        {
            "entity": each.entity,
            "seq": each.seq,
            "field": each.field,
            "kind": str(each.kind),
            "site": each.site,
            "old": None if each.old is None else pack(each.old),
            "new": None if each.new is None else pack(each.new),
            "at": int(each.at),
            "reason": plain(each.reason),
            "run": each.run,
            "who": plain(each.who),
        }
        for each in items
    ]
    upsert(connection, changes, rows)


def of_entity(connection: Connection, entity: str) -> list[Change]:
    """The history of one entity, oldest first."""
    chosen = sa.select(changes).where(changes.c.entity == entity).order_by(changes.c.seq, changes.c.field)
    return [_decode(row) for row in connection.execute(chosen)]


def between(
    connection: Connection, *, after_seq: int = 0, upto_seq: int | None = None, run: str | None = None
) -> Iterator[Change]:
    """Every change in this part of the log (of one run where named), in order of the log."""
    conditions = [changes.c.seq > after_seq]
    if upto_seq is not None:
        conditions.append(changes.c.seq <= upto_seq)
    if run is not None:
        conditions.append(changes.c.run == run)
    chosen = sa.select(changes).where(*conditions).order_by(changes.c.seq, changes.c.entity, changes.c.field)
    for row in connection.execute(chosen.execution_options(yield_per=2000)):
        yield _decode(row)


def in_time(connection: Connection, first: int, last: int, *, site: str | None = None) -> Iterator[Change]:
    """Every change after `first` up to and including `last` (instants), in order of time."""
    conditions = [changes.c.at > first, changes.c.at <= last]
    if site is not None:
        conditions.append(changes.c.site == site)
    chosen = (
        sa.select(changes).where(*conditions).order_by(changes.c.at, changes.c.seq, changes.c.entity, changes.c.field)
    )
    for row in connection.execute(chosen.execution_options(yield_per=2000)):
        yield _decode(row)


def settled_by(kind: Kind | None, at: int) -> sa.ColumnElement[bool]:
    """The condition that an entity of this kind did not change after this instant."""
    table = derive.table_of(kind)
    return ~sa.exists().where(changes.c.entity == table.c.id, changes.c.at > at)


def moved_after(connection: Connection, at: int, *, after: str = "", limit: int) -> list[str]:
    """Ids of the entities that changed after this instant, in order, from behind `after`."""
    chosen = sa.select(changes.c.entity).where(changes.c.at > at, changes.c.entity > after)
    return list(connection.execute(chosen.distinct().order_by(changes.c.entity).limit(limit)).scalars())


def since(connection: Connection, ids: Sequence[str], at: int) -> dict[str, list[Change]]:
    """What changed in each of these entities after this instant, newest first."""
    found: dict[str, list[Change]] = {each: [] for each in ids}
    for part in chunks(ids):
        chosen = sa.select(changes).where(among(changes.c.entity, part), changes.c.at > at)
        for row in connection.execute(chosen.order_by(changes.c.seq.desc(), changes.c.field)):
            found[row.entity].append(_decode(row))
    return found


def _decode(row: sa.Row[tuple[object, ...]]) -> Change:
    return Change(
        entity=row.entity,
        kind=Kind(row.kind),
        site=row.site,
        field=row.field,
        old=_value(row.old),
        new=_value(row.new),
        at=Instant(row.at),
        seq=row.seq,
        reason=row.reason,
        run=row.run,
        who=row.who,
    )


def _value(text: str | None) -> Value:
    value: Value | list[str] = json.loads(text) if text is not None else None
    return tuple(value) if isinstance(value, list) else value
