"""Questions to the inventory: list, show, history, diff; and rebuilding it from the logs."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import islice

from secops.core.clock import Instant, parse, render
from secops.core.errors import UsageError
from secops.core.events import Event, Progress, Summary
from secops.core.fields import Sensitivity, Type, by_name, by_word, of_kind
from secops.core.ids import canonical
from secops.core.language import say
from secops.core.model import ASSET_KINDS, Change, Entity, Kind, Observation, Relation, RelationType, Value, thing_id
from secops.hall.app import App
from secops.hall.flows.merge import merge, replay
from secops.hall.flows.queries import by_kind, read
from secops.store import (
    changes,
    decisions,
    derived,
    entities,
    looks,
    observations,
    organisations,
    records,
    relations,
    runs,
    search,
)
from secops.store import compile as compiler
from secops.store import facets as counts
from secops.store.grading import Transaction

PAGE = 500
_CORE = ("id", "kind", "key", "state", "declared", "first_seen", "last_seen")
_POINTERS = ("org.name", "system.name")
AMBIGUOUS_MOST = 20


@dataclass(frozen=True, slots=True)
class Shown:
    """One entity with all that hangs on it."""

    entity: Entity
    values: Mapping[str, Value]
    sources: Mapping[str, Mapping[str, object]]
    """Field -> where its value comes from."""
    relations: tuple[Relation, ...]
    names: Mapping[str, str]
    """Id of the other ends -> kind and key."""
    services: tuple[Entity, ...]


def listed(
    app: App, query: str = "", *, kind: Kind | None = None, after: str = "", limit: int = 0
) -> Iterator[dict[str, object]]:
    """Assets (or, with kind service, services) that the query meets, in order of id; computed fields included.

    Without a kind the seven kinds are searched. `after` is the id of the last row had. Raises UsageError for a query
    that cannot be read.
    """
    now = app.clock.now()
    kind, parsed = read(app, query, kind)
    left = limit
    while True:
        size = min(PAGE, left) if limit else PAGE
        with app.database.read() as connection:
            condition = search.condition(connection, parsed, kind, now)
            found = list(entities.page(connection, kind, condition, after=after, limit=size))
            rows = [row_of(each, values) for each, values in with_computed(connection, found, now)]
        yield from rows
        left -= len(rows)
        if len(found) < size or (limit and left <= 0):
            return
        after = found[-1].id


def count(app: App, query: str = "", *, kind: Kind | None = None) -> int:
    """How many the query meets."""
    kind, parsed = read(app, query, kind)
    with app.database.read() as connection:
        return entities.count(connection, kind, search.condition(connection, parsed, kind, app.clock.now()))


def facets(
    app: App, field: str, query: str = "", *, kind: Kind | None = None, limit: int = 20
) -> Iterator[dict[str, object]]:
    """The commonest values of a field among what the query meets: value, count, share of all; the unknown last.

    Raises UsageError for a field or a query that cannot be read.
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
    now = app.clock.now()
    kind, parsed = read(app, query, kind)
    with app.database.read() as connection:
        condition = search.condition(connection, parsed, kind, now)
        whole = entities.count(connection, kind, condition)
        told = list(counts.top(connection, kind, condition, found, now=now, limit=limit))
        known = counts.known(connection, kind, condition, found, now)
    for value, number in told:
        yield {"value": plain(found.name, value), "count": number, "share": round(number / whole, 4)}
    if known < whole:
        yield {"value": None, "count": whole - known, "share": round((whole - known) / whole, 4)}


def find(app: App, word: str) -> Entity:
    """The one entity meant by an id, the beginning of one, or a key. Raises UsageError for none or several."""
    with app.database.read() as connection:
        found = entities.starting(connection, word, AMBIGUOUS_MOST + 1)
    exact = [each for each in found if each.id == word] or [each for each in found if each.site == app.site] or found
    if len(exact) == 1:
        return exact[0]
    if not exact:
        raise UsageError(
            "E1312",
            say(f"台账里没有 {word[:80]}", f"the inventory has no {word[:80]}"),
            hint=say(
                "secops inventory list 查看；可用编号、编号开头或标识",
                "secops inventory list; an id, its beginning or a key",
            ),
        )
    raise UsageError(
        "E1313",
        say(f"{word[:80]} 指的不止一个", f"{word[:80]} means more than one"),
        why="; ".join(f"{each.id} ({each.kind} {each.key})" for each in exact[:AMBIGUOUS_MOST]),
        hint=say("写长一些", "write more of it"),
    )


