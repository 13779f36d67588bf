"""How many meet a query, and the commonest values of a field among them, today or as of an earlier moment.

Of the past without a copy of the store: the mirror counts today's rows of what did not move since, then's of what did.
"""

from collections.abc import Callable, Iterator
from difflib import get_close_matches
from typing import TypeVar

from secops.core.clock import Instant
from secops.core.errors import UsageError
from secops.core.fields import by_word
from secops.core.language import say
from secops.core.model import Kind
from secops.core.query import And, Compare, Op, Query
from secops.hall.app import App
from secops.hall.flows import pages, past
from secops.hall.flows.inventory import plain
from secops.hall.flows.inventory_moved import Reads, entangled, reads
from secops.hall.flows.mirror import ask
from secops.hall.flows.past import asked, units_since
from secops.hall.flows.queries import parse, read
from secops.store import entities, mirror_past, moved
from secops.store import facets as counts
from secops.store.grading import Transaction
from secops.store.mirror_past import Since
from secops.store.mirror_query import View

T = TypeVar("T")
MANY = 2_000_000
"""Changes since, up to which this is quicker than a view of the whole store of then."""


def count(app: App, query: str = "", *, kind: Kind | None = None, at: Instant | None = None) -> int:
    """How many the query meets, as of `at` where given."""
    kind, parsed = read(app, query, kind)
    asked(parsed, at)
    now = at or app.clock.now()
    if at is None:
        found = ask(app, parsed, lambda view: view.count(parsed, kind, now))
    else:
        found = _then(app, at, parsed, kind, lambda view, since: mirror_past.count(view, parsed, kind, since))
    if found is not None:
        return found
    with past.opened(app, at) as connection:
        return entities.count(connection, kind, pages.condition(connection, parsed, kind, now, at))


def facets(
    app: App, field: str, query: str = "", *, kind: Kind | None = None, limit: int = 20, at: Instant | None = None
) -> Iterator[dict[str, object]]:
    """The commonest values of a field among what the query meets: value, count, share of all; the unknown last.

    As of `at` where given. Raises UsageError for a field or a query that cannot be read.
    """
    found = by_word().get(field)
    if found is None:
        near = get_close_matches(field, by_word(), 3)
        raise UsageError(
            "E1316",
            say(f"没有字段 {field[:60]}", f"no field {field[:60]}"),
            hint=", ".join(near) or say("字段见 secops schema", "the fields: secops schema"),
        )
    if kind is None and found.kinds == {Kind.SERVICE}:
        kind = Kind.SERVICE
    now = at or app.clock.now()
    kind, parsed = read(app, query, kind)
    parse(app, f"{found.name}:*", kind)  # refused where no entity of the kind has the field
    asked(And((parsed, Compare(found.name, Op.EXISTS, True))), at)
    if at is None:
        columnar = ask(app, parsed, lambda view: view.facets(parsed, kind, found, now, limit=limit), found.name)
    else:
        columnar = _then(
            app, at, parsed, kind,
            lambda view, since: mirror_past.facets(view, parsed, kind, found, since, limit=limit), found.name,
        )  # fmt: skip
    if columnar is not None:
        whole, known, told = columnar
    else:
        with past.opened(app, at) as connection:
            condition = pages.condition(connection, parsed, kind, now, at)
            whole = entities.count(connection, kind, condition)
            told = list(counts.top(connection, kind, condition, found, now=now, limit=limit))
            known = counts.known(connection, kind, condition, found, now)
    for value, number in told:
        yield {"value": plain(found.name, value), "count": number, "share": round(number / whole, 4)}
    if known < whole:
        yield {"value": None, "count": whole - known, "share": round((whole - known) / whole, 4)}


def _then(
    app: App, at: Instant, query: Query, kind: Kind | None, answer: Callable[[View, Since], T], *fields: str
) -> T | None:
    """The mirror's answer of then.

    None where it hangs on relations, very much moved, or the mirror has no answer.
    """
    both = And((query, *(Compare(each, Op.EXISTS, True) for each in fields)))
    if entangled(both):
        return None

    def ask_then(view: View) -> T | None:
        with app.database.read() as connection:
            if not app.mirror.stands(connection):  # moved on meanwhile: the two would be of two moments
                return None
            since = _since(connection, reads(both, kind, at))
        return None if since is None else answer(view, since)

    return ask(app, query, ask_then, *fields)


def _since(connection: Transaction, read: Reads) -> Since | None:
    """What changed since in what is read; None where it is very much."""
    at = read.at
    if moved.size(connection, read.fields | {moved.BORN}, at, limit=MANY) == MANY:
        return None
    units = units_since(connection, at) if read.pointing else {}
    return Since(
        at,
        moved.before(connection, read.own, read.kind, at),
        moved.before(connection, read.services, Kind.SERVICE, at) if read.services else None,
        moved.before(connection, read.system, Kind.SYSTEM, at) if read.system else None,
        [(site, id, unit) for site, others in units.items() for id, unit in others.items()],
    )
