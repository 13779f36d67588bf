"""The audit log, written under a lock and synced before the act it tells of. The form of a line: `scope.chain`.

A line is synced first, the head file after it: a crash can leave the head one line behind, never ahead. So a head that
is ahead of the file means that acknowledged lines are gone.
"""

import fcntl
import hashlib
import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from secops.core.clock import Clock, render
from secops.core.errors import StoreError
from secops.core.language import say
from secops.scope.chain import LONGEST, Head, claimed, seal

_FLAGS: Final = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
_Files = tuple[int, int]
"""Handles of log and head."""


class Audit:
    """The log at one path. Safe for several processes: each append holds a lock on the file."""

    def __init__(self, path: Path, clock: Clock, account: str = "") -> None:
        """`account`: of the operating system, noted in every line beside who the command says acts."""
        self.path = path
        self._clock = clock
        self._account = account
        self.last = Head()
        """Number and hash of the line this object wrote last, to keep in store rows."""

    @property
    def head_path(self) -> Path:
        """The small file beside the log."""
        return self.path.with_name(self.path.name + ".head")

    def append(self, event: str, data: Mapping[str, object]) -> int:
        """Write one line, synced to disk, and return its number. Raises StoreError E2402: then do not act.

        A last line torn by a crash is cut off and told of in a line of its own (`audit.repaired`). Raises
        StoreError E2401 when lines that were acknowledged are gone.
        """
        try:
            with self._locked() as files:
                before, size = self._tail(files)
                told = {**data, "account": self._account} if self._account else data
                self.last = self._write(files, size, before, (event, told))
        except OSError as error:
            raise StoreError(
                "E2402",
                say("审计日志写不进去，动作没有执行", "the audit log cannot be written: nothing was done"),
                where=str(self.path),
                why=error.strerror or str(error),
                hint=say("腾出磁盘空间或修正权限后重试", "free disk space or mend the permissions, then try again"),
            ) from error
        return self.last.seq

    def _write(self, files: _Files, size: int, before: Head, told: tuple[str, Mapping[str, object]]) -> Head:
        log, head = files
        line, after = seal(render(self._clock.now()), *told, before)
        if len(line) > LONGEST:
            raise ValueError(f"audit line of {len(line)} bytes: sum up before writing")
        try:
            written = 0
            while written < len(line):
                written += os.pwrite(log, line[written:], size + written)
            os.fsync(log)
        except OSError:
            os.ftruncate(log, size)
            raise
        os.pwrite(head, after.render(), 0)
        os.fsync(head)
        if not size:
            self._sync_folder()
        return after

    def _tail(self, files: _Files) -> tuple[Head, int]:
        """The last whole line's head and where the next line goes; a torn last line is cut off and told of."""
        log, head = files
        size = os.fstat(log).st_size
        known = Head.parse(os.pread(head, 200, 0))
        chunk = os.pread(log, 2 * LONGEST, max(0, size - 2 * LONGEST))
        end = chunk.rfind(b"\n") + 1
        start = chunk.rfind(b"\n", 0, max(0, end - 1)) + 1
        last = claimed(chunk[start:end]) if end else Head()
        if known is None or last is None or not known.seq <= last.seq <= known.seq + 1:
            raise self._broken()
        if known.seq == last.seq and known.hash != last.hash:
            raise self._broken()
        fragment = chunk[end:]
        if not fragment:
            return last, size
        whole = size - len(fragment)
        os.ftruncate(log, whole)
        told = {"bytes": len(fragment), "sha256": hashlib.sha256(fragment).hexdigest(), "begins": _printable(fragment)}
        after = self._write(files, whole, last, ("audit.repaired", told))
        return after, os.fstat(log).st_size

    def _sync_folder(self) -> None:
        folder = os.open(self.path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def _broken(self) -> StoreError:
        return StoreError(
            "E2401",
            say("审计日志被改动过，拒绝继续写", "the audit log was tampered with: nothing more is written to it"),
            where=str(self.path),
            why=say("末尾与 .head 文件记录的不符", "its end is not what the .head file tells"),
            hint=say(
                "先运行 secops audit verify，把日志和 .head 一起封存移走后再继续",
                "run secops audit verify; keep the log and its .head as evidence elsewhere before going on",
            ),
        )

    @contextmanager
    def _locked(self) -> Iterator[tuple[int, int]]:
        """Both files open, the log locked."""
        log = os.open(self.path, _FLAGS, 0o600)
        try:
            if not stat.S_ISREG(os.fstat(log).st_mode):
                raise OSError(say("不是普通文件", "not a regular file"))
            fcntl.flock(log, fcntl.LOCK_EX)
            head = os.open(self.head_path, _FLAGS, 0o600)
            try:
                yield log, head
            finally:
                os.close(head)
        finally:
            os.close(log)


def _printable(fragment: bytes) -> str:
    return fragment[:200].decode("ascii", "backslashreplace")
