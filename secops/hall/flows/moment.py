"""The moment a word means: a time, a date, a run, or now. Dates are days in Chinese standard time, to their end."""

import re
from typing import Final
from unicodedata import normalize

from secops.core.clock import DAY_MS, Instant, parse, render
from secops.core.errors import UsageError
from secops.core.language import say
from secops.hall.app import App
from secops.store import observations, runs

_TOLD: Final = frozenset({"import", "passive"})
"""Runs that read what was seen at other times than theirs: they mean the times of what was seen."""
_DATE: Final = re.compile(r"\d{4}-?\d{2}-?\d{2}")
_SPOKEN: Final = re.compile(r"(\d{4})[年/.](\d{1,2})[月/.](\d{1,2})日?")
"""A date as people write it."""


def instant(app: App, word: str, *, end: bool = True) -> Instant:
    """The moment a word means: an RFC 3339 time, a date, `now`, or a run.

    A date means the end of that day (today's: now), a run its end; with `end` false both mean the moment before they
    began. Raises UsageError for what is neither, and for what has not come yet.
    """
    now = app.clock.now()
    word = _SPOKEN.sub(lambda date: f"{date[1]}-{date[2]:0>2}-{date[3]:0>2}", normalize("NFKC", word).strip())
    if word == "now":
        return now
    try:
        found = parse(word)
    except ValueError:
        return _of_run(app, word, end=end)
    if _DATE.fullmatch(word):
        begun = found <= now
        found = Instant(found - 1) if not end and begun else Instant(min(found + DAY_MS - 1, now) if begun else found)
    if found > now:
        raise UsageError(
            "E1390",
            say(f"{word[:80]} 还没有到", f"{word[:80]} has not come yet"),
            why=say(f"现在是 {render(now)}", f"it is {render(now)} now"),
            hint=say("日期指那一天（北京时间）结束时", "a date means the end of that day, Chinese standard time"),
        )
    return found


def _of_run(app: App, word: str, *, end: bool) -> Instant:
    with app.database.read() as connection:
        run = runs.get(connection, word)
        looked = observations.span(connection, word) if run is not None and run.kind in _TOLD else None
    if run is None:
        raise UsageError(
            "E1315",
            say(f"{word[:80]} 既不是时间也不是任务编号", f"{word[:80]} is neither a time nor a run"),
            hint=say(
                "例如 2026-11-01、2026-11-01T08:00:00+08:00、now；任务编号见 secops discover status",
                "such as 2026-11-01, 2026-11-01T08:00:00+08:00, now; runs: secops discover status",
            ),
        )
    if looked is not None:
        return Instant(looked[1] if end else looked[0] - 1)
    if not end:
        return Instant(run.started_at - 1)
    return Instant(run.ended_at) if run.ended_at is not None else app.clock.now()
