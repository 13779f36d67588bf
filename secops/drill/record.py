"""The rows of a run's ledger: append-only, numbered from 1, each synced before the next thing happens."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from secops.core.clock import Instant


class Entry(StrEnum):
    """What a row of the ledger says."""

    STARTED = "started"
    """Payload: plan (whole)."""
    INTENT = "intent"
    """Payload: step, attempt, arguments, token. On disk before anything is sent."""
    RECEIPT = "receipt"
    """Payload: step, attempt, outcome, outputs, detail."""
    UNKNOWN = "unknown"
    """Payload: step, attempt, why. An intent whose receipt never came."""
    SETTLED = "settled"
    """Payload: step, attempt, outcome, outputs, detail, by (probe, person). Outcome `not-done`: it did not happen."""
    APPROVED = "approved"
    """Payload: step, note."""
    REJECTED = "rejected"
    """Payload: step, note."""
    TIMEOUT = "timeout"
    """Payload: step."""
    STOP = "stop"
    """Payload: why."""
    FINISHED = "finished"
    """Payload: result, verdict, detail."""


@dataclass(frozen=True, slots=True)
class Record:
    """One row."""

    type: Entry
    at: Instant
    payload: Mapping[str, object] = field(default_factory=dict)
    who: str = ""
    no: int = 0
    """Its number in the run; 0 until it is appended."""

    def text(self, name: str) -> str:
        """A text of the payload, empty where it is missing."""
        value = self.payload.get(name)
        return value if isinstance(value, str) else ""

    def number(self, name: str) -> int:
        """A whole number of the payload, 0 where it is missing."""
        value = self.payload.get(name)
        return value if isinstance(value, int) else 0

    def texts(self, name: str) -> dict[str, str]:
        """A mapping of texts of the payload, empty where it is missing."""
        value = self.payload.get(name)
        return {str(key): str(each) for key, each in value.items()} if isinstance(value, Mapping) else {}
