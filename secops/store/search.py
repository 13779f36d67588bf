"""The condition of a query with its words looked up first: what few entities can meet is sought among those only."""

from collections.abc import Callable
from functools import cache
from typing import Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from secops.core.clock import Instant
from secops.core.model import Kind
from secops.core.query import And, Compare, Or, Query
from secops.store import derive, texts
from secops.store.compile import where
from secops.store.rows import among

_WORDS: Final = 8
"""Words of a query that are looked up."""

Lookup = Callable[[str], frozenset[str] | None]
"""Ids of all entities that a word may stand in; None where that is not known."""


def condition(connection: Connection, query: Query, kind: Kind | None, now: Instant) -> sa.ColumnElement[bool]:
    """As `compile.where`, with the same answer; good for the transaction it is made in."""
    left = _WORDS

    @cache
    def lookup(word: str) -> frozenset[str] | None:
        nonlocal left
        left -= 1
        ids = texts.lookup(connection, word) if left >= 0 else None
        return None if ids is None else frozenset(ids)

    whole = where(query, kind, now)
    among_these = candidates(query, kind, lookup)
    return whole if among_these is None else sa.and_(among(derive.table_of(kind).c.id, among_these), whole)


def candidates(query: Query, kind: Kind | None, lookup: Lookup) -> frozenset[str] | None:
    """Entities without which the query holds for none, by the words in it; None where they say nothing."""
    match query:
        case And(items):
            known = [each for item in items if (each := candidates(item, kind, lookup)) is not None]
            return frozenset.intersection(*known) if known else None
        case Or(items):
            parts = [candidates(item, kind, lookup) for item in items]
            some = [each for each in parts if each is not None]
            return frozenset().union(*some) if parts and len(some) == len(parts) else None
        case Compare():
            word = texts.word_of(query, kind)
            return lookup(word) if word else None
        case _:
            return None
