"""The values of entities as they were at an earlier moment, taken back from today's by what changed since."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Final

from secops.core.clock import DAY_MS, Instant
from secops.core.fields import FIELDS, Derivation, Field, by_name, of_kind
from secops.core.model import Change, Entity, Kind, State, Value
from secops.core.standing import BY_PARTS, LIVING, standing
from secops.hall.flows.inventory import with_computed
from secops.hall.flows.past import BY_SIGHT, changed_units, units, unseen
from secops.store import changes, entities, moved
from secops.store.grading import Transaction


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
        rows: dict[str, list[str]] = {}
        for each in living:
            if _turned(each, "org_id", since) or (each.site, each.org_id) in changed:
                rows.setdefault(each.site, []).append(each.id)
        for site, ids in rows.items():
            of_site = {id: then[id] for id in ids}
            wanted = {str(values["org_id"]) for values in of_site.values() if values and values.get("org_id")}
            found = units(self.connection, site, wanted, self.at)
            _point(of_site, "org_id", {id: {"name": each.name, "contact": each.contact} for id, each in found.items()})


def asked_of(values: Mapping[str, Value]) -> Callable[[str], Value]:
    """What a query reads of them; as in the store, what has no ports has none of each, instead of nothing known."""

    def told(name: str) -> Value:
        value = values.get(name)
        derived = by_name()[name].derived
        if value is None and derived is not None and derived.how in _OVER_PORTS:
            return 0 if derived.how is Derivation.COUNT else ()
        return value

    return told


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
