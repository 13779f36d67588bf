"""An entity as a row of its kind's table: which columns, how each value is spelled, and back."""

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import lru_cache
from operator import attrgetter
from sys import intern
from typing import Any, Final

from secops.core import address
from secops.core.fields import FIELDS, Field, Type
from secops.core.model import Entity, Kind, State, Value
from secops.store import alike
from secops.store.rows import pack, pack_or_none, plain, unpacked
from secops.store.shadow import SHADOWED


def _fields(kinds: Collection[Kind]) -> tuple[Field, ...]:
    return tuple(each for each in FIELDS if not each.core and each.derived is None and each.kinds & frozenset(kinds))


ASSET_FIELDS: Final = _fields(frozenset(Kind) - {Kind.SERVICE})
SERVICE_FIELDS: Final = _fields({Kind.SERVICE})


def encode(entity: Entity, id: str | None = None) -> dict[str, object]:
    """The row of an entity in its kind's table; when it was last seen is not in it."""
    row = {"id": id or entity.id} | _spelled(entity, _CORE)
    row["origin"] = _origin(entity)
    row[alike.COLUMN] = alike.digest(row)
    return row


def _spelled(entity: Entity, core: "_Core") -> dict[str, object]:
    """These of its attributes, its kind and what it says."""
    row: dict[str, object] = {}
    for name, encoded in core:
        value = getattr(entity, name)
        row[name] = value if encoded is None else encoded(value)
    if entity.kind is not Kind.SERVICE:
        row["kind"] = entity.kind.value
    shape = _SHAPES[entity.kind]
    for name, value in entity.facts.items():
        if value is not None:
            _fill(row, shape, name, value)
    return row


def moved(now: Entity, then: Entity, facts: Collection[str]) -> dict[str, object]:
    """Those columns of `encode` that `then` has otherwise; `facts`: the facts that differ."""
    row: dict[str, object] = {}
    for (name, encoded), value, old in zip(_CORE, _attributes(now), _attributes(then), strict=True):
        if value is not old and value != old and (name != "sources" or _looks(value) != _looks(old)):
            row[name] = value if encoded is None else encoded(value)
    shape = _SHAPES[now.kind]
    for name in sorted(facts):
        _fill(row, shape, name, now.facts.get(name))
    if (now.origin is not then.origin and now.origin != then.origin) or now.facts.keys() != then.facts.keys():
        origin = _origin(now)
        if origin != _origin(then):
            row["origin"] = origin
    if not row.keys() <= alike.APART:
        row[alike.COLUMN] = alike.digest(_spelled(now, _SAID))
    return row


def cells(field: str, value: Value, *, service: bool) -> dict[str, object]:
    """The columns that hold a fact, with its value; empty where the table has none."""
    row: dict[str, object] = {}
    _fill(row, _SERVICE_SHAPE if service else _ASSET_SHAPE, field, value)
    return row


_Shape = Mapping[str, tuple[str, Callable[[Any], object] | None, str, Callable[[Any], str] | None]]
"""Fact -> its column, what encodes its value; the column by which it is compared, and what spells that."""


def _fill(row: dict[str, object], shape: _Shape, name: str, value: Value) -> None:
    """Put the columns of this fact into the row, if the table has it."""
    place = shape.get(name)
    if place is not None:
        column, encoded, shadow, spelled = place
        row[column] = value if encoded is None or value is None else encoded(value)
        if spelled is not None:
            row[shadow] = None if value is None else spelled(value)


def _looks(sources: Mapping[str, tuple[int, int, str]]) -> dict[str, object]:
    """What an entity's own row holds of its sources."""
    return {name: look or [at, seq] for name, (at, seq, look) in sources.items()}


def _origin(entity: Entity) -> str | None:
    """Where its facts come from: the source of most under `*`, besides of those alone that come from elsewhere.

    `born` is not told of what things are born with; "" is of what comes from nowhere. Told of each fact by name this
    was most of a row.
    """
    origin, facts, shape = entity.origin, entity.facts, _SHAPES[entity.kind]
    known = {name for name, value in facts.items() if value is not None and name in shape}
    counts = Counter([source for name, source in origin.items() if name in known and name not in _BORN_WITH])
    usual = min(counts, key=lambda each: (-counts[each], each), default="")
    told = {name: source for name, source in origin.items() if name not in known or source != _source(name, usual)}
    told |= {name: "" for name in known - origin.keys() if _source(name, usual)}
    return pack_or_none(told | {"*": usual} if usual else told)


def _source(name: str, usual: str) -> str:
    return _BORN if name in _BORN_WITH else usual


@lru_cache(maxsize=1 << 12)
def _origins(text: str | None, facts: tuple[str, ...]) -> Mapping[str, str]:
    """What `_origin` told, of these facts: the same of very many things, and shared by them."""
    told = _mapping(text) if text else {}
    usual = told.get("*", "")
    found = {**{name: intern(_source(name, usual)) for name in facts}, **told}
    return {name: source for name, source in found.items() if source and name != "*"}


