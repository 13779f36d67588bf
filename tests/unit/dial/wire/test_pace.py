"""Twin of secops/dial/wire/pace.py: a simulated network loses what it is told to; the pace must find its rate."""

import math
from collections.abc import Callable

from secops.dial.wire.pace import FLOOR, Pace, Sign


def drive(pace: Pace, lost: Callable[[float], float], *, seconds: float, offered: float, start: float = 0.0) -> float:
    """Send at the lesser of the pace and `offered`; a tenth are canaries, of which `lost(rate)` stay unanswered."""
    now, sent, step = start, 0, 0.01
    while now < start + seconds:
        number = pace.allow(int(offered * step), now)
        pace.sent(number)
        sent += number
        rate = min(pace.rate, offered)
        asked = max(1, number // 10)
        if now - step >= pace.since:
            pace.note(Sign.LOSS, round(asked * lost(rate)), asked)
        pace.judge(now)
        now += step
    return sent / seconds


def test_without_trouble_nothing_is_held_back() -> None:
    """Loss within the limit leaves the rate unbounded."""
    pace = Pace()
    assert drive(pace, lambda _: 0.0, seconds=5, offered=50_000) >= 50_000
    assert math.isinf(pace.rate)
    assert not pace.slowed


def test_a_bottleneck_is_found_and_kept_to() -> None:
    """Beyond 8,000 a second all is lost: the rate comes down to about that and stays."""
    pace = Pace()

    def lost(rate: float) -> float:
        return max(0.0, 1 - 8_000 / rate)

    drive(pace, lost, seconds=5, offered=50_000)
    settled = drive(pace, lost, seconds=20, offered=50_000, start=5.0)
    assert 4_000 < settled < 12_000
    assert pace.slowed["loss"] >= 2
    assert pace.lowest < 8_000


def test_loss_that_does_not_depend_on_rate_costs_no_rate() -> None:
    """A network that always loses a fifth is tried at half the rate once, then served at full rate."""
    pace = Pace()
    drive(pace, lambda _: 0.2, seconds=5, offered=50_000)
    assert math.isinf(pace.rate)
    assert pace.slowed == {"loss": 1}
    assert drive(pace, lambda _: 0.2, seconds=5, offered=50_000, start=5.0) >= 50_000


def test_a_device_that_drops_everything_is_left_to_it() -> None:
    """Drops of every packet at any rate are not of our making: one trial, soon over."""
    pace, now = Pace(), 0.0
    for _ in range(200):
        number = pace.allow(1_000, now)
        pace.sent(number)
        pace.note(Sign.DROPPED, number, number)
        pace.judge(now)
        now += 0.01
    assert math.isinf(pace.rate)
    assert pace.slowed == {"dropped": 1}


def test_the_rate_never_falls_below_the_floor() -> None:
    """However bad it gets, some packets a second go."""
    pace = Pace()
    drive(pace, lambda rate: 1.0 if rate > 1 else 0.0, seconds=30, offered=400)
    assert pace.rate >= FLOOR


def test_after_the_trouble_the_rate_comes_back() -> None:
    """Once nothing is lost any more the rate grows past what it was."""
    pace = Pace()
    drive(pace, lambda rate: max(0.0, 1 - 8_000 / rate), seconds=5, offered=50_000)
    slow = pace.rate
    drive(pace, lambda _: 0.0, seconds=20, offered=50_000, start=5.0)
    assert pace.rate > 4 * slow


def test_begin_counts_anew() -> None:
    """A new search tells only its own reductions."""
    pace = Pace()
    drive(pace, lambda _: 0.2, seconds=5, offered=50_000)
    pace.begin()
    assert not pace.slowed
    assert pace.lowest == 0.0


def test_unused_packets_may_go_later() -> None:
    """What was allowed and not sent is allowed again."""
    pace = Pace()
    pace.rate = 1_000.0
    assert pace.allow(5, 0.0) == 5
    pace.unused(5)
    assert pace.allow(25, 0.0) >= 20
