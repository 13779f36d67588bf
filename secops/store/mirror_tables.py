"""The tables of the columnar mirror: every field of the dictionary a typed column, computed ones written out.

Two wide tables, `assets` and `services`: sets are lists, addresses their 16 bytes, versions have their sorting shadow.
What the store looks up or counts (unit, system, ports of an address) stands in the row; ages are computed when asked,
since they move with the clock. What hangs on relations is not here.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from secops.core.fields import FIELDS, Derivation, Field, Type
from secops.core.model import Kind
from secops.store.entity_row import ASSET_FIELDS, SERVICE_FIELDS

LAYOUT: Final = 1
"""Moved on when what the mirror holds changes in a way that its columns do not show."""

WRITTEN: Final = frozenset({Derivation.LOOKUP, Derivation.COUNT, Derivation.MEMBERS, Derivation.MISSING})
"""What is computed when a row is taken in; ages are computed when asked, the others are left to the store."""

metadata = sa.MetaData()


class Listed(sa.types.UserDefinedType[Any]):
    """A list of texts or numbers."""

    cache_ok = True

    def __init__(self, of: str) -> None:
        self.of = of

    def get_col_spec(self, **_: object) -> str:
        """As DuckDB declares it."""
        return f"{self.of}[]"


@dataclass(frozen=True, slots=True)
class Part:
    """One column: its name, DuckDB type, and the expression over what the store's row gives."""

    name: str
    type: str
    dummy: str
    """SQLite literal that shows the reader the type, whatever the first rows hold."""
    reading: str
    """DuckDB expression over the column as it was read, the row's name to be put in."""


_SPELLED: Final[dict[Type, tuple[str, str, str]]] = {
    Type.TEXT: ("VARCHAR", "''", "{0}"),
    Type.VERSION: ("VARCHAR", "''", "{0}"),
    Type.INTEGER: ("BIGINT", "0", "{0}"),
    Type.INSTANT: ("BIGINT", "0", "{0}"),
    Type.BOOLEAN: ("BOOLEAN", "0", "{0} <> 0"),
    Type.ADDRESS: ("BLOB", "x'00'", "{0}"),
    Type.TEXTS: ("VARCHAR[]", "'[]'", "from_json({0}, '[\"VARCHAR\"]')"),
    Type.INTEGERS: ("BIGINT[]", "'[]'", "from_json({0}, '[\"BIGINT\"]')"),
}
_CORE: Final = (
    *((name, Type.TEXT) for name in ("id", "site", "key", "state")),
    ("declared", Type.BOOLEAN),
    ("first_seen", Type.INSTANT),
    ("last_seen", Type.INSTANT),
    *((name, Type.TEXT) for name in ("parent", "org_id", "system_id")),
    ("changed_seq", Type.INTEGER),
)


def _part(name: str, type_: Type) -> Part:
    spelled, dummy, reading = _SPELLED[type_]
    return Part(name, spelled, dummy, reading.format(f'{{0}}."{name}"'))


def _parts(fields: tuple[Field, ...], *, kind: bool) -> Iterator[Part]:
    for name, type_ in _CORE:
        yield _part(name, type_)
    if kind:
        yield _part("kind", Type.TEXT)
    for each in fields:
        yield _part(each.column, each.type)
        if each.type is Type.VERSION:
            yield _part(f"{each.column}_key", Type.TEXT)


def _computed(kinds: frozenset[Kind]) -> tuple[Field, ...]:
    return tuple(
        each
        for each in FIELDS
        if each.derived is not None and each.derived.how in WRITTEN and not each.kinds.isdisjoint(kinds)
    )


@dataclass(frozen=True, slots=True)
class Layer:
    """Rows that know some of the columns only: reading the others would cost as much as reading values."""

    parts: tuple[Part, ...]
    condition: str
    """Of the store's table; the layers of a table leave no row out and have none twice."""


@dataclass(frozen=True, slots=True)
class Wide:
    """One of the two tables: what is read from the store, and what is written out beside it."""

    name: str
    parts: tuple[Part, ...]
    layers: tuple[Layer, ...]
    computed: tuple[Field, ...]
    table: sa.Table

    @property
    def columns(self) -> tuple[tuple[str, str], ...]:
        """Name and DuckDB type of every column, in order."""
        read = tuple((each.name, each.type) for each in self.parts)
        return (*read, *((each.column, _SPELLED[each.type][0]) for each in self.computed))


