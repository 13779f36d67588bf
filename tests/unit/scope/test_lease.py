"""The lease and the levels it speaks of."""

import pytest

from secops.scope.intervals import IntervalSet
from secops.scope.lease import LONGEST, Lease
from secops.scope.level import Level
from secops.scope.ports import PortSet


def test_lease() -> None:
    """Address and port must both be covered, and its time runs out at its very moment."""
    lease = Lease(IntervalSet.parse(["198.18.0.0/30"]), PortSet.parse([80]), 5, Level.GENTLE, 1.0, 0, "scp-x")
    assert lease.allows("198.18.0.3", 80)
    assert not lease.allows("198.18.0.3", 81)
    assert not lease.allows("198.18.0.4", 80)
    assert not lease.allows("198.18.0.3", 0)
    assert (lease.reaches("198.18.0.3"), lease.reaches("198.18.0.4")) == (True, False)
    assert (lease.live(0.999), lease.live(1.0)) == (True, False)
    assert LONGEST <= 0.1
    with pytest.raises(AttributeError):
        lease.budget = 6


def test_levels(monkeypatch: pytest.MonkeyPatch) -> None:
    """Levels are ordered by what the target feels, each with its word in both languages."""
    assert sorted(Level) == [Level.PASSIVE, Level.GENTLE, Level.ACTIVE, Level.INTRUSIVE]
    assert len({each.title for each in Level}) == 4
    monkeypatch.setenv("SECOPS_LANG", "en")
    assert Level.ACTIVE.title == "active"
