from pathlib import Path

import pytest
import sqlalchemy as sa

from secops.core.errors import Locked, StoreError
from secops.store import database
from secops.store.database import Database, metadata, next_seq


@pytest.fixture
def store(tmp_path: Path) -> Database:
    made = Database.file(tmp_path / "a.db")
    metadata.create_all(made.engine)
    return made


def test_numbers_are_handed_out_once(store: Database) -> None:
    """Each block of sequence numbers begins where the last one ended, and a rolled back block is handed out again."""
    with store.write() as connection:
        assert next_seq(connection, 10) == 1
    with pytest.raises(RuntimeError), store.write() as connection:
        assert next_seq(connection, 5) == 11
        raise RuntimeError
    with store.write() as connection:
        assert next_seq(connection, 1) == 11


def test_readers_see_a_whole_transaction_or_none_of_it(store: Database) -> None:
    """A reader that began before a commit does not see it, the next one does."""
    with store.read() as reader:
        before = reader.execute(sa.text("select count(*) from sequence")).scalar()
        with store.write() as writer:
            next_seq(writer, 1)
        assert reader.execute(sa.text("select count(*) from sequence")).scalar() == before
    with store.read() as reader:
        assert reader.execute(sa.text("select count(*) from sequence")).scalar() == 1


@pytest.mark.sqlite
def test_every_commit_is_synced(store: Database) -> None:
    """The embedded database runs in WAL mode with full synchronisation."""
    with store.read() as connection:
        assert connection.exec_driver_sql("pragma journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("pragma synchronous").scalar() == 2


def test_a_busy_database_is_a_lock_not_a_crash(store: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """A writer that waits in vain is told that another process holds the database."""
    monkeypatch.setattr(database, "BUSY_MS", 1)
    other = Database(store.url)
    with store.write(), pytest.raises(Locked, match="E5102"), other.write():
        raise AssertionError


@pytest.mark.sqlite
def test_a_full_disk_says_so_and_loses_nothing(store: Database) -> None:
    """When the disk is full the write is refused whole and what was there stays."""
    with store.write() as connection:
        next_seq(connection, 1)
    with store.read() as connection:
        pages = int(connection.exec_driver_sql("pragma page_count").scalar() or 0)
    with pytest.raises(StoreError, match="E5103"), store.write() as connection:
        connection.exec_driver_sql(f"pragma max_page_count={pages}")
        connection.execute(database.sequence.insert(), [{"name": f"{n}" * 500, "value": 1} for n in range(2000)])
    with store.read() as connection:
        assert connection.execute(sa.text("select count(*) from sequence")).scalar() == 1


@pytest.mark.sqlite
def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    """A damaged file gives an error with its path and advice."""
    path = tmp_path / "a.db"
    path.write_bytes(b"not a database" * 100)
    with pytest.raises(StoreError, match="E5104") as caught, Database.file(path).read():
        raise AssertionError
    assert caught.value.where == str(path)
