"""PDF by WeasyPrint from the printable page: A4 across, page numbers, Chinese type embedded, nothing fetched.

Paper shows the columns and the first rows that a reader can use; what it leaves out is said where it is missing.
"""

from pathlib import Path
from typing import Any, NoReturn

from secops.deliver.reports import fonts
from secops.deliver.reports.extra import missing, needs
from secops.deliver.reports.model import Report
from secops.deliver.reports.page import document

ROWS = 1_000
"""Rows of a list that paper shows."""
_LIBRARIES = "apt-get install libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fonts-noto-cjk"


def write(report: Report, path: Path) -> None:
    """Write the report to `path`. Raises OSError, UsageError without the extra, its libraries or a Chinese font."""
    needs("weasyprint")
    try:
        from weasyprint import HTML
        from weasyprint.urls import URLFetcher
    except OSError as error:
        raise missing("Pango", str(error)[:200], _LIBRARIES) from error
    fonts.needed()

    class Refusing(URLFetcher):  # type: ignore[misc]  # the library brings no types
        def fetch(self, url: str, headers: Any = None) -> NoReturn:  # noqa: ARG002 - the library hands it over
            raise ValueError(f"nothing is fetched: {url[:100]}")

    text = "".join(document(report, paper=ROWS))
    HTML(string=text, base_url=None, url_fetcher=Refusing()).write_pdf(path, pdf_identifier=report.title.encode())
