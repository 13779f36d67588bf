"""Rows of the registers, as their decisions leave them, and what they tell of the systems they are about."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from secops.assets import draft as drafts
from secops.assets.draft import Cause
from secops.assets.outstanding import texts
from secops.assets.record import SOURCE, record, supply, told
from secops.assets.work import Merged, Work
from secops.core.model import Decision, Entity, Kind, Logged, Value, entity_id
from secops.core.record import Record
from secops.store import entities, looks, records
from secops.store.grading import Transaction

_STEPS_MOST = 200
"""Of so many rows of one system at most is told which one changed what; of more, the last one is named."""


@dataclass(slots=True)
class _Step:
    """What one decision did to its row."""

    logged: Logged
    old: Record | None
    new: Record | None


@dataclass(slots=True)
class _System:
    """A system that rows of a declaration are about."""

    steps: list[_Step] = field(default_factory=list)
    declared: Logged | None = None
    """Its own declaration among them."""


def registered(
    connection: Transaction, rows: Sequence[Logged], assets: Sequence[Logged]
) -> tuple[Merged, dict[str, Entity]]:
    """Put the rows of one declaration; gives what became of the systems they, and its `assets`, are about."""
    last = (rows or assets)[-1]
    assert isinstance(last.entry, Decision)
    site = last.entry.site
    systems = _systems(connection, site, rows, assets)
    ids = {entity_id(site, Kind.SYSTEM, code): code for code in systems}
    known = looks.timed(connection, entities.by_ids(connection, ids))
    work = Work(known)
    about = _grouped(records.of_systems(connection, site, systems.keys())) if known else {}
    for id in known:
        draft = work.get(id)
        assert draft is not None
        code, before, begun = ids[id], draft.facts.get("system.suppliers"), len(draft.changes)
        mine, system = about.get(code, {}), systems[code]
        cause = _cause(system.steps[-1].logged if system.steps else system.declared or last)
        facts = told(code, mine.values())
        causes = _causes(code, mine, facts, system.steps)
        if facts:
            at = max(int(cause.at), draft.sources.get(SOURCE, (0, 0, ""))[0])
            drafts.look(draft, cause, SOURCE, at, facts)
        else:
            drafts.forget(draft, cause, SOURCE)
        for place, each in enumerate(draft.changes[begun:], begun):
            why = causes.get(each.field, cause)
            draft.changes[place] = replace(each, seq=why.seq, reason=why.reason)
        supply(work, draft, before, causes.get("system.suppliers", cause))
    return work.merged(), known


def _systems(
    connection: Transaction, site: str, rows: Iterable[Logged], assets: Iterable[Logged]
) -> dict[str, _System]:
    """Put the rows; gives the systems that are concerned by their codes."""
    systems: dict[str, _System] = {}
    for each in assets:
        if code := _system(each):
            systems.setdefault(code, _System()).declared = each
    for each in rows:
        assert isinstance(each.entry, Decision)
        type, _, key = each.entry.subject.partition(":")
        step = _Step(each, records.get(connection, site, type, key), record(each.seq, each.entry))
        concerned: set[str] = set()
        for one in (step.old, step.new):
            if one is not None:
                concerned |= {one.system, *texts(one.fields.get("systems"))}
                if contract := str(one.fields.get("contract") or ""):
                    under = records.get(connection, site, "contract", contract)
                    concerned |= set(texts(under.fields.get("systems"))) if under is not None else set()
        for code in concerned - {""}:
            systems.setdefault(code, _System()).steps.append(step)
        if step.new is None:
            records.remove(connection, site, [each.entry.subject])
        else:
            records.put(connection, [step.new])
    return systems


def _grouped(rows: Sequence[Record]) -> dict[str, dict[tuple[str, str], Record]]:
    """The rows about each system, by type and key; outsourced people are about what their contract is about."""
    contracts = {each.key: texts(each.fields.get("systems")) for each in rows if each.type == "contract"}
    found: dict[str, dict[tuple[str, str], Record]] = {}
    for each in rows:
        under = contracts.get(str(each.fields.get("contract") or ""), ())
        for code in {each.system, *texts(each.fields.get("systems")), *under} - {""}:
            found.setdefault(code, {})[each.type, each.key] = each
    return found


def _causes(
    code: str, rows: Mapping[tuple[str, str], Record], facts: Mapping[str, Value], steps: Sequence[_Step]
) -> dict[str, Cause]:
    """Which of these steps gave each fact its value, the last one that changed it: they are taken back one by one."""
    found: dict[str, Cause] = {}
    left, after = dict(rows), dict(facts)
    for step in reversed(steps if len(steps) <= _STEPS_MOST else ()):
        if step.new is not None:
            left.pop((step.new.type, step.new.key), None)
        if step.old is not None:
            left[step.old.type, step.old.key] = step.old
        before = told(code, left.values())
        for name in before.keys() | after.keys():
            if before.get(name) != after.get(name):
                found.setdefault(name, _cause(step.logged))
        after = before
    return found


def _cause(logged: Logged) -> Cause:
    entry = logged.entry
    assert isinstance(entry, Decision)
    return Cause(logged.seq, entry.at, who=entry.who, reason=entry.reason or "declared")


def _system(logged: Logged) -> str:
    entry = logged.entry
    kind, _, key = entry.subject.partition(":") if isinstance(entry, Decision) else ("", "", "")
    return key if kind == Kind.SYSTEM else ""