_RARE: Final = ("tls", "tlcp", "snmp", "dns", "smb", "rdp")
"""First words of the fields that few services know."""


def _service_layers(parts: tuple[Part, ...]) -> tuple[Layer, ...]:
    first = {each.column: each.name.partition(".")[0] for each in SERVICE_FIELDS if each.name != "tls.enabled"}
    first |= {f"{name}_key": word for name, word in first.items()}
    page = [each.name for each in parts if first.get(each.name) == "http"]
    rare = [each.name for each in parts if first.get(each.name) in _RARE]
    has_page, has_rare = (f"coalesce({', '.join(names)})" for names in (page, rare))
    plain = tuple(each for each in parts if each.name not in {*page, *rare})
    return (
        Layer(plain, f"{has_page} IS NULL AND {has_rare} IS NULL"),
        Layer(tuple(each for each in parts if each.name not in rare), f"{has_page} IS NOT NULL AND {has_rare} IS NULL"),
        Layer(parts, f"{has_rare} IS NOT NULL"),
    )


def _asset_layers(parts: tuple[Part, ...]) -> tuple[Layer, ...]:
    def of(*kinds: Kind) -> Layer:
        other = {each.column for each in ASSET_FIELDS if each.kinds.isdisjoint(kinds)}
        other |= {f"{name}_key" for name in other}
        listed = ", ".join(f"'{each}'" for each in kinds)
        return Layer(tuple(each for each in parts if each.name not in other), f"kind IN ({listed})")

    rest = set(Kind) - {Kind.IP, Kind.HOST, Kind.DEVICE, Kind.SERVICE}
    return of(Kind.IP), of(Kind.HOST, Kind.DEVICE), of(*sorted(rest))


def _wide(name: str, fields: tuple[Field, ...], kinds: frozenset[Kind]) -> Wide:
    parts = tuple(_parts(fields, kind=name == "assets"))
    computed = _computed(kinds)
    types = [(each.name, each.type) for each in parts]
    types += [(each.column, _SPELLED[each.type][0]) for each in computed]
    columns = [sa.Column(column, _typed(spelled), primary_key=column == "id") for column, spelled in types]
    layers = _asset_layers(parts) if name == "assets" else _service_layers(parts)
    return Wide(name, parts, layers, computed, sa.Table(name, metadata, *columns))


def _typed(spelled: str) -> sa.types.TypeEngine[Any]:
    if spelled.endswith("[]"):
        return Listed(spelled.removesuffix("[]"))
    plain: dict[str, sa.types.TypeEngine[Any]] = {
        "VARCHAR": sa.Text(),
        "BIGINT": sa.BigInteger(),
        "BOOLEAN": sa.Boolean(create_constraint=False),
        "BLOB": sa.LargeBinary(),
    }
    return plain[spelled]


ASSETS: Final = _wide("assets", ASSET_FIELDS, frozenset(Kind) - {Kind.SERVICE})
SERVICES: Final = _wide("services", SERVICE_FIELDS, frozenset({Kind.SERVICE}))
BOTH: Final = (SERVICES, ASSETS)


def table_of(kind: Kind | None) -> sa.Table:
    """Where the mirror has entities of this kind; None stands for the seven kinds of asset."""
    return SERVICES.table if kind is Kind.SERVICE else ASSETS.table


def held(field: Field) -> bool:
    """Whether the mirror knows the field."""
    return field.derived is None or field.derived.how in WRITTEN or field.derived.how is Derivation.AGE


def layout() -> str:
    """What the mirror's file must have been made for."""
    text = repr((LAYOUT, [(each.name, each.columns) for each in BOTH]))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


STATE: Final = """CREATE TABLE state (layout VARCHAR, upto BIGINT, epoch BIGINT, entry VARCHAR, loaded_at BIGINT,
refreshed_at BIGINT)"""
ORGANISATIONS: Final = "CREATE TABLE organisations (site VARCHAR, id VARCHAR, name VARCHAR, contact VARCHAR)"
