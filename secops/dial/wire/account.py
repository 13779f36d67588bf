"""What the caller of a raw scan chose, and what the scan has done so far."""

from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Settings:
    """What the caller chose."""

    pps_per_host: float
    draining: Callable[[], bool]
    attempts: int
    """Times a silent target is asked at most."""
    patience: float
    """Seconds an answer is waited for at most."""
    key: bytes
    """Of the cookies: 16 secret bytes."""


@dataclass(slots=True)
class Account:
    """What one `find` has done so far."""

    sent: int = 0
    answered: int = 0
    refused: int = 0
    spoofed: int = 0
    """Answers whose acknowledgement did not fit the cookie: made up by somebody, or meant for another."""
    round_trip: float = 0.0
    """Seconds from the first probe to the first answer; 0 until there is one."""
    late: float = 0.0
    """The longest an answer came after its round had ended, in seconds."""
    left_out: dict[str, int] = field(default_factory=dict)
    """Reason -> targets there was no way to."""
