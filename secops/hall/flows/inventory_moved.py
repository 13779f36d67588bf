"""For which entities the answer that a query gets today may not be the one it got at an earlier moment."""

from bisect import bisect_right
from collections.abc import Collection
from dataclasses import dataclass, replace

from secops.core.clock import Instant
from secops.core.fields import Derivation, by_name
from secops.core.model import Kind
from secops.core.query import And, Query, fields_of, steps
from secops.hall.app import App
from secops.hall.flows.inventory import PAGE
from secops.hall.flows.mirror import ask
from secops.hall.flows.past import changed_units
from secops.store import cursor, moved
from secops.store.grading import Transaction

FEW = 2_000
"""Fewer changes since in what the query reads are looked through at once, before the first page."""
MANY = 20_000
"""As many entities at most, where a page is not full; more are met page by page."""


def entangled(query: Query) -> bool:
    """Whether it hangs on too much to be taken back: on relations, or on how declared and found agree."""
    derived = [by_name()[name].derived for name in fields_of(query)]
    return any(steps(query)) or any(each is not None and each.how is Derivation.STANDING for each in derived)


@dataclass(frozen=True, slots=True)
class Reads:
    """What a query reads: fields of the entity itself, of its services, of its system; units that are others now."""

    kind: Kind | None
    at: Instant
    own: frozenset[str]
    services: frozenset[str]
    system: frozenset[str]
    units: frozenset[str] = frozenset()

    @property
    def fields(self) -> frozenset[str]:
        """All of them."""
        return self.own | self.services | self.system

    @property
    def pointing(self) -> bool:
        """Whether it reads what is told of units."""
        return "org_id" in self.own

    def few(self, connection: Transaction) -> bool:
        """Whether so little changed since in what is read that all of it is looked through at once."""
        return moved.size(connection, self.fields, self.at, limit=FEW) < FEW

    def every(self, connection: Transaction, many: int) -> list[str] | None:
        """Every id for which an answer of today may not be then's, in order; None where so many hang on one thing."""
        found = [moved.every_own(connection, self.own, self.kind, self.at, limit=many)]
        if self.services:
            found.append(moved.every_parent(connection, self.services, self.at, limit=many))
        if self.system:
            found.append(moved.members(connection, self.system, self.kind, self.at, limit=many))
        found.append(moved.owned(connection, self.units, self.kind, limit=many))
        return None if any(len(each) >= many for each in found) else sorted(set().union(*found))

    def between(self, connection: Transaction, after: str, upto: str, near: Collection[str] | None = None) -> list[str]:
        """The first of them between two ids, at most PAGE, in order. `near`: the entities alone that may be meant."""
        found = list[list[str]]()
        if self.own and near is not None:
            found.append(moved.some(connection, self.own, self.at, near)[:PAGE])
        elif self.own:
            found.append(moved.own(connection, self.own, self.kind, self.at, after=after, upto=upto, limit=PAGE))
        if self.services:
            found.append(moved.parents(connection, self.services, self.at, after=after, upto=upto, limit=PAGE))
        if self.system:
            found.append(moved.members(connection, self.system, self.kind, self.at, after=after, upto=upto, limit=PAGE))
        found.append(moved.owned(connection, self.units, self.kind, after=after, upto=upto, limit=PAGE))
        return sorted(set().union(*found))[:PAGE]


class Moved:
    """For which entities an answer of today may not be then's: looked up once where they are few, else page by page."""

    def __init__(self, app: App, at: Instant, query: Query, kind: Kind | None) -> None:
        self._app = app
        self._query = query
        with app.database.read() as connection:
            read = reads(query, kind, at)
            others = changed_units(connection, at) if read.pointing else ()
            self._reads = replace(read, units=frozenset(id for _, id in others))
            self._renew(connection)

    def _renew(self, connection: Transaction) -> None:
        self._merged = cursor.get(connection)
        """How far the log was merged when this was looked up."""
        self._little = self._reads.few(connection)
        self._every = self._reads.every(connection, MANY) if self._little else None
        self._lasting = None if self._little else _lasting(connection, self._query, self._reads.at)

    def near(self, after: str, upto: str) -> list[str] | None:
        """Between two ids the few that meet the lasting part of the query today; None: many, or not known."""
        lasting = self._lasting
        if lasting is None:
            return None
        kind, at = self._reads.kind, self._reads.at
        ids = ask(self._app, lasting, lambda view: view.ids(lasting, kind, at, after=after, limit=PAGE))
        if ids is None or (len(ids) == PAGE and not (upto and ids[-1] > upto)):
            return None
        return ids[: bisect_right(ids, upto)] if upto else ids

    def between(self, connection: Transaction, after: str, upto: str, near: list[str] | None) -> list[str]:
        """The first of them between two ids (`upto` empty: to the end), at most PAGE, in order."""
        if cursor.get(connection) != self._merged:
            near = None
            self._renew(connection)
        if self._every is None and not self._little and not upto:
            self._little, self._every = True, self._reads.every(connection, MANY)
        if self._every is None:
            return self._reads.between(connection, after, upto, near)
        return self._every[bisect_right(self._every, after) : bisect_right(self._every, upto) if upto else None][:PAGE]


def _lasting(connection: Transaction, query: Query, at: Instant) -> Query | None:
    """The part of a query in whose fields nothing changed since, so that who met it then meets it; None without one."""
    parts = query.items if isinstance(query, And) else (query,)
    stored = [each for each in parts if _plain(each) and not moved.size(connection, fields_of(each), at, limit=1)]
    return And(tuple(stored)) if stored else None


def _plain(query: Query) -> bool:
    """Whether it reads what entities say themselves, and more than their kind, which most share."""
    fields = fields_of(query)
    return all(by_name()[each].derived is None for each in fields) and not set(fields) <= {"kind", "site"}


def reads(query: Query, kind: Kind | None, at: Instant) -> Reads:
    """What this query reads of entities of the kind; which units are others now is left open."""
    own, theirs, system = set[str](), set[str](), set[str]()
    for name in fields_of(query):
        derived = by_name()[name].derived
        if derived is None:
            own.add(name)
        elif derived.how is Derivation.AGE:
            own.add(derived.of)
        elif derived.how in {Derivation.LOOKUP, Derivation.MISSING}:
            own.add(derived.via)
            if derived.via == "system_id":
                system |= {derived.of, moved.BORN}
        elif kind is None or kind is Kind.IP:
            theirs |= {"state", moved.BORN, *([derived.of] if derived.of else [])}
    return Reads(kind, at, frozenset(own), frozenset(theirs), frozenset(system))
