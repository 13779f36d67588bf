"""How each value that a person states is read: bounded, canonical, or refused with what would be right.

Every reader takes what YAML or a spreadsheet's cell holds and raises ValueError. Widths of characters (全角) do not
matter where only digits, letters and marks can stand.
"""

import ipaddress
import re
import unicodedata
from collections.abc import Callable
from functools import partial
from typing import Final
from urllib.parse import urlsplit

from secops.core.language import say
from secops.core.register import RegisterColumn, Shape
from secops.intake.credit_code import check_character, is_valid
from secops.intake.declared_day import day, instant, until, until_instant
from secops.intake.declared_number import decimal, grade, integer, level, level_a, level_s, minutes
from secops.intake.declared_text import LONG_MOST, TEXT_MOST, narrow, text
from secops.scope.yaml_source import Plain

__all__ = [
    "EXAMPLES", "LIST_MOST", "LONG_MOST", "TEXT_MOST", "Reader", "address", "addresses", "cell", "credit_code",
    "data_level", "day", "decimal", "filing", "flag", "grade", "harm", "instant", "integer", "level", "level_a",
    "level_s", "link", "minutes", "narrow", "network", "networks", "places", "sites", "text", "texts", "until",
    "until_instant", "url", "use",
]  # fmt: skip
LIST_MOST: Final = 5_000
_YES: Final = frozenset({"是", "有", "已", "y", "yes", "true", "1", "√", "✓", "✔", "符合", "支持", "通过"})
_NO: Final = frozenset(
    {"否", "无", "未", "没有", "n", "no", "false", "0", "×", "x", "✗", "不符合", "不支持", "不通过", "不合格"}
)
_DONE: Final = frozenset(
    ("完成", "评审", "审核", "审查", "审批", "复核", "签", "签订", "签署", "移交", "交付", "收回", "注销", "加密",
     "脱敏", "备案", "通过", "开展", "制定", "编制", "提交", "报送", "上报", "支持", "替代", "落实", "建立", "部署",
     "实施", "启用", "鉴权", "背审", "公示", "列入", "纳入", "进行", "做")
)  # fmt: skip
"""What, behind 已 or 未, says that what is asked for is done or not; of other words (未知, 已过期) nobody can tell."""
_PLACE: Final = re.compile(r"\[([0-9a-fA-F:.]+)\]:([0-9]{1,5})|([0-9.]+):([0-9]{1,5})")
_SITE: Final = re.compile(r"(https?://)?([\w-]+(?:\.[\w-]+)+(?::\d{1,5})?)(?:[/?#]\S*)?", re.IGNORECASE)
_COPIED: Final = re.compile(r"[\w.-]+@[\w.-]+:(?!//)[\w./~+-]+")
"""As Git is told of a repository over SSH: git@host:path."""
_DATA_LEVEL: Final = re.compile(r"(核心|重要|一般)(?:数据)?\s*\(?(?:第?([1-4])级)?\)?")
_FILING: Final = re.compile(r"[0-9A-Za-z]{11}-[0-9A-Za-z]{5}")

EXAMPLES: Final = {
    "number": "44010000001-00001", "platform_number": "44010000001-00001", "sha256": "0" * 64, "postcode": "510000",
    "region_code": "440100",
}  # fmt: skip
"""Column with a pattern -> what fits it."""

Reader = Callable[[Plain], object]


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
        raise ValueError(_no_address(found)) from error


def _no_address(found: str) -> str:
    """What a text is that is no address, and where that goes."""
    shown = found[:60]
    if "/" in found and (block := _block(found)):
        return say(
            f"{shown} 是网段，不是单个地址：写到“网段”一列，写作 {block}，或登记到网段台账（--as networks）",
            f"{shown} is a network, no address: write {block} under networks, or declare it (--as networks)",
        )
    first, _, last = found.replace("~", "-").replace("至", "-").partition("-")
    if re.fullmatch(r"[0-9a-fA-F.: ]+", last) and _block(first.strip()):
        return say(
            f"{shown} 是一段地址：逐个写，用 、 分开；成片的写到“网段”一列，或登记到网段台账（--as networks）",
            f"{shown} is a range: write each address, or networks (--as networks)",
        )
    return say(f"不是 IP 地址：{shown}", f"no IP address: {shown}")


