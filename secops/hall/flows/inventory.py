"""Questions to the inventory: list, count, facets, show, export."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass, replace

from secops.assets.record import SOURCE, tellers
from secops.assets.register import place_of
from secops.core import vocabulary
from secops.core.clock import Instant, render
from secops.core.errors import UsageError
from secops.core.fields import Sensitivity, Type, by_name, of_kind
from secops.core.language import say
from secops.core.model import ASSET_KINDS, Change, Entity, Kind, Observation, Relation, RelationType, Value, thing_id
from secops.core.query import Compare, Op
from secops.hall.app import App
from secops.hall.flows import belonging, pages, past
from secops.hall.flows.moment import instant
from secops.hall.flows.past import asked
from secops.hall.flows.queries import by_kind, read
from secops.hall.flows.rebuild import digest, rebuild
from secops.store import (
    changes,
    decisions,
    entities,
    looks,
    named,
    observations,
    organisations,
    records,
    relations,
)
from secops.store import compile as compiler
from secops.store.grading import Transaction

__all__ = ["digest", "instant", "rebuild"]
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
    members: int = 0
    """How many assets belong to it, where it is a system."""


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
        found = pages.page(app, parsed, kind, now, after=after, limit=size)
        with app.database.read() as connection:
            rows = [row_of(each, values) for each, values in with_computed(connection, found, now)]
        yield from rows
        left -= len(rows)
        if len(found) < size or (limit and left <= 0):
            return
        after = found[-1].id


def find(app: App, word: str) -> Entity:
    """The one entity meant by an id, the beginning of one, or a key. Raises UsageError for none or several."""
    with app.database.read() as connection:
        return found_in(app, connection, word)


def found_in(app: App, connection: Transaction, word: str) -> Entity:
    """The same in a view of the store, today's or of then."""
    before, colon, after = word.partition(":")
    kind = vocabulary.value(by_name()["kind"], before) if colon else None
    meant = (after,) if kind else (word, f"{word}/tcp", f"{word}/udp") if before and after.isdecimal() else (word,)
    found: list[Entity] = []
    for each in meant:
        found = found or [
            one for one in named.starting(connection, each, AMBIGUOUS_MOST + 1, app.site) if kind in {None, one.kind}
        ]
    exact = [each for each in found if each.id == word] or [each for each in found if each.site == app.site] or found
    if len(exact) > 1 and place_of(word) is not None:  # a machine known by its address alone goes by `host:ADDRESS`
        exact = [each for each in exact if each.kind is Kind.IP] or exact
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
    longer = ", ".join(f"{each.kind}:{each.key}" for each in exact[:AMBIGUOUS_MOST])
    raise UsageError(
        "E1313",
        say(f"{word[:80]} 指的不止一个", f"{word[:80]} means more than one"),
        why="; ".join(f"{each.id} ({each.kind} {each.key})" for each in exact[:AMBIGUOUS_MOST]),
        hint=say(f"写编号，或连同类别：{longer}", f"write the id, or the kind with the key: {longer}"),
    )


def elsewhere(app: App, word: str) -> tuple[str, list[Entity]]:
    """The site of what is meant, and what has the same key at others: each site is a universe of its own."""
    with app.database.read() as connection:
        try:
            entity = found_in(app, connection, word)
        except UsageError:
            return app.site, []
        found = named.starting(connection, entity.key, AMBIGUOUS_MOST + 1, entity.site)
    same = (entity.kind, entity.key)
    return entity.site, [each for each in found if (each.kind, each.key) == same and each.site != entity.site]


def show(app: App, word: str, *, at: Instant | None = None) -> Shown:
    """One entity, as of `at` where given: every value with its source, its relations and services.

    Raises UsageError as `find`.
    """
    with past.opened(app, at) as connection:
        entity = found_in(app, connection, word)
        ((_, values),) = with_computed(connection, [entity], at or app.clock.now())
        if at is None:
            entity = looks.timed(connection, {entity.id: entity})[entity.id]
            origin = entity.provenance | _of_registers(connection, entity)
        else:  # why something was not known, and how often it was missed, is told of today only
            entity = replace(entity, unknown={}, misses=0)
            values = past.unseen(values, at)
            origin = _origin(changes.of_entity(connection, entity.id), values, at)
        sources = _sources(connection, origin)
        drawn = relations.touching(connection, [entity.id])
        if entity.system_id:
            drawn.append(belonging.drawn(entity.site, entity.id, entity.system_id))
        others = {end for each in drawn for end in (each.source, each.target)} - {entity.id}
        names = {id: f"{each.kind} {each.key}" for id, each in entities.by_ids(connection, others).items()}
        if any(each.type is RelationType.SUPPLIED_BY for each in drawn):
            names |= {
                id: f"supplier {each.fields.get('name') or each.key}"
                for each in records.listed(connection, entity.site, "supplier")
                if (id := thing_id(each.site, each.type, each.key)) in others
            }
        members = _members(connection, entity) if entity.kind is Kind.SYSTEM else 0
        ports = entities.services_of(connection, [entity.id])[entity.id] if entity.kind is Kind.IP else []
    met = tuple(each for each in drawn if {each.source, each.target} <= names.keys() | {entity.id})
    return Shown(entity, values, sources, met, names, tuple(ports), members)


