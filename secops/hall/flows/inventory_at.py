"""The list of assets as it stood at an earlier moment, page by page and without a copy of the store (see `past`).

What a query says of an entity is today's answer unless a field it reads changed since. So a page is today's page, less
the entities where one did, and with those of them that met the query then; only the rows shown are taken back.
"""

from bisect import bisect_right
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from heapq import merge as interleaved
from itertools import islice
from typing import Final

from secops.core.clock import DAY_MS, Instant
from secops.core.fields import FIELDS, Derivation, Field, by_name, of_kind
from secops.core.model import Change, Entity, Kind, State, Value
from secops.core.query import Query, fields_of, holds, steps
from secops.core.standing import BY_PARTS, LIVING, standing
from secops.hall.app import App
from secops.hall.flows import past
from secops.hall.flows.inventory import PAGE, row_of, with_computed
from secops.hall.flows.past import BY_SIGHT, asked, changed_units, units, unseen
from secops.hall.flows.queries import read
from secops.store import changes, entities, moved, search
from secops.store import compile as compiler
from secops.store.grading import Transaction

_ENTANGLED = frozenset({Derivation.STANDING})
FEW = 2_000
"""Fewer changes since in what the query reads are looked through at once, before the first page."""
MANY = 20_000
"""As many entities at most, where a page is not full; more are met page by page."""


def listed_at(
    app: App, at: Instant, query: str = "", *, kind: Kind | None = None, after: str = "", limit: int = 0
) -> Iterator[dict[str, object]]:
    """Rows as of `flows.inventory.listed`, of the moment `at`, in order of id.

    Raises UsageError for a query that cannot be read, or asks when something was seen.
    """
    kind, parsed = read(app, query, kind)
    asked(parsed, at)
    pages = _whole if any(steps(parsed)) or _ENTANGLED & _hows(parsed) else _pages
    found = pages(app, at, parsed, kind, (after, min(PAGE, limit or PAGE)))
    yield from islice(found, limit) if limit else found


def _hows(query: Query) -> set[Derivation]:
    return {derived.how for name in fields_of(query) if (derived := by_name()[name].derived) is not None}


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
    after, size = start
    with app.database.read() as connection:
        reads = _reads(connection, query, kind, at)
        known_ = reads.few(connection)
        few = reads.every(connection) if known_ else None
    young = False
    while True:
        with app.database.read() as connection:
            condition = search.condition(connection, query, kind, at)
            if young:  # asked of every row it reads, so only where it saves pages
                condition &= entities.known_by(kind, at)
            page = list(entities.page(connection, kind, condition, after=after, limit=size))
            upto = page[-1].id if len(page) == size else ""
            there = [each for each in page if each.first_seen <= at]
            young = young or 2 * len(there) < len(page)
            if few is None and not known_ and not upto:
                known_, few = True, reads.every(connection)
            if few is not None:
                known = few[bisect_right(few, after) : bisect_right(few, upto) if upto else len(few)][:PAGE]
            else:
                known = reads.between(connection, after, upto)
            upto = known[-1] if len(known) == PAGE else upto
            rows = _rows(connection, at, query, kind, ([each for each in there if not upto or each.id <= upto], known))
        yield from rows
        if not upto:
            return
        after = upto


def _rows(
    connection: Transaction, at: Instant, query: Query, kind: Kind | None, found: tuple[Sequence[Entity], Sequence[str]]
) -> list[dict[str, object]]:
    """The rows of then: of today's page what did not move, of what moved what met the query then."""
    page, moved = found
    doubtful = frozenset(moved)
    known = entities.by_ids(connection, moved)
    still = [each for each in page if each.id not in doubtful]
    were = [each for id in moved if (each := known.get(id)) is not None and _wanted(each.kind, kind)]
    answers = Then(connection, at, frozenset(fields_of(query))).values(were) if were else {}
    met = [each for each in were if (then := answers[each.id]) is not None and holds(query, then.get)]
    values = Then(connection, at).values([*still, *met])
    both = interleaved(still, met, key=lambda each: each.id)
    return [row_of(each, then) for each in both if (then := values[each.id]) is not None]


def _wanted(found: Kind, kind: Kind | None) -> bool:
    return found is kind if kind is not None else found is not Kind.SERVICE


