"""A report before it has a format: cover facts, sheets, charts, pictures. Same rows, same digest, same bytes."""

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from functools import lru_cache
from types import MappingProxyType

from secops.core.clock import Instant
from secops.core.ids import canonical
from secops.core.language import say
from secops.deliver.reports.drawing import Drawing

Cell = str | int | float | bool | None
"""Times are instants, days text such as `2026-01-31`, flags bool: each format writes them its own way."""
Cells = tuple[Cell, ...]
Rows = Callable[[], Iterator[Cells]]

LONGEST = 32_000
"""Characters of a cell; a spreadsheet takes 32,767."""
BARS = 12
"""Longest chart; what is rarer is told as one."""
_EPOCH = date(1970, 1, 1).toordinal()
_VALUES = 20_000
"""Different values that are counted for a chart; one with more is no chart."""

_HIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u2028\u2029\ufeff\ufffe\uffff]")
"""Control characters, and those that turn the reading direction: no reader needs them, some attack with them."""


class Look(StrEnum):
    """What a column holds and how it is shown."""

    TEXT = "text"
    LONG = "long"
    NUMBER = "number"
    DECIMAL = "decimal"
    TIME = "time"
    DATE = "date"
    FLAG = "flag"
    SEVERITY = "severity"


_TYPES = {each: each.value for each in (Look.NUMBER, Look.DECIMAL, Look.TIME, Look.DATE, Look.FLAG)}
"""Looks of another type than text."""
SITE = "site"
"""Key of the column that tells the site a row is of."""
LIST = "list"
"""Key under which a row tells the list it is of."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its dictionary key, the title people read, and how it is shown."""

    key: str
    title: str
    look: Look = Look.TEXT
    brief: bool = True
    """Shown on paper; what is not is in the spreadsheet."""
    chart: str = ""
    """Title of the chart of how often each value occurs; empty for none."""
    code: str = ""
    """Key of the column with the codes of what this one names: paper tells them beside the names."""
    scale: Mapping[str, str] = field(default_factory=dict)
    """Values that have an order, in it, each with its word in a chart; others are charted by how many they are."""
    varied: bool = False
    """People are shown it only where the report's rows differ in it."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """One table. `rows` gives its rows anew each time it is called."""

    name: str
    columns: Sequence[Column]
    rows: Rows
    size: int = 0
    """Rows, as `counted` found them."""
    note: str = ""
    """What the reader must know of it: its basis, what is unknown."""
    filled: frozenset[int] = frozenset()
    """Places of the columns that hold anything in any row, as `counted` found them."""
    sites: frozenset[str] = frozenset()
    """Sites that its rows are of: by the column of this name, as `counted` found them, else as it was built."""


@dataclass(frozen=True, slots=True)
class Chart:
    """How much of each: labels and numbers, the greatest first; of what has an order of its own, in that."""

    title: str
    parts: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Picture:
    """A drawing with its title."""

    title: str
    drawing: Drawing


@dataclass(frozen=True, slots=True)
class Report:
    """Everything a format needs."""

    title: str
    facts: Sequence[tuple[str, str]]
    """Cover: label and value."""
    sheets: Sequence[Sheet]
    data_at: Instant
    """When the newest fact in it was seen: the file's own creation time, so that equal data give equal bytes."""
    grades: Mapping[str, str] = field(default_factory=dict)
    """Text of a severity cell -> severity, for colour beside the word."""
    charts: Sequence[Chart] = ()
    pictures: Sequence[Picture] = ()

    @property
    def size(self) -> int:
        """Rows of all sheets."""
        return sum(each.size for each in self.sheets)

    @property
    def sites(self) -> list[str]:
        """Sites that the rows are of, in order; none where no sheet tells."""
        return sorted({site for each in self.sheets if each.size for site in each.sites})


def counted(report: Report, keep: Callable[[Iterator[Cells]], Rows] | None = None) -> Report:
    """The report with the size of every sheet, its charts, and count and digest of the list among its cover facts.

    `keep` is handed the rows of each sheet once and gives what tells them again (`spool.Spool.kept`).
    """
    sheets: list[Sheet] = []
    charts: list[Chart] = []
    hasher = hashlib.sha256()
    for sheet in report.sheets:
        hasher.update(canonical([sheet.name, *[each.title for each in sheet.columns]]).encode())
        tally = _Tally(sheet, hasher)
        if keep is None:
            for row in sheet.rows():
                tally.see(row)
            rows = sheet.rows
        else:
            rows = keep(tally.through(sheet.rows()))
        sheets.append(replace(sheet, rows=rows, size=tally.size, filled=tally.filled, sites=tally.sites))
        charts += tally.charts(several=len(report.sheets) > 1)
    told = [each for each in sheets if each.size]
    # lists count different things, or one thing twice: they are not added up
    amounts = say("，", ", ").join(f"{each.name} {each.size:,}" for each in told[:12]) or say("无", "none")
    amounts += "…" if len(told) > 12 else ""
    if len(told) == len(sheets) == 1:
        amounts = f"{told[0].size:,}"
    more = (
        (say("数量", "count"), amounts),
        (say("清单摘要", "list digest"), f"sha256:{hasher.hexdigest()}"),
    )
    return replace(report, facts=(*report.facts, *more), sheets=sheets, charts=(*report.charts, *charts))


