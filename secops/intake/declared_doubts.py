"""What one statement says that cannot be, or can hardly be: an end before its start, a level of neither part.

What cannot be is refused with its column; what can hardly be is taken and told.
"""

from collections.abc import Collection, Iterator, Mapping
from typing import Final

from secops.core.clock import Instant, render
from secops.core.language import say
from secops.intake.declared_sections import Section, value_of

_IN_TURN: Final[Mapping[str, tuple[tuple[str, str], ...]]] = {
    "system": (("filed_on", "filing_valid_until"),),
    "filing": (("filed_on", "valid_until"),),
    "contract": (("starts_on", "ends_on"),),
    "certification": (("done_on", "valid_until"),),
    "duty": (("signed_on", "valid_until"),),
    "staff": (("on_date", "off_date"),),
    "app": (("online_on", "offline_on"),),
    "algorithm": (("in_use_since", "stopped_on"),),
    "interface": (("approved_on", "valid_until"),),
}
"""Kind -> days of which the second never lies before the first."""
_LIKELY: Final = ("1970-01-01", "2100-01-01")
"""Days before and after these are no days of a thing in use."""
_TOGETHER: Final[Mapping[str, tuple[str, ...]]] = {"filing": ("number", "filed_on")}
"""Columns that a form fills in together."""


def turning(section: Section, payload: Mapping[str, object]) -> dict[str, object]:
    """What a statement says of the days that follow one another."""
    names = {each for pair in _IN_TURN.get(section.kind, ()) for each in pair}
    return {each: found for each in names if (found := value_of(section, payload, each)) is not None}


def impossible(section: Section, days: Mapping[str, object], touched: Collection[str]) -> tuple[str, str] | None:
    """The column that contradicts another, and how; of those pairs only that `touched` names one of.

    `days`: as `turning` gives them.
    """
    for first, second in _IN_TURN.get(section.kind, ()):
        start, end = days.get(first), days.get(second)
        if {first, second} & set(touched) and _before(end, start):
            late, early = section.slots[first].title, section.slots[second].title
            return second, say(
                f"{early} {_day(end)} 早于{late} {_day(start)}", f"{early} {_day(end)} is before {late} {_day(start)}"
            )
    return None


def doubts(section: Section, payload: Mapping[str, object]) -> Iterator[str]:
    """What is odd about a statement by itself."""
    if section.kind in {"system", "filing"}:
        level, *parts = (value_of(section, payload, each) for each in ("level", "level_s", "level_a"))
        higher = max((each for each in parts if isinstance(each, int)), default=0)
        if isinstance(level, int) and higher and level != higher:
            yield say(
                f"登记为第{level}级，S/A 取高为第{higher}级", f"declared level {level}, by S and A it is {higher}"
            )
    yield from _fillers(section, payload)
    names = _TOGETHER.get(section.kind, ())
    missing = [each for each in names if value_of(section, payload, each) in (None, "")]
    if missing and len(missing) < len(names):
        given = "、".join(section.slots[each].title for each in names if each not in missing)
        lacking = "、".join(section.slots[each].title for each in missing)
        yield say(f"填了{given}，没填{lacking}", f"{given} given, {lacking} not")


def _fillers(section: Section, payload: Mapping[str, object]) -> Iterator[str]:
    """Days that only fill a cell: 1900-01-01, 2999-12-31."""
    for name, slot in section.slots.items():
        value = value_of(section, payload, name) if slot.dated else None
        if value is not None and not _LIKELY[0] <= (shown := _day(value)) < _LIKELY[1]:
            yield say(
                f"{slot.title} {shown} 像是凑数的日期：没有就留空",
                f"{slot.title} {shown} looks like a filler: leave it empty",
            )


def _before(end: object, start: object) -> bool:
    return (isinstance(end, str) and isinstance(start, str) and end < start) or (
        isinstance(end, int) and isinstance(start, int) and end < start
    )


def _day(value: object) -> str:
    return render(Instant(value))[:10] if isinstance(value, int) else str(value)
