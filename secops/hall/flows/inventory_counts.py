"""How many meet a query, and the commonest values of a field among them, today or as of an earlier moment.

Of the past without a copy of the store: today's counts of what did not move since, then's of what did.
"""

from collections import Counter
from collections.abc import Iterator
from difflib import get_close_matches

from secops.core.clock import Instant
from secops.core.errors import UsageError
from secops.core.fields import Field, by_name, by_word
from secops.core.language import say
from secops.core.model import Kind, Value
from secops.core.query import And, Compare, Op, Query, fields_of, holds
from secops.hall.app import App
from secops.hall.flows import pages, past
from secops.hall.flows.inventory import plain
from secops.hall.flows.inventory_moved import entangled, reads
from secops.hall.flows.inventory_then import Then, asked_of
from secops.hall.flows.mirror import ask
from secops.hall.flows.past import asked
from secops.hall.flows.queries import read
from secops.store import cursor, entities, moved
from secops.store import facets as counts
from secops.store.rows import chunks

MANY = 200_000
"""Entities that moved, up to which this is quicker than a view of the whole store of then."""
_PART = 5_000


def count(app: App, query: str = "", *, kind: Kind | None = None, at: Instant | None = None) -> int:
    """How many the query meets, as of `at` where given."""
    kind, parsed = read(app, query, kind)
    asked(parsed, at)
    now = at or app.clock.now()
    if at is None:
        found = ask(app, parsed, lambda view: view.count(parsed, kind, now))
        if found is not None:
            return found
    elif (then := _then(app, at, parsed, kind, by_name()["kind"])) is not None:
        return then[0]
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
    asked(And((parsed, Compare(found.name, Op.EXISTS, True))), at)
    if at is None:
        columnar = ask(app, parsed, lambda view: view.facets(parsed, kind, found, now, limit=limit), found.name)
    else:
        columnar = _then(app, at, parsed, kind, found)
    if columnar is not None:
        whole, known, told = columnar[0], columnar[1], columnar[2][:limit]
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
    app: App, at: Instant, query: Query, kind: Kind | None, field: Field
) -> tuple[int, int, list[tuple[Value, int]]] | None:
    """How many met the query then, how many of them knew the field, and every value with its count, commonest first.

    None where it hangs on relations, very much moved, or the mirror has no answer.
    """
    both = And((query, Compare(field.name, Op.EXISTS, True)))
    if entangled(both):
        return None
    with app.database.read() as connection:
        merged = cursor.get(connection)
        changed = reads(connection, both, kind, at).every(connection, MANY)
        new = moved.born(connection, kind, at, limit=MANY)
    if changed is None or len(new) == MANY:
        return None
    without = {*changed, *new}
    rest = ask(app, query, lambda view: view.facets(query, kind, field, at, limit=0, without=without), field.name)
    if rest is None:
        return None
    whole, known, counts = rest[0], rest[1], Counter(dict(rest[2]))
    with app.database.read() as connection:
        if cursor.get(connection) != merged:  # moved on meanwhile: the two would be of two moments
            return None
        for part in chunks(changed, _PART):
            found = list(entities.by_ids(connection, part).values())
            for values in Then(connection, at, frozenset(fields_of(both))).values(found).values():
                if values is None or not holds(query, told := asked_of(values)):
                    continue
                whole += 1
                value = told(field.name)
                known += value not in (None, ())
                counts.update(set(value) if isinstance(value, tuple) else () if value is None else (value,))
    return whole, known, sorted(counts.items(), key=lambda each: (-each[1], each[0]))
