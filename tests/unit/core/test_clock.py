from hypothesis import given
from hypothesis import strategies as st

from secops.core.clock import ManualClock, SystemClock, parse, render


@given(st.integers(0, 4_102_444_800_000))
def test_times_survive_the_round_trip(instant: int) -> None:
    """A rendered instant parses back to itself, to the millisecond."""
    assert parse(render(instant)) == instant


def test_a_bare_date_is_midnight_in_china() -> None:
    """A date without time or zone means its midnight in Chinese standard time."""
    assert render(parse("2026-03-01")) == "2026-03-01T00:00:00.000+08:00"


def test_manual_clock_moves_only_when_told() -> None:
    """Sleeping on a manual clock moves both of its hands and takes no time."""
    clock = ManualClock()
    before, start = clock.now(), clock.monotonic()
    clock.sleep(2.5)
    assert clock.now() - before == 2500
    assert clock.monotonic() - start == 2.5


def test_system_clock_never_runs_backwards() -> None:
    """Two readings of the machine's monotonic hand are in order."""
    clock = SystemClock()
    assert clock.monotonic() <= clock.monotonic()
    assert clock.now() > parse("2025-01-01")
