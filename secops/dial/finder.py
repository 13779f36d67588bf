"""What both engines (raw SYN and connect) give: open ports, and at the end one account of what was sent."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from secops.scope.intervals import IntervalSet

DONE = "done"
"""`Tally.ended`: everything planned was asked."""
DRAINED = "drained"
"""`Tally.ended`: the caller asked for an early end."""
REFUSED = "refused"
"""`Tally.ended`: the Gate gave no further lease (expired, revoked, stopped)."""


@dataclass(frozen=True, slots=True)
class Open:
    """One open TCP port, answered by the address itself."""

    address: str
    """Canonical text."""
    port: int


@dataclass(frozen=True, slots=True)
class Tally:
    """What one `find` asked and heard. `planned` = `sent`'s distinct targets + `refused` only when `ended` is done."""

    planned: int
    """Targets: distinct (address, port) pairs."""
    sent: int
    """Packets or connection attempts, retries included."""
    answered: int
    """Targets that answered at all: open or reset."""
    refused: int
    """Targets the Gate left out; they were not asked."""
    seconds: float
    ended: str
    """`done`, `drained` or `refused`."""
    detail: str = ""
    """Code and reason of the Gate's refusal."""
    spoofed: int = 0
    """Forged answers dropped (raw engine only): their acknowledgement did not fit the cookie."""


class Finder(Protocol):
    """An engine that finds open TCP ports."""

    name: str
    """`syn` or `connect`."""

    def find(self, addresses: IntervalSet, ports: tuple[int, ...], *, seed: int) -> Iterator[Open | Tally]:
        """Each open port once, in the order heard, then exactly one Tally, last. `seed` permutes the order asked."""
        ...
