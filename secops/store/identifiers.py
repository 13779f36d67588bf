"""Which machine each mark belongs to, whom a person keeps apart, and what waits for a person. Derived."""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from secops.core.ids import derive
from secops.store.database import metadata
from secops.store.rows import among, chunks, pack, plain, upsert

identifiers = sa.Table(
    "identifiers",
    metadata,
    sa.Column("site", sa.Text, primary_key=True),
    sa.Column("mark", sa.Text, primary_key=True),
    sa.Column("host", sa.Text, nullable=False),
    sa.Column("standing", sa.Text, nullable=False),
    sa.Column("why", sa.Text, nullable=False),
    sa.Column("moves", sa.Integer, nullable=False),
    sa.Column("seq", sa.BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
sa.Index("identifiers_by_host", identifiers.c.host)

apart = sa.Table(
    "apart",
    metadata,
    sa.Column("site", sa.Text, primary_key=True),
    sa.Column("first", sa.Text, primary_key=True),
    sa.Column("second", sa.Text, primary_key=True),
    sa.Column("kinds", sa.Text, nullable=False),
    sa.Column("seq", sa.BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
"""Two machines that are two, and the kinds of marks that must not make one of them again."""

reviews = sa.Table(
    "reviews",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("site", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("about", sa.Text, nullable=False),
    sa.Column("marks", sa.Text, nullable=False),
    sa.Column("why", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("first_seq", sa.BigInteger, nullable=False),
    sa.Column("first_at", sa.BigInteger, nullable=False),
    sa.Column("last_at", sa.BigInteger, nullable=False),
    sa.Column("who", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sqlite_with_rowid=False,
)
OPEN = "open"
_CHUNK = 5_000


def put(connection: Connection, site: str, rows: Sequence[Mapping[str, object]]) -> None:
    """Write what is known of marks: mark, host, standing, why, moves, seq."""
    upsert(connection, identifiers, [{"site": site, **each, "why": plain(str(each["why"]))} for each in rows])


def of_marks(connection: Connection, site: str, marks: Collection[str]) -> Iterator[sa.Row[tuple[object, ...]]]:
    """What is known of these marks."""
    for part in chunks(sorted(marks), _CHUNK):
        chosen = sa.select(identifiers).where(identifiers.c.site == site, among(identifiers.c.mark, part))
        yield from connection.execute(chosen)


def of_hosts(connection: Connection, hosts: Collection[str]) -> Iterator[sa.Row[tuple[object, ...]]]:
    """The marks of these machines."""
    for part in chunks(sorted(hosts), _CHUNK):
        chosen = sa.select(identifiers).where(among(identifiers.c.host, part))
        yield from connection.execute(chosen.order_by(identifiers.c.site, identifiers.c.mark))


def shared(connection: Connection, site: str) -> Iterator[sa.Row[tuple[object, ...]]]:
    """Marks learned to identify nobody."""
    chosen = sa.select(identifiers).where(identifiers.c.site == site, identifiers.c.standing == "shared")
    yield from connection.execute(chosen.order_by(identifiers.c.mark))


def keep_apart(connection: Connection, site: str, both: tuple[str, str], kinds: Collection[str], seq: int) -> None:
    """These two are two machines."""
    one, other = sorted(both)
    row = {"site": site, "first": one, "second": other, "kinds": pack(sorted(kinds)), "seq": seq}
    upsert(connection, apart, [row])


def together(connection: Connection, site: str, first: str, second: str) -> None:
    """These two may be one machine after all."""
    one, other = sorted((first, second))
    connection.execute(apart.delete().where(apart.c.site == site, apart.c.first == one, apart.c.second == other))


def kept_apart(connection: Connection, site: str, hosts: Collection[str]) -> dict[frozenset[str], frozenset[str]]:
    """Pairs among these machines that a person split -> the kinds that must not join them."""
    found: dict[frozenset[str], frozenset[str]] = {}
    for part in chunks(sorted(hosts), _CHUNK):
        for column in (apart.c.first, apart.c.second):
            for each in connection.execute(sa.select(apart).where(apart.c.site == site, among(column, part))):
                found[frozenset((each.first, each.second))] = frozenset(json.loads(each.kinds))
    return found


def review_id(site: str, kind: str, about: Sequence[str]) -> str:
    """The id of a doubt: the same one while it is about the same."""
    return derive("review", site, kind, *about)


@dataclass(frozen=True, slots=True)
class Entry:
    """Something a person should look at."""

    site: str
    kind: str
    about: Sequence[str]
    marks: Sequence[str]
    why: str
    seq: int
    at: int


def doubt(connection: Connection, each: Entry) -> bool:
    """Put a doubt on the list; one that a person settled stays settled. True where it is new."""
    id = review_id(each.site, each.kind, each.about)
    known = connection.execute(sa.select(reviews).where(reviews.c.id == id)).first()
    if known is not None:
        later = max(each.at, known.last_at)
        connection.execute(reviews.update().where(reviews.c.id == id).values(last_at=later))
        return False
    row = {
        "id": id, "site": each.site, "kind": each.kind, "about": pack(list(each.about)),
        "marks": pack(list(each.marks)),
        "why": plain(each.why), "state": OPEN, "first_seq": each.seq, "first_at": each.at, "last_at": each.at,
        "who": "", "reason": "",
    }  # fmt: skip
    upsert(connection, reviews, [row])
    return True


def settle(connection: Connection, ids: Collection[str], state: str, who: str, reason: str) -> None:
    """A person decided these; what was decided last counts."""
    change = reviews.update().where(reviews.c.id.in_(sorted(ids)))
    connection.execute(change.values(state=state, who=plain(who), reason=plain(reason)))


def listed(
    connection: Connection, site: str, *, state: str = "", kind: str = ""
) -> Iterator[sa.Row[tuple[object, ...]]]:
    """The doubts, newest first."""
    chosen = sa.select(reviews).where(reviews.c.site == site)
    if state:
        chosen = chosen.where(reviews.c.state == state)
    if kind:
        chosen = chosen.where(reviews.c.kind == kind)
    yield from connection.execute(chosen.order_by(reviews.c.first_at.desc(), reviews.c.id))


def starting(connection: Connection, site: str, word: str) -> list[sa.Row[tuple[object, ...]]]:
    """The doubts whose id begins so."""
    chosen = sa.select(reviews).where(reviews.c.site == site, reviews.c.id >= word, reviews.c.id < word + "\U0010ffff")
    return list(connection.execute(chosen.order_by(reviews.c.id).limit(20)))
