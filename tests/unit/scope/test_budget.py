"""The token bucket."""

import pytest

from secops.core.errors import StoreError
from secops.scope.budget import Bucket, Shared


def test_rate() -> None:
    """Over ten seconds no more is given than the rate allows, however often one asks."""
    bucket = Bucket(1000, 0.0)
    given = sum(bucket.take(10_000, i / 1000) for i in range(10_001))
    assert 9_900 <= given <= 10_000


def test_saves_little() -> None:
    """An hour of silence earns a tenth of a second of packets."""
    assert Bucket(1000, 0.0).take(10_000, 3600.0) == 100


def test_slow() -> None:
    """One packet a second is one packet a second."""
    bucket = Bucket(1, 0.0)
    assert [bucket.take(5, t) for t in (0.0, 0.5, 1.0, 1.5, 2.0)] == [1, 0, 1, 0, 1]


def test_back() -> None:
    """Unused packets come back, but never more than were taken, and a clock that steps back earns nothing."""
    bucket = Bucket(100, 0.0)
    assert bucket.take(10, 1.0) == 10
    assert bucket.take(10, 0.5) == 0
    assert bucket.give_back(50) == 10
    assert bucket.give_back(1) == 0
    assert bucket.take(50, 1.0) == 10


def test_absurd() -> None:
    """A rate below one packet a second is refused."""
    with pytest.raises(ValueError):
        Bucket(0, 0.0)


def test_two_processes_share(tmp_path) -> None:
    """Two buckets over one file give together what one gives; what one gives back the other may take."""
    one, two = Shared(tmp_path / "rates" / "s", 1000, 0.0), Shared(tmp_path / "rates" / "s", 1000, 0.0)
    taken = [0, 0]
    for step in range(1, 1001):
        for number, each in enumerate((one, two)):
            taken[number] += each.take(40, step * 0.01)
    assert sum(taken) == pytest.approx(10_000, abs=100)
    assert one.take(500, 11.0) == 100
    assert two.take(500, 11.0) == 0
    assert one.give_back(60) == 60
    assert two.take(500, 11.0) == 60
    one.close()
    two.close()


def test_account_outlives_a_crash_and_a_restart(tmp_path) -> None:
    """Whoever comes later finds the account empty, not full; after the machine's restart it begins anew."""
    Shared(tmp_path / "s", 1000, 0.0).take(100, 50.0)
    assert Shared(tmp_path / "s", 1000, 50.0).take(100, 50.05) == 50
    restarted = Shared(tmp_path / "s", 1000, 1.0)
    assert [restarted.take(100, 1.0), restarted.take(100, 1.05)] == [0, 50]
    (tmp_path / "s").write_bytes(b"garbage")
    assert Shared(tmp_path / "s", 1000, 2.0).take(100, 2.0) == 0


def test_account_that_cannot_be_kept(tmp_path) -> None:
    """Where the file cannot be kept nothing is given."""
    (tmp_path / "s").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StoreError, match="E2413"):
        Shared(tmp_path / "s", 1000, 0.0)
