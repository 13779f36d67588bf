"""When a scope may be used, Chinese standard time: `08:00-20:00`, `mon-fri 22:00-06:00`, `周六 09:00-12:00`."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from secops.core.clock import CHINA

_DAYS: Final = {name: i for i, name in enumerate(("mon", "tue", "wed", "thu", "fri", "sat", "sun"))}
_ZH_DAYS: Final = {name: i for i, name in enumerate("一二三四五六日")} | {"天": 6}
_LINE: Final = re.compile(r"(?:([^\s0-9]+)\s+)?([0-9]{2}):([0-9]{2})\s*-\s*([0-9]{2}):([0-9]{2})")
_EVERY: Final = frozenset({"每天", "每日", "daily"})
DAY: Final = 1440


@dataclass(frozen=True, slots=True)
class Window:
    """Minutes `start` to `end` (exclusive) from midnight of each of `days` (0 Monday); `end` may pass midnight."""

    days: frozenset[int]
    start: int
    end: int

    def __str__(self) -> str:
        days = ",".join(name for name, i in _DAYS.items() if i in self.days)
        end = self.end if self.end <= DAY else self.end - DAY
        return f"{days} {self.start // 60:02}:{self.start % 60:02}-{end // 60:02}:{end % 60:02}"

    def left(self, instant: int) -> float:
        """Milliseconds until this window closes; 0 when it is not open."""
        moment = datetime.fromtimestamp(instant / 1000, CHINA)
        minute = moment.hour * 60 + moment.minute
        within = moment.second * 1000 + moment.microsecond / 1000
        for day, now in ((moment.weekday(), minute), ((moment.weekday() - 1) % 7, minute + DAY)):
            if day in self.days and self.start <= now < self.end:
                return (self.end - now) * 60_000 - within
        return 0.0


def left(windows: tuple[Window, ...], instant: int) -> float:
    """Milliseconds until the hours end; infinite without windows, 0 when none is open."""
    if not windows:
        return float("inf")
    return max(window.left(instant) for window in windows)


def opens(windows: tuple[Window, ...], instant: int) -> int | None:
    """The instant at which the hours next begin; the given one where they are open; None without windows."""
    if not windows:
        return None
    if left(windows, instant) > 0:
        return instant
    moment = datetime.fromtimestamp(instant / 1000, CHINA).replace(hour=0, minute=0, second=0, microsecond=0)
    today = round(moment.timestamp() * 1000)
    starts = (
        today + (day * DAY + window.start) * 60_000
        for window in windows
        for day in range(8)
        if (moment.weekday() + day) % 7 in window.days
    )
    return min((each for each in starts if each > instant), default=None)


def parse(text: str) -> Window:
    """One window. Raises ValueError."""
    found = _LINE.fullmatch(text.strip())
    if found is None:
        raise ValueError("write [days] HH:MM-HH:MM, for example mon-fri 08:00-20:00")
    hour, minute, until_hour, until_minute = (int(part) for part in found.groups()[1:])
    start, end = hour * 60 + minute, until_hour * 60 + until_minute
    if minute > 59 or until_minute > 59 or start >= DAY or end > DAY or start == end:
        raise ValueError("hours lie between 00:00 and 24:00, and a window is not empty")
    return Window(_days(found[1] or "mon-sun"), start, end if end > start else end + DAY)


def _days(text: str) -> frozenset[int]:
    if text.strip().casefold() in _EVERY:
        return frozenset(range(7))
    days: set[int] = set()
    for part in re.split(r"[,，、]", text):
        first, _, last = re.sub("[-—~至到]", "-", part).partition("-")
        start, end = _day(first), _day(last or first)
        days.update((start + i) % 7 for i in range((end - start) % 7 + 1))
    return frozenset(days)


def _day(text: str) -> int:
    word = text.strip().casefold()
    if word in _DAYS:
        return _DAYS[word]
    if len(word) == 2 and word[0] == "周" and word[1] in _ZH_DAYS:
        return _ZH_DAYS[word[1]]
    if len(word) == 3 and word[:2] == "星期" and word[2] in _ZH_DAYS:
        return _ZH_DAYS[word[2]]
    raise ValueError(f"no day of the week: {text[:20]!r}")
