"""The complaints of database drivers in words a person can act on."""

from collections.abc import Callable
from typing import Final

from sqlalchemy import exc

from secops.core.errors import Locked, SecopsError, StoreError
from secops.core.language import say
from secops.core.url import shown

Told = Callable[[str, str], SecopsError]


def translate(error: exc.DBAPIError, url: str) -> SecopsError:
    """The error to raise in place of the driver's."""
    where = url.partition("///")[2] if url.startswith("sqlite") else ""
    return _kind(error)(where or shown(url), str(error.orig).strip())


def _kind(error: exc.DBAPIError) -> Told:
    state = getattr(error.orig, "sqlstate", None)
    if state is None and type(error.orig).__module__.startswith("psycopg"):
        return _lost if error.connection_invalidated else _unreached(str(error.orig).lower())
    if state is not None:
        return next((told for start, told in _STATES if str(state).startswith(start)), _refused)
    return next((told for words, told in _WORDS if any(each in str(error.orig).lower() for each in words)), _refused)


def _locked(where: str, why: str) -> SecopsError:
    return Locked(
        "E5102",
        say("数据库正被另一个进程占用", "the database is held by another process"),
        where=where,
        why=why,
        hint=say("等它结束后再试；用 secops discover status 查看正在运行的任务", "try again when it has ended"),
    )


def _full(where: str, why: str) -> SecopsError:
    return StoreError(
        "E5103",
        say(
            "磁盘已满或无法写入，本次写入未生效，之前已确认的数据都在",
            "the disk is full or unwritable; nothing acknowledged is lost",
        ),
        where=where,
        why=why,
        hint=say("腾出空间后重新执行，任务会从断点继续", "free some space and run again: it continues"),
    )


def _damaged(where: str, why: str) -> SecopsError:
    return StoreError(
        "E5104",
        say("数据库文件已损坏", "the database file is damaged"),
        where=where,
        why=why,
        hint=say("用 secops db check 检查，再从备份恢复", "run secops db check, then restore a backup"),
    )


def _unopened(where: str, why: str) -> SecopsError:
    return StoreError(
        "E5105",
        say("无法打开数据库文件", "the database file cannot be opened for writing"),
        where=where,
        why=why,
        hint=say("检查路径与权限", "check the path and its permissions"),
    )


def _unreached(text: str) -> Told:
    """Where no session came about the driver gives words alone."""
    return next((told for words, told in _AT_THE_DOOR if any(each in text for each in words)), _away)


def _away(where: str, why: str) -> SecopsError:
    return StoreError(
        "E5110",
        say("连不上数据库服务器", "the database server cannot be reached"),
        where=where,
        why=why,
        hint=say("检查地址、网络与证书，确认服务器在运行", "check address, network and certificate, and that it is up"),
    )


def _unknown(where: str, why: str) -> SecopsError:
    return StoreError(
        "E5113",
        say("数据库服务器不让登录", "the database server refused the login"),
        where=where,
        why=why,
        hint=say(
            "检查用户名；口令放在 store.password_file 指明的文件或 ~/.pgpass 里",
            "check the user; the password is in the file store.password_file names, or in ~/.pgpass",
        ),
    )


def _lost(where: str, why: str) -> SecopsError:
    return StoreError(
        "E5117",
        say(
            "与数据库服务器的连接断了，本次写入整体不作数，之前已确认的数据都在",
            "the database server went away; this write counts as a whole or not at all, nothing acknowledged is lost",
        ),
        where=where,
        why=why,
        hint=say("服务器恢复后重新执行，任务会从断点继续", "run again when it is back: it continues"),
    )


def _forbidden(where: str, why: str) -> SecopsError:
    return StoreError(
        "E5118",
        say("数据库用户没有所需的权限", "the database user lacks a right"),
        where=where,
        why=why,
        hint=say("让它拥有这个数据库：ALTER DATABASE … OWNER TO …", "make it the owner: ALTER DATABASE … OWNER TO …"),
    )


def _busy(where: str, why: str) -> SecopsError:
    return Locked(
        "E5119",
        say("数据库服务器的连接数已满", "the database server takes no more connections"),
        where=where,
        why=why,
        hint=say("稍后再试，或调高 max_connections", "try again later, or raise max_connections"),
    )


def _refused(where: str, why: str) -> SecopsError:
    return StoreError("E5101", say("数据库操作失败", "the database refused"), where=where, why=why)


_STATES: Final[tuple[tuple[str, Told], ...]] = (
    ("55P03", _locked),
    ("40", _locked),
    ("531", _full),
    ("533", _busy),
    ("58", _full),
    ("XX00", _damaged),
    ("28", _unknown),
    ("3D", _away),
    ("57P03", _away),
    ("57P", _lost),
    ("08", _lost),
    ("42501", _forbidden),
    ("25006", _forbidden),
)
"""PostgreSQL's SQLSTATE, by how it begins: https://www.postgresql.org/docs/current/errcodes-appendix.html"""

_AT_THE_DOOR: Final[tuple[tuple[tuple[str, ...], Told], ...]] = (
    (("too many", "connection slots"), _busy),
    (("password", "authentication", "pg_hba", "role "), _unknown),
)
_WORDS: Final[tuple[tuple[tuple[str, ...], Told], ...]] = (
    (("locked", "busy"), _locked),
    (("disk is full", "disk i/o error"), _full),
    (("malformed", "not a database"), _damaged),
    (("unable to open", "readonly"), _unopened),
)
