"""Who in this process has the embedded database's file open, so that another SQLite library may have it alone.

Locks on files belong to processes, not to libraries: when a second copy of SQLite in one process closes a file, the
locks of the first are gone, and the log it still writes to may be deleted under it. So they take turns.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from weakref import WeakSet

from sqlalchemy.engine import Engine

_GATES: Final[dict[Path, "Gate"]] = {}
_MAKING: Final = threading.Lock()


class Gate:
    """Of one file: many inside, or one alone."""

    def __init__(self) -> None:
        self.engines: WeakSet[Engine] = WeakSet()
        self._changed = threading.Condition()
        self._inside = 0
        self._alone: int | None = None

    @contextmanager
    def inside(self) -> Iterator[None]:
        """Be one of those who have it open; waits for one who is alone."""
        with self._changed:
            if self._alone == threading.get_ident():
                raise RuntimeError("the database is asked by the thread that has it closed")
            self._changed.wait_for(lambda: self._alone is None)
            self._inside += 1
        try:
            yield
        finally:
            with self._changed:
                self._inside -= 1
                self._changed.notify_all()

    @contextmanager
    def alone(self, seconds: float) -> Iterator[bool]:
        """Be alone, every idle connection closed. Gives False, at once or after so long, while others are inside."""
        with self._changed:
            until = time.monotonic() + seconds
            free = self._changed.wait_for(self._free, max(0.0, until - time.monotonic()))
            if free:
                self._alone = threading.get_ident()
        if not free:
            yield False
            return
        try:
            for each in list(self.engines):
                each.dispose()
            yield True
        finally:
            with self._changed:
                self._alone = None
                self._changed.notify_all()

    def _free(self) -> bool:
        return self._inside == 0 and self._alone is None


def of(path: Path) -> Gate:
    """The one gate of this file."""
    with _MAKING:
        return _GATES.setdefault(path.resolve(), Gate())
