"""What large transactions wrote goes from the log into the file beside them."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import cast

import pytest
from sqlalchemy.engine.interfaces import DBAPIConnection

from secops.store import checkpoints
from secops.store.checkpoints import Checkpoints
from secops.store.database import Database

pytestmark = pytest.mark.sqlite
ROWS = 40_000


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Database]:
    """One table of large rows."""
    made = Database.file(tmp_path / "a.db")
    with made.write() as connection:
        connection.exec_driver_sql("CREATE TABLE t (n INTEGER PRIMARY KEY, x TEXT)")
    yield made
    made.close()


def _fill(store: Database, start: int) -> None:
    with store.write() as connection:
        rows = [(n, "x" * 500) for n in range(start, start + ROWS)]
        connection.exec_driver_sql("INSERT INTO t VALUES (?, ?)", rows)


def _sizes(store: Database) -> tuple[int, int]:
    assert store.path is not None
    return store.path.stat().st_size, store.path.with_name("a.db-wal").stat().st_size


def test_the_file_grows_beside_and_the_log_is_used_again(store: Database) -> None:
    """Once the work beside has ended all is in the file, and the next transaction writes over the log."""
    with store.steadily():
        _fill(store, 0)
    assert store._checkpoints is not None
    store._checkpoints.close()
    file, log = _sizes(store)
    assert file > ROWS * 500
    with store.steadily():
        _fill(store, ROWS)
    assert _sizes(store)[1] < log * 1.5


def test_a_commit_by_itself_leaves_nothing_to_do(store: Database) -> None:
    """Outside of such a stretch SQLite does it within the commit, also on a connection that was in one."""
    with store.steadily():
        _fill(store, 0)
    _fill(store, ROWS)
    assert _sizes(store)[0] > 2 * ROWS * 500
    with store.read() as connection:
        assert connection.exec_driver_sql("PRAGMA wal_autocheckpoint").scalar() == checkpoints.BY_ITSELF


def test_what_is_only_in_the_log_is_there(store: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A copy of file and log, taken as a crash would leave them, holds every committed row."""
    monkeypatch.setattr(Checkpoints, "_work", lambda self: None)
    with store.steadily():
        _fill(store, 0)
    assert _sizes(store)[0] < ROWS * 500
    for each in ("a.db", "a.db-wal"):
        (tmp_path / f"copy-{each}").write_bytes((tmp_path / each).read_bytes())
    with sqlite3.connect(tmp_path / "copy-a.db") as copy:
        assert copy.execute("SELECT count(*) FROM t").fetchone() == (ROWS,)
    copy.close()


def test_one_at_a_time_and_a_long_log_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """While one is at work no other begins; where the log is long the caller waits until it is read."""
    go, pages, begun = threading.Event(), 10, 0

    class Driver:
        """Answers as the driver's connection does."""

        def cursor(self) -> "Driver":
            return self

        def execute(self, _text: str) -> "Driver":
            return self

        def fetchone(self) -> tuple[int, int, int]:
            return 0, pages, 0

    @contextmanager
    def opened() -> Iterator[DBAPIConnection]:
        nonlocal begun
        begun += 1
        assert go.wait(10)
        yield cast("DBAPIConnection", Driver())

    beside = Checkpoints(opened)
    beside.begin()
    beside.begin()
    go.set()
    beside.close()
    assert begun == 1
    monkeypatch.setattr(checkpoints, "MOST", 5)
    beside.begin()
    assert begun == 3
    beside.close()
