"""What one value of the search language means for one field: texts with wildcards, numbers, ranges, dates, networks."""

import re
from dataclasses import dataclass
from typing import Final

from secops.core import vocabulary
from secops.core.address import number
from secops.core.clock import DAY_MS, parse
from secops.core.fields import FIELDS, Derivation, Field, Type
from secops.core.filter_words import NARROW
from secops.core.language import say
from secops.core.model import Value
from secops.core.query import LARGEST, PLACED, Compare, Op, Query, Wild, escape, misfit, pattern

LABELS: Final = frozenset(
    {"id", "kind", "site", "state", "org_id", "system_id", "tags", "transport", "service.name", "services.names",
     "network.zone", "device.type", "tls.version", "tls.key_type", "tls.fingerprint", "http.body_sha256",
     "ssh.host_key", "ssh.host_key_type", "data.level", "system.level_edition", "system.key"}
)  # fmt: skip
"""Fields whose values are labels: `field:value` means equal, not contains."""
AHEAD: Final = frozenset({"tls.not_after", "system.filing_valid_until"})
"""Times that lie ahead: `expires<30d` means within thirty days from now."""

TIMES: Final = ("1d", "7d", "30d", "90d", "365d")
"""Numbers of days that a time is often compared with."""

_SIGNS: Final = {":": Op.EQ, "=": Op.EQ, "<": Op.LT, "<=": Op.LTE, ">": Op.GT, ">=": Op.GTE}
_FLIP: Final = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
_DAYS: Final = re.compile(r"([0-9]{1,6})([dw天周])")
_ESCAPED: Final = re.compile(r"\\(.)", re.DOTALL)
_MILLIS: Final = re.compile(r"-?[0-9]{1,19}ms")
_WHOLE: Final = re.compile(r"[+-]?[0-9]{1,19}")
_TRUE: Final = frozenset({"true", "yes", "1", "是"})
_FALSE: Final = frozenset({"false", "no", "0", "否"})


@dataclass(frozen=True, slots=True)
class Raw:
    """A value as typed, where it began, and whether quotes stood around it."""

    text: str
    at: int
    quoted: bool


def compare(field: Field, sign: str, raw: Raw, *, within: bool = False, network: bool = False) -> Query | str:
    """The query for `field sign value`, or why there is none. `within` searches anywhere in the text, labels too."""
    if not raw.quoted and (field.type not in {Type.TEXT, Type.TEXTS} or vocabulary.closed(field)):
        raw = Raw(raw.text.translate(NARROW), raw.at, quoted=False)
    if raw.text in {"*", "＊"} and not raw.quoted and sign == ":":
        return Compare(field.name, Op.EXISTS, True)
    if field.type in {Type.TEXT, Type.TEXTS, Type.VERSION}:
        query = _text(field, sign, raw, within=within)
    elif field.type is Type.BOOLEAN:
        query = _boolean(field, sign, raw)
    elif field.type is Type.INSTANT:
        query = _instant(field, sign, raw)
    elif field.type in PLACED:
        query = _address(field, sign, raw, network=network)
    else:
        query = _number(field, sign, raw)
    return query


def _checked(field: Field, op: Op, value: Value) -> Query | str:
    made = Compare(field.name, op, value)
    return misfit(made) or made


def _text(field: Field, sign: str, raw: Raw, *, within: bool) -> Query | str:
    if sign not in {":", "="}:
        if field.type is Type.VERSION:
            if not raw.quoted and not any(c.isdecimal() for c in raw.text):
                return say(
                    f"字段 {field.name}（{field.zh}）比大小要写版本号，如 1.20、2.4.50、9.6p1",
                    f"field {field.name} is compared with a version such as 1.20, 2.4.50 or 9.6p1",
                )
            return _checked(field, Op(f"version_{_SIGNS[sign]}"), raw.text if raw.quoted else _unescaped(raw.text))
        return say(
            f"字段 {field.name}（{field.zh}）是文字，不能比大小；用 : 或 =",
            f"field {field.name} is text and has no order; use : or =",
        )
    if vocabulary.closed(field) and not (within or raw.quoted or set(raw.text) & set("*?")):
        meant = vocabulary.value(field, raw.text)
        return vocabulary.unknown(field, raw.text) if meant is None else _checked(field, Op.EQ, meant)
    if raw.quoted or sign == "=":
        return _literal(field, sign, raw.text if raw.quoted else _unescaped(raw.text), within=within)
    parts = pattern(_ESCAPED.sub(lambda found: found[0] if found[1] in "*?\\" else found[1], raw.text))
    if not any(isinstance(each, Wild) for each in parts):
        return _literal(field, sign, _unescaped(raw.text), within=within)
    return wild(field, (Wild.ANY, *parts, Wild.ANY) if within else parts)


def _literal(field: Field, sign: str, text: str, *, within: bool) -> Query | str:
    exact = sign == "=" or (field.name in LABELS and not within) or field.type is Type.VERSION
    return _checked(field, Op.EQ if exact else Op.CONTAINS, text)


def wild(field: Field, parts: tuple[str | Wild, ...]) -> Query | str:
    """The narrowest comparison for a text with wildcards: contains, starts or ends with, else LIKE."""
    texts = [each if isinstance(each, Wild) else escape(each) for each in parts]
    tight = pattern("".join(texts))
    body = tight[1 if tight[0] is Wild.ANY else 0 : -1 if tight[-1] is Wild.ANY and len(tight) > 1 else None]
    if any(isinstance(each, Wild) for each in body) or not body:
        return _checked(field, Op.LIKE, "".join(str(e) if isinstance(e, Wild) else escape(e) for e in tight))
    literal = "".join(body)
    first, last = tight[0] is Wild.ANY, tight[-1] is Wild.ANY
    op = Op.CONTAINS if first and last else Op.STARTSWITH if last else Op.ENDSWITH
    return _checked(field, op, literal)


