"""The database: one file (SQLite WAL, synced at every commit) or a server by URL, opened once per process.

Writers take turns: `write()` is one immediate transaction, all or nothing. The log rows written in it are on disk when
it returns. Errors of the driver become `StoreError`/`Locked` that say what to try (`store.trouble`).
"""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy import event, exc
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry

from secops.core.url import shown
from secops.store import dialect, gate, server
from secops.store.checkpoints import ROOM, Checkpoints, steady
from secops.store.patience import Patience
from secops.store.trouble import translate

__all__ = ["BUSY_MS", "Connection", "Database", "metadata", "next_seq", "sequence"]
"""`Connection` for flows that pass one on: they need not know whose it is."""

metadata = sa.MetaData()

BUSY_MS = 10_000
"""How long a writer waits for its turn."""

sequence = sa.Table(
    "sequence",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("value", sa.BigInteger, nullable=False),
)


class Database:
    """A database ready for use. Raises StoreError when it cannot be opened."""

    def __init__(self, url: str, password_file: Path | None = None) -> None:
        self.url = url
        self.engine = _engine(url, password_file)
        self.embedded = self.engine.dialect.name == "sqlite"
        self.patience = Patience()
        """How long what is read may take."""
        self._checkpoints = Checkpoints(self.alone) if self.path else None
        self._steady = 0
        self._gate = gate.of(self.path) if self.path else gate.Gate()
        self._gate.engines.add(self.engine)

    @classmethod
    def file(cls, path: Path) -> "Database":
        """The embedded database in this file; the folder must exist."""
        return cls(f"sqlite+pysqlite:///{path}")

    @property
    def path(self) -> Path | None:
        """The file of an embedded database, None for a server or one in memory."""
        name = self.engine.url.database
        return Path(name) if self.embedded and name and name != ":memory:" else None

    @property
    def where(self) -> str:
        """Where it is, as messages may say it."""
        return str(self.path) if self.path else shown(self.url)

    @contextmanager
    def write(self, *, spilling: bool = False, heeding: bool = False) -> Iterator[Connection]:
        """One transaction that owns the write lock from its first statement; committed and synced at its end.

        `spilling`: what the database puts by meanwhile may be large, and lies in temporary files, not in memory.
        `heeding`: Ctrl-C ends a long statement at once, and with it the transaction, as it does while reading.
        """
        with self._gate.inside(), self._told():
            connection = self._connect(secops_writing=True, isolation_level="READ COMMITTED")
            with connection:
                beside = self._checkpoints if self._steady else None
                if spilling:
                    dialect.spilling(connection, on=True)
                if beside is not None:
                    steady(connection, on=True)
                try:
                    with connection.begin(), self.patience.watching(connection) if heeding else nullcontext():
                        yield connection
                finally:
                    if spilling:
                        dialect.spilling(connection, on=False)
                    if beside is not None:
                        steady(connection, on=False)
            if beside is not None:
                beside.begin()

    @contextmanager
    def steadily(self) -> Iterator[None]:
        """Large transactions follow: what one wrote goes into the file beside the next. At the end all is there."""
        self._steady += 1
        try:
            yield
        finally:
            self._steady -= 1
            if self._checkpoints is not None:
                self._checkpoints.wait()

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """One consistent view; it never waits for writers. Ended by `patience`, or at once by Ctrl-C."""
        with self._gate.inside(), self._told():
            connection = self._connect(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            with connection, connection.begin(), self.patience.watching(connection):
                yield connection

    @contextmanager
    def scratch(self) -> Iterator[Connection]:
        """One consistent view in which temporary tables may be made; all of it is undone at its end."""
        with self._gate.inside(), self._told():
            connection = self._connect(isolation_level="REPEATABLE READ")
            with connection:
                dialect.spilling(connection, on=True)
                transaction = connection.begin()
                try:
                    with self.patience.watching(connection), server.unprepared(connection):
                        yield connection
                finally:
                    transaction.rollback()
                    dialect.spilling(connection, on=False)

    @contextmanager
    def alone(self) -> Iterator[DBAPIConnection]:
        """The driver's connection outside of any transaction, for what must run so."""
        with self._gate.inside(), self._told():
            raw = self.engine.raw_connection()
            driver = raw.dbapi_connection
            assert driver is not None
            try:
                if not self.embedded:
                    driver.autocommit = True
                yield driver
            finally:
                if not self.embedded:
                    driver.autocommit = False
                raw.close()

    def know_anew(self) -> None:
        """Let a server look at its tables after many rows came or went: until then it plans for what was."""
        if not self.embedded:
            with self._told(), self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.exec_driver_sql("ANALYZE")

    @contextmanager
    def closed(self, seconds: float = 0.0) -> Iterator[bool]:
        """No connection of this process is open meanwhile: another library may read the file. See `store.gate`.

        Gives False where somebody in this process does not let go within so long.
        """
        with self._gate.alone(seconds) as free:
            yield free

    def close(self) -> None:
        """Let go of every connection."""
        if self._checkpoints is not None:
            self._checkpoints.close()
        self.engine.dispose()

    def _connect(self, **options: object) -> Connection:
        """Levels of isolation are a server's: the embedded database has but one."""
        if self.embedded:
            options.pop("isolation_level")
        return self.engine.connect().execution_options(**options)

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except exc.DBAPIError as error:
            raise translate(error, self.url) from error


def next_seq(connection: Connection, count: int, name: str = "log") -> int:
    """The first of `count` fresh numbers of a sequence; the caller's transaction makes them final."""
    row = connection.execute(sa.select(sequence.c.value).where(sequence.c.name == name)).scalar()
    if row is None:
        connection.execute(sequence.insert().values(name=name, value=count))
        return 1
    connection.execute(sequence.update().where(sequence.c.name == name).values(value=row + count))
    return int(row) + 1


def _engine(url: str, password_file: Path | None) -> Engine:
    if not url.startswith("sqlite"):
        return server.engine(url, password_file, BUSY_MS)
    engine = sa.create_engine(url)
    event.listen(engine, "connect", _on_connect)
    event.listen(engine, "begin", _on_begin)
    return engine


def _on_connect(connection: DBAPIConnection, _record: ConnectionPoolEntry) -> None:
    connection.isolation_level = None  # sqlite3's own word: we say BEGIN ourselves
    cursor = connection.cursor()
    for pragma in (
        f"busy_timeout={BUSY_MS}",
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        f"cache_size=-{ROOM}",
        "temp_store=MEMORY",
        "trusted_schema=OFF",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _on_begin(connection: Connection) -> None:
    writing = connection.get_execution_options().get("secops_writing", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")
