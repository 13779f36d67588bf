"""How assets hang together, each with the reason it was drawn."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from secops.core.clock import Instant
from secops.core.model import Kind, Relation, RelationType
from secops.store import numbers, sightings, views
from secops.store.database import metadata
from secops.store.entities import table_of
from secops.store.rows import among, chunks, every, insert_for, insert_new, plain

relation_rows = sa.Table(
    "relation_rows",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("site", sa.Text, nullable=False),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("type", sa.Text, nullable=False),
    sa.Column("target", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("first_seen", sa.BigInteger, nullable=False),
    sa.Column("seq", sa.BigInteger, nullable=False),
)
sa.Index("relations_from", relation_rows.c.source, relation_rows.c.type)
sa.Index("relations_to", relation_rows.c.target, relation_rows.c.type)
relations = views.read("relations", relation_rows)
"""To read; `relation_rows` are written, and `sightings`."""

STATED = "declared"
"""The reason of a relation that people declared."""
_PART = 5_000
_NAMES = tuple(column.name for column in relations.columns)

ended_relations = sa.Table(
    "ended_relations",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("site", sa.Text, nullable=False),
    sa.Column("source", sa.Text, nullable=False, index=True),
    sa.Column("type", sa.Text, nullable=False),
    sa.Column("target", sa.Text, nullable=False, index=True),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("first_seen", sa.BigInteger, nullable=False),
    sa.Column("last_seen", sa.BigInteger, nullable=False),
    sa.Column("seq", sa.BigInteger, nullable=False),
    sa.Column("ended_seq", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("ended_at", sa.BigInteger, nullable=False),
    sa.Column("who", sa.Text, nullable=False),
    sa.Column("why", sa.Text, nullable=False),
)
"""Relations that were drawn and withdrawn again: what a past list and a history need of them."""


@dataclass(frozen=True, slots=True)
class Ended:
    """A relation that no longer holds, and what ended it."""

    relation: Relation
    seq: int
    at: Instant
    who: str
    reason: str


def put(connection: Connection, items: Sequence[Relation], numbered: Mapping[str, int] | None = None) -> None:
    """Draw these relations; one already drawn keeps its reason and origin and is seen longer.

    None was last seen before it began to hold.

    `numbered`: their numbers, where they are known.
    """
    given = {each.id: each for each in items}
    times = {id: int(each.last_seen) for id, each in given.items()}
    drawn: dict[str, int] = {}
    for part in chunks(sorted(times), _PART):
        chosen = sa.select(relation_rows.c.id, relation_rows.c.first_seen).where(among(relation_rows.c.id, part))
        drawn |= {id: first for id, first in connection.execute(chosen).all()}  # noqa: C416 - a Row is no tuple to mypy
    number = numbers.given(connection, times) if numbered is None else numbered
    anew = sorted(number[id] for id in times.keys() - drawn.keys())
    sightings.forget(connection, anew)  # what was seen of one since withdrawn
    seen = {id: at if id in drawn else max(at, int(given[id].first_seen)) for id, at in times.items()}
    sightings.later(connection, {number[id]: at for id, at in seen.items()})
    rows = [
        (id, each.site, each.source, str(each.type), each.target, each.reason, int(each.first_seen), each.seq)
        for id, each in given.items()
        if id not in drawn or each.first_seen < drawn[id]
    ]
    if not rows:
        return
    insert = insert_for(connection.dialect.name, relation_rows)
    new = insert.excluded
    earlier = insert.on_conflict_do_update(
        index_elements=["id"],
        set_={"first_seen": new.first_seen},
        where=new.first_seen < relation_rows.c.first_seen,
    )
    every(connection, earlier, rows)


def remove(connection: Connection, ids: Sequence[str]) -> None:
    """Forget relations whose declaration was withdrawn."""
    for part in chunks(ids):
        connection.execute(relation_rows.delete().where(relation_rows.c.id.in_(part)))
    sightings.forget(connection, sorted(numbers.of(connection, ids).values()))


def end(connection: Connection, causes: Mapping[str, tuple[int, int, str, str]]) -> None:
    """Keep what is known of these relations before they are removed: id -> log entry, when, who, why."""
    rows = [
        {name: getattr(row, name) for name in _NAMES}
        | dict(zip(("ended_seq", "ended_at", "who", "why"), causes[row.id], strict=True))
        for part in chunks(sorted(causes))
        for row in connection.execute(sa.select(relations).where(relations.c.id.in_(part)))
    ]
    insert_new(connection, ended_relations, [each | {"who": plain(str(each["who"])), "why": plain(str(each["why"]))}
                                             for each in rows])  # fmt: skip


def ended(connection: Connection, entities: Sequence[str]) -> list[Ended]:
    """Every relation of these entities that was withdrawn, in order of the log."""
    found: dict[tuple[int, str], Ended] = {}
    for part in chunks(entities):
        for column in (ended_relations.c.source, ended_relations.c.target):
            for row in connection.execute(sa.select(ended_relations).where(column.in_(part))):
                found[row.ended_seq, row.id] = Ended(
                    _decode(row), row.ended_seq, Instant(row.ended_at), row.who, row.why
                )
    return [found[each] for each in sorted(found)]


def by_ids(connection: Connection, ids: Sequence[str]) -> dict[str, Relation]:
    """These relations, by id."""
    found: dict[str, Relation] = {}
    for part in chunks(ids):
        for row in connection.execute(sa.select(relations).where(relations.c.id.in_(part))):
            found[row.id] = _decode(row)
    return found


def touching(connection: Connection, entities: Sequence[str]) -> list[Relation]:
    """Every relation one of whose ends is among these entities, by id."""
    found: dict[str, Relation] = {}
    for part in chunks(entities):
        for column in (relations.c.source, relations.c.target):
            for row in connection.execute(sa.select(relations).where(column.in_(part))):
                found[row.id] = _decode(row)
    return [found[each] for each in sorted(found)]


def between(connection: Connection, kind: Kind | None, condition: sa.ColumnElement[bool]) -> Iterator[Relation]:
    """Every relation both of whose ends meet the condition, in order of its source, a page in memory at a time."""
    ids = sa.select(table_of(kind).c.id).where(condition).correlate(None)
    inside = (column.in_(ids) for column in (relations.c.source, relations.c.target))
    chosen = sa.select(relations).where(*inside).order_by(relations.c.source, relations.c.id)
    for row in connection.execute(chosen.execution_options(yield_per=1_000)):
        yield _decode(row)


def _decode(row: sa.Row[tuple[object, ...]]) -> Relation:
    return Relation(
        site=row.site,
        source=row.source,
        type=RelationType(row.type),
        target=row.target,
        reason=row.reason,
        first_seen=Instant(row.first_seen),
        last_seen=Instant(row.last_seen),
        seq=row.seq,
    )
