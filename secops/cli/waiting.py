"""A word on stderr when an answer lets itself be waited for."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Timer

from secops.cli.context import talk
from secops.core.language import say

PATIENT_S = 2.0


@contextmanager
def waiting(after: float = PATIENT_S) -> Iterator[Callable[[], None]]:
    """Inside, after so many seconds, tell that the search goes on; calling what is given says that it has ended."""
    timer = Timer(after, _tell)
    timer.daemon = True
    timer.start()
    try:
        yield timer.cancel
    finally:
        timer.cancel()


def _tell() -> None:
    talk(
        say(
            "还在查，Ctrl-C 停止；加上类别、网段等条件会更快",
            "still searching; Ctrl-C ends it, a kind or a network narrows it",
        )
    )
