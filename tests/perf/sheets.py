"""Sheets of 1,000,000 rows and 20 columns: ours beside XlsxWriter's constant-memory mode; CSV and Parquet beside them.

Every writer gets the same rows out of a spool, in a child process of its own, so that the peak of memory is its own.
"""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

ROWS = 1_000_000
COLUMNS = 20
RUNS = 3
SECONDS, MEGABYTES = 30.0, 100.0


def figures() -> Iterator:
    """Seconds and megabytes of the bulk writer, its ratio to the styled one, and the two formats for programs."""
    from tests.perf.bench import Figure

    told = {name: [_child(name) for _ in range(1 if name == "xlsxwriter" else RUNS)] for name in
            ("bulk", "xlsxwriter", "csv", "parquet")}  # fmt: skip
    sizes = ", ".join(f"{name} {runs[0]['megabytes']:.0f} MB" for name, runs in told.items())
    seconds = {name: [each["seconds"] for each in runs] for name, runs in told.items()}
    yield Figure.alone("xlsx 1M x 20", seconds["bulk"], unit="s", goal=SECONDS, least=False, note=f"files: {sizes}")
    memory = [each["peak"] for each in told["bulk"]]
    yield Figure.alone("xlsx memory", memory, unit="MB", goal=MEGABYTES, least=False)
    rates = [[ROWS / each for each in seconds[name]] for name in ("bulk", "xlsxwriter")]
    yield Figure.of("xlsx rows", *rates, unit="rows/s", goal=2.0, against="XlsxWriter")
    for name in ("csv", "parquet"):
        yield Figure.alone(f"{name} 1M x 20", seconds[name], unit="s", goal=0, least=False,
                           note=f"peak {told[name][0]['peak']:.0f} MB")  # fmt: skip


def _child(name: str) -> dict[str, float]:
    made = subprocess.run(
        [sys.executable, __file__, name, str(ROWS)], check=True, capture_output=True, text=True, cwd=ROOT
    )
    return json.loads(made.stdout)


def _write(name: str, rows: int) -> None:
    """In the child: spool the rows, then write them once, and tell how long and how much memory that took."""
    from secops.core.clock import Instant
    from secops.deliver.reports import csv, parquet, xlsx, xlsx_bulk
    from secops.deliver.reports.model import Column, Look, Report, Sheet
    from secops.deliver.reports.spool import Spool

    looks = (Look.TEXT, Look.TEXT, Look.NUMBER, Look.TIME, Look.FLAG)
    columns = [Column(f"c{n}", f"列{n}", looks[n % 5]) for n in range(COLUMNS)]
    writers = {"bulk": xlsx_bulk.write, "xlsxwriter": xlsx.styled, "csv": csv.write, "parquet": parquet.write}
    with tempfile.TemporaryDirectory() as folder, Spool(Path(folder)) as spool:
        kept = spool.kept(_rows(rows))
        report = Report("台账", [], [Sheet("清单", columns, kept, rows)], Instant(1_780_000_000_000))
        target = Path(folder) / "out"
        begun = time.perf_counter()
        writers[name](report, target)
        spent = time.perf_counter() - begun
        peak = _peak()
        print(json.dumps({"seconds": spent, "peak": peak, "megabytes": target.stat().st_size / 1e6}))


def _peak() -> float:
    """The most this program ever had, MiB; what `getrusage` says counts the bench's own before it became this one."""
    told = Path("/proc/self/status").read_text("ascii")
    return int(told.partition("VmHWM:")[2].split()[0]) / 1024


def _rows(count: int) -> Iterator[tuple]:
    for n in range(count):
        four = (
            f"10.{n >> 16 & 255}.{n >> 8 & 255}.{n & 255}",
            f"某市财政局{n % 300}",
            n,
            1_780_000_000_000 + n * 60_000,
        )
        yield (*four, n % 3 == 0) * (COLUMNS // 5)


if __name__ == "__main__":
    _write(sys.argv[1], int(sys.argv[2]))
