"""Time, injected: nothing below the doors reads the system clock by itself.

An `Instant` is whole milliseconds since 1970-01-01T00:00:00Z. Monotonic seconds are for deadlines only.
"""

import time
from datetime import UTC, datetime, timedelta, timezone
from typing import NewType, Protocol

Instant = NewType("Instant", int)

DAY_MS = 86_400_000
CHINA = timezone(timedelta(hours=8), "Asia/Shanghai")


class Clock(Protocol):
    """What the rooms ask of a clock."""

    def now(self) -> Instant:
        """The wall time."""
        ...

    def monotonic(self) -> float:
        """Seconds that never run backwards, from an arbitrary start."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait; a test clock only moves its hands."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> Instant:
        return Instant(time.time_ns() // 1_000_000)

    def monotonic(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


class SteadyClock:
    """A clock whose wall hand never runs back while it is used, whatever is done to the one it reads."""

    def __init__(self, clock: Clock, least: int = 0) -> None:
        """`least`: the instant it does not go below, such as the last sign of a run that is continued."""
        self.raw: Clock = clock.raw if isinstance(clock, SteadyClock) else clock
        self._base = max(int(self.raw.now()), least)
        self._start = self.raw.monotonic()
        self._last = self._base

    def now(self) -> Instant:
        passed = self.raw.monotonic() - self._start
        self._last = max(self._last, int(self.raw.now()), self._base + int(passed * 1000))
        return Instant(self._last)

    def monotonic(self) -> float:
        return self.raw.monotonic()

    def sleep(self, seconds: float) -> None:
        self.raw.sleep(seconds)


class ManualClock:
    """A clock that moves only when told to; `sleep` moves it."""

    def __init__(self, now: Instant = Instant(1_750_000_000_000)) -> None:
        self._now = int(now)
        self._monotonic = 0.0

    def now(self) -> Instant:
        return Instant(self._now)

    def monotonic(self) -> float:
        return self._monotonic

    def sleep(self, seconds: float) -> None:
        self.advance(seconds)

    def advance(self, seconds: float) -> None:
        """Move both hands forward."""
        self._now += round(seconds * 1000)
        self._monotonic += seconds


def render(instant: int, *, zone: timezone = CHINA) -> str:
    """RFC 3339 with offset, to the millisecond, in Chinese standard time unless told otherwise."""
    return datetime.fromtimestamp(instant / 1000, zone).isoformat(timespec="milliseconds")


def parse(text: str) -> Instant:
    """An RFC 3339 time or a bare date (midnight, Chinese standard time). Raises ValueError."""
    moment = datetime.fromisoformat(text.strip())
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=CHINA)
    return Instant(round(moment.astimezone(UTC).timestamp() * 1000))
