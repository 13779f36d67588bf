"""One self-contained page: charts and pictures inline, printable, fetching nothing."""

from pathlib import Path

from secops.deliver.reports.model import Report
from secops.deliver.reports.page import document


def write(report: Report, path: Path) -> None:
    """Write the report to `path`. Raises OSError."""
    with path.open("w", encoding="utf-8", newline="\n") as handle:
        handle.writelines(document(report))
