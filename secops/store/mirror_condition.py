"""Conditions on the mirror's rows: what many rows say alike is asked once for all of them, then rows by its number."""

from collections.abc import Collection, Sequence
from typing import Final

import sqlalchemy as sa

from secops.core.clock import Instant
from secops.core.fields import Derivation, Field, by_name
from secops.core.model import Kind
from secops.core.query import And, Or, Query, fields_of
from secops.store.compile import where
from secops.store.mirror_tables import ALIKE, wide_of

Clause = sa.ColumnElement[bool]


class Rows:
    """The rows that a query meets. `states`: of these only."""

    def __init__(self, query: Query, kind: Kind | None, now: Instant, states: Collection[str] = ()) -> None:
        self._wide = wide_of(kind)
        self._kind: Final = kind if kind is Kind.SERVICE else None
        self._now = now
        said = self._wide.said
        self._items = query.items if isinstance(query, And) else (query,)
        self._heads = [] if kind is None or kind is Kind.SERVICE else [said.c.kind == str(kind)]
        if states:
            self._heads.append(said.c.state.in_(states))

    def asked(self, *read: str) -> tuple[sa.Table, Clause]:
        """The table that has the fields to be read, the narrow one where it does, and the condition on it."""
        said = self._wide.said.c
        both = any(stored(by_name()[name]) in said for name in read) or any(map(self._mixed, self._items))
        table = self._wide.table if both else self._wide.rows
        alike, rest = self._parted(self._items)
        clauses = [self._said(table, And(alike), self._heads)] if alike or self._heads else []
        return table, sa.and_(sa.true(), *clauses, *(self._split(table, each) for each in rest))

    def _parted(self, items: Sequence[Query]) -> tuple[tuple[Query, ...], tuple[Query, ...]]:
        alike = tuple(each for each in items if self._alike(each))
        return alike, tuple(each for each in items if not self._alike(each))

    def _alike(self, query: Query) -> bool:
        """Whether all it reads is said alike."""
        names = fields_of(query)
        return bool(names) and all(stored(by_name()[name]) in self._wide.said.c for name in names)

    def _mixed(self, query: Query) -> bool:
        """Whether it reads what is said alike beside what is not, in a way that cannot be told apart."""
        if self._alike(query):
            return False
        if isinstance(query, (And, Or)):
            return any(map(self._mixed, query.items))
        return any(stored(by_name()[name]) in self._wide.said.c for name in fields_of(query))

    def _split(self, table: sa.Table, query: Query) -> Clause:
        if self._alike(query):
            return self._said(table, query)
        if not isinstance(query, (And, Or)):
            return where(query, self._kind, self._now, table)
        join, make = (sa.and_, And) if isinstance(query, And) else (sa.or_, Or)
        alike, rest = self._parted(query.items)
        clauses = [self._said(table, make(alike))] if alike else []
        return join(sa.true() if make is And else sa.false(), *clauses, *(self._split(table, each) for each in rest))

    def _said(self, table: sa.Table, query: Query, heads: Sequence[Clause] = ()) -> Clause:
        said = self._wide.said
        meets = where(query, self._kind, self._now, said)
        return table.c[ALIKE].in_(sa.select(said.c.number).where(*heads, meets))


def stored(field: Field) -> str:
    """The column that it is read from."""
    if field.derived is not None and field.derived.how is Derivation.AGE:
        return by_name()[field.derived.of].column
    return field.column
