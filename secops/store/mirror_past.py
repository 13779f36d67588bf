"""Counts as of an earlier moment out of the mirror: today's, less the rows that moved, and these as they were then.

What changed since is handed in as the store keeps it. Everything else is done in columns: which rows are concerned
(their own fields, those of their services, their system, their unit), what these said, and the counting. Today's counts
of every row are quicker than those of all but some, for which each id would have to be looked at.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from secops.core import address
from secops.core.clock import Instant
from secops.core.fields import Field, Type, by_name
from secops.core.model import Kind, Organisation, Value
from secops.core.query import Query, fields_of
from secops.store import mirror_computed as computed
from secops.store.changes import value
from secops.store.compile import where
from secops.store.derive import ORGANISATION
from secops.store.duck import Scratch
from secops.store.mirror_condition import Rows, stored
from secops.store.mirror_query import Counted, View, commonest, knows, told
from secops.store.mirror_tables import ASSETS, SERVICES, Wide, wide_of
from secops.store.moved import Before
from secops.store.shadow import SHADOWED

_SAID: Final = sa.table("said", sa.column("value"), sa.column("number"))


@dataclass(frozen=True, slots=True)
class Since:
    """What changed since a moment in what a question reads."""

    at: Instant
    own: Before
    services: Before | None
    systems: Before | None
    units: Sequence[tuple[str, str, Organisation | None]]
    """Site and id of every unit of which something was declared since, and what it was; None where it was not there."""


def facets(
    view: View, query: Query, kind: Kind | None, field: Field, since: Since, *, limit: int
) -> tuple[int, int, list[tuple[Value, int]]]:
    """As `View.facets`, of the moment."""
    with view.scratch() as duck:
        then = Then(duck, kind, {*fields_of(query), field.name}, since)
        parts = []
        for sign, table, met, alike in then.parts(query):
            counted = Counted.of(table, met, field, since.at, alike).values().subquery()
            parts.append(sa.select(counted.c.value, (sign * counted.c.number).label("number")))
        duck.keep("said", sa.union_all(*parts))
        number = sa.func.sum(_SAID.c.number)
        known = knows(field, _SAID.c.value)
        ((whole, knowing),) = duck.rows(sa.select(number, number.filter(known)))
        values = sa.select(_SAID.c.value, number.label("number")).where(known).group_by(sa.text("1")).having(number > 0)
        return int(whole or 0), int(knowing or 0), told(field, duck.rows(commonest(values, field, limit)))


def count(view: View, query: Query, kind: Kind | None, since: Since) -> int:
    """As `View.count`, of the moment."""
    with view.scratch() as duck:
        then = Then(duck, kind, set(fields_of(query)), since)
        whole = 0
        for sign, table, met, _ in then.parts(query):
            ((number,),) = duck.rows(sa.select(sa.func.count()).select_from(table).where(met))
            whole += sign * int(number)
        return whole


class Then:
    """What is needed of then in tables of its own beside the mirror's."""

    def __init__(self, duck: Scratch, kind: Kind | None, names: Collection[str], since: Since) -> None:
        self._duck = duck
        self._kind = kind
        self._at = since.at
        self._wide = wide_of(kind)
        fields = [by_name()[each] for each in sorted(names)]
        self._computed = [each for each in fields if each in self._wide.computed]
        self._columns = sorted({"id", "site", *(["kind"] if self._wide is ASSETS else []), *self._stored(fields)})
        own = _Own(duck, "own", since.own, self._wide)
        concerned = [own.ids()]
        joined = ""
        if since.services is not None:
            self._ports(_Own(duck, "service", since.services, SERVICES))
            concerned.append("SELECT id FROM parents")
            joined += " LEFT JOIN parents q ON q.id = r.id LEFT JOIN ports p ON p.parent = r.id"
        if since.systems is not None:
            concerned.append(self._systems(_Own(duck, "system", since.systems, ASSETS)))
            joined += f" LEFT JOIN systems s ON {computed.SYSTEM}"
        if any(_via(each) == ORGANISATION for each in self._computed):
            concerned.append(self._units(since))
            joined += f" LEFT JOIN units o ON {computed.UNIT}"
        duck.make("moved", " UNION ".join(concerned))
        self._over_ports = since.services is not None
        self._made(own, joined)

    def parts(self, query: Query) -> Iterator[tuple[int, sa.Table, sa.ColumnElement[bool], sa.Table | None]]:
        """What counts and, with -1, what does not: table, condition on it, and what its rows say alike."""
        yield 1, *Rows(query, self._kind, self._at).asked(), self._wide.said
        for sign, name in ((-1, "now_rows"), (1, "then_rows")):
            columns = (sa.Column(each, self._wide.table.c[each].type) for each in self._columns)
            table = sa.Table(name, sa.MetaData(), *columns)
            yield sign, table, where(query, self._kind, self._at, table), None

    def _stored(self, fields: Sequence[Field]) -> Iterator[str]:
        """The columns that must be in a row of then: the fields', and those that point where they are looked up."""
        for each in fields:
            column = stored(each)
            yield from (name for name in (column, f"{column}_key", _via(each)) if name in self._wide.table.c)

    def _ports(self, own: "_Own") -> None:
        """The addresses one of whose services changed, and what the active services of each came to."""
        self._duck.make(
            "parents",
            f"SELECT DISTINCT s.parent AS id FROM services_rows s JOIN ({own.ids()}) m ON m.id = s.id "
            "WHERE s.parent IS NOT NULL",
        )
        of = computed.members(self._computed)
        rows = own.rows("services t JOIN parents q ON q.id = t.parent", ("parent", "state", *of))
        self._duck.make("ports", computed.ports(f"({rows})", of))

    def _systems(self, own: "_Own") -> str:
        """What systems said; gives which rows point at one that changed."""
        of = {computed.source(each) for each in self._computed if _via(each) == "system_id"}
        every = f"(SELECT * FROM assets WHERE kind = '{Kind.SYSTEM}') t"
        self._duck.make("systems", own.rows(every, sorted({"id", "site", *of})))
        return f"SELECT r.id FROM {self._wide.rows.name} r JOIN ({own.ids()}) m ON m.id = r.system_id"

    def _units(self, since: Since) -> str:
        """What units were called; gives which rows point at one that was another."""
        import pyarrow as pa  # noqa: PLC0415 - an extra

        rows = [
            (site, id, then.name, then.contact) if then else (site, id, None, None) for site, id, then in since.units
        ]
        there = [then is not None for _, _, then in since.units]
        columns = list(zip(*rows, strict=True)) or [()] * 4
        names = ("site", "id", "name", "contact")
        texts = {name: pa.array(column, pa.string()) for name, column in zip(names, columns, strict=True)}
        self._duck.take("declared", pa.table({**texts, "there": pa.array(there, pa.bool_())}))
        self._duck.make(
            "units",
            "SELECT site, id, name, contact FROM organisations ANTI JOIN declared USING (site, id) "
            "UNION ALL SELECT site, id, nullif(name, ''), nullif(contact, '') FROM declared WHERE there",
        )
        return (
            f"SELECT r.id FROM {self._wide.rows.name} r JOIN (SELECT site, id FROM "
            "((FROM units EXCEPT FROM organisations) UNION (FROM organisations EXCEPT FROM units))) m "
            "ON m.site = r.site AND m.id = r.org_id"
        )

    def _made(self, own: "_Own", joined: str) -> None:
        """The rows of what moved, with the columns that are read, as they are and as they were."""
        columns = ", ".join(f'a."{each}"' for each in self._columns)
        self._duck.make("now_rows", f"SELECT {columns} FROM {self._wide.name} a JOIN moved m ON m.id = a.id")
        told_of = {each.column: self._value(each) for each in self._computed}
        values = [told_of.get(name, f'r."{name}"') for name in self._columns]
        listed = ", ".join(f'{each} AS "{name}"' for name, each in zip(self._columns, values, strict=True))
        rows = own.rows("now_rows t", self._columns)
        self._duck.make("then_rows", f"SELECT {listed} FROM ({rows}) r{joined}")

    def _value(self, field: Field) -> str:
        """A computed column over the row of then and what is joined to it."""
        then = computed.value(field)
        if not computed.over_ports(field):
            return then
        today = f'r."{field.column}"'
        return f"CASE WHEN q.id IS NOT NULL THEN {then} ELSE {today} END" if self._over_ports else today


