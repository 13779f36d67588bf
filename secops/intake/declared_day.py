"""A day as people write it, in one form; a stretch of days only where its end is what the column asks for."""

import re
from datetime import date
from typing import Final

from secops.core.clock import parse as parse_time
from secops.core.language import say
from secops.intake.declared_text import narrow
from secops.scope.yaml_source import Plain

_PART: Final = r"(?:\d{4}\s*[-/.年]\s*\d{1,2}\s*[-/.月]\s*\d{1,2}\s*日?|\d{8})"
_DAY: Final = re.compile(
    r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?"
    r"(?:[ T]\s*\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?\s*(?:Z|[-+]\d{2}:?\d{2})?)?"
)
_SOLID: Final = re.compile(r"(\d{4})(\d{2})(\d{2})")
_STRETCH: Final = re.compile(rf"(?:自|从)?\s*({_PART})\s*(?:至|到|起至|-|--|~|—|——|–)\s*({_PART})\s*(?:止|为止)?")
_UPTO: Final = re.compile(rf"(?:有效期)?(?:至|到)?\s*({_PART})\s*(?:止|为止)?")
_DATED: Final = re.compile(rf"{_PART}.+")
_ENDLESS: Final = frozenset({"长期", "长期有效", "永久", "无固定期限", "无限期", "持续", "至今"})
_SHOWN: Final = 40


def day(value: Plain) -> str:
    """A day as `2026-01-31`, however people write it."""
    found = narrow(value)
    read = _day(found)
    if read:
        return read
    if pair := _stretch(found):
        raise ValueError(
            say(
                f"“{found[:_SHOWN]}”是一段时间，这里要一个日期：写 {pair[0]} 或 {pair[1]}",
                f"{found[:_SHOWN]} is a stretch of time, one day belongs here: write {pair[0]} or {pair[1]}",
            )
        )
    raise ValueError(_no_day(found))


def until(value: Plain) -> str:
    """The day up to which something holds; of a stretch of days its end."""
    found = narrow(value)
    if pair := _stretch(found):
        return pair[1]
    match = _UPTO.fullmatch(found)
    return (match is not None and _day(match[1])) or day(value)


def instant(value: Plain) -> int:
    """Midnight of a day in Chinese standard time, in milliseconds since 1970."""
    return int(parse_time(day(value)))


def until_instant(value: Plain) -> int:
    """The midnight at which the last day of something begins (see `until`)."""
    return int(parse_time(until(value)))


def _day(found: str) -> str:
    """The day; empty where it is none."""
    match = _DAY.fullmatch(found) or _SOLID.fullmatch(found)
    try:
        return date(int(match[1]), int(match[2]), int(match[3])).isoformat() if match else ""
    except ValueError:
        return ""


def _stretch(found: str) -> tuple[str, str] | None:
    """First and last day of a stretch; None where it is none, or ends before it begins."""
    match = _STRETCH.fullmatch(found)
    first, last = (_day(match[1].strip()), _day(match[2].strip())) if match else ("", "")
    return (first, last) if first and first <= last else None


def _no_day(found: str) -> str:
    """What is wrong with this one."""
    shown = found[:_SHOWN]
    if _DAY.fullmatch(found) or _SOLID.fullmatch(found):
        return say(f"没有 {shown} 这一天；日期写作 2026-01-31", f"there is no {shown}; a date is written 2026-01-31")
    if found in _ENDLESS:
        return say(
            f"“{shown}”不是日期：没有期限就留空；日期写作 2026-01-31",
            f"{shown} is no date: leave it empty where there is no end; a date is written 2026-01-31",
        )
    if _DATED.fullmatch(found):
        return say(
            f"“{shown}”不止一个日期；这一格只写日期，如 2026-01-31，别的写到备注",
            f"{shown} is more than a date: only a date belongs here, as 2026-01-31",
        )
    return say(f"“{shown}”不是日期；日期写作 2026-01-31", f"{shown} is no date; one is written 2026-01-31")
