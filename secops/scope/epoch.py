"""The stop switch: a number that every lease re-reads, and one mark for each revoked scope.

`state/epoch` holds the number; whoever wants everything to stop raises it. It is replaced by rename and synced, so a
crash leaves the old number or the new one. `state/revoked/<scope id>` says that one scope is withdrawn. What cannot be
read plainly (a symbolic link, a folder, other words) counts as stopped: the switch fails towards silence.
"""

import fcntl
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from secops.core.errors import Refused, StoreError
from secops.core.language import say

_NUMBER: Final = re.compile(rb"([0-9]{1,15})\n")
_ID: Final = re.compile(r"[a-z0-9-]{1,80}")


class Epoch:
    """The switch in one state folder. Reading costs a few microseconds and touches nothing."""

    def __init__(self, state: Path) -> None:
        self._file = str(state / "epoch")
        self._revoked = str(state / "revoked")
        self._state = state

    def account(self, scope_id: str) -> Path:
        """Where the processes under this scope keep what they have sent together."""
        return self._state / "rates" / scope_id

    def read(self) -> int:
        """The number now; 0 where nobody ever stopped anything. Raises Refused E2111 if it is not plain."""
        try:
            handle = os.open(self._file, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
        except FileNotFoundError:
            return 0
        except OSError as error:
            raise self._unreadable(error.strerror or str(error)) from error
        try:
            found = _NUMBER.fullmatch(os.read(handle, 64))
        except OSError as error:
            raise self._unreadable(error.strerror or str(error)) from error
        finally:
            os.close(handle)
        if found is None:
            raise self._unreadable(say("内容不是一个数", "it holds no number"))
        return int(found[1])

    def revoked(self, scope_id: str) -> bool:
        """Is this scope withdrawn? Any kind of file under its id counts, and an id that is no id."""
        if _ID.fullmatch(scope_id) is None:
            return True
        try:
            os.lstat(f"{self._revoked}/{scope_id}")
        except FileNotFoundError:
            return False
        except OSError:
            return True
        return True

    def bump(self) -> int:
        """Stop everything that is running under this workspace; the new number. Raises StoreError."""
        try:
            with self._locked():
                try:
                    number = self.read() + 1
                except Refused:
                    number = self._beyond()
                self._replace(number)
                return number
        except OSError as error:
            raise self._unwritable(error) from error

    def revoke(self, scope_id: str, reason: str) -> int:
        """Withdraw one scope for ever and stop what is running; the new number. Raises StoreError, ValueError."""
        if _ID.fullmatch(scope_id) is None:
            raise ValueError(f"not a scope id: {scope_id[:80]!r}")
        try:
            Path(self._revoked).mkdir(parents=True, exist_ok=True)
            handle = os.open(
                f"{self._revoked}/{scope_id}", os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644
            )
            try:
                os.write(handle, reason.encode()[:4000] + b"\n")
                os.fsync(handle)
            finally:
                os.close(handle)
            _sync_folder(self._revoked)
        except OSError as error:
            raise self._unwritable(error) from error
        return self.bump()

    def _beyond(self) -> int:
        """A number above any that a run may have been opened with, when the file itself no longer tells."""
        return int(self._state.stat().st_mtime_ns // 1_000_000) + 1

    def _replace(self, number: int) -> None:
        part = f"{self._file}.part"
        handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
        try:
            os.write(handle, b"%d\n" % number)
            os.fsync(handle)
        finally:
            os.close(handle)
        Path(part).replace(self._file)
        _sync_folder(str(self._state))

    @contextmanager
    def _locked(self) -> Iterator[None]:
        self._state.mkdir(parents=True, exist_ok=True)
        handle = os.open(f"{self._file}.lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)

    def _unreadable(self, why: str) -> Refused:
        return Refused(
            "E2111",
            say("急停开关读不出来，按已停止处理", "the stop switch cannot be read: treated as stopped"),
            where=self._file,
            why=why,
            hint=say(
                "查明是谁动了它，再运行 secops stop --all 重写",
                "find out who touched it; secops stop --all rewrites it",
            ),
        )

    def _unwritable(self, error: OSError) -> StoreError:
        return StoreError(
            "E2412",
            say("急停开关写不进去", "the stop switch cannot be written"),
            where=self._file,
            why=error.strerror or str(error),
            hint=say("直接结束正在运行的 secops 进程", "end the running secops processes instead"),
        )


def _sync_folder(path: str) -> None:
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