def _block(found: str) -> str:
    """The network, or the one address, that a text names; empty where it names none."""
    try:
        return str(ipaddress.ip_network(found, strict=False))
    except ValueError:
        return ""


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
    found = narrow(value)
    try:
        parts = urlsplit(found)
        port = parts.port
    except ValueError as error:
        raise ValueError(_no_url(found)) from error
    ports = {"http": 80, "https": 443}
    host = (parts.hostname or "").rstrip(".")
    if parts.scheme not in ports or not host or parts.username is not None or parts.path not in {"", "/"}:
        raise ValueError(_no_url(found))
    shown = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{shown}:{port or ports[parts.scheme]}"


def _no_url(found: str) -> str:
    """What is wrong with an address of a website, and how it is written."""
    right = say("应为 http(s)://主机[:端口]", "should be http(s)://host[:port]")
    match = _SITE.fullmatch(found)
    if match is None:
        return right
    scheme, host = match[1], match[2]
    if not scheme:
        return right + say(
            f"：没写 http 还是 https，写作 https://{host} 或 http://{host}", f": write https://{host} or http://{host}"
        )
    return right + say(f"：网站登记到主机为止，写作 {scheme}{host}", f": write {scheme}{host}")


def sites(value: Plain) -> list[str]:
    """Origins, or bare host names for every origin under them."""
    return [
        url(each) if "://" in str(each) or "/" in str(each) else narrow(each).lower().rstrip(".")
        for each in _items(value)
    ]


def flag(value: Plain) -> bool:
    """Yes or no, as people write it."""
    if isinstance(value, bool):
        return value
    found = narrow(value).lower()
    if found in _YES or found in _NO:
        return found in _YES
    if found[:1] in {"已", "未"} and found[1:].rstrip("了") in _DONE:
        return found[0] == "已"
    raise ValueError(
        say(
            f"应为 是 或 否（有/无、√/×、已完成/未完成 等也认得），“{found[:20]}”看不出是哪一个；不清楚就留空",
            f"yes or no belongs here, {found[:20]} is neither; leave it empty where nobody knows",
        )
    )


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


def data_level(value: Plain) -> str:
    """The level of data in one word: 核心, 重要, 一般; of 一般 the part too, as 一般4级."""
    found = narrow(value)
    match = _DATA_LEVEL.fullmatch(found)
    if match is None or (match[2] and match[1] != "一般"):
        raise ValueError(
            say(
                f"数据级别为 核心、重要、一般 之一，一般数据可写到级，如 一般4级（写的是“{found[:20]}”）",
                f"a level of data is 核心 (core), 重要 (important) or 一般 (general, as 一般4级), not {found[:20]}",
            )
        )
    return match[1] + (f"{match[2]}级" if match[2] else "")


def filing(value: Plain) -> str:
    """The number of a filing certificate."""
    found = narrow(value)
    if not _FILING.fullmatch(found):
        raise ValueError(say("备案证明编号形如 44010000001-00001", "a filing number looks like 44010000001-00001"))
    return found


def link(value: Plain) -> str:
    """An address with a scheme, for reading only: nothing ever follows it."""
    found = narrow(value)
    if _COPIED.fullmatch(found):
        return found
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
            part = {"level_s": "S", "level_a": "A"}.get(column.name, "")
            return partial(grade, least=column.least, most=column.most, part=part)
        case Shape.INTEGER if column.unit == "minutes":
            return partial(minutes, least=column.least, most=column.most)
        case Shape.INTEGER:
            return partial(integer, least=column.least, most=column.most, unit=column.unit)
        case Shape.NUMBER:
            return partial(decimal, least=column.least, most=column.most, unit=column.unit)
        case Shape.DATE if column.name.endswith("_until") or column.name == "ends_on":
            return until
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
        example = EXAMPLES[column.name]
        raise ValueError(
            say(f"“{found[:40]}”写法不对，应形如 {example}", f"{found[:40]} is not written so: as {example}")
        )
    return found
