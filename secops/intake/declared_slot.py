"""What a list of declared things is made of: its columns, how each is read, and where it goes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from secops.core.language import say
from secops.core.register import RegisterType
from secops.intake import declared_values as read
from secops.intake.declared_values import Reader

_DAYS: Final = {read.instant, read.until_instant}
_MANY: Final = {read.texts, read.networks, read.addresses, read.places, read.sites}


@dataclass(frozen=True, slots=True)
class Slot:
    """One column of a section."""

    path: str
    """Where it goes in the payload: `org`, `facts.name`, `fields.number`."""
    reader: Reader
    zh: str
    en: str
    also: tuple[str, ...] = ()
    refers: str = ""
    many: bool = False
    """A list: a cell's text is parted."""
    dated: bool = False
    """A day: a bare number in a cell counts days."""

    @property
    def title(self) -> str:
        """The heading people read, in the language in force."""
        return say(self.zh, self.en)


@dataclass(frozen=True, slots=True)
class Section:
    """One list of things of one kind."""

    name: str
    kind: str
    zh: str
    en: str
    key: str
    slots: Mapping[str, Slot]
    required: tuple[str, ...] = ()
    identity: tuple[str, ...] = ()
    """Columns that stand in for a key not given: the first there is, or (of a register) all there are."""
    register: RegisterType | None = None

    @property
    def title(self) -> str:
        """What the list is called, in the language in force."""
        return say(self.zh, self.en)


def slot(path: str, reader: Reader, zh: str, en: str, *also: str, refers: str = "") -> Slot:
    """A column: many and dated follow from how it is read."""
    return Slot(path, reader, zh, en, also, refers, many=reader in _MANY, dated=reader in _DAYS)
