"""What the settled rows of an import change: told row by row, recorded chunk by chunk, each whole or not at all."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, islice
from typing import Final

from secops.core.clock import Instant
from secops.core.events import Row
from secops.core.language import say
from secops.core.model import Decision, DecisionType, Entity, Skipped
from secops.hall.app import App
from secops.hall.flows.ledger_doubts import held, holds, put_back, systems_of
from secops.hall.flows.ledger_missing import Seen, missing
from secops.hall.flows.ledger_settle import Settled, why_left
from secops.hall.flows.ledger_spool import Item, Spool
from secops.hall.flows.merge import Replay
from secops.hall.flows.register import change, differing
from secops.hall.flows.statement import Force, news, record, waiting, withdrawals
from secops.intake.declared_amend import amended
from secops.intake.declared_doubts import impossible, turning
from secops.intake.declared_refer import resolved
from secops.intake.declared_sections import Stated, by_kind, sections, value_of
from secops.intake.sheet_rows import Faulty, Passed, Read
from secops.store import decisions
from secops.store.grading import Transaction

CHUNK: Final = 5_000
"""Rows of one declaration: what the merge takes in as one."""
WHOLE: Final = 10_000
"""Up to so many changes are one transaction; more are recorded chunk by chunk, and a second run goes on."""
ROW: Final = "import"
NEW, CHANGED, SAME, PROPOSED, LEFT, PASSED, REPEATED, WITHDRAWN = (
    "new", "changed", "same", "proposed", "left_out", "passed", "repeated", "withdrawn",
)  # fmt: skip
UNDONE, ODD = "undone", "odd"
_WHAT: Final = {"declared": NEW, "changed": CHANGED, "proposed": PROPOSED, "withdrawn": WITHDRAWN}

Change = tuple[Decision, str]


@dataclass(slots=True)
class Work:
    """One import: its rows, what they mean together, who brings them in and why."""

    spool: Spool
    settled: Settled
    who: str
    reason: str
    named: bool = True
    """The reason of each decision names the place its row stands at."""
    gone: tuple[str, ...] = ()
    """Subjects that the import withdraws."""
    counts: dict[str, int] = field(default_factory=dict)
    seen: Seen | None = None
    """Of a ledger, which may hold all that is registered: what its rows are about."""
    missing: tuple[str, ...] = ()
    """What the preview tells of registered things that are not in it."""
    warned: dict[str, int] = field(default_factory=dict)
    """How many rows the preview warned of, by why."""
    at: int = 0
    """Of the latest declaration: two of them never share a moment, or a replay would take them as one."""

    def count(self, outcome: str) -> None:
        """One more."""
        self.counts[outcome] = self.counts.get(outcome, 0) + 1


@dataclass(frozen=True, slots=True)
class Chunk:
    """What so many rows change, and what is told of each."""

    changes: list[Change]
    rows: list[Row]


class Walk:
    """Goes through all rows of an import once, chunk by chunk, each seen as one transaction sees what is declared."""

    def __init__(self, app: App, work: Work, *, telling: bool = False) -> None:
        """`telling`: what the rows undo or take away is looked up too."""
        self._app = app
        self._work = work
        self._telling = telling
        work.counts = {}
        if telling:
            work.warned = {}
        self._proposals = {each.subject: each for each in waiting(app)}
        self._items = chain(work.settled.created, work.spool)
        self._gone = iter(work.gone)
        self._done: set[int] = set()

    def step(self, connection: Transaction) -> Chunk | None:
        """The next chunk; None at the end."""
        if part := list(islice(self._items, CHUNK)):
            return self._stated(part, connection)
        if subjects := list(islice(self._gone, CHUNK)):
            return _withdrawn(self._app, self._work, subjects, connection)
        return None

    def _stated(self, part: Sequence[Item], connection: Transaction) -> Chunk:
        work = self._work
        things = [(each, _thing(work.settled, each)) for each in part]
        before = _before(self._app, connection, list({one.subject: 0 for _, one in things if isinstance(one, Stated)}))
        rows: list[Row | Stated] = []
        new: list[Stated] = []
        for item, thing in things:
            if self._telling and work.seen is not None:
                work.seen.note(work.settled, item, thing)
            found = self._row(item, thing, before)
            rows.append(found)
            if isinstance(found, Stated):
                new.append(found)
        force = Force(before, self._proposals)
        changes = _dated(self._app, work, news(self._app, new, force, who=work.who, reason=work.reason))
        what = {decision.subject: word for decision, word in changes}
        view = _viewed(self._app, connection, new, what, before) if self._telling else View()
        told = [
            each if isinstance(each, Row) else _outcome(work, each, what.get(each.subject), before, view)
            for each in rows
        ]
        return Chunk(_placed(work, changes, new), told)

    def _row(self, item: Item, thing: Stated | Skipped | Passed, before: Mapping[str, Decision]) -> Row | Stated:
        """What is stated once the row is taken, or what is told of one that is not."""
        work = self._work
        if isinstance(thing, Skipped):
            return _told(work, LEFT, thing.where, None, reason=thing.reason)
        if isinstance(thing, Passed) or not isinstance(item, Read):
            return _told(work, PASSED, thing.where, None, reason=getattr(thing, "reason", ""))
        number = hash(thing.subject)
        if number in self._done:
            return _told(work, REPEATED, item.where, thing, reason=say("与前面的行相同", "the same as a row before"))
        self._done.add(number)
        old = before.get(thing.subject)
        after = _after(work.settled, item, thing, old.payload if old else None)
        return _told(work, LEFT, after.where, thing, reason=after.reason) if isinstance(after, Skipped) else after


def _thing(settled: Settled, item: Item) -> Stated | Skipped | Passed:
    if isinstance(item, Faulty):
        return Skipped(item.where, "；".join([item.reason, *(each.reason for each in _misled(settled, item.read))]))
    if not isinstance(item, Read):
        return item
    try:
        thing = settled.thing(item)
    except ValueError as error:
        wrong = list(_misled(settled, item)) or [Skipped(item.where, str(error))]
        return Skipped(wrong[0].where, "；".join(each.reason for each in wrong))
    return why_left(settled, item, thing) or thing


def _misled(settled: Settled, item: Read) -> Iterator[Skipped]:
    """The cells whose references lead nowhere, and what to try."""
    section = sections()[item.section]
    for name, slot in section.slots.items():
        if not slot.refers or name not in item.flat:
            continue
        value = item.flat[name]
        for word in value if isinstance(value, list) else [value]:
            try:
                settled.directory.key(slot.refers, str(word))
            except ValueError as error:
                unknown = not settled.directory.keys(slot.refers, str(word))
                hint = _HINTS.get(slot.refers, _HINTS[""]) if unknown else ("写编号", "write its key")
                yield Skipped(item.cell(name), f"{slot.title}: {error}（{say(*hint)}）")


_HINTS: Final = {
    "organisation": (
        "先登记；是简称就登记“单位简称”，或在映射里写 words；是新单位可加 --create-organisations 一并登记",
        "declare it, or its short name, or say words in the mapping; --create-organisations declares a new one",
    ),
    "": ("先登记它", "declare it first"),
}


def _after(settled: Settled, item: Read, thing: Stated, before: Mapping[str, object] | None) -> Stated | Skipped:
    section = sections()[item.section]
    flat = item.flat
    if thing.subject in settled.held:
        flat = {name: value for name, value in flat.items() if name != "sbom"}
    new = amended(section, thing.key, before, flat, cleared=item.cleared, where=item.where)
    if isinstance(new, Skipped):
        return new
    try:
        new = resolved(new, settled.directory)
    except ValueError as error:
        return Skipped(item.where, str(error))
    if wrong := impossible(section, turning(section, new.payload), flat.keys()):
        return Skipped(item.cell(wrong[0]), wrong[1])
    return new


def _before(app: App, connection: Transaction, subjects: Sequence[str]) -> dict[str, Decision]:
    found = decisions.of_subjects(connection, DecisionType.DECLARE, app.site, subjects)
    entries = {subject: each.entry for subject, each in found.items()}
    return {
        subject: each
        for subject, each in entries.items()
        if isinstance(each, Decision) and not each.payload.get("withdrawn")
    }


def _dated(app: App, work: Work, found: Iterable[Change]) -> list[Change]:
    """The decisions at a moment of their own."""
    work.at = max(int(app.clock.now()), work.at + 1)
    return [(replace(decision, at=Instant(work.at)), what) for decision, what in found]


def _placed(work: Work, found: Sequence[Change], new: Sequence[Stated]) -> list[Change]:
    """The decisions with the place each comes from in their reason."""
    if not work.named:
        return list(found)
    where = {each.subject: each.where for each in new}
    return [
        (
            replace(decision, reason=" ".join(each for each in (work.reason, where.get(decision.subject, "")) if each)),
            what,
        )
        for decision, what in found
    ]


@dataclass(frozen=True, slots=True)
class View:
    """What the preview says beside the change itself."""

    undone: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Subject -> later edits that the row undoes, in words."""
    assets: Mapping[str, Entity] = field(default_factory=dict)
    """Subject -> what is known of it, whoever says so."""
    systems: Mapping[str, str] = field(default_factory=dict)
    """Id of a system -> its code."""