class _Own:
    """What entities said themselves: a table for each field in which any changed, and one of those not yet known."""

    def __init__(self, duck: Scratch, name: str, before: Before, wide: Wide) -> None:
        import pyarrow as pa  # noqa: PLC0415 - an extra

        self._name = name
        self._columns: dict[str, str] = {}
        """Column -> the table that has it."""
        duck.take(f"{name}_born", pa.table({"id": pa.array(before.born, pa.string())}))
        self._tables = [f"{name}_born"]
        for each, rows in before.fields.items():
            field = by_name()[each]
            if not rows or field.column not in wide.table.c:
                continue
            table = f"{name}_{field.column}"
            columns = _columns(field, [old for _, old in rows])
            duck.take(table, pa.table({"id": [id for id, _ in rows], **columns}))
            self._columns |= dict.fromkeys(columns, table)
            self._tables.append(table)

    def ids(self) -> str:
        """The statement that gives all that changed."""
        return " UNION ".join(f"SELECT id FROM {each}" for each in self._tables)

    def rows(self, source: str, columns: Sequence[str]) -> str:
        """The statement that gives these columns of then; `source`: today's rows under the name `t`."""
        joined = sorted({self._columns[each] for each in columns if each in self._columns})
        listed = ", ".join(f'{self._then(each)} AS "{each}"' for each in columns)
        return (
            f"SELECT {listed} FROM {source}"
            + "".join(f" LEFT JOIN {each} ON {each}.id = t.id" for each in joined)
            + f" ANTI JOIN {self._name}_born b ON b.id = t.id"
        )

    def _then(self, column: str) -> str:
        table = self._columns.get(column)
        today = f't."{column}"'
        return today if table is None else f'CASE WHEN {table}.id IS NULL THEN {today} ELSE {table}."{column}" END'


def _columns(field: Field, olds: Sequence[str | None]) -> dict[str, Any]:
    """The columns that a field has in the mirror out of texts of changes; each text is read once."""
    import pyarrow as pa  # noqa: PLC0415 - an extra

    texts = pa.array(olds, pa.string()).dictionary_encode()
    found = [value(each) for each in texts.dictionary.to_pylist()]
    types = {
        Type.INTEGER: pa.int64(),
        Type.INSTANT: pa.int64(),
        Type.BOOLEAN: pa.bool_(),
        Type.ADDRESS: pa.binary(),
        Type.TEXTS: pa.list_(pa.string()),
        Type.ADDRESSES: pa.list_(pa.string()),
        Type.INTEGERS: pa.list_(pa.int64()),
    }
    cells = [address.pack(str(each)) for each in found] if field.type is Type.ADDRESS else found
    columns = {field.column: pa.array(cells, types.get(field.type, pa.string())).take(texts.indices)}
    if shadow := SHADOWED.get(field.type):
        keys = [None if each is None else shadow(each) for each in found]
        columns[f"{field.column}_key"] = pa.array(keys, pa.string()).take(texts.indices)
    return columns


def _via(field: Field) -> str:
    return "" if field.derived is None else field.derived.via
