"""An entity as a row of its kind's table: which columns, how each value is spelled, and back."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Final

from secops.core import address, version
from secops.core.fields import FIELDS, Field, Type
from secops.core.model import Entity, Kind, State, Value
from secops.store.rows import pack, pack_or_none, plain, unpacked


def _fields(kinds: Collection[Kind]) -> tuple[Field, ...]:
    return tuple(each for each in FIELDS if not each.core and each.derived is None and each.kinds & frozenset(kinds))


ASSET_FIELDS: Final = _fields(frozenset(Kind) - {Kind.SERVICE})
SERVICE_FIELDS: Final = _fields({Kind.SERVICE})


def encode(entity: Entity, id: str | None = None) -> dict[str, object]:
    """The row of an entity in its kind's table; when it was last seen is not in it."""
    service = entity.kind is Kind.SERVICE
    row: dict[str, object] = {"id": id or entity.id}
    for name, encoded in _CORE:
        value = getattr(entity, name)
        row[name] = value if encoded is None else encoded(value)
    if not service:
        row["kind"] = entity.kind.value
    shape = _SERVICE_SHAPE if service else _ASSET_SHAPE
    for name, value in entity.facts.items():
        if value is not None:
            _fill(row, shape, name, value)
    return row


def moved(now: Entity, then: Entity, facts: Collection[str]) -> dict[str, object]:
    """Those columns of `encode` that `then` has otherwise; `facts`: the facts that differ."""
    row: dict[str, object] = {}
    for name, encoded in _CORE:
        value, old = getattr(now, name), getattr(then, name)
        if value != old and (name != "sources" or _looks(value) != _looks(old)):
            row[name] = value if encoded is None else encoded(value)
    shape = _SERVICE_SHAPE if now.kind is Kind.SERVICE else _ASSET_SHAPE
    for name in sorted(facts):
        _fill(row, shape, name, now.facts.get(name))
    return row


def cells(field: str, value: Value, *, service: bool) -> dict[str, object]:
    """The columns that hold a fact, with its value; empty where the table has none."""
    row: dict[str, object] = {}
    _fill(row, _SERVICE_SHAPE if service else _ASSET_SHAPE, field, value)
    return row


_Shape = Mapping[str, tuple[str, Callable[[Any], object] | None, str]]
"""Fact -> its column, what encodes its value, the column by which versions sort."""


def _fill(row: dict[str, object], shape: _Shape, name: str, value: Value) -> None:
    """Put the columns of this fact into the row, if the table has it."""
    place = shape.get(name)
    if place is not None:
        column, encoded, sorting = place
        row[column] = value if encoded is None or value is None else encoded(value)
        if sorting:
            row[sorting] = None if value is None else version.key(str(value))


def _looks(sources: Mapping[str, tuple[int, int, str]]) -> dict[str, object]:
    """What an entity's own row holds of its sources."""
    return {name: look or [at, seq] for name, (at, seq, look) in sources.items()}


def _or_none(text: str) -> str | None:
    return text or None


_CORE: Final[tuple[tuple[str, Callable[[Any], object] | None], ...]] = (
    ("site", None),
    ("key", plain),
    ("state", lambda state: state.value),
    ("declared", None),
    ("first_seen", int),
    ("parent", _or_none),
    ("org_id", _or_none),
    ("system_id", _or_none),
    ("misses", None),
    ("generation", None),
    ("unknown", pack_or_none),
    ("origin", pack_or_none),
    ("sources", lambda sources: pack_or_none(_looks(sources))),
    ("extra", pack_or_none),
    ("changed_seq", None),
)
"""Of each attribute that is a column of the same name, how its value is spelled (None: as it is)."""
_ENCODED: Final[dict[Type, Callable[[Any], object]]] = {
    Type.TEXT: plain,
    Type.VERSION: plain,
    Type.ADDRESS: address.pack,
    Type.TEXTS: pack,
    Type.INTEGERS: pack,
}


def _shape(fields: Sequence[Field]) -> _Shape:
    return {
        each.name: (each.column, _ENCODED.get(each.type), f"{each.column}_key" if each.type is Type.VERSION else "")
        for each in fields
    }


_SERVICE_SHAPE: Final = _shape(SERVICE_FIELDS)
_ASSET_SHAPE: Final = _shape(ASSET_FIELDS)
_Place = tuple[str, Callable[[Any], Value] | None] | None


def _order(fields: Sequence[Field]) -> list[_Place]:
    """Of each column behind the common ones: which fact it is, and what gives its value (None: it stands there as is).

    None of both for a column that is no fact.
    """
    found: list[_Place] = []
    for each in fields:
        found.append((each.name, _DECODED.get(each.type)))
        if each.type is Type.VERSION:
            found.append(None)
    return found


def _members(raw: str) -> Value:
    return tuple(unpacked(raw))


_DECODED: Final[dict[Type, Callable[[Any], Value]]] = {
    Type.ADDRESS: lambda raw: address.unpack(bytes(raw)),
    Type.TEXTS: _members,
    Type.INTEGERS: _members,
    Type.BOOLEAN: bool,
}
_SERVICE_ORDER: Final = _order(SERVICE_FIELDS)
_ASSET_ORDER: Final = [None, *_order(ASSET_FIELDS)]
"""The kind comes before them."""


def decode(row: Sequence[Any], *, service: bool) -> Entity:
    """The entity of a row of its table; what stands behind the columns is passed by."""
    (id, site, key, state, known, first, last, parent, org, system, misses, generation,
     unknown, origin, sources, extra, changed, *rest) = row  # fmt: skip
    del id
    facts: dict[str, Value] = {}
    for place, raw in zip(_SERVICE_ORDER if service else _ASSET_ORDER, rest, strict=False):
        if raw is not None and place is not None:
            name, decoded = place
            facts[name] = raw if decoded is None else decoded(raw)
    return Entity(
        kind=Kind.SERVICE if service else _KINDS[rest[0]],
        site=site,
        key=key,
        first_seen=first,
        last_seen=last,
        state=_STATES[state],
        declared=bool(known),
        parent=parent or "",
        org_id=org or "",
        system_id=system or "",
        misses=misses,
        generation=generation,
        facts=facts,
        unknown=unpacked(unknown) if unknown else {},
        origin=unpacked(origin) if origin else {},
        sources={name: _source(each) for name, each in unpacked(sources).items()} if sources else {},
        extra=unpacked(extra) if extra else {},
        changed_seq=changed,
    )


def _source(raw: object) -> tuple[int, int, str]:
    """When, log entry and look of a source; of one that a look stands behind `store.looks` knows when."""
    return (0, 0, raw) if isinstance(raw, str) else (*raw, "")  # type: ignore[misc]  # a pair of our own


_KINDS: Final = {each.value: each for each in Kind}
_STATES: Final = {each.value: each for each in State}


def differing(now: Entity, then: Entity) -> set[str]:
    """The facts in which the two are not the same."""
    facts = then.facts
    if now.facts is facts:
        return set()
    return {
        *(name for name, value in now.facts.items() if name not in facts or facts[name] != value),
        *(facts.keys() - now.facts.keys()),
    }
