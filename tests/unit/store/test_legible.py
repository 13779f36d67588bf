import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from secops.store.check import problems
from secops.store.database import Database
from secops.store.legible import unread

pytestmark = pytest.mark.sqlite


def test_a_text_that_is_no_utf8_is_told_by_row_and_column(tmp_path: Path, database: Database) -> None:
    """SQLite's own checks pass it; of many rows the first are told."""
    path = tmp_path / "secops.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executemany(
            "INSERT INTO observations (seq, id, site, observer, run, collector, address, port, transport, name,"
            " seen_at, status, raw_digest, in_scope)"
            " VALUES (?, ?, 's', 'o', CAST(x'72e9' AS TEXT), 'c', '198.18.0.1', 80, 'tcp', '', 1, 'success', '', 1)",
            [(each, f"obs-{each}") for each in range(1, 31)],
        )
        connection.execute("INSERT OR REPLACE INTO sequence VALUES ('log', 30)")
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert len(list(unread(connection))) == 20
    assert any("observations 1: run" in each for each in problems(database))


@pytest.mark.parametrize("wrong", ["22e9", "5c00e9", "e7", "e9a69622ff", "c3", "ff" * 3])
def test_no_byte_hides_behind_others(wrong: str, tmp_path: Path, database: Database) -> None:
    """A quotation mark, a NUL, the middle of a character: the last column of many tells it as the first does."""
    with closing(sqlite3.connect(tmp_path / "secops.db")) as connection:
        names = [str(each[1]) for each in connection.execute("PRAGMA table_info(changes)") if each[2] == "TEXT"]
        for name in names:
            values = ", ".join(f"CAST(x'{wrong}' AS TEXT)" if each == name else "'麒麟\"\\'" for each in names)
            sql = f"INSERT INTO changes (seq, at, {', '.join(names)}) VALUES (1, 1, {values})"
            connection.execute(sql)
            assert [each.rpartition(": ")[2] for each in unread(connection)] == [name]
            connection.execute("DELETE FROM changes")
        assert not list(unread(connection))


def test_a_database_of_damaged_pages_is_told_of_line_by_line(tmp_path: Path, database: Database) -> None:
    """Not by an error of the driver: what can be read is looked over all the same."""
    path = tmp_path / "secops.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        row = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'observations'").fetchone()
    database.close()
    content = bytearray(path.read_bytes())
    content[(row[0] - 1) * 4096 : row[0] * 4096] = b"\x0d" * 4096
    path.write_bytes(content)
    with closing(sqlite3.connect(path)) as connection:
        assert any("observations" in each for each in unread(connection))
