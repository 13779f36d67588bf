"""What every action is: what it declares, and how it acts, looks whether it has acted, and takes back.

An action is benign: it asks people, requests a marker, looks. Nothing exploits, persists or encrypts.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from secops.drill.cacao.playbook import Scalar
from secops.scope.level import Level


class Reach(StrEnum):
    """What an action touches."""

    PEOPLE = "people"
    """Asks a person; sends nothing."""
    TARGET = "target"
    """One target, named in its arguments."""
    SCOPE = "scope"
    """Any target of the scope."""


class Kind(StrEnum):
    """What an argument holds."""

    TEXT = "text"
    URL = "url"
    """http or https with a host and no user, password or fragment."""
    PATH = "path"
    """Begins with `/`; visible ASCII only."""
    PORTS = "ports"
    """`80,8000-8010`; empty: those of the scope."""
    NETWORKS = "networks"
    """Addresses, ranges or CIDRs, by commas; empty: all of the scope."""


@dataclass(frozen=True, slots=True)
class Argument:
    """One thing a step may or must tell the action."""

    name: str
    kind: Kind
    zh: str
    en: str
    required: bool = False


@dataclass(frozen=True, slots=True)
class Output:
    """One thing the action tells back; a step binds it to a variable of this type."""

    name: str
    type: str
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Traits:
    """What an action declares of itself; the linter, the plan and the engine read nothing else."""

    name: str
    zh: str
    en: str
    reach: Reach
    level: Level
    timeout: int
    """Milliseconds a step has unless it says otherwise."""
    idempotent: bool = False
    """Doing it twice is the same as once: it may be done again after an unknown outcome."""
    reversible: bool = False
    slow: bool = False
    arguments: tuple[Argument, ...] = ()
    outputs: tuple[Output, ...] = ()
    success: str = ""
    """What counts as success, for the plan."""


class Outcome(StrEnum):
    """How a step ended."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    """It was carried out and its result is bad."""
    BROKEN = "broken"
    """It could not be carried out: no connection, refused by the Gate, too late."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What an action has done."""

    outcome: Outcome
    outputs: Mapping[str, str] = field(default_factory=dict)
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Prediction:
    """What a step would send, as far as it can be known before: shown by `drill plan`."""

    sends: str
    targets: int = 0
    packets: int = 0
    seconds: float = 0.0
    refused: str = ""
    """Why the Gate would refuse it."""
    unpredictable: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Call:
    """One attempt of one step: everything an action may know."""

    run: str
    step: str
    attempt: int
    token: str
    """Unique to run, step and attempt; the marker defenders look for."""
    arguments: Mapping[str, Scalar]
    seconds: float
    """Time left until the step's deadline."""
    halted: Callable[[], bool]
    """True once the run was asked to stop; a slow action looks at it and ends."""


class Action(Protocol):
    """One playbook action."""

    traits: Traits

    def command(self, arguments: Mapping[str, Scalar]) -> dict[str, object]:
        """The CACAO command object (section 5) that says the same."""
        ...

    def predict(self, arguments: Mapping[str, Scalar]) -> Prediction:
        """What `do` would send. Sends nothing."""
        ...

    def do(self, call: Call) -> Receipt:
        """Do it. Raises nothing but SecopsError, which counts as broken."""
        ...

    def probe(self, call: Call) -> Receipt | None:
        """What became of an attempt whose receipt is missing; None where that cannot be known.

        A receipt with outcome BROKEN says that it did not happen.
        """
        ...

    def undo(self, call: Call) -> Receipt:
        """Take back what `do` did. Raises SecopsError E7208 where the action is not reversible."""
        ...
