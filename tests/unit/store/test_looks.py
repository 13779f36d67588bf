"""Which looks of the log only repeat, and how many others a stretch may hold."""

from dataclasses import replace

import pytest
import sqlalchemy as sa

from secops.core.clock import Instant
from secops.core.model import Observation, Status, Target
from secops.store import looks, observations
from secops.store.database import Database


def _look(place: int, run: int, title: str = "a") -> Observation:
    target = Target(f"198.18.0.{place}", 80)
    return Observation("gd", "o", f"r{run}", "http@1", target, Instant(run), Status.SUCCESS, {"http.title": title})


def _logged(database: Database, items: list[Observation], *, known: bool = False) -> int:
    """Log these looks, `known`: as taken in; gives the place before the first."""
    with database.write() as connection:
        place = connection.execute(
            sa.select(sa.func.coalesce(sa.func.max(observations.observations.c.seq), 0))
        ).scalar()
        assert place is not None
        observations.append(connection, items)
        if known:
            rows = [
                (each.look, each.digest, int(entry.seen_at), each.seq, ())
                for each in observations.after(connection, place, 1_000)
                if isinstance(entry := each.entry, Observation)
            ]
            looks.put(connection, rows)
    return place


@pytest.fixture
def place(database: Database) -> int:
    """Ten looks are known; behind this place every third of them says something else, and two were never heard of."""
    _logged(database, [_look(each, 1) for each in range(10)], known=True)
    again = [_look(each, 2, "b" if each % 3 == 0 else "a") for each in range(10)]
    return _logged(database, [*again, _look(20, 2), _look(21, 2)])


def test_what_says_the_same_repeats_and_the_rest_is_new(database: Database, place: int) -> None:
    """The places of what must be read are told; nothing follows what was looked through."""
    with database.write() as connection:
        found = looks.unchanged(connection, place, 100)
    assert found == looks.Stretch(place + 12, 6, [place + each for each in (1, 4, 7, 10, 11, 12)], cut=False)


@pytest.mark.parametrize(("slow", "new"), [(1, [1]), (3, [1, 4, 7]), (6, [1, 4, 7, 10]), (7, [1, 4, 7, 10, 11])])
def test_a_stretch_ends_where_too_much_is_new(database: Database, place: int, slow: int, new: list[int]) -> None:
    """One that was never heard of counts as three; there is always one, and the stretch ends with it."""
    with database.write() as connection:
        found = looks.unchanged(connection, place, slow)
    assert found is not None
    assert [each - place for each in found.new] == new
    assert found.upto == place + new[-1]
    assert found.repeated + len(new) == new[-1]
    assert found.cut


def test_no_more_of_the_log_is_looked_through_than_asked(database: Database, place: int) -> None:
    """What lies behind is left to the next."""
    with database.write() as connection:
        found = looks.unchanged(connection, place, 100, 3)
        assert found == looks.Stretch(place + 3, 2, [place + 1], cut=False)
        assert looks.unchanged(connection, place + 12, 100) is None


def test_looks_at_one_port_are_judged_together(database: Database) -> None:
    """One that repeats is read beside one that tells news of the same port."""
    other = replace(_look(1, 1), collector="port@1")
    _logged(database, [_look(1, 1), other], known=True)
    place = _logged(database, [_look(1, 2, "b"), replace(other, run="r2", seen_at=Instant(2))])
    with database.write() as connection:
        found = looks.unchanged(connection, place, 100)
    assert found == looks.Stretch(place + 2, 0, [place + 1, place + 2], cut=False)
