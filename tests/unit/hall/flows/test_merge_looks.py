"""What runs beside what, and the collector of garbage while a batch is folded."""

import gc
import threading

import pytest

from secops.hall.flows.merge import ROOM
from secops.hall.flows.merge_looks import meanwhile, uncollected
from secops.store import looks


def test_the_collector_rests_and_comes_back() -> None:
    """It is off inside and on again behind, whatever happens inside."""
    assert gc.isenabled()
    with pytest.raises(ValueError, match="x"), uncollected():
        assert not gc.isenabled()
        raise ValueError("x")
    assert gc.isenabled()


def test_a_collector_that_was_off_stays_off() -> None:
    """Whoever turned it off turns it on."""
    gc.disable()
    try:
        with uncollected():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_an_act_runs_beside_and_has_ended_with_the_block() -> None:
    """It runs on another thread while the block does, and what comes after finds it done."""
    inside, told = threading.Event(), threading.Event()
    with meanwhile(lambda: (inside.wait(10), told.set())[1]):
        assert not told.is_set()
        inside.set()
    assert told.is_set()


def test_what_an_act_raises_is_raised() -> None:
    """Nobody goes on as if it had worked."""
    with pytest.raises(ZeroDivisionError), meanwhile(lambda: print(1 / 0)):
        pass


def test_a_replay_lays_out_more_than_a_step_looks_through() -> None:
    """Repetitions that were folded and not laid out yet would be passed by."""
    assert looks.MOST < ROOM
