import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from secops.core.clock import Instant
from secops.core.errors import StoreError, UsageError
from secops.core.model import Entity, Kind
from secops.store import backup as copying
from secops.store import entities, transfer
from secops.store.backup import backup, restore
from secops.store.check import problems
from secops.store.database import Database, next_seq
from secops.store.migrate import upgrade
from secops.store.outbox import outbox
from secops.store.transfer import Done, Sum


def _embedded(path: Path) -> Database:
    made = Database(f"sqlite+pysqlite:///{path}")
    upgrade(made)
    return made


def _fill(connection: Connection, number: int = 3, first: int = 0) -> None:
    next_seq(connection, number, "test")
    some = [
        Entity(
            Kind.IP,
            "gd",
            f"198.18.0.{each}",
            Instant(1),
            Instant(2),
            declared=each % 2 == 0,
            facts={"address": f"198.18.0.{each}", "host.os": "麒麟 V10 \\ \t \n 🙂"},
        )
        for each in range(first, first + number)
    ]
    entities.put(connection, {each.id: each for each in some})
    texts = {each.name: "" for each in outbox.columns if isinstance(each.type, sa.Text)}
    row = texts | {"version": 1, "at": 1, "attempts": 0, "due": 0}
    connection.execute(outbox.insert(), [row | {"id": f"l{each}"} for each in range(first, first + number)])


def _sums(database: Database) -> dict[str, Sum]:
    with database.read() as connection:
        return transfer.measure(connection, transfer.quiet)


def test_a_copy_taken_while_in_use_holds_what_was_committed(database: Database, tmp_path: Path) -> None:
    """The backup is a sound database with the committed rows, readable by its owner only, nothing beside it."""
    with database.write() as connection:
        _fill(connection)
    with database.read():
        size = backup(database, tmp_path / "copy.db")
    copy = tmp_path / "copy.db"
    assert size == copy.stat().st_size
    assert copy.stat().st_mode & 0o077 == 0
    assert [each.name for each in tmp_path.glob("copy*")] == ["copy.db"]
    with closing(sqlite3.connect(copy)) as connection_:
        assert connection_.execute("SELECT value FROM sequence WHERE name = 'test'").fetchone() == (3,)
        assert connection_.execute("SELECT count(*) FROM assets").fetchone() == (3,)


