"""Questions to an open mirror: the same answers as the store's, from columns instead of rows."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from secops.core.clock import DAY_MS, Instant
from secops.core.fields import SETS, Derivation, Field, Type, by_name
from secops.core.model import Kind, Value
from secops.core.query import EVERYTHING, Or, Query, fields_of, steps
from secops.store import derive
from secops.store.duck import Questions, Scratch
from secops.store.grading import Match, Question
from secops.store.mirror_condition import Rows, stored
from secops.store.mirror_tables import ALIKE, held, wide_of


def answers(query: Query, *fields: str) -> bool:
    """Whether the mirror can answer it, and has these fields: what hangs on relations is the store's."""
    return not any(True for _ in steps(query)) and all(held(by_name()[name]) for name in (*fields_of(query), *fields))


class View:
    """An open mirror. What it says is of one moment."""

    def __init__(self, duck: Any) -> None:
        self._file = Questions(duck)
        self.interrupt = self._file.interrupt

    def ids(self, query: Query, kind: Kind | None, now: Instant, *, after: str = "", limit: int = 0) -> list[str]:
        """Ids of what the query meets, in order, from behind `after`; at most `limit` (0: all)."""
        table, condition = Rows(query, kind, now).asked()
        chosen = sa.select(table.c.id).where(condition).order_by(table.c.id)
        if after:
            chosen = chosen.where(table.c.id > after)
        return [str(id) for (id,) in self._file.rows(chosen.limit(limit) if limit else chosen)]

    def count(self, query: Query, kind: Kind | None, now: Instant) -> int:
        """How many the query meets."""
        table, condition = Rows(query, kind, now).asked()
        return self._one(sa.select(sa.func.count()).select_from(table).where(condition))

    def facets(
        self, query: Query, kind: Kind | None, field: Field, now: Instant, *, limit: int
    ) -> tuple[int, int, list[tuple[Value, int]]]:
        """How many the query meets, how many of them know the field, and its commonest values with their counts."""
        table, condition = Rows(query, kind, now).asked()
        counted = Counted.of(table, condition, field, now, wide_of(kind).said)
        ((whole, knowing),) = self._file.rows(counted.whole())
        top = commonest(counted.values(counted.known), field, limit)
        return int(whole or 0), int(knowing or 0), told(field, self._file.rows(top))

    def scratch(self) -> AbstractContextManager[Scratch]:
        """A connection of its own to what is open, in which tables may be made that go with it."""
        return self._file.scratch()

    def batches(
        self, query: Query, kind: Kind | None, fields: Sequence[str], now: Instant, *, size: int = 50_000
    ) -> Any:
        """These fields of all that the query meets, in order of id, as a stream of Arrow batches.

        Times are whole milliseconds, addresses 16 bytes, sets lists, ages whole days. A column a field, by its name.
        """
        table, condition = Rows(query, kind, now).asked(*fields)
        columns = [_value(table, by_name()[name], now).label(name) for name in fields]
        chosen = sa.select(*columns).where(condition).order_by(table.c.id)
        return self._file.stream(chosen, size)

    def stream(self, statement: sa.SelectBase, *, size: int) -> Any:
        """The rows of the answer as Arrow batches of at most `size`, made as they are taken."""
        return self._file.stream(statement, size)

    def define(self, name: str, function: Callable[[Any], Any]) -> None:
        """Let questions call this function of texts, which gives bytes: an Arrow array for an Arrow array."""
        self._file.define(name, function)

    def values(
        self, query: Query, kind: Kind | None, fields: Sequence[str], now: Instant
    ) -> Iterator[tuple[Value, ...]]:
        """These fields of all that the query meets, in order of id, as `store.compile.values` has them."""
        table, condition = Rows(query, kind, now).asked(*fields)
        wanted = [by_name()[name] for name in fields]
        columns = [_raw(table, each).label(f"f{place}") for place, each in enumerate(wanted)]
        chosen = sa.select(*columns).where(condition).order_by(table.c.id)
        for row in self._file.rows(chosen):
            yield tuple(derive.decode(each, raw, now) for each, raw in zip(wanted, row, strict=True))

    def matches(self, question: Question, evidence: Sequence[str]) -> Iterator[Match]:
        """As `store.grading.matches` of the whole inventory."""
        table, condition = _asked(question, question.matched).asked(*evidence)
        wanted = [by_name()[name] for name in evidence]
        columns = [_raw(table, each).label(f"f{place}") for place, each in enumerate(wanted)]
        chosen = sa.select(table.c.id, table.c.site, table.c.org_id, table.c.system_id, *columns)
        for row in self._file.rows(chosen.where(condition).order_by(table.c.id)):
            values = {each.name: derive.decode(each, row[place], question.now) for place, each in enumerate(wanted, 4)}
            yield Match(row[0], row[1], row[2] or "", row[3] or "", values)

    def standing(self, question: Question) -> set[str]:
        """Ids of what the rule may still say something of: it matches, or cannot be judged."""
        table, condition = _asked(question, Or((question.matched, question.undecided))).asked()
        return {str(id) for (id,) in self._file.rows(sa.select(table.c.id).where(condition))}

    def undecided(self, question: Question, requires: Sequence[str]) -> tuple[int, dict[str, int]]:
        """As `store.grading.undecided` of the whole inventory."""
        if not requires:
            return 0, {}
        table, condition = _asked(question, question.undecided).asked(*requires)
        lacking = [sa.func.count().filter(_raw(table, by_name()[name]).is_(None)) for name in requires]
        chosen = sa.select(sa.func.count(), *lacking).select_from(table)
        ((total, *each),) = self._file.rows(chosen.where(condition))
        return int(total), {name: int(count) for name, count in zip(requires, each, strict=True) if count}

    def asked(self, question: Question) -> int:
        """How many entities the question is put to."""
        table, condition = _asked(question, EVERYTHING).asked()
        return self._one(sa.select(sa.func.count()).select_from(table).where(condition))

    def _one(self, statement: sa.SelectBase) -> int:
        ((number,),) = self._file.rows(statement)
        return int(number)


