"""What SQLite says in its own way, in one place. On PostgreSQL: `lower(x COLLATE "C")`, `strpos`, `jsonb_array_elements`.

Text in the store holds no NUL character (PostgreSQL has none either), so SQLite's text functions see all of it.
"""

import sqlalchemy as sa


def fold(text: sa.ColumnElement[str]) -> sa.ColumnElement[str]:
    """The text with A-Z lowered and nothing else: SQLite's own `lower`, which `core.query.fold` equals."""
    return sa.func.lower(text)


def contains(text: sa.ColumnElement[str], part: str) -> sa.ColumnElement[bool]:
    """Whether the part stands anywhere in the text; the empty part does."""
    return sa.func.instr(text, part) > 0


def starts(text: sa.ColumnElement[str], part: str) -> sa.ColumnElement[bool]:
    """Whether the text begins with the part."""
    return sa.func.substr(text, 1, len(part)) == part


def ends(text: sa.ColumnElement[str], part: str) -> sa.ColumnElement[bool]:
    """Whether the text ends with the part, which must not be empty."""
    return sa.func.substr(text, -len(part)) == part


def members(array: sa.ColumnElement[str]) -> sa.TableValuedAlias:
    """The rows (column `value`) of a set kept as JSON text."""
    return sa.func.json_each(array).table_valued("value")


def gathered(value: sa.ColumnElement[object]) -> sa.ColumnElement[str]:
    """All values of a group as one JSON array, in no order."""
    return sa.func.json_group_array(value)
