"""One collector's looks at one target: when the newest was, what it touched, and what it said as a digest."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Look:
    """The newest of these looks. Said again, it only moves the times of what it touched: see `Work.merged`."""

    id: str
    """`Observation.look`."""
    digest: bytes
    """Empty where the next look must be taken the long way."""
    at: int
    seq: int
    touched: frozenset[str]
    """Ids of the entities and relations whose time a repetition moves."""
