"""How long a question may take, and how it is ended: at its time limit, or at once by Ctrl-C."""

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from sqlalchemy import exc
from sqlalchemy.engine import Connection

from secops.core.errors import StoreError
from secops.core.language import say

STEPS: Final = 50_000
"""Steps of SQLite's machine between two looks at the clock: a millisecond or two."""
_CANCELLED: Final = "57014"
"""PostgreSQL's SQLSTATE of a statement that was ended."""


class Patience:
    """A limit in seconds that all questions together may take, None for none."""

    def __init__(self, seconds: float | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self.seconds = seconds
        self._clock = clock
        self._end = None if seconds is None else clock() + seconds

    @property
    def over(self) -> bool:
        """Whether the time has passed."""
        return self._end is not None and self._clock() >= self._end

    @property
    def left(self) -> float | None:
        """Seconds that are left, None where there is no limit."""
        return None if self._end is None else self._end - self._clock()

    @contextmanager
    def watching(self, connection: Connection) -> Iterator[None]:
        """Questions on the connection end with the limit (StoreError E1512) or with Ctrl-C (KeyboardInterrupt)."""
        raw = connection.connection.driver_connection
        embedded = isinstance(raw, sqlite3.Connection)
        if isinstance(raw, sqlite3.Connection):
            # SQLite holds signals back until it comes back to Python; an exception in here only tells it to stop.
            raw.set_progress_handler(lambda: self.over, STEPS)
        elif self._end is not None:
            left = max(1, round((self._end - self._clock()) * 1000))
            connection.exec_driver_sql(f"SET LOCAL statement_timeout = {left}")
        try:
            yield
        except exc.DBAPIError as error:
            ended = "interrupted" in str(error.orig) if embedded else getattr(error.orig, "sqlstate", "") == _CANCELLED
            if ended and self._end is not None and (self.over or not embedded):
                raise self.late() from error
            if ended and embedded:
                raise KeyboardInterrupt from error
            raise
        finally:
            if isinstance(raw, sqlite3.Connection):
                raw.set_progress_handler(None, 0)

    def late(self) -> StoreError:
        """The error that says so."""
        return StoreError(
            "E1512",
            say(f"查询超过 {self.seconds:g} 秒，已停止", f"the query took over {self.seconds:g} s and was ended"),
            hint=say(
                "加上类别、网段或更具体的条件，或放宽 --timeout", "narrow it by kind or network, or raise --timeout"
            ),
        )