_BORN: Final = "born"
_BORN_WITH: Final = frozenset(
    {"address", "port", "transport", "network.zone", "host.addresses", "host.identifiers", "host.doubts"}
)


def _or_none(text: str) -> str | None:
    return text or None


_Core = tuple[tuple[str, Callable[[Any], object] | None], ...]
_CORE: Final[_Core] = (
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
    ("sources", lambda sources: pack_or_none(_looks(sources))),
    ("extra", pack_or_none),
    ("changed_seq", None),
)
"""Of each attribute that is a column of the same name, how its value is spelled (None: as it is)."""
_SAID: Final[_Core] = tuple(each for each in _CORE if each[0] not in alike.APART)
_attributes: Final[Callable[[Entity], tuple[Any, ...]]] = attrgetter(*(name for name, _ in _CORE))
_ENCODED: Final[dict[Type, Callable[[Any], object]]] = {
    Type.TEXT: plain,
    Type.VERSION: plain,
    Type.ADDRESS: address.pack,
    Type.TEXTS: pack,
    Type.INTEGERS: pack,
    Type.ADDRESSES: pack,
}


def _shape(fields: Sequence[Field]) -> _Shape:
    return {
        each.name: (each.column, _ENCODED.get(each.type), f"{each.column}_key", SHADOWED.get(each.type))
        for each in fields
    }


_SERVICE_SHAPE: Final = _shape(SERVICE_FIELDS)
_ASSET_SHAPE: Final = _shape(ASSET_FIELDS)
_SHAPES: Final = {each: _shape(_fields({each})) for each in Kind}


def _members(raw: str) -> Value:
    return tuple(unpacked(raw))


_DECODED: Final[dict[Type, Callable[[Any], Value]]] = {
    Type.ADDRESS: lambda raw: address.unpack(bytes(raw)),
    Type.TEXTS: lru_cache(maxsize=1 << 12)(_members),
    Type.ADDRESSES: lru_cache(maxsize=1 << 12)(_members),
    Type.INTEGERS: lru_cache(maxsize=1 << 12)(_members),
    Type.BOOLEAN: bool,
}


class _Order:
    """The columns of facts: those whose value stands there as it is, and `others`, behind them, with what gives it."""

    def __init__(self, fields: Sequence[Field]) -> None:
        plain = [each for each in fields if each.type not in _DECODED]
        others = [each for each in fields if each.type in _DECODED]
        self.columns = tuple(each.column for each in (*plain, *others))
        self.plain = tuple(each.name for each in plain)
        self.others = tuple(each.name for each in others)
        self.decoded = tuple(_DECODED[each.type] for each in others)

    def facts(self, row: Sequence[Any]) -> dict[str, Value]:
        """What these columns say."""
        found = {name: raw for name, raw in zip(self.plain, row, strict=False) if raw is not None}
        others = zip(self.others, self.decoded, row[len(self.plain) :], strict=False)
        return found | {name: decoded(raw) for name, decoded, raw in others if raw is not None}


_FOUND: Final = ("kind", *(name for name, _ in _CORE[:5]), "last_seen", *(name for name, _ in _CORE[5:]), "origin")
_ORDERS: Final = {None: _Order(ASSET_FIELDS)} | {each: _Order(_fields({each})) for each in Kind}


def columns(kind: Kind | None) -> tuple[str, ...]:
    """The columns to read for entities of this kind, None for any of the seven; services have no `kind`."""
    found = ("id", *_FOUND, *_ORDERS[kind].columns)
    return tuple(each for each in found if each != "kind") if kind is Kind.SERVICE else found


def decode(row: Sequence[Any], kind: Kind | None) -> Entity:
    """The entity of a row of its kind's `columns`; what stands behind them is passed by."""
    start = 1 if kind is Kind.SERVICE else 2
    (site, key, state, known, first, last, parent, org, system, misses, generation,
     unknown, sources, extra, changed, origin) = row[start:start + 16]  # fmt: skip
    facts = _ORDERS[kind].facts(row[start + 16 :])
    return Entity(
        kind=kind or _KINDS[row[1]],
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
        unknown=_mapping(unknown) if unknown else {},
        origin=_origins(origin, tuple(facts)),
        sources={name: (0, 0, each) if type(each) is str else (*each, "") for name, each in unpacked(sources).items()}
        if sources
        else {},
        extra=unpacked(extra) if extra else {},
        changed_seq=changed,
    )


@lru_cache(maxsize=1 << 12)
def _mapping(text: str) -> Mapping[str, str]:
    """What very many entities say alike, read once and shared."""
    return {_NAMES.get(name, name): intern(source) for name, source in unpacked(text).items()}


_NAMES: Final = {each.name: each.name for each in FIELDS}
"""One text for all entities: looking something up by it is faster than by one that only equals it."""


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
