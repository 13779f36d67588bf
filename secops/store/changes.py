"""The history of every entity: which field, from what to what, when, because of which log entry."""

import json
from collections.abc import Iterator, Sequence
from operator import attrgetter

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from secops.core.clock import Instant
from secops.core.model import Change, Kind, Value
from secops.store.database import metadata
from secops.store.dialect import index_of
from secops.store.rows import among, chunks, fill, pack, plain

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
index_of("postgresql", "changes_by_field", changes.c.field, changes.c.at)
index_of("sqlite", "changes_by_field_told", changes.c.field, changes.c.at, changes.c.old)
"""Which entities moved since a moment, and in what: read field by field (`fields`).

SQLite has what it was there too: each value of then on a page of its own is what takes longest. To PostgreSQL a long
text would be too long for an index.
"""


def append(connection: Connection, items: Sequence[Change]) -> None:
    """Write these changes."""
    rows = [
        (
            each.entity, each.seq, each.field, each.kind.value, each.site,
            None if each.old is None else pack(each.old), None if each.new is None else pack(each.new),
            each.at, plain(each.reason), each.run, plain(each.who),
        )
        for each in sorted(items, key=attrgetter("entity", "seq", "field"))
    ]  # fmt: skip
    fill(connection, changes, rows)


def of_entity(connection: Connection, entity: str) -> list[Change]:
    """The history of one entity, oldest first."""
    chosen = sa.select(changes).where(changes.c.entity == entity).order_by(changes.c.seq, changes.c.field)
    return [decode(row) for row in connection.execute(chosen)]


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
        yield decode(row)


def in_time(connection: Connection, first: int, last: int, *, site: str | None = None) -> Iterator[Change]:
    """Every change after `first` up to and including `last` (instants), in order of time."""
    conditions = [changes.c.at > first, changes.c.at <= last]
    if site is not None:
        conditions.append(changes.c.site == site)
    chosen = (
        sa.select(changes).where(*conditions).order_by(changes.c.at, changes.c.seq, changes.c.entity, changes.c.field)
    )
    for row in connection.execute(chosen.execution_options(yield_per=2000)):
        yield decode(row)


def fields(connection: Connection) -> list[str]:
    """Every field that ever changed: one step of the index each, however long the history is."""
    found: list[str] = []
    while True:
        chosen = sa.select(sa.func.min(changes.c.field)).where(changes.c.field > (found[-1] if found else ""))
        following = connection.execute(chosen).scalar()
        if following is None:
            return found
        found.append(str(following))


def last_of(connection: Connection, entity: str, names: Sequence[str], upto: int | None = None) -> Change | None:
    """The last change of an entity in the first of these fields that has any (not after `upto`)."""
    told = [each for each in of_entity(connection, entity) if upto is None or each.at <= upto]
    return next((each for name in names for each in reversed(told) if each.field == name), None)


def newest(connection: Connection, field: str, upto: int | None = None) -> int:
    """When the field last changed (not after `upto`) of anything; 0 for never."""
    mine = [changes.c.field == field, *([] if upto is None else [changes.c.at <= upto])]
    return int(connection.execute(sa.select(sa.func.max(changes.c.at)).where(*mine)).scalar() or 0)


def newest_found(connection: Connection, site: str) -> Instant:
    """When the newest of what looks found at this site was seen first; 0 where nothing was."""
    mine = [changes.c.field == "born", changes.c.site == site, changes.c.run != ""]
    chosen = sa.select(changes.c.at).where(*mine).order_by(changes.c.at.desc()).limit(1)
    return Instant(connection.execute(chosen).scalar() or 0)


def before(connection: Connection, field: str, at: int) -> Iterator[tuple[str, Value]]:
    """Of every entity in which this field changed after the instant: what it was then."""
    for row in connection.execute(earlier(field, at).execution_options(yield_per=2000)):
        yield row.entity, value(row.old)


def earlier(field: str, at: int, *conditions: sa.ColumnElement[bool]) -> sa.Select[str, str | None]:
    """Of every entity (that meets the conditions) in which this field changed after the instant: id, what it was then.

    The index alone answers where it holds what was (SQLite).
    """
    first = sa.func.row_number().over(partition_by=changes.c.entity, order_by=changes.c.seq).label("place")
    chosen = sa.select(changes.c.entity, changes.c.old, first)
    found = chosen.where(changes.c.field == field, changes.c.at > at, *conditions).subquery()
    return sa.select(found.c.entity, found.c.old).where(found.c.place == 1)


def since(connection: Connection, ids: Sequence[str], at: int) -> dict[str, list[Change]]:
    """What changed in each of these entities after this instant, newest first."""
    found: dict[str, list[Change]] = {each: [] for each in ids}
    for part in chunks(ids):
        chosen = sa.select(changes).where(among(changes.c.entity, part), changes.c.at > at)
        for row in connection.execute(chosen.order_by(changes.c.seq.desc(), changes.c.field)):
            found[row.entity].append(decode(row))
    return found


def within(connection: Connection, ids: Sequence[str], first: int, last: int) -> dict[str, list[Change]]:
    """What changed in each of these entities after `first` up to and including `last`, oldest first."""
    found: dict[str, list[Change]] = {each: [] for each in ids}
    for part in chunks(ids):
        chosen = sa.select(changes).where(among(changes.c.entity, part), changes.c.at > first, changes.c.at <= last)
        for row in connection.execute(chosen.order_by(changes.c.seq, changes.c.field)):
            found[row.entity].append(decode(row))
    return found


def decode(row: sa.Row[tuple[object, ...]]) -> Change:
    """The change of a row."""
    return Change(
        entity=row.entity,
        kind=Kind(row.kind),
        site=row.site,
        field=row.field,
        old=value(row.old),
        new=value(row.new),
        at=Instant(row.at),
        seq=row.seq,
        reason=row.reason,
        run=row.run,
        who=row.who,
    )


def value(text: str | None) -> Value:
    """What the text of a change says."""
    found: Value | list[str] = json.loads(text) if text is not None else None
    return tuple(found) if isinstance(found, list) else found
