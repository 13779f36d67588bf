"""Sets of TCP and UDP ports, 1 to 65535."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, Self

import secops.scope.ranges as arithmetic
from secops.scope.ranges import Ranges

HIGHEST: Final = 65535
_PORT: Final = re.compile(r"([0-9]{1,5})(?:\s*-\s*([0-9]{1,5}))?")


def span(text: str | int) -> tuple[int, int]:
    """First and last port of `443` or `8000-8100`. Raises ValueError; port 0 is none."""
    found = _PORT.fullmatch(str(text).strip())
    if found is None:
        raise ValueError(f"not a port or a range of ports: {str(text)[:40]!r}")
    first = int(found[1])
    last = int(found[2] or found[1])
    if not 1 <= first <= last <= HIGHEST:
        raise ValueError(f"ports lie between 1 and {HIGHEST}, lower one first: {str(text)[:40]!r}")
    return first, last


@dataclass(frozen=True, slots=True)
class PortSet:
    """An immutable set of ports. `ranges` are sorted, disjoint, inclusive pairs."""

    ranges: Ranges = ()

    @classmethod
    def parse(cls, items: Iterable[str | int]) -> Self:
        """The set of all these ports and ranges. Raises ValueError."""
        return cls(arithmetic.normalise(span(item) for item in items))

    def __contains__(self, port: object) -> bool:
        return isinstance(port, int) and arithmetic.holds(self.ranges, port)

    def __bool__(self) -> bool:
        return bool(self.ranges)

    def __iter__(self) -> Iterator[int]:
        for first, last in self.ranges:
            yield from range(first, last + 1)

    def union(self, other: "PortSet") -> "PortSet":
        """What either holds."""
        return PortSet(arithmetic.normalise([*self.ranges, *other.ranges]))

    def minus(self, other: "PortSet") -> "PortSet":
        """What this holds and the other does not."""
        return PortSet(arithmetic.minus(self.ranges, other.ranges))

    def intersect(self, other: "PortSet") -> "PortSet":
        """What both hold."""
        return PortSet(arithmetic.intersect(self.ranges, other.ranges))

    def count(self) -> int:
        """How many ports."""
        return arithmetic.count(self.ranges)

    def __str__(self) -> str:
        return ",".join(str(a) if a == b else f"{a}-{b}" for a, b in self.ranges)
