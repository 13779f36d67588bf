"""What databases say differently, as elements that each of them words for itself: SQLite and PostgreSQL here.

What the columnar mirror says is in `duck`.

Another database adds its own `@compiles(element, name)`. Text is compared and ordered byte by byte everywhere: every
text column is `COLLATE "C"` on PostgreSQL. Text in the store holds no NUL character, so SQLite's functions see it all.
"""

from collections.abc import Callable
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler, TypeCompiler
from sqlalchemy.sql.functions import FunctionElement

_ONLY: Final = "only"
"""What an index of one database's own tells in its `info`: that database's name."""
_BYTEWISE = '"C"'


class Fold(FunctionElement[str]):
    """The text with A-Z lowered and nothing else."""

    type = sa.Text()
    inherit_cache = True


class Bytewise(FunctionElement[str]):
    """The text, compared and ordered by its bytes."""

    type = sa.Text()
    inherit_cache = True


class Position(FunctionElement[int]):
    """Where the second text begins in the first, counted from 1; 0 where it is not in it."""

    type = sa.Integer()
    inherit_cache = True


class Tail(FunctionElement[str]):
    """The last so many characters of the text."""

    type = sa.Text()
    inherit_cache = True


class Members(FunctionElement[str]):
    """The rows (column `value`, as text) of a JSON array kept as text."""

    type = sa.Text()
    inherit_cache = True
    name = "members"


class Listed(FunctionElement[Any]):
    """A set that is kept as the text of a JSON array even where other sets are lists."""

    type = sa.Text()
    inherit_cache = True


class Gathered(FunctionElement[str]):
    """All values of a group as the text of a JSON array, in no order; that of an empty array where there is none."""

    type = sa.Text()
    inherit_cache = True


class Narrowed(FunctionElement[bool]):
    """The first condition. The second holds wherever it does, it holds wherever the third does: these may be asked."""

    type = sa.Boolean()
    inherit_cache = True


class Rare(FunctionElement[Any]):
    """The condition, and that few rows meet it: said to a database that knows nothing of what its rows hold."""

    type = sa.types.NULLTYPE  # of a truth value SQLite is asked whether it is 1, which hides what is said
    inherit_cache = True


class Lowered(FunctionElement[str]):
    """The text lowered as the database does it: only for the second condition of `Narrowed`."""

    type = sa.Text()
    inherit_cache = True


class AnyMember(FunctionElement[bool]):
    """Whether any member of a set meets a condition: as a subquery, or as (set, condition on `MEMBER`)."""

    type = sa.Boolean()
    inherit_cache = True


MEMBER: sa.ColumnElement[Any] = sa.literal_column("member", sa.Text())
"""A member of a set, in the third part of `AnyMember`."""


def index_of(database: str, name: str, *columns: sa.Column[Any]) -> sa.Index:
    """An index that this database alone has."""
    return sa.Index(name, *columns, info={_ONLY: database}).ddl_if(dialect=database)


def has(database: str, index: sa.Index) -> bool:
    """Whether this database is to have the index."""
    return bool(index.info.get(_ONLY, database) == database)