def _viewed(
    app: App, connection: Transaction, new: Sequence[Stated], what: Mapping[str, str], before: Mapping[str, Decision]
) -> View:
    mine = [each for each in new if each.subject in what]
    changed = [(each, before[each.subject]) for each in mine if each.subject in before]
    assets = held(connection, app.site, mine)
    return View(put_back(connection, app.site, changed), assets, systems_of(connection, list(assets.values())))


def _outcome(work: Work, each: Stated, what: str | None, before: Mapping[str, Decision], view: View) -> Row:
    if what is None:
        return _told(work, SAME, each.where, each)
    section, old = by_kind()[each.kind], before.get(each.subject)
    payload = old.payload if old else {}
    known = work.settled.known
    changed = differing(section, payload, each.payload, known.called)
    if (asset := view.assets.get(each.subject)) is not None:
        for name in [name for name in section.slots if value_of(section, payload, name) is None]:
            shown = holds(asset, section, name, view.systems)
            if shown is not None and section.slots[name].title in changed:
                changed |= change(section, name, shown, value_of(section, each.payload, name), known.called)
    undone, odd = view.undone.get(each.subject, ()), tuple(known.doubts(each))
    for name, found in ((UNDONE, undone), (ODD, odd)):
        if found:
            work.warned[name] = work.warned.get(name, 0) + 1
    return _told(work, _WHAT[what], each.where, each, change=changed, warning="；".join([*odd, *undone]))


