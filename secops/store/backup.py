"""The embedded database looked over and copied while it is in use."""

import sqlite3
from contextlib import closing
from pathlib import Path

from secops.core.errors import StoreError, UsageError
from secops.core.language import say
from secops.store.database import Database


def problems(database: Database) -> tuple[str, ...]:
    """What SQLite's own integrity and foreign-key checks complain about; empty where all is well."""
    with database.read() as connection:
        if connection.dialect.name != "sqlite":
            return ()
        found = [str(row[0]) for row in connection.exec_driver_sql("PRAGMA integrity_check(100)")]
        orphans = [f"{row[0]} {row[1]} -> {row[2]}" for row in connection.exec_driver_sql("PRAGMA foreign_key_check")]
    return tuple(each for each in found if each != "ok") + tuple(orphans[:100])


def backup(database: Database, target: Path) -> int:
    """Write a consistent copy to `target` while others read and write; returns its bytes.

    Raises UsageError where the target exists or the database is a server's, StoreError where it cannot be written.
    """
    source = database.path
    if source is None:
        raise UsageError(
            "E5301",
            say("只有工作区内的数据库文件能这样备份", "only the workspace's own database file is copied so"),
            where=database.url,
            hint=say("请用数据库服务器自己的备份工具，如 pg_dump", "use the server's own tool, such as pg_dump"),
        )
    if target.exists():
        raise UsageError(
            "E5302",
            say("备份文件已存在，不覆盖", "the backup file exists and is not overwritten"),
            where=str(target),
            hint=say("换一个文件名", "choose another name"),
        )
    part = target.with_name(target.name + ".part")
    try:
        with closing(sqlite3.connect(source)) as old, closing(sqlite3.connect(part)) as new:
            old.backup(new, pages=4096)
            new.execute("PRAGMA journal_mode=DELETE")
        part.chmod(0o600)
        part.replace(target)
        return target.stat().st_size
    except (sqlite3.Error, OSError) as error:
        part.unlink(missing_ok=True)
        raise StoreError(
            "E5303", say("备份没有写成", "the backup could not be written"), where=str(target), why=str(error)
        ) from error