def fold(text: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    """The text with A-Z lowered and nothing else, as `core.query.fold` does."""
    return Fold(text)


def bytewise(text: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    """A text that is no column (a member of a set) in the order all columns have."""
    return Bytewise(text)


def contains(text: sa.ColumnElement[Any], part: str) -> sa.ColumnElement[bool]:
    """Whether the part stands anywhere in the text; the empty part does."""
    return Position(text, sa.literal(part, sa.Text())) > 0


def starts(text: sa.ColumnElement[Any], part: str) -> sa.ColumnElement[bool]:
    """Whether the text begins with the part."""
    return sa.func.substr(text, 1, len(part)) == part


def ends(text: sa.ColumnElement[Any], part: str) -> sa.ColumnElement[bool]:
    """Whether the text ends with the part, which must not be empty."""
    return Tail(text, sa.literal(len(part), sa.Integer())) == part


def members(array: sa.ColumnElement[Any]) -> sa.TableValuedAlias:
    """The rows (column `value`) of a set kept as JSON text; of a set of numbers take `number` of each."""
    return Members(array).table_valued(sa.column("value", sa.Text()))


def listed(text: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    """A set that is kept as text everywhere, for `any_member`."""
    return Listed(text)


def any_member(
    array: sa.ColumnElement[Any], condition: Callable[[sa.ColumnElement[Any]], sa.ColumnElement[bool]]
) -> sa.ColumnElement[bool]:
    """Whether the condition holds for any member (a text) of a set kept as JSON text."""
    return AnyMember(sa.exists().where(condition(members(array).c.value)), array, condition(MEMBER))


def rare(condition: sa.ColumnElement[bool]) -> sa.ColumnElement[Any]:
    """The condition, which decides where to begin: few rows meet it."""
    return Rare(condition)


def number(member: sa.ColumnElement[Any]) -> sa.ColumnElement[int]:
    """A member of a set of whole numbers."""
    return sa.cast(member, sa.BigInteger())


def wide(value: object) -> sa.ColumnElement[int]:
    """A whole number to compare with, which the type of what it is compared with does not bound."""
    return sa.literal(value, sa.BigInteger())


def gathered(value: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    """All values of a group as the text of a JSON array, in no order."""
    return Gathered(value)


def _words(element: FunctionElement[Any], compiler: SQLCompiler, **kw: Any) -> list[str]:
    return [compiler.process(each, **kw) for each in element.clauses]


@compiles(Fold)
def _fold(element: Fold, compiler: SQLCompiler, **kw: Any) -> str:
    return f"lower({_words(element, compiler, **kw)[0]})"


@compiles(Fold, "postgresql")
def _fold_postgresql(element: Fold, compiler: SQLCompiler, **kw: Any) -> str:
    return f"lower(({_words(element, compiler, **kw)[0]}) COLLATE {_BYTEWISE})"


@compiles(Narrowed)
@compiles(AnyMember)
@compiles(Rare)
def _first(element: FunctionElement[Any], compiler: SQLCompiler, **kw: Any) -> str:
    return compiler.process(next(iter(element.clauses)), **kw)


@compiles(Rare, "sqlite")
def _rare_sqlite(element: Rare, compiler: SQLCompiler, **kw: Any) -> str:
    return f"unlikely({_first(element, compiler, **kw)})"


@compiles(Bytewise)
@compiles(Listed)
def _bytewise(element: Bytewise, compiler: SQLCompiler, **kw: Any) -> str:
    return _words(element, compiler, **kw)[0]


@compiles(Bytewise, "postgresql")
def _bytewise_postgresql(element: Bytewise, compiler: SQLCompiler, **kw: Any) -> str:
    return f"({_words(element, compiler, **kw)[0]}) COLLATE {_BYTEWISE}"


@compiles(Position)
def _position(element: Position, compiler: SQLCompiler, **kw: Any) -> str:
    return f"instr({', '.join(_words(element, compiler, **kw))})"


@compiles(Position, "postgresql")
def _position_postgresql(element: Position, compiler: SQLCompiler, **kw: Any) -> str:
    return f"strpos({', '.join(_words(element, compiler, **kw))})"


@compiles(Tail)
def _tail(element: Tail, compiler: SQLCompiler, **kw: Any) -> str:
    text, length = _words(element, compiler, **kw)
    return f"substr({text}, -{length})"


@compiles(Tail, "postgresql")
def _tail_postgresql(element: Tail, compiler: SQLCompiler, **kw: Any) -> str:
    return f"right({', '.join(_words(element, compiler, **kw))})"


@compiles(Members)
def _members(element: Members, compiler: SQLCompiler, **kw: Any) -> str:
    return f"json_each({_words(element, compiler, **kw)[0]})"


@compiles(Members, "postgresql")
def _members_postgresql(element: Members, compiler: SQLCompiler, **kw: Any) -> str:
    return f"json_array_elements_text(CAST({_words(element, compiler, **kw)[0]} AS JSON))"


@compiles(Gathered)
def _gathered(element: Gathered, compiler: SQLCompiler, **kw: Any) -> str:
    return f"json_group_array({_words(element, compiler, **kw)[0]})"


@compiles(Gathered, "postgresql")
def _gathered_postgresql(element: Gathered, compiler: SQLCompiler, **kw: Any) -> str:
    return f"coalesce(CAST(json_agg({_words(element, compiler, **kw)[0]}) AS TEXT), '[]')"


@compiles(sa.Text, "postgresql")
def _text_postgresql(_type: sa.Text, _compiler: TypeCompiler, **_kw: Any) -> str:
    return f"TEXT COLLATE {_BYTEWISE}"


def schema(connection: Connection) -> str:
    """The schema of the lasting tables, for statements that must not see a temporary one of the same name."""
    if connection.dialect.name == "sqlite":
        return "main"
    return f'"{connection.exec_driver_sql("SELECT current_schema()").scalar_one()}"'


def spilling(connection: Connection, *, on: bool) -> None:
    """Let temporary tables of this connection go to disk, or keep them in memory; outside of any transaction."""
    if connection.dialect.name == "sqlite":
        raw = connection.connection.dbapi_connection
        assert raw is not None
        cursor = raw.cursor()
        cursor.execute(f"PRAGMA temp_store={'FILE' if on else 'MEMORY'}")
        cursor.close()