@pytest.mark.sqlite
def test_what_is_written_during_a_copy_is_not_in_it(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However long the copy takes it is of one moment, and it ends though others keep writing."""
    monkeypatch.setattr(copying, "PAGES", 5)
    with database.write() as connection:
        _fill(connection)
    steps = []

    def told(done: Done) -> None:
        steps.append(done)
        if len(steps) < 5:
            with database.write() as connection:
                next_seq(connection, 10, "test")

    backup(database, tmp_path / "copy.db", told)
    assert len(steps) > 5
    assert steps[-1].done == steps[-1].total
    with closing(sqlite3.connect(tmp_path / "copy.db")) as copy:
        assert copy.execute("SELECT value FROM sequence WHERE name = 'test'").fetchone() == (3,)


def test_an_existing_file_is_never_written_over(database: Database, tmp_path: Path) -> None:
    """The target stays as it is."""
    (tmp_path / "copy.db").write_text("mine")
    with pytest.raises(UsageError, match="E5302"):
        backup(database, tmp_path / "copy.db")
    assert (tmp_path / "copy.db").read_text() == "mine"


def test_what_a_killed_backup_left_is_no_obstacle(database: Database, tmp_path: Path) -> None:
    """A part of a copy is thrown away by the next one."""
    (tmp_path / "copy.db.secops-part").write_text("half")
    (tmp_path / "copy.db.secops-part-wal").write_text("half")
    backup(database, tmp_path / "copy.db")
    assert [each.name for each in tmp_path.glob("copy*")] == ["copy.db"]
    copying.verify(tmp_path / "copy.db")


def test_a_place_that_cannot_be_written_is_told(database: Database, tmp_path: Path) -> None:
    """The error names the file, and nothing is left."""
    with pytest.raises(StoreError, match="E5303") as caught:
        backup(database, tmp_path / "nowhere" / "copy.db")
    assert caught.value.where.endswith("copy.db")


def test_a_restored_database_holds_what_the_backup_held(database: Database, tmp_path: Path) -> None:
    """What came after the backup is gone, what the backup held is there, also for who had it open."""
    with database.write() as connection:
        _fill(connection)
    before = _sums(database)
    backup(database, tmp_path / "copy.db")
    with database.write() as connection:
        next_seq(connection, 95, "test")
        _fill(connection, 7, 3)
    assert restore(database, tmp_path / "copy.db") > 0
    assert _sums(database) == before
    with database.write() as connection:
        assert next_seq(connection, 1, "test") == 4
        _fill(connection, 1, 3)
    assert problems(database) == ()


def test_a_workspace_moves_from_one_store_to_another_and_back(database: Database, tmp_path: Path) -> None:
    """Row for row the same in an embedded database, in this one, and in an embedded one again."""
    first = _embedded(tmp_path / "first.db")
    with first.write() as connection:
        _fill(connection, 5)
    backup(first, tmp_path / "one.db")
    restore(database, tmp_path / "one.db")
    assert _sums(database) == _sums(first)
    backup(database, tmp_path / "two.db")
    last = _embedded(tmp_path / "last.db")
    restore(last, tmp_path / "two.db")
    assert _sums(last) == _sums(first)
    with last.read() as connection:
        assert not sa.inspect(connection).has_table(copying.MANIFEST)
    for each in (first, last):
        each.close()


def test_an_older_backup_is_brought_to_this_version(database: Database, tmp_path: Path) -> None:
    """A copy of the first release's schema is restored with its rows; the file stays as it was."""
    from alembic import command
    from alembic.config import Config

    old = Database(f"sqlite+pysqlite:///{tmp_path / 'old.db'}")
    config = Config()
    config.set_main_option("script_location", str(Path(copying.__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    with old.write() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        connection.exec_driver_sql("INSERT INTO sequence VALUES ('test', 41)")
    old.close()
    before = (tmp_path / "old.db").read_bytes()
    restore(database, tmp_path / "old.db")
    upgrade(database)
    with database.write() as connection:
        assert next_seq(connection, 1, "test") == 42
    assert problems(database) == ()
    assert (tmp_path / "old.db").read_bytes() == before


def test_a_backup_that_changed_since_it_was_written_is_refused(database: Database, tmp_path: Path) -> None:
    """Bytes of a row's text, which no structure shows: the place is told, the database stays as it is."""
    with database.write() as connection:
        _fill(connection, 50)
    backup(database, tmp_path / "copy.db")
    assert copying.verify(tmp_path / "copy.db")
    before = _sums(database)
    content = bytearray((tmp_path / "copy.db").read_bytes())
    place = content.index("麒麟".encode())
    content[place : place + 6] = "欧拉".encode()
    (tmp_path / "copy.db").write_bytes(content)
    with pytest.raises(UsageError, match="E5306") as caught:
        restore(database, tmp_path / "copy.db")
    assert "0-" in caught.value.why
    assert _sums(database) == before


def test_a_backup_without_a_seal_is_looked_over_and_known_as_such(database: Database, tmp_path: Path) -> None:
    """One of an older version is restored; one whose texts cannot be read is not."""
    with database.write() as connection:
        _fill(connection, 50)
    backup(database, tmp_path / "copy.db")
    whole = (tmp_path / "copy.db").read_bytes()
    pages = whole[: len(whole) - len(whole) % 4096]
    old = tmp_path / "old.db"
    old.write_bytes(pages)
    assert copying.verify(old) is False
    restore(database, old)
    old.write_bytes(pages.replace("麒麟".encode(), b"\xff" * 6))
    with pytest.raises(UsageError, match="E5306"):
        restore(database, old)


@pytest.mark.parametrize("content", [b"", b"not a database at all, but long enough to be one" * 40])
def test_what_is_no_backup_is_refused(database: Database, tmp_path: Path, content: bytes) -> None:
    """Another file, or a database of something else, changes nothing."""
    with database.write() as connection:
        next_seq(connection, 5, "test")
    (tmp_path / "other.db").write_bytes(content)
    with pytest.raises(UsageError, match="E5306"):
        restore(database, tmp_path / "other.db")
    with closing(sqlite3.connect(tmp_path / "newer.db")) as connection_:
        connection_.execute("CREATE TABLE alembic_version (version_num TEXT)")
        connection_.execute("INSERT INTO alembic_version VALUES ('9999')")
        connection_.commit()
    with pytest.raises(UsageError, match="E5306"):
        restore(database, tmp_path / "newer.db")
    with database.write() as connection:
        assert next_seq(connection, 1, "test") == 6


@pytest.mark.postgres
def test_a_restore_that_fails_changes_nothing(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the rows read back are not those written, all is as it was."""
    with database.write() as connection:
        _fill(connection)
    backup(database, tmp_path / "copy.db")
    with database.write() as connection:
        _fill(connection, 5, 3)
    before = _sums(database)
    monkeypatch.setattr(transfer, "differing", lambda one, other: ["assets (3, 2)"])
    with pytest.raises((StoreError, UsageError), match="E530"):
        restore(database, tmp_path / "copy.db")
    monkeypatch.undo()
    assert _sums(database) == before


def test_a_backup_that_is_not_what_was_read_is_not_kept(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A copy with other counts or sums than the database is an error and no file."""
    monkeypatch.setattr(copying, "_numbers", _numbers_that_differ())
    monkeypatch.setattr(transfer, "differing", lambda one, other: ["assets (3, 2)"])
    with pytest.raises(StoreError, match="E5303"):
        backup(database, tmp_path / "copy.db")
    assert list(tmp_path.glob("copy*")) == []


def _numbers_that_differ() -> object:
    numbers = iter(({"assets": 1}, {"assets": 2}))
    return lambda _: next(numbers)
