"""A report before it has a format: cover facts and sheets of rows. Same rows, same digest, same bytes."""

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from secops.core.clock import CHINA, Instant
from secops.core.ids import canonical
from secops.core.language import say

Cell = str | int | float | None
Cells = tuple[Cell, ...]

LONGEST = 32_000
"""Characters of a cell; a spreadsheet takes 32,767."""

_HIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u2028\u2029\ufeff\ufffe\uffff]")
"""Control characters, and those that turn the reading direction: no reader needs them, some attack with them."""


class Look(StrEnum):
    """How a column is shown."""

    TEXT = "text"
    LONG = "long"
    NUMBER = "number"
    TIME = "time"
    SEVERITY = "severity"


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its dictionary key, the title people read, and how it is shown."""

    key: str
    title: str
    look: Look = Look.TEXT


@dataclass(frozen=True, slots=True)
class Sheet:
    """One table. `rows` gives its rows anew each time it is called."""

    name: str
    columns: Sequence[Column]
    rows: Callable[[], Iterator[Cells]]
    size: int = 0
    """Rows, as `counted` found them."""


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


def counted(report: Report) -> Report:
    """The report with the size of every sheet, and count and digest of the list among its cover facts."""
    sheets: list[Sheet] = []
    hasher = hashlib.sha256()
    for sheet in report.sheets:
        hasher.update(canonical([sheet.name, *[each.title for each in sheet.columns]]).encode())
        size = 0
        for size, row in enumerate(sheet.rows(), 1):
            hasher.update(canonical(row).encode("utf-8", "replace"))
        sheets.append(Sheet(sheet.name, sheet.columns, sheet.rows, size))
    amounts = say("，", ", ").join(f"{each.name} {each.size}" for each in sheets) or "0"
    more = (
        (say("数量", "count"), f"{sum(each.size for each in sheets)}（{amounts}）"),
        (say("清单摘要", "list digest"), f"sha256:{hasher.hexdigest()}"),
    )
    return Report(report.title, (*report.facts, *more), sheets, report.data_at, report.grades)


def clean(value: Cell) -> Cell:
    """The cell without hidden characters, bounded."""
    if not isinstance(value, str):
        return value
    text = _HIDDEN.sub("", value.encode("utf-8", "replace").decode())
    return text if len(text) <= LONGEST else text[:LONGEST] + "…"


def moment(instant: int | None) -> str:
    """Date and minute in Chinese standard time, empty for None or what no calendar has."""
    if instant is None or not 0 <= instant < 253_402_200_000_000:
        return ""
    return datetime.fromtimestamp(instant / 1000, CHINA).strftime("%Y-%m-%d %H:%M")


def masked(text: str) -> str:
    """The first character and stars: enough to recognise, not enough to use."""
    return text[:1] + "***" if text else ""
