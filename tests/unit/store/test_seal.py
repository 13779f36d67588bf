import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from secops.store import seal

PAGE = 4096


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A database of three blocks, sealed."""
    made = tmp_path / "copy.db"
    with closing(sqlite3.connect(made)) as connection, connection:
        connection.execute("CREATE TABLE t (x)")
        connection.executemany("INSERT INTO t VALUES (?)", [(bytes(1000),)] * 2500)
    seal.put(made)
    return made


def test_a_sealed_file_is_still_a_database_and_shows_that_nothing_changed(file: Path) -> None:
    """What is behind the last page bothers nobody."""
    assert seal.broken(file) == ""
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert connection.execute("SELECT count(*) FROM t").fetchone() == (2500,)
    assert seal.broken(file) == ""


@pytest.mark.parametrize("place", [0, seal.BLOCK - 1, seal.BLOCK, 2 * seal.BLOCK + 5])
def test_one_changed_byte_is_told_by_its_block(file: Path, place: int) -> None:
    """The first byte, the edges of blocks, the last block."""
    content = bytearray(file.read_bytes())
    content[place] ^= 1
    file.write_bytes(content)
    block = place // seal.BLOCK
    assert f"{block * seal.BLOCK:,}-" in str(seal.broken(file))


def test_every_place_of_the_seal_itself_is_guarded(file: Path) -> None:
    """A changed digest, size or word is no sound seal, and no file without one."""
    whole = file.read_bytes()
    pages = len(whole) - len(whole) % PAGE
    for place in range(pages, len(whole)):
        file.write_bytes(whole[:place] + bytes([whole[place] ^ 64]) + whole[place + 1 :])
        assert seal.broken(file)


@pytest.mark.parametrize("less", [1, 60, PAGE, seal.BLOCK])
def test_a_file_cut_short_is_told(file: Path, less: int) -> None:
    """By a byte of the seal, or by pages."""
    file.write_bytes(file.read_bytes()[:-less])
    assert seal.broken(file)


def test_who_has_no_seal_is_told_from_who_lost_it(file: Path) -> None:
    """A file of pages alone is one that nobody sealed, and so is what is no database."""
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) - len(whole) % PAGE])
    assert seal.broken(file) is None
    file.write_bytes(b"")
    assert seal.broken(file) is None
