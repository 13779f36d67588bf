"""Looks that only repeated another, folded into a few bytes each: where in the log, when, and which look they repeat.

A fold takes nothing from the truth that merging reads: a repetition is the look it repeats (its base, which stays
whole) at another place, in another run, at another time. What only the repetition had goes: the digest of its raw bytes
and what no field keeps (`extra`). Bases are the first of their kind, and the newest look of each collector at each
target is never folded, so that what is known now names looks that are there whole.
"""

import sys
import zlib
from array import array
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import accumulate
from typing import Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from secops.store import dialect
from secops.store.database import metadata

folds = sa.Table(
    "folds",
    metadata,
    sa.Column("first_seq", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("last_seq", sa.BigInteger, nullable=False),
    sa.Column("run", sa.Text, nullable=False, index=True),
    sa.Column("count", sa.Integer, nullable=False),
    sa.Column("body", sa.LargeBinary, nullable=False),
)
"""One row: repetitions of one run between two places of the log."""

_ROW: Final = (folds.c.first_seq, folds.c.last_seq, folds.c.run, folds.c.count.label("number"), folds.c.body)
BLOCK: Final = 4_000
"""Repetitions of one row."""


@dataclass(frozen=True, slots=True)
class Fold:
    """A repetition: its place in the log, the place of the look it repeats, its run and when it was."""

    seq: int
    base: int
    run: str
    at: int


def put(connection: Connection, found: Sequence[Fold]) -> int:
    """Write repetitions of one run, in order of the log; gives the bytes they take. The caller removes their rows."""
    body = pack(found)
    connection.execute(
        folds.insert().values(
            first_seq=found[0].seq, last_seq=found[-1].seq, run=found[0].run, count=len(found), body=body
        )
    )
    return len(body)


def pack(found: Sequence[Fold]) -> bytes:
    """Three columns of differences, compressed."""
    columns = ([each.seq for each in found], [each.seq - each.base for each in found], [each.at for each in found])
    parts = b"".join(_bytes([now - before for before, now in zip([0, *each], each, strict=False)]) for each in columns)
    return zlib.compress(parts, 9)


def unpack(run: str, count: int, body: bytes) -> list[Fold]:
    """What `pack` packed."""
    room = zlib.decompressobj()
    numbers = array("q")
    numbers.frombytes(room.decompress(body, count * 24))
    if sys.byteorder == "big":
        numbers.byteswap()
    seqs, backs, ats = (list(accumulate(numbers[i * count : (i + 1) * count])) for i in range(3))
    return [Fold(seq, seq - back, run, at) for seq, back, at in zip(seqs, backs, ats, strict=True)]


def first(connection: Connection, seq: int) -> list[Fold]:
    """The repetitions of the row that begins at this place."""
    row = connection.execute(sa.select(*_ROW).where(folds.c.first_seq == seq)).one()
    return unpack(row.run, row.number, row.body)


def _bytes(numbers: Sequence[int]) -> bytes:
    packed = array("q", numbers)
    if sys.byteorder == "big":
        packed.byteswap()
    return packed.tobytes()


def at(connection: Connection, seqs: Collection[int]) -> list[Fold]:
    """The repetitions at these places of the log; places where none was are passed by."""
    wanted = set(seqs)
    found: dict[int, Fold] = {}
    for seq in sorted(wanted):
        if seq not in found:
            chosen = sa.select(*_ROW).where(folds.c.first_seq <= seq, folds.c.last_seq >= seq)
            for row in connection.execute(chosen):
                found |= {each.seq: each for each in unpack(row.run, row.number, row.body) if each.seq in wanted}
    return list(found.values())


def among(connection: Connection, runs: Collection[str]) -> set[str]:
    """Of these runs those of which something was folded."""
    return set(connection.execute(sa.select(folds.c.run).where(folds.c.run.in_(sorted(runs))).distinct()).scalars())


def of_runs(connection: Connection, runs: Collection[str]) -> Iterator[Fold]:
    """Every repetition folded of these runs."""
    for run in sorted(set(runs)):
        for row in connection.execute(sa.select(*_ROW).where(folds.c.run == run).order_by(folds.c.first_seq)):
            yield from unpack(row.run, row.number, row.body)


def count(connection: Connection, run: str | None = None) -> int:
    """How many are folded, in all or of one run."""
    chosen = sa.select(sa.func.coalesce(sa.func.sum(folds.c.count), 0))
    return int(connection.execute(chosen if run is None else chosen.where(folds.c.run == run)).scalar_one())


@contextmanager
def unfolding(connection: Connection, room: int) -> Iterator[Callable[[int], None]]:
    """Let `observations` hold what was folded too, for who replays the log inside this transaction.

    Gives what must be called with the reader's place before each step: it lays out the repetitions that follow, at
    least `room` of them, so that a step of at most so many entries meets all there are. Nothing may be logged
    meanwhile.
    """
    if not count(connection):
        yield lambda _: None
        return
    main = dialect.schema(connection)
    kept = [column.name for column in metadata.tables["observations"].columns]
    shown = ["u.seq" if name == "seq" else "u.run" if name == "run" else "u.at" if name == "seen_at" else f"b.{name}"
             for name in kept]  # fmt: skip
    connection.exec_driver_sql("CREATE TEMP TABLE unfolded (seq BIGINT PRIMARY KEY, base BIGINT, run TEXT, at BIGINT)")
    connection.exec_driver_sql(
        f"CREATE TEMP VIEW observations AS SELECT {', '.join(kept)} FROM {main}.observations"  # noqa: S608 - our names
        f" UNION ALL SELECT {', '.join(shown)} FROM unfolded u JOIN {main}.observations b ON b.seq = u.base"
    )
    try:
        yield _Laid(connection, room)
    finally:
        connection.exec_driver_sql("DROP VIEW observations")
        connection.exec_driver_sql("DROP TABLE unfolded")


class _Laid:
    """Lays repetitions out a window at a time."""

    def __init__(self, connection: Connection, room: int) -> None:
        self.connection = connection
        self.room = room
        self.loaded = -1
        """First place of the last block laid out."""
        self.seqs: list[int] = []

    def __call__(self, place: int) -> None:
        self.seqs = [each for each in self.seqs if each > place]
        self.connection.execute(sa.text("DELETE FROM unfolded WHERE seq <= :place"), {"place": place})
        while (following := self._next()) is not None:
            if sum(each < following for each in self.seqs) >= self.room:
                return
            row = self.connection.execute(sa.select(*_ROW).where(folds.c.first_seq == following)).one()
            self.loaded = following
            found = [each for each in unpack(row.run, row.number, row.body) if each.seq > place]
            if found:
                self.connection.execute(
                    sa.text("INSERT INTO unfolded VALUES (:seq, :base, :run, :at)"),
                    [{"seq": each.seq, "base": each.base, "run": each.run, "at": each.at} for each in found],
                )
                self.seqs += [each.seq for each in found]

    def _next(self) -> int | None:
        chosen = sa.select(sa.func.min(folds.c.first_seq)).where(folds.c.first_seq > self.loaded)
        found = self.connection.execute(chosen).scalar()
        return None if found is None else int(found)
