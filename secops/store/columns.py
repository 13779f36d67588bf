"""Chosen fields of many entities, a page of rows at a time: what is not asked for is not read, and nothing is built."""

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from itertools import repeat
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from secops.core.clock import Instant
from secops.core.fields import Derivation, Field, Type, by_name
from secops.core.model import Kind, Value
from secops.store import derive

Values = tuple[Value, ...]
PAGE: Final = 1_000
_PLAIN: Final = frozenset({Type.TEXT, Type.VERSION, Type.INTEGER, Type.INSTANT})


def rows(
    connection: Connection, kind: Kind | None, condition: sa.ColumnElement[bool], fields: Sequence[str], now: Instant,
    *, after: str = "",
) -> Iterator[Values]:  # fmt: skip
    """These fields of all of the kind that meet the condition, in order of id, from behind `after`.

    Without a kind of the seven kinds of asset.
    """
    table = derive.table_of(kind)
    chosen = _chosen(kind, ("id", *fields)).where(condition).order_by(table.c.id).limit(PAGE)
    readers = [reader(by_name()[name], now) for name in fields]
    while True:
        page = connection.execute(chosen.where(table.c.id > after)).fetchall()
        if not page:
            return
        _, *columns = zip(*page, strict=True)
        told = [list(map(read, column)) if read else column for read, column in zip(readers, columns, strict=True)]
        yield from zip(*told, strict=True) if told else repeat((), len(page))
        if len(page) < PAGE:
            return
        after = page[-1][0]


@lru_cache(maxsize=64)
def _chosen(kind: Kind | None, fields: tuple[str, ...]) -> sa.Select[Any]:
    table = derive.table_of(kind)
    columns = [derive.expression(table, by_name()[name]).label(f"f{place}") for place, name in enumerate(fields)]
    return sa.select(*columns)


def reader(field: Field, now: Instant) -> Callable[[Any], Value] | None:
    """What gives the field's value as `derive.decode` does; None where the raw one is it."""
    aged = field.derived is not None and field.derived.how is Derivation.AGE
    if field.type in _PLAIN and not aged:
        return None

    def read(raw: Any) -> Value:
        return None if raw is None else derive.decode(field, raw, now)

    return read
