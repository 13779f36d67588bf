"""A run as its ledger tells it, and what can be due in it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from secops.core.clock import Instant
from secops.drill.actions.interface import Outcome, Traits
from secops.drill.cacao.playbook import Playbook, Variable

_NEVER: Final = Instant(0)


class Phase(StrEnum):
    """Where a step stands."""

    READY = "ready"
    """To be sent next."""
    WAITING = "waiting"
    """A person is asked."""
    SENT = "sent"
    """Intent on disk, receipt not yet."""
    UNKNOWN = "unknown"
    """It may or may not have happened."""
    INSIDE = "inside"
    """An if whose branch is running."""
    DONE = "done"
    CANCELLED = "cancelled"
    """The run was stopped before it was sent."""
    UNSETTLED = "unsettled"
    """The run was stopped and nobody knows whether it happened."""


OPEN: Final = frozenset({Phase.READY, Phase.WAITING, Phase.SENT, Phase.UNKNOWN})


@dataclass(frozen=True, slots=True)
class StepState:
    """One step that was reached."""

    phase: Phase
    attempt: int = 1
    since: Instant = _NEVER
    deadline: Instant = _NEVER
    outcome: Outcome | None = None
    outputs: Mapping[str, str] = field(default_factory=dict)
    detail: str = ""
    who: str = ""


@dataclass(frozen=True, slots=True)
class Program:
    """What a run carries out; fixed when it starts."""

    playbook: Playbook
    actions: Mapping[str, Traits]
    values: Mapping[str, str] = field(default_factory=dict)
    """Values of external variables."""


@dataclass(frozen=True, slots=True)
class State:
    """A run, as its ledger tells it."""

    program: Program
    begun: bool = False
    current: str = ""
    frames: tuple[str, ...] = ()
    """The ifs whose branch is running, innermost last."""
    handling: bool = False
    """The exception handler has taken over."""
    stopped: bool = False
    result: str = ""
    """succeeded, failed, handled, stopped; empty while it runs."""
    verdict: str = ""
    detail: str = ""
    closed: bool = False
    """Its last record is written."""
    steps: Mapping[str, StepState] = field(default_factory=dict)
    variables: Mapping[str, Variable] = field(default_factory=dict)
    last: int = 0


@dataclass(frozen=True, slots=True)
class Dispatch:
    """Write the intent, then do it, not before this moment."""

    step: str
    attempt: int
    not_before: Instant


@dataclass(frozen=True, slots=True)
class Ask:
    """A person has until the deadline to answer."""

    step: str
    deadline: Instant


@dataclass(frozen=True, slots=True)
class Probe:
    """Find out whether it happened; else a person settles it."""

    step: str
    attempt: int


@dataclass(frozen=True, slots=True)
class Finish:
    """Write the last record."""

    result: str
    verdict: str
    detail: str


Effect = Dispatch | Ask | Probe | Finish
