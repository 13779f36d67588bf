"""A ledger's file opened by its content, and each of its tables with the way it is read."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Final

from secops.core.errors import InvalidFile, UsageError, why_not
from secops.core.language import say
from secops.intake import sheet_book, sheet_text
from secops.intake.declared_sections import Section, sections
from secops.intake.sheet import Sheet
from secops.intake.sheet_heading import Headings, candidates, column_of, headings, normal, plain_choice
from secops.intake.sheet_mapping import SheetMapping
from secops.intake.sheet_rows import Table

_EXPLAINED: Final = frozenset({"填写说明", "填表说明", "填报说明", "说明"})
"""Sheets that tell how to fill in the others."""
_MOST: Final = 2 / 3
"""Of a table's headings a saved mapping speaks of so many at least, or it is not used unasked."""


@dataclass(frozen=True, slots=True)
class Unread:
    """A sheet that is not read, and why."""

    where: str
    reason: str


def opened(path: Path, wanted: str = "") -> list[Sheet]:
    """The tables of a file; only the sheet of this name. Raises InvalidFile, UsageError."""
    try:
        with path.open("rb") as stream:
            head = stream.read(8)
    except OSError as error:
        raise InvalidFile(
            "E1417", say("文件读不了", "the file cannot be read"), where=str(path), why=why_not(error)
        ) from error
    if not head:
        raise InvalidFile("E1373", say("文件是空的", "the file is empty"), where=str(path))
    found = sheet_book.sheets(path) if sheet_book.is_book(head) else [sheet_text.sheet(path)]
    if not wanted:
        return found
    chosen = [each for each in found if each.name == wanted]
    if not chosen:
        raise UsageError(
            "E1377",
            say(f"没有工作表 {wanted[:40]}", f"no sheet {wanted[:40]}"),
            where=str(path),
            hint=say("有：", "there are: ") + "、".join(each.name for each in found[:20]),
        )
    return chosen


def tables(
    found: Iterable[Sheet],
    known: Sequence[SheetMapping],
    *,
    only: str = "",
    mapping: SheetMapping | None = None,
    said: Mapping[str, str] = MappingProxyType({}),
) -> Iterator[Table | Unread]:
    """Each sheet with the way it is read: by the mapping named, one saved for such headings, or what its headings say.

    `only`: its rows are of this section; `said`: headings (normal) whose columns somebody names.
    """
    for sheet in found:
        if sheet.name in _EXPLAINED:
            continue
        yield _table(sheet, known, only=only, mapping=mapping, said=said)


def _table(
    sheet: Sheet, known: Sequence[SheetMapping], *, only: str, mapping: SheetMapping | None, said: Mapping[str, str]
) -> Table | Unread:
    where = "!".join(each for each in (sheet.file, sheet.name) if each)
    if mapping is not None:
        return _mapped(sheet, mapping) or Unread(
            where, say(f"没有映射 {mapping.name} 的列标题", f"the headings of mapping {mapping.name} are not there")
        )
    tried = _tried(sheet, only, said)
    fitting = [
        (each, found) for each in known if (not only or each.section == only) and (found := _mapped(sheet, each))
    ]
    chosen = _chosen(fitting, tried)
    if chosen is not None:
        return chosen
    passed = tuple(_passed(each, found) for each, found in fitting)
    if not tried:
        return Unread(where, say("没有认出列标题", "no headings were recognised"))
    if not only and not plain_choice(tried):
        names = say(" 或 ", " or ").join(
            f"{sections()[each.section].title}（--as {each.section}，{'；'.join(each.reasons)}）" for each in tried[:2]
        )
        return Unread(where, say(f"分不清是哪种台账：{names}", f"which register is not plain: {names}"))
    best = tried[0]
    section = sections()[best.section]
    absent = [each for each in section.required if each not in best.columns.values()]
    if not ({section.key, *section.identity} & set(best.columns.values())):
        names = "、".join(section.slots[each].title for each in (section.key, *section.identity, *absent))
        return Unread(
            where,
            say(f"像{section.title}，但没有能作标识的列：{names}", f"like {section.title}, but no column of: {names}"),
        )
    return Table(sheet, best, made("", best, section), (*best.reasons, *passed))


def _tried(sheet: Sheet, only: str, said: Mapping[str, str]) -> list[Headings]:
    """The ways to read the headings. Columns that somebody names settle the list only where the headings do not."""
    tried = headings(sheet, only=only)
    if not said:
        return tried
    plain = bool(only) or (plain_choice(tried) and not _lacking(tried[0]))
    if not plain:
        return headings(sheet, said=said) or tried
    section = sections()[only or tried[0].section]
    return headings(
        sheet, only=section.name, said={each: word for each, word in said.items() if column_of(section, word)}
    )


def _lacking(found: Headings) -> list[str]:
    """Columns without which no row of the section can be."""
    section, there = sections()[found.section], set(found.columns.values())
    keys = (section.key, *section.identity)
    return [each for each in section.required if each not in there] + ([] if there & set(keys) else [section.key])


def _chosen(fitting: Sequence[tuple[SheetMapping, Table]], tried: Sequence[Headings]) -> Table | None:
    """By the saved mapping that speaks of all the table's headings, else of most; None where none does.

    One made for a sheet of this name goes before others, and a list that knows more of the headings before one of few.
    """
    shares = [(bool(each.sheet), each.covers(found.headings.titles), each, found) for each, found in fitting]
    shares.sort(key=lambda one: (one[1] >= _MOST, one[0], one[1]), reverse=True)
    for _, share, each, found in shares[:1]:
        more = tried and tried[0].section != each.section and len(tried[0].columns) > len(found.headings.columns)
        if share >= _MOST and (share == 1 or not more):
            return replace(found, reasons=(say(f"按已存的映射 {each.name}", f"by the saved mapping {each.name}"),))
    return None


def _passed(mapping: SheetMapping, found: Table) -> str:
    titles = len([each for each in found.headings.titles if each])
    share = f"{len(mapping.columns)}/{titles}"
    return say(
        f"映射 {mapping.name} 只讲到 {share} 个列标题，没有采用；要用就写 --mapping {mapping.name}",
        f"the mapping {mapping.name} tells {share} headings, it is not used; say --mapping {mapping.name} to use it",
    )


def made(name: str, best: Headings, section: Section) -> SheetMapping:
    """The mapping that says what was recognised."""
    columns = {title: best.columns.get(place, "") for place, title in enumerate(best.titles) if title}
    return SheetMapping(name, section.name, columns)


def _mapped(sheet: Sheet, mapping: SheetMapping) -> Table | None:
    if mapping.sheet and sheet.name and mapping.sheet != sheet.name:
        return None
    wanted = {normal(heading): column for heading, column in mapping.columns.items()}
    for numbers, titles in candidates(sheet, mapping.header):
        if any(titles) and mapping.covers(titles):
            columns = {
                place: column for place, each in enumerate(titles) if each and (column := wanted.get(normal(each)))
            }
            return Table(sheet, Headings(mapping.section, numbers, titles, columns, 0.0, ()), mapping)
    return None
