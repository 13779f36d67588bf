"""The database copied into one file while it is in use, and brought back from it, whichever database either was.

A backup is an SQLite file with the program's own schema: what one on a server wrote, an embedded one restores, and the
other way round. It is written beside its name, sealed (`store.seal`), read again and renamed: a file of that name is a
whole backup, and shows what became of it since.
"""

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy.pool import StaticPool

from secops.core.errors import StoreError, UsageError
from secops.core.language import say
from secops.store import legible, parts, seal, transfer
from secops.store.database import BUSY_MS, Database
from secops.store.migrate import HEAD, upgrade
from secops.store.transfer import Done, Told, quiet

PAGES = 4096
MANIFEST = "backup_manifest"
"""A table in backups of before there were seals."""


def backup(database: Database, target: Path, told: Told = quiet) -> int:
    """Write a consistent copy to `target` while others read and write; its bytes.

    Raises UsageError where the target exists, StoreError where it cannot be written or is not what was read.
    """
    if target.exists():
        raise UsageError(
            "E5302",
            say("备份文件已存在，不覆盖", "the backup file exists and is not overwritten"),
            where=str(target),
            hint=say("换一个文件名", "choose another name"),
        )
    try:
        with parts.writing(target) as part:
            (_copied if database.embedded else _read_out)(database, part, told)
            seal.put(part)
            part.replace(target)
            _synced(target.parent)
        return target.stat().st_size
    except (sqlite3.Error, sa.exc.DBAPIError, OSError) as error:
        raise _unwritten(target, str(error)) from error


def restore(database: Database, source: Path, told: Told = quiet) -> int:
    """Put the contents of a backup in the place of all that is in the database, at once or not at all; its bytes.

    Programs that have the database open see the old contents or the new. Raises UsageError where `source` is no sound
    backup of this program, StoreError where it cannot be written.
    """
    verify(source)
    if not database.embedded:
        try:
            with _at_head(source) as old:
                _read_in(database, old, source, told)
        except OSError as error:
            raise _unrestored(source, str(error)) from error
        return source.stat().st_size
    path = str(database.path)
    try:
        with closing(_opened(source)) as old, closing(sqlite3.connect(path, timeout=BUSY_MS / 1000)) as new:
            with suppress(
                sqlite3.DatabaseError
            ):  # it is the default; a damaged schema can be replaced, but not be asked
                new.execute("PRAGMA synchronous=FULL")
            old.backup(new, pages=-1)
            new.execute(f"DROP TABLE IF EXISTS {MANIFEST}")
    except (sqlite3.Error, OSError) as error:
        raise _unrestored(source, str(error)) from error
    return source.stat().st_size


def kept_as_it_is(database: Database, target: Path) -> bool:
    """Whether the file is damaged and its bytes, with the log beside it, were copied; a sound one is for `backup`.

    Raises StoreError where they cannot be written.
    """
    path = database.path
    if path is None:
        return False
    try:
        with closing(_opened(path)) as old:
            if not _wrong(old):
                return False
    except sqlite3.DatabaseError:
        pass
    try:
        for end in ("", "-wal"):
            found = path.with_name(path.name + end)
            if found.exists() and (found.stat().st_size or not end):
                copy = target.with_name(target.name + end)
                copy.touch(mode=0o600)
                shutil.copyfile(found, copy)
                _synced(copy)
    except OSError as error:
        raise _unwritten(target, str(error)) from error
    return True


def verify(source: Path) -> bool:
    """Whether it is sealed, and so exactly what was written; one of before there were seals is looked over instead.

    Raises UsageError unless this is an intact database of a version this program knows.
    """
    sealed = False
    why: str | None = "" if source.is_file() else say("没有这个文件", "no such file")
    try:
        if not why:
            why = seal.broken(source)
            sealed = why is not None
            if not why:
                with closing(_opened(source)) as old:
                    why = _wrong(old) or ("" if sealed else "; ".join(legible.unread(old)))
    except (sqlite3.DatabaseError, OSError) as error:
        why = str(error)
    if why:
        raise _unsound(source, why)
    return sealed


def _copied(database: Database, part: Path, told: Told) -> None:
    """The pages of an embedded database as one reader sees them, whatever is written meanwhile."""
    with closing(sqlite3.connect(f"{database.path}", timeout=BUSY_MS / 1000)) as old, closing(_blank(part)) as new:
        old.execute("BEGIN")
        numbers = _numbers(old)  # from here on this connection sees one moment, and so does the copy
        old.backup(new, pages=PAGES, progress=lambda _, left, pages: told(Done("", pages - left, pages)))
        new.execute("PRAGMA journal_mode=DELETE")
        new.execute(f"DROP TABLE IF EXISTS {MANIFEST}")
        complaints = [str(row[0]) for row in new.execute("PRAGMA integrity_check(10)") if row[0] != "ok"]
        found = _numbers(new)
    wrong = complaints + [f"{name} ({n}, {found.get(name)})" for name, n in numbers.items() if found.get(name) != n]
    if wrong:
        raise _unwritten(part, "; ".join(wrong)[:500])


