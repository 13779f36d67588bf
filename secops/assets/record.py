"""Rows of the registers: what a declare decision makes of one, and what a system's rows say of the system.

A filing certificate holds three years (from 2025-01-01 where it is older), and each classified protection assessment
finished while it holds adds one: 公网安〔2025〕1846号 Q6, known from one secondary copy (未核实).
"""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Final

from secops.assets.draft import Cause, Draft
from secops.assets.outstanding import outstanding, texts
from secops.assets.work import Work
from secops.core.clock import Instant, parse
from secops.core.model import Decision, Relation, RelationType, Value, thing_id
from secops.core.record import Record
from secops.core.registers import registers

SOURCE: Final = "records"
"""The source under which registers speak of a system."""
FILING_YEARS: Final = 3
_FIRST: Final = date(2025, 1, 1)


def is_record(decision: Decision) -> bool:
    """Whether the decision is about a register's row."""
    return str(decision.payload.get("kind")) in registers()


def record(seq: int, decision: Decision) -> Record | None:
    """The row a decision leaves in force; None for a withdrawn one."""
    payload = decision.payload
    type, _, key = decision.subject.partition(":")
    if payload.get("withdrawn"):
        return None
    raw = payload.get("fields")
    fields = dict(raw) if isinstance(raw, Mapping) else {}
    expires = registers()[type].expires
    return Record(
        decision.site, type, key, str(payload.get("org") or ""), str(payload.get("system") or ""),
        str(fields.get(expires) or "") if expires else "", fields, seq, decision.at, decision.who, decision.reason,
    )  # fmt: skip


def supply(work: Work, draft: Draft, before: Value, cause: Cause) -> None:
    """Relate a system to its suppliers as its facts name them now, `before` as they named them."""
    now = set(texts(draft.facts.get("system.suppliers")))
    for each in sorted(now):
        work.relate(draft, RelationType.SUPPLIED_BY, thing_id(draft.site, "supplier", each), cause, "supplier")
    for each in sorted(set(texts(before)) - now):
        target, at = thing_id(draft.site, "supplier", each), Instant(0)
        work.drop(Relation(draft.site, draft.id, RelationType.SUPPLIED_BY, target, "", at, at), cause)


def told(system: str, rows: Iterable[Record]) -> dict[str, Value]:
    """The facts that these rows tell of the system with this code."""
    facts: dict[str, Value] = {}
    done: dict[str, list[str]] = {}
    filings = []
    suppliers = set()
    found = list(rows)
    for each in found:
        if each.type == "contract" and system in texts(each.fields.get("systems")):
            suppliers.add(str(each.fields.get("supplier")))
        if each.system != system:
            continue
        if each.type == "filing":
            filings.append(each)
        elif each.type == "certification":
            done.setdefault(str(each.fields.get("type")), []).append(str(each.fields.get("done_on")))
        elif each.type == "backup" and (tested := each.fields.get("last_drill_on")):
            done.setdefault("backup", []).append(str(tested))
    for each in sorted(filings, key=lambda one: (str(one.fields.get("filed_on") or ""), one.seq))[-1:]:
        facts |= _filed(each, done.get("djbh", []))
    for type, name in _LATEST.items():
        if type in done:
            facts[name] = _instant(max(done[type]))
    if suppliers:
        facts["system.suppliers"] = tuple(sorted(suppliers))
    return facts | outstanding(system, found)


def tellers(system: str, rows: Iterable[Record]) -> dict[str, Record]:
    """The row that tells each of these facts; of several that do, the newest of those that tell its very value."""
    mine = [each for each in rows if each.system == system or system in texts(each.fields.get("systems"))]
    whole = told(system, mine)
    found: dict[str, tuple[bool, int, Record]] = {}
    for each in mine:
        for name, value in told(system, [each]).items():
            rank = (value == whole.get(name), each.seq, each)
            if name in whole and (name not in found or rank[:2] > found[name][:2]):
                found[name] = rank
    return {name: each for name, (_, _, each) in found.items()}


_LATEST: Final = {
    "djbh": "system.assessed_on", "miping": "system.crypto_assessed_on", "backup": "system.recovery_tested_on",
}  # fmt: skip


def _filed(filing: Record, assessed: Iterable[str]) -> dict[str, Value]:
    facts: dict[str, Value] = {}
    for column, name in (("number", "filing_no"), ("level", "level"), ("level_s", "level_s"), ("level_a", "level_a")):
        value = filing.fields.get(column)
        if isinstance(value, (str, int)):
            facts[f"system.{name}"] = value
    if filed := filing.fields.get("filed_on"):
        facts["system.filed_on"] = _instant(str(filed))
    until = filing.valid_until or (valid_until(str(filed), assessed) if filed else "")
    if until:
        facts["system.filing_valid_until"] = _instant(until)
    return facts


def valid_until(filed_on: str, assessed: Iterable[str]) -> str:
    """The last day of a filing certificate (2025 rules, see above), of days written `2026-01-31`."""
    start = max(date.fromisoformat(filed_on), _FIRST)
    end = _years(start, FILING_YEARS)
    for each in sorted(set(assessed)):
        if start <= date.fromisoformat(each) <= end:
            end = _years(end, 1)
    return end.isoformat()


def _years(day: date, years: int) -> date:
    try:
        return day.replace(year=day.year + years)
    except ValueError:  # the 29th of February
        return day.replace(year=day.year + years, day=28)


def _instant(day: str) -> int:
    return int(parse(day))
