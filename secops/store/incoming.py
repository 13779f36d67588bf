"""Many rows into PostgreSQL: by COPY into a table beside the real one, of which one statement inserts.

On two cores 68,000 rows a second of the log, where inserts one by one make 23,000.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import chain
from operator import itemgetter
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import exc
from sqlalchemy.engine import Connection

Row = Mapping[str, object]

FEW: Final = 100
"""So many rows and fewer are inserted one by one."""


def upsert(connection: Connection, table: sa.Table, rows: Sequence[Row]) -> None:
    """Insert the rows, a column left out as NULL; where the primary key exists, the others take the new value."""
    keys = [column.name for column in table.primary_key]
    others = [column.name for column in table.columns if column.name not in keys]
    set_ = ", ".join(f'"{name}" = excluded."{name}"' for name in others)
    _insert(connection, table, _last(rows, keys), f"({listed(keys)}) DO UPDATE SET {set_}")


def insert_new(connection: Connection, table: sa.Table, rows: Sequence[Row]) -> int:
    """Insert the rows that break no key; gives how many were new. A column no row has takes its default."""
    return _insert(connection, table, rows, "DO NOTHING")


def listed(names: Iterable[str]) -> str:
    """Names of columns, quoted, with commas."""
    return ", ".join(f'"{name}"' for name in names)


def copy(connection: Connection, into: str, names: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write rows to a table that has no such rows yet, in one stream."""
    driver: Any = connection.connection.driver_connection
    with _told(connection), driver.cursor() as cursor, cursor.copy(f'COPY "{into}" ({listed(names)}) FROM STDIN') as to:
        for row in rows:
            to.write_row(row)


def _last(rows: Sequence[Row], keys: Sequence[str]) -> Sequence[Row]:
    """Of rows with one key the last: a statement may not change a row twice."""
    key = itemgetter(*keys)
    kept = {key(row): row for row in rows}
    return rows if len(kept) == len(rows) else list(kept.values())


def _insert(connection: Connection, table: sa.Table, rows: Sequence[Row], conflict: str) -> int:
    present = frozenset(chain.from_iterable(rows))
    names = [column.name for column in table.columns if column.name in present]
    values = ([row.get(name) for name in names] for row in rows)
    into = f'INSERT INTO "{table.name}" ({listed(names)})'
    if len(rows) <= FEW:
        text = f"{into} VALUES ({', '.join(['%s'] * len(names))}) ON CONFLICT {conflict}"
        return int(connection.exec_driver_sql(text, [tuple(each) for each in values]).rowcount)
    beside = f"{table.name}_incoming"
    same = f'SELECT {listed(names)} FROM "{table.name}" WITH NO DATA'  # noqa: S608 - our own names
    connection.exec_driver_sql(f'CREATE TEMP TABLE "{beside}" ON COMMIT DROP AS {same}')
    copy(connection, beside, names, values)
    text = f'{into} SELECT {listed(names)} FROM "{beside}" ON CONFLICT {conflict}'  # noqa: S608 - our own names
    count = int(connection.exec_driver_sql(text).rowcount)
    connection.exec_driver_sql(f'DROP TABLE "{beside}"')
    return count


@contextmanager
def _told(connection: Connection) -> Iterator[None]:
    """The driver's own errors as SQLAlchemy tells them."""
    import psycopg  # noqa: PLC0415 - an extra

    try:
        yield
    except psycopg.Error as error:
        driver: Any = connection.connection.driver_connection
        lost = bool(driver.closed)
        if lost:
            connection.invalidate(error)
        raise exc.DBAPIError("COPY", None, error, connection_invalidated=lost) from error