@dataclass(frozen=True, slots=True)
class _Reads:
    """What a query reads: fields of the entity itself, of its services, of its system; units that are others now."""

    kind: Kind | None
    at: Instant
    own: frozenset[str]
    services: frozenset[str]
    system: frozenset[str]
    units: frozenset[str]

    def few(self, connection: Transaction) -> bool:
        """Whether so little changed since in what is read that all of it is looked through at once."""
        fields = self.own | self.services | self.system
        return moved.size(connection, fields, self.at, limit=FEW) < FEW

    def every(self, connection: Transaction) -> list[str] | None:
        """Every id for which an answer of today may not be then's, in order; None where they are many."""
        found = [moved.every_own(connection, self.own, self.kind, self.at, limit=MANY)]
        if self.services:
            found.append(moved.every_parent(connection, self.services, self.at, limit=MANY))
        if self.system:
            found.append(moved.members(connection, self.system, self.kind, self.at, limit=MANY))
        found.append(moved.owned(connection, self.units, self.kind, limit=MANY))
        return None if any(len(each) >= MANY for each in found) else sorted(set().union(*found))

    def between(self, connection: Transaction, after: str, upto: str) -> list[str]:
        """The first of them between two ids, at most PAGE, in order."""
        found = [moved.own(connection, self.own, self.kind, self.at, after=after, upto=upto, limit=PAGE)]
        if self.services:
            found.append(moved.parents(connection, self.services, self.at, after=after, upto=upto, limit=PAGE))
        if self.system:
            found.append(moved.members(connection, self.system, self.kind, self.at, after=after, upto=upto, limit=PAGE))
        found.append(moved.owned(connection, self.units, self.kind, after=after, upto=upto, limit=PAGE))
        return sorted(set().union(*found))[:PAGE]


def _reads(connection: Transaction, query: Query, kind: Kind | None, at: Instant) -> _Reads:
    own, theirs, system, others = set[str](), set[str](), set[str](), set[str]()
    for name in fields_of(query):
        derived = by_name()[name].derived
        if derived is None:
            own.add(name)
        elif derived.how is Derivation.AGE:
            own.add(derived.of)
        elif derived.how in {Derivation.LOOKUP, Derivation.MISSING}:
            own.add(derived.via)
            if derived.via == "system_id":
                system |= {derived.of, "born"}
            elif not others:
                others |= changed_units(connection, at)
        elif kind is None or kind is Kind.IP:
            theirs |= {"state", "born", *([derived.of] if derived.of else [])}
    return _Reads(kind, at, frozenset(own), frozenset(theirs), frozenset(system), frozenset(others))


class Then:
    """Values of entities as they were at a moment, read beside today's.

    `fields`: only these are wanted, and what they hang on; None for all.
    """

    def __init__(self, connection: Transaction, at: Instant, fields: frozenset[str] | None = None) -> None:
        self.connection = connection
        self.at = at
        self.fields = None if fields is None else fields | _needed(fields)

    def values(self, found: Sequence[Entity]) -> dict[str, dict[str, Value] | None]:
        """By id: the values of then, None for what was not yet known."""
        ids = [each.id for each in found]
        since = changes.since(self.connection, ids, self.at)
        then: dict[str, dict[str, Value] | None] = {}
        moved_: dict[str, Entity] = {}
        for each, today in with_computed(self.connection, list(found), self.at, self.fields):
            back = then[each.id] = _back(today, since[each.id], self.at)
            if back is not None and since[each.id]:
                moved_[each.id] = each
        living = [each for each in found if then[each.id] is not None]
        self._ports(living, then)
        self._systems(living, then, since)
        self._units(living, then, since)
        for each in living:
            values = then[each.id]
            assert values is not None
            if each.id in moved_:
                _aged(each.kind, values, self.at)
            if each.id in moved_ or each.kind in BY_PARTS or values.get("register.offline_on") is not None:
                _stood(each.kind, values, self.at)
        return then

    def _ports(self, living: Sequence[Entity], then: Mapping[str, dict[str, Value] | None]) -> None:
        """What is counted and gathered over the services of an address, where one of them moved."""
        wanted = [each for each in of_kind(Kind.IP) if each.derived is not None and each.derived.how in _OVER_PORTS
                  and (self.fields is None or each.name in self.fields)]  # fmt: skip
        ips = [each.id for each in living if each.kind is Kind.IP] if wanted else []
        changed = moved.with_moved_services(self.connection, ips, self.at) if ips else set()
        if not changed:
            return
        of = {each.derived.of for each in wanted if each.derived is not None and each.derived.of}
        ports = moved.services_of(self.connection, changed, sorted(of | {"state"}))
        since = moved.since(
            self.connection, [id for found in ports.values() for id in found], self.at, of | {"state", "born"}
        )
        for ip, found in ports.items():
            facts = [_back(each, since[id], self.at) for id, each in found.items()]
            active = [each for each in facts if each is not None and each["state"] == str(State.ACTIVE)]
            values = then[ip]
            assert values is not None
            for field in wanted:
                counted = field.derived is not None and field.derived.how is Derivation.COUNT
                values[field.name] = len(active) if counted else _gathered(active, field)

    def _systems(
        self,
        living: Sequence[Entity],
        then: Mapping[str, dict[str, Value] | None],
        since: Mapping[str, Sequence[Change]],
    ) -> None:
        """What is told of the system, where the entity changed its system or the system changed."""
        told = [each for each in _POINTING["system_id"] if self.fields is None or each.name in self.fields]
        ids = {str(values["system_id"]) for each in living if (values := then[each.id]) and values.get("system_id")}
        if not told:
            return
        changed = {id for id, found in changes.since(self.connection, sorted(ids), self.at).items() if found}
        rows = [each.id for each in living if _turned(each, "system_id", since) or each.system_id in changed]
        wanted = {str(values["system_id"]) for id in rows if (values := then[id]) and values.get("system_id")}
        known = entities.by_ids(self.connection, wanted)
        before = changes.since(self.connection, sorted(known), self.at)
        pointed = {id: _back(_facts(each), before[id], self.at) for id, each in known.items()}
        _point({id: then[id] for id in rows}, "system_id", pointed)

    def _units(
        self,
        living: Sequence[Entity],
        then: Mapping[str, dict[str, Value] | None],
        since: Mapping[str, Sequence[Change]],
    ) -> None:
        """What is told of the unit, where the entity changed its unit or the unit was another."""
        if not any(self.fields is None or each.name in self.fields for each in _POINTING["org_id"]):
            return
        changed = changed_units(self.connection, self.at)
        rows = [each.id for each in living if _turned(each, "org_id", since) or each.org_id in changed]
        if rows:
            found = units(self.connection, self.at)
            pointed = {id: {"name": each.name, "contact": each.contact} for id, each in found.items()}
            _point({id: then[id] for id in rows}, "org_id", pointed)


