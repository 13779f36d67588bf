"""Sets of ranges behave as the sets of numbers they stand for."""

import ipaddress
import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from secops.scope.intervals import IntervalSet
from secops.scope.ports import PortSet

pytestmark = pytest.mark.property
BASES = (int(ipaddress.ip_address("198.18.0.0")), 0, 0xFFFFFFFF - 80)
PAIRS = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 20)), max_size=8)


def texts(pairs: list[tuple[int, int]], base: int, family: type) -> list[str]:
    return [f"{family(base + a)}-{family(base + a + n)}" for a, n in pairs]


def numbers(pairs: list[tuple[int, int]]) -> set[int]:
    return {each for a, n in pairs for each in range(a, a + n + 1)}


@settings(max_examples=120, deadline=None)
@given(PAIRS, PAIRS, st.sampled_from(BASES), st.sampled_from([ipaddress.IPv4Address, ipaddress.IPv6Address]))
def test_brute_force(left: list, right: list, base: int, family: type) -> None:
    """Union, difference, intersection, count, members and listing equal those of plain sets, in both families."""
    a, b = (IntervalSet.parse(texts(each, base, family)) for each in (left, right))
    for made, plain in (
        (a.union(b), numbers(left) | numbers(right)),
        (a.minus(b), numbers(left) - numbers(right)),
        (a.intersect(b), numbers(left) & numbers(right)),
    ):
        assert list(made.addresses()) == [str(family(base + each)) for each in sorted(plain)]
        assert made.count() == len(plain)
        assert bool(made) is bool(plain)
        assert all((str(family(base + each)) in made) is (each in plain) for each in range(81))
        assert IntervalSet.parse(made.networks()) == made
        ranges = made.v4 or made.v6
        assert all(one[1] + 1 < two[0] for one, two in itertools.pairwise(ranges))


@settings(max_examples=80, deadline=None)
@given(PAIRS, PAIRS)
def test_ports_brute_force(left: list, right: list) -> None:
    """Port sets equal plain sets too, and read back from their own text."""
    a, b = (PortSet.parse([f"{p + 1}-{p + n + 1}" for p, n in each]) for each in (left, right))
    assert set(a.minus(b)) == set(a) - set(b)
    assert set(a.intersect(b)) == set(a) & set(b)
    assert set(a.union(b)) == set(a) | set(b)
    assert not a or PortSet.parse(str(a).split(",")) == a
