"""A letter: one document on its way to one sink, and the receipt that says how sending it ended.

The store keeps letters (outbox), grading writes them, the deliver room sends them; none of the three knows the others.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from secops.core.clock import Instant


class Stream(StrEnum):
    """What kind of document it is, which decides how a sink keeps it."""

    ALERTS = "alerts"
    """One immutable document per finding transition."""
    FINDINGS = "findings"
    """The present state of each finding; a higher version replaces a lower one."""


class LetterState(StrEnum):
    """Where a letter stands."""

    QUEUED = "queued"
    """Not sent, or answered with a clear "not now"."""
    UNKNOWN = "unknown"
    """Handed to the sink and no answer on record: it must be looked for before it is sent again."""
    DELIVERED = "delivered"
    DEAD = "dead"
    """The sink will never take it; the reason is kept."""


class Outcome(StrEnum):
    """How one sending of one letter ended."""

    DELIVERED = "delivered"
    RETRY = "retry"
    """Certainly not taken; may be sent again."""
    DEAD = "dead"
    UNKNOWN = "unknown"
    """May or may not have been taken."""


@dataclass(frozen=True, slots=True)
class Route:
    """A sink named in the configuration and the streams it takes."""

    sink: str
    streams: frozenset[Stream]


@dataclass(frozen=True, slots=True)
class Letter:
    """One document for one sink. `id` is the document's id at the sink; with `version` it never changes."""

    seq: int
    sink: str
    stream: Stream
    id: str
    version: int
    body: str
    """The document: JSON on one line."""
    attempts: int = 0
    doubtful: bool = False
    """An earlier sending has no answer on record: the sink looks for the id before it sends."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """How the sending of letter `seq` ended."""

    seq: int
    outcome: Outcome
    reason: str = ""
    after: float = 0.0
    """Seconds the sink asked us to wait; 0 leaves it to the pump."""


class Outbox(Protocol):
    """What the pump asks of the store. Each call is one synced transaction."""

    def claim(self, sink: str, limit: int, now: Instant) -> Sequence[Letter]:
        """The oldest letters due, marked UNKNOWN on disk before they are returned."""
        ...

    def settle(self, receipts: Sequence[Receipt], now: Instant, due: Sequence[Instant]) -> None:
        """Write how each ended; `due` says, item by item, when one to be repeated may be tried again."""
        ...

    def waiting(self, sink: str) -> int:
        """How many letters are neither delivered nor dead."""
        ...

    def next_due(self, sink: str) -> Instant | None:
        """When the earliest waiting letter may be tried, None where nothing waits."""
        ...