def show(app: App, word: str) -> Shown:
    """One entity: every value with its source, its relations and services. Raises UsageError as `find`."""
    entity = find(app, word)
    with app.database.read() as connection:
        ((_, values),) = with_computed(connection, [entity], app.clock.now())
        entity = looks.timed(connection, {entity.id: entity})[entity.id]
        origin = entity.provenance
        seen = observations.by_seqs(connection, list(origin.values()))
        told = {seq: decisions.by_seq(connection, seq) for seq in set(origin.values()) - seen.keys()}
        sources: dict[str, Mapping[str, object]] = {}
        for name, seq in origin.items():
            if seq in seen:
                sources[name] = _source(seen[seq], seq)
            elif (decision := told.get(seq)) is not None:
                sources[name] = {
                    "seq": seq,
                    "decision": decision.subject,
                    "who": decision.who,
                    "at": render(decision.at),
                }
        drawn = relations.touching(connection, [entity.id])
        others = {end for each in drawn for end in (each.source, each.target)} - {entity.id}
        names = {id: f"{each.kind} {each.key}" for id, each in entities.by_ids(connection, others).items()}
        if any(each.type is RelationType.SUPPLIED_BY for each in drawn):
            names |= {
                id: f"supplier {each.fields.get('name') or each.key}"
                for each in records.listed(connection, entity.site, "supplier")
                if (id := thing_id(each.site, each.type, each.key)) in others
            }
        ports = entities.services_of(connection, [entity.id])[entity.id] if entity.kind is Kind.IP else []
    met = tuple(each for each in drawn if {each.source, each.target} <= names.keys() | {entity.id})
    return Shown(entity, values, sources, met, names, tuple(ports))


def history(app: App, word: str) -> list[tuple[Change, str]]:
    """Every change of one entity, oldest first, with its key. Raises UsageError as `find`."""
    entity = find(app, word)
    with app.database.read() as connection:
        return [(each, entity.key) for each in changes.of_entity(connection, entity.id)]


def changed(told: tuple[Change, str]) -> dict[str, object]:
    """A change as a row."""
    each, key = told
    return {
        "at": render(each.at),
        "entity": each.entity,
        "kind": str(each.kind),
        "key": key,
        "field": each.field,
        "old": plain(each.field, each.old),
        "new": plain(each.field, each.new),
        "reason": each.reason,
        "run": each.run,
        "who": each.who,
        "seq": each.seq,
    }


def diff(app: App, first: str, last: str) -> Iterator[tuple[Change, str]]:
    """What changed after `first` up to `last`: each an RFC 3339 time, a date, a run id, or `now`.

    Of a run's id the first side means its start, the last side its end. Raises UsageError.
    """
    start, end = instant(app, first, end=False), instant(app, last, end=True)
    if start > end:
        raise UsageError("E1314", say("起点晚于终点", "the first time lies after the last"), why=f"{first} > {last}")
    with app.database.read() as connection:
        found = changes.in_time(connection, start, end, site=app.site)
        while page := list(islice(found, PAGE)):
            keys = entities.keys(connection, {each.entity for each in page})
            yield from ((each, keys.get(each.entity, "")) for each in page)


def digest(app: App) -> str:
    """SHA-256 over every row of the derived tables in order: equal inventories, equal digest."""
    total = hashlib.sha256()
    with app.database.read() as connection:
        for row in derived.rows(connection):
            total.update(canonical(row).encode("utf-8", "surrogatepass"))
            total.update(b"\n")
    return total.hexdigest()


def rebuild(app: App) -> Iterator[Event]:
    """Throw the derived tables away and replay the logs, in one transaction; the Summary's warnings name the digest.

    Where it differs from the one before the Summary is incomplete. Raises Locked while a grading runs.
    """
    begun = app.clock.monotonic()
    for event in merge(app):
        if isinstance(event, Progress):
            yield event
    before = digest(app)
    counts: Mapping[str, int | float] = {}
    with app.workspace.lock("grade"), app.database.write() as connection:
        derived.clear(connection)
        for event in replay(app, connection):
            if isinstance(event, Summary):
                counts = event.counts
            else:
                yield event
    after = digest(app)
    same = before == after
    text = say(f"重建前后摘要不同：{before} → {after}", f"the digest differs: {before} -> {after}")
    yield Summary(
        run="",
        kind="rebuild",
        complete=same,
        counts=dict(counts) | {"same_digest": int(same)},
        warnings=(f"sha256:{after}",) if same else (text,),
        duration_ms=round((app.clock.monotonic() - begun) * 1000),
        state="done" if same else "incomplete",
    )


