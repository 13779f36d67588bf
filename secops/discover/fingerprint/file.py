"""Reads fingerprint files: YAML, every fault with its place. Ours ship in data/; an operator may have more."""

import re
import sys
from functools import cache
from pathlib import Path
from typing import Final

from secops.core.errors import InvalidFile
from secops.core.language import say
from secops.discover.fingerprint.entry import CATEGORIES, Sign, Technology
from secops.scope.yaml_source import Located, Plain, Source, unknown_key

_DATA: Final = Path(__file__).parent / "data"
_MOST: Final = 5_000
_KEYS: Final = {"name", "category", "vendor", "product", "server", "device", "cpe", "domestic", "implies", "source",
                "verified", "show"}  # fmt: skip
_PARTS: Final = {"server", "header", "cookie", "title", "generator", "location", "realm", "icon", "body", "version"}
_CPE: Final = re.compile(r"[aoh]:[a-z0-9._~%!+-]{1,60}:[a-z0-9._~%!+-]{1,60}")
_HEADER: Final = re.compile(r"([a-z0-9-]{1,60})(?::\s?(.{0,120}))?")
_GREEDY: Final = re.compile(r"(?<!\\)\)[*+{]|(?<!\\)\.[*+]")
Keys = tuple[str | int, ...]


@cache
def shipped() -> tuple[Technology, ...]:
    """Our own set."""
    found = [each for path in sorted(_DATA.glob("*.yaml")) for each in read(path)]
    _joined(found, str(_DATA))
    return tuple(found)


def read(path: Path) -> tuple[Technology, ...]:
    """The technologies of one file. Raises InvalidFile with the place of the first fault."""
    source = Source.read(path)
    entries = source.value
    if not isinstance(entries, list) or not 0 < len(entries) <= _MOST:
        raise _fault(source, (), say("应为指纹的列表", "a list of fingerprints is wanted"))
    return tuple(_technology(source, number, each) for number, each in enumerate(entries))


def _joined(found: list[Technology], where: str) -> None:
    """Names are unique, and what is implied is there."""
    names = {each.name for each in found}
    for each in found:
        missing = [name for name in each.implies if name not in names]
        if missing or sum(other.name == each.name for other in found) > 1:
            raise InvalidFile(
                "E1425",
                say(f"指纹名称重复或所指不存在：{each.name}", f"repeated, or implies what is not there: {each.name}"),
                where=where,
                why=", ".join(missing),
            )


def _fault(source: Located, keys: Keys, what: str, why: str = "") -> InvalidFile:
    return InvalidFile("E1425", say("指纹不合格式：", "not a fingerprint: ") + what, where=source.where(*keys), why=why)


def _technology(source: Located, number: int, entry: Plain) -> Technology:
    at: Keys = (number,)
    if not isinstance(entry, dict):
        raise _fault(source, at, say("应为一个技术", "a technology is wanted"))
    _only(source, at, entry, _KEYS)
    category = _text(source, at, entry, "category", most=20)
    if category not in CATEGORIES:
        raise _fault(source, (*at, "category"), say("没有这个类别", "no such category"), ", ".join(sorted(CATEGORIES)))
    cpe = _text(source, at, entry, "cpe", most=130)
    if cpe and not _CPE.fullmatch(cpe):
        raise _fault(source, (*at, "cpe"), say("应如 a:apache:tomcat", "it looks like a:apache:tomcat"))
    name = _text(source, at, entry, "name", most=60)
    shows = entry.get("show")
    if not name or not isinstance(shows, list) or not shows:
        raise _fault(source, at, say("缺少 name 或 show", "`name` or `show` is missing"))
    return Technology(
        name=sys.intern(name),
        category=category,
        signs=tuple(_sign(source, (*at, "show", n), each) for n, each in enumerate(shows)),
        vendor=_text(source, at, entry, "vendor", most=60),
        product=_text(source, at, entry, "product", most=60),
        server=_flag(source, at, entry, "server"),
        device=_text(source, at, entry, "device", most=40),
        cpe=cpe,
        domestic=_flag(source, at, entry, "domestic"),
        implies=_texts(source, at, entry, "implies"),
        source=_text(source, at, entry, "source", most=200),
        verified=_flag(source, at, entry, "verified"),
    )