class _Tally:
    """Counts and digests the rows of one sheet as they pass."""

    def __init__(self, sheet: Sheet, hasher: "hashlib._Hash") -> None:
        self.sheet = sheet
        self.size = 0
        self._hasher = hasher
        self._empty = list(range(len(sheet.columns)))
        self._counts = {place: Counter[str]() for place, each in enumerate(sheet.columns) if each.chart}
        self._site = next((place for place, each in enumerate(sheet.columns) if each.key == SITE), None)
        self._sites: set[Cell] = set()

    def see(self, row: Cells) -> None:
        self.size += 1
        self._hasher.update(canonical(row).encode("utf-8", "replace"))
        found = [place for place in self._empty if row[place] is not None and row[place] != ""]
        if found:
            self._empty = [place for place in self._empty if place not in found]
        for place, counts in self._counts.items():
            if len(counts) < _VALUES:
                counts[text(self.sheet.columns[place], row[place])] += 1
        if self._site is not None and row[self._site] not in self._sites and len(self._sites) < _VALUES:
            self._sites.add(row[self._site])

    @property
    def sites(self) -> frozenset[str]:
        return self.sheet.sites if self._site is None else frozenset(str(each) for each in self._sites if each)

    @property
    def filled(self) -> frozenset[int]:
        return frozenset(range(len(self.sheet.columns))) - frozenset(self._empty)

    def through(self, rows: Iterator[Cells]) -> Iterator[Cells]:
        for row in rows:
            self.see(row)
            yield row

    def charts(self, *, several: bool) -> Iterator[Chart]:
        for place, counts in self._counts.items():
            if 1 < len(counts) < _VALUES:
                column = self.sheet.columns[place]
                of = self.sheet.name + say("：", ": ")
                yield chart(f"{of if several else ''}{column.chart}", counts, column.scale)


def chart(title: str, counts: Mapping[str, int], scale: Mapping[str, str] = MappingProxyType({})) -> Chart:
    """The chart of these numbers: greatest first, the rarest as one, the unnamed last.

    What `scale` names comes before, in its order and words.
    """
    order = list(scale)
    ranked = sorted(
        ((name, n) for name, n in counts.items() if name),
        key=lambda one: (order.index(one[0]), 0, "") if one[0] in scale else (len(order), -one[1], one[0]),
    )
    named = [(scale.get(name, name), n) for name, n in ranked]
    parts = named[:BARS]
    if rest := sum(n for _, n in named[BARS:]):
        parts.append((say(f"其余 {len(named) - BARS} 项", f"{len(named) - BARS} others"), rest))
    if counts.get(""):
        parts.append((say("（未填）", "(none)"), counts[""]))
    return Chart(title, tuple(parts))


def joined(report: Report) -> tuple[list[Column], list[list[int]]]:
    """One row of columns for all sheets, and for each sheet where its columns stand in it. The first names the sheet.

    This is the one rule of keys: a key has one type, whatever the lists call it; of another type, or twice in a list,
    it is told apart by a number. Under a key that several titles share all of them are told.
    """
    columns = [Column(LIST, say("清单", "list"))]
    keys: Counter[str] = Counter({LIST: 1})
    places: dict[tuple[str, str, int], int] = {}
    spots: list[list[int]] = []
    for sheet in report.sheets:
        here: list[int] = []
        same: Counter[tuple[str, str]] = Counter()
        for each in sheet.columns:
            kind = _TYPES.get(each.look, "text")
            same[each.key, kind] += 1
            mark = (each.key, kind, same[each.key, kind])
            if mark not in places:
                places[mark] = len(columns)
                keys[each.key] += 1
                number = keys[each.key]
                columns.append(replace(each, key=f"{each.key}_{number}") if number > 1 else each)
            place = places[mark]
            if each.title not in columns[place].title.split(" / "):
                columns[place] = replace(columns[place], title=f"{columns[place].title} / {each.title}")
            here.append(place)
        spots.append(here)
    return columns, spots


def brief(sheet: Sheet) -> tuple[list[int], int]:
    """The places of the columns that paper shows, and how many it leaves out."""
    places = [place for place, each in enumerate(sheet.columns) if each.brief]
    return places, len(sheet.columns) - len(places)


def text(column: Column, cell: Cell) -> str:
    """The cell as people read it."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return say("是", "yes") if cell else say("否", "no")
    if column.look is Look.TIME and isinstance(cell, int):
        return moment(cell).removesuffix(" 00:00")
    return str(cell)


def clean(value: Cell) -> Cell:
    """The cell without hidden characters, bounded."""
    if not isinstance(value, str):
        return value
    if value.isprintable() and len(value) <= LONGEST:
        return value
    kept = _HIDDEN.sub("", value.encode("utf-8", "replace").decode())
    return kept if len(kept) <= LONGEST else kept[:LONGEST] + "…"


def moment(instant: int | None) -> str:
    """Date and minute in Chinese standard time, empty for None or what no calendar has."""
    if instant is None or not 0 <= instant < 253_402_200_000_000:
        return ""
    day, rest = divmod(instant // 60_000 + 480, 1_440)
    return f"{_day(day)} {rest // 60:02}:{rest % 60:02}"


@lru_cache(maxsize=4_096)
def _day(number: int) -> str:
    return date.fromordinal(_EPOCH + number).isoformat()


def masked(text: str) -> str:
    """The first character and stars: enough to recognise, not enough to use."""
    return text[:1] + "***" if text else ""