def units(app: App) -> dict[str, str]:
    """Name of every declared unit by its id."""
    with app.database.read() as connection:
        return {each.id: each.name for each in organisations.every(connection, app.site)}


def exported(app: App, query: str = "") -> Iterator[dict[str, object]]:
    """Every asset and service the query meets, kind by kind, whole: facts, provenance, reasons for the unknown."""
    now = app.clock.now()
    for kind, parsed in by_kind(app, query, (*ASSET_KINDS, Kind.SERVICE)):
        after = ""
        while True:
            with app.database.read() as connection:
                condition = search.condition(connection, parsed, kind, now)
                found = list(entities.page(connection, kind, condition, after=after, limit=PAGE))
                dated = looks.timed(connection, {each.id: each for each in found})
                rows = [_whole(dated[each.id], values) for each, values in with_computed(connection, found, now)]
            yield from rows
            if len(found) < PAGE:
                break
            after = found[-1].id


def plain(name: str, value: Value) -> object:
    """A value as JSON has it: times as RFC 3339."""
    if value is None:
        return None
    field = by_name().get(name)
    if field is not None and field.type is Type.INSTANT and isinstance(value, int):
        return render(value)
    return list(value) if isinstance(value, tuple) else value


def sensitive(name: str) -> bool:
    """Whether the field is for few eyes."""
    field = by_name().get(name)
    return field is not None and field.sensitivity is Sensitivity.SENSITIVE


def with_computed(
    connection: Transaction, found: list[Entity], now: Instant
) -> Iterator[tuple[Entity, Mapping[str, Value]]]:
    """Each entity with the values of every field of its kind, in the order given."""
    values: dict[str, Mapping[str, Value]] = {}
    for kind in {each.kind for each in found}:
        names = [each.name for each in of_kind(kind)]
        ids = [each.id for each in found if each.kind is kind]
        values |= dict(compiler.values(connection, kind, ids, names, now))
    for each in found:
        yield each, values[each.id]


def row_of(entity: Entity, values: Mapping[str, Value]) -> dict[str, object]:
    """The row of an entity: what every asset has, then the facts it has."""
    row: dict[str, object] = {name: plain(name, values.get(name)) for name in (*_CORE, *_POINTERS)}
    row |= {name: plain(name, value) for name, value in values.items() if value is not None and name not in row}
    return {"site": entity.site} | row


def _whole(entity: Entity, values: Mapping[str, Value]) -> dict[str, object]:
    row = row_of(entity, values)
    return row | {"unknown": dict(entity.unknown), "origin": entity.provenance, "changed_seq": entity.changed_seq}


def _source(seen: Observation, seq: int) -> dict[str, object]:
    return {
        "seq": seq,
        "observation": seen.id,
        "run": seen.run,
        "collector": seen.collector,
        "target": str(seen.target),
        "at": render(seen.seen_at),
    }


def instant(app: App, word: str, *, end: bool = True) -> Instant:
    """The moment a word means: an RFC 3339 time, a date, `now`, or a run's end (its start, where `end` is false).

    Raises UsageError.
    """
    if word == "now":
        return app.clock.now()
    try:
        return parse(word)
    except ValueError:
        pass
    with app.database.read() as connection:
        run = runs.get(connection, word)
    if run is None:
        raise UsageError(
            "E1315",
            say(f"{word[:80]} 既不是时间也不是任务编号", f"{word[:80]} is neither a time nor a run"),
            hint=say(
                "例如 2026-11-01、2026-11-01T08:00:00+08:00、now", "such as 2026-11-01, 2026-11-01T08:00:00+08:00, now"
            ),
        )
    if not end:
        return Instant(run.started_at - 1)
    return Instant(run.ended_at) if run.ended_at is not None else app.clock.now()
