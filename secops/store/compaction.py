"""Takes out of the database what can go without changing an answer, and gives the space back.

What goes: looks that only repeated another (`folds` keeps where and when), and receipts of letters delivered long ago.
Every step is one transaction that checks what it wrote before it removes anything; a crash leaves each look in one
of the two forms.
"""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from secops.core.letter import LetterState
from secops.store import cursor, dialect, folds
from secops.store.database import Database
from secops.store.folds import BLOCK, Fold
from secops.store.observations import observations
from secops.store.outbox import outbox

_SAME: Final = (
    "look",
    "digest",
    "collector",
    "observer",
    "site",
    "status",
    "in_scope",
    "address",
    "port",
    "transport",
    "name",
)
"""What a repetition and its base have in common."""


@dataclass(frozen=True, slots=True)
class Removable:
    """What could go."""

    looks: int = 0
    letters: int = 0


@dataclass(frozen=True, slots=True)
class Folded:
    """What a step took out: how many, the bytes their fold takes, and a digest over their ids and raw digests."""

    looks: int
    size: int
    digest: str


def removable(connection: Connection, before: int) -> Removable:
    """How much of what is older than the instant could go."""
    found = _repetitions(connection, before).subquery()
    looks = connection.execute(sa.select(sa.func.count()).select_from(found)).scalar_one()
    return Removable(int(looks), _count(connection, before))


def repetitions(connection: Connection, before: int) -> Iterator[list[Fold]]:
    """Looks older than the instant that only repeat, of one run at a time and in order of the log."""
    part: list[Fold] = []
    chosen = _repetitions(connection, before).order_by(sa.text("run"), sa.text("seq"))
    for row in connection.execute(chosen.execution_options(yield_per=BLOCK)):
        each = Fold(row.seq, row.base, row.run, row.seen_at)
        if part and (part[0].run != each.run or len(part) == BLOCK):
            yield part
            part = []
        part.append(each)
    if part:
        yield part


def _repetitions(connection: Connection, before: int) -> sa.Select[tuple[int, str, int, int]]:
    """Not the first of its kind, not the newest of its look, taken in by merging, and older than the instant."""
    o = observations.c
    kind = (o.look, o.digest, o.collector, o.observer)
    first = sa.func.min(o.seq).over(partition_by=kind).label("base")
    last = sa.func.max(o.seq).over(partition_by=[o.look]).label("last")
    inner = sa.select(o.seq, o.run, o.seen_at, first, last).where(o.look.is_not(None), o.digest.is_not(None)).subquery()
    c = inner.c
    merged = cursor.get(connection)
    return sa.select(c.seq, c.run, c.seen_at, c.base).where(
        c.seq > c.base, c.seq < c.last, c.seen_at < before, c.seq <= merged
    )


def fold(connection: Connection, found: Sequence[Fold]) -> Folded:
    """Put these repetitions in the place of their rows. What does not repeat its base after all stays as it is."""
    columns = [observations.c[name] for name in ("seq", "id", "run", "seen_at", "raw_digest", *_SAME)]
    places = dialect.members(sa.literal(_listed({each.seq for each in found} | {each.base for each in found})))
    chosen = sa.select(*columns).where(observations.c.seq.in_(sa.select(dialect.number(places.c.value))))
    rows = {row.seq: row for row in connection.execute(chosen)}
    good = [each for each in found if _repeats(rows.get(each.seq), rows.get(each.base), each)]
    if not good:
        return Folded(0, 0, "")
    size = folds.put(connection, good)
    if folds.first(connection, good[0].seq) != good:
        raise ValueError("a fold does not give back what was put into it")
    gone = dialect.members(sa.literal(_listed({each.seq for each in good})))
    connection.execute(observations.delete().where(observations.c.seq.in_(sa.select(dialect.number(gone.c.value)))))
    total = hashlib.sha256()
    for each in good:
        total.update(f"{rows[each.seq].id}\0{rows[each.seq].raw_digest}\n".encode())
    return Folded(len(good), size, total.hexdigest())


def _listed(seqs: set[int]) -> str:
    return "[" + ",".join(map(str, sorted(seqs))) + "]"


def _repeats(row: "sa.Row[tuple[object, ...]] | None", base: "sa.Row[tuple[object, ...]] | None", each: Fold) -> bool:
    if row is None or base is None or (row.run, row.seen_at) != (each.run, each.at):
        return False
    return all(getattr(row, name) == getattr(base, name) for name in _SAME)


def _settled(before: int) -> sa.ColumnElement[bool]:
    return sa.and_(outbox.c.state == str(LetterState.DELIVERED), outbox.c.settled_at < before)


def _count(connection: Connection, before: int) -> int:
    return int(connection.execute(sa.select(sa.func.count()).select_from(outbox).where(_settled(before))).scalar_one())


def receipts(connection: Connection, before: int) -> int:
    """Remove the receipts of letters delivered before the instant; how many there were."""
    return int(connection.execute(outbox.delete().where(_settled(before))).rowcount)


def size(database: Database) -> int:
    """Bytes the database takes on disk, its journal included."""
    path = database.path
    if path is None:
        with database.read() as connection:
            return int(connection.exec_driver_sql("SELECT pg_database_size(current_database())").scalar_one())
    parts = [path, path.with_name(path.name + "-wal")]
    return sum(each.stat().st_size for each in parts if each.exists())


def give_back(database: Database) -> None:
    """Rewrite the database so that removed rows no longer take space; it needs as much free space as what remains."""
    with database.alone() as raw, closing(raw.cursor()) as cursor_:
        if database.embedded:
            cursor_.execute("VACUUM")
            cursor_.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        else:
            cursor_.execute("VACUUM (FULL, ANALYZE) observations")
            cursor_.execute("VACUUM (FULL, ANALYZE) outbox")
