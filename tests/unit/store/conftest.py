"""An empty store: in a file, or in memory with an open transaction."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy.engine import Connection

from secops.store.database import Database, metadata
from secops.store.migrate import upgrade
from secops.store.tables import TABLES


@pytest.fixture
def connection() -> Iterator[Connection]:
    """With every table and view, nothing in them."""
    database = Database("sqlite://")
    with database.write() as opened:
        metadata.create_all(opened, tables=[metadata.tables[name] for name in TABLES])
        yield opened
    database.close()


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """In a file, by every migration."""
    made = Database.file(tmp_path / "secops.db")
    upgrade(made)
    yield made
    made.close()
