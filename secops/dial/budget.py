"""The lease in hand: renewed as it expires, spent packet by packet, given up at once when the Gate refuses."""

from typing import Protocol

from secops.core.clock import Clock
from secops.scope.lease import Lease
from secops.scope.level import Level

_ASK_EVERY = 0.01
"""Seconds between two requests while the bucket is empty."""


class Leasing(Protocol):
    """What is used of the Gate."""

    def lease(self, level: Level, want: int = 1) -> Lease: ...

    def refuse(self, address: str, port: int, reason: str) -> None: ...

    def give_back(self, count: int) -> None: ...


class Budget:
    """Packets we may send now. Every method may raise `core.errors.Refused`: then nothing more may be sent."""

    def __init__(self, gate: Leasing, clock: Clock, level: Level, share: int = 256) -> None:
        self._gate = gate
        self._clock = clock
        self._level = level
        self._share = share
        self._lease: Lease | None = None
        self._left = 0
        self._whole = False
        """The last lease gave all that was asked for: the bucket holds more, there is no need to wait."""
        self._asked = float("-inf")
        self.spent = 0

    def keep(self, now: float | None = None) -> None:
        """Renew the lease if it has expired, so that a revocation ends waiting conversations too.

        `now` here and below: the clock's monotonic hand where the caller has just read it.
        """
        lease = self._lease
        if lease is None or (self._clock.monotonic() if now is None else now) >= lease.expires:
            self._renew()

    def take(self, count: int = 1, now: float | None = None) -> bool:
        """True when `count` packets may be sent now; False: ask again in some 10 ms."""
        self.keep(now)
        if self._left < count:
            if self._clock.monotonic() < self._asked + _ASK_EVERY and not self._whole:
                return False
            self._renew()
        if self._left < count:
            return False
        self._left -= count
        self.spent += count
        return True

    def allows(self, address: str, port: int, now: float | None = None) -> bool:
        """Is this target within the lease in hand? A no is counted in the audit."""
        self.keep(now)
        assert self._lease is not None
        if self._lease.allows(address, port):
            return True
        self._gate.refuse(address, port, "out-of-lease")
        return False

    def reaches(self, address: str) -> bool:
        """Is this address within the lease in hand, for an echo or ARP? A no is counted in the audit."""
        self.keep()
        assert self._lease is not None
        if self._lease.reaches(address):
            return True
        self._gate.refuse(address, 0, "out-of-lease")
        return False

    def close(self) -> None:
        """Give back what was not spent."""
        if self._left:
            self._gate.give_back(self._left)
        self._left, self._lease = 0, None

    def _renew(self) -> None:
        self._asked = self._clock.monotonic()
        if self._left:
            self._gate.give_back(self._left)
            self._left = 0
        self._lease = None
        self._lease = self._gate.lease(self._level, self._share)
        self._left = self._lease.budget
        self._whole = self._left >= self._share
