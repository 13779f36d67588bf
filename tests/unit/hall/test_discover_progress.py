"""How far a run is told to be: it moves within a block, and pings are no measure of ports."""

from secops.core.clock import ManualClock
from secops.hall.flows.discover_progress import Guard, Pulse


def _pulse() -> tuple[Pulse, ManualClock]:
    clock = ManualClock()
    made = Pulse(clock)
    made.start(1_000, 5_000)
    return made, clock


def test_time_left_is_known_within_the_first_block():
    """A block half asked counts half: nobody waits for its end to hear how long it takes."""
    pulse, clock = _pulse()
    assert pulse.left() < 0
    pulse.enter(500, 2_500)
    clock.sleep(10)
    pulse.sent(1_250)
    assert (pulse.reached(), round(pulse.rate()), round(pulse.left())) == (250, 25, 30)
    pulse.sent(9_999)
    assert pulse.reached() == 495


def test_a_cheap_block_says_little_of_dear_ones():
    """A fifth of the targets done with a fiftieth of the packets leaves forty-nine fiftieths to do."""
    pulse, clock = _pulse()
    pulse.enter(200, 100)
    clock.sleep(1)
    pulse.leave()
    assert (pulse.reached(), round(pulse.left())) == (200, 49)


def test_what_an_earlier_process_did_is_no_measure_of_speed():
    """After a resume rate and time left come from this process alone."""
    pulse, clock = _pulse()
    pulse.enter(800, 4_000)
    pulse.leave(skipped=True)
    clock.sleep(2)
    assert (pulse.reached(), pulse.rate(), pulse.left()) == (800, 0.0, -1.0)
    pulse.enter(200, 1_000)
    pulse.sent(500)
    assert (pulse.reached(), round(pulse.rate()), round(pulse.left())) == (900, 50, 2)


def test_rest_is_no_work():
    """Hours waited for the scope slow nothing down on paper."""
    pulse, clock = _pulse()
    pulse.enter(500, 2_500)
    pulse.leave()
    clock.sleep(3_610)
    pulse.rested += 3_600
    assert round(pulse.left()) == 10


def test_what_is_stuck_is_named_once():
    """Where nothing moved for half a minute the guard says what was waited for, once per standstill."""
    clock, told = ManualClock(), []
    guard = Guard(lambda: 1, lambda: "block 7 198.18.0.9:443", clock, told.append)
    guard.look()
    clock.sleep(31)
    guard.look()
    guard.look()
    assert len(told) == 1
    assert told[0].warning
    assert "198.18.0.9:443" in told[0].text
