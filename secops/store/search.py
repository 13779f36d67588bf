"""The condition of a query with what few can meet looked up first: its words, and what its steps lead to.

What is looked up only narrows where the database seeks; the whole condition is asked of each all the same.
"""

from collections.abc import Callable
from functools import cache
from typing import Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from secops.core.clock import Instant
from secops.core.model import Kind
from secops.core.query import And, Compare, Linked, Or, Query
from secops.store import derive, links, texts
from secops.store.compile import where
from secops.store.rows import among

FEW: Final = 10_000
"""Entities up to which it pays to name them."""
_SCANNED: Final = 1_000
"""The same where they are found by reading on: what more meet, the first page finds sooner by itself."""
_NEAR: Final = 20_000
"""The same of those from which a step leads to few: several may lead to one."""
_WORDS: Final = 8
"""Words of a query that are looked up."""
_STEPS: Final = 3
"""Steps of a query whose other end is looked up."""

Candidates = frozenset[str] | None
"""Ids of all entities that can meet something, and maybe of others; None where they are many, or not known."""
Ids = Callable[[Query, Kind | None, int], list[str] | None]
"""Another way to the ids of what meets a query, at most so many; None where it has no answer."""


def condition(
    connection: Connection, query: Query, kind: Kind | None, now: Instant, ids: Ids | None = None
) -> sa.ColumnElement[bool]:
    """As `compile.where`, with the same answer; good for the transaction it is made in."""
    whole = where(query, kind, now)
    found = _Lookup(connection, kind, now, ids).candidates(query)
    return whole if found is None else sa.and_(among(derive.table_of(kind).c.id, found), whole)


class _Lookup:
    """What is looked up for one query."""

    def __init__(self, connection: Connection, kind: Kind | None, now: Instant, ids: Ids | None) -> None:
        self._connection = connection
        self._kind = kind
        self._now = now
        self._ids = ids
        self._words = _WORDS
        self._steps = _STEPS
        self.word = cache(self._word)

    def candidates(self, query: Query) -> Candidates:
        """Entities beside which none meets the query."""
        match query:
            case And(items):
                known = [each for item in items if (each := self.candidates(item)) is not None]
                return frozenset.intersection(*known) if known else None
            case Or(items):
                parts = [self.candidates(item) for item in items]
                some = [each for each in parts if each is not None]
                return frozenset().union(*some) if parts and len(some) == len(parts) else None
            case Compare():
                word = texts.word_of(query, self._kind)
                return self.word(word) if word else None
            case Linked():
                return self._from(query)
            case _:
                return None

    def _word(self, word: str) -> Candidates:
        self._words -= 1
        found = texts.lookup(self._connection, word, self._kind) if self._words >= 0 else None
        return None if found is None else frozenset(found)

    def _from(self, step: Linked) -> Candidates:
        """Where few meet what stands behind the step: those from which it leads there."""
        self._steps -= 1
        if self._steps < 0:
            return None
        most = FEW
        far = self._ids(step.item, step.kind, FEW + 1) if self._ids is not None else None
        if far is None:
            table = derive.table_of(step.kind)
            there = condition(self._connection, step.item, step.kind, self._now)
            most = FEW if _Lookup(self._connection, step.kind, self._now, None).candidates(step.item) else _SCANNED
            far = list(self._connection.execute(sa.select(table.c.id).where(there).limit(most + 1)).scalars())
        if len(far) > most:
            return None
        there_ids = derive.table_of(step.kind).c.id
        near = links.leads(step.link, self._kind, sa.select(there_ids).where(among(there_ids, far)))
        found = list(self._connection.execute(near.limit(_NEAR + 1)).scalars()) if far else []
        return frozenset(found) if len(found) <= _NEAR else None
