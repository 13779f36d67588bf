"""Errors a person can act on: what happened, where, why, what to try, and the exit code scripts see.

Raise at the fact, catch at the door (`cli.main`). Codes are stable; `secops explain CODE` prints their meaning.
E1xxx usage and files, E2xxx scope and Gate, E3xxx network, E4xxx rules and grading, E5xxx store, E6xxx sinks,
E7xxx exercises, E9xxx the program itself.
"""

import errno
from collections.abc import Sequence
from enum import IntEnum
from typing import Final

from secops.core.language import say


class Exit(IntEnum):
    """Exit codes of the command line, the same for every verb."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    REFUSED = 3
    FORBIDDEN = 4
    INCOMPLETE = 5
    THRESHOLD = 6
    LOCKED = 7
    INTERRUPTED = 130
    STOPPED = 143


class SecopsError(Exception):
    """One thing that went wrong, told so that the reader can mend it.

    `code` is `E` and four digits; `where` is a place (`path:line:column`, a URL, a table) or empty.
    """

    exit_code: Exit = Exit.FAILED

    def __init__(self, code: str, what: str, *, where: str = "", why: str = "", hint: str = "") -> None:
        super().__init__(what)
        self.code = code
        self.what = what
        self.where = where
        self.why = why
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.code}: {self.what}" + (f" ({self.where})" if self.where else "")

    def diagnose(self) -> str:
        """The paragraph printed on stderr: first line `error[CODE]: what`, then where, why and what to try."""
        lines = [f"error[{self.code}]: {self.what}"]
        for title, text in (
            (say("位置", "where"), self.where),
            (say("原因", "why"), self.why),
            (say("建议", "try"), self.hint),
        ):
            if text:
                lines.append(f"  {title}: {text}")
        return "\n".join(lines)


_OF_FILES: Final = {
    errno.ENOENT: ("没有这个文件", "no such file"),
    errno.EACCES: ("没有权限", "permission denied"),
    errno.EISDIR: ("这是文件夹，不是文件", "it is a folder"),
    errno.ENOTDIR: ("路径中有一段不是文件夹", "a part of the path is no folder"),
    errno.ENOSPC: ("磁盘已满", "the disk is full"),
    errno.EROFS: ("只读文件系统", "the file system is read-only"),
    errno.ENAMETOOLONG: ("文件名太长", "the name is too long"),
}


def why_not(error: OSError) -> str:
    """Why a file cannot be read or written, in the language in force."""
    found = _OF_FILES.get(error.errno or 0)
    return say(*found) if found else error.strerror or str(error)


class UsageError(SecopsError):
    """Wrong words on the command line."""

    exit_code = Exit.USAGE


class InvalidFile(SecopsError):
    """A file that does not say what its kind must say; `where` is `path:line:column`."""

    exit_code = Exit.USAGE


class InvalidFiles(InvalidFile):
    """Everything wrong with a file at once, so that one round of editing mends it. `problems` is never empty."""

    def __init__(self, problems: Sequence[InvalidFile]) -> None:
        first = problems[0]
        super().__init__(first.code, first.what, where=first.where, why=first.why, hint=first.hint)
        self.problems = tuple(problems)

    def diagnose(self) -> str:
        """One paragraph for each problem."""
        return "\n".join(problem.diagnose() for problem in self.problems)


class Refused(SecopsError):
    """The Gate said no: outside scope, unsigned, expired, revoked, too intrusive, wrong hour."""

    exit_code = Exit.REFUSED


class Forbidden(SecopsError):
    """This person may not do this."""

    exit_code = Exit.FORBIDDEN


class Locked(SecopsError):
    """Another process holds the lock."""

    exit_code = Exit.LOCKED


class StoreError(SecopsError):
    """The database cannot do what was asked: full, locked, damaged, from another version."""


class SinkError(SecopsError):
    """A sink refused or could not be reached."""

    exit_code = Exit.INCOMPLETE
