"""CSV for spreadsheets: UTF-8 with a mark, one table; lists of different columns share those of the same title.

A text that a spreadsheet would take for a formula gets a quote before it (OWASP, CSV injection).
"""

import csv
from collections import Counter
from pathlib import Path

from secops.core.language import say
from secops.deliver.reports.model import Cell, Look, Report, clean, text

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")

_SUSPECT = frozenset({" ", *_FORMULA})
_TOLD = frozenset({Look.TIME, Look.FLAG})


def write(report: Report, path: Path) -> None:
    """Write the report's rows to `path`. Raises OSError."""
    heads, spots = _joined(report)
    several = len(report.sheets) > 1
    with path.open("w", encoding="utf-8-sig", newline="") as handle:
        writer = csv.writer(handle, lineterminator="\r\n")
        writer.writerow([say("清单", "list"), *heads] if several else heads)
        for sheet, here in zip(report.sheets, spots, strict=True):
            for row in sheet.rows():
                line: list[Cell] = [None] * len(heads)
                for place, column, cell in zip(here, sheet.columns, row, strict=True):
                    line[place] = safe(text(column, cell) if column.look in _TOLD else cell)
                writer.writerow([sheet.name, *line] if several else line)


def _joined(report: Report) -> tuple[list[str], list[list[int]]]:
    """The headings, no two alike, and for each list where its columns stand under them."""
    heads: dict[str, int] = {}
    spots: list[list[int]] = []
    for sheet in report.sheets:
        same = Counter[str]()
        here: list[int] = []
        for each in sheet.columns:
            same[each.title] += 1
            title = each.title if same[each.title] == 1 else f"{each.title} {same[each.title]}"
            here.append(heads.setdefault(title, len(heads)))
        spots.append(here)
    return list(heads), spots


def safe(cell: Cell) -> Cell:
    """The cell as no spreadsheet takes for a formula."""
    value = clean(cell)
    if isinstance(value, str) and value[:1] not in _SUSPECT:
        return value
    return "'" + value if isinstance(value, str) and value.lstrip(" ").startswith(_FORMULA) else value
