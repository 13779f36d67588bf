"""Which way a page of the inventory is found: by an index of the store, through the mirror, or row by row."""

from secops.core import address
from secops.core.clock import Instant
from secops.core.model import Entity, Kind
from secops.core.query import And, Compare, Op, Query
from secops.hall.app import App
from secops.hall.flows.mirror import ask
from secops.store import compile as compiler
from secops.store import entities, search
from secops.store.compile import Clause
from secops.store.grading import Transaction

FEW = 1 << 16
"""Addresses of a network up to which the index of addresses is the quickest way."""


def page(app: App, query: Query, kind: Kind | None, now: Instant, *, after: str, limit: int) -> list[Entity]:
    """At most `limit` entities that the query meets, in order of id, from behind `after`."""
    if not served(query):
        ids = ask(app, query, lambda view: view.ids(query, kind, now, after=after, limit=limit))
        if ids is not None:
            with app.database.read() as connection:
                found = entities.by_ids(connection, ids)
            return [found[id] for id in ids if id in found]
    with app.database.read() as connection:
        met = search.condition(connection, query, kind, now, partly(app, now))
        return list(entities.page(connection, kind, met, after=after, limit=limit))


def partly(app: App, now: Instant) -> search.Ids:
    """What finds by the mirror the few that stand behind a step, where the whole query is the store's to answer."""

    def ids(query: Query, kind: Kind | None, most: int) -> list[str] | None:
        return ask(app, query, lambda view: view.ids(query, kind, now, limit=most))

    return ids


def condition(connection: Transaction, query: Query, kind: Kind | None, now: Instant, at: Instant | None) -> Clause:
    """What the query says to a view of the store. Words of a past query are not looked up: the index knows today's."""
    return search.condition(connection, query, kind, now) if at is None else compiler.where(query, kind, now)


def served(query: Query) -> bool:
    """Whether the store finds it at once: everything of a kind in order of id, one thing, a small network."""
    items = query.items if isinstance(query, And) else (query,)
    plain = [each for each in items if isinstance(each, Compare)]
    if any(_found(each) for each in plain):
        return True
    return len(plain) == len(items) and all((each.field, each.op) == ("kind", Op.EQ) for each in plain)


def _found(compare: Compare) -> bool:
    if compare.field == "address" and compare.op is Op.CIDR:
        first, last = address.span(str(compare.value))
        return last - first < FEW
    return (compare.field, compare.op) == ("address", Op.EQ)
