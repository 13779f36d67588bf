"""The complaints of database drivers in words a person can act on."""

from dataclasses import dataclass
from typing import Final

from sqlalchemy import exc

from secops.core.errors import Locked, SecopsError, StoreError
from secops.core.language import say
from secops.core.url import shown


@dataclass(frozen=True, slots=True)
class Trouble:
    """What is wrong and what to try, in both languages. `passes`: it may be gone by the next try."""

    code: str
    what: tuple[str, str]
    hint: tuple[str, str] | None = None
    passes: bool = False

    def told(self, where: str, why: str) -> SecopsError:
        """The error to raise: `where` the database is, `why` in the driver's own words."""
        kind = Locked if self.passes else StoreError
        return kind(self.code, say(*self.what), where=where, why=why, hint=say(*self.hint) if self.hint else "")


_LOCKED: Final = Trouble(
    "E5102",
    ("数据库正被另一个进程占用", "the database is held by another process"),
    ("等它结束后再试；用 secops discover status 查看正在运行的任务", "try again when it has ended"),
    passes=True,
)
_HELD: Final = Trouble(
    "E5102",
    ("数据库正被服务器上的另一个会话占用", "another session on the server holds the database"),
    (
        "可能是另一个任务，或刚被结束的进程的会话正在收尾；等几秒再试",
        "another task, or the session of a process that was ended and is closing: wait some seconds and try again",
    ),
    passes=True,
)
_FULL: Final = Trouble(
    "E5103",
    (
        "磁盘已满或无法写入，本次写入未生效，之前已确认的数据都在",
        "the disk is full or unwritable; nothing acknowledged is lost",
    ),
    ("腾出空间后重新执行，任务会从断点继续", "free some space and run again: it continues"),
)
_DAMAGED: Final = Trouble(
    "E5104",
    ("数据库文件已损坏", "the database file is damaged"),
    ("用 secops db check 检查，再从备份恢复", "run secops db check, then restore a backup"),
)
_UNOPENED: Final = Trouble(
    "E5105",
    ("无法打开数据库文件", "the database file cannot be opened for writing"),
    ("检查路径与权限", "check the path and its permissions"),
)
_AWAY: Final = Trouble(
    "E5110",
    ("连不上数据库服务器", "the database server cannot be reached"),
    ("检查地址、网络与证书，确认服务器在运行", "check address, network and certificate, and that it is up"),
)
_UNKNOWN: Final = Trouble(
    "E5113",
    ("数据库服务器不让登录", "the database server refused the login"),
    (
        "检查用户名；口令放在 store.password_file 指明的文件或 ~/.pgpass 里",
        "check the user; the password is in the file store.password_file names, or in ~/.pgpass",
    ),
)
_LOST: Final = Trouble(
    "E5117",
    (
        "与数据库服务器的连接断了，本次写入整体不作数，之前已确认的数据都在",
        "the database server went away; this write counts as a whole or not at all, nothing acknowledged is lost",
    ),
    ("服务器恢复后重新执行，任务会从断点继续", "run again when it is back: it continues"),
)
_FORBIDDEN: Final = Trouble(
    "E5118",
    ("数据库用户没有所需的权限", "the database user lacks a right"),
    ("让它拥有这个数据库：ALTER DATABASE … OWNER TO …", "make it the owner: ALTER DATABASE … OWNER TO …"),
)
_BUSY: Final = Trouble(
    "E5119",
    ("数据库服务器的连接数已满", "the database server takes no more connections"),
    ("稍后再试，或调高 max_connections", "try again later, or raise max_connections"),
    passes=True,
)
_REFUSED: Final = Trouble("E5101", ("数据库操作失败", "the database refused"))

_STATES: Final = (
    ("55P03", _HELD),
    ("40", _LOCKED),
    ("531", _FULL),
    ("533", _BUSY),
    ("58", _FULL),
    ("XX00", _DAMAGED),
    ("28", _UNKNOWN),
    ("3D", _AWAY),
    ("57P03", _AWAY),
    ("57P", _LOST),
    ("08", _LOST),
    ("42501", _FORBIDDEN),
    ("25006", _FORBIDDEN),
)
"""PostgreSQL's SQLSTATE, by how it begins: https://www.postgresql.org/docs/current/errcodes-appendix.html"""

_AT_THE_DOOR: Final = (
    (("too many", "connection slots"), _BUSY),
    (("password", "authentication", "pg_hba", "role "), _UNKNOWN),
)
"""Where no session came about the driver gives words alone."""

_WORDS: Final = (
    (("locked", "busy"), _LOCKED),
    (("disk is full", "disk i/o error"), _FULL),
    (("malformed", "not a database"), _DAMAGED),
    (("unable to open", "readonly"), _UNOPENED),
)


def translate(error: exc.DBAPIError, url: str) -> SecopsError:
    """The error to raise in place of the driver's."""
    where = url.partition("///")[2] if url.startswith("sqlite") else ""
    return _of(error).told(where or shown(url), str(error.orig).strip())


def _of(error: exc.DBAPIError) -> Trouble:
    state = getattr(error.orig, "sqlstate", None)
    text = str(error.orig).lower()
    if state is not None:
        return next((trouble for start, trouble in _STATES if str(state).startswith(start)), _REFUSED)
    if not type(error.orig).__module__.startswith("psycopg"):
        return _named(_WORDS, text, _REFUSED)
    return _LOST if error.connection_invalidated else _named(_AT_THE_DOOR, text, _AWAY)


def _named(words: tuple[tuple[tuple[str, ...], Trouble], ...], text: str, other: Trouble) -> Trouble:
    return next((trouble for each, trouble in words if any(word in text for word in each)), other)
