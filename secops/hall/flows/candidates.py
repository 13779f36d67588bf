"""Candidate systems of this inventory: found, listed, shown. What people answered is `flows.candidate_answer`."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import Final

from secops.assets import candidate_table
from secops.assets.candidate import FIELDS, Candidate, Member, candidates
from secops.assets.candidate_table import CandidateTable
from secops.assets.identity import website_key_of
from secops.assets.register import Register
from secops.core.clock import render
from secops.core.errors import InvalidFile, UsageError
from secops.core.language import say
from secops.core.model import Decision, DecisionType, Kind, entity_id
from secops.hall.app import App
from secops.hall.flows.declared_registers import registers
from secops.hall.workspace import layered
from secops.intake.declared_sections import sections, value_of
from secops.store import cursor, decisions, entities, looks, observations, shared
from secops.store.grading import Transaction

PAIRS_MOST: Final = 1_000_000
"""Pairs looked at; beyond it the values that the most share are left out, and that is said."""
_GROUPED: Final = {
    "police_filing": "http.police_filing", "site_code": "http.gov_code", "icp": "http.icp", "title": "http.title",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Rejection:
    """What a person said is no system, or no member of one."""

    id: str
    members: frozenset[str]
    marks: frozenset[tuple[str, str]]
    kinds: frozenset[str]
    decision: Decision


@dataclass(frozen=True, slots=True)
class Found:
    """The candidates there are now."""

    open: tuple[Candidate, ...]
    silent: tuple[tuple[Candidate, Rejection], ...]
    """Rejected ones, with nothing new to say."""
    before: Mapping[str, Rejection]
    """Candidates that came back: evidence of another kind arrived since they were rejected."""
    register: Register
    answers: tuple[Decision, ...] = ()
    """All that people answered, the newest first."""
    left_out: int = 0
    """Pairs not looked at."""


def find(app: App) -> Found:
    """Look for candidates: the database groups what sites share, what comes of it is joined here."""
    with app.database.read() as connection:
        table = _table(app)
        register = registers(connection, cursor.get(connection)).get(app.site) or Register(app.site)
        pairs, left_out = _pairs(connection, app.site, table)
        ids = {id for pair in pairs for id in pair}
        members = {each["id"]: Member(**each) for each in shared.told(connection, ids)}
        crowded = shared.crowded(connection, app.site, table.limits["address"])
        said = [each.entry for each in decisions.of_type(connection, app.site, DecisionType.CANDIDATE)]
    found = candidates(pairs, members, table, crowded=crowded, related=register.related, site=app.site)
    answers = [each for each in said if isinstance(each, Decision)]
    rejections = [_rejection(each) for each in answers]
    silent: list[tuple[Candidate, Rejection]] = []
    still: list[Candidate] = []
    before: dict[str, Rejection] = {}
    for each in found:
        met = [one for one in rejections if _speaks_of(one, each)]
        silenced = next((one for one in met if each.kinds <= one.kinds), None)
        if silenced is not None:
            silent.append((each, silenced))
            continue
        still.append(each)
        if met:
            before[each.id] = met[-1]
    return Found(tuple(still), tuple(silent), before, register, tuple(reversed(answers)), left_out)


def listed(app: App, *, every: bool = False) -> Iterator[dict[str, object]]:
    """A row per candidate, best first; with `every` behind them those that people rejected or confirmed.

    who, at, reason: of the answer, None where there was none.
    """
    found = find(app)
    for each in found.open:
        yield _row(found, each, found.before.get(each.id), silent=False)
    if not every:
        return
    told = set[str]()
    for each, rejection in found.silent:
        told.add(rejection.decision.id)
        yield _row(found, each, rejection, silent=True)
    for answer in found.answers:
        if answer.id not in told:
            yield _answered(found, answer)


def one(found: Found, word: str) -> Candidate:
    """The candidate of this id or beginning of one. Raises UsageError."""
    known = [*found.open, *(each for each, _ in found.silent)]
    met = [each for each in known if each.id.startswith(word)] if word else []
    if len(met) != 1:
        raise UsageError(
            "E1350",
            say(f"没有这样一个候选系统：{word[:60]}", f"no one such candidate: {word[:60]}"),
            why="; ".join(_spoken(each) for each in found.answers if _of(each).startswith(word)) if word else "",
            hint="secops inventory candidates list --all",
        )
    return met[0]


def shown(app: App, word: str) -> dict[str, object]:
    """One candidate whole: members, and each piece of evidence with the looks it comes from. Raises UsageError."""
    found = find(app)
    each = one(found, word)
    rejection = found.before.get(each.id) or next((r for c, r in found.silent if c is each), None)
    keys = {member.id: member.key for member in each.members}
    seen = _seen(app, each)
    evidence = [
        {
            "one": keys[bond.one], "two": keys[bond.two], "kind": what.kind, "field": FIELDS[what.kind],
            "value": what.value, "score": what.score, "sum": bond.sum,
            "seen": [seen[id, FIELDS[what.kind]] for id in (bond.one, bond.two) if (id, FIELDS[what.kind]) in seen],
        }
        for bond in each.bonds
        for what in bond.evidence
    ]  # fmt: skip
    members = [
        {"key": m.key, "kind": str(m.kind), "address": m.address, "title": m.title or None, "org_id": m.org or None,
         "system": _code(found, m.system)}
        for m in each.members
    ]  # fmt: skip
    weakest = min(each.bonds, key=lambda bond: bond.score)
    silent = any(c is each for c, _ in found.silent)
    return _row(found, each, rejection, silent=silent) | {
        "arithmetic": f"{keys[weakest.one]} — {keys[weakest.two]}: {weakest.sum}",
        "members": members, "evidence": evidence,
    }  # fmt: skip


def title_of(each: Candidate) -> str:
    """What to call it, unless a person knows better: the commonest page title, else a host name, else a key."""
    titles = [member.title.strip() for member in each.members if member.title.strip()]
    if titles:
        return max(sorted(set(titles)), key=titles.count)[:100]
    return next((member.host for member in each.members if member.host), each.members[0].key)


def system_of(found: Found, each: Candidate) -> str:
    """The code of the declared system it joins; empty for none."""
    return _code(found, each.system) or ""


def _row(found: Found, each: Candidate, rejection: Rejection | None, *, silent: bool) -> dict[str, object]:
    orgs = sorted({member.org for member in each.members if member.org})
    return {
        "id": each.id, "score": each.score, "name": title_of(each), "count": len(each.members),
        "new": len(each.open), "joins": _code(found, each.system), "organisations": orgs,
        "evidence_kinds": sorted(each.kinds), "keys": [member.key for member in each.members],
        "state": "rejected" if silent else "again" if rejection is not None else "new",
        "rejected_because": rejection.decision.reason if rejection is not None else None,
        **_by(rejection.decision if rejection is not None else None),
    }  # fmt: skip


def _answered(found: Found, answer: Decision) -> dict[str, object]:
    """The row of a candidate that was answered and is none any more, as it was then."""
    payload = answer.payload
    rejected = payload.get("answer") == "rejected"
    keys, kinds = _texts(payload, "members"), _texts(payload, "kinds")
    code = str(payload.get("code") or "")
    system = found.register.things.get(f"{Kind.SYSTEM}:{code}")
    name = value_of(sections()["systems"], system.payload, "name") if system is not None else None
    return {
        "id": _of(answer), "score": payload.get("score"),
        "name": str(name or next(iter(keys), "")),
        "count": len(keys), "new": 0, "joins": code or None, "organisations": [], "evidence_kinds": kinds, "keys": keys,
        "state": "rejected" if rejected else "confirmed", "rejected_because": answer.reason if rejected else None,
        **_by(answer),
    }  # fmt: skip


def _by(answer: Decision | None) -> dict[str, object]:
    if answer is None:
        return {"who": None, "at": None, "reason": None}
    return {"who": answer.who, "at": render(answer.at), "reason": answer.reason}


def _of(answer: Decision) -> str:
    return answer.subject.partition(":")[2]


def _spoken(answer: Decision) -> str:
    who, at, code = answer.who, render(answer.at)[:16].replace("T", " "), answer.payload.get("code")
    if answer.payload.get("answer") == "rejected":
        return say(f"{who} 已于 {at} 否决", f"rejected by {who} at {at}")
    return say(f"{who} 已于 {at} 确认为系统 {code}", f"confirmed as system {code} by {who} at {at}")


def _texts(payload: Mapping[str, object], name: str) -> list[str]:
    found = payload.get(name)
    return [str(each) for each in found] if isinstance(found, (list, tuple)) else []


def _code(found: Found, system: str) -> str | None:
    if not system:
        return None
    for subject in found.register.things:
        kind, _, code = subject.partition(":")
        if kind == Kind.SYSTEM and found.register.system_id(code) == system:
            return code
    return None


def _table(app: App) -> CandidateTable:
    path = layered(app.workspace, "rules").get(candidate_table.FILE)
    if path is None:
        raise InvalidFile("E1351", say("缺少候选系统证据表", "the table of evidence is missing"),
                          where=candidate_table.FILE)  # fmt: skip
    return candidate_table.read(path)


def _pairs(
    connection: Transaction, site: str, table: CandidateTable
) -> tuple[dict[tuple[str, str], dict[str, str]], int]:
    """Two ids and what they share, and how many pairs were too many."""
    groups: list[tuple[int, str, str, list[str]]] = []
    for kind, field in _GROUPED.items():
        groups += _gathered(kind, shared.values(connection, site, field, table.limits[kind]), table)
    groups += _gathered("certificate", shared.certificates(connection, site, table.limits["certificate"]), table)
    groups += _gathered("address", shared.addresses(connection, site, table.limits["address"]), table)
    pairs: dict[tuple[str, str], dict[str, str]] = {}
    for source, target, value in _redirects(connection, site, table):
        pairs.setdefault((min(source, target), max(source, target)), {}).setdefault("redirect", value)
    left_out = 0
    for size, kind, value, ids in sorted(groups):
        number = size * (size - 1) // 2
        if len(pairs) + number > PAIRS_MOST:
            left_out += number
            continue
        for place, first in enumerate(ids):
            for second in ids[place + 1 :]:
                pairs.setdefault((first, second), {}).setdefault(kind, value)
    known = {id for pair in pairs for id in pair}
    for source, target in shared.links(connection, site, known, table.limits["link"]):
        if (found := pairs.get((min(source, target), max(source, target)))) is not None:
            found["link"] = "http.links"
    return pairs, left_out


def _gathered(
    kind: str, rows: Iterator[tuple[str, str]], table: CandidateTable
) -> Iterator[tuple[int, str, str, list[str]]]:
    for value, part in groupby(rows, key=itemgetter(0)):
        if kind != "title" or table.telling_title(value):
            ids = [id for _, id in part]
            yield len(ids), kind, value, ids


def _redirects(connection: Transaction, site: str, table: CandidateTable) -> Iterator[tuple[str, str, str]]:
    """Redirects from one site to another; targets that too many redirect to are no evidence."""
    aims: dict[str, list[tuple[str, str]]] = {}
    for id, url in shared.redirects(connection, site):
        try:
            target = website_key_of(url)
        except ValueError:
            continue
        if (other := entity_id(site, Kind.WEBSITE, target)) != id:
            aims.setdefault(other, []).append((id, target))
    for other, sources in aims.items():
        if len(sources) <= table.limits["redirect"]:
            for id, target in sources:
                yield id, other, target


def _rejection(each: Decision) -> Rejection:
    payload = each.payload
    raw = payload.get("evidence")
    marks = frozenset((str(kind), str(value)) for kind, value in raw) if isinstance(raw, (list, tuple)) else frozenset()
    rejected = payload.get("answer") == "rejected"
    left = frozenset(_texts(payload, "members" if rejected else "without"))
    return Rejection(_of(each), left, marks if rejected else frozenset(), frozenset(_texts(payload, "kinds")), each)


def _speaks_of(rejection: Rejection, each: Candidate) -> bool:
    """Whether the rejection is about this candidate: all that is new of it was rejected, or a value it rests on was."""
    return {member.key for member in each.open} <= rejection.members or bool(rejection.marks & each.marks)


def _seen(app: App, each: Candidate) -> dict[tuple[str, str], str]:
    """Member and field -> the look or decision its value comes from."""
    fields = {FIELDS[what.kind] for bond in each.bonds for what in bond.evidence}
    with app.database.read() as connection:
        known = looks.timed(connection, entities.by_ids(connection, [member.id for member in each.members]))
        places = {
            (id, field): seq
            for id, entity in known.items()
            for field in fields
            if (seq := entity.provenance.get(field)) is not None
        }
        seen = observations.by_seqs(connection, list(places.values()))
    return {
        where: f"{look.collector} {look.run} {render(look.seen_at)} {look.id}"
        for where, seq in places.items()
        if (look := seen.get(seq)) is not None
    }
