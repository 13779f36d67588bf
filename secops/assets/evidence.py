"""What each look said of the machine behind its target, which machine every mark belongs to, and what is in doubt.

Evidence is kept by look (a collector at a target): the newest stands, so the order within a run does not matter. It is
`live` until the port went silent in a complete run or another machine was seen there, and `pending` until the
machines are told apart (see `machines`), which happens at marked places of the log only.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

NEWS: Final = 1
"""Something is new: marks, or that it is seen again."""
REPLACED: Final = 2
"""A strong mark stands where another stood."""


@dataclass(slots=True)
class Evidence:
    """The newest look's marks, at its target."""

    look: str
    site: str
    place: str
    """The address."""
    slot: str
    """`22`, `161/udp`, `0` for the address itself."""
    base: str
    entity: str
    """The service or ip asset whose silence ends it."""
    marks: tuple[str, ...]
    at: int
    seq: int
    host: str = ""
    live: bool = True
    pending: int = 0
    before: tuple[str, ...] = ()
    """What stood here before, while it is pending."""
    dirty: bool = False

    @property
    def source(self) -> str:
        """How a machine's entity names this look among its sources."""
        return f"{self.base}:{self.place}:{self.slot}"


@dataclass(slots=True)
class Known:
    """What is known of one mark."""

    mark: str
    host: str = ""
    standing: str = ""
    """Empty where it identifies; `shared`: learned to identify nobody; `kept`: a person said whose it is."""
    why: str = ""
    moves: int = 0
    seq: int = 0


@dataclass(frozen=True, slots=True)
class Doubt:
    """Something a person should look at: its kind, what it is about, and why."""

    kind: str
    """`same` (two machines or one?), `shared`, `several` (one address, several machines), `many` (too many marks)."""
    about: tuple[str, ...]
    """Ids of machines, or an address, or a mark."""
    marks: tuple[str, ...] = ()
    why: str = ""


@dataclass(slots=True)
class Question:
    """Everything that hangs together by marks, addresses and machines."""

    site: str
    rows: list[Evidence]
    index: dict[str, Known]
    hosts: Mapping[str, "Machine"]
    crowded: frozenset[str] = frozenset()
    """Marks on more live addresses than can be looked at: shared."""
    apart: Mapping[frozenset[str], frozenset[str]] = field(default_factory=dict)
    """Two machines that a person split -> kinds of marks that must not bring them together again."""
    started: int = 0
    """When the run began whose end this is; 0 where it is not known."""


@dataclass(frozen=True, slots=True)
class Machine:
    """What telling machines apart needs of one."""

    id: str
    first_seen: int
    marks: frozenset[str] = frozenset()
    frozen: bool = False
    """It has too many marks already: nothing joins it by itself."""
    declared: bool = False
    """People keep it in their books: it stays where another is found to be the same."""


@dataclass(slots=True)
class Answer:
    """Who is who."""

    hosts: dict[str, str] = field(default_factory=dict)
    """Look -> machine; empty text where it identifies none."""
    marks: dict[str, Known] = field(default_factory=dict)
    """What is new of marks."""
    born: dict[str, str] = field(default_factory=dict)
    """New machine (a name for now) -> the mark that is its key."""
    merges: list[tuple[str, str, str]] = field(default_factory=list)
    """Who stays, who goes up in it, why."""
    lost: list[str] = field(default_factory=list)
    """Machines whose last address shows somebody else."""
    ended: set[str] = field(default_factory=set)
    """Looks older than the machine now at their address."""
    doubts: list[Doubt] = field(default_factory=list)
