"""A database on a server: its address read and held to what is safe, sessions opened with it, writers in turn.

A password is in a file or in libpq's own `~/.pgpass`, never in the address, where logs and process lists would show it.
"""

import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import event, exc
from sqlalchemy.engine import URL, Connection, Engine
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry

from secops.core.errors import StoreError, UsageError
from secops.core.language import say
from secops.core.url import shown

WRITING: Final = 0x7365636F7073
"""The advisory lock that writers of one database take in turn: the order of the log is the order of commits."""

_LONGEST = 4096


def address(url: str) -> URL:
    """The address of a server's database. Raises UsageError for one that holds a password or cannot be read."""
    text = re.sub(r"^postgres(ql)?(\+psycopg)?://", "postgresql+psycopg://", url)
    try:
        found = sa.make_url(text)
    except (exc.ArgumentError, ValueError) as error:
        raise _unreadable(url) from error
    if found.drivername != "postgresql+psycopg":
        raise _unreadable(url)
    if found.password is not None or {"password", "sslpassword"} & {each.lower() for each in found.query}:
        raise UsageError(
            "E5112",
            say("数据库地址里不能写口令", "a database address must hold no password"),
            where=shown(url),
            why=say("地址会出现在日志与进程列表里", "logs and lists of processes show the address"),
            hint=say(
                "把口令写进只有自己可读的文件，用 store.password_file 指明，或写进 ~/.pgpass",
                "put it into a file only you can read and name that in store.password_file, or use ~/.pgpass",
            ),
        )
    return found


def password(path: Path) -> str:
    """The first line of a password file. Raises StoreError where it cannot be read or others can read it."""
    why = ""
    try:
        with path.open("rb") as file:
            if stat.S_IMODE(path.stat().st_mode) & 0o077:
                why = say("别人也能读它", "others can read it")
            line = file.read(_LONGEST).partition(b"\n")[0].rstrip(b"\r").decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror or "" if isinstance(error, OSError) else say("不是 UTF-8 文本", "it is no UTF-8 text")
    if not why and not line:
        why = say("第一行是空的", "its first line is empty")
    if why:
        raise StoreError(
            "E5115",
            say("口令文件不能用", "the password file cannot be used"),
            where=str(path),
            why=why,
            hint=say(
                f"第一行写口令，再执行 chmod 600 {path}", f"put the password on its first line and chmod 600 {path}"
            ),
        )
    return line


def engine(url: str, password_file: Path | None, busy_ms: int) -> Engine:
    """What opens connections to this database. Nothing is contacted yet."""
    found = address(url)
    try:
        import psycopg  # noqa: F401, PLC0415 - an extra: said by name where it lacks
    except ImportError as error:
        raise UsageError(
            "E5116",
            say("用 PostgreSQL 作库需要另装一个部件", "a store on PostgreSQL needs an extra"),
            why=str(error),
            hint="pip install 'yuedun-secops[postgres]'",
        ) from error
    usual = {"client_encoding": "utf8", "connect_timeout": 10, "application_name": "secops"}
    arguments = {name: value for name, value in usual.items() if name not in found.query}
    if password_file is not None:
        arguments["password"] = password(password_file)
    made = sa.create_engine(found, pool_pre_ping=True, connect_args=arguments)

    def opened(connection: DBAPIConnection, _record: ConnectionPoolEntry) -> None:
        cursor = connection.cursor()
        cursor.execute(f"SET lock_timeout = {busy_ms}")
        cursor.execute("SET jit = off")
        cursor.execute(
            "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'"
        )
        cursor.close()
        connection.commit()

    event.listen(made, "connect", opened)
    event.listen(made, "begin", _on_begin)
    return made


def require_utf8(connection: Connection, url: str) -> None:
    """Raises StoreError for a database that cannot keep every text: it must be UTF-8."""
    encoding = connection.exec_driver_sql("SHOW server_encoding").scalar()
    if encoding != "UTF8":
        raise StoreError(
            "E5114",
            say("数据库不是 UTF-8 编码", "the database is not in UTF-8"),
            where=shown(url),
            why=str(encoding),
            hint="CREATE DATABASE secops ENCODING 'UTF8' TEMPLATE template0;",
        )


@contextmanager
def unprepared(connection: Connection) -> Iterator[None]:
    """Let no statement be one that was prepared before: it would not see a temporary table made since of its name."""
    driver: Any = connection.connection.driver_connection
    if connection.dialect.name != "postgresql":
        yield
        return
    before, driver.prepare_threshold = driver.prepare_threshold, None
    try:
        yield
    finally:
        driver.prepare_threshold = before


def _on_begin(connection: Connection) -> None:
    if connection.get_execution_options().get("secops_writing", False):
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({WRITING})")


def _unreadable(url: str) -> UsageError:
    return UsageError(
        "E5111",
        say("看不懂的数据库地址", "a database address that cannot be read"),
        where=shown(url),
        hint="postgresql://USER@HOST:5432/DATABASE?sslmode=verify-full",
    )
