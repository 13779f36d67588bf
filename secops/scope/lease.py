"""The lease: leave to send a little, for a moment, to some targets."""

from dataclasses import dataclass
from typing import Final

from secops.scope.intervals import IntervalSet
from secops.scope.level import Level
from secops.scope.ports import PortSet

LONGEST: Final = 0.1
"""Seconds a lease lives at most: a revocation stops all sending well within one second."""


@dataclass(frozen=True, slots=True)
class Lease:
    """What may be sent now. `budget` packets, already taken from the scope's rate; 0 means wait 10 ms and ask again."""

    targets: IntervalSet
    ports: PortSet
    budget: int
    level: Level
    expires: float
    """On the clock's monotonic hand, in seconds."""
    epoch: int
    scope_id: str

    def allows(self, address: str, port: int) -> bool:
        """May this address and port be touched? Says nothing about time: see `live`."""
        return port in self.ports and address in self.targets

    def reaches(self, address: str) -> bool:
        """May this address itself be asked whether it lives (echo, ARP, ND)? No port is touched by that."""
        return address in self.targets

    def live(self, monotonic: float) -> bool:
        """Is it still good at this moment?"""
        return monotonic < self.expires
