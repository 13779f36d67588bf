"""One JSON object a row, keys of the dictionary, values typed: numbers, true and false, times as RFC 3339."""

import json
from pathlib import Path

from secops.core.clock import render
from secops.deliver.reports.model import LIST, Cell, Column, Look, Report, clean, joined


def write(report: Report, path: Path) -> None:
    """Write the report's rows to `path`. Raises OSError."""
    columns, spots = joined(report)
    with path.open("w", encoding="utf-8", newline="\n") as handle:
        for sheet, here in zip(report.sheets, spots, strict=True):
            mine = [columns[place] for place in here]
            for row in sheet.rows():
                told = {LIST: sheet.name} | {each.key: _value(each, cell) for each, cell in zip(mine, row, strict=True)}
                handle.write(json.dumps(told, ensure_ascii=False) + "\n")


def _value(column: Column, cell: Cell) -> Cell:
    if column.look is Look.TIME and isinstance(cell, int) and 0 <= cell < 253_402_200_000_000:
        return render(cell)
    return clean(cell)
