"""Ctrl-C and time limits for a library that hears no signals while the main thread waits in it."""

import os
import select
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager


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
        """Call `interrupt` at the signal or at the end of the time, until the pipe is closed."""
        while True:
            left = None if self._end is None else max(0.0, self._end - time.monotonic())
            ready, _, _ = select.select([pipe], [], [], left)
            if not ready:
                self._end = None
                interrupt()
                continue
            told = os.read(pipe, 64)
            if not told:
                return
            self.signals += told.count(signal.SIGINT)
            if self.interrupted:
                interrupt()


@contextmanager
def listening(interrupt: Callable[[], None], left: float | None = None) -> Iterator[Heard]:
    """Within, `interrupt` is called from another thread when `left` seconds are over, or at Ctrl-C.

    Signals are heard for the main thread. Where a handler takes the first Ctrl-C for a request to end in good order,
    the second interrupts.
    """
    main = threading.current_thread() is threading.main_thread()
    heard = Heard(left, 1 if signal.getsignal(signal.SIGINT) is signal.default_int_handler else 2)
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    before = signal.set_wakeup_fd(writing, warn_on_full_buffer=False) if main else -1
    watch = threading.Thread(target=heard.wait, args=(reading, interrupt), daemon=True)
    watch.start()
    try:
        yield heard
    finally:
        if main:
            signal.set_wakeup_fd(before)
        os.close(writing)
        watch.join()
        os.close(reading)
