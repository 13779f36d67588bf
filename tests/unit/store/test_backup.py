import sqlite3
from pathlib import Path

import pytest

from secops.core.errors import UsageError
from secops.store.backup import backup, problems, restore
from secops.store.database import Database, next_seq
from secops.store.migrate import upgrade

pytestmark = pytest.mark.sqlite


def _database(folder: Path) -> Database:
    database = Database.file(folder / "secops.db")
    upgrade(database)
    return database


def test_a_copy_taken_while_in_use_holds_what_was_committed(tmp_path: Path) -> None:
    """The backup is a sound database with the committed rows, readable by its owner only."""
    database = _database(tmp_path)
    with database.write() as connection:
        next_seq(connection, 5, "test")
    with database.read():
        size = backup(database, tmp_path / "copy.db")
    copy = tmp_path / "copy.db"
    assert size == copy.stat().st_size
    assert copy.stat().st_mode & 0o077 == 0
    with sqlite3.connect(copy) as connection:
        assert connection.execute("SELECT value FROM sequence WHERE name = 'test'").fetchone() == (5,)
    database.close()


def test_an_existing_file_is_never_written_over(tmp_path: Path) -> None:
    """The target stays as it is."""
    database = _database(tmp_path)
    (tmp_path / "copy.db").write_text("mine")
    with pytest.raises(UsageError, match="E5302"):
        backup(database, tmp_path / "copy.db")
    assert (tmp_path / "copy.db").read_text() == "mine"
    database.close()


def test_a_sound_database_has_no_problems_and_orphans_are_told(tmp_path: Path) -> None:
    """Nothing is said of a sound database; a row whose parent is missing is named."""
    database = _database(tmp_path)
    assert problems(database) == ()
    with sqlite3.connect(tmp_path / "secops.db") as connection:
        connection.execute("CREATE TABLE a (id INTEGER PRIMARY KEY)")
        connection.execute("CREATE TABLE b (a INTEGER REFERENCES a (id))")
        connection.execute("INSERT INTO b VALUES (7)")
    assert any(each.startswith("b ") for each in problems(database))
    database.close()


def test_a_database_without_a_file_is_not_copied_so(tmp_path: Path) -> None:
    """A database in memory or on a server is refused with the tool to use instead."""
    with pytest.raises(UsageError, match="E5301"):
        backup(Database("sqlite+pysqlite:///:memory:"), tmp_path / "copy.db")


def test_a_restored_database_holds_what_the_backup_held(tmp_path: Path) -> None:
    """What came after the backup is gone, what the backup held is there, also for who had it open."""
    database = _database(tmp_path)
    with database.write() as connection:
        next_seq(connection, 5, "test")
    backup(database, tmp_path / "copy.db")
    with database.write() as connection:
        next_seq(connection, 95, "test")
    assert restore(database, tmp_path / "copy.db") > 0
    with database.write() as connection:
        assert next_seq(connection, 1, "test") == 6
    assert problems(database) == ()
    database.close()


@pytest.mark.parametrize("content", [b"", b"not a database at all, but long enough to be one" * 40])
def test_what_is_no_backup_is_refused(tmp_path: Path, content: bytes) -> None:
    """Another file, or a database of something else, changes nothing."""
    database = _database(tmp_path)
    with database.write() as connection:
        next_seq(connection, 5, "test")
    (tmp_path / "other.db").write_bytes(content)
    with pytest.raises(UsageError, match="E5306"):
        restore(database, tmp_path / "other.db")
    with sqlite3.connect(tmp_path / "newer.db") as connection:
        connection.execute("CREATE TABLE alembic_version (version_num TEXT)")
        connection.execute("INSERT INTO alembic_version VALUES ('9999')")
    with pytest.raises(UsageError, match="E5306"):
        restore(database, tmp_path / "newer.db")
    with database.write() as connection:
        assert next_seq(connection, 1, "test") == 6
    database.close()
