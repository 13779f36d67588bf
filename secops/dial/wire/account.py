"""What the caller of a raw scan chose, what the scan has done so far, and what it leaves to the next one."""

from collections.abc import Callable
from dataclasses import dataclass, field

from secops.dial.wire.canary import Canaries
from secops.dial.wire.pace import Pace


@dataclass(frozen=True, slots=True)
class Settings:
    """What the caller chose."""

    pps_per_host: float
    draining: Callable[[], bool]
    attempts: int
    """Times a silent target is asked at most while nothing is wrong."""
    patience: float
    """Seconds an answer is waited for at most."""
    key: bytes
    """Of the cookies: 16 secret bytes."""
    vlan: int = 0
    """802.1Q number of the frames; 0: untagged."""


@dataclass(slots=True)
class Account:
    """What one `find` has done so far."""

    sent: int = 0
    answered: int = 0
    refused: int = 0
    unrouted: int = 0
    unreachable: int = 0
    spoofed: int = 0
    """Answers and ICMP errors that did not fit the cookie: made up by somebody, or meant for another."""
    alive: bool | None = None
    left_out: dict[str, int] = field(default_factory=dict)
    """Reason -> targets there was no way to."""


@dataclass(slots=True)
class Memory:
    """What is known of one way from one `find` to the next."""

    canaries: Canaries
    pace: Pace = field(default_factory=Pace)
    round_trip: float = 0.0
    """Seconds from the first probe to the first answer; 0 until there is one."""
    slowest: float = 0.0
    """About the longest that canaries took of late, in seconds."""
