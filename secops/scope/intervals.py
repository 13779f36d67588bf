"""Sets of IPv4 and IPv6 addresses as ranges: what a scope allows, what a run has asked, what a lease covers.

An IPv4-mapped IPv6 address (`::ffff:192.0.2.1`) is the IPv4 address it stands for, in parsing and in membership: a
connection to it reaches that host. Addresses with a zone (`fe80::1%eth0`) are in no set.
"""

import ipaddress
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Self

import secops.scope.ranges as arithmetic
from secops.core.address import V4
from secops.core.address import number as place
from secops.scope.ranges import Ranges

_V4_END: Final = V4 + 0xFFFF_FFFF


def span(text: str) -> tuple[int, int]:
    """First and last place on the line (`core.address`) of a CIDR, a range `a-b` or an address. Raises ValueError.

    A CIDR with host bits set (`192.0.2.1/24`) is refused: its writer meant either the host or the network.
    """
    words = text.strip()
    if "%" in words:
        raise ValueError(f"zone in address: {words[:60]!r}")
    if "-" in words:
        left, _, right = words.partition("-")
        first, last = place(left.strip()), place(right.strip())
        if (V4 <= first <= _V4_END) != (V4 <= last <= _V4_END):
            raise ValueError(f"range from one family to the other: {words[:90]!r}")
        if last < first:
            raise ValueError(f"range runs backwards: {words[:90]!r}")
        return first, last
    if "/" in words:
        network = ipaddress.ip_network(words)
        offset = V4 if network.version == 4 else 0
        return int(network.network_address) + offset, int(network.broadcast_address) + offset
    return place(words), place(words)


@dataclass(frozen=True, eq=True)
class IntervalSet:
    """An immutable set of addresses. `v4` and `v6` are sorted, disjoint, inclusive pairs of plain integers."""

    v4: Ranges = ()
    v6: Ranges = ()

    @classmethod
    def parse(cls, items: Iterable[str]) -> Self:
        """The set of all these CIDRs, ranges and addresses. Raises ValueError."""
        return cls.of(span(item) for item in items)

    @classmethod
    def of(cls, spans: Iterable[tuple[int, int]]) -> Self:
        """The set of these inclusive spans of the line of `core.address`."""
        line = arithmetic.normalise(spans)
        four = tuple((a - V4, b - V4) for a, b in arithmetic.intersect(line, ((V4, _V4_END),)))
        return cls(four, arithmetic.minus(line, ((V4, _V4_END),)))

    @cached_property
    def line(self) -> Ranges:
        """Both families as ranges of one line."""
        return arithmetic.normalise([*((a + V4, b + V4) for a, b in self.v4), *self.v6])

    def __contains__(self, address: object) -> bool:
        if not isinstance(address, str):
            return False
        try:
            return arithmetic.holds(self.line, place(address))
        except ValueError:
            return False

    def __bool__(self) -> bool:
        return bool(self.v4 or self.v6)

    def union(self, other: "IntervalSet") -> "IntervalSet":
        """What either holds."""
        return IntervalSet(arithmetic.normalise([*self.v4, *other.v4]), arithmetic.normalise([*self.v6, *other.v6]))

    def minus(self, other: "IntervalSet") -> "IntervalSet":
        """What this holds and the other does not."""
        return IntervalSet(arithmetic.minus(self.v4, other.v4), arithmetic.minus(self.v6, other.v6))

    def intersect(self, other: "IntervalSet") -> "IntervalSet":
        """What both hold."""
        return IntervalSet(arithmetic.intersect(self.v4, other.v4), arithmetic.intersect(self.v6, other.v6))

    def count(self) -> int:
        """How many addresses."""
        return arithmetic.count(self.v4) + arithmetic.count(self.v6)

    def addresses(self) -> Iterator[str]:
        """Every address in canonical text, IPv4 first, ascending. Lazy: sets may be huge."""
        for first, last in self.v4:
            for value in range(first, last + 1):
                yield str(ipaddress.IPv4Address(value))
        for first, last in self.v6:
            for value in range(first, last + 1):
                yield str(ipaddress.IPv6Address(value))

    def networks(self) -> Iterator[str]:
        """The fewest CIDRs that make the set, IPv4 first."""
        for first, last in self.v4:
            for four in ipaddress.summarize_address_range(ipaddress.IPv4Address(first), ipaddress.IPv4Address(last)):
                yield str(four)
        for first, last in self.v6:
            for six in ipaddress.summarize_address_range(ipaddress.IPv6Address(first), ipaddress.IPv6Address(last)):
                yield str(six)

    def __str__(self) -> str:
        return ", ".join(self.networks())
