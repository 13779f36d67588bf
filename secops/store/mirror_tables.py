"""The tables of the columnar mirror: every field of the dictionary a typed column, computed ones written out.

Two wide views, `assets` and `services`: sets are lists, addresses their 16 bytes, versions have their sorting shadow.
Behind each are two tables: `*_rows` with what is each row's own, and `*_alike` with what many rows say in the same
words (product, version, headers, state), once for all of them. What the store looks up or counts (unit, system, ports
of an address) stands in the row; ages are computed when asked, since they move with the clock. What hangs on relations
is not here.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from secops.core.fields import FIELDS, Derivation, Field, Type
from secops.core.model import Kind
from secops.store.alike import COLUMN, OWN
from secops.store.entity_row import ASSET_FIELDS, SERVICE_FIELDS
from secops.store.shadow import SHADOWED

LAYOUT: Final = 3
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
    Type.ADDRESSES: ("VARCHAR[]", "'[]'", "from_json({0}, '[\"VARCHAR\"]')"),
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
        if each.type in SHADOWED:
            yield _part(f"{each.column}_key", Type.TEXT)


def _computed(kinds: frozenset[Kind]) -> tuple[Field, ...]:
    return tuple(
        each
        for each in FIELDS
        if each.derived is not None and each.derived.how in WRITTEN and not each.kinds.isdisjoint(kinds)
    )


SEEN: Final = "last_seen"
"""The column that the store keeps apart from its rows."""
ALIKE: Final = COLUMN
"""In a row of the mirror, the number of what it has in common with others; in one of the store, its digest."""
ROW: Final = "store_row"
"""In a row of the mirror, the place of the row in the store's table: rows that came together lie together in both, so
that who also asks for it is spared what lies elsewhere. It finds nothing by itself: the store may number rows anew."""


@dataclass(frozen=True, slots=True)
class Wide:
    """One of the two: what is read from the store, and what is written out beside it."""

    name: str
    parts: tuple[Part, ...]
    computed: tuple[Field, ...]
    table: sa.Table
    rows: sa.Table
    """What is each row's own."""
    said: sa.Table
    """What rows say alike, by number."""

    @property
    def columns(self) -> tuple[tuple[str, str], ...]:
        """Name and DuckDB type of every column, in order."""
        read = tuple((each.name, each.type) for each in self.parts)
        return (*read, *self._written)

    @property
    def _written(self) -> tuple[tuple[str, str], ...]:
        return tuple((each.column, _SPELLED[each.type][0]) for each in self.computed)

    @property
    def own(self) -> tuple[Part, ...]:
        """What stands in the row itself."""
        return tuple(each for each in self.parts if each.name in OWN)

    @property
    def alike(self) -> tuple[Part, ...]:
        """What is kept once for all rows that say it."""
        return tuple(each for each in self.parts if each.name not in OWN)

    def made(self, prefix: str = "", temporary: str = "") -> Iterator[str]:
        """The statements that make it; `temporary`: TEMP."""
        name = f"{prefix}{self.name}"
        rows = [f'"{each.name}" {each.type}{_kept(each.name)}' for each in self.own]
        rows += [f'"{column}" {type_}' for column, type_ in self._written]
        yield f"CREATE {temporary} TABLE {name}_rows ({', '.join(rows)}, {ALIKE} INTEGER, {ROW} BIGINT)"
        said = ", ".join(f'"{each.name}" {each.type}' for each in self.alike)
        yield f"CREATE {temporary} TABLE {name}_alike (number INTEGER, digest BLOB, {said})"
        listed = ", ".join(
            f'{"a" if column in {each.name for each in self.alike} else "r"}."{column}"' for column, _ in self.columns
        )
        yield (
            f"CREATE {temporary} VIEW {name} AS SELECT {listed}, r.{ALIKE} "
            f"FROM {name}_rows r JOIN {name}_alike a ON a.number = r.{ALIKE}"
        )

    def spoken(self) -> str:
        """The columns of `alike` out of a list `l` of texts, each as JSON has it."""
        return ", ".join(
            _SPOKEN[each.type].format(f"l[{place}]") + f' AS "{each.name}"' for place, each in enumerate(self.alike, 1)
        )


_SPOKEN: Final = {
    "VARCHAR": "{0}",
    "BIGINT": "CAST({0} AS BIGINT)",
    "BOOLEAN": "{0} <> '0'",
    "VARCHAR[]": "from_json({0}, '[\"VARCHAR\"]')",
    "BIGINT[]": "from_json({0}, '[\"BIGINT\"]')",
}
SINGULAR: Final = frozenset({"id", "key", "parent", "http_body_sha256", "tls_fingerprint"})


def _kept(name: str) -> str:
    """Values that are each their own are not worth the search for a dictionary."""
    return " USING COMPRESSION uncompressed" if name in SINGULAR else ""


def _wide(name: str, fields: tuple[Field, ...], kinds: frozenset[Kind]) -> Wide:
    parts = tuple(_parts(fields, kind=name == "assets"))
    computed = _computed(kinds)
    types = [(each.name, each.type) for each in parts]
    types += [(each.column, _SPELLED[each.type][0]) for each in computed]
    said = {each.name for each in parts if each.name not in OWN}

    def table(suffix: str, number: str, *columns: tuple[str, str]) -> sa.Table:
        listed = [sa.Column(column, _typed(spelled)) for column, spelled in columns]
        return sa.Table(f"{name}{suffix}", metadata, *listed, sa.Column(number, sa.Integer))

    return Wide(
        name,
        parts,
        computed,
        table("", ALIKE, *types),
        table("_rows", ALIKE, *(each for each in types if each[0] not in said)),
        table("_alike", "number", *(each for each in types if each[0] in said)),
    )


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


def wide_of(kind: Kind | None) -> Wide:
    """Where the mirror has entities of this kind; None stands for the seven kinds of asset."""
    return SERVICES if kind is Kind.SERVICE else ASSETS


def held(field: Field) -> bool:
    """Whether the mirror knows the field."""
    return field.derived is None or field.derived.how in WRITTEN or field.derived.how is Derivation.AGE


def layout() -> str:
    """What the mirror's file must have been made for."""
    text = repr((LAYOUT, sorted(OWN), [(each.name, each.columns) for each in BOTH]))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


STATE: Final = """CREATE TABLE state (layout VARCHAR, upto BIGINT, epoch BIGINT, entry VARCHAR, loaded_at BIGINT,
refreshed_at BIGINT)"""
ORGANISATIONS: Final = "CREATE TABLE organisations (site VARCHAR, id VARCHAR, name VARCHAR, contact VARCHAR)"
