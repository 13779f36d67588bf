"""The collector of garbage while a batch is folded."""

import gc

import pytest

from secops.hall.flows.merge_looks import uncollected


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
