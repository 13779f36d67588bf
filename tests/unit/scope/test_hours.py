"""Hours of use."""

import pytest

from secops.core.clock import parse as at
from secops.scope import hours


def minutes(text: str, moment: str) -> float:
    return hours.parse(text).left(at(moment)) / 60_000


def test_open_and_shut() -> None:
    """A window is open from its first minute to just before its last, on its days, in Chinese time."""
    assert minutes("mon-fri 08:00-20:00", "2026-06-10T07:59:59+08:00") == 0
    assert minutes("mon-fri 08:00-20:00", "2026-06-10T08:00:00+08:00") == 720
    assert minutes("mon-fri 08:00-20:00", "2026-06-10T12:00:00Z") == 0
    assert minutes("周六,星期日 08:00-20:00", "2026-06-13T19:59:00+08:00") == 1
    assert minutes("mon-fri 08:00-20:00", "2026-06-13T12:00:00+08:00") == 0


def test_past_midnight() -> None:
    """A night window belongs to the day it began on."""
    assert minutes("fri 22:00-06:00", "2026-06-13T05:00:00+08:00") == 60
    assert minutes("fri 22:00-06:00", "2026-06-12T05:00:00+08:00") == 0
    assert minutes("sun 22:00-06:00", "2026-06-15T01:00:00+08:00") == 300
    assert minutes("00:00-24:00", "2026-06-12T23:59:00+08:00") == 1


@pytest.mark.parametrize(
    "text", ["", "8-20", "08:00-08:00", "24:00-25:00", "08:60-09:00", "someday 08:00-09:00", "08:00-24:01"]
)
def test_refused(text: str) -> None:
    """What names no window is refused."""
    with pytest.raises(ValueError):
        hours.parse(text)


def test_all() -> None:
    """Without windows every hour is fine; with several, the one that stays open longest counts."""
    assert hours.left((), 0) == float("inf")
    both = (hours.parse("08:00-09:00"), hours.parse("08:00-10:00"))
    assert hours.left(both, at("2026-06-10T08:30:00+08:00")) == 90 * 60_000
    assert str(hours.parse("周六 22:00-06:00")) == "sat 22:00-06:00"


def test_opens() -> None:
    """The next beginning: now where open, else the nearest day's start, across midnight and week's end."""
    windows = (hours.parse("mon-fri 22:00-06:00"), hours.parse("周日 09:00-10:00"))
    friday = at("2026-06-12T07:00:00+08:00")
    assert hours.opens(windows, friday) == at("2026-06-12T22:00:00+08:00")
    assert hours.opens(windows, at("2026-06-13T06:00:00+08:00")) == at("2026-06-14T09:00:00+08:00")
    assert hours.opens(windows, at("2026-06-13T05:59:00+08:00")) == at("2026-06-13T05:59:00+08:00")
    assert hours.opens((), friday) is None


def test_every_day_has_a_name():
    """每天, 每日 and daily mean all seven days."""
    assert hours.parse("每天 08:00-20:00") == hours.parse("每日 08:00-20:00") == hours.parse("08:00-20:00")
    assert hours.parse("daily 08:00-20:00").days == frozenset(range(7))
