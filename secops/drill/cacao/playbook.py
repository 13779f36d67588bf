"""A playbook as the engine sees it: the parts of CACAO 2.0 an exercise uses, immutable, steps known by name."""

import hashlib
import re
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

Scalar = str | int | bool
REFERENCE: Final = re.compile(r"(__[A-Za-z][A-Za-z0-9_-]{0,244}__):value")
"""How a variable is used inside an argument (section 10.18.2)."""


@dataclass(frozen=True, slots=True)
class Variable:
    """A playbook variable. Values are texts even for numbers; None is unknown, which is not the empty text."""

    name: str
    type: str
    value: str | None = None
    constant: bool = False
    external: bool = False
    """Its value comes from whoever starts the run."""
    description: str = ""


@dataclass(frozen=True, slots=True)
class Party:
    """An agent or a target: somebody or something that acts or is acted upon."""

    name: str
    type: str
    description: str = ""
    address: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    category: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Exits:
    """Where a step leads. `completion` excludes the other two; empty means there is none."""

    completion: str = ""
    success: str = ""
    failure: str = ""

    def __iter__(self) -> Iterator[str]:
        return (name for name in (self.completion, self.success, self.failure) if name)


@dataclass(frozen=True, slots=True)
class Start:
    """Where the run begins."""

    name: str
    exits: Exits
    description: str = ""
    type = "start"


@dataclass(frozen=True, slots=True)
class End:
    """Where a branch, or the run, ends. `verdict` is what the exercise says of itself when it ends here."""

    name: str
    verdict: str = ""
    description: str = ""
    type = "end"


@dataclass(frozen=True, slots=True)
class Act:
    """One action, carried out by one agent."""

    name: str
    action: str
    agent: str
    exits: Exits
    arguments: Mapping[str, Scalar] = field(default_factory=dict)
    targets: tuple[str, ...] = ()
    outputs: Mapping[str, str] = field(default_factory=dict)
    """Variable -> the output of the action it takes."""
    timeout: int | None = None
    """Milliseconds from the start of processing; None means the action's own."""
    delay: int = 0
    activity: str = ""
    description: str = ""
    type = "action"


@dataclass(frozen=True, slots=True)
class If:
    """A choice; each arm runs to its own end and comes back here."""

    name: str
    condition: str
    on_true: str
    exits: Exits
    on_false: str = ""
    description: str = ""
    type = "if-condition"


Step = Start | End | Act | If


@dataclass(frozen=True, slots=True)
class Playbook:
    """One version of one playbook."""

    key: str
    """Short name it is known by; all ids derive from it and the steps' names."""
    name: str
    author: str
    created: str
    modified: str
    description: str = ""
    types: tuple[str, ...] = ()
    activities: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    revoked: bool = False
    valid_from: str = ""
    valid_until: str = ""
    start: str = ""
    exception: str = ""
    """Step that takes over when a step fails and has no way out of its own (`workflow_exception`)."""
    variables: Mapping[str, Variable] = field(default_factory=dict)
    agents: Mapping[str, Party] = field(default_factory=dict)
    targets: Mapping[str, Party] = field(default_factory=dict)
    steps: Mapping[str, Step] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """`playbook--` and the UUID of the key; a key that already is such an id stays as it is."""
        return self.key if self.key.startswith("playbook--") else f"playbook--{derived_uuid('playbook', self.key)}"

    @property
    def author_id(self) -> str:
        """The STIX identity of the author: its own id, or one derived from the name."""
        return self.author if self.author.startswith("identity--") else f"identity--{derived_uuid('id', self.author)}"

    def step_id(self, name: str) -> str:
        """The CACAO id of a step: its type and a version 4 shaped UUID, as section 10.10 demands of steps."""
        return f"{self.steps[name].type}--{derived_uuid('step', self.id, name)}"

    def party_id(self, side: str, party: Party) -> str:
        """The CACAO id of an agent or target (`side`: agent, target)."""
        return f"{party.type}--{derived_uuid(side, self.id, party.name)}"


def derived_uuid(*parts: str) -> str:
    """A UUID with the version and variant bits of version 4 whose other bits are the hash of the parts."""
    raw = bytearray(hashlib.sha256("\x1f".join(parts).encode()).digest()[:16])
    raw[6] = raw[6] & 0x0F | 0x40
    raw[8] = raw[8] & 0x3F | 0x80
    return str(uuid.UUID(bytes=bytes(raw)))


def ways(step: Step) -> tuple[str, ...]:
    """Every step this one can lead to directly, branches first."""
    if isinstance(step, End):
        return ()
    arms = tuple(name for name in (step.on_true, step.on_false) if name) if isinstance(step, If) else ()
    return arms + tuple(step.exits)


def in_order(book: Playbook) -> tuple[str, ...]:
    """The steps as people read them: from the start onward, branches where they open, the exception handler last."""
    found: dict[str, None] = {}
    todo = [book.exception, book.start]
    while todo:
        name = todo.pop()
        if name in book.steps and name not in found:
            found[name] = None
            todo += reversed(ways(book.steps[name]))
    return (*found, *(name for name in book.steps if name not in found))


def references(value: object) -> tuple[str, ...]:
    """The variables a text (or the texts inside a value) uses."""
    if isinstance(value, str):
        return tuple(REFERENCE.findall(value))
    if isinstance(value, Mapping):
        return tuple(name for each in value.values() for name in references(each))
    if isinstance(value, (list, tuple)):
        return tuple(name for each in value for name in references(each))
    return ()
