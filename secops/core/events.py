"""What a running flow tells its door. Flows yield these; doors show them. Nothing here prints."""

from collections.abc import Mapping
from dataclasses import dataclass, field

SCHEMA = "secops/1.0"
"""Version of every machine-readable record: minor adds, major breaks."""


@dataclass(frozen=True, slots=True)
class Started:
    """A run began (or continues)."""

    run: str
    what: str
    resumed: bool = False


@dataclass(frozen=True, slots=True)
class Progress:
    """How far it is: `done` of `total` (0: unknown), in `unit`, and the rate per second."""

    stage: str
    done: int
    total: int
    unit: str = ""
    rate: float = 0.0
    found: int = 0
    left: float = 0.0
    """Seconds left; below zero: not known yet; 0: what total and rate make of it."""


@dataclass(frozen=True, slots=True)
class Note:
    """Something worth a line on stderr. `warning` also goes into the summary."""

    text: str
    warning: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """One result, for stdout where the user asked for a stream."""

    type: str
    data: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Summary:
    """The last event of every run: counts, what was left out and why, whether it can be resumed."""

    run: str
    kind: str
    complete: bool
    counts: Mapping[str, int | float] = field(default_factory=dict)
    left_out: Mapping[str, int] = field(default_factory=dict)
    """Reason -> how many."""
    resumable: bool = False
    warnings: tuple[str, ...] = ()
    duration_ms: int = 0
    state: str = "done"
    """done, incomplete, interrupted, stopped, refused, crashed."""


Event = Started | Progress | Note | Row | Summary
