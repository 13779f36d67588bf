"""Ctrl-C and time limits while a library that hears no signals is at work."""

import os
import signal
import threading
import time
from collections.abc import Iterator

import pytest

from secops.store.attention import listening


@pytest.fixture(autouse=True)
def _ours() -> Iterator[None]:
    """Python's own handler of SIGINT, whatever runs the tests."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_the_end_of_the_time_interrupts() -> None:
    """After so many seconds, from another thread; it was no Ctrl-C."""
    called = threading.Event()
    with listening(called.set, 0.05) as heard:
        assert called.wait(5)
    assert not heard.interrupted


def test_nothing_interrupts_what_ends_in_time() -> None:
    """Neither the time nor a signal: the pipe is closed and the thread gone."""
    called = threading.Event()
    before = threading.active_count()
    with listening(called.set, 60):
        pass
    assert not called.is_set()
    assert threading.active_count() == before
    assert signal.set_wakeup_fd(-1) == -1


def test_ctrl_c_interrupts_at_once() -> None:
    """Python's own handler speaks too, once the library has returned."""
    called = threading.Event()
    with pytest.raises(KeyboardInterrupt), listening(called.set) as heard:
        os.kill(os.getpid(), signal.SIGINT)
        called.wait(5)
    assert called.is_set()
    assert heard.interrupted


def test_who_listens_alone_raises_it_himself() -> None:
    """Nothing is struck while it is put away; it is interrupted again and again; Python's handler is back after it."""
    times: list[float] = []
    with listening(lambda: times.append(0.0), alone=True) as heard:
        os.kill(os.getpid(), signal.SIGINT)
        until = time.monotonic() + 5
        while len(times) < 3 and time.monotonic() < until:
            time.sleep(0.01)
    assert heard.interrupted
    assert len(times) >= 3
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_where_the_first_asks_for_a_good_end_the_second_interrupts() -> None:
    """A handler of the command's own counts them: nothing is interrupted by the first."""
    signals: list[int] = []
    signal.signal(signal.SIGINT, lambda number, _frame: signals.append(number))
    called = threading.Event()
    with listening(called.set) as heard:
        os.kill(os.getpid(), signal.SIGINT)
        until = time.monotonic() + 5
        while not heard.signals and time.monotonic() < until:
            time.sleep(0.01)
        assert not called.is_set()
        os.kill(os.getpid(), signal.SIGINT)
        assert called.wait(5)
    assert len(signals) == 2


def test_another_thread_listens_to_the_time_alone() -> None:
    """Signals are the main thread's."""
    called = threading.Event()

    def work() -> None:
        with listening(called.set, 0.05):
            called.wait(5)

    other = threading.Thread(target=work)
    other.start()
    other.join(10)
    assert called.is_set()
