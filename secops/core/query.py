"""The filter AST, shared by rules and the filter language. The store turns it into SQL; `holds` is the oracle.

Meaning is two-valued: a comparison with an unknown (None) is false, and `Not` of it is true. Text compares without
regard to ASCII case; other scripts compare as they are written. On a set of values a comparison holds if it holds for
any member. `Undecided` is not decided here: a rule's `requires` are checked before.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeVar, assert_never

from secops.core import address, version
from secops.core.fields import Field, Type, by_name
from secops.core.language import say
from secops.core.model import Kind, Value


class Op(StrEnum):
    """How a field is compared with a value."""

    EQ = "eq"
    LT = "lt"
    LTE = "lte"
    GT = "gt"
    GTE = "gte"
    CONTAINS = "contains"
    STARTSWITH = "startswith"
    ENDSWITH = "endswith"
    LIKE = "like"
    """Whole-text match with `*` (any run) and `?` (one character); `\\*`, `\\?`, `\\\\` stand for themselves."""
    CIDR = "cidr"
    RANGE = "range"
    """Value (first, last), both inclusive: one number or address, or one member of a set, lies between them."""
    EXISTS = "exists"
    """Value True: known; False: unknown (no value)."""
    VERSION_LT = "version_lt"
    VERSION_LTE = "version_lte"
    VERSION_GT = "version_gt"
    VERSION_GTE = "version_gte"


@dataclass(frozen=True, slots=True)
class Compare:
    """Field (full dictionary name) compared with one value."""

    field: str
    op: Op
    value: Value


@dataclass(frozen=True, slots=True)
class And:
    """All hold; the empty one holds."""

    items: tuple["Query", ...]


@dataclass(frozen=True, slots=True)
class Or:
    """Any holds; the empty one does not."""

    items: tuple["Query", ...]


@dataclass(frozen=True, slots=True)
class Not:
    """It does not hold."""

    item: "Query"


@dataclass(frozen=True, slots=True)
class Linked:
    """Holds where the step (`core.links`) leads to an entity of this kind (None: any asset) for which `item` holds."""

    link: str
    kind: Kind | None
    item: "Query"


Query = Compare | And | Or | Not | Linked
EVERYTHING: Query = And(())
NOTHING: Query = Or(())

Reader = Callable[[str], Value]
"""Gives the value of a dictionary field, None where it is not known."""
Around = Callable[[str, Kind | None], Iterable[Reader]]
"""Gives the readers of what a step leads to from the entity, of this kind (None: any of the seven kinds of asset)."""

ORDER: Final = frozenset({Op.LT, Op.LTE, Op.GT, Op.GTE})
TEXTUAL: Final = frozenset({Op.CONTAINS, Op.STARTSWITH, Op.ENDSWITH, Op.LIKE})
VERSIONS: Final = frozenset({Op.VERSION_LT, Op.VERSION_LTE, Op.VERSION_GT, Op.VERSION_GTE})
OPS: Final[dict[Type, frozenset[Op]]] = {
    Type.TEXT: frozenset({Op.EQ, Op.EXISTS}) | TEXTUAL,
    Type.TEXTS: frozenset({Op.EQ, Op.EXISTS}) | TEXTUAL,
    Type.VERSION: frozenset({Op.EQ, Op.EXISTS}) | TEXTUAL | VERSIONS,
    Type.INTEGER: frozenset({Op.EQ, Op.EXISTS, Op.RANGE}) | ORDER,
    Type.INTEGERS: frozenset({Op.EQ, Op.EXISTS, Op.RANGE}) | ORDER,
    Type.INSTANT: frozenset({Op.EQ, Op.EXISTS, Op.RANGE}) | ORDER,
    Type.ADDRESS: frozenset({Op.EQ, Op.EXISTS, Op.CIDR, Op.RANGE}) | ORDER,
    Type.ADDRESSES: frozenset({Op.EQ, Op.EXISTS, Op.CIDR, Op.RANGE}) | ORDER,
    Type.BOOLEAN: frozenset({Op.EQ, Op.EXISTS}),
}
"""Which comparisons each type of field has."""

PLACED: Final = frozenset({Type.ADDRESS, Type.ADDRESSES})
WHOLE: Final = frozenset({Type.INTEGER, Type.INTEGERS, Type.INSTANT})
LARGEST: Final = 2**63 - 1
LONGEST: Final = 4096
"""Characters of a text compared with."""

_Order = TypeVar("_Order", int, str)
_FOLD: Final = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)}


def fold(text: str) -> str:
    """The text with A-Z lowered and every other character as it is."""
    return text.translate(_FOLD)


def holds(query: Query, reader: Reader, around: Around | None = None) -> bool:
    """Whether the query holds for what `reader` reads and, by its steps, what `around` gives.

    Raises ValueError for a comparison that `misfit` names, and for a step where nothing is `around`.
    """
    match query:
        case And(items):
            return all(holds(each, reader, around) for each in items)
        case Or(items):
            return any(holds(each, reader, around) for each in items)
        case Not(item):
            return not holds(item, reader, around)
        case Linked(link, kind, item):
            if around is None:
                raise ValueError(f"no neighbours to take the step {link} to")
            return any(holds(item, each) for each in around(link, kind))
        case Compare(name, op, wanted):
            problem = misfit(query)
            if problem:
                raise ValueError(problem)
            return _met(by_name()[name], op, wanted, reader(name))
        case _:
            assert_never(query)


def comparisons(query: Query) -> Iterator[Compare]:
    """Every comparison of the query with the entity's own fields, in reading order; none of those behind a step."""
    match query:
        case And(items) | Or(items):
            for each in items:
                yield from comparisons(each)
        case Not(item):
            yield from comparisons(item)
        case Compare():
            yield query
        case Linked():
            return
        case _:
            assert_never(query)


