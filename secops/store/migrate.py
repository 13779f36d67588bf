"""Brings a database to this program's version in one transaction: a crash leaves the old schema or the new one."""

from collections.abc import Callable
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from secops.core.errors import StoreError
from secops.core.language import say
from secops.store import server
from secops.store.database import Database

HEAD = "0017"
"""The newest step in `migrations/versions`."""


def upgrade(database: Database, told: Callable[[str, str], None] = lambda _before, _now: None) -> None:
    """Take every missing step. Raises StoreError for a database that a newer program wrote.

    `told` hears the versions of before and after, unless there was nothing yet.
    """
    with database.read() as connection:
        found = version(connection)
    if found == HEAD:
        return
    from alembic import command  # noqa: PLC0415 - only a database that needs a step pays for Alembic
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    with database.write(spilling=True) as connection:
        if not database.embedded:
            server.require_utf8(connection, database.url)
        found = version(connection)
        if found is not None and found > HEAD:
            raise _newer(database, found)
        if found is not None and found < HEAD:
            told(found, HEAD)
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def version(connection: Connection) -> str | None:
    """The step the database stands at, None for an empty one."""
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    found = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
    return None if found is None else str(found)


def _newer(database: Database, found: str) -> StoreError:
    return StoreError(
        "E5106",
        say("数据库由更新版本的程序写成", "the database was written by a newer program"),
        where=database.where,
        why=say(f"数据库版本 {found}，本程序认识到 {HEAD}", f"database at {found}, this program knows up to {HEAD}"),
        hint=say("升级 secops，或换用旧版本的备份", "upgrade secops, or use a backup of the older version"),
    )
