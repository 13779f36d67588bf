"""What differs between two moments: new, gone, back, and which fields have another value.

Both moments mean what `--at` means, so that the difference is that of the two lists. A value that changed and came back
is no difference; every step in between is told on demand.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import groupby
from typing import Final

from secops.core.clock import Instant
from secops.core.errors import UsageError
from secops.core.language import say
from secops.core.model import ASSET_KINDS, Change, Decision, Entity, Kind, State
from secops.core.query import And, Query, holds
from secops.hall.app import App
from secops.hall.flows import past, queries
from secops.hall.flows.history import changed, known, stepped
from secops.hall.flows.inventory_moved import entangled
from secops.hall.flows.inventory_then import Then
from secops.hall.flows.moment import instant
from secops.intake.declared_sections import by_kind
from secops.store import compile as compiler
from secops.store import decisions, entities, organisations, runs, window
from secops.store.grading import Transaction

NEW, GONE, BACK, CHANGED = "new", "gone", "back", "changed"
CLASSES: Final = (NEW, GONE, BACK, CHANGED)
Row = dict[str, object]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which differences are asked for."""

    query: str = ""
    """Assets that meet it at either moment."""
    kind: Kind | None = None
    org: str = ""
    field: str = ""
    every: bool = False
    """Each step instead of what came of all."""
    declared: bool = True
    """Also units and rows of registers, which have no asset of their own."""


@dataclass(slots=True)
class Told:
    """What was found so far, for a summary."""

    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    """(class, kind) -> how many things, each once: what went or came back has other values too."""
    fields: Counter[tuple[str, str]] = field(default_factory=Counter)
    """(kind, field) -> in how many things it has another value."""

    def rows(self) -> Iterator[Row]:
        """The summary as rows: things by class and kind, then fields by how often they changed."""
        order = {each: place for place, each in enumerate(CLASSES)}
        for (class_, kind), count in sorted(self.counts.items(), key=lambda each: (order[each[0][0]], each[0][1])):
            yield {"class": class_, "kind": kind, "field": "", "count": count}
        for (kind, name), count in sorted(self.fields.items(), key=lambda each: (-each[1], each[0])):
            yield {"class": CHANGED, "kind": kind, "field": name, "count": count}


def span(app: App, first: str, last: str) -> tuple[Instant, Instant]:
    """The two moments; of one run given twice its beginning and its end. Raises UsageError."""
    start, end = instant(app, first, end=first.strip() != last.strip()), instant(app, last)
    if start > end:
        raise UsageError(
            "E1314",
            say("起点晚于终点", "the first time lies after the last"),
            why=f"{first} > {last}",
            hint=say("先写较早的一个", "write the earlier one first"),
        )
    return start, end


def diff(app: App, first: str, last: str, wanted: Wanted = Wanted(), told: Told | None = None) -> Iterator[Row]:
    """Rows of what differs, thing by thing; `told` is filled while they are read. Raises UsageError.

    A row: class, at, kind, key, org.name, field, old, new, reason, run, who, entity, seq.
    """
    start, end = span(app, first, last)
    choice = Choice(app, wanted, start, end)
    told = Told() if told is None else told
    return _all(app, choice, told)


def _all(app: App, choice: "Choice", told: Told) -> Iterator[Row]:
    with app.database.scratch() as connection:
        units: dict[str, dict[str, str]] = {}
        for each in organisations.every(connection):
            units.setdefault(each.site, {})[each.id] = each.name
        for page in window.by_entity(connection, choice.start, choice.end):
            found = choice.met(connection, page)
            for id, entity in found.items():
                mine = units.get(entity.site, {})
                steps = _rows(page[id], entity, every=choice.wanted.every, field=choice.field)
                rows = [choice.by(connection, row) for row in steps]
                _count(told, rows)
                for row in rows:
                    told_ = {"site": entity.site} | row | _pointed(connection, row, mine)
                    yield told_ | {"name": _name(entity), "org.name": mine.get(entity.org_id, "")}
        for site in decisions.sites(connection) if choice.declarations else ():
            mine = units.get(site, {})
            for row in _declared(connection, site, choice):
                _count(told, [row])
                unit = mine.get(str(row["key"]), "") if row["kind"] == "organisation" else ""
                yield {"site": site} | row | {"name": "", "org.name": unit}


