"""The embedded database looked over and copied while it is in use."""

import sqlite3
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from secops.core.errors import StoreError, UsageError
from secops.core.language import say
from secops.store.database import BUSY_MS, Database
from secops.store.migrate import HEAD


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
            where=database.where,
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


def restore(database: Database, source: Path) -> int:
    """Put the contents of a backup in the place of all that is in the database, at once or not at all; its bytes.

    Programs that have the database open see the old contents or the new. Raises UsageError where `source` is no sound
    backup of this program or the database is a server's, StoreError where it cannot be written.
    """
    path = database.path
    if path is None:
        raise UsageError(
            "E5304",
            say("只有工作区内的数据库文件能这样恢复", "only the workspace's own database file is restored so"),
            where=database.where,
            hint=say("请用数据库服务器自己的工具，如 pg_restore", "use the server's own tool, such as pg_restore"),
        )
    verify(source)
    try:
        with closing(_opened(source)) as old, closing(sqlite3.connect(path, timeout=BUSY_MS / 1000)) as new:
            new.execute("PRAGMA synchronous=FULL")
            old.backup(new, pages=-1)
        return source.stat().st_size
    except (sqlite3.Error, OSError) as error:
        raise StoreError(
            "E5305", say("没有恢复，数据库仍是原样", "nothing was restored, all is as it was"),
            where=str(source), why=str(error),
        ) from error  # fmt: skip


def _opened(source: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{quote(str(source.resolve()))}?mode=ro", uri=True)


def verify(source: Path) -> None:
    """Raises UsageError unless this is an intact database of a version this program knows."""
    why = "" if source.is_file() else say("没有这个文件", "no such file")
    try:
        if not why:
            with closing(_opened(source)) as old:
                why = _wrong(old)
    except sqlite3.DatabaseError as error:
        why = str(error)
    if why:
        raise UsageError(
            "E5306",
            say("不是完好的 secops 数据库备份", "not a sound backup of a secops database"),
            where=str(source),
            why=why,
            hint=say("secops db backup 写出的文件可以恢复", "a file that secops db backup wrote can be restored"),
        )


def _wrong(old: sqlite3.Connection) -> str:
    complaints = [str(row[0]) for row in old.execute("PRAGMA integrity_check(10)")]
    if complaints != ["ok"]:
        return "; ".join(complaints)[:500]
    (found,) = old.execute("SELECT version_num FROM alembic_version").fetchone() or ("",)
    if str(found) > HEAD:
        return say(f"由更新版本的程序写成（{found}）", f"written by a newer program ({found})")
    return ""
