"""What both engines (raw SYN and connect) give: open ports, and at the end one account of what was sent."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from secops.scope.intervals import IntervalSet

DONE = "done"
"""`Tally.ended`: everything planned was asked."""
DRAINED = "drained"
"""`Tally.ended`: the caller asked for an early end."""
REFUSED = "refused"
"""`Tally.ended`: the Gate gave no further lease (expired, revoked, stopped)."""


@dataclass(frozen=True, slots=True)
class Open:
    """One open TCP port, answered by the address itself."""

    address: str
    """Canonical text."""
    port: int


@dataclass(frozen=True, slots=True)
class AnswersAll:
    """Something that answers for all: open ports there are its word, not services."""

    network: str
    """An address, or a network (CIDR) whose every address answers alike: a firewall, a SIP gateway, an alias."""
    ports: tuple[int, ...]
    """Ports seen open there so far, at most 64; for a network those open on nearly every address."""
    whole: bool
    """Ports nobody listens on answered too: every port is open. Otherwise only `ports`, at every address."""


@dataclass(frozen=True, slots=True)
class Tally:
    """What one `find` asked and heard. `planned` = targets asked + `refused` + `unrouted` only when `ended` is done."""

    planned: int
    """Targets: distinct (address, port) pairs."""
    sent: int
    """Packets or connection attempts, retries included."""
    answered: int
    """Targets that answered at all: open or reset."""
    refused: int
    """Targets the Gate left out; they were not asked."""
    seconds: float
    ended: str
    """`done`, `drained` or `refused`."""
    detail: str = ""
    """Code and reason of the Gate's refusal."""
    spoofed: int = 0
    """Forged answers and ICMP lies dropped (raw engine only): what they acknowledge or quote did not fit the cookie."""
    unrouted: int = 0
    """Targets there was no way to from here; they were not asked."""
    left: IntervalSet = IntervalSet()  # noqa: RUF009 - immutable
    """The addresses of `unrouted`: they count as not looked at."""
    unreachable: int = 0
    """Targets for which a router or the host itself answered, by ICMP, that they cannot be reached."""
    canaries: int = 0
    """Times a target that had answered before was asked once more, to measure loss; 0: nothing to measure with."""
    canaries_lost: int = 0
    """How many of those stayed unanswered. Of the raw engine: single packets; of connect: whole attempts."""
    alive: bool | None = None
    """Did targets that answered before still answer at the end? None: there were none."""
    slowest: float = 0.0
    """Packets a second the engine fell back to at worst; 0: it never had to."""
    slowed: Mapping[str, int] = field(default_factory=dict)
    """Why (`loss`, `dropped`, `unreachable`, `delay`) -> how often it halved its rate."""


Found = Open | AnswersAll | Tally
"""What a `find` yields."""


class Finder(Protocol):
    """An engine that finds open TCP ports."""

    name: str
    """`syn` or `connect`."""

    def find(self, addresses: IntervalSet, ports: tuple[int, ...], *, seed: int) -> Iterator[Found]:
        """Each open port once, in the order heard, then exactly one Tally, last. `seed` permutes the order asked.

        An address of which `AnswersAll` was told may have further ports that are not told.
        """
        ...
