"""How a ledger is read, kept as a file: its section, where its headings stand, and what each of them means."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import yaml

from secops.core.errors import InvalidFile
from secops.core.language import say
from secops.intake.declared_sections import Section, sections
from secops.intake.sheet_heading import fingerprint
from secops.scope.yaml_source import Located, nearest, unknown_key

DATES: Final = ("ymd", "dmy", "mdy")
MONTHS: Final = ("", "first", "last")
EPOCHS: Final = (0, 1900, 1904)
_KEYS: Final = ("section", "sheet", "header", "columns", "constants", "words", "dates", "month", "epoch")


@dataclass(frozen=True, slots=True)
class SheetMapping:
    """A saved way to read a table."""

    name: str
    section: str
    columns: Mapping[str, str]
    """Heading -> the section's column; an empty column: the heading is not taken."""
    sheet: str = ""
    header: tuple[int, ...] = ()
    """Numbers of the heading rows; empty: looked for."""
    constants: Mapping[str, str] = field(default_factory=dict)
    """Column -> what every row says under it that says nothing itself."""
    words: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Column -> what is written -> what is meant; an empty meaning: nothing."""
    dates: str = "ymd"
    """In which order a date's numbers stand."""
    month: str = ""
    """Which day a month without one means: first or last; empty: the row is left out."""
    epoch: int = 0
    """From when bare numbers count days: 1900 or 1904; 0: as the file says."""

    def covers(self, titles: Sequence[str]) -> float:
        """Which share of a table's headings it speaks of; 0 where the table lacks one of its own."""
        mine, its = fingerprint(list(self.columns)), fingerprint(titles)
        return len(mine) / len(its) if mine and mine <= its else 0.0

    def text(self) -> str:
        """The file."""
        told: dict[str, object] = {"section": self.section}
        if self.sheet:
            told["sheet"] = self.sheet
        if self.header:
            told["header"] = list(self.header)
        told["columns"] = dict(self.columns)
        for name in ("constants", "words"):
            if found := getattr(self, name):
                told[name] = {key: dict(value) if isinstance(value, Mapping) else value for key, value in found.items()}
        told["dates"] = self.dates
        if self.month:
            told["month"] = self.month
        if self.epoch:
            told["epoch"] = self.epoch
        return yaml.safe_dump(told, allow_unicode=True, sort_keys=False, width=110)


def read(name: str, located: Located) -> SheetMapping:
    """The mapping in a file. Raises InvalidFile."""
    root = located.value
    if not isinstance(root, dict):
        raise _bad(located.where(), say("最外层应为 键: 值", "the file should be a mapping"))
    for key in root:
        if key not in _KEYS:
            raise unknown_key(located.where_key(key), key, _KEYS)
    section = sections().get(str(root.get("section")))
    if section is None:
        guess = nearest(str(root.get("section")), list(sections()))
        raise _bad(located.where("section"), say("section 应为登记的节名", "section should name a section"), guess)
    columns = _texts(located, "columns", empty=True)
    for heading, column in columns.items():
        _column(located, section, column, ("columns", heading))
    constants = _texts(located, "constants")
    for column in constants:
        _column(located, section, column, ("constants", column))
    raw = root.get("words")
    words = {}
    for column in raw if isinstance(raw, dict) else ():
        _column(located, section, column, ("words", column))
        words[column] = _texts(located, "words", column, empty=True)
    header = root.get("header")
    rows = tuple(each for each in (header if isinstance(header, list) else [header]) if isinstance(each, int))
    if len(rows) > 2 or any(each < 1 for each in rows):
        raise _bad(located.where("header"), say("header 为一两个行号", "header is one or two row numbers"))
    return SheetMapping(
        name, section.name, columns, str(root.get("sheet") or ""), rows, constants, words,
        _one(located, "dates", DATES, "ymd"), _one(located, "month", MONTHS, ""),
        int(_one(located, "epoch", EPOCHS, 0)),
    )  # fmt: skip


def _texts(located: Located, *keys: str, empty: bool = False) -> dict[str, str]:
    value: object = located.value
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    if value is None:
        return {}
    if not isinstance(value, dict) or any(isinstance(each, (dict, list)) for each in value.values()):
        raise _bad(located.where(*keys), say("应为 文字: 文字", "texts by text belong here"))
    found = {str(key): "" if each is None else str(each) for key, each in value.items()}
    if not empty and "" in found.values():
        raise _bad(located.where(*keys), say("值不能为空", "no value may be empty"))
    return found


def _column(located: Located, section: Section, column: str, keys: tuple[str, ...]) -> None:
    if column and column not in section.slots:
        guess = nearest(column, list(section.slots))
        raise _bad(located.where(*keys), say(f"{section.title}没有列 {column[:40]}", f"no column {column[:40]}"), guess)


def _one(located: Located, key: str, known: Sequence[object], otherwise: object) -> str:
    value = located.value.get(key, otherwise) if isinstance(located.value, dict) else otherwise
    if value not in known:
        raise _bad(located.where(key), say(f"{key} 应为 {known}", f"{key} is one of {known}"))
    return str(value)


def _bad(where: str, what: str, guess: str | None = None) -> InvalidFile:
    return InvalidFile(
        "E1376", what, where=where, hint=say(f"是否想写 {guess}？", f"did you mean {guess}?") if guess else ""
    )
