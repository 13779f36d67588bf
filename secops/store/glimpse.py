"""A quick look into the embedded database for completion: a few values, in a few milliseconds, or none.

Read-only, without SQLAlchemy, whose start alone would cost more than the answer may take. What is not found within the
time allowed is left out: an offer less is no error. Table and column names are our own, never a user's.
"""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Final
from urllib.parse import quote

from secops.core.fields import SETS, Derivation, Field, Type
from secops.core.model import Kind

SECONDS: Final = 0.06
MOST: Final = 50
_ROWS: Final = 100_000
"""Rows of a table that are read for the values of a column."""
_STEPS: Final = 1_000


class Glimpse:
    """An open look; every answer is empty where the database cannot be read."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def assets(self, start: str) -> list[str]:
        """Ids and keys of assets and services that begin so."""
        found: list[str] = []
        for table in ("assets", "services"):
            for column in ("id", "key") if start else ("id",):
                text = f"SELECT {column} FROM {table} WHERE {column} >= ? AND {column} < ? LIMIT {MOST}"  # noqa: S608
                found += self._ask(text, (start, start + "\U0010ffff"))
        return found

    def runs(self, start: str) -> list[str]:
        """Ids of runs that begin so, the newest first."""
        text = f"SELECT id FROM runs WHERE substr(id, 1, ?) = ? ORDER BY started_at DESC LIMIT {MOST}"  # noqa: S608
        return self._ask(text, (len(start), start))

    def saved(self, site: str) -> list[str]:
        """Names of the saved filters."""
        text = (
            "SELECT substr(subject, 8), json_extract(payload, '$.removed'), max(seq) FROM decisions"
            " WHERE type = 'save' AND site = ? GROUP BY subject"
        )
        return [str(row[0]) for row in self._rows(text, (site,)) if not row[1]]

    def values(self, field: Field, start: str) -> list[str]:
        """Values of a field that begin so; the first that are met."""
        found: set[str] = set()
        for table, column, many in _sources(field):
            rows = f"SELECT {column} AS v FROM {table} WHERE {column} IS NOT NULL LIMIT {_ROWS}"  # noqa: S608
            if many:
                rows = f"SELECT m.value AS v FROM ({rows}) AS r, json_each(r.v) AS m"  # noqa: S608
            text = f"SELECT DISTINCT v FROM ({rows}) WHERE substr(v, 1, ?) = ? LIMIT {MOST}"  # noqa: S608
            found.update(self._ask(text, (len(start), start)))
        return sorted(found)[:MOST]

    def _ask(self, text: str, parameters: tuple[object, ...]) -> list[str]:
        return [str(row[0]) for row in self._rows(text, parameters)]

    def _rows(self, text: str, parameters: tuple[object, ...]) -> Iterator[tuple[object, ...]]:
        end = time.monotonic() + SECONDS
        try:
            with closing(sqlite3.connect(f"file:{quote(str(self._path))}?mode=ro", uri=True, timeout=0.05)) as raw:
                raw.set_progress_handler(lambda: time.monotonic() > end, _STEPS)
                yield from raw.execute(text, parameters)
        except sqlite3.Error:
            return


def _sources(field: Field) -> Iterator[tuple[str, str, bool]]:
    """Tables and column of a field's values, and whether a row holds a set of them."""
    many = field.type in SETS
    derived = field.derived
    if derived is None and field.type is not Type.ADDRESS:
        if field.kinds - {Kind.SERVICE}:
            yield "assets", field.column, many
        if Kind.SERVICE in field.kinds:
            yield "services", field.column, many
    elif derived is not None and derived.how is Derivation.MEMBERS:
        yield "services", derived.of.replace(".", "_"), False
    elif derived is not None and derived.how is Derivation.LOOKUP and derived.via == "org_id":
        yield "organisations", derived.of, False
    elif derived is not None and derived.how is Derivation.LOOKUP:
        yield "(SELECT * FROM assets WHERE kind = 'system')", derived.of.replace(".", "_"), False
