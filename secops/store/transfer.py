"""Every row from one database into another, whichever they are, and the sums that show that all of it arrived.

A sum is the number of rows and the sum of their digests: it does not depend on the order in which a database reads
them. Rows go by in chunks; memory does not grow with the database.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from secops.store import incoming, texts
from secops.store.tables import metadata

CHUNK = 2_000
"""Rows in memory at a time."""


@dataclass(frozen=True, slots=True)
class Done:
    """How far it is: so many of all rows, now in this table."""

    table: str
    done: int
    total: int


@dataclass(slots=True)
class Sum:
    """What a table holds, as two numbers."""

    rows: int = 0
    digest: int = 0

    def add(self, row: Sequence[object]) -> None:
        """Count one row in."""
        said = hashlib.blake2b(repr(tuple(row)).encode("utf-8", "surrogatepass"), digest_size=16).digest()
        self.rows += 1
        self.digest = (self.digest + int.from_bytes(said, "big")) % 2**128

    def text(self) -> str:
        """The digest as it is written down."""
        return f"{self.digest:032x}"


Told = Callable[[Done], None]


def quiet(_: Done) -> None:
    """For who does not ask how far it is."""


def tables() -> tuple[sa.Table, ...]:
    """Every table of the program but the index of words, which each database keeps in a way of its own."""
    return tuple(each for each in metadata.sorted_tables if each is not texts.texts)


def count(connection: Connection) -> dict[str, int]:
    """How many rows each table has."""
    return {
        each.name: int(connection.execute(sa.select(sa.func.count()).select_from(each)).scalar_one())
        for each in tables()
    }


def carry(source: Connection, target: Connection, told: Told) -> dict[str, Sum]:
    """Put every row of the source in the place of all the target's; gives the sums of what was read."""
    numbers = count(source)
    total, done = sum(numbers.values()), 0
    sums: dict[str, Sum] = {}
    for table in reversed(tables()):
        target.execute(table.delete())
    for table in tables():
        sums[table.name] = found = Sum()
        rows = _counted(_read(source, table), found)
        while part := list(islice(rows, CHUNK)):
            _write(target, table, part)
            told(Done(table.name, done + found.rows, total))
        done += found.rows
    texts.build(target)
    return sums


def measure(connection: Connection, told: Told) -> dict[str, Sum]:
    """The sums of what the tables hold."""
    numbers = count(connection)
    total, done = sum(numbers.values()), 0
    sums: dict[str, Sum] = {}
    for table in tables():
        sums[table.name] = found = Sum()
        rows = _counted(_read(connection, table), found)
        while part := sum(1 for _ in islice(rows, CHUNK)):
            done += part
            told(Done(table.name, done, total))
    return sums


def differing(one: dict[str, Sum], other: dict[str, Sum]) -> list[str]:
    """The tables that do not hold the same in both, with the number of rows in each."""
    return [f"{name} ({one[name].rows}, {other[name].rows})" for name in one if one[name] != other.get(name)]


def number_on(connection: Connection) -> None:
    """Let columns that number themselves go on behind the highest number there is; SQLite does so of itself."""
    if connection.dialect.name != "postgresql":
        return
    for table in tables():
        column = table.autoincrement_column
        if column is not None and column.autoincrement is True:
            name = sa.func.pg_get_serial_sequence(table.name, column.name)
            highest = sa.select(sa.func.coalesce(sa.func.max(column), 0)).scalar_subquery()
            connection.execute(sa.select(sa.func.setval(name, highest + 1, False)))


def _read(connection: Connection, table: sa.Table) -> Iterator[Sequence[object]]:
    return iter(connection.execute(sa.select(table).execution_options(yield_per=CHUNK)))


def _counted(rows: Iterable[Sequence[object]], found: Sum) -> Iterator[Sequence[object]]:
    for row in rows:
        found.add(row)
        yield row


def _write(connection: Connection, table: sa.Table, rows: Sequence[Sequence[object]]) -> None:
    names = [column.name for column in table.columns]
    if connection.dialect.name == "postgresql":
        incoming.copy(connection, table.name, names, rows)
        return
    marks = ", ".join("?" * len(names))
    text = f'INSERT INTO "{table.name}" ({incoming.listed(names)}) VALUES ({marks})'  # noqa: S608 - our own names
    connection.exec_driver_sql(text, [tuple(row) for row in rows])
