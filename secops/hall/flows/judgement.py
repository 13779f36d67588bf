"""What one rule says of the inventory without recording it, and why a finding stands."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass

from secops.core.clock import Instant, render
from secops.core.errors import UsageError
from secops.core.fields import Type, by_name
from secops.core.finding import Finding, Severity, finding_id
from secops.core.language import say
from secops.core.model import Entity
from secops.core.query import And
from secops.grade.explain import Explanation, explain
from secops.grade.pack import Pack
from secops.grade.rule import Rule
from secops.hall.app import App
from secops.hall.flows import mirror, past
from secops.hall.flows.grade import ask, rules_of
from secops.store import decisions, entities, findings, grading, looks, named, observations
from secops.store.compile import values
from secops.store.findings import Wanted


@dataclass(frozen=True, slots=True)
class Trial:
    """What a rule would find now."""

    asked: int
    matched: int
    undecided: int
    missing: Mapping[str, int]
    new: int
    """Matches without an open finding."""
    sample: tuple[Mapping[str, object], ...]


def attempt(app: App, rule: Rule, *, limit: int = 20) -> Trial:
    """Put the rule to the whole inventory and record nothing."""
    question = ask(rule, app.clock.now())
    columnar = mirror.ask(
        app,
        And((rule.matched, rule.undecided)),
        lambda view: (
            list(view.matches(question, rule.evidence)),
            view.undecided(question, rule.requires),
            view.asked(question),
        ),
        *rule.evidence,
        *rule.requires,
    )
    with app.database.read() as connection:
        found = list(grading.matches(connection, question, rule.evidence)) if columnar is None else columnar[0]
        shown = entities.by_ids(connection, [each.entity for each in found[:limit]])
        known = {each.entity for each in findings.listed(connection, Wanted(rules=(rule.id,)))}
        undecided, missing = grading.undecided(connection, question, rule.requires) if columnar is None else columnar[1]
        asked = grading.asked(connection, question) if columnar is None else columnar[2]
    sample = tuple(
        {"entity": each.entity, "key": shown[each.entity].key, "org_id": each.org_id, **readable(each.values)}
        for each in found[:limit]
    )
    new = sum(each.entity not in known for each in found)
    return Trial(asked, len(found), undecided, missing, new, sample)


def wanted(rules: Sequence[str], severities: Sequence[str], orgs: Sequence[str] = (), *, every: bool = False) -> Wanted:
    """A choice of findings; open ones unless `every`. Raises UsageError for an unknown severity."""
    known = [str(each) for each in Severity]
    for each in severities:
        if each not in known:
            raise UsageError("E4034", say(f"没有危害程度 {each}", f"no severity {each}"), hint=", ".join(known))
    return Wanted(rules=tuple(rules), severities=tuple(severities), orgs=tuple(orgs), open=None if every else True)


def listed(app: App, wanted: Wanted, *, limit: int = 0, at: Instant | None = None) -> Iterator[Mapping[str, object]]:
    """The matching findings, as of `at` where given, with the key of their entity and the title of their rule."""
    titles = {each.id: each.title for each in rules_of(app).rules}
    with past.opened(app, at) as connection:
        batch: list[Finding] = []
        for each in findings.listed(connection, wanted, limit=limit):
            batch.append(each)
            if len(batch) == 500:
                yield from _rows(entities.by_ids(connection, [e.entity for e in batch]), batch, titles)
                batch = []
        yield from _rows(entities.by_ids(connection, [e.entity for e in batch]), batch, titles)


def show(app: App, id: str) -> Mapping[str, object]:
    """One finding with its entity, its rule's words and every step it took. Raises UsageError."""
    with app.database.read() as connection:
        finding = _finding(findings.starting(connection, id, 2), id)
        entity = entities.by_ids(connection, [finding.entity]).get(finding.entity)
        steps = findings.history(connection, finding.id)
    rule = {each.id: each for each in rules_of(app).rules}.get(finding.rule)
    return {
        **_row(finding, entity, rule.title if rule else ""),
        "evidence": readable(finding.evidence),
        "risk": rule.risk if rule else "",
        "remedy": rule.remedy if rule else "",
        "basis": [str(each) for each in rule.basis] if rule else [],
        "history": [{"step": each["step"], "at": render(int(str(each["at"])))} for each in steps],
    }


