"""What looks said of machines: rows of `assets.evidence` by look, and by mark. Derived, replayed by a rebuild."""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from secops.store import numbers
from secops.store.database import metadata
from secops.store.looks import looks
from secops.store.rows import among, chunks, insert_new, pack, plain, upsert

evidence = sa.Table(
    "evidence",
    metadata,
    sa.Column("look", sa.Text, primary_key=True),
    sa.Column("site", sa.Text, nullable=False),
    sa.Column("place", sa.Text, nullable=False),
    sa.Column("slot", sa.Text, nullable=False),
    sa.Column("base", sa.Text, nullable=False),
    sa.Column("entity", sa.Text, nullable=False),
    sa.Column("marks", sa.Text, nullable=False),
    sa.Column("before", sa.Text, nullable=False),
    sa.Column("host", sa.Text, nullable=False),
    sa.Column("live", sa.Boolean(create_constraint=False), nullable=False),
    sa.Column("pending", sa.Integer, nullable=False),
    sa.Column("seq", sa.BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
sa.Index("evidence_by_place", evidence.c.place, evidence.c.site)
sa.Index("evidence_by_host", evidence.c.host)
sa.Index("evidence_by_entity", evidence.c.entity)
sa.Index(
    "evidence_pending",
    evidence.c.site,
    evidence.c.place,
    sqlite_where=evidence.c.pending > 0,
    postgresql_where=evidence.c.pending > 0,
)

marked = sa.Table(
    "evidence_marks",
    metadata,
    sa.Column("mark", sa.Text, primary_key=True),
    sa.Column("look", sa.Text, primary_key=True),
    sqlite_with_rowid=False,
)
_CHUNK = 5_000
_WHOLE = (*evidence.c, looks.c.at)


def put(connection: Connection, rows: Sequence[Mapping[str, object]], stale: Collection[tuple[str, str]]) -> None:
    """Write rows (see `row`); `stale`: (mark, look) that no longer hold."""
    if stale:
        both = sa.and_(marked.c.mark == sa.bindparam("m"), marked.c.look == sa.bindparam("l"))
        connection.execute(marked.delete().where(both), [{"m": one, "l": look} for one, look in sorted(stale)])
    upsert(connection, evidence, rows)


def mark(connection: Connection, items: Iterable[tuple[str, str]]) -> None:
    """Write which look shows which mark."""
    insert_new(connection, marked, [{"mark": one, "look": look} for one, look in items])


def row(
    *, look: str, site: str, place: str, slot: str, base: str, entity: str, marks: Sequence[str], before: Sequence[str],
    host: str, live: bool, pending: int, seq: int,
) -> dict[str, object]:  # fmt: skip
    """A row as it is written."""
    return {
        "look": look, "site": site, "place": place, "slot": slot, "base": plain(base), "entity": entity,
        "marks": pack(list(marks)), "before": pack(list(before)), "host": host, "live": live, "pending": pending,
        "seq": seq,
    }  # fmt: skip


def of_looks(connection: Connection, ids: Collection[str]) -> Iterator[sa.Row[tuple[object, ...]]]:
    """The rows of these looks, each with when its look was last."""
    yield from _where(connection, evidence.c.look, ids)


def times(connection: Connection, ids: Collection[str]) -> dict[str, int]:
    """When these looks were last."""
    found: dict[str, int] = {}
    for part in chunks(sorted(ids), _CHUNK):
        chosen = sa.select(looks.c.look, looks.c.at).where(among(looks.c.look, part))
        found |= {row.look: row.at for row in connection.execute(chosen)}
    return found


def at_places(connection: Connection, site: str, places: Collection[str]) -> Iterator[sa.Row[tuple[object, ...]]]:
    """The rows at these addresses."""
    yield from _where(connection, evidence.c.place, places, evidence.c.site == site)


def of_hosts(connection: Connection, hosts: Collection[str]) -> Iterator[sa.Row[tuple[object, ...]]]:
    """The rows of these machines."""
    yield from _where(connection, evidence.c.host, hosts)


def _where(
    connection: Connection, column: sa.Column[str], values: Collection[str], *more: sa.ColumnElement[bool]
) -> Iterator[sa.Row[tuple[object, ...]]]:
    for part in chunks(sorted(values), _CHUNK):
        joined = sa.select(*_WHOLE).join(looks, looks.c.look == evidence.c.look, isouter=True)
        yield from connection.execute(joined.where(among(column, part), *more))


def hosts_at(connection: Connection, site: str, places: Collection[str]) -> dict[str, set[str]]:
    """Address -> ids of the machines that looks at it belong to."""
    found: dict[str, set[str]] = {}
    for part in chunks(sorted(places), _CHUNK):
        chosen = sa.select(evidence.c.place, evidence.c.host).distinct()
        chosen = chosen.where(among(evidence.c.place, part), evidence.c.site == site, evidence.c.host != "")
        for place, host in connection.execute(chosen):
            found.setdefault(place, set()).add(host)
    return found


def pending(connection: Connection, site: str, limit: int) -> list[str]:
    """At most so many addresses with something new, in order."""
    chosen = sa.select(evidence.c.place).where(evidence.c.site == site, evidence.c.pending > 0).distinct()
    return list(connection.execute(chosen.order_by(evidence.c.place).limit(limit)).scalars())


def unsettled(connection: Connection) -> dict[str, int]:
    """Sites where something is new, and when the newest of what is new there was seen."""
    newest = sa.func.max(looks.c.at)
    chosen = sa.select(evidence.c.site, newest).join(looks, looks.c.look == evidence.c.look, isouter=True)
    chosen = chosen.where(evidence.c.pending > 0).group_by(evidence.c.site).order_by(evidence.c.site)
    return {site: int(at or 0) for site, at in connection.execute(chosen)}


def silence(connection: Connection, entities: Collection[str], news: int) -> set[str]:
    """These ports or addresses no longer answer: what was seen there is no longer so. Gives the looks concerned."""
    found: set[str] = set()
    for part in chunks(sorted(entities), _CHUNK):
        chosen = sa.select(evidence.c.look).where(among(evidence.c.entity, part), evidence.c.live)
        found.update(connection.execute(chosen).scalars())
        gone = evidence.update().where(among(evidence.c.entity, part), evidence.c.live)
        connection.execute(
            gone.values(live=False, pending=sa.case((evidence.c.pending > news, evidence.c.pending), else_=news))
        )
    return found


def again(connection: Connection, site: str | None = None) -> None:
    """Everything is to be told apart anew."""
    every = evidence.update().where(evidence.c.pending == 0)
    connection.execute((every if site is None else every.where(evidence.c.site == site)).values(pending=1))


def again_for(connection: Connection, site: str, marks: Collection[str]) -> None:
    """What shows these marks is to be told apart anew."""
    for part in chunks(sorted(marks), _CHUNK):
        showing = sa.select(marked.c.look).where(among(marked.c.mark, part))
        change = evidence.update().where(evidence.c.site == site, evidence.c.pending == 0, evidence.c.look.in_(showing))
        connection.execute(change.values(pending=1))


def showing(connection: Connection, site: str, mark: str) -> set[str]:
    """The machines of the looks that show this mark now."""
    chosen = sa.select(evidence.c.host).join(marked, evidence.c.look == marked.c.look)
    chosen = chosen.where(marked.c.mark == mark, evidence.c.live, evidence.c.site == site, evidence.c.host != "")
    return set(connection.execute(chosen.distinct()).scalars())


def bearers(
    connection: Connection, site: str, marks: Collection[str], place: str, most: int
) -> tuple[list[sa.Row[tuple[object, ...]]], int]:
    """Where one of these marks shows (at `place` alone where named), and how many such there are.

    A row: place, host, now (it shows there still), at (when it showed last); at most so many, those of today first.
    """
    mine = [marked.c.mark.in_(sorted(marks)), evidence.c.site == site, *([evidence.c.place == place] if place else [])]
    now, at = sa.func.max(sa.case((evidence.c.live, 1), else_=0)), sa.func.max(looks.c.at)
    joined = marked.join(evidence, evidence.c.look == marked.c.look).outerjoin(looks, looks.c.look == marked.c.look)
    chosen = sa.select(evidence.c.place, evidence.c.host, now.label("now"), at.label("at")).select_from(joined)
    chosen = chosen.where(*mine).group_by(evidence.c.place, evidence.c.host)
    number = connection.execute(sa.select(sa.func.count()).select_from(chosen.subquery())).scalar_one()
    ordered = chosen.order_by(now.desc(), at.desc(), evidence.c.place, evidence.c.host)
    return list(connection.execute(ordered.limit(most))), int(number)


def carriers(
    connection: Connection, site: str, marks: Collection[str], most: int | None = None
) -> tuple[set[str], set[str]]:
    """Addresses that show one of these marks now; and the marks on more than `most` of them, whose are left out."""
    crowded: set[str] = set()
    for part in chunks(sorted(marks), _CHUNK) if most is not None else ():
        counted = sa.select(marked.c.mark).join(evidence, evidence.c.look == marked.c.look)
        counted = counted.where(among(marked.c.mark, part), evidence.c.live, evidence.c.site == site)
        over = counted.group_by(marked.c.mark).having(sa.func.count(evidence.c.place.distinct()) > most)
        crowded.update(connection.execute(over).scalars())
    places: set[str] = set()
    for part in chunks(sorted(set(marks) - crowded), _CHUNK):
        chosen = sa.select(evidence.c.place).join(marked, evidence.c.look == marked.c.look)
        chosen = chosen.where(among(marked.c.mark, part), evidence.c.live, evidence.c.site == site).distinct()
        places.update(connection.execute(chosen).scalars())
    return places, crowded


def touched(connection: Connection, moved: Mapping[str, tuple[Collection[str], Collection[str]]]) -> None:
    """Of these looks: what a repetition moves too from now on, and what no longer (look -> added, dropped)."""
    number = numbers.given(connection, sorted({id for each in moved.values() for ids in each for id in ids}))
    for part in chunks(sorted(moved), _CHUNK):
        rows = []
        for look, text in connection.execute(sa.select(looks.c.look, looks.c.touched).where(among(looks.c.look, part))):
            added, dropped = ({number[id] for id in ids} for ids in moved[look])
            rows.append({"l": look, "t": pack(sorted((set(json.loads(text)) - dropped) | added))})
        if rows:
            change = looks.update().where(looks.c.look == sa.bindparam("l")).values(touched=sa.bindparam("t"))
            connection.execute(change, rows)
