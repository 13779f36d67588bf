"""Steps to what an entity hangs together with, as SQL that the indices of both ends serve."""

from collections.abc import Callable
from typing import Any, assert_never

import sqlalchemy as sa

from secops.core.links import Way, by_link
from secops.core.model import Kind, State
from secops.store.entities import assets, services
from secops.store.relations import relations

There = Callable[[sa.FromClause], sa.ColumnElement[bool]]
"""The condition on the other end, given the table it lies in."""


def leading(table: sa.FromClause, name: str, kind: Kind | None, condition: There) -> sa.ColumnElement[bool]:
    """Whether the step of this name leads from the row to an entity of this kind that meets the condition."""
    link = by_link()[name]
    there: sa.FromClause = (services if kind is Kind.SERVICE else assets).alias()
    wanted = [condition(there)]
    if kind is not None and kind is not Kind.SERVICE:
        wanted.append(there.c.kind == str(kind))
    match link.way:
        case Way.TO | Way.FROM | Way.BOTH:
            ends = {Way.TO: ("source",), Way.FROM: ("target",)}.get(link.way, ("source", "target"))
            type = None if link.type is None else str(link.type)
            return sa.or_(*(_drawn(table, there, type, near, wanted) for near in ends))
        case Way.SERVICES:
            return _exists(there, there.c.parent == table.c.id, there.c.state == str(State.ACTIVE), *wanted)
        case Way.PARENT:
            return _exists(there, there.c.id == table.c.parent, *wanted)
        case Way.SYSTEM:
            return _exists(there, there.c.id == table.c.system_id, there.c.site == table.c.site, *wanted)
        case Way.MEMBERS:
            return _exists(there, there.c.system_id == table.c.id, there.c.site == table.c.site, *wanted)
        case _:
            assert_never(link.way)


def _drawn(
    table: sa.FromClause, there: sa.FromClause, type: str | None, near: str, wanted: list[sa.ColumnElement[bool]]
) -> sa.ColumnElement[bool]:
    drawn = relations.alias()
    far = drawn.c.target if near == "source" else drawn.c.source
    here: list[sa.ColumnElement[Any]] = [drawn.c[near] == table.c.id]
    if type is not None:
        here.append(drawn.c.type == type)
    return sa.exists().select_from(drawn.join(there, there.c.id == far)).where(*here, *wanted)


def _exists(there: sa.FromClause, *conditions: sa.ColumnElement[bool]) -> sa.ColumnElement[bool]:
    return sa.exists().select_from(there).where(*conditions)
