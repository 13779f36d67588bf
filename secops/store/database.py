"""The database: one file (SQLite WAL, synced at every commit) or a server by URL, opened once per process.

Writers take turns: `write()` is one immediate transaction, all or nothing. The log rows written in it are on disk when
it returns. Errors of the driver become `StoreError`/`Locked` that say what to try.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy import event, exc
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry

from secops.core.errors import Locked, SecopsError, StoreError
from secops.core.language import say

__all__ = ["BUSY_MS", "Connection", "Database", "metadata", "next_seq", "sequence", "translate"]
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

    def __init__(self, url: str) -> None:
        self.url = url
        self.engine = _engine(url)

    @classmethod
    def file(cls, path: Path) -> "Database":
        """The embedded database in this file; the folder must exist."""
        return cls(f"sqlite+pysqlite:///{path}")

    @property
    def path(self) -> Path | None:
        """The file of an embedded database, None for a server or one in memory."""
        name = self.engine.url.database
        return Path(name) if self.engine.dialect.name == "sqlite" and name and name != ":memory:" else None

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """One transaction that owns the write lock from its first statement; committed and synced at its end."""
        with self._told():
            connection = self.engine.connect().execution_options(secops_writing=True)
            with connection, connection.begin():
                yield connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """One consistent view; it never waits for writers."""
        with self._told():
            connection = self.engine.connect()
            with connection, connection.begin():
                yield connection

    def close(self) -> None:
        """Let go of every connection."""
        self.engine.dispose()

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


def translate(error: exc.DBAPIError, url: str) -> SecopsError:
    """The driver's complaint in words a person can act on."""
    text = str(error.orig)
    where = url.partition("///")[2] or url
    low = text.lower()
    if "locked" in low or "busy" in low:
        return Locked(
            "E5102",
            say("数据库正被另一个进程占用", "the database is held by another process"),
            where=where,
            why=text,
            hint=say("等它结束后再试；用 secops discover status 查看正在运行的任务", "try again when it has ended"),
        )
    if "disk is full" in low or "disk i/o error" in low:
        return StoreError(
            "E5103",
            say(
                "磁盘已满或无法写入，本次写入未生效，之前已确认的数据都在",
                "the disk is full or unwritable; nothing acknowledged is lost",
            ),
            where=where,
            why=text,
            hint=say("腾出空间后重新执行，任务会从断点继续", "free some space and run again: it continues"),
        )
    if "malformed" in low or "not a database" in low:
        return StoreError(
            "E5104",
            say("数据库文件已损坏", "the database file is damaged"),
            where=where,
            why=text,
            hint=say("用 secops db check 检查，再从备份恢复", "run secops db check, then restore a backup"),
        )
    if "unable to open" in low or "readonly" in low:
        return StoreError(
            "E5105",
            say("无法打开数据库文件", "the database file cannot be opened for writing"),
            where=where,
            why=text,
            hint=say("检查路径与权限", "check the path and its permissions"),
        )
    return StoreError("E5101", say("数据库操作失败", "the database refused"), where=where, why=text)


def _engine(url: str) -> Engine:
    engine = sa.create_engine(url)
    if engine.dialect.name == "sqlite":
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
        "cache_size=-65536",
        "temp_store=MEMORY",
        "trusted_schema=OFF",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _on_begin(connection: Connection) -> None:
    writing = connection.get_execution_options().get("secops_writing", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")