def _asked(question: Question, query: Query) -> Rows:
    return Rows(query, question.kind, question.now, [str(each) for each in question.states])


def _raw(table: sa.Table, field: Field) -> sa.ColumnElement[Any]:
    """What to select so that `derive.decode` gives the field's value."""
    if field.derived is not None and field.derived.how is Derivation.AGE:
        return derive.physical(table, by_name()[field.derived.of])
    return derive.physical(table, field)


def _value(table: sa.Table, field: Field, now: Instant) -> sa.ColumnElement[Any]:
    """The value itself: ages in whole days, as the store counts them."""
    if field.derived is not None and field.derived.how is Derivation.AGE:
        return (sa.literal(int(now)) - _raw(table, field)).op("//", precedence=8)(sa.literal(DAY_MS))
    return _raw(table, field)


@dataclass(frozen=True, slots=True)
class Counted:
    """Rows counted by what they say in a field."""

    rows: sa.FromClause
    conditions: tuple[sa.ColumnElement[bool], ...]
    number: sa.ColumnElement[Any]
    value: sa.ColumnElement[Any]
    known: sa.ColumnElement[bool]

    @classmethod
    def of(
        cls, table: sa.Table, condition: sa.ColumnElement[bool], field: Field, now: Instant, said: sa.Table | None
    ) -> "Counted":
        """Those of a table that meet a condition; `said`: what its rows say alike."""
        number: sa.ColumnElement[Any] = sa.func.count()
        rows: sa.FromClause = table
        conditions: tuple[sa.ColumnElement[bool], ...] = (condition,)
        if said is not None and stored(field) in said.c:  # counted by number first, of which there are few
            few = sa.select(table.c[ALIKE], number.label("number")).where(condition).group_by(table.c[ALIKE]).subquery()
            rows, conditions = few.join(said, said.c.number == few.c[ALIKE]), ()
            table, number = said, sa.func.sum(few.c.number)
        value = _value(table, field, now)
        return cls(rows, conditions, number, value, knows(field, value))

    def whole(self) -> sa.Select[Any]:
        """How many there are, and how many know the field."""
        return sa.select(self.number, self.number.filter(self.known)).select_from(self.rows).where(*self.conditions)

    def values(self, *conditions: sa.ColumnElement[bool]) -> sa.Select[Any]:
        """`value` and `number` of those who meet these conditions too."""
        found = sa.select(self.value.label("value"), self.number.label("number")).select_from(self.rows)
        return found.where(*self.conditions, *conditions).group_by(sa.text("1"))


def knows(field: Field, value: sa.ColumnElement[Any]) -> sa.ColumnElement[bool]:
    """Whether it is known: a set without members is not."""
    return sa.func.len(value) > 0 if field.type in SETS else value.is_not(None)


def commonest(found: sa.Select[Any], field: Field, limit: int) -> sa.Select[Any]:
    """The commonest of these values with their counts, of sets the members; at most `limit` (0: all)."""
    if field.type in SETS:  # few different sets: their members are counted, not those of every row
        sets = found.subquery()
        member = sa.func.unnest(sa.func.list_distinct(sets.c.value)).label("value")
        inner = sa.select(member, sets.c.number).subquery()
        found = sa.select(inner.c.value, sa.func.sum(inner.c.number).label("number")).group_by(sa.text("1"))
    ordered = found.order_by(sa.text("2 DESC"), sa.text("1"))
    return ordered.limit(limit) if limit else ordered


def told(field: Field, rows: Iterable[tuple[Any, ...]]) -> list[tuple[Value, int]]:
    """Values with their counts, as the field has them."""
    return [(_decoded(field, raw), int(count)) for raw, count in rows]


def _decoded(field: Field, raw: Any) -> Value:
    if field.type is Type.ADDRESS:
        return derive.decode(field, raw, Instant(0))
    return raw if isinstance(raw, (bool, int, float, str)) else str(raw)
