"""Values as the dictionary's types want them: what looks and people say comes in bounded and in one spelling."""

from collections.abc import Callable
from typing import Final

from secops.core.fields import Type, by_name
from secops.core.model import Value

TEXT_MOST: Final = 4_096
ITEMS_MOST: Final = 1_000
_LARGEST: Final = 2**63 - 1


def normal(field: str, value: Value) -> Value:
    """The value as the dictionary's type wants it, bounded; None for what is of another type. Sets come out sorted."""
    return NORMAL[field](value)


def _line(value: Value) -> Value:
    return _text(value) if isinstance(value, str) and value else None


def _whole(value: Value) -> Value:
    return value if type(value) is int and abs(value) <= _LARGEST else None


def _truth(value: Value) -> Value:
    return value if isinstance(value, bool) else None


def _lines(value: Value) -> Value:
    if not isinstance(value, tuple):
        return None
    return tuple(sorted({_text(each) for each in value if isinstance(each, str)})[:ITEMS_MOST])


def _wholes(value: Value) -> Value:
    if not isinstance(value, tuple):
        return None
    return tuple(sorted({each for each in value if type(each) is int})[:ITEMS_MOST])


def _text(value: str) -> str:
    cut = value[:TEXT_MOST]
    return cut if cut.isascii() and "\0" not in cut else cut.replace("\0", "\ufffd").encode("utf-8", "replace").decode()


_TYPES: Final[dict[Type, Callable[[Value], Value]]] = {
    Type.TEXT: _line,
    Type.VERSION: _line,
    Type.ADDRESS: _line,
    Type.INTEGER: _whole,
    Type.INSTANT: _whole,
    Type.BOOLEAN: _truth,
    Type.TEXTS: _lines,
    Type.ADDRESSES: _lines,
    Type.INTEGERS: _wholes,
}
NORMAL: Final = {name: _TYPES[field.type] for name, field in by_name().items()}
"""By field: what gives its value, see `normal`."""
