"""The rows of a table under their headings: each becomes the values it states, or is left out, or is no row at all."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

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
_EXAMPLES: Final = frozenset({"示例", "（示例）", "(示例)", "例", "example"})
"""First cell of a row that only shows how to write one."""


class Read(NamedTuple):
    """What a row says: values by column, references still as written. A tuple: there may be a million of them."""

    section: str
    key: str
    """Empty: nobody gave it, it follows from the rest."""
    flat: dict[str, object]
    where: str
    cleared: tuple[str, ...] = ()
    letters: Mapping[str, str] | None = None
    """Column -> the letter of the table's column it was read from."""

    def cell(self, column: str) -> str:
        """The place of a column's cell; of the row where no cell says it."""
        table, mark, row = self.where.rpartition("!")
        letter = (self.letters or {}).get(column)
        return f"{table}{mark}{letter}{row}" if letter else self.where


class Faulty(NamedTuple):
    """A row with cells that cannot be read, told with those; what the others say is still compared."""

    where: str
    reason: str
    read: Read


class Passed(NamedTuple):
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

    def read(self, *, clear: bool = False) -> Iterator[Read | Faulty | Skipped | Passed]:
        """Its rows below the headings. `clear`: an empty cell clears what is declared. Raises InvalidFile."""
        titles = frozenset(normal(each) for each in self.headings.titles if each)
        columns = {column: place for place, column in self.headings.columns.items()}
        named = {column: letters(place) for column, place in columns.items()}
        for number, cells in self.sheet.rows():
            if number <= self.headings.rows[-1] or all(blank(each) for each in cells):
                continue
            place = self.sheet.place(number)
            if reason := _nothing(cells, titles):
                yield Passed(place, reason)
            else:
                yield self._row(number, cells, columns, named, clear=clear)

    def _row(
        self, number: int, cells: Sequence[Cell], columns: Mapping[str, int], named: Mapping[str, str], *, clear: bool
    ) -> Read | Faulty | Skipped:
        section, sheet = self.section, self.sheet
        flat: dict[str, object] = {}
        wrong: list[Skipped] = []
        for column, place in columns.items():
            cell = cells[place] if place < len(cells) else None
            try:
                if fault := sheet.faults.get((number, place + 1)):
                    raise ValueError(fault)
                flat |= self._value(column, cell)
            except ValueError as error:
                wrong.append(Skipped(sheet.place(number, place), self._said(column, str(error))))
        if wrong:
            read = Read(section.name, str(flat.pop(section.key, "")), flat, sheet.place(number), (), named)
            return Faulty(wrong[0].where, "；".join(each.reason for each in wrong), read)
        for column, value in self.mapping.constants.items():
            if column not in flat:
                flat |= self._value(column, value)
        key = flat.pop(section.key, "")
        if not key and not identity(section, flat):
            titles = "、".join(section.slots[each].title for each in (section.key, *section.identity))
            return Skipped(sheet.place(number), say(f"没有标识：{titles} 至少填一列", f"no key: one of {titles}"))
        empty = clear and [
            each for each in columns if each not in flat and each not in {section.key, *section.required}
        ]
        return Read(section.name, str(key), flat, sheet.place(number), tuple(empty or ()), named)

    def _value(self, column: str, cell: Cell) -> dict[str, object]:
        """The column's value as read; nothing for an empty cell. Raises ValueError."""
        section = self.section
        value = plain(section.slots[column], column, cell, self.mapping, from_1904=self.sheet.from_1904)
        return flatten(section, {column: value}, lambda _: "")

    def _said(self, column: str, reason: str) -> str:
        title = self.section.slots[column].title
        return reason if reason.startswith(title) else f"{title}: {reason}"


def _nothing(cells: Sequence[Cell], titles: Collection[str]) -> str:
    """Why a row is no row; empty for one that is."""
    given = [each for each in cells if not blank(each)]
    first = str(given[0]).strip().replace(" ", "").replace("\u3000", "").lower()
    if first in _EXAMPLES:
        return say("示例行", "an example")
    if first.startswith(_SUMS) and len(first) <= 8:
        return say("合计行", "a row of sums")
    if len(given) <= 2 and len(titles) > 2 and first.startswith(_NOTES):
        return say("表下的注", "a note below the table")
    if len(given) > 1 and normal(str(given[1])) in titles:
        same = [normal(str(each)) for each in given]
        if sum(each in titles for each in same) * 5 >= len(same) * 4:
            return say("又一次列标题", "the headings again")
    return ""