def _told(
    work: Work,
    outcome: str,
    where: str,
    thing: Stated | None,
    *,
    reason: str = "",
    change: Mapping[str, object] | None = None,
    warning: str = "",
) -> Row:
    work.count(outcome)
    told: dict[str, object] = {"where": where, "outcome": outcome}
    if thing is not None:
        section = by_kind()[thing.kind]
        told |= {"section": section.name, "subject": thing.subject, "title": _title(thing)}
    return Row(ROW, told | {"change": dict(change or {}), "reason": reason, "warning": warning})


def _title(thing: Stated) -> str:
    section = by_kind()[thing.kind]
    named = value_of(section, thing.payload, "name") if "name" in section.slots else None
    return thing.key if not named or named == thing.key else f"{named} [{thing.key}]"


def _withdrawn(app: App, work: Work, subjects: Sequence[str], connection: Transaction) -> Chunk:
    force = Force(_before(app, connection, list(subjects)))
    held = [each for each in subjects if each in force.decisions]
    found = _dated(app, work, withdrawals(app, held, force, who=work.who, reason=work.reason))
    rows = []
    for subject in held:
        payload = force.decisions[subject].payload
        kind, _, key = subject.partition(":")
        rows.append(_told(work, WITHDRAWN, "", Stated(kind, key, payload, "")))
    return Chunk(found, rows)


def told(app: App, work: Work) -> Iterator[Chunk]:
    """What would change; nothing is written."""
    walk = Walk(app, work, telling=True)
    while True:
        with app.database.read() as connection:
            chunk = walk.step(connection)
        if chunk is None:
            work.missing = tuple(missing(app, work.seen)) if work.seen is not None else ()
            return
        yield chunk


def apply(app: App, work: Work, *, seen: int, changes: int, whole: int) -> Iterator[int]:
    """Record and merge: up to `whole` changes as one transaction, else chunk by chunk. Yields how many rows are done.

    `seen`: the newest decision when the rows were told; where there is a later one nothing is written.
    Raises StaleError.
    """
    walk, replay = Walk(app, work), Replay(app)
    done = 0
    if changes <= whole:
        with app.database.write() as connection:
            _unchanged(connection, seen)
            while (chunk := walk.step(connection)) is not None:
                record(connection, chunk.changes)
                done += len(chunk.rows)
            replay.upto_end(connection)
        yield done
        return
    while True:
        with app.database.write() as connection:
            if not done:
                _unchanged(connection, seen)
            if (chunk := walk.step(connection)) is None:
                return
            record(connection, chunk.changes)
            replay.upto_end(connection)
        done += len(chunk.rows)
        yield done


class StaleError(Exception):
    """Something was declared after the rows were told."""


def _unchanged(connection: Transaction, seen: int) -> None:
    if decisions.last(connection) != seen:
        raise StaleError
