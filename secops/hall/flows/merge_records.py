"""Rows of the registers, as their decisions leave them, and what they tell of the systems they are about."""

from collections.abc import Sequence

from secops.assets import draft as drafts
from secops.assets.draft import Cause
from secops.assets.outstanding import texts
from secops.assets.record import SOURCE, record, supply, told
from secops.assets.work import Merged, Work
from secops.core.model import Decision, Entity, Kind, Logged, entity_id
from secops.store import entities, looks, records
from secops.store.grading import Transaction


def registered(
    connection: Transaction, rows: Sequence[Logged], assets: Sequence[Logged]
) -> tuple[Merged, dict[str, Entity]]:
    """Put the rows of one declaration; gives what became of the systems they, and its `assets`, are about."""
    last = (rows or assets)[-1]
    assert isinstance(last.entry, Decision)
    site = last.entry.site
    systems = {code for each in assets if (code := _system(each))}
    for each in rows:
        assert isinstance(each.entry, Decision)
        type, _, key = each.entry.subject.partition(":")
        old = records.get(connection, site, type, key)
        after = record(each.seq, each.entry)
        for one in (old, after):
            if one is not None:
                systems |= {one.system, *texts(one.fields.get("systems"))}
                if contract := str(one.fields.get("contract") or ""):
                    under = records.get(connection, site, "contract", contract)
                    systems |= set(texts(under.fields.get("systems"))) if under is not None else set()
        if after is None:
            records.remove(connection, site, [each.entry.subject])
        else:
            records.put(connection, [after])
    systems.discard("")
    ids = {entity_id(site, Kind.SYSTEM, code): code for code in systems}
    known = looks.timed(connection, entities.by_ids(connection, ids))
    cause = Cause(last.seq, last.entry.at, who=last.entry.who, reason=last.entry.reason or "declared")
    work = Work(known)
    about = records.of_systems(connection, site, systems) if known else []
    for id in known:
        draft = work.get(id)
        assert draft is not None
        before = draft.facts.get("system.suppliers")
        facts = told(ids[id], about)
        if facts:
            at = max(int(cause.at), draft.sources.get(SOURCE, (0, 0, ""))[0])
            drafts.look(draft, cause, SOURCE, at, facts)
        else:
            drafts.forget(draft, cause, SOURCE)
        supply(work, draft, before, cause)
    return work.merged(), known


def _system(logged: Logged) -> str:
    entry = logged.entry
    kind, _, key = entry.subject.partition(":") if isinstance(entry, Decision) else ("", "", "")
    return key if kind == Kind.SYSTEM else ""
