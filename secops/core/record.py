"""One row of a register, as it is in force."""

from collections.abc import Mapping
from dataclasses import dataclass

from secops.core.clock import Instant


@dataclass(frozen=True, slots=True)
class Record:
    """One row of a register in force."""

    site: str
    type: str
    key: str
    org_id: str
    """Code of the organisation, as declared."""
    system: str
    """Code of the system, as declared."""
    valid_until: str
    """The day after which it is out of date, `2026-01-31`; empty where it has none."""
    fields: Mapping[str, object]
    seq: int
    at: Instant
    who: str
    reason: str = ""

    @property
    def subject(self) -> str:
        """What its decisions are about."""
        return f"{self.type}:{self.key}"
