"""Whatever a sink answers, every letter arrives exactly once by id or is dead with a reason."""

import importlib.util
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from secops.core.clock import ManualClock
from secops.core.letter import LetterState, Outcome
from secops.deliver.pump import Pace, pump

_SPEC = importlib.util.spec_from_file_location(
    "pump_doubles", Path(__file__).parents[1] / "unit" / "deliver" / "test_pump.py"
)
doubles = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(doubles)

ANSWER = st.sampled_from(
    [
        (Outcome.DELIVERED, True),
        (Outcome.RETRY, False),
        (Outcome.UNKNOWN, True),
        (Outcome.UNKNOWN, False),
        (Outcome.DEAD, False),
        ("raise", False),
        ("silent", False),
    ]
)


@pytest.mark.property
@given(st.integers(1, 12), st.lists(ANSWER, max_size=60), st.integers(1, 5), st.integers(0, 20))
@settings(deadline=None, max_examples=200)
def test_exactly_once_or_dead(count, script, batch, killed_after):
    """Any answers, and a pump killed in the middle, leave each id once at the sink or dead with its reason."""
    box, sink, clock = doubles.Box(*doubles.letters(count)), doubles.Scripted(script=script), ManualClock()
    for number, _ in enumerate(pump(box, [sink], clock, pace=Pace(batch=batch))):
        if number == killed_after:
            box.claim("s", batch, clock.now())  # a claim whose process dies before it sends
            break
    list(pump(box, [sink], clock, pace=Pace(batch=batch)))
    assert len(sink.arrived) == len(set(sink.arrived))
    for seq, letter in box.letters.items():
        dead = box.states[seq] is LetterState.DEAD
        assert dead or (box.states[seq] is LetterState.DELIVERED and letter.id in sink.arrived)
        assert not dead or box.reasons[seq]