class Choice:
    """The assets asked about: of a kind, of a unit, that meet a query at either end."""

    def __init__(self, app: App, wanted: Wanted, start: Instant, end: Instant) -> None:
        self.app, self.wanted, self.start, self.end = app, wanted, start, end
        self._operators: dict[str, str] = {}
        self.kind, parsed = queries.read(app, wanted.query, wanted.kind)
        parts: list[Query] = [parsed] if wanted.query.strip() else []
        name = wanted.org.replace("\\", "\\\\").replace('"', '\\"')
        self._unit = f'org:"{name}"' if name else ""
        if self._unit:
            parts.append(queries.parse(app, self._unit, self.kind))
        self.query = past.asked(And(tuple(parts)), end) if parts else None
        self.field = known(wanted.field) if wanted.field else ""

    @property
    def declarations(self) -> bool:
        """Whether units and registers are asked about too."""
        wanted = self.wanted
        return wanted.declared and not (wanted.query or wanted.kind or wanted.org or wanted.field)

    def by(self, connection: Transaction, row: Row) -> Row:
        """The row, of what a run found with who let it run."""
        run = str(row["run"])
        if row["who"] or not run:
            return row
        if run not in self._operators:
            self._operators[run] = runs.operators(connection, [run]).get(run, "")
        return row | {"who": self._operators[run]}

    def met(self, connection: Transaction, ids: Collection[str]) -> dict[str, Entity]:
        """Those of these entities, by id, in this order."""
        known_ = entities.by_ids(connection, ids)
        found = {id: known_[id] for id in ids if id in known_ and (self.kind is None or known_[id].kind is self.kind)}
        if self.query is None:
            return found
        if entangled(self.query):
            return {id: each for id, each in found.items() if id in self._viewed}
        passed: set[str] = set()
        for at in (self.start, self.end):
            values = Then(connection, at).values([each for id, each in found.items() if id not in passed])
            passed |= {id for id, each in values.items() if each is not None and holds(self.query, each.get)}
        return {id: each for id, each in found.items() if id in passed}

    @cached_property
    def _viewed(self) -> frozenset[str]:
        """All that met the query at either end, out of views of the whole store: for what hangs on others."""
        words = [f"({self.wanted.query})" if self.wanted.query.strip() else "", self._unit]
        text = " ".join(each for each in words if each)
        kinds = (self.kind,) if self.kind is not None else (*ASSET_KINDS, Kind.SERVICE)
        found: set[str] = set()
        for at in (self.start, self.end):
            with past.opened(self.app, at) as connection:
                for kind, query in queries.by_kind(self.app, text, kinds):
                    found.update(entities.meeting(connection, kind, compiler.where(query, kind, at)))
        return frozenset(found)


def _rows(found: Sequence[Change], entity: Entity, *, every: bool, field: str) -> Iterator[Row]:
    for each in found if every else _net(found):
        if not field or each.field == field:
            yield {"class": _class(each)} | changed((each, entity.key))


def passed_by(steps: Iterable[tuple[str, object]]) -> bool:
    """Whether a thing came and went again: it was at neither end. `steps`: its fields and new values, oldest first."""
    last = dict(steps)
    return "born" in last and last.get("state") == State.GONE.value


def _net(found: Sequence[Change]) -> list[Change]:
    """What came of all: of each field one change from what it was to what it is, none where that is the same."""
    if passed_by((each.field, each.new) for each in found):
        return []
    born = next((each for each in found if each.field == "born"), None)
    steps: list[Change] = [born] if born is not None else []
    for name, part in groupby(sorted(found, key=lambda each: (each.field, each.seq)), key=lambda each: each.field):
        mine = list(part)
        first, last = mine[0], mine[-1]
        if name != "born" and first.old != last.new and born is None:
            steps.append(
                Change(last.entity, last.kind, last.site, name, first.old, last.new, last.at,
                       last.seq, last.reason, last.run, last.who)
            )  # fmt: skip
    return steps


def _class(each: Change) -> str:
    if each.field == "born":
        return NEW
    if each.field == "state" and each.new == str(State.GONE):
        return GONE
    return BACK if each.field == "state" and each.old == str(State.GONE) else CHANGED


def _pointed(connection: Transaction, row: Row, units: Mapping[str, str]) -> Row:
    """Whose the ids are that a change of unit or system goes from and to."""
    if row["field"] not in {"org_id", "system_id"}:
        return {}
    ids = {side: str(row[side]) for side in ("old", "new") if row[side]}
    if row["field"] == "org_id":
        return {f"{side}.name": units.get(id, id) for side, id in ids.items()}
    known_ = entities.by_ids(connection, ids.values())
    return {
        f"{side}.name": str(each.facts.get("name") or each.key) for side, id in ids.items() if (each := known_.get(id))
    }


def _name(entity: Entity) -> str:
    """A word on what it is: its name, or what runs there."""
    facts = entity.facts
    if entity.kind is Kind.SERVICE:
        told = (facts.get("service.name"), facts.get("service.product"), facts.get("service.version"))
        return " ".join(dict.fromkeys(str(each) for each in told if each))
    return str(facts.get("name") or facts.get("http.title") or "")


def _count(told: Told, rows: Sequence[Row]) -> None:
    if not rows:
        return
    kind, classes = str(rows[0]["kind"]), {str(row["class"]) for row in rows}
    told.counts[next(each for each in CLASSES if each in classes), kind] += 1
    for name in {str(row["field"]) for row in rows if row["class"] == CHANGED}:
        told.fields[kind, name] += 1


def _declared(connection: Transaction, site: str, choice: Choice) -> Iterator[Row]:
    """Units and rows of registers: what the declarations in between came to."""
    sections = {kind: each for kind, each in by_kind().items() if kind not in list(Kind)}
    for before, after in decisions.between(connection, site, choice.start, choice.end, sorted(sections)):
        assert isinstance(after.entry, Decision)
        kind, _, key = after.entry.subject.partition(":")
        old = before.entry.payload if before is not None and isinstance(before.entry, Decision) else {}
        for row in stepped(sections[kind], key, old, after.entry, after.seq):
            born = row["field"] == "born"
            if born or not old or old.get("withdrawn"):
                if born:
                    yield {"class": BACK if old else NEW} | row
            else:
                yield {"class": GONE if row["field"] == "declared" else CHANGED} | row
