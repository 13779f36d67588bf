"""Imports every table file, so that the metadata is whole. A new table is a file and a line here."""

from importlib import import_module

_FILES: tuple[str, ...] = (
    "runs",
    "coverage",
    "looks",
    "texts",
    "observations",
    "decisions",
    "run_ends",
    "numbers",
    "sightings",
    "entities",
    "relations",
    "changes",
    "evidence",
    "identifiers",
    "organisations",
    "records",
    "cursor",
    "findings",
    "cases",
    "rule_state",
    "outbox",
    "ledger",
    "folds",
)
for _each in _FILES:
    import_module(f"secops.store.{_each}")

from secops.store.database import metadata  # noqa: E402 - after the tables have been made

__all__ = ["TABLES", "metadata"]

TABLES = tuple(table.name for table in metadata.sorted_tables)