def steps(query: Query) -> Iterator[Linked]:
    """Every step of the query, in reading order."""
    match query:
        case And(items) | Or(items):
            for each in items:
                yield from steps(each)
        case Not(item):
            yield from steps(item)
        case Linked():
            yield query
        case Compare():
            return
        case _:
            assert_never(query)


def fields_of(query: Query) -> tuple[str, ...]:
    """Names of the fields the query reads, each once, in reading order."""
    return tuple(dict.fromkeys(each.field for each in comparisons(query)))


def misfit(compare: Compare) -> str:
    """Why this comparison means nothing (unknown field, operator or value of the wrong type), empty where it does."""
    field = by_name().get(compare.field)
    if field is None:
        return say(f"没有字段 {compare.field}", f"no field {compare.field}")
    if compare.op not in OPS[field.type]:
        usable = ", ".join(sorted(OPS[field.type]))
        return say(
            f"字段 {field.name}（{field.zh}）是 {field.type}，不能用 {compare.op}；可用：{usable}",
            f"field {field.name} is {field.type} and has no {compare.op}; it has: {usable}",
        )
    if _suits(field, compare.op, compare.value):
        return ""
    zh, en = expected(field, compare.op)
    return say(
        f"字段 {field.name}（{field.zh}）要写{zh}，不能是 {_brief(compare.value)}",
        f"field {field.name} takes {en}, not {_brief(compare.value)}",
    )


def expected(field: Field, op: Op) -> tuple[str, str]:
    """What the comparison takes, in Chinese and English."""
    if op is Op.EXISTS or field.type is Type.BOOLEAN:
        return "true 或 false", "true or false"
    if op is Op.CIDR:
        return "网段，如 198.18.0.0/16", "a network such as 198.18.0.0/16"
    if op is Op.RANGE and field.type in PLACED:
        return "首末两个 IP 地址", "two IP addresses, first and last"
    if op is Op.RANGE:
        return "首末两个整数", "two whole numbers, first and last"
    if field.type in PLACED:
        return "完整的 IP 地址，如 198.18.0.1", "an IP address such as 198.18.0.1"
    if field.type is Type.INSTANT:
        return "时间（毫秒整数）", "a time in whole milliseconds"
    if field.type in WHOLE:
        return "整数", "a whole number"
    return "文字", "text"


def _suits(field: Field, op: Op, value: Value) -> bool:
    if op is Op.EXISTS or field.type is Type.BOOLEAN:
        return isinstance(value, bool)
    if op is Op.RANGE:
        one = _placed if field.type in PLACED else _whole
        return isinstance(value, tuple) and len(value) == 2 and all(map(one, value))
    if field.type in WHOLE:
        return _whole(value)
    if not isinstance(value, str) or len(value) > LONGEST or "\0" in value or not _parses(str.encode, value):
        return False
    if field.type in PLACED:
        return _parses(address.span if op is Op.CIDR else address.number, value)
    return True


