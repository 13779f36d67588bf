"""Chosen fields of many entities out of the mirror, column by column: the values that `store.columns` reads."""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any, Final

import sqlalchemy as sa

from secops.core import address, key_order
from secops.core.clock import Instant
from secops.core.fields import SETS, Derivation, Field, Type, by_name
from secops.core.model import Kind, Value
from secops.core.query import Query
from secops.store import derive
from secops.store.columns import reader
from secops.store.mirror_condition import Rows
from secops.store.mirror_query import View
from secops.store.mirror_tables import held

SIZE: Final = 10_000
"""Rows of a batch."""
_SPOT: Final = "key_place"


def columns(
    view: View,
    query: Query,
    kind: Kind | None,
    fields: Sequence[str],
    now: Instant,
    *,
    parted: str = "",
    by_key: bool = False,
) -> Iterator[list[Sequence[Value]]]:
    """These fields of all of the kind that the query meets, by batches of columns, in order of id.

    `parted`: sets as one text, parted by this. `by_key`: in the order of `core.key_order`, of equals that of id. A
    field that the mirror does not hold is unknown in every row.
    """
    table, condition = Rows(query, kind, now).asked("key", *(each for each in fields if held(by_name()[each])))
    wanted = [by_name()[name] for name in fields]
    read = _known(view, table, condition, [each for each in wanted if held(each)])
    chosen = sa.select(*(_column(table, each, parted).label(each.column) for each in read)).where(condition)
    if by_key:
        view.define(_SPOT, _places)
        chosen = chosen.order_by(getattr(sa.func, _SPOT)(table.c.key))
    for batch in view.stream(chosen.order_by(table.c.id), size=SIZE):
        found = {each.name: _values(each, batch.column(n), now, parted) for n, each in enumerate(read)}
        nothing: Sequence[Value] = (None,) * batch.num_rows
        yield [found.get(each.name, nothing) for each in wanted]


def _known(view: View, table: sa.Table, condition: sa.ColumnElement[bool], fields: Sequence[Field]) -> list[Field]:
    """Those of the fields that any row knows; one at least, since rows of no columns have no number.

    Most facts are known of few things: what is known of none need not be sorted and carried.
    """
    counted = sa.select(*(sa.func.count(_raw(table, each)) for each in fields)).where(condition)
    (row,) = view.stream(counted, size=1).read_all().to_pylist() if fields else ({},)
    found = [each for each, number in zip(fields, row.values(), strict=True) if number]
    return found or list(fields[:1])


def _raw(table: sa.Table, field: Field) -> sa.ColumnElement[Any]:
    of = field.derived.of if field.derived is not None and field.derived.how is Derivation.AGE else ""
    return derive.physical(table, by_name()[of] if of else field)


def _column(table: sa.Table, field: Field, parted: str) -> sa.ColumnElement[Any]:
    raw = _raw(table, field)
    return sa.func.array_to_string(raw, sa.literal(parted)) if parted and field.type in SETS else raw


def _values(field: Field, column: Any, now: Instant, parted: str) -> Sequence[Value]:
    found: list[Any] = column.to_pylist()
    if field.type is Type.ADDRESS:
        return [None if each is None else _address(each) for each in found]
    read = None if field.type is Type.BOOLEAN or (parted and field.type in SETS) else reader(field, now)
    return found if read is None else list(map(read, found))


_address = lru_cache(maxsize=4_096)(address.unpack)


def _places(keys: Any) -> Any:
    import pyarrow as pa  # noqa: PLC0415 - an extra

    return pa.array([key_order.packed(each) for each in keys.to_pylist()], pa.binary())
