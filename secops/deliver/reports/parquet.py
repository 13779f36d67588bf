"""Parquet: typed columns named by the dictionary, their titles beside them; sheets follow one another in one table."""

from collections.abc import Iterator
from datetime import date
from itertools import islice
from pathlib import Path
from typing import Any

from secops.deliver.reports.extra import needs
from secops.deliver.reports.model import Cell, Column, Look, Report, clean, joined

GROUP = 20_000
"""Rows of a row group: what is in memory at once."""


def write(report: Report, path: Path) -> None:
    """Write the report's rows to `path`. Raises OSError, UsageError without the extra."""
    needs("pyarrow")
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns, spots = joined(report)
    schema = pa.schema(
        [pa.field(each.key, _type(pa, each.look), metadata={"title": each.title}) for each in columns],
        metadata={"title": report.title},
    )
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        rows = _rows(report, spots, len(columns))
        while part := list(islice(rows, GROUP)):
            arrays = [
                pa.array([_cell(each, row[place]) for row in part], schema.field(place).type)
                for place, each in enumerate(columns)
            ]
            writer.write_table(pa.Table.from_arrays(arrays, schema=schema), row_group_size=GROUP)


def _rows(report: Report, spots: list[list[int]], width: int) -> Iterator[list[Cell]]:
    for sheet, here in zip(report.sheets, spots, strict=True):
        for row in sheet.rows():
            line: list[Cell] = [None] * width
            line[0] = sheet.name
            for place, cell in zip(here, row, strict=True):
                line[place] = cell
            yield line


def _type(pa: Any, look: Look) -> Any:
    match look:
        case Look.NUMBER:
            return pa.int64()
        case Look.DECIMAL:
            return pa.float64()
        case Look.FLAG:
            return pa.bool_()
        case Look.TIME:
            return pa.timestamp("ms", tz="Asia/Shanghai")
        case Look.DATE:
            return pa.date32()
        case _:
            return pa.string()


def _day(cell: Cell) -> date | None:
    try:
        return date.fromisoformat(str(cell or "")[:10])
    except ValueError:
        return None


def _cell(column: Column, cell: Cell) -> Any:
    match column.look:
        case Look.NUMBER | Look.TIME:
            return int(cell) if isinstance(cell, (int, float)) and -(2**63) <= cell < 2**63 else None
        case Look.DECIMAL:
            return float(cell) if isinstance(cell, (int, float)) else None
        case Look.FLAG:
            return cell if isinstance(cell, bool) else None
        case Look.DATE:
            return _day(cell)
        case _:
            return None if cell is None else str(clean(cell))
