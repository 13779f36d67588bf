"""What has been seen but not yet written, and the counts of a run. Pure: the hall writes."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from secops.core.model import Observation, Status
from secops.dial.finder import Tally

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
    unreachable: int = 0
    canaries: int = 0
    canaries_lost: int = 0
    slowed: Counter[str] = field(default_factory=Counter)
    slowest: float = 0.0
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

    def account(self, tally: Tally) -> None:
        """What an engine's search of one block came to."""
        self.sent += tally.sent
        self.answered += tally.answered
        self.unreachable += tally.unreachable
        self.canaries += tally.canaries
        self.canaries_lost += tally.canaries_lost
        self.slowed.update(tally.slowed)
        if tally.slowest:
            self.slowest = min(self.slowest or tally.slowest, tally.slowest)

    def loss(self) -> float | None:
        """Share of known-open targets that stayed silent when asked again; None when nobody could be asked."""
        return self.canaries_lost / self.canaries if self.canaries else None

    def due(self, now: float) -> bool:
        """Must it be written now?"""
        return bool(self.pending) and (len(self.pending) >= MOST or now - self.since >= LONGEST)

    def take(self) -> list[Observation]:
        """Everything pending; the caller writes it."""
        taken, self.pending = self.pending, []
        self.written += len(taken)
        return taken

    def counts(self) -> Mapping[str, int | float]:
        """The counts of a summary. `loss` is missing where it could not be measured."""
        loss = self.loss()
        return {
            "planned": self.planned,
            "sent": self.sent,
            "answered": self.answered,
            "open": self.open,
            "observations": self.written,
            "blocks": self.blocks,
            "unreachable": self.unreachable,
            "canaries": self.canaries,
            "canaries_lost": self.canaries_lost,
            **({} if loss is None else {"loss": round(loss, 4)}),
        }