def _sign(source: Located, at: Keys, entry: Plain) -> Sign:
    if not isinstance(entry, dict) or not set(entry) - {"version"}:
        raise _fault(source, at, say("应写明怎样显现", "how it shows is wanted"))
    _only(source, at, entry, _PARTS)
    icon = entry.get("icon")
    if icon is not None and (isinstance(icon, bool) or not isinstance(icon, int) or not -(1 << 31) <= icon < 1 << 31):
        raise _fault(source, (*at, "icon"), say("应为有符号 32 位整数", "a signed 32 bit number is wanted"))
    body = _texts(source, at, entry, "body")
    if any(len(each.encode()) < 4 for each in body):
        raise _fault(source, (*at, "body"), say("至少四个字节", "at least four bytes"))
    sign = Sign(
        server=_text(source, at, entry, "server").lower(),
        headers=tuple(_header(source, at, each) for each in _texts(source, at, entry, "header")),
        cookie=_text(source, at, entry, "cookie").lower(),
        title=_text(source, at, entry, "title").lower(),
        generator=_text(source, at, entry, "generator").lower(),
        location=_text(source, at, entry, "location").lower(),
        realm=_text(source, at, entry, "realm").lower(),
        icon=icon,
        body=tuple(each.lower() for each in body),
        version=_pattern(source, at, entry),
    )
    if all(not part or part == ("",) for part in (sign.server, sign.headers, sign.cookie, sign.title, sign.generator,
                                                  sign.location, sign.realm, sign.body)) and icon is None:  # fmt: skip
        raise _fault(source, at, say("什么也不看", "it looks at nothing"))
    return sign


def _header(source: Located, at: Keys, text: str) -> tuple[str, str]:
    match = _HEADER.fullmatch(text.lower())
    if match is None:
        raise _fault(source, (*at, "header"), say("应如 x-powered-by: php", "it looks like x-powered-by: php"))
    return match[1], match[2] or ""


def _pattern(source: Located, at: Keys, entry: dict[str, Plain]) -> re.Pattern[str] | None:
    text = _text(source, at, entry, "version")
    if not text:
        return None
    try:
        pattern = re.compile(text, re.IGNORECASE)
    except re.error as error:
        raise _fault(source, (*at, "version"), say("正则表达式有错", "not a pattern"), str(error)) from error
    if pattern.groups != 1 or _GREEDY.search(text):
        what = say("恰好一个括号组，不重复括号组，不用 .* 与 .+", "one group, never repeated, and neither .* nor .+")
        raise _fault(source, (*at, "version"), what)
    return pattern


def _only(source: Located, at: Keys, entry: dict[str, Plain], known: set[str]) -> None:
    for key in entry:
        if key not in known:
            raise unknown_key(source.where_key(*at, key), key, known)


def _text(source: Located, at: Keys, entry: dict[str, Plain], key: str, most: int = 200) -> str:
    value = entry.get(key, "")
    if not isinstance(value, str) or len(value) > most:
        raise _fault(source, (*at, key), say(f"应为不超过 {most} 字的文字", f"text of at most {most} characters"))
    return value


def _texts(source: Located, at: Keys, entry: dict[str, Plain], key: str) -> tuple[str, ...]:
    value = entry.get(key, [])
    items = value if isinstance(value, list) else [value]
    if len(items) > 8 or not all(isinstance(each, str) and 0 < len(each) <= 200 for each in items):
        raise _fault(source, (*at, key), say("应为文字，至多八段", "text, or at most eight texts"))
    return tuple(each for each in items if isinstance(each, str))


def _flag(source: Located, at: Keys, entry: dict[str, Plain], key: str) -> bool:
    value = entry.get(key, False)
    if not isinstance(value, bool):
        raise _fault(source, (*at, key), say("应为 true 或 false", "true or false"))
    return value
