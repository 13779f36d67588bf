"""The packet budget of a scope: a token bucket that never saves up more than a tenth of a second."""

from typing import Final

BURST: Final = 0.1
"""Seconds' worth of packets that may be spent at once."""


class Bucket:
    """Packets allowed now, at `rate` a second. Time is given in monotonic seconds; running backwards adds nothing."""

    __slots__ = ("_given", "_last", "_tokens", "capacity", "rate")

    def __init__(self, rate: int, now: float) -> None:
        if rate < 1:
            raise ValueError("a rate is at least one packet a second")
        self.rate = rate
        self.capacity = max(1.0, rate * BURST)
        self._tokens = 0.0 if rate * BURST >= 1 else 1.0
        self._last = now
        self._given = 0

    def take(self, want: int, now: float) -> int:
        """Up to `want` packets; 0 when none is due yet."""
        if now > self._last:
            self._tokens = min(self.capacity, self._tokens + (now - self._last) * self.rate)
            self._last = now
        granted = max(0, min(want, int(self._tokens + 1e-9)))
        self._tokens -= granted
        self._given += granted
        return granted

    def give_back(self, unused: int) -> int:
        """Put unused packets back, never more than were taken. Returns how many went back."""
        back = max(0, min(unused, self._given))
        self._given -= back
        self._tokens = min(self.capacity, self._tokens + back)
        return back
