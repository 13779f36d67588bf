"""What only SQLite says this way, in one place. PostgreSQL: `lower(x COLLATE "C")`, `strpos`, `jsonb_array_elements`.

Text in the store holds no NUL character (PostgreSQL has none either), so SQLite's text functions see all of it.
"""

from typing import Any

import sqlalchemy as sa


def fold(text: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    """The text with A-Z lowered and nothing else: SQLite's own `lower`, which `core.query.fold` equals."""
    return sa.func.lower(text)


def contains(text: sa.ColumnElement[Any], part: str) -> sa.ColumnElement[bool]:
    """Whether the part stands anywhere in the text; the empty part does."""
    return sa.func.instr(text, part) > 0


def starts(text: sa.ColumnElement[Any], part: str) -> sa.ColumnElement[bool]:
    """Whether the text begins with the part."""
    return sa.func.substr(text, 1, len(part)) == part


def ends(text: sa.ColumnElement[Any], part: str) -> sa.ColumnElement[bool]:
    """Whether the text ends with the part, which must not be empty."""
    return sa.func.substr(text, -len(part)) == part


def members(array: sa.ColumnElement[Any]) -> sa.TableValuedAlias:
    """The rows (column `value`) of a set kept as JSON text."""
    return sa.func.json_each(array).table_valued("value")


def gathered(value: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    """All values of a group as one JSON array, in no order."""
    return sa.func.json_group_array(value)
