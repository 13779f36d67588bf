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
        self._asked = float("-inf")
        self.spent = 0

    def keep(self) -> None:
        """Renew the lease if it has expired, so that a revocation ends waiting conversations too."""
        if self._lease is None or not self._lease.live(self._clock.monotonic()):
            self._renew()

    def take(self, count: int = 1) -> bool:
        """True when `count` packets may be sent now; False: ask again in some 10 ms."""
        self.keep()
        if self._left < count:
            if self._clock.monotonic() < self._asked + _ASK_EVERY:
                return False
            self._renew()
        if self._left < count:
            return False
        self._left -= count
        self.spent += count
        return True

    def allows(self, address: str, port: int) -> bool:
        """Is this target within the lease in hand? A no is counted in the audit."""
        self.keep()
        assert self._lease is not None
        if self._lease.allows(address, port):
            return True
        self._gate.refuse(address, port, "out-of-lease")
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
