"""Manners: hosts left alone, and no more to a network than it may bear."""

import pytest

from secops.core.clock import ManualClock
from secops.scope.intervals import IntervalSet
from secops.scope.level import Level
from secops.scope.manners import BRAKED, Manners, spread


class Door:
    """A Gate that gives all that is asked and writes down what it is told."""

    def __init__(self, gate) -> None:
        self.gate = gate
        self.refused: list[tuple[str, int, str]] = []
        self.back = 0

    def lease(self, level, want=1):
        from dataclasses import replace

        return replace(self.gate.lease(level, 0), budget=want)

    def refuse(self, address, port, reason):
        self.refused.append((address, port, reason))

    def give_back(self, count):
        self.back += count


@pytest.fixture
def door(open_gate, scope) -> Door:
    return Door(open_gate(scope))


def test_spared_host_is_in_no_further_lease(door: Door, clock: ManualClock) -> None:
    """A spared host leaves every later lease, its neighbours stay, and the audit is told why."""
    manners = Manners(door, clock, 400)
    assert manners.lease(Level.GENTLE).allows("198.18.0.1", 80)
    manners.spare("198.18.0.1")
    lease = manners.lease(Level.GENTLE)
    assert not lease.allows("198.18.0.1", 80)
    assert lease.allows("198.18.0.2", 80)
    assert manners.lease(Level.GENTLE).targets is lease.targets
    manners.refuse("198.18.0.1", 80, "out-of-lease")
    manners.refuse("198.18.0.2", 80, "out-of-lease")
    assert [reason for *_, reason in door.refused] == [BRAKED, "out-of-lease"]
    assert list(manners.spared.addresses()) == ["198.18.0.1"]


def test_network_gets_its_share_and_no_more(door: Door, clock: ManualClock) -> None:
    """Over ten seconds one /24 gets its rate; what was not sent may be sent later; two networks get twice as much."""
    manners = Manners(door, clock, 400)
    for network, rate in (("198.18.0.0/24", 400), ("198.18.0.0/23", 800)):
        manners.among(IntervalSet.parse([network]))
        sent = 0
        for _ in range(1_000):
            clock.advance(0.01)
            sent += manners.lease(Level.GENTLE, 256).budget
        assert sent == pytest.approx(rate * 10, rel=0.02)
    clock.advance(1)
    first = manners.lease(Level.GENTLE, 256).budget
    manners.give_back(first)
    assert manners.lease(Level.GENTLE, 256).budget == first


@pytest.mark.parametrize(
    ("addresses", "expected"),
    [
        (["198.18.0.0/24"], 1.0),
        (["198.18.0.0/16"], 256.0),
        (["198.18.0.0/25", "198.18.1.0/25"], 2.0),
        (["198.18.0.0/24", "198.18.1.1"], 257 / 256),
        (["198.18.0.200-198.18.1.55"], 2.0),
        (["2001:db8::/120"], 1.0),
        (["2001:db8::1", "2001:db8:0:1::1"], 2.0),
        ([], 1.0),
    ],
)
def test_spread(addresses: list[str], expected: float) -> None:
    """How many networks as full as the fullest there are, counted in ranges or address by address."""
    whole = IntervalSet.parse(addresses)
    assert spread(whole) == pytest.approx(expected, rel=0.01)
    assert spread(whole.addresses()) == pytest.approx(expected, rel=0.01)
