"""What a spreadsheet's sheets can hold: rows, names, widths, and cells as its own times and numbers."""

import re
from datetime import date, datetime

from secops.core.clock import CHINA
from secops.deliver.reports.model import Cell, Column, Look, clean, text

ROWS = 1_048_575
"""Rows below the head that one sheet holds."""
WIDTHS = {
    Look.TEXT: 18, Look.LONG: 42, Look.NUMBER: 10, Look.DECIMAL: 10, Look.TIME: 17, Look.DATE: 12, Look.FLAG: 10,
    Look.SEVERITY: 10,
}  # fmt: skip


def sheet_name(words: str, number: int, names: set[str]) -> str:
    """A sheet name: at most 31 characters, none that spreadsheets forbid, unlike the others."""
    plain = re.sub(r"[\[\]:*?/\\']", "_", str(clean(words)).replace("\n", " ")) or "_"
    tail = f" ({number})" if number > 1 else ""
    name = plain[: 31 - len(tail)] + tail
    while name.lower() in names:
        number += 1
        tail = f" ({number})"
        name = plain[: 31 - len(tail)] + tail
    names.add(name.lower())
    return name


def shown(column: Column, raw: Cell) -> Cell | datetime | date:
    """The cell as a spreadsheet keeps it: times and days as its own, so that they sort and filter."""
    if column.look is Look.TIME and isinstance(raw, int) and 0 < raw < 253_402_200_000_000:
        minute = datetime.fromtimestamp(raw / 1000, CHINA).replace(tzinfo=None, second=0, microsecond=0)
        if minute.year < 1901:
            return text(column, raw)
        return minute if minute.hour or minute.minute else minute.date()
    if column.look is Look.DATE and isinstance(raw, str):
        try:
            day = date.fromisoformat(raw)
        except ValueError:
            return clean(raw)
        return day if day.year >= 1901 else raw
    if isinstance(raw, bool):
        return text(column, raw)
    if isinstance(raw, int) and abs(raw) > 2**53:
        return str(raw)
    return clean(raw)
