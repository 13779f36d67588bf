"""A query written in the search language, so that what a rule or a saved filter means can be read and typed again."""

from typing import Final, assert_never

from secops.core.clock import render
from secops.core.fields import Field, Type, by_name
from secops.core.filter_value import LABELS
from secops.core.filter_words import WIDE, find
from secops.core.links import by_link, inside
from secops.core.model import Kind
from secops.core.query import PLACED, VERSIONS, And, Compare, Linked, Not, Op, Or, Query, Wild, escape, pattern

_SIGN: Final = {Op.EQ: "=", Op.LT: "<", Op.LTE: "<=", Op.GT: ">", Op.GTE: ">="}
_SPECIAL: Final = frozenset(' \t\r\n()",\\：（）“”，＝＜＞　｜|')


def write(query: Query, kind: Kind | None = None) -> str:
    """Text that `filter.parse` reads back to a query of the same meaning."""
    if query == And(()):
        return ""
    return _write(query, kind, top=True)


def _write(query: Query, kind: Kind | None, *, top: bool = False) -> str:
    match query:
        case And(()):
            return "*"
        case Or(()):
            return "-*"
        case And(items):
            text = " ".join(_write(each, kind) for each in items)
            return text if top or len(items) == 1 else f"({text})"
        case Or(items):
            text = " OR ".join(_write(each, kind) for each in items)
            return text if top or len(items) == 1 else f"({text})"
        case Not(item):
            return "-" + _write(item, kind)
        case Compare():
            return _compare(query, kind)
        case Linked(link, there, item):
            return f"{link}:({_beyond(link, there, item)})"
        case _:
            assert_never(query)


def _beyond(link: str, kind: Kind | None, item: Query) -> str:
    """What is asked behind a step, so written that it is read as a query about that kind again."""
    text = _write(item, kind, top=True) if item != And(()) else "*"
    if kind is None or inside(by_link()[link]) is not None:
        return text
    named = Compare("kind", Op.EQ, str(kind))
    items = item.items if isinstance(item, And) else (item,)
    if named in items:
        return text
    return _compare(named, kind) + " " + (f"({text})" if isinstance(item, Or) and len(item.items) != 1 else text)


def _compare(query: Compare, kind: Kind | None) -> str:
    field = by_name()[query.field]
    word = f"@{field.name}" if field.name in WIDE and find(field.name, kind) != (field,) else field.name
    op, value = query.op, query.value
    if op is Op.EXISTS:
        return f"{word}:*" if value else f"-{word}:*"
    if op in VERSIONS:
        return word + _SIGN[Op(op.removeprefix("version_"))] + _quoted(str(value))
    if field.type in {Type.TEXT, Type.TEXTS, Type.VERSION}:
        return word + _text(field, op, str(value))
    if op is Op.CIDR:
        return f"{word}:{value}"
    if isinstance(value, tuple) and field.type in PLACED:
        return f"{word}:{value[0]}-{value[1]}"
    if isinstance(value, tuple):
        return f"{word}:{_plain(field, value[0])}..{_plain(field, value[1])}"
    return word + _SIGN[op] + _plain(field, value)


def _text(field: Field, op: Op, value: str) -> str:
    if op is Op.LIKE and not any(isinstance(each, Wild) for each in pattern(value)):
        op, value = Op.EQ, "".join(pattern(value))
    if op is Op.EQ:
        return (":" if field.name in LABELS else "=") + _quoted(value)
    if not value or (op is Op.LIKE and pattern(value) == (Wild.ANY,)):
        return ":**"
    if op is Op.CONTAINS and field.name not in LABELS and field.type is not Type.VERSION:
        return ":" + _quoted(value)
    body = _shielded(value if op is Op.LIKE else escape(value))
    before = "*" if op in {Op.CONTAINS, Op.ENDSWITH} else ""
    after = "*" if op in {Op.CONTAINS, Op.STARTSWITH} else ""
    return f":{before}{body}{after}"


def _shielded(like: str) -> str:
    out: list[str] = []
    characters = iter(like)
    for c in characters:
        if c == "\\":
            follow = next(characters, "")
            out.append("\\" + follow if follow in {"*", "?", "\\"} and follow else "\\\\" + _shield(follow))
        else:
            out.append(_shield(c))
    return "".join(out)


def _shield(c: str) -> str:
    return "\\" + c if c in _SPECIAL else c


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _plain(field: Field, value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if field.type is Type.INSTANT and isinstance(value, int):
        try:
            return render(value)
        except (ValueError, OverflowError):
            return f"{value}ms"
    return str(value)
