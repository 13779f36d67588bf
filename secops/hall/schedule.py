"""When something is due: RFC 5545 recurrence rules (`RRULE:FREQ=DAILY;BYHOUR=2`) or cron (`0 2 * * 1-5`).

Chinese standard time, which has no summer time. A rule without DTSTART counts from 2020-01-06 00:00, a Monday.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Final

from secops.core.clock import CHINA, Instant
from secops.core.language import current, say
from secops.scope.form import Form

if TYPE_CHECKING:
    from dateutil.rrule import rrule  # type: ignore[import-untyped]  # it brings no types

_LONGEST = 500
_START = datetime(2020, 1, 6, tzinfo=CHINA)
_FAR = timedelta(days=366 * 5)
"""What is not due within five years is not due."""
_FIELDS: Final = {"minute": "分", "hour": "时", "day-of-month": "日", "month": "月", "day-of-week": "周"}
_TOO_OFTEN = ("SECONDLY", "MINUTELY")


@dataclass(frozen=True, slots=True)
class Schedule:
    """A recurring moment."""

    text: str
    _last: Callable[[datetime], datetime | None]
    _next: Callable[[datetime], datetime | None]

    @classmethod
    def parse(cls, text: str) -> "Schedule":
        """The schedule of a rule or of five cron fields. Raises ValueError with the reason."""
        words = text.strip()
        if len(words) > _LONGEST:
            raise ValueError(say("超过 500 个字符", "longer than 500 characters"))
        if "FREQ=" in words.upper():
            return _rule(words)
        return _cron(words)

    def last(self, now: int) -> Instant | None:
        """The latest due moment up to and including now."""
        found = self._last(_moment(now))
        return None if found is None else _instant(found)

    def next(self, now: int) -> Instant | None:
        """The first due moment after now, within five years."""
        found = self._next(_moment(now))
        return None if found is None else _instant(found)


def _rule(text: str) -> Schedule:
    from dateutil.rrule import rrule, rrulestr

    if any(f"FREQ={each}" in text.upper() for each in _TOO_OFTEN):
        raise ValueError(say("比每小时还密：写成 cron 五段", "more often than hourly: write it as cron"))
    try:
        made = rrulestr(text.replace("\\n", "\n"), dtstart=None if "DTSTART" in text.upper() else _START)
    except Exception as error:
        told = say("不是 RFC 5545 的重复规则，如 RRULE:FREQ=WEEKLY;BYDAY=MO;BYHOUR=8", "no recurrence rule")
        raise ValueError(f"{told}: {error}"[:200] if current() == "en" else told) from error
    if not isinstance(made, rrule):
        raise ValueError(say("只接受一条 RRULE，不带 RDATE、EXDATE", "one RRULE, without RDATE or EXDATE"))  # noqa: TRY004 - for the reader it is a wrong value
    if made._dtstart.tzinfo is None:  # noqa: SLF001 - the library has no public name for it
        made = made.replace(dtstart=made._dtstart.replace(tzinfo=CHINA))  # noqa: SLF001 - as above
    return Schedule(text, lambda now: _bounded(made, now).before(now, inc=True), lambda now: _after(made, now))


def _bounded(made: "rrule", now: datetime) -> "rrule":
    """The rule ended five years from now, so that one that is never due is found out soon."""
    until = made._until  # noqa: SLF001 - the library has no public name for it
    end = (now + _FAR).astimezone(UTC)
    if made._count is not None or (until is not None and until <= end):  # noqa: SLF001 - as above
        return made
    return made.replace(until=end)


def _after(made: "rrule", now: datetime) -> datetime | None:
    found: datetime | None = _bounded(made, now).after(now)
    return found


def _cron(text: str) -> Schedule:
    from cronsim import CronSim, CronSimError

    if len(text.split()) != 5:
        raise ValueError(
            say(
                "应为五段：分 时 日 月 周，如 0 8 * * 1；或 RRULE:FREQ=…",
                "five fields: minute hour day month weekday, as 0 8 * * 1; or RRULE:FREQ=...",
            )
        )
    try:
        CronSim(text, _START)
    except CronSimError as error:
        field, titles = str(error).removeprefix("Bad "), _FIELDS
        zh = f"{titles[field]}这一段写得不对" if field in titles else "这五段写得不对"
        raise ValueError(
            say(f"{zh}；应为 分 时 日 月 周，如 0 8 * * 1", f"no cron schedule: {error}; as in 0 8 * * 1")
        ) from error

    def last(now: datetime) -> datetime | None:
        return _first(CronSim(text, now + timedelta(minutes=1), reverse=True), lambda found: found <= now)

    def following(now: datetime) -> datetime | None:
        return _first(CronSim(text, now), lambda found: found > now)

    return Schedule(text, last, following)


def _first(moments: Iterator[datetime], fits: Callable[[datetime], bool]) -> datetime | None:
    """The first of the next few moments that fits; None where there is none within the library's horizon."""
    try:
        return next((each for each in islice(moments, 3) if fits(each)), None)
    except (StopIteration, RuntimeError):
        return None


def _moment(now: int) -> datetime:
    return datetime.fromtimestamp(now / 1000, CHINA)


def _instant(moment: datetime) -> Instant:
    return Instant(round(moment.timestamp() * 1000))


def schedule_of(form: Form) -> Schedule:
    """The schedule under `schedule` of a file; what cannot be read is the form's error, and any one stands for it."""
    words = form.text("schedule", longest=500)
    try:
        return Schedule.parse(words or _ANY)
    except ValueError as error:
        form.bad(("schedule",), say(f"看不懂的时间安排：{words[:60]}", f"no schedule: {words[:60]}"), why=str(error))
        return Schedule.parse(_ANY)


_ANY: Final = "0 0 1 1 *"
