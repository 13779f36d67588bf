"""When each look (a collector at a target) last was, and what it said as a digest: provenance in rows of its own.

A look that says what it said before only moves times. Such repetitions are taken in here, many thousands in a few
statements, and never become entities in memory; `unchanged` finds them, `move` takes them in.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from secops.core.model import Entity
from secops.store.database import metadata
from secops.store.repeats import words
from secops.store.rows import among, chunks, every, insert_for, pack

looks = sa.Table(
    "looks",
    metadata,
    sa.Column("look", sa.Text, primary_key=True),
    sa.Column("digest", sa.LargeBinary),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Column("seq", sa.BigInteger, nullable=False),
    sa.Column("touched", sa.Text, nullable=False),
    sqlite_with_rowid=False,
)
"""`digest` NULL: the next look is read in full. `touched`: JSON array of `numbers`, of entities and relations."""

MOST = 100_000
"""Log entries to look through for repetitions at a time: their sightings are written in order, a page once for all."""
NEVER = 3
"""News of so many known looks cost as much as one look that was never heard of, whose entities are made."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Neighbouring observations of the log: up to where, how many of them only repeat, and the places of the others.

    `cut`: more follow, of which some are new.
    """

    upto: int
    repeated: int
    new: Sequence[int]
    cut: bool


def put(connection: Connection, items: Iterable[tuple[str, bytes, int, int, Collection[int]]]) -> None:
    """Write looks as (id, digest, at, seq, touched); one that is older than what is written changes nothing."""
    rows = [(id, digest or None, at, seq, pack(sorted(touched))) for id, digest, at, seq, touched in items]
    if not rows:
        return
    insert = insert_for(connection.dialect.name, looks)
    new = insert.excluded
    rest = {"digest": new.digest, "at": new.at, "seq": new.seq, "touched": new.touched}
    newer = insert.on_conflict_do_update(index_elements=["look"], set_=rest, where=new.at >= looks.c.at)
    every(connection, newer, rows)


def cool(connection: Connection, ids: Collection[str]) -> None:
    """The next of these looks is read in full."""
    for part in chunks(sorted(ids), 5_000):
        connection.execute(looks.update().where(among(looks.c.look, part)).values(digest=None))


def cool_all(connection: Connection) -> None:
    """Every next look is read in full."""
    connection.execute(looks.update().where(looks.c.digest.is_not(None)).values(digest=None))


def timed(connection: Connection, entities: Mapping[str, Entity]) -> dict[str, Entity]:
    """The entities with the times of their sources, which an entity's own row does not hold: filled in in place."""
    wanted = {look for each in entities.values() for _, _, look in each.sources.values() if look}
    times: dict[str, tuple[int, int, str]] = {}
    for part in chunks(sorted(wanted), 5_000):
        chosen = sa.select(looks.c.look, looks.c.at, looks.c.seq).where(among(looks.c.look, part))
        times |= {look: (at, seq, look) for look, at, seq in connection.execute(chosen).all()}
    for each in entities.values():
        sources = each.sources
        assert isinstance(sources, dict)
        for name, (_, _, look) in sources.items():
            if look:
                sources[name] = times.get(look) or (0, 0, look)
    return dict(entities)


def unchanged(connection: Connection, after: int, slow: int, most: int = MOST) -> Stretch | None:
    """The observations that follow this place up to the next entry of another kind, no more of them new than is slow.

    `slow`: how many may be news of looks known before; one that was never heard of counts as `NEVER` of those. Of the
    log no more than `most` entries are looked through.
    Which of them only repeat stays noted for `move`. None where no observation follows.
    """
    say = words(connection.dialect.name)
    for text in say.noted:
        connection.exec_driver_sql(text)
    end = connection.execute(say.upto, {"after": after, "most": most}).scalar()
    if end is None:
        return None
    for each in say.find:
        connection.execute(each, {"after": after, "upto": end})
    upto, new = _shortened(connection, after, end, slow)  # first: the search for what is judged together costs more
    if new and connection.execute(say.together, {"after": after, "upto": upto}).rowcount:
        upto, new = _shortened(connection, after, upto, slow)
    repeated = int(connection.execute(say.count).scalar_one())
    return Stretch(upto, repeated, new, upto < end)


def _shortened(connection: Connection, after: int, upto: int, slow: int) -> tuple[int, Sequence[int]]:
    """Where the noted stretch ends that holds no more new observations than that, and the places of those."""
    say = words(connection.dialect.name)
    new = connection.execute(say.new, {"after": after, "upto": upto, "most": slow + 1}).all()
    places = [seq for seq, _ in new]
    cost = 0
    for count, (_, known) in enumerate(new):
        cost += 1 if known else NEVER
        if cost > slow and count:
            connection.execute(say.shorten, {"upto": places[count - 1]})
            return places[count - 1], places[:count]
    return int(upto), places


def move(connection: Connection) -> None:
    """Take in the noted repetitions: what they touched was seen again, their looks are as new as they are."""
    for each in words(connection.dialect.name).move:
        connection.execute(each)
