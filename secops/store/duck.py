"""The mirror's own words: a dialect by which SQLAlchemy writes what DuckDB takes, and how it is put to it."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from secops.store.dialect import AnyMember, Fold, Listed, Lowered, Members, Narrowed, Position, Tail

NAME: Final = "duckdb"
FETCH: Final = 1_000
_UPPER: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


class DuckDialect(DefaultDialect):
    """Plain SQL with true booleans and question marks."""

    name = NAME
    supports_native_boolean = True
    supports_statement_cache = True

    def __init__(self) -> None:
        super().__init__(paramstyle="qmark")


_DIALECT: Final = DuckDialect()


def words(statement: sa.SelectBase) -> tuple[str, list[object]]:
    """The statement as text with its parameters in order."""
    compiled = statement.compile(dialect=_DIALECT, compile_kwargs={"render_postcompile": True})
    assert isinstance(compiled, SQLCompiler)
    given = compiled.construct_params()
    return str(compiled), [given[name] for name in compiled.positiontup or ()]


class Questions:
    """An open file that is asked several things at once."""

    def __init__(self, duck: Any) -> None:
        self._duck = duck
        self._working: set[Any] = set()

    def rows(self, statement: sa.SelectBase) -> Iterator[tuple[Any, ...]]:
        """The rows of the answer, some at a time in memory."""
        with self._asking() as cursor:
            cursor.execute(*words(statement))
            while part := cursor.fetchmany(FETCH):
                yield from part

    def stream(self, statement: sa.SelectBase, size: int) -> Any:
        """The answer as a stream of Arrow batches of at most `size` rows, made as they are taken."""
        text, given = words(statement)
        cursor = self._duck.cursor()
        self._working.add(cursor)
        return cursor.sql(text, params=given).to_arrow_reader(size)

    def define(self, name: str, function: Callable[[Any], Any]) -> None:
        """Let questions call this function of texts, which gives bytes: an Arrow array for an Arrow array."""
        known = "SELECT count(*) FROM duckdb_functions() WHERE function_name = ?"
        ((there,),) = self._duck.execute(known, [name]).fetchall()
        if not there:
            self._duck.create_function(name, function, ["VARCHAR"], "BLOB", type="arrow")

    @contextmanager
    def scratch(self) -> Iterator["Scratch"]:
        """A connection of its own, in which tables may be made that go with it."""
        with self._asking() as cursor:
            yield Scratch(cursor)

    @contextmanager
    def _asking(self) -> Iterator[Any]:
        """A connection of its own, which `interrupt` ends too."""
        cursor = self._duck.cursor()
        self._working.add(cursor)
        try:
            yield cursor
        finally:
            self._working.discard(cursor)
            cursor.close()

    def interrupt(self) -> None:
        """End all that is at work, from another thread."""
        for each in (self._duck, *tuple(self._working)):
            each.interrupt()


class Scratch:
    """One connection to an open file, with tables of its own beside those of the file."""

    def __init__(self, duck: Any) -> None:
        self._duck = duck

    def take(self, name: str, rows: Any) -> None:
        """A table of these Arrow rows."""
        self._duck.register("taken", rows)
        self.make(name, "SELECT * FROM taken")
        self._duck.unregister("taken")

    def make(self, name: str, text: str, given: Sequence[object] = ()) -> None:
        """A table of what this statement finds."""
        self._duck.execute(f"CREATE TEMP TABLE {name} AS {text}", list(given))

    def keep(self, name: str, statement: sa.SelectBase) -> None:
        """A table of this answer."""
        self.make(name, *words(statement))

    def rows(self, statement: sa.SelectBase) -> list[tuple[Any, ...]]:
        """The rows of an answer that is not large."""
        found: list[tuple[Any, ...]] = self._duck.execute(*words(statement)).fetchall()
        return found


def _parts(element: FunctionElement[Any], compiler: SQLCompiler, **kw: Any) -> list[str]:
    return [compiler.process(each, **kw) for each in element.clauses]


@compiles(Fold, NAME)  # of ASCII alone `lower` says the same, twenty times as fast
def _fold(element: Fold, compiler: SQLCompiler, **kw: Any) -> str:
    text = _parts(element, compiler, **kw)[0]
    exact = f"translate({text}, '{_UPPER}', '{_UPPER.lower()}')"
    return f"(CASE WHEN strlen({text}) = length({text}) THEN lower({text}) ELSE {exact} END)"


@compiles(Lowered, NAME)
def _lowered(element: Lowered, compiler: SQLCompiler, **kw: Any) -> str:
    return f"lower({_parts(element, compiler, **kw)[0]})"


@compiles(Narrowed, NAME)  # not AND: within a lambda both sides of that are computed for every member
def _narrowed(element: Narrowed, compiler: SQLCompiler, **kw: Any) -> str:
    exact, quick, sure = (compiler.process(each, **kw) for each in element.clauses)
    return f"(CASE WHEN {quick} THEN (CASE WHEN {sure} THEN true ELSE {exact} END) ELSE false END)"


@compiles(AnyMember, NAME)
def _any_member(element: AnyMember, compiler: SQLCompiler, **kw: Any) -> str:
    _, array, condition = element.clauses
    listed = compiler.process(array, **kw)
    return f"coalesce(len(list_filter({listed}, lambda member: {compiler.process(condition, **kw)})) > 0, false)"


@compiles(Members, NAME)
def _members(element: Members, compiler: SQLCompiler, **kw: Any) -> str:
    return f"(SELECT unnest({_parts(element, compiler, **kw)[0]}) AS value)"


@compiles(Listed, NAME)
def _listed(element: Listed, compiler: SQLCompiler, **kw: Any) -> str:
    return f"from_json({_parts(element, compiler, **kw)[0]}, '[\"VARCHAR\"]')"


@compiles(Position, NAME)
def _position(element: Position, compiler: SQLCompiler, **kw: Any) -> str:
    return f"instr({', '.join(_parts(element, compiler, **kw))})"


@compiles(Tail, NAME)
def _tail(element: Tail, compiler: SQLCompiler, **kw: Any) -> str:
    return f"right({', '.join(_parts(element, compiler, **kw))})"
