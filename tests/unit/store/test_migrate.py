import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy.engine import Connection

import secops.store.migrate as here
from secops.core.errors import StoreError
from secops.store import dialect
from secops.store.database import Database, metadata
from secops.store.migrate import HEAD, upgrade, version

pytestmark = pytest.mark.empty


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(here.__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    return config


RELEASED = sorted(each.revision for each in ScriptDirectory.from_config(_config()).walk_revisions())


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Database]:
    made = Database.file(tmp_path / "a.db")
    yield made
    made.close()


def _brought_to(store: Database, revision: str) -> None:
    config = _config()
    with store.write() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)


def _tables(connection: Connection, *, views: bool = False) -> dict[str, sa.Table]:
    found = sa.MetaData()
    found.reflect(
        connection, views=views, only=lambda name, _: not name.startswith("texts") and name != "alembic_version"
    )
    return dict(found.tables)


def test_machines_of_before_get_their_places(store: Database) -> None:
    """A network finds them as it finds those taken in later."""
    _brought_to(store, "0016")
    row = {"id": "host-a", "kind": "host", "site": "s", "key": "k", "state": "active", "declared": False,
           "first_seen": 1, "misses": 0, "generation": 0, "changed_seq": 1,
           "host_addresses": '["198.18.0.1"]'}  # fmt: skip
    with store.write() as connection:
        connection.execute(_tables(connection)["asset_rows"].insert(), [row])
    upgrade(store)
    with store.read() as connection:
        found = connection.exec_driver_sql("SELECT host_addresses_key FROM assets").scalar_one()
    assert found == '["00000000000000000000ffffc6120001"]'


_SPECIAL: dict[str, object] = {"origin": '{"name":7}', "sources": '{"http":[5,7]}', "kind": "ip", "state": "active"}


def _filled(table: sa.Table, number: int) -> dict[str, object]:
    """A row with a value of its own in every column."""
    row: dict[str, object] = {}
    for place, column in enumerate(table.columns):
        if column.name in _SPECIAL and table.name in {"assets", "services"}:
            row[column.name] = _SPECIAL[column.name]
        elif column.name == "touched":
            row[column.name] = f'["sightings {number}","of nobody"]'
        elif (table.name, column.name) == ("sightings", "id"):
            row[column.name] = f"sightings {number}"
        elif isinstance(column.type, sa.Boolean):
            row[column.name] = bool(number % 2)
        elif isinstance(column.type, sa.Integer):
            row[column.name] = 1000 * number + place
        elif isinstance(column.type, sa.LargeBinary):
            row[column.name] = bytes(16 - len(str(number))) + str(number).encode()
        else:
            row[column.name] = f"首页 {number} {table.name} {column.name} O'x%"
    return row


def _seen(connection: Connection, columns: dict[str, list[str]]) -> dict[str, list[tuple[object, ...]]]:
    tables = _tables(connection, views=True)
    return {
        name: sorted(
            (tuple(row) for row in connection.execute(sa.select(*(tables[name].c[each] for each in names)))), key=repr
        )
        for name, names in columns.items()
        if name in tables
    }


def test_an_empty_database_is_brought_to_the_head_once(store: Database) -> None:
    """The first opening makes every table, the second changes nothing."""
    upgrade(store)
    upgrade(store)
    with store.read() as connection:
        assert version(connection) == HEAD
        assert set(metadata.tables) <= set(sa.inspect(connection).get_table_names())


def test_whoever_opens_an_older_database_is_told(store: Database) -> None:
    """Of both versions, before it is begun; not of an empty one, nor of one that is new enough."""
    heard: list[tuple[str, str]] = []
    _brought_to(store, "0012")
    upgrade(store, lambda before, now: heard.append((before, now)))
    upgrade(store, lambda before, now: heard.append((before, now)))
    assert heard == [("0012", HEAD)]


def test_the_head_is_the_newest_step() -> None:
    """The program's version of the schema is that of the last file, and the steps are one line."""
    assert RELEASED[-1] == HEAD
    assert [f"{each:04}" for each in range(1, len(RELEASED) + 1)] == RELEASED


def test_a_newer_database_is_left_alone(store: Database) -> None:
    """A database from a newer program is refused with both versions named, and not touched."""
    upgrade(store)
    with store.write() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(StoreError, match="E5106") as caught:
        upgrade(store)
    assert "9999" in caught.value.why
    with store.read() as connection:
        assert version(connection) == "9999"


def test_the_steps_make_exactly_the_tables_the_program_uses(store: Database) -> None:
    """Migrated columns and types equal the declared ones, so neither can drift from the other."""
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    upgrade(store)
    with store.read() as connection:
        mine = connection.dialect.name
        own = {"include_name": _ours, "include_object": lambda made, name, *_: _ours(name) and _has(mine, made)}
        assert compare_metadata(MigrationContext.configure(connection, opts=own), metadata) == []


def _ours(name: object, *_: object) -> bool:
    """Not the insides of the index of words, which each database words otherwise."""
    return not str(name).startswith(("texts_pieces", "texts_by_pieces"))


def _has(database: str, made: object) -> bool:
    """Not an index that the other database alone has."""
    return not isinstance(made, sa.Index) or dialect.has(database, made)


@pytest.mark.parametrize("released", RELEASED)
def test_a_database_of_any_release_keeps_its_rows(store: Database, released: str) -> None:
    """Rows written under each schema there ever was are there after the newest step, value for value."""
    _brought_to(store, released)
    with store.write() as connection:
        tables = _tables(connection)
        for table in tables.values():
            connection.execute(table.insert(), [_filled(table, number) for number in (1, 2, 3)])
        turned = {"origin", "sources"} if released < "0003" else set()
        turned |= {"touched"} if released < "0014" else set()
        columns = {
            name: [c.name for c in t.columns if c.name not in turned and (name, c.name) != ("sightings", "id")]
            for name, t in tables.items()
        }
        before = _seen(connection, columns)
    upgrade(store)
    with store.read() as connection:
        assert version(connection) == HEAD
        assert _seen(connection, columns) == before
        assert all(len(rows) == 3 for rows in before.values())


def test_what_looks_touched_is_known_by_number(store: Database) -> None:
    """Of every sighting, that of a relation withdrawn since too; what was never seen has none."""
    _brought_to(store, "0013")
    with store.write() as connection:
        tables = _tables(connection)
        for name in ("sightings", "looks"):
            connection.execute(tables[name].insert(), [_filled(tables[name], number) for number in (1, 2, 3)])
    upgrade(store)
    with store.read() as connection:
        ids = dict(connection.exec_driver_sql("SELECT number, id FROM numbers").all())
        seen = {ids[number] for (number,) in connection.exec_driver_sql("SELECT number FROM sightings")}
        touched = [
            json.loads(text) for (text,) in connection.exec_driver_sql("SELECT touched FROM looks ORDER BY look")
        ]
    assert seen == {"sightings 1", "sightings 2", "sightings 3"}
    assert [[ids[number] for number in each] for each in touched] == [[f"sightings {each}"] for each in (1, 2, 3)]


def test_a_step_that_fails_leaves_the_old_schema(store: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """All missing steps are one transaction: where the last one fails none was taken."""
    _brought_to(store, "0001")
    real = command.upgrade

    def broken(config: Config, revision: str) -> None:
        real(config, revision)
        raise OSError("full")

    monkeypatch.setattr(command, "upgrade", broken)
    with pytest.raises(OSError, match="full"):
        upgrade(store)
    with store.read() as connection:
        assert version(connection) == "0001"
        assert "looks" not in sa.inspect(connection).get_table_names()
