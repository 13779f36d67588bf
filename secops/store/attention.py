"""Ctrl-C and time limits for a library that hears no signals while the main thread waits in it."""

import os
import select
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

AGAIN: Final = 0.05
"""Seconds between two interruptions."""


class Heard:
    """What has been heard so far."""

    def __init__(self, left: float | None, need: int) -> None:
        self._end = None if left is None else time.monotonic() + left
        self._need = need
        self.signals = 0

    @property
    def interrupted(self) -> bool:
        """Whether somebody pressed Ctrl-C, as often as what hears it otherwise wants it."""
        return self.signals >= self._need

    def wait(self, pipe: int, interrupt: Callable[[], None]) -> None:
        """Call `interrupt` at the signal or at the end of the time; again and again, until the pipe is closed.

        Once would not do: it ends what is at work, and the next step may just not have begun.
        """
        while True:
            left = None if self._end is None else max(0.0, self._end - time.monotonic())
            ready, _, _ = select.select([pipe], [], [], AGAIN if self.interrupted or left == 0 else left)
            if not ready:
                interrupt()
                continue
            told = os.read(pipe, 64)
            if not told:
                return
            self.signals += told.count(signal.SIGINT)
            if self.interrupted:
                interrupt()


@contextmanager
def listening(interrupt: Callable[[], None], left: float | None = None, *, alone: bool = False) -> Iterator[Heard]:
    """Within, `interrupt` is called from another thread when `left` seconds are over, or at Ctrl-C.

    Signals are heard for the main thread. Where a handler takes the first Ctrl-C for a request to end in good order,
    the second interrupts. `alone`: no KeyboardInterrupt is raised in what is done within, where it could strike while
    something is being put away; who listens raises it then.
    """
    main = threading.current_thread() is threading.main_thread()
    plain = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    heard = Heard(left, 1 if plain else 2)
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    before = signal.set_wakeup_fd(writing, warn_on_full_buffer=False) if main else -1
    watch = threading.Thread(target=heard.wait, args=(reading, interrupt), daemon=True)
    watch.start()
    if main and plain and alone:
        signal.signal(signal.SIGINT, _nothing)
    try:
        yield heard
    finally:
        if main and plain and alone:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        if main:
            signal.set_wakeup_fd(before)
        os.close(writing)
        watch.join()
        os.close(reading)


def _nothing(_number: int, _frame: FrameType | None) -> None:
    """Hear it and go on."""
