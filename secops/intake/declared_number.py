"""A number as people write it: with the unit of its column and no other, a level in figures, words or Roman."""

import re
from typing import Final

from secops.core.language import say
from secops.intake.declared_text import narrow
from secops.scope.yaml_source import Plain, visible

_NUMERALS: Final = {each: place for place, each in enumerate("零一二三四五六七八九")}
_ROMAN: Final = {"i": 1, "ii": 2, "iii": 3, "iv": 4, "v": 5}
_FIGURE: Final = r"([-+]?[0-9][0-9,]*(?:\.[0-9]+)?)"
_NUMBER: Final = re.compile(
    rf"(?:约|大约|大概|近|共|共计|合计)?\s*{_FIGURE}\s*(?:余|多)?\s*([^\d\s.,+-]*?)\s*(?:左右)?"
)
"""A number with what follows it: 3人, 约50, 12台."""
_TIMES: Final = {"万": 10_000, "亿": 100_000_000}
_COUNTERS: Final = frozenset(
    ("人", "名", "位", "台", "套", "个", "项", "次", "条", "件", "台套", "台/套", "人次", "户", "块", "张", "枚", "份",
     "部", "辆", "处", "家", "只", "把", "点", "颗", "片", "用户", "个用户", "人数", "次数", "节点", "授权", "许可")
)  # fmt: skip
"""What a bare count may be of. Never a time or a money."""
_UNITS: Final = {
    "": _COUNTERS,
    "minutes": frozenset(),
    "hours": frozenset(("学时", "课时", "小时", "个小时", "时", "h", "hour", "hours")),
    "points": frozenset(("分", "%")),
    "gigabytes": frozenset(("gb", "g", "gib")),
    "myriads": frozenset(("万条", "万", "万笔", "万份", "万件", "万人", "万户", "万个")),
}
"""Unit of a column -> what may follow its number and changes nothing."""
_TURNED: Final[dict[str, dict[str, tuple[int, int]]]] = {
    "gigabytes": {
        **dict.fromkeys(("mb", "m", "mib"), (1, 1024)), **dict.fromkeys(("tb", "t", "tib"), (1024, 1)),
        **dict.fromkeys(("pb", "pib"), (1024 * 1024, 1)),
    },
    "myriads": {
        **dict.fromkeys(("条", "笔", "份", "件", "人", "户", "个"), (1, 10_000)),
        **dict.fromkeys(("亿条", "亿", "亿笔", "亿份", "亿件", "亿人"), (10_000, 1)),
    },
}  # fmt: skip
"""Unit of a column -> what else may follow its number, by what that is multiplied and divided (1 TB is 1,024 GB)."""
_MINUTES: Final = {
    1: ("分钟", "分", "min", "mins", "minute", "minutes", "m"),
    60: ("小时", "个小时", "时", "h", "hr", "hrs", "hour", "hours"),
    60 * 24: ("天", "日", "d", "day", "days"),
    60 * 24 * 7: ("周", "个星期", "星期", "w", "week", "weeks"),
}
_TIME: Final = {unit: many for many, units in _MINUTES.items() for unit in units}
_LASTING: Final = re.compile(rf"{_FIGURE}\s*([^\d\s.,+-]+)\s*")
_BOUND: Final = re.compile(r"^(?:≤|<=|不超过|不大于|小于等于|<|小于|少于|约)\s*|\s*(?:以内|之内|内|以下)$")
_GRADED: Final = re.compile(r"\(?S([1-5])A([1-5])(?:G([1-5]))?\)?", re.IGNORECASE)
_EXACT: Final = 1 << 53


def integer(value: Plain, least: int | None = None, most: int | None = None, unit: str = "") -> int:
    """A whole number within the bounds (both included). `unit`: what may follow it, beside what is counted."""
    try:
        if isinstance(value, bool):
            raise ValueError  # noqa: TRY004 - said below in words
        found = _number(narrow(value), unit)
        if not found.is_integer() or abs(found) >= _EXACT:
            raise ValueError
    except ValueError as error:
        raise ValueError(str(error) or _no_number(value, "应为整数", "a whole number belongs here")) from error
    return int(_bounded(found, least, most))


def decimal(value: Plain, least: int | None = None, most: int | None = None, unit: str = "") -> float:
    """A number within the bounds; a percentage counts as its number (95% is 95)."""
    try:
        found = _number(narrow(value), unit)
    except ValueError as error:
        raise ValueError(str(error) or _no_number(value, "应为数字", "a number belongs here")) from error
    if found != found or abs(found) == float("inf"):  # noqa: PLR0124 - not a number is unlike itself
        raise ValueError(say("应为数字", "a number belongs here"))
    return _bounded(found, least, most)


def _no_number(value: Plain, zh: str, en: str) -> str:
    shown = visible(str(value), 20)
    return say(f"{zh}，“{shown}”不是；不清楚就留空", f"{en}, {shown} is none; leave it empty where nobody knows")