def _numbers(connection: sqlite3.Connection) -> dict[str, int]:
    """How many rows each table of the program has."""
    there = {str(row[0]) for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    return {
        each.name: int(connection.execute(f'SELECT count(*) FROM "{each.name}"').fetchone()[0])  # noqa: S608 - our own
        for each in transfer.tables()
        if each.name in there
    }


def _read_out(database: Database, part: Path, told: Told) -> None:
    """The rows of a database on a server, of one moment; read again from the file before it counts."""
    _upgraded(part)
    with _engine(_blank(part)) as engine, _plainly():
        with database.read() as source, _plainly(), engine.begin() as target:
            sums = transfer.carry(source, target, told)
        with engine.begin() as target:
            again = transfer.measure(target, told)
            complaints = target.exec_driver_sql("PRAGMA integrity_check(10)").scalars().all()
        with engine.connect() as target:
            target.exec_driver_sql("PRAGMA journal_mode=DELETE")
    wrong = transfer.differing(sums, again) + [str(each) for each in complaints if each != "ok"]
    if wrong:
        raise _unwritten(part, "; ".join(wrong)[:500])


def _read_in(database: Database, old: Path, source: Path, told: Told) -> None:
    """All rows of a backup into a server's database, in one transaction; read again before it counts."""
    with _engine(_opened(old)) as engine, database.write() as target, _plainly(), engine.connect() as reader:
        sums = transfer.carry(reader, target, told)
        again = transfer.measure(target, told)
        if wrong := transfer.differing(sums, again):
            raise _unrestored(source, "; ".join(wrong)[:500])
        transfer.number_on(target)
    database.know_anew()


@contextmanager
def _plainly() -> Iterator[None]:
    """What the file's own driver complains of, as an error of that file and not of the server's."""
    try:
        yield
    except sa.exc.DBAPIError as error:
        if isinstance(error.orig, sqlite3.Error):
            raise OSError(str(error.orig)) from error
        raise


def _upgraded(file: Path) -> None:
    made = Database(f"sqlite+pysqlite:///{file}")
    try:
        upgrade(made)
    finally:
        made.close()


@contextmanager
def _at_head(source: Path) -> Iterator[Path]:
    """The backup with this program's schema: itself, or a copy that was brought to it."""
    with closing(_opened(source)) as old:
        found = _version(old)
    if found == HEAD:
        yield source
        return
    with TemporaryDirectory(prefix="secops-restore-") as folder:
        copy = Path(folder) / "copy.db"
        shutil.copyfile(source, copy)
        _upgraded(copy)
        yield copy


@contextmanager
def _engine(connection: sqlite3.Connection) -> Iterator[sa.Engine]:
    """SQLAlchemy over one open file, as it is."""
    engine = sa.create_engine("sqlite://", creator=lambda: connection, poolclass=StaticPool)
    try:
        yield engine
    finally:
        engine.dispose()
        connection.close()


def _opened(source: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{quote(str(source.resolve()))}?mode=ro", uri=True, check_same_thread=False)


def _blank(part: Path) -> sqlite3.Connection:
    """A file nobody else knows of yet: synced once, at its end."""
    made = sqlite3.connect(part, check_same_thread=False)
    made.execute("PRAGMA journal_mode=OFF")
    made.execute("PRAGMA synchronous=OFF")
    return made


def _synced(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _version(old: sqlite3.Connection) -> str:
    (found,) = old.execute("SELECT version_num FROM alembic_version").fetchone() or ("",)
    return str(found)


def _wrong(old: sqlite3.Connection) -> str:
    complaints = [str(row[0]) for row in old.execute("PRAGMA integrity_check(10)")]
    if complaints != ["ok"]:
        return "; ".join(complaints)[:500]
    found = _version(old)
    if found > HEAD:
        return say(f"由更新版本的程序写成（{found}）", f"written by a newer program ({found})")
    return ""


def _unwritten(target: Path, why: str) -> StoreError:
    return StoreError(
        "E5303", say("备份没有写成", "the backup could not be written"), where=str(target), why=why,
        hint=say("检查磁盘空间后重试", "look at the free space and try again"),
    )  # fmt: skip


def _unrestored(source: Path, why: str) -> StoreError:
    return StoreError(
        "E5305", say("没有恢复，数据库仍是原样", "nothing was restored, all is as it was"), where=str(source), why=why
    )


def _unsound(source: Path, why: str) -> UsageError:
    return UsageError(
        "E5306",
        say("不是完好的 secops 数据库备份", "not a sound backup of a secops database"),
        where=str(source),
        why=why,
        hint=say("换一份 secops db backup 写出的备份", "take another file that secops db backup wrote"),
    )
