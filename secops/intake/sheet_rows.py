"""The rows of a table under their headings: each becomes the values it states, or is left out, or is no row at all."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from secops.core.language import say
from secops.core.model import Skipped
from secops.intake.declared_sections import Section, flatten, identity, sections
from secops.intake.sheet import Cell, Sheet, blank, letters
from secops.intake.sheet_cell import plain
from secops.intake.sheet_heading import Headings, normal
from secops.intake.sheet_mapping import SheetMapping

_SUMS: Final = ("合计", "小计", "总计", "total", "subtotal")
_NOTES: Final = (
    "注", "备注", "说明", "填表", "填报", "制表", "审核", "复核", "单位负责人", "联系人", "日期", "填写说明", "note",
    "以下空白", "此处盖章", "盖章", "（盖章）", "(盖章)",
)  # fmt: skip
EXAMPLE: Final = "示例"
"""First cell of a row that only shows how to write one."""


@dataclass(frozen=True, slots=True)
class Read:
    """What a row says: values by column, references still as written."""

    section: str
    key: str
    """Empty: nobody gave it, it follows from the rest."""
    flat: dict[str, object]
    where: str
    cleared: tuple[str, ...] = ()
    letters: Mapping[str, str] = field(default_factory=dict)
    """Column -> the letter of the table's column it was read from."""

    def cell(self, column: str) -> str:
        """The place of a column's cell; of the row where no cell says it."""
        table, mark, row = self.where.rpartition("!")
        return f"{table}{mark}{self.letters[column]}{row}" if column in self.letters else self.where


@dataclass(frozen=True, slots=True)
class Passed:
    """A row that states nothing: a sum, a note, headings again."""

    where: str
    reason: str


@dataclass(frozen=True, slots=True)
class Table:
    """A sheet with the way it is read."""

    sheet: Sheet
    headings: Headings
    mapping: SheetMapping
    reasons: tuple[str, ...] = field(default_factory=tuple)

    @property
    def section(self) -> Section:
        """What its rows are."""
        return sections()[self.headings.section]

    def read(self, *, clear: bool = False) -> Iterator[Read | Skipped | Passed]:
        """Its rows below the headings. `clear`: an empty cell clears what is declared. Raises InvalidFile."""
        titles = [normal(each) for each in self.headings.titles]
        for number, cells in self.sheet.rows():
            if number <= self.headings.rows[-1] or all(blank(each) for each in cells):
                continue
            place = self.sheet.place(number)
            if reason := _nothing(cells, titles):
                yield Passed(place, reason)
            else:
                yield self._row(number, cells, clear=clear)

    def _row(self, number: int, cells: Sequence[Cell], *, clear: bool) -> Read | Skipped:
        section, sheet = self.section, self.sheet
        flat: dict[str, object] = {}
        wrong: list[Skipped] = []
        for column, place in self._columns().items():
            cell = cells[place] if place < len(cells) else None
            try:
                if fault := sheet.faults.get((number, place + 1)):
                    raise ValueError(fault)
                flat |= self._value(column, cell)
            except ValueError as error:
                wrong.append(Skipped(sheet.place(number, place), self._said(column, str(error))))
        if wrong:
            return Skipped(wrong[0].where, "；".join(each.reason for each in wrong))
        for column, value in self.mapping.constants.items():
            if column not in flat:
                flat |= self._value(column, value)
        key = flat.pop(section.key, "")
        if not key and not identity(section, flat):
            titles = "、".join(section.slots[each].title for each in (section.key, *section.identity))
            return Skipped(sheet.place(number), say(f"没有标识：{titles} 至少填一列", f"no key: one of {titles}"))
        empty = [each for each in self._columns() if each not in flat and each not in {section.key, *section.required}]
        return Read(section.name, str(key), flat, sheet.place(number), tuple(empty) if clear else (), self._letters())

    def _columns(self) -> dict[str, int]:
        return {column: place for place, column in self.headings.columns.items()}

    def _letters(self) -> Mapping[str, str]:
        return {column: letters(place) for place, column in self.headings.columns.items()}

    def _value(self, column: str, cell: Cell) -> dict[str, object]:
        """The column's value as read; nothing for an empty cell. Raises ValueError."""
        section = self.section
        value = plain(section.slots[column], column, cell, self.mapping, from_1904=self.sheet.from_1904)
        return flatten(section, {column: value}, lambda _: "")

    def _said(self, column: str, reason: str) -> str:
        title = self.section.slots[column].title
        return reason if reason.startswith(title) else f"{title}: {reason}"


def _nothing(cells: Sequence[Cell], titles: Sequence[str]) -> str:
    """Why a row is no row; empty for one that is."""
    given = [str(each).strip() for each in cells if not blank(each)]
    first = given[0].replace(" ", "").replace("\u3000", "").lower()
    if first in {EXAMPLE, f"（{EXAMPLE}）", f"({EXAMPLE})"}:
        return say("示例行", "an example")
    if first.rstrip(":：").startswith(_SUMS) and len(first) <= 8:
        return say("合计行", "a row of sums")
    if len(given) <= 2 and len(titles) > 2 and first.startswith(_NOTES):
        return say("表下的注", "a note below the table")
    if len(given) > 1:
        same = [normal(str(each)) for each in cells if not blank(each)]
        if sum(each in titles for each in same) * 5 >= len(same) * 4:
            return say("又一次列标题", "the headings again")
    return ""
