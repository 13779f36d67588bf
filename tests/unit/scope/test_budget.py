"""The token bucket."""

import pytest

from secops.scope.budget import Bucket


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
