"""The list of assets as it stood at an earlier moment, page by page and without a copy of the store (see `past`).

What a query says of an entity is today's answer unless a field it reads changed since. So a page is today's page, less
the entities where one did, and with those of them that met the query then; only the rows shown are taken back.
"""

from collections.abc import Iterator, Sequence
from heapq import merge as interleaved
from itertools import islice

from secops.core.clock import Instant
from secops.core.model import Entity, Kind
from secops.core.query import And, Compare, Op, Query, fields_of, holds
from secops.hall.app import App
from secops.hall.flows import pages, past
from secops.hall.flows.inventory import PAGE, row_of, with_computed
from secops.hall.flows.inventory_moved import Moved, entangled
from secops.hall.flows.inventory_then import Then, asked_of
from secops.hall.flows.past import asked, unseen
from secops.hall.flows.queries import read
from secops.store import compile as compiler
from secops.store import entities
from secops.store.grading import Transaction


def listed_at(
    app: App, at: Instant, query: str = "", *, kind: Kind | None = None, after: str = "", limit: int = 0
) -> Iterator[dict[str, object]]:
    """Rows as of `flows.inventory.listed`, of the moment `at`, in order of id.

    Raises UsageError for a query that cannot be read, or asks when something was seen.
    """
    kind, parsed = read(app, query, kind)
    asked(parsed, at)
    way = _whole if entangled(parsed) else _pages
    found = way(app, at, parsed, kind, (after, min(PAGE, limit or PAGE)))
    yield from islice(found, limit) if limit else found


def _whole(
    app: App, at: Instant, query: Query, kind: Kind | None, start: tuple[str, int]
) -> Iterator[dict[str, object]]:
    """The rows from a view of the whole store of then: what hangs on too much to be taken back page by page."""
    after, size = start
    with past.opened(app, at) as connection:
        condition = compiler.where(query, kind, at)
        while page := list(entities.page(connection, kind, condition, after=after, limit=size)):
            yield from (row_of(each, unseen(values, at)) for each, values in with_computed(connection, page, at))
            after = page[-1].id


def _pages(
    app: App, at: Instant, query: Query, kind: Kind | None, start: tuple[str, int]
) -> Iterator[dict[str, object]]:
    after, most = start
    size = min(PAGE, most + 5 + most // 10)  # some of it moved, or were not there: with more one page is mostly enough
    moving = Moved(app, at, query, kind)
    young = False
    while True:
        # asked of every row it reads, so only where it saves pages
        today = And((query, Compare("first_seen", Op.LTE, int(at)))) if young else query
        page = pages.page(app, today, kind, at, after=after, limit=size)
        upto = page[-1].id if len(page) == size else ""
        there = [each for each in page if each.first_seen <= at]
        young = young or 2 * len(there) < len(page)
        near = moving.near(after, upto)
        with app.database.read() as connection:  # after the page: what moved since it was read is known to have moved
            known = moving.between(connection, after, upto, near)
            upto = known[-1] if len(known) == PAGE else upto
            still = [each for each in there if not upto or each.id <= upto]
            found = _met(connection, at, query, kind, (still, known))
            if len(found) > most:
                found, upto = found[:most], found[most - 1].id
            values = Then(connection, at).values(found)
            rows = [row_of(each, then) for each in found if (then := values[each.id]) is not None]
        yield from rows
        if not upto:
            return
        after = upto


def _met(
    connection: Transaction, at: Instant, query: Query, kind: Kind | None, found: tuple[Sequence[Entity], Sequence[str]]
) -> list[Entity]:
    """Of today's page what did not move, and of what moved what met the query then, in order of id."""
    page, moved = found
    doubtful = frozenset(moved)
    known = entities.by_ids(connection, moved)
    still = [each for each in page if each.id not in doubtful]
    were = [each for id in moved if (each := known.get(id)) is not None and _wanted(each.kind, kind)]
    answers = Then(connection, at, frozenset(fields_of(query))).values(were) if were else {}
    met = [each for each in were if (then := answers[each.id]) is not None and holds(query, asked_of(then))]
    return list(interleaved(still, met, key=lambda each: each.id))


def _wanted(found: Kind, kind: Kind | None) -> bool:
    return found is kind if kind is not None else found is not Kind.SERVICE
