"""What a register is made of: its columns, what makes two rows one, and when a row is out of date.

The registers themselves are in `core.registers`. A row of one is the content of a declare decision; forms,
spreadsheets, lists and validation derive from the columns here.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from secops.core.fields import Sensitivity
from secops.core.language import say


class Shape(StrEnum):
    """How a cell is read and kept."""

    TEXT = "text"
    """One line, at most 500 characters."""
    LONG = "long"
    """Several lines, at most 4,000 characters."""
    TEXTS = "texts"
    """A set of texts; in a cell they are parted by 、 , ; or a new line."""
    INTEGER = "integer"
    NUMBER = "number"
    DATE = "date"
    """A day, kept as `2026-01-31`."""
    FLAG = "flag"
    CHOICE = "choice"
    URL = "url"
    CREDIT_CODE = "credit_code"
    """统一社会信用代码, GB 32100-2015."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One value of a closed list; `also` are other words people write for it."""

    value: str
    zh: str
    en: str
    also: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """The word people read, in the language in force."""
        return say(self.zh, self.en)


@dataclass(frozen=True, slots=True)
class RegisterColumn:
    """One column of a register."""

    name: str
    zh: str
    en: str
    shape: Shape = Shape.TEXT
    required: bool = False
    refers: str = ""
    """Kind of what the cell names: organisation, system, data, or another register's id."""
    choices: tuple[Choice, ...] = ()
    also: tuple[str, ...] = ()
    """Other headings under which ledgers keep it."""
    least: int | None = None
    most: int | None = None
    unit: str = ""
    """What its number counts: minutes, hours, points; empty: things or people."""
    pattern: str = ""
    """Regular expression the whole text must match."""
    sensitivity: Sensitivity = Sensitivity.INTERNAL
    help: str = ""

    @property
    def title(self) -> str:
        """The heading people read, in the language in force."""
        return say(self.zh, self.en)


@dataclass(frozen=True, slots=True)
class RegisterType:
    """One register. Its rows are known by `id:key`."""

    id: str
    section: str
    """The list's name in inventory/*.yaml, and what `inventory import --as` takes."""
    zh: str
    en: str
    columns: tuple[RegisterColumn, ...]
    identity: tuple[str, ...]
    """Columns that make up the key of a row which is given none."""
    expires: str = ""
    """The column after whose day the row is out of date."""
    four_eyes: bool = False
    """A change counts only when a second person has approved it."""
    basis: str = ""
    """The rule or form the columns come from."""
    verified: bool = True
    """False (未核实): the form's text was not at hand, the columns come from second-hand copies."""

    @property
    def title(self) -> str:
        """The register's name, in the language in force."""
        return say(self.zh, self.en)

    def column(self, name: str) -> RegisterColumn | None:
        """The column of this name."""
        return next((each for each in self.columns if each.name == name), None)


_SHAPE: Final = re.compile(
    r"(?P<shape>[a-z_]+)(?: (?P<least>\d*)\.\.(?P<most>\d*))?(?: in (?P<unit>[a-z]+))?(?: -> (?P<refers>\w+))?"
    r"(?: /(?P<pattern>.+)/)?(?P<sensitive> sensitive)?"
)


def read(table: str) -> Iterator[RegisterType]:
    """The registers of a table written as in `core.registers`. Raises ValueError for what is not written so."""
    for part in re.split(r"^# ", table.replace("\n  ", ""), flags=re.MULTILINE)[1:]:
        head, *lines = part.rstrip().splitlines()
        names, zh, en = head.split(" | ")
        id, section = names.split()
        marks = dict(each.split(": ", 1) for each in lines if _is_mark(each))
        yield RegisterType(
            id, section, zh, en, tuple(_columns([each for each in lines if not _is_mark(each)])),
            identity=tuple(marks["key"].split()), expires=marks.get("expires", ""), four_eyes="four eyes" in marks,
            basis=marks["basis"], verified="verified" not in marks,
        )  # fmt: skip


def _is_mark(line: str) -> bool:
    return ": " in line.partition(" | ")[0]


def _columns(lines: list[str]) -> Iterator[RegisterColumn]:
    for place, line in enumerate(lines):
        if line.startswith("- "):
            continue
        name, words, en, kind, *rest = line.split(" | ")
        found = _SHAPE.fullmatch(kind)
        if found is None:
            raise ValueError(line)
        after = next((at for at in range(place + 1, len(lines)) if not lines[at].startswith("- ")), len(lines))
        zh, *also = words.split("、")
        yield RegisterColumn(
            name.removesuffix("*"), zh, en, Shape(found["shape"]), required=name.endswith("*"),
            refers=found["refers"] or "", choices=tuple(map(_choice, lines[place + 1 : after])), also=tuple(also),
            least=int(found["least"]) if found["least"] else None, most=int(found["most"]) if found["most"] else None,
            unit=found["unit"] or "", pattern=found["pattern"] or "", help=rest[0] if rest else "",
            sensitivity=Sensitivity.SENSITIVE if found["sensitive"] else Sensitivity.INTERNAL,
        )  # fmt: skip


def _choice(line: str) -> Choice:
    value, words, en = line.removeprefix("- ").split(" | ")
    zh, *also = words.split("、")
    return Choice(value, zh, en, tuple(also))
