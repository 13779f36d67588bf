"""A cell as the section's readers take it: what spreadsheets do to dates, numbers and blanks undone, or refused.

A value a spreadsheet has destroyed (a code of 18 digits as 9.14e17, a number turned into a date) is never guessed back.
"""

import re
import unicodedata
from datetime import date, datetime, time, timedelta
from typing import Final

from secops.core.language import say
from secops.intake import declared_values as read
from secops.intake.declared_sections import Slot
from secops.intake.lists import parted
from secops.intake.sheet import CELL_MOST, Cell
from secops.intake.sheet_mapping import SheetMapping
from secops.scope.yaml_source import Plain

_ODD: Final = re.compile("[\u200b-\u200f\u2060\ufeff\x00-\x08\x0b\x0c\x0e-\x1f]")
_SPACED: Final = re.compile(r"[\u4e00-\u9fff][ \u3000]+[\u4e00-\u9fff]")
"""A name of two characters set as wide as one of three: 李  娜."""
_BREAKS: Final = re.compile(r"[ \t]*\n[ \t]*")
_WIDE: Final = {0xFF10 + each: 0x30 + each for each in range(10)} | {
    start + each: small + each for start, small in ((0xFF21, 0x41), (0xFF41, 0x61)) for each in range(26)
}
_WIDE_MARK: Final = re.compile(r"(?<=[0-9A-Za-z])[－．／＿](?=[0-9A-Za-z])")
"""A mark within a code or number that was written wide: ＷＪ－００２."""
_POWER: Final = re.compile(r"[0-9](\.[0-9]+)?[eE]\+?[0-9]{1,3}")
_WHOLE: Final = re.compile(r"([0-9]{5,14})\.0")
_NONE: Final = frozenset(
    {
        "/",
        "\\",
        "-",
        "--",
        "—",
        "——",
        "无",
        "暂无",
        "不涉及",
        "n/a",
        "na",
        "null",
        "none",
        "未定级",
        "未定",
        "未备案",
        "未测评",
    }
)
"""What people write into a cell of numbers or dates that has none."""
_DASHES: Final = frozenset({"/", "\\", "-", "--", "—", "——"})
_GUARDED: Final = frozenset("=+-@")
_EXACT: Final = 10**15
"""A spreadsheet keeps fifteen digits of a number; those behind are noughts."""
_SERIALS: Final = (10_000, 80_000)
_SHORT: Final = re.compile(r"[0-9]{1,2}[-/.年][0-9]{1,2}[-/.月][0-9]{1,2}日?")
_MONTH: Final = re.compile(r"([0-9]{4})\s*[-/.年]\s*([0-9]{1,2})\s*月?")
_TURNED: Final = re.compile(r"([0-9]{1,2})\s*[-/.]\s*([0-9]{1,2})\s*[-/.]\s*([0-9]{4})")
_FREE: Final = frozenset({read.text, read.texts, read.narrow})


def plain(slot: Slot, column: str, value: Cell, mapping: SheetMapping, *, from_1904: bool = False) -> Plain:
    """What the cell says, for the slot's reader; None where it says nothing. Raises ValueError with the reason."""
    if isinstance(value, str):
        value = _text(value, lines=_holds_lines(slot) or slot.many)
        words = mapping.words.get(column, {})
        value = words.get(value, value)
        if not value or value in _DASHES or (_numeric(slot) and value.lower() in _NONE):
            return None
    if value is None:
        return None
    if isinstance(value, float) and (value != value or abs(value) == float("inf")):  # noqa: PLR0124 - not a number
        raise ValueError(say("不是数字", "not a number"))
    if slot.dated:
        return _day(value, mapping, from_1904=from_1904)
    if isinstance(value, (date, time, timedelta)):
        return _of_time(slot, value)
    if isinstance(value, (int, float)) and not isinstance(value, bool) and _is_text(slot):
        value = _number(value)
    if isinstance(value, str) and _is_text(slot):
        value = _written(value)
    if slot.many and isinstance(value, str):
        return list[Plain](parted(value))
    return value


def _is_text(slot: Slot) -> bool:
    """Whether any text is as good as another under it."""
    return slot.reader in _FREE or slot.reader is read.credit_code or _holds_lines(slot)


def _numeric(slot: Slot) -> bool:
    """Whether a word can only mean that there is none; in a flag 无 is no."""
    return not _is_text(slot) and slot.reader is not read.flag


def _holds_lines(slot: Slot) -> bool:
    return bool(getattr(slot.reader, "keywords", {}).get("lines"))