def _unescaped(text: str) -> str:
    return _ESCAPED.sub(r"\1", text)


def _boolean(field: Field, sign: str, raw: Raw) -> Query | str:
    word = raw.text.lower()
    if sign in {":", "="} and word in _TRUE | _FALSE:
        return Compare(field.name, Op.EQ, word in _TRUE)
    return say(
        f"字段 {field.name}（{field.zh}）只能是 true 或 false（是/否）",
        f"field {field.name} takes true or false",
    )


def _number(field: Field, sign: str, raw: Raw) -> Query | str:
    whole = _range(raw.text) if sign in {":", "="} else None
    if whole:
        first, last = int(whole[0] or -LARGEST), int(whole[1] or LARGEST)
        return _checked(field, Op.RANGE, (first, last)) if first <= last else _backwards(field, *whole)
    if not _WHOLE.fullmatch(raw.text):
        return say(
            f"字段 {field.name}（{field.zh}）需要整数或范围，如 1-1024",
            f"field {field.name} takes a whole number or a range such as 1-1024",
        )
    return _checked(field, _SIGNS[sign], int(raw.text))


def _range(text: str) -> tuple[str, str] | None:
    match = re.fullmatch(r"([0-9]{1,19})-([0-9]{1,19})", text) or re.fullmatch(
        r"([+-]?[0-9]{1,19})?\.\.([+-]?[0-9]{1,19})?", text
    )
    return (match.group(1) or "", match.group(2) or "") if match and any(match.groups()) else None


def _backwards(field: Field, first: str, last: str) -> str:
    return say(
        f"字段 {field.name}（{field.zh}）的范围首尾颠倒：{first[:40]} 在 {last[:40]} 之后，两个换过来",
        f"the range of field {field.name} is the wrong way round: {first[:40]} is beyond {last[:40]}, swap the two",
    )


def _instant(field: Field, sign: str, raw: Raw) -> Query | str:
    match = _DAYS.fullmatch(raw.text)
    if match:
        return _age(field, sign, int(match.group(1)) * (7 if match.group(2) in "w周" else 1))
    low, dots, high = raw.text.partition("..")
    if dots and sign in {":", "="}:
        first = _span(low) if low else (-LARGEST, -LARGEST)
        last = _span(high) if high else (LARGEST, LARGEST)
        if first is None or last is None or not (low or high):
            return _no_time(field)
        span = first[0], last[1]
        return _checked(field, Op.RANGE, span) if span[0] <= span[1] else _backwards(field, low, high)
    return _moment(field, sign, raw.text)


def _moment(field: Field, sign: str, text: str) -> Query | str:
    span = _span(text)
    if span is None:
        return _no_time(field)
    first, last = span
    if sign in {":", "="}:
        return _checked(field, Op.EQ, first) if first == last else _checked(field, Op.RANGE, span)
    bounds = {"<": (Op.LT, first), "<=": (Op.LTE, last), ">": (Op.GT, last), ">=": (Op.GTE, first)}
    return _checked(field, *bounds[sign])


def _span(text: str) -> tuple[int, int] | None:
    """First and last millisecond of a day, or of a moment; None where the text is no time."""
    try:
        start = int(text[:-2]) if _MILLIS.fullmatch(text) else int(parse(text))
    except (ValueError, OverflowError):
        return None
    day = re.fullmatch(r"\d{4}-\d{2}-\d{2}", text.strip()) is not None
    return start, start + (DAY_MS - 1 if day else 0)


def _no_time(field: Field) -> str:
    return say(
        f"字段 {field.name}（{field.zh}）需要日期（2026-01-31）、时间或天数（7d、2w）",
        f"field {field.name} takes a date (2026-01-31), a time or a number of days (7d, 2w)",
    )


def _age(field: Field, sign: str, days: int) -> Query | str:
    age = next(
        (e for e in FIELDS if e.derived and e.derived.how is Derivation.AGE and e.derived.of == field.name),
        None,
    )
    if age is None:
        return say(
            f"字段 {field.name}（{field.zh}）没有按天数的比较，请写日期",
            f"field {field.name} has no count of days: write a date",
        )
    if field.name in AHEAD:
        return _checked(age, _SIGNS[_FLIP.get(sign, sign)], -days)
    return _checked(age, _SIGNS[sign], days)


def _address(field: Field, sign: str, raw: Raw, *, network: bool) -> Query | str:
    text = _stars(raw.text)
    if sign in {":", "="}:
        low, dash, high = text.partition("-")
        if dash:
            made = _checked(field, Op.RANGE, (low.strip(), high.strip()))
            if isinstance(made, Compare) and number(low.strip()) > number(high.strip()):
                return _backwards(field, low.strip(), high.strip())
            return made
        if "/" in text or network:
            return _checked(field, Op.CIDR, text)
    return _checked(field, _SIGNS[sign], text)


def _stars(text: str) -> str:
    """`198.18.*` as the network it means."""
    parts = text.split(".")
    known = [each for each in parts if each != "*"]
    if 1 < len(parts) <= 4 and len(known) < len(parts) and parts[: len(known)] == known:
        bits = 8 * len(known)
        return f"{'.'.join([*known, *['0'] * (4 - len(known))])}/{bits}"
    return text