def minutes(value: Plain, least: int | None = None, most: int | None = None) -> int:
    """A time in whole minutes: a bare number is minutes, 2小时 is 120, 1天 1440."""
    shown = "" if isinstance(value, (bool, list, dict)) else narrow(value)
    text = _BOUND.sub("", shown).lower()
    try:
        found: float | None = _number(text, "minutes")
    except ValueError:
        found = _lasting(text)
    if found is None or not found.is_integer():
        raise ValueError(
            say(
                f"“{shown[:40]}”不是时长；写分钟数，或带单位，如 30分钟、4小时、1天",
                f"{shown[:40]} is no time; write minutes, or a unit, as 30min, 4h, 1d",
            )
        )
    return int(_bounded(found, least, most))


def foreign(unit: str, word: str) -> bool:
    """Whether a bare number counted in `word` would be another number under a column that counts in `unit`."""
    return _TIME.get(word.lower(), 1) != 1 if unit == "minutes" else word.lower() in _TURNED.get(unit, {})


def _lasting(text: str) -> float | None:
    """The minutes of numbers each with its unit; None where it is none."""
    total, at = 0.0, 0
    while at < len(text):
        match = _LASTING.match(text, at)
        if match is None or match[2] not in _TIME:
            return None
        total += float(match[1].replace(",", "")) * _TIME[match[2]]
        at = match.end()
    return total if text else None


def _number(text: str, unit: str) -> float:
    """The number, ten thousands written out. Raises ValueError: with words where its unit is another's."""
    match = _NUMBER.fullmatch(text)
    if match is None:
        return _power(text)
    number, after = float(match[1].replace(",", "")), match[2]
    if after and after[0] in _TIMES and not unit:
        number, after = number * _TIMES[after[0]], after[1:]
    if found := _TURNED.get(unit, {}).get(after.lower()):
        return round(number * found[0] / found[1], 4)
    if after and after.lower() not in _UNITS[unit]:
        raise ValueError(_other(text, after, match[1], unit))
    return number


def _power(text: str) -> float:
    """A number as programs write it: 1e3, .5."""
    try:
        found = float(text) if text[:1] in "+-.0123456789" else None
    except ValueError:
        found = None
    if found is None:
        raise ValueError
    return found


def _other(text: str, after: str, number: str, unit: str) -> str:
    known = {
        "hours": say("按学时（小时）", "in hours"), "points": say("按分", "in points"),
        "gigabytes": say("按 GB", "in GB"), "myriads": say("按万条", "in 10,000 records"),
    }.get(unit, "")  # fmt: skip
    if after.lower() not in _TIME and not known:
        return ""
    plain = known or say("是个数，不是时间", "a count, no time")
    return say(
        f"应为数字：“{text[:40]}”的单位“{after}”不能用在这里（{plain}），写作 {number} 这样的数",
        f"a number belongs here: the unit {after} of {text[:40]} does not ({plain}); write as {number}",
    )


def grade(value: Plain, least: int | None = None, most: int | None = None, part: str = "") -> int:
    """A level among the bounds: 3, 三级, 第三级, Ⅲ级, S2A3 (the higher counts; `part`: only that of S or A)."""
    found = "" if isinstance(value, (bool, list, dict)) else narrow(value)
    return integer(_level_of(found, part) or found, least, most)


def level(value: Plain, part: str = "") -> int:
    """A protection level: 3, 三级, 第三级, 等保三级, Ⅲ级, S2A3 (the higher counts; `part`: only that of S or A)."""
    found = "" if isinstance(value, (bool, list, dict)) else narrow(value)
    number = _level_of(found, part)
    if not 1 <= number <= 5:
        raise ValueError(
            say(
                f"等保级别为 1 至 5，如 3、三级、第三级；没有定级就留空（写的是“{found[:20]}”）",
                f"a protection level is 1 to 5; leave it empty where there is none ({found[:20]})",
            )
        )
    return number


def level_s(value: Plain) -> int:
    """The level of the information: 3, 三级, S3."""
    return level(value, "S")


def level_a(value: Plain) -> int:
    """The level of the service: 3, 三级, A3."""
    return level(value, "A")


def _level_of(found: str, part: str) -> int:
    """The level that a text says; 0 where it says none."""
    if part and re.fullmatch(rf"{part}[1-5]", found, re.IGNORECASE):
        return int(found[1])
    graded = _GRADED.search(found)
    rest = _GRADED.sub("", found).strip()
    parts = [int(each) for each in graded.groups() if each] if graded else []
    if parts and part:
        return parts["SA".index(part)]
    rest = re.sub(r"^(?:网络安全)?(?:等级保护|等保)", "", rest).strip()
    bare = rest.removeprefix("第").removesuffix("级").removesuffix(".0").strip().lower()
    if not bare:
        return max(parts, default=0)
    if bare in _ROMAN:
        return _ROMAN[bare]
    return _NUMERALS.get(bare, int(bare) if bare.isdecimal() and len(bare) == 1 else 0)


def _bounded(found: float, least: int | None, most: int | None) -> float:
    if (least is None or found >= least) and (most is None or found <= most):
        return found
    if most is None:
        raise ValueError(say(f"应不小于 {least}", f"should be {least} or more"))
    if least is None:
        raise ValueError(say(f"应不大于 {most}", f"should be {most} or less"))
    raise ValueError(say(f"应在 {least} 至 {most} 之间", f"should be within {least} and {most}"))