def _whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) <= LARGEST


def _placed(value: object) -> bool:
    return isinstance(value, str) and len(value) <= LONGEST and _parses(address.number, value)


def _parses(read: Callable[[str], object], value: str) -> bool:
    try:
        read(value)
    except ValueError:
        return False
    return True


def _brief(value: Value) -> str:
    text = "-".join(map(str, value)) if isinstance(value, tuple) else str(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _met(field: Field, op: Op, wanted: Value, value: Value) -> bool:
    if field.core and value == "":
        value = None
    if op is Op.EXISTS:
        return (value is not None) is wanted
    if value is None:
        return False
    if isinstance(value, tuple):
        return any(_one(field.type, op, wanted, each) for each in value)
    return _one(field.type, op, wanted, value)


def _one(type_: Type, op: Op, wanted: Value, value: Value) -> bool:
    if type_ is Type.BOOLEAN:
        return value is wanted
    if type_ in WHOLE:
        if not isinstance(value, int) or isinstance(value, bool):
            return False
        if isinstance(wanted, tuple):
            first, last = wanted
            return int(first) <= value <= int(last)
        return isinstance(wanted, int) and _ordered(op, value, wanted)
    if type_ in PLACED:
        first, last = places(op, wanted)
        return isinstance(value, str) and _parses(address.number, value) and first <= address.number(value) <= last
    if not isinstance(value, str) or not isinstance(wanted, str):
        return False
    if op in VERSIONS:
        return _ordered(Op(op.removeprefix("version_")), version.key(value), version.key(wanted))
    return _textual(op, fold(value), fold(wanted))


def places(op: Op, wanted: Value) -> tuple[int, int]:
    """First and last place, on the line of addresses, of those that the comparison wants; first > last: none."""
    if isinstance(wanted, tuple):
        first, last = (address.number(str(each)) for each in wanted)
        return first, last
    first, last = address.span(str(wanted)) if op is Op.CIDR else (address.number(str(wanted)),) * 2
    if op in {Op.LT, Op.LTE}:
        return 0, last - (op is Op.LT)
    if op in {Op.GT, Op.GTE}:
        return first + (op is Op.GT), address.LAST
    return first, last


def _ordered(op: Op, value: _Order, wanted: _Order) -> bool:
    return {
        Op.EQ: value == wanted,
        Op.LT: value < wanted,
        Op.LTE: value <= wanted,
        Op.GT: value > wanted,
        Op.GTE: value >= wanted,
    }[op]


def _textual(op: Op, value: str, wanted: str) -> bool:
    if op is Op.EQ:
        return value == wanted
    if op is Op.CONTAINS:
        return wanted in value
    if op is Op.STARTSWITH:
        return value.startswith(wanted)
    if op is Op.ENDSWITH:
        return value.endswith(wanted)
    return _like(value, pattern(wanted))


class Wild(StrEnum):
    """The two wildcards of `Op.LIKE`."""

    ANY = "*"
    ONE = "?"


def pattern(text: str) -> tuple[str | Wild, ...]:
    """The characters and wildcards of a LIKE value, escapes resolved; runs of `*` become one."""
    out: list[str | Wild] = []
    characters = iter(text)
    for c in characters:
        if c == "\\":
            follow = next(characters, "")
            out.extend(["\\"] if follow == "" else [follow] if follow in "*?\\" else ["\\", follow])
        elif c == "*":
            if not out or out[-1] is not Wild.ANY:
                out.append(Wild.ANY)
        elif c == "?":
            out.append(Wild.ONE)
        else:
            out.append(c)
    return tuple(out)


def escape(text: str) -> str:
    """The text as a LIKE value that matches only itself."""
    return text.replace("\\", "\\\\").replace("*", "\\*").replace("?", "\\?")


def _like(value: str, parts: tuple[str | Wild, ...]) -> bool:
    at = part = 0
    star, resume = -1, 0
    while at < len(value):
        if part < len(parts) and parts[part] is Wild.ANY:
            star, resume = part, at
            part += 1
        elif part < len(parts) and (parts[part] is Wild.ONE or parts[part] == value[at]):
            at, part = at + 1, part + 1
        elif star >= 0:
            resume += 1
            at, part = resume, star + 1
        else:
            return False
    return all(each is Wild.ANY for each in parts[part:])
