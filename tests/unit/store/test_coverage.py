import pytest

from secops.core.model import Coverage
from secops.store import coverage
from secops.store.database import Database
from secops.store.migrate import upgrade

BLOCK = Coverage("r", 3, (("198.18.0.0", "198.18.0.9"), ("2001:db8::", "2001:db8::3")), (80, 443), asked=24, answered=5)


@pytest.fixture
def database(tmp_path):
    made = Database.file(tmp_path / "a.db")
    upgrade(made)
    yield made
    made.close()


def test_written_and_read(database):
    """A finished block is read as it was written and counts as done."""
    with database.write() as connection:
        assert coverage.append(connection, BLOCK)
        assert coverage.of_run(connection, "r") == [BLOCK]
        assert coverage.blocks_done(connection, "r") == {3}
        assert coverage.blocks_done(connection, "other") == frozenset()


def test_the_first_one_stands(database):
    """A block redone after a crash does not change its coverage."""
    with database.write() as connection:
        coverage.append(connection, BLOCK)
        assert not coverage.append(connection, Coverage("r", 3, (), ()))
        assert coverage.of_run(connection, "r") == [BLOCK]
