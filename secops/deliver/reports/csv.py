"""CSV for spreadsheets: UTF-8 with a mark, one table; sheets of different columns are laid side by side by key.

A text that a spreadsheet would take for a formula gets a quote before it (OWASP, CSV injection).
"""

import csv
from pathlib import Path

from secops.core.language import say
from secops.deliver.reports.model import Cell, Look, Report, clean, joined, text

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")

_SUSPECT = frozenset({" ", *_FORMULA})
_TOLD = frozenset({Look.TIME, Look.FLAG})


def write(report: Report, path: Path) -> None:
    """Write the report's rows to `path`. Raises OSError."""
    columns, spots = joined(report)
    several = len(report.sheets) > 1
    with path.open("w", encoding="utf-8-sig", newline="") as handle:
        writer = csv.writer(handle, lineterminator="\r\n")
        heads = [each.title for each in columns]
        writer.writerow([say("清单", "list"), *heads] if several else heads)
        for sheet, here in zip(report.sheets, spots, strict=True):
            for row in sheet.rows():
                line: list[Cell] = [None] * len(columns)
                for place, column, cell in zip(here, sheet.columns, row, strict=True):
                    line[place] = safe(text(column, cell) if column.look in _TOLD else cell)
                writer.writerow([sheet.name, *line] if several else line)


def safe(cell: Cell) -> Cell:
    """The cell as no spreadsheet takes for a formula."""
    value = clean(cell)
    if isinstance(value, str) and value[:1] not in _SUSPECT:
        return value
    return "'" + value if isinstance(value, str) and value.lstrip(" ").startswith(_FORMULA) else value
