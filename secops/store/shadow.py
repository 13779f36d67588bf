"""What stands in the column `<column>_key` beside one whose own spelling no database compares as it is meant.

A version has one that sorts as versions do. A set of addresses has the places of its members on the one line of
addresses, 32 hexadecimal digits each, the lowest first, as a JSON array: most have one member, and whether that lies in
a network its beginning alone tells.
"""

from collections.abc import Callable
from typing import Any, Final

import sqlalchemy as sa

from secops.core import address, version
from secops.core.fields import Type
from secops.store import dialect

_DIGITS: Final = 2 * address.WIDTH
_ALONE: Final = _DIGITS + 4
"""Characters of the array of one."""


def places(value: Any) -> str:
    """The places of these addresses; what is none has no place."""
    found = sorted({digits for each in value if (digits := _digits(each))})
    return "[" + ",".join(f'"{each}"' for each in found) + "]"


SHADOWED: Final[dict[Type, Callable[[Any], str]]] = {
    Type.VERSION: lambda value: version.key(str(value)),
    Type.ADDRESSES: places,
}
"""What spells the shadow of a value, by the type of its field."""


def between(column: sa.ColumnElement[Any], first: int, last: int) -> sa.ColumnElement[bool]:
    """Whether any of the places in this column lies between these two, both inclusive."""
    if first > last:
        return sa.and_(sa.false(), column.is_not(None))
    low, high = (f"{each:0{_DIGITS}x}" for each in (first, last))
    lowest = column.between(f'["{low}', f'["{high}~')
    members = dialect.listed(column)
    others = dialect.any_member(members, lambda member: dialect.bytewise(member).between(low, high))
    return sa.or_(lowest, sa.and_(sa.func.length(column) > _ALONE, others))


def _digits(text: object) -> str:
    try:
        return f"{address.number(str(text)):0{_DIGITS}x}"
    except ValueError:
        return ""
