"""The list of assets as it stood at an earlier moment: what changed since is undone, the rest is asked of the store.

Facts, state, unit and system are those of then; counts and names of an address's ports are not kept and stay unknown
for what changed since. Nobody keeps when each asset was seen between two changes: `last_seen` is told only where it
lies before the moment, and queries by it are refused.
"""

from collections.abc import Iterator, Mapping, Sequence
from heapq import merge as interleaved
from itertools import islice

from secops.core.clock import DAY_MS, Instant
from secops.core.errors import UsageError
from secops.core.fields import Derivation, by_name, of_kind
from secops.core.language import say
from secops.core.model import Change, Entity, Kind, Value
from secops.core.query import Query, fields_of, holds, steps
from secops.hall.app import App
from secops.hall.flows.inventory import PAGE, row_of, with_computed
from secops.hall.flows.queries import read
from secops.store import changes, entities, organisations
from secops.store import compile as compiler
from secops.store.grading import Transaction

_BY_SIGHT = frozenset({"last_seen", "seen.age"})
_OF_TODAY = frozenset({Derivation.COUNT, Derivation.MEMBERS, Derivation.STANDING, Derivation.MISSING})
"""Computed fields that hang on more than the entity: unknown of what moved since."""
_POINTED = {"org.name": "org_id", "system.name": "system_id"}


def listed_at(
    app: App, at: Instant, query: str = "", *, kind: Kind | None = None, after: str = "", limit: int = 0
) -> Iterator[dict[str, object]]:
    """Rows as of `flows.inventory.listed`, of the moment `at`, in order of id.

    Raises UsageError for a query that cannot be read, or asks when something was seen.
    """
    kind, parsed = read(app, query, kind)
    if asked := _BY_SIGHT & set(fields_of(parsed)):
        raise UsageError(
            "E1318",
            say("过去某一刻的台账不能按看到的时间筛选", "a past list cannot be filtered by when things were seen"),
            where=", ".join(sorted(asked)),
            hint=say("去掉这一条件，或不用 --at", "leave it out, or ask without --at"),
        )
    if taken := sorted({each.link for each in steps(parsed)}):
        raise UsageError(
            "E1509",
            say("过去某一刻的台账不能按关系筛选", "a past list cannot be filtered by relations"),
            where=", ".join(taken),
            hint=say("去掉这一条件，或不用 --at", "leave it out, or ask without --at"),
        )
    both = _unmoved(app, at, parsed, kind, after), _moved(app, at, parsed, kind, after)
    found = interleaved(*both, key=lambda row: str(row["id"]))
    yield from islice(found, limit) if limit else found


def _unmoved(app: App, at: Instant, query: Query, kind: Kind | None, after: str) -> Iterator[dict[str, object]]:
    """What did not change since: the store answers as for today."""
    while True:
        with app.database.read() as connection:
            condition = compiler.where(query, kind, at) & changes.settled_by(kind, at)
            found = list(entities.page(connection, kind, condition, after=after, limit=PAGE))
            rows = [row_of(each, _seen(values, at)) for each, values in with_computed(connection, found, at)]
        yield from rows
        if len(found) < PAGE:
            return
        after = found[-1].id


def _moved(app: App, at: Instant, query: Query, kind: Kind | None, after: str) -> Iterator[dict[str, object]]:
    """What changed since: each taken back, then asked."""
    while True:
        with app.database.read() as connection:
            ids = changes.moved_after(connection, at, after=after, limit=PAGE)
            known = entities.by_ids(connection, ids)
            since = changes.since(connection, ids, at)
            chosen = [known[id] for id in ids if id in known and _wanted(known[id].kind, kind)]
            today = dict(_by_id(connection, chosen, at))
            names = _names(connection, chosen, since)
        for each in chosen:
            then = _then(each, today[each.id], since[each.id], at, names)
            if then is not None and holds(query, then.get):
                yield row_of(each, then)
        if len(ids) < PAGE:
            return
        after = ids[-1]


def _wanted(found: Kind, kind: Kind | None) -> bool:
    return found is kind if kind is not None else found is not Kind.SERVICE


def _by_id(connection: Transaction, chosen: list[Entity], at: Instant) -> Iterator[tuple[str, Mapping[str, Value]]]:
    for each, values in with_computed(connection, chosen, at):
        yield each.id, values


def _names(connection: Transaction, chosen: Sequence[Entity], since: Mapping[str, Sequence[Change]]) -> dict[str, str]:
    """Names of all units of their sites, and of the systems these belonged to."""
    found = {
        unit.id: unit.name for site in {each.site for each in chosen} for unit in organisations.every(connection, site)
    }
    ids = {str(c.old) for each in chosen for c in since[each.id] if c.field == "system_id" and c.old}
    return found | {
        id: str(each.facts.get("name") or each.key) for id, each in entities.by_ids(connection, ids).items()
    }


def _then(
    entity: Entity, today: Mapping[str, Value], since: Sequence[Change], at: Instant, names: Mapping[str, str]
) -> dict[str, Value] | None:
    """The values of then, None for what was not yet known. `since`: newest first."""
    then = _seen(today, at)
    for each in of_kind(entity.kind):
        if each.derived is not None and each.derived.how in _OF_TODAY:
            then[each.name] = None
    for change in since:
        if change.field == "born":
            return None
        pointed = next((name for name, via in _POINTED.items() if via == change.field), "")
        if pointed:
            then[pointed] = names.get(str(change.old)) if change.old else None
        if change.field in by_name():
            then[change.field] = change.old
    for each in of_kind(entity.kind):
        if each.derived is not None and each.derived.how is Derivation.AGE and each.name not in _BY_SIGHT:
            begun = then.get(each.derived.of)
            then[each.name] = (int(at) - begun) // DAY_MS if isinstance(begun, int) else None
    return then


def _seen(values: Mapping[str, Value], at: Instant) -> dict[str, Value]:
    last = values.get("last_seen")
    later = isinstance(last, int) and last > at
    return dict(values) | (dict.fromkeys(_BY_SIGHT) if later else {})
