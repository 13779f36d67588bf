from pathlib import Path

import pytest
import sqlalchemy as sa

from secops.core.errors import StoreError
from secops.store.database import Database, metadata
from secops.store.migrate import HEAD, upgrade, version

pytestmark = pytest.mark.empty


def test_an_empty_database_is_brought_to_the_head_once(tmp_path: Path) -> None:
    """The first opening makes every table, the second changes nothing."""
    store = Database.file(tmp_path / "a.db")
    upgrade(store)
    upgrade(store)
    with store.read() as connection:
        assert version(connection) == HEAD
        assert set(metadata.tables) <= set(sa.inspect(connection).get_table_names())


def test_a_newer_database_is_left_alone(tmp_path: Path) -> None:
    """A database from a newer program is refused with both versions named, and not touched."""
    store = Database.file(tmp_path / "a.db")
    upgrade(store)
    with store.write() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(StoreError, match="E5106") as caught:
        upgrade(store)
    assert "9999" in caught.value.why
    with store.read() as connection:
        assert version(connection) == "9999"


def test_the_steps_make_exactly_the_tables_the_program_uses(tmp_path: Path) -> None:
    """Migrated columns and types equal the declared ones, so neither can drift from the other."""
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    store = Database.file(tmp_path / "a.db")
    upgrade(store)
    with store.read() as connection:
        own = {"include_name": _ours, "include_object": lambda _, name, *__: _ours(name)}
        assert compare_metadata(MigrationContext.configure(connection, opts=own), metadata) == []


def _ours(name: object, *_: object) -> bool:
    """Not the insides of the index of words, which each database words otherwise."""
    return not str(name).startswith(("texts_pieces", "texts_by_pieces"))
