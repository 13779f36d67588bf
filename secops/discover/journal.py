"""What has been seen but not yet written, and the counts of a run. Pure: the hall writes."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from secops.core.model import Observation, Status

MOST = 2_000
LONGEST = 0.25
"""Seconds an observation waits at most before it is written: a crash costs no more."""


@dataclass(slots=True)
class Journal:
    """Observations on their way to the store."""

    pending: list[Observation] = field(default_factory=list)
    since: float = 0.0
    """Monotonic time of the oldest pending one."""
    written: int = 0
    open: int = 0
    planned: int = 0
    sent: int = 0
    answered: int = 0
    blocks: int = 0
    statuses: Counter[str] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)
    warnings: list[str] = field(default_factory=list)

    def add(self, seen: Observation, now: float) -> None:
        """Keep it for the next write."""
        if not self.pending:
            self.since = now
        self.pending.append(seen)
        if seen.status is not Status.SUCCESS:
            self.statuses[str(seen.status)] += 1

    def due(self, now: float) -> bool:
        """Must it be written now?"""
        return bool(self.pending) and (len(self.pending) >= MOST or now - self.since >= LONGEST)

    def take(self) -> list[Observation]:
        """Everything pending; the caller writes it."""
        taken, self.pending = self.pending, []
        self.written += len(taken)
        return taken

    def counts(self) -> Mapping[str, int]:
        """The counts of a summary."""
        return {
            "planned": self.planned,
            "sent": self.sent,
            "answered": self.answered,
            "open": self.open,
            "observations": self.written,
            "blocks": self.blocks,
        }