def _turned(entity: Entity, field: str, since: Mapping[str, Sequence[Change]]) -> bool:
    return any(each.field == field for each in since[entity.id])


_OVER_PORTS: Final = frozenset({Derivation.COUNT, Derivation.MEMBERS})
_POINTING: Final = {
    via: [each for each in FIELDS if each.derived is not None and each.derived.via == via]
    for via in ("system_id", "org_id")
}
"""What is told of the system, and of the unit."""


def _needed(fields: frozenset[str]) -> frozenset[str]:
    """What else must be read for these fields to be told of then."""
    found = {"state", "system_id", "org_id"}
    for each in fields:
        derived = by_name()[each].derived
        if derived is not None and derived.how is Derivation.AGE:
            found.add(derived.of)
    return frozenset(found)


def _back(today: Mapping[str, Value], since: Sequence[Change], at: Instant) -> dict[str, Value] | None:
    """What the entity itself said, None where it was not there; `since`: newest first."""
    then = unseen(today, at)
    for change in since:
        if change.field == "born":
            return None
        if change.field in then:
            then[change.field] = change.old
    return then


def _point(
    then: Mapping[str, dict[str, Value] | None], via: str, pointed: Mapping[str, Mapping[str, Value] | None]
) -> None:
    for values in then.values():
        assert values is not None
        there = str(values.get(via) or "") in pointed
        target = pointed.get(str(values.get(via) or "")) or {}
        for each in _POINTING[via]:
            if each.name in values and each.derived is not None:
                missing = each.derived.how is Derivation.MISSING
                values[each.name] = not there if missing else target.get(each.derived.of) or None


def _aged(kind: Kind, values: dict[str, Value], at: Instant) -> None:
    for each in of_kind(kind):
        if each.derived is not None and each.derived.how is Derivation.AGE and each.name in values.keys() - BY_SIGHT:
            begun = values.get(each.derived.of)
            values[each.name] = (int(at) - begun) // DAY_MS if isinstance(begun, int) else None


def _stood(kind: Kind, values: dict[str, Value], at: Instant) -> None:
    """Declared against found; not known of what stands by its parts, unless it lived itself."""
    if "register.standing" not in values or "declared" not in values:
        return
    state, offline = State(str(values["state"])), values.get("register.offline_on")
    alone = kind not in BY_PARTS or (state in LIVING and offline is None)
    seen = values.get("last_seen")
    values["register.standing"] = None if not alone else standing(
        kind, (state, seen if isinstance(seen, int) else int(at)), declared=values["declared"] is True,
        system=bool(values.get("system_id")), conflicts=values.get("register.conflicts"),
        status=values.get("register.status"), offline_on=offline if isinstance(offline, int) else None,
    ).value  # fmt: skip


def _facts(entity: Entity) -> dict[str, Value]:
    """What others are told of it; also what it says no more, so that it can be taken back."""
    told = dict.fromkeys(each.derived.of for each in _POINTING["system_id"] if each.derived is not None)
    return {
        **told,
        **entity.facts,
        "key": entity.key,
        "state": str(entity.state),
        "last_seen": int(entity.last_seen or 0),
    }


def _gathered(active: Sequence[Mapping[str, Value]], field: Field) -> Value:
    assert field.derived is not None
    found: Collection[Value] = {each.get(field.derived.of) for each in active} - {None}
    return tuple(sorted(found, key=lambda each: (str(type(each)), each)))  # type: ignore[return-value]  # of one type