def explained(app: App, id: str, entity: str = "") -> Mapping[str, object]:
    """Why a rule holds for an entity: `id` is a finding, or a rule together with `entity`. Raises UsageError."""
    pack = rules_of(app)
    with app.database.read() as connection:
        rule, target = _subject(pack, findings.starting(connection, id, 2), id, entity)
        found = entities.by_ids(connection, [target])
        found = found or {each.id: each for each in named.starting(connection, target, 2, app.site)}
        if len(found) != 1:
            raise _unclear(target, found)
        known = next(iter(found.values()))
        if known.kind is not rule.kind:
            raise UsageError("E4033", say(f"规则 {rule.id} 评的是 {rule.kind}，不是 {known.kind}", "of another kind"))
        read = dict(values(connection, rule.kind, [known.id], rule.fields, app.clock.now()))[known.id]
        dated = looks.timed(connection, {known.id: known})[known.id]
        answer = explain(rule, known.id, read.get, dated.provenance, known.unknown)
        stands = findings.get(connection, finding_id(rule.id, known.id))
        seqs = sorted({each.seq for each in answer.lines if each.seq})
        seen = observations.by_seqs(connection, seqs)
        said = {seq: each for seq in seqs if seq not in seen and (each := decisions.by_seq(connection, seq))}
    sources = {seq: f"{each.id}（{each.collector}）" for seq, each in seen.items()}
    sources |= {seq: f"{each.id}（{each.who}）" for seq, each in said.items()}
    return _told(rule, known, answer, sources, stands)


def _told(
    rule: Rule, entity: Entity, answer: Explanation, sources: Mapping[int, str], stands: Finding | None
) -> Mapping[str, object]:
    return {
        "rule": rule.id,
        "title": rule.title,
        "entity": entity.id,
        "key": entity.key,
        "state": str(entity.state),
        "judged": entity.state in rule.states,
        "outcome": str(answer.outcome),
        "finding": stands.id if stands else "",
        "open": bool(stands and stands.open),
        "missing": list(answer.missing),
        "lines": [
            asdict(each)
            | {
                "wanted": _plain(each.field, each.wanted),
                "met": _plain(each.field, each.met),
                "source": sources.get(each.seq, ""),
            }
            for each in answer.lines
        ],
    }


def _subject(pack: Pack, near: list[Finding], id: str, entity: str) -> tuple[Rule, str]:
    if entity:
        return pack.find(id), entity
    finding = _finding(near, id)
    return pack.find(finding.rule), finding.entity


def _finding(near: list[Finding], id: str) -> Finding:
    if len(near) == 1 or (near and near[0].id == id):
        return near[0]
    raise UsageError(
        "E4031" if near else "E4030",
        say(
            f"{id} 对应不止一个问题" if near else f"没有编号为 {id} 的问题",
            f"{id} is more than one finding" if near else f"no finding {id}",
        ),
        hint=say("secops grade list 列出问题；也可写 规则编号 资产编号", "secops grade list; or name RULE and ENTITY"),
    )


def _unclear(target: str, found: Mapping[str, Entity]) -> UsageError:
    if found:
        return UsageError("E4031", say(f"{target} 对应不止一个资产", f"{target} is more than one entity"))
    return UsageError("E4032", say(f"没有资产 {target}", f"no entity {target}"), hint="secops inventory list")


def _rows(
    found: Mapping[str, Entity], batch: list[Finding], titles: Mapping[str, str]
) -> Iterator[Mapping[str, object]]:
    for each in batch:
        yield _row(each, found.get(each.entity), titles.get(each.rule, ""))


def _row(finding: Finding, entity: Entity | None, title: str) -> dict[str, object]:
    return {
        "id": finding.id,
        "severity": str(finding.severity),
        "rule": finding.rule,
        "title": title,
        "entity": finding.entity,
        "kind": str(finding.kind),
        "key": entity.key if entity else "",
        "open": finding.open,
        "opened_at": render(finding.opened_at),
        "changed_at": render(finding.changed_at),
        "org_id": finding.org_id,
        "system_id": finding.system_id,
        "case": finding.case,
        "site": finding.site,
    }


def readable(facts: Mapping[str, object]) -> dict[str, object]:
    """Values as records show them: times in RFC 3339."""
    return {name: _plain(name, value) for name, value in facts.items()}


def _plain(name: str, value: object) -> object:
    field = by_name().get(name)
    if field is not None and field.type is Type.INSTANT and isinstance(value, int) and not isinstance(value, bool):
        try:
            return render(value)
        except (ValueError, OverflowError):
            return value
    return list(value) if isinstance(value, tuple) else value