def _text(value: str, *, lines: bool) -> str:
    """Trimmed (the ideographic blank too), without what nobody sees; wide digits and letters narrow."""
    if value[:1] == "'" and value[1:2] in _GUARDED:  # our own exports guard a text that looks like a formula
        value = value[1:]
    found = _ODD.sub("", value.replace("\r\n", "\n").replace("\r", "\n").replace("\xa0", " ")).strip()
    if len(found) > CELL_MOST:
        raise ValueError(say(f"超过 {CELL_MOST:,} 字", f"more than {CELL_MOST:,} characters"))
    if _SPACED.fullmatch(found):
        return found[0] + found[-1]
    found = _WIDE_MARK.sub(lambda mark: chr(ord(mark[0]) - 0xFEE0), found.translate(_WIDE))
    return found if lines else _unbroken(found)


def _unbroken(text: str) -> str:
    """A break within a cell: nothing between Chinese characters, a blank elsewhere."""
    if "\n" not in text:
        return text
    parts = [each for each in _BREAKS.split(text) if each]
    return "".join(
        part if not place or (ord(part[0]) > 0x2E80 and ord(parts[place - 1][-1]) > 0x2E80) else f" {part}"
        for place, part in enumerate(parts)
    )


def _number(value: float) -> str:
    if abs(value) >= _EXACT:
        raise ValueError(_lost())
    return str(int(value)) if float(value).is_integer() else repr(value)


def _written(value: str) -> str:
    """A number written as text: 9.14E+17 is refused, 13800138000.0 loses what no telephone has."""
    if _POWER.fullmatch(value):
        raise ValueError(_lost())
    whole = _WHOLE.fullmatch(value)
    return whole[1] if whole else value


def _lost() -> str:
    return say(
        "表格程序把长数字存成了科学计数，后面几位已丢失；把该列设为文本，重新填写",
        "the spreadsheet kept only 15 digits of a longer number: set the column to text and write it again",
    )


def _of_time(slot: Slot, value: date | time | timedelta) -> Plain:
    if not _holds_lines(slot):
        shown = value.isoformat() if not isinstance(value, timedelta) else str(value)
        raise ValueError(
            say(
                f"表格程序把它变成了日期或时间（{shown}）；把该列设为文本，重新填写",
                f"the spreadsheet made a date or time of it ({shown}): set the column to text and write it again",
            )
        )
    return str(value)


def _day(value: Cell, mapping: SheetMapping, *, from_1904: bool) -> str:
    if isinstance(value, datetime):
        return value.date().isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise ValueError(say("日期写作 2026-01-31", "a date is written 2026-01-31"))  # noqa: TRY004 - a cell's value
    text = unicodedata.normalize("NFKC", value).strip() if isinstance(value, str) else _bare(value)
    if re.fullmatch(r"[0-9]{5}(\.[0-9]+)?", text):
        return _serial(float(text), mapping, from_1904=from_1904)
    if _SHORT.fullmatch(text):
        raise ValueError(
            say(
                f"{text} 的年份只有两位，分不清年月日；写作 2026-01-31",
                f"{text}: a year of two digits may be read in several ways",
            )
        )
    if found := _TURNED.fullmatch(text):
        if mapping.dates == "ymd":
            raise ValueError(
                say(
                    f"{text} 分不清日与月；写作 2026-01-31，或在映射里写 dates: dmy",
                    f"{text}: day and month? say dates: dmy in the mapping",
                )
            )
        one, two, year = int(found[1]), int(found[2]), found[3]
        day, month = (one, two) if mapping.dates == "dmy" else (two, one)
        return f"{year}-{month:02}-{day:02}"
    if found := _MONTH.fullmatch(text):
        return _month(text, int(found[1]), int(found[2]), mapping, number=not isinstance(value, str))
    return text


def _bare(value: float) -> str:
    return str(int(value)) if float(value).is_integer() else repr(value)


def _serial(days: float, mapping: SheetMapping, *, from_1904: bool) -> str:
    least, most = _SERIALS
    if not least <= days < most:
        raise ValueError(say(f"数字 {days:g} 不像日期", f"the number {days:g} is no likely date"))
    late = mapping.epoch == 1904 or (from_1904 and not mapping.epoch)
    start = date(1904, 1, 1) if late else date(1899, 12, 30)
    return (start + timedelta(days=int(days))).isoformat()


def _month(text: str, year: int, month: int, mapping: SheetMapping, *, number: bool) -> str:
    if number:
        raise ValueError(
            say(
                f"{text} 是数字：2026.1 与 2026.10 分不清；写作 2026-01-31",
                f"the number {text}: 2026.1 and 2026.10 are one number",
            )
        )
    if not mapping.month or not 1 <= month <= 12:
        raise ValueError(
            say(
                f"{text} 没有日；补上日，或在映射里写 month: first 或 last",
                f"{text} has no day: add it, or say month: first or last in the mapping",
            )
        )
    if mapping.month == "first":
        return f"{year}-{month:02}-01"
    after = date(year + month // 12, month % 12 + 1, 1)
    return (after - timedelta(days=1)).isoformat()
