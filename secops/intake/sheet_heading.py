"""Which rows of a table are its headings, which section it states, and which column each heading means.

Headings are compared without widths, blanks, line breaks, marks of duty and, failing that, brackets. Nothing here
guesses between two equals: what is not plain is told, and a mapping settles it.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Final

from secops.core.fields import by_name
from secops.core.language import say
from secops.intake.declared_number import foreign
from secops.intake.declared_sections import Section, sections
from secops.intake.declared_slot import Slot
from secops.intake.declared_values import flag, harm
from secops.intake.sheet import Row, Sheet, blank

_DROPPED: Final = re.compile(r"[\s\u200b-\u200f\ufeff*:_]+")
_BRACKETS: Final = re.compile(r"\([^()]*\)|\[[^\[\]]*\]|【[^【】]*】|〔[^〔〕]*〕|<[^<>]*>")
_KEYS: Final = ("标识", "key")
"""How our own lists call a row's key."""
_PERSON: Final = frozenset({"姓名", "名称", "名字", "name"})
"""A lower heading that says no more than the one above it."""
_COUNTED: Final = frozenset({"序号", "no", "no.", "#"})
"""Headings of columns that only count the rows."""
_SAID: Final = 4.0
_SURE: Final = 3.0
_LIKELY: Final = 2.0
_SPELLED: Final = 1.75
"""Of a word that follows by rule from another (see `spelled`)."""
_LOOSE: Final = 0.5
"""Less, where brackets had to be left out."""
_NAMED_SHEET: Final = 4.0
_CLOSE: Final = 1.0


@dataclass(frozen=True, slots=True)
class Headings:
    """The headings of a table and what they mean as rows of one section."""

    section: str
    rows: tuple[int, ...]
    """Numbers of the one or two rows they stand in."""
    titles: tuple[str, ...]
    """A heading for each column, empty where there is none."""
    columns: Mapping[int, str]
    """Place (from 0) -> the section's column."""
    score: float
    reasons: tuple[str, ...]

    def unused(self) -> list[int]:
        """Places of the headings that mean no column."""
        known = self.columns
        return [at for at, each in enumerate(self.titles) if each and at not in known and normal(each) not in _COUNTED]


def normal(text: str, *, brackets: bool = True) -> str:
    """A heading as it is compared."""
    found = unicodedata.normalize("NFKC", text).lower()
    if not brackets:
        found = _BRACKETS.sub("", found)
    return _DROPPED.sub("", found)


def fingerprint(titles: Sequence[str]) -> frozenset[str]:
    """By what a table's headings are known again, whatever their order."""
    return frozenset(normal(each) for each in titles if each)


@cache
def _words(name: str) -> Mapping[str, tuple[tuple[str, float], ...]]:
    """Normal word -> the columns of a section it may mean, with how surely."""
    section = sections()[name]
    found: dict[str, dict[str, float]] = {}
    bare: dict[str, dict[str, float]] = {}
    for column, slot in section.slots.items():
        if slot.reader is harm:
            continue
        field = by_name().get(slot.path.removeprefix("facts."))
        sure = [column, slot.zh, slot.en, *((field.zh, field.en, field.name) if field else ())]
        likely = [*slot.also, *((field.alias,) if field and field.alias else ())]
        if column == section.key:
            sure += _KEYS
        for words, rank in ((likely, _LIKELY), (sure, _SURE)):
            for word in words:
                found.setdefault(normal(word), {})[column] = rank
                bare.setdefault(normal(word, brackets=False), {})[column] = rank - _LOOSE
    for word, columns in bare.items():
        if len(columns) == 1:  # else only the brackets tell them apart: 数据总量（GB）, 数据总量（万条）
            found.setdefault(word, {}).setdefault(*columns.popitem())
    for column, slot in section.slots.items():
        for word in (slot.zh, *slot.also):
            for other in spelled(slot, normal(word)):
                found.setdefault(other, {}).setdefault(column, _SPELLED)
    return {word: tuple(columns.items()) for word, columns in found.items() if word}


def spelled(slot: Slot, word: str) -> set[str]:
    """What else a heading of a day or of yes and no is written as: 时间 for 日期, without 最近, 是否 for 已."""
    if slot.dated:
        bare = word.removeprefix("最近一次").removeprefix("最近")
        stem = bare.removesuffix("日期").removesuffix("时间")
        if stem != bare:
            ends = {f"{stem}日期", f"{stem}时间"}
        elif bare.endswith("有效期至"):
            ends = {bare, *(f"{bare[:-1]}{end}" for end in ("", "限", "截止", "截止日期", "截止时间"))}
        elif bare.endswith(("到期", "开始", "结束")):
            ends = {bare, f"{bare}日期", f"{bare}时间"}
        else:
            ends = {bare}
        return {before + each for before in ("", "最近", "最近一次", "上次") for each in ends if len(each) > 2}
    if slot.reader is flag:
        bare = word.replace("已", "", 1)
        asked = word.replace("已", "是否", 1) if "已" in word else f"是否{word}"
        found = {asked, f"是否{bare}", f"是否已{bare}", f"{bare}情况", f"{word}情况"}
        return found | ({bare} if len(bare) > 2 else set())
    return set()


def column_of(section: Section, word: str) -> str:
    """The section's column of this name or title; empty where it has none."""
    return next((name for name, slot in section.slots.items() if word in {name, slot.zh, slot.en}), "")


