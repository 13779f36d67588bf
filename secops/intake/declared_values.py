"""How each value that a person states is read: bounded, canonical, or refused with what would be right.

Every reader takes what YAML or a spreadsheet's cell holds and raises ValueError. Widths of characters (全角) do not
matter where only digits, letters and marks can stand.
"""

import ipaddress
import re
import unicodedata
from collections.abc import Callable
from datetime import date
from functools import partial
from typing import Final
from urllib.parse import urlsplit

from secops.core.clock import parse as parse_time
from secops.core.language import say
from secops.core.register import RegisterColumn, Shape
from secops.intake.credit_code import check_character, is_valid
from secops.scope.yaml_source import Plain

TEXT_MOST: Final = 500
LONG_MOST: Final = 4_000
LIST_MOST: Final = 5_000
_NUMERALS: Final = {each: place for place, each in enumerate("零一二三四五六七八九")}
_YES: Final = frozenset({"是", "有", "已", "y", "yes", "true", "1", "√", "✓", "✔", "已完成", "符合", "支持", "通过"})
_NO: Final = frozenset({"否", "无", "未", "没有", "n", "no", "false", "0", "×", "x", "✗", "未完成", "不符合", "不支持"})
_DAY: Final = re.compile(r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?(?:[ T]\d{1,2}:\d{2}(?::\d{2})?)?")
_SOLID: Final = re.compile(r"(\d{4})(\d{2})(\d{2})")
_DASHED: Final = re.compile(r"\d{4}-\d{2}-\d{2}.*")
_ENDLESS: Final = frozenset({"长期", "长期有效", "永久", "无固定期限", "无限期", "持续", "至今"})
_COUNT: Final = re.compile(
    r"(?:约|大约|大概|近|共|共计|合计)?\s*([-+]?[0-9][0-9,]*(?:\.[0-9]+)?)\s*(?:余|多)?\s*"
    r"(?:人|名|台|套|个|项|次|条|件|台套|台/套|人次|学时|课时|小时|分钟|分|天|日|年|户|万人|万)?(?:左右)?"
)
"""A count as people write it: 3人, 约50, 12台."""
_GRADED: Final = re.compile(r"\(?S([1-5])A([1-5])(?:G([1-5]))?\)?", re.IGNORECASE)
_DONE: Final = re.compile(r"[已未][\u4e00-\u9fff]{1,3}")
_PLACE: Final = re.compile(r"\[([0-9a-fA-F:.]+)\]:([0-9]{1,5})|([0-9.]+):([0-9]{1,5})")
_FILING: Final = re.compile(r"[0-9A-Za-z]{11}-[0-9A-Za-z]{5}")

Reader = Callable[[Plain], object]


def text(value: Plain, most: int = TEXT_MOST, *, lines: bool = False) -> str:
    """One text of 1 to `most` characters; control characters only as line ends, and only where `lines`."""
    if isinstance(value, (bool, list, dict)):
        raise ValueError(say("应写一段文字", "a text belongs here"))  # noqa: TRY004 - a wrong value of a file
    whole = isinstance(value, float) and value.is_integer() and abs(value) < 1 << 53
    found = str(int(value) if whole else value).strip()  # type: ignore[arg-type]  # a float when whole
    if lines:
        found = found.replace("\r\n", "\n").replace("\r", "\n")
    rest = found.replace("\n", "").replace("\t", "") if lines else found
    if not found or len(found) > most or any(ord(each) < 0x20 for each in rest):
        raise ValueError(say(f"应为 1 至 {most} 字、不含控制字符", f"1 to {most} characters, no control ones"))
    return found


def narrow(value: Plain) -> str:
    """A text in which full-width forms are as good as plain ones."""
    return unicodedata.normalize("NFKC", text(value)).strip()


def texts(value: Plain) -> list[str]:
    """A list of texts; one text alone is a list of one."""
    return [text(each) for each in _items(value)]


def _items(value: Plain) -> list[Plain]:
    items: list[Plain] = list(value) if isinstance(value, list) else [value]
    if len(items) > LIST_MOST:
        raise ValueError(say(f"最多 {LIST_MOST} 项", f"at most {LIST_MOST} items"))
    return items


def network(value: Plain) -> str:
    """A network without host bits, canonical."""
    found = narrow(value)
    try:
        return str(ipaddress.ip_network(found, strict=True))
    except ValueError as error:
        raise ValueError(
            say(f"不是网段（或主机位不为零）：{error}", f"no network, or host bits set: {error}")
        ) from error


def address(value: Plain) -> str:
    """An IP address, canonical."""
    found = narrow(value)
    try:
        return str(ipaddress.ip_address(found))
    except ValueError as error:
        raise ValueError(say(f"不是 IP 地址：{found[:60]}", f"no IP address: {found[:60]}")) from error


def networks(value: Plain) -> list[str]:
    """Networks."""
    return [network(each) for each in _items(value)]


def addresses(value: Plain) -> list[str]:
    """IP addresses."""
    return [address(each) for each in _items(value)]


def places(value: Plain) -> list[str]:
    """Addresses, each with or without `:port`."""
    found = []
    for each in _items(value):
        match = _PLACE.fullmatch(narrow(each))
        if match is None:
            found.append(address(each))
            continue
        host, port = address(match[1] or match[3]), int(match[2] or match[4])
        if not 1 <= port <= 65535:
            raise ValueError(say("端口应为 1 至 65535", "a port is 1 to 65535"))
        found.append(f"[{host}]:{port}" if ":" in host else f"{host}:{port}")
    return found


def url(value: Plain) -> str:
    """A website's origin, its port always written."""
    parts = urlsplit(narrow(value))
    ports = {"http": 80, "https": 443}
    host = (parts.hostname or "").rstrip(".")
    if parts.scheme not in ports or not host or parts.username is not None or parts.path not in {"", "/"}:
        raise ValueError(say("应为 http(s)://主机[:端口]", "should be http(s)://host[:port]"))
    shown = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{shown}:{parts.port or ports[parts.scheme]}"


def sites(value: Plain) -> list[str]:
    """Origins, or bare host names for every origin under them."""
    return [url(each) if "://" in str(each) else narrow(each).lower().rstrip(".") for each in _items(value)]


def day(value: Plain) -> str:
    """A day as `2026-01-31`, however people write it."""
    found = narrow(value)
    match = _DAY.fullmatch(found) or _SOLID.fullmatch(found)
    try:
        if match is not None:
            return date(int(match[1]), int(match[2]), int(match[3])).isoformat()
        return date.fromisoformat(found[:10]).isoformat()
    except ValueError as error:
        raise ValueError(_no_day(found, written=match is not None)) from error


def _no_day(found: str, *, written: bool) -> str:
    """What is wrong with this one. `written`: as days are."""
    shown = found[:20]
    if written or _DASHED.fullmatch(found):
        return say(f"没有 {shown} 这一天；日期写作 2026-01-31", f"there is no {shown}; a date is written 2026-01-31")
    if found in _ENDLESS:
        return say(
            f"“{shown}”不是日期：没有期限就留空；日期写作 2026-01-31",
            f"{shown} is no date: leave it empty where there is no end; a date is written 2026-01-31",
        )
    return say(f"“{shown}”不是日期；日期写作 2026-01-31", f"{shown} is no date; one is written 2026-01-31")


def instant(value: Plain) -> int:
    """Midnight of a day in Chinese standard time, in milliseconds since 1970."""
    return int(parse_time(day(value)))


def integer(value: Plain, least: int | None = None, most: int | None = None) -> int:
    """A whole number within the bounds (both included)."""
    try:
        if isinstance(value, bool):
            raise ValueError  # noqa: TRY004 - said below in words
        found = float(_bare_count(narrow(value)))
        if not found.is_integer() or abs(found) >= 1 << 53:
            raise ValueError
    except (ValueError, OverflowError) as error:
        raise ValueError(say("应为整数", "a whole number belongs here")) from error
    return int(_bounded(found, least, most))


def _bare_count(text: str) -> str:
    """The number of a count, without 约 and the unit; ten thousands are written out."""
    match = _COUNT.fullmatch(text)
    if match is None:
        return text
    number = match[1].replace(",", "")
    return str(float(number) * 10_000) if "万" in text else number


def grade(value: Plain, least: int | None = None, most: int | None = None) -> int:
    """A level among the bounds: 3, 三级, 第三级, 3级, S2A3 (the higher counts)."""
    found = "" if isinstance(value, (bool, list, dict)) else narrow(value)
    bare = _level_of(found)
    return integer(bare or found, least, most)


def _level_of(found: str) -> int:
    """The level that a text says; 0 where it says none."""
    graded = _GRADED.search(found)
    rest = _GRADED.sub("", found).strip()
    higher = max(int(each) for each in graded.groups() if each) if graded else 0
    bare = rest.removeprefix("第").removesuffix("级").removesuffix(".0").strip()
    if not bare:
        return higher
    return _NUMERALS.get(bare, int(bare) if bare.isdecimal() and len(bare) == 1 else 0)


def decimal(value: Plain, least: int | None = None, most: int | None = None) -> float:
    """A number within the bounds; a percentage counts as its number (95% is 95)."""
    try:
        found = float(_bare_count(narrow(value).removesuffix("%")))
    except (ValueError, OverflowError) as error:
        raise ValueError(say("应为数字", "a number belongs here")) from error
    if found != found or abs(found) == float("inf"):  # noqa: PLR0124 - not a number is unlike itself
        raise ValueError(say("应为数字", "a number belongs here"))
    return _bounded(found, least, most)


def _bounded(found: float, least: int | None, most: int | None) -> float:
    if (least is not None and found < least) or (most is not None and found > most):
        low, high = ("" if each is None else str(each) for each in (least, most))
        raise ValueError(say(f"应在 {low} 至 {high} 之间", f"should be within {low} and {high}"))
    return found


def flag(value: Plain) -> bool:
    """Yes or no, as people write it."""
    if isinstance(value, bool):
        return value
    found = narrow(value).lower()
    if found in _YES or found in _NO:
        return found in _YES
    if _DONE.fullmatch(found):  # 已评审, 未审核
        return found[0] == "已"
    raise ValueError(say("应为 是 或 否", "yes or no belongs here"))


def level(value: Plain) -> int:
    """A protection level: 3, 三级, 第三级, S2A3 (the higher counts)."""
    found = "" if isinstance(value, (bool, list, dict)) else narrow(value)
    number = _level_of(found)
    if not 1 <= number <= 5:
        raise ValueError(say("等保级别为 1 至 5", "a protection level is 1 to 5"))
    return number


def credit_code(value: Plain) -> str:
    """A unified social credit code whose check character fits."""
    code = narrow(value).upper()
    if is_valid(code):
        return code
    try:
        fits = check_character(code[:17])
        why = say(f"校验码应为 {fits}", f"the check character should be {fits}")
    except ValueError:
        why = say("应为 18 位，不用 I O S V Z", "18 characters without I, O, S, V, Z")
    raise ValueError(say("统一社会信用代码不对：", "wrong credit code: ") + why)


def harm(value: Plain) -> object:
    """What is harmed, and how gravely."""
    if not isinstance(value, dict) or set(value) != {"object", "degree"}:
        raise ValueError(say("应写成 {object: …, degree: …}", "should be {object: …, degree: …}"))
    return {name: text(each) for name, each in value.items()}


_USE: Final = {
    "in_use": ("in_use", "在用", "使用中", "使用", "运行", "运行中", "正常", "在线", "已上线", "启用"),
    "planned": ("planned", "在建", "规划", "建设中", "未上线", "待上线", "试运行前", "计划"),
    "offline": (
        "offline",
        "停用",
        "下线",
        "已下线",
        "已停用",
        "报废",
        "已报废",
        "退役",
        "注销",
        "关停",
        "停运",
        "拆除",
    ),
}


def use(value: Plain) -> str:
    """Whether a thing is in use, planned or out of use."""
    found = narrow(value).lower()
    for name, words in _USE.items():
        if found in words:
            return name
    raise ValueError(say("使用状态为 在用、在建、停用 之一", "one of in_use, planned, offline"))


def filing(value: Plain) -> str:
    """The number of a filing certificate."""
    found = narrow(value)
    if not _FILING.fullmatch(found):
        raise ValueError(say("备案证明编号形如 44010000001-00001", "a filing number looks like 44010000001-00001"))
    return found


def link(value: Plain) -> str:
    """An address with a scheme, for reading only: nothing ever follows it."""
    found = narrow(value)
    parts = urlsplit(found)
    if parts.scheme not in {"http", "https", "ssh", "git", "svn"} or not parts.netloc or parts.password is not None:
        raise ValueError(say("应为 https://… 等地址，不含口令", "an address such as https://…, without a password"))
    return found


def cell(column: RegisterColumn) -> Reader:
    """The reader of a register's column."""
    match column.shape:
        case Shape.TEXTS:
            return texts
        case Shape.INTEGER if column.name.startswith("level") or column.name.endswith("level"):
            return partial(grade, least=column.least, most=column.most)
        case Shape.INTEGER:
            return partial(integer, least=column.least, most=column.most)
        case Shape.NUMBER:
            return partial(decimal, least=column.least, most=column.most)
        case Shape.LONG:
            return partial(text, most=LONG_MOST, lines=True)
        case Shape.CHOICE:
            return partial(_choice, column)
        case Shape.TEXT if column.pattern:
            return partial(_matching, column)
        case shape:
            return _PLAIN[shape]


_PLAIN: Final[dict[Shape, Reader]] = {
    Shape.TEXT: text, Shape.DATE: day, Shape.FLAG: flag, Shape.URL: link, Shape.CREDIT_CODE: credit_code,
}  # fmt: skip


def _choice(column: RegisterColumn, value: Plain) -> str:
    found = narrow(value).lower()
    for each in column.choices:
        words = (each.value, each.zh, each.en, *each.also)
        if found in {unicodedata.normalize("NFKC", word).lower() for word in words}:
            return each.value
    known = "、".join(each.title for each in column.choices)
    raise ValueError(say(f"应为其中之一：{known}", f"should be one of: {known}"))


def _matching(column: RegisterColumn, value: Plain) -> str:
    found = narrow(value)
    if re.fullmatch(column.pattern, found) is None:
        raise ValueError(say(f"写法不对，应形如 {column.pattern}", f"should match {column.pattern}"))
    return found
