"""An open transaction on an empty store in memory."""

from collections.abc import Iterator

import pytest
from sqlalchemy.engine import Connection

from secops.store.database import Database, metadata
from secops.store.tables import TABLES


@pytest.fixture
def connection() -> Iterator[Connection]:
    """With every table and view, nothing in them."""
    database = Database("sqlite://")
    with database.write() as opened:
        metadata.create_all(opened, tables=[metadata.tables[name] for name in TABLES])
        yield opened
    database.close()
