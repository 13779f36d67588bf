"""What the hall hands to every action: the only ways out there are. An action takes what it needs."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from secops.core.model import Status
from secops.dial.conversation import Conversation
from secops.drill.actions.interface import Prediction
from secops.scope.level import Level


class Wire(Protocol):
    """Conversations with targets, under leases of the Gate."""

    def talk(self, host: str, port: int, converse: Callable[[], Conversation]) -> tuple[Status, object, str]:
        """How it ended, what the conversation returned (None where it never began), and detail. Raises Refused."""
        ...

    def refusal(self, host: str, port: int, level: Level) -> str:
        """Why the Gate would refuse this, empty when it would not. Sends nothing."""
        ...


@dataclass(frozen=True, slots=True)
class Request:
    """What is to be scanned: empty means all that the scope allows."""

    networks: str = ""
    ports: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """What a scan found."""

    run: str
    open_services: int
    addresses: int
    complete: bool
    detail: str = ""


class Scanner(Protocol):
    """Discovery runs in the drill's scope."""

    def predict(self, request: Request) -> Prediction:
        """What it would send. Sends nothing. Raises SecopsError where the request means nothing."""
        ...

    def scan(self, request: Request, *, halted: Callable[[], bool]) -> Found:
        """Run it, ending early once `halted`. Raises SecopsError."""
        ...


@dataclass(frozen=True, slots=True)
class Tools:
    """All of them."""

    wire: Wire
    scanner: Scanner
