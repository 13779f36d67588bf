"""The ledger's rows keep their order, and one driver holds a run."""

import pytest

from secops.core.clock import Instant
from secops.store import ledger
from secops.store.database import Database
from secops.store.migrate import upgrade


@pytest.fixture
def database(tmp_path):
    opened = Database.file(tmp_path / "x.db")
    upgrade(opened)
    yield opened
    opened.close()


def row(no, kind="started", run="r1"):
    return ledger.Row(run, no, kind, {"中": [1]}, Instant(5), "u")


def test_append_and_read(database):
    """Rows come back as they were written, each run by itself, those after a number alone."""
    with database.write() as connection:
        assert ledger.append(connection, row(1))
        assert ledger.append(connection, row(2, "stop"))
        assert ledger.append(connection, row(1, run="r2"))
    with database.read() as connection:
        assert ledger.rows(connection, "r1") == [row(1), row(2, "stop")]
        assert ledger.rows(connection, "r1", after=1) == [row(2, "stop")]
        assert ledger.runs(connection) == ["r2", "r1"]
        assert ledger.last(connection, "none") == 0


@pytest.mark.parametrize("no", [1, 3, 0])
def test_numbers_have_no_gaps(database, no):
    """A number that is taken or not the next one is refused and nothing is written."""
    with database.write() as connection:
        ledger.append(connection, row(1))
        assert not ledger.append(connection, row(no))
        assert ledger.last(connection, "r1") == 1


def test_unfinished(database):
    """A run is unfinished until its last record is there."""
    with database.write() as connection:
        ledger.append(connection, row(1))
        ledger.append(connection, row(1, run="r2"))
        ledger.append(connection, row(2, "finished", "r2"))
        assert ledger.unfinished(connection) == ["r1"]


def test_lease(database):
    """One holder at a time; it is taken over only from the holder that was seen; a lost one learns of it."""
    with database.write() as connection:
        assert ledger.take(connection, "r1", "a", Instant(1), former=None)
        assert not ledger.take(connection, "r1", "b", Instant(2), former=None)
        seen = ledger.holder(connection, "r1")
        assert ledger.beat(connection, "r1", "a", Instant(3))
        assert not ledger.take(connection, "r1", "b", Instant(4), former=seen)
        assert ledger.take(connection, "r1", "b", Instant(4), former=ledger.holder(connection, "r1"))
        assert not ledger.beat(connection, "r1", "a", Instant(5))
        ledger.release(connection, "r1", "a")
        assert ledger.holder(connection, "r1") == ledger.Holder("b", Instant(4))
        ledger.release(connection, "r1", "b")
        assert ledger.holder(connection, "r1") is None