def _members(connection: Transaction, system: Entity) -> int:
    mine = compiler.where(Compare("system_id", Op.EQ, system.id), None, Instant(0))
    return entities.count(connection, None, mine)


def _of_registers(connection: Transaction, entity: Entity) -> dict[str, int]:
    """What registers say of a system -> the row that says it: the look they make together is of the latest of them."""
    names = {name for name, source in entity.origin.items() if source == SOURCE}
    if not names:
        return {}
    rows = tellers(entity.key, records.of_systems(connection, entity.site, [entity.key]))
    return {name: row.seq for name, row in rows.items() if name in names}


def _origin(found: Sequence[Change], values: Mapping[str, Value], at: Instant) -> dict[str, int]:
    """Field -> the log entry that gave it its value of then; what never changed came when the entity was born."""
    told = [each for each in found if each.at <= at]
    born = next((each.seq for each in told if each.field == "born"), 0)
    last = {each.field: each.seq for each in told}
    written = {each.name for each in by_name().values() if not each.core and each.derived is None}
    facts = {name for name, value in values.items() if value is not None} & written
    return {name: seq for name in sorted(facts) if (seq := last.get(name, born))}


def _sources(connection: Transaction, origin: Mapping[str, int]) -> dict[str, Mapping[str, object]]:
    """Field -> the observation or decision at this place of the log."""
    seen = observations.by_seqs(connection, list(origin.values()))
    told = {seq: decisions.by_seq(connection, seq) for seq in set(origin.values()) - seen.keys()}
    sources: dict[str, Mapping[str, object]] = {}
    for name, seq in origin.items():
        if seq in seen:
            sources[name] = _source(seen[seq], seq)
        elif (decision := told.get(seq)) is not None:
            sources[name] = {"seq": seq, "decision": decision.subject, "who": decision.who, "at": render(decision.at)}
    return sources


def units(app: App) -> dict[str, str]:
    """Name of every declared unit by its id."""
    with app.database.read() as connection:
        return {each.id: each.name for each in organisations.every(connection, app.site)}


def exported(app: App, query: str = "", *, at: Instant | None = None) -> Iterator[dict[str, object]]:
    """Every asset and service the query meets, kind by kind, whole: facts, provenance, reasons for the unknown.

    As of `at` (where given) the facts are those of then; provenance and reasons are told of today only.
    """
    now = at or app.clock.now()
    understood = [(kind, asked(each, at)) for kind, each in by_kind(app, query, (*ASSET_KINDS, Kind.SERVICE))]
    with ExitStack() as then:
        held = then.enter_context(past.opened(app, at)) if at is not None else None
        for kind, parsed in understood:
            after = ""
            while True:
                with app.database.read() if held is None else nullcontext(held) as connection:
                    condition = pages.condition(connection, parsed, kind, now, at)
                    found = list(entities.page(connection, kind, condition, after=after, limit=PAGE))
                    if at is None:
                        dated = looks.timed(connection, {each.id: each for each in found})
                        rows = [
                            _whole(dated[each.id], values) for each, values in with_computed(connection, found, now)
                        ]
                    else:
                        values_of = with_computed(connection, found, now)
                        rows = [row_of(each, past.unseen(values, at)) for each, values in values_of]
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
    connection: Transaction, found: list[Entity], now: Instant, fields: Collection[str] | None = None
) -> Iterator[tuple[Entity, Mapping[str, Value]]]:
    """Each entity with the values of every field of its kind, in the order given. `fields`: of these only."""
    values: dict[str, Mapping[str, Value]] = {}
    for kind in {each.kind for each in found}:
        names = [each.name for each in of_kind(kind) if fields is None or each.name in fields]
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
