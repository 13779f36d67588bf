import pytest

from secops.core.clock import Instant
from secops.store import runs
from secops.store.database import Database
from secops.store.migrate import upgrade


@pytest.fixture
def database(tmp_path):
    made = Database.file(tmp_path / "a.db")
    upgrade(made)
    yield made
    made.close()


def run(name="a", at=1):
    return runs.Run(name, "discover", "s", "running", {"x": [1]}, "h", Instant(at), Instant(at), None, 7, {}, {})


def test_life_of_a_run(database):
    """A run begins running, gives signs of life, ends with its summary, and can go on again."""
    with database.write() as connection:
        runs.begin(connection, run())
        runs.beat(connection, "a", Instant(5), {"open": 3})
        assert [each.id for each in runs.unended(connection)] == ["a"]
        found = runs.get(connection, "a")
        assert (found.state, found.heartbeat, found.progress) == ("running", 5, {"open": 3})
        runs.end(connection, "a", Instant(9), "interrupted", {"state": "interrupted"})
        assert runs.unended(connection) == []
        assert runs.get(connection, "a").summary == {"state": "interrupted"}
        runs.again(connection, "a", Instant(11), 8)
        again = runs.get(connection, "a")
        assert (again.state, again.ended_at, again.pid, again.plan) == ("running", None, 8, {"x": [1]})


def test_latest_first(database):
    """The newest run comes first; an unknown id gives nothing."""
    with database.write() as connection:
        runs.begin(connection, run("a", 1))
        runs.begin(connection, run("b", 2))
        assert [each.id for each in runs.latest(connection)] == ["b", "a"]
        assert [each.id for each in runs.latest(connection, 1)] == ["b"]
        assert runs.get(connection, "c") is None
