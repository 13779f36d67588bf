"""Brings what was committed from the embedded database's write-ahead log into its file, beside the next transaction.

By itself SQLite does so within a commit. Where one large transaction follows another, half of each would be that.
"""

import sqlite3
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, suppress

from sqlalchemy.engine import Connection
from sqlalchemy.engine.interfaces import DBAPIConnection

BY_ITSELF = 1_000
"""Pages in the log at which a commit brings them into the file: SQLite's own number."""
MOST = 131_072
"""Pages in the log at which the next transaction waits: on a slow disk it would grow as long as there is one."""

ROOM = 65_536
"""KiB of pages that a connection keeps in memory."""
ROOMY = 196_608
"""The same of one that writes much: pages that many rows of a transaction change are written once and read once."""


def steady(connection: Connection, *, on: bool) -> None:
    """Whether commits of this connection leave it to `Checkpoints`; outside of any transaction.

    A connection that once was told so keeps more pages in memory from then on.
    """
    raw = connection.connection.dbapi_connection
    assert raw is not None
    cursor = raw.cursor()
    cursor.execute(f"PRAGMA wal_autocheckpoint={0 if on else BY_ITSELF}").fetchone()
    if on:
        cursor.execute(f"PRAGMA cache_size=-{ROOMY}")
    cursor.close()


class Checkpoints:
    """`opened` gives a connection of the driver to the database."""

    def __init__(self, opened: Callable[[], AbstractContextManager[DBAPIConnection]]) -> None:
        self._opened = opened
        self._pages = 0
        """In the log, when it was last looked at."""
        self._thread: ThreadPoolExecutor | None = None
        self._running: Future[None] | None = None

    def begin(self) -> None:
        """Begin with what is committed now, unless one is at work: the next comes to that."""
        if self._thread is None:
            self._thread = ThreadPoolExecutor(1, "checkpoint")
        if self._running is None or self._running.done():
            self._running = self._thread.submit(self._work)
        if self._pages > MOST:
            self._thread.submit(self._work).result()

    def wait(self) -> None:
        """Wait until what was begun is done."""
        if self._running is not None:
            self._running.result()

    def close(self) -> None:
        """Let go of the thread, once it is done."""
        if self._thread is not None:
            self._thread.shutdown()
            self._thread = self._running = None

    def _work(self) -> None:
        with self._opened() as driver, suppress(sqlite3.Error):  # nothing is lost: the log is read, and tried again
            _, self._pages, _ = driver.cursor().execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
