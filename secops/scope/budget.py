"""The packet budget of a scope: a token bucket that never saves up more than a tenth of a second.

`Shared` keeps its tokens in a file, so that all processes under one scope have its rate together and not each.
"""

import fcntl
import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from secops.core.errors import StoreError
from secops.core.language import say

BURST: Final = 0.1
"""Seconds' worth of packets that may be spent at once."""
_ACCOUNT: Final = struct.Struct("<4sdd")
_MARK: Final = b"rat1"
_AHEAD: Final = 1.0
"""Seconds the file may be ahead of our clock; more means that the machine was started anew since."""


class Bucket:
    """Packets allowed now, at `rate` a second. Time is given in monotonic seconds; running backwards adds nothing."""

    __slots__ = ("_given", "_last", "_tokens", "capacity", "rate")

    def __init__(self, rate: float, now: float) -> None:
        if rate < 1:
            raise ValueError("a rate is at least one packet a second")
        self.rate = rate
        self.capacity = max(1.0, rate * BURST)
        self._tokens = 0.0 if rate * BURST >= 1 else 1.0
        self._last = now
        self._given = 0

    def take(self, want: int, now: float) -> int:
        """Up to `want` packets; 0 when none is due yet."""
        if now > self._last:
            self._tokens = min(self.capacity, self._tokens + (now - self._last) * self.rate)
            self._last = now
        granted = max(0, min(want, int(self._tokens + 1e-9)))
        self._tokens -= granted
        self._given += granted
        return granted

    def give_back(self, unused: int) -> int:
        """Put unused packets back, never more than were taken. Returns how many went back."""
        back = max(0, min(unused, self._given))
        self._given -= back
        self._tokens = min(self.capacity, self._tokens + back)
        return back

    def close(self) -> None:
        """Nothing to let go of."""


class Shared(Bucket):
    """The same bucket for every process that opens this file: taking holds a lock on it for some microseconds.

    Monotonic time is one for all processes of a machine; after its restart the account begins anew, empty. A process
    that dies takes the packets of its last lease with it: less is sent, never more.
    """

    __slots__ = ("_handle", "_path")

    def __init__(self, path: Path, rate: float, now: float) -> None:
        """Raises StoreError E2413 where the file cannot be kept: then nothing is sent."""
        super().__init__(rate, now)
        self._path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise self._broken(error) from error

    def take(self, want: int, now: float) -> int:
        """Up to `want` packets of what all processes have together. Raises StoreError."""
        with self._account(now):
            return super().take(want, now)

    def give_back(self, unused: int) -> int:
        """Put unused packets of ours back. Raises StoreError."""
        with self._account(self._last):
            return super().give_back(unused)

    def close(self) -> None:
        """Let go of the file. Once."""
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1

    @contextmanager
    def _account(self, now: float) -> Iterator[None]:
        if self._handle < 0:
            yield
            return
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX)
            data = os.pread(self._handle, _ACCOUNT.size, 0)
            mark, last, tokens = _ACCOUNT.unpack(data) if len(data) == _ACCOUNT.size else (b"", 0.0, 0.0)
            if mark == _MARK and tokens >= 0.0 and last <= now + _AHEAD:
                self._last, self._tokens = last, min(tokens, self.capacity)
            elif mark:
                self._last, self._tokens = now, 0.0
            try:
                yield
            finally:
                os.pwrite(self._handle, _ACCOUNT.pack(_MARK, self._last, max(0.0, self._tokens)), 0)
        except OSError as error:
            raise self._broken(error) from error
        finally:
            fcntl.flock(self._handle, fcntl.LOCK_UN)

    def _broken(self, error: OSError) -> StoreError:
        return StoreError(
            "E2413",
            say("速率账本写不进去，没有发送", "the rate's account cannot be kept: nothing was sent"),
            where=str(self._path),
            why=error.strerror or str(error),
            hint=say("腾出磁盘空间或修正权限后重试", "free disk space or mend the permissions, then try again"),
        )
