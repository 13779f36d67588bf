"""Manners beneath the Gate: its leases, narrowed to hosts that are not left alone and to what a network may bear.

Whatever sends takes this in the Gate's place, so both engines and every conversation keep to it alike.
"""

import threading
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from typing import Final, Protocol

from secops.core.address import V4, number
from secops.core.clock import Clock
from secops.scope.budget import Bucket
from secops.scope.intervals import IntervalSet
from secops.scope.lease import Lease
from secops.scope.level import Level

BRAKED: Final = "braked"
"""The reason the audit tells of a host that stopped answering."""


class Leasing(Protocol):
    """What is used of the Gate."""

    def lease(self, level: Level, want: int = 1) -> Lease: ...

    def refuse(self, address: str, port: int, reason: str) -> None: ...

    def give_back(self, count: int) -> None: ...


class Manners:
    """The Gate's leases with the run's own restraint. Safe between threads."""

    def __init__(self, gate: Leasing, clock: Clock, per_network: float) -> None:
        """`per_network`: packets a second to one /24 or /64 at most."""
        self._gate = gate
        self._clock = clock
        self._per_network = per_network
        self._lock = threading.Lock()
        self._bucket: Bucket | None = None
        self._spared: dict[str, None] = {}
        self._cut: tuple[IntervalSet, int, IntervalSet] | None = None
        self.granted = 0
        """Packets leased and not given back: what was sent, or is about to be."""

    def among(self, addresses: "IntervalSet | Iterable[str]") -> None:
        """From now on these addresses are asked, each alike: the rate is what their fullest network may bear."""
        rate = self._per_network * spread(addresses)
        with self._lock:
            if self._bucket is None or self._bucket.rate != rate:
                self._bucket = Bucket(max(1.0, rate), self._clock.monotonic())

    def spare(self, address: str) -> None:
        """Send nothing more to this host."""
        with self._lock:
            self._spared[address] = None

    @property
    def spared(self) -> IntervalSet:
        """The hosts left alone."""
        with self._lock:
            return IntervalSet.parse(tuple(self._spared))

    def lease(self, level: Level, want: int = 1) -> Lease:
        """A lease of the Gate, narrowed. Raises Refused, StoreError."""
        with self._lock:
            bucket = self._bucket
            most = want if bucket is None else bucket.take(want, self._clock.monotonic())
        lease = self._gate.lease(level, most)
        with self._lock:
            if bucket is not None and lease.budget < most:
                bucket.give_back(most - lease.budget)
            self.granted += lease.budget
            return replace(lease, targets=self._less(lease.targets)) if self._spared else lease

    def refuse(self, address: str, port: int, reason: str) -> None:
        """Count a target that was left alone."""
        self._gate.refuse(address, port, BRAKED if address in self._spared else reason)

    def give_back(self, count: int) -> None:
        """Return packets of a lease that were not sent."""
        with self._lock:
            if self._bucket is not None:
                self._bucket.give_back(count)
            self.granted -= count
        self._gate.give_back(count)

    def _less(self, targets: IntervalSet) -> IntervalSet:
        """The targets without the spared; the same object as long as nothing changed."""
        if self._cut is None or self._cut[0] is not targets or self._cut[1] != len(self._spared):
            self._cut = targets, len(self._spared), targets.minus(IntervalSet.parse(tuple(self._spared)))
        return self._cut[2]


def spread(addresses: "IntervalSet | Iterable[str]") -> float:
    """How many networks as full as the fullest these addresses would fill: 1.0 for one network."""
    if isinstance(addresses, IntervalSet):
        total, fullest = addresses.count(), 0
        fill: Counter[int] = Counter()
        for first, last in addresses.line:
            width = _width(first)
            low, high = first >> width, last >> width
            if high - low >= 2 or fullest == 1 << width:
                fullest = 1 << width
                continue
            fill[low] += min(last, ((low + 1) << width) - 1) - first + 1
            if high != low:
                fill[high] += last - (high << width) + 1
        fullest = max([fullest, *fill.values()])
    else:
        counted = Counter(number(each) >> _width(number(each)) for each in addresses)
        total, fullest = counted.total(), max(counted.values(), default=0)
    return total / fullest if fullest else 1.0


def _width(place: int) -> int:
    """Bits of an address within its network: 8 of IPv4's, 64 of IPv6's."""
    return 8 if V4 <= place <= V4 + 0xFFFF_FFFF else 64
