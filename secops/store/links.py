"""Steps to what an entity hangs together with, as SQL that the indices of both ends serve."""

from collections.abc import Callable, Iterator
from typing import Any, Final, assert_never

import sqlalchemy as sa

from secops.core.links import Link, Way, by_link
from secops.core.model import Kind, State
from secops.store.entities import assets, services, table_of
from secops.store.relations import relations

There = Callable[[sa.FromClause], sa.ColumnElement[bool]]
"""The condition on the other end, given the table it lies in."""
_ENDS: Final = {Way.TO: ("source",), Way.FROM: ("target",), Way.BOTH: ("source", "target")}
"""Which ends of a relation are the near one."""


def leading(table: sa.FromClause, name: str, kind: Kind | None, condition: There) -> sa.ColumnElement[bool]:
    """Whether the step of this name leads from the row to an entity of this kind that meets the condition."""
    link = by_link()[name]
    there: sa.FromClause = (services if kind is Kind.SERVICE else assets).alias()
    wanted = [condition(there)]
    if kind is not None and kind is not Kind.SERVICE:
        wanted.append(there.c.kind == str(kind))
    return sa.or_(*(_leading(table, there, link, way, wanted) for way in (link.way, *link.also)))


def _leading(
    table: sa.FromClause, there: sa.FromClause, link: Link, way: Way, wanted: list[sa.ColumnElement[bool]]
) -> sa.ColumnElement[bool]:
    match way:
        case Way.TO | Way.FROM | Way.BOTH:
            type = None if link.type is None else str(link.type)
            return sa.or_(*(_drawn(table, there, type, near, wanted) for near in _ENDS[way]))
        case Way.SERVICES:
            return _exists(there, there.c.parent == table.c.id, there.c.state == str(State.ACTIVE), *wanted)
        case Way.PARENT:
            return _exists(there, there.c.id == table.c.parent, *wanted)
        case Way.SYSTEM:
            return _exists(there, there.c.id == table.c.system_id, there.c.site == table.c.site, *wanted)
        case Way.MEMBERS:
            return _exists(there, there.c.system_id == table.c.id, there.c.site == table.c.site, *wanted)
        case _:
            assert_never(way)


def leads(name: str, kind: Kind | None, far: sa.Select[Any]) -> sa.Select[Any]:
    """Ids of the entities from which the step leads to one of those that `far` selects. `kind`: of the near ones."""
    link = by_link()[name]
    parts = [part for way in (link.way, *link.also) for part in _leads(link, way, kind, far)]
    return parts[0] if len(parts) == 1 else sa.select(sa.union_all(*parts).subquery().c.id)


def _leads(link: Link, way: Way, kind: Kind | None, far: sa.Select[Any]) -> Iterator[sa.Select[Any]]:
    match way:
        case Way.TO | Way.FROM | Way.BOTH:
            for near in _ENDS[way]:
                other = relations.c.target if near == "source" else relations.c.source
                chosen = sa.select(relations.c[near].label("id")).where(other.in_(far))
                yield chosen if link.type is None else chosen.where(relations.c.type == str(link.type))
        case Way.SERVICES:
            parents = sa.select(services.c.parent.label("id"))
            yield parents.where(services.c.id.in_(far), services.c.parent.is_not(None))
        case Way.PARENT:
            yield sa.select(services.c.id).where(services.c.parent.in_(far))
        case Way.SYSTEM:
            table = table_of(kind)
            yield sa.select(table.c.id).where(table.c.system_id.in_(far))
        case Way.MEMBERS:
            for each in (assets, services):
                members = sa.select(each.c.system_id.label("id"))
                yield members.where(each.c.id.in_(far), each.c.system_id.is_not(None))
        case _:
            assert_never(way)


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