def meant(
    section: Section, titles: Sequence[Sequence[str]], said: Mapping[str, str] = MappingProxyType({})
) -> dict[int, tuple[str, float]]:
    """Place -> (column, how surely); each column once, the surest first. `titles`: the words tried for each place.

    `said`: headings (normal) whose columns somebody names.
    """
    known = dict(_words(section.name)) | {each: ((column_of(section, word), _SAID),) for each, word in said.items()}
    offers: list[tuple[float, int, int, str]] = []
    order = list(section.slots)
    for place, words in enumerate(titles):
        for word in words:
            for brackets, less in ((True, 0.0), (False, _LOOSE)):
                for column, rank in known.get(normal(word, brackets=brackets), ()):
                    if not brackets and _other_unit(section, column, word):
                        continue
                    offers.append((less - rank, place, order.index(column), column))
    found: dict[int, tuple[str, float]] = {}
    taken: set[str] = set()
    for rank, place, _, column in sorted(offers):
        if place not in found and column not in taken:
            found[place] = (column, -rank)
            taken.add(column)
    return found


def _other_unit(section: Section, column: str, word: str) -> bool:
    """Whether a heading's brackets say that its bare numbers count something else than the column: RTO（小时）."""
    found = section.register.column(column) if section.register is not None else None
    said = _BRACKETS.findall(unicodedata.normalize("NFKC", word)) if found is not None and found.unit else []
    return found is not None and any(foreign(found.unit, each[1:-1].strip()) for each in said)


def headings(
    sheet: Sheet, *, only: str = "", row: Sequence[int] = (), said: Mapping[str, str] = MappingProxyType({})
) -> list[Headings]:
    """The ways to read the table's headings, best first, one a section. `only` this section; `row`: they stand here.

    `said`: headings (normal) whose columns somebody names; a section that lacks one of them is none of the ways.
    """
    names = [only] if only else list(sections())
    names = [each for each in names if all(column_of(sections()[each], word) for word in said.values())]
    lines = list(_lines(sheet.head, row))
    best: list[Headings] = []
    for name in names:
        found = [
            each for rows, words in lines if (each := _tried(sheet, sections()[name], rows, words, said)) is not None
        ]
        if found:
            best.append(max(found, key=lambda each: (each.score, -len(each.rows))))
    return sorted(best, key=lambda each: -each.score)


def plain_choice(found: Sequence[Headings]) -> bool:
    """Whether the first is clearly better than the second."""
    return len(found) == 1 or (len(found) > 1 and found[0].score - found[1].score >= _CLOSE)


def _lines(head: Sequence[Row], wanted: Sequence[int]) -> Iterator[tuple[tuple[int, ...], list[list[str]]]]:
    """Each row, and each two neighbouring rows, that may hold the headings, with the words to try for each place."""
    texts = [(number, [_text(each) for each in cells]) for number, cells in head]
    for place, (number, upper) in enumerate(texts):
        if not wanted or tuple(wanted) == (number,):
            yield (number,), [[each] if each else [] for each in upper]
        if place + 1 < len(texts):
            below, lower = texts[place + 1]
            if not wanted or tuple(wanted) == (number, below):
                yield (number, below), [_joined(*pair) for pair in zip(_padded(upper, lower), lower, strict=False)]


def _padded(upper: list[str], lower: list[str]) -> list[str]:
    return upper + [""] * (len(lower) - len(upper))


def _joined(upper: str, lower: str) -> list[str]:
    if not lower or lower == upper:
        return [upper] if upper else []
    if not upper:
        return [lower]
    return [upper + lower, upper if normal(lower) in _PERSON else lower]


def _text(value: object) -> str:
    return " ".join(str(value).split()) if isinstance(value, str) and not blank(value) else ""


def _tried(
    sheet: Sheet, section: Section, rows: tuple[int, ...], words: list[list[str]], said: Mapping[str, str]
) -> Headings | None:
    titles = _titles(words)
    given = [each for each in titles if each]
    if not given or (len(given) > 1 and len(set(given)) == 1):  # a title over the whole width
        return None
    found = meant(section, words, said)
    if len(found) < min(2, len(given)):
        return None
    columns = {place: column for place, (column, _) in found.items()}
    score = sum(rank for _, rank in found.values()) + 3 * len(found) / len(given)
    reasons = [say(f"{len(given)} 个列标题认出 {len(found)} 个", f"{len(found)} of {len(given)} headings known")]
    missing = [each for each in section.required if each not in columns.values()]
    if missing:
        score -= 2 * len(missing)
        names = "、".join(section.slots[each].title for each in missing)
        reasons.append(say(f"缺必填列 {names}", f"lacks {names}"))
    if not ({section.key, *section.identity} & set(columns.values())):
        score -= 4
        reasons.append(say("没有能作标识的列", "no column to know a row by"))
    if _called(sheet, section, rows[0]):
        score += _NAMED_SHEET
        reasons.append(say(f"表名或标题里有“{section.title}”", f"the sheet's name or title says {section.title}"))
    return Headings(section.name, rows, titles, columns, score, tuple(reasons))


def _titles(words: Sequence[Sequence[str]]) -> tuple[str, ...]:
    """What each place is called: two rows of headings read as one word."""
    return tuple(each[0] if each else "" for each in words)


def candidates(sheet: Sheet, row: Sequence[int] = ()) -> Iterator[tuple[tuple[int, ...], tuple[str, ...]]]:
    """Every row, or two, that may hold the headings, with what each place would be called."""
    for numbers, words in _lines(sheet.head, row):
        yield numbers, _titles(words)


def _called(sheet: Sheet, section: Section, header: int) -> bool:
    rows = [[text for each in cells if (text := _text(each))] for number, cells in sheet.head if number < header]
    above = [row[0] for row in rows if len(set(row)) == 1]
    text = normal(" ".join([sheet.name, sheet.file, *above]))
    words = {section.zh, section.name, section.register.id if section.register else section.kind}
    return any(normal(each) in text for each in words)
