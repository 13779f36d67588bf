"""The rules as people look at them: listed, shown, checked, tried."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from secops.core.filter_text import write
from secops.grade.lint import Weight
from secops.grade.lint import lint as doubts
from secops.grade.pack import Pack, load
from secops.grade.rule import Rule, judge
from secops.hall.app import App
from secops.hall.flows.grade import ask, rules_of
from secops.hall.flows.judgement import Trial
from secops.hall.flows.judgement import attempt as put
from secops.hall.workspace import layered
from secops.store import findings, grading


def listed(app: App) -> Iterator[Mapping[str, object]]:
    """A row a rule, with how many of its findings are open."""
    pack = rules_of(app)
    with app.database.read() as connection:
        open_now = findings.open_by_rule(connection)
    for each in pack.rules:
        yield _row(each) | {"open": open_now.get(each.id, 0)}


def show(app: App, id: str) -> Mapping[str, object]:
    """One rule in full, what it means in the search language, and what it cannot judge now."""
    rule = rules_of(app).find(id)
    with app.database.read() as connection:
        open_now = findings.open_by_rule(connection).get(rule.id, 0)
        total, missing = grading.undecided(connection, ask(rule, app.clock.now()), rule.requires)
    return _row(rule) | {
        "means": write(rule.detection, rule.kind),
        "requires": list(rule.requires),
        "states": [str(each) for each in rule.states],
        "basis": [str(each) for each in rule.basis],
        "risk": rule.risk,
        "remedy": rule.remedy,
        "references": list(rule.references),
        "path": rule.path,
        "digest": rule.digest,
        "open": open_now,
        "undecided": {"total": total, **missing},
    }


def lint(app: App | None, files: Sequence[Path] | None = None) -> list[Mapping[str, object]]:
    """Every doubt about these files, or about all rules in force: a row an issue, unreadable files first."""
    pack = _pack(app, files)
    out: list[Mapping[str, object]] = [
        {
            "weight": str(Weight.ERROR),
            "code": each.code,
            "where": each.where,
            "what": each.what,
            "hint": each.hint or each.why,
        }
        for each in pack.problems
    ]
    for rule in pack.rules:
        out += [
            {"weight": str(e.weight), "code": e.code, "where": e.where, "what": e.what, "hint": e.hint, "rule": rule.id}
            for e in doubts(rule)
        ]
    return out


def prove(app: App | None, files: Sequence[Path] | None = None) -> list[Mapping[str, object]]:
    """A row a rule: how many of its examples hold, and where those stand that do not."""
    pack = _pack(app, files)
    out: list[Mapping[str, object]] = [
        {"rule": each.where, "examples": 0, "held": 0, "failed": [f"{each.code} {each.what} ({each.where})"]}
        for each in pack.problems
    ]
    for rule in pack.rules:
        failed = [each.where for each in rule.examples if judge(rule, each.facts.get) is not each.outcome]
        count = len(rule.examples)
        out.append({"rule": rule.id, "examples": count, "held": count - len(failed), "failed": failed})
    return out


def attempt(app: App, id: str, *, limit: int = 20) -> Trial:
    """What the rule would find now; nothing is recorded."""
    return put(app, rules_of(app).find(id), limit=limit)


def _pack(app: App | None, files: Sequence[Path] | None) -> Pack:
    if files:
        return load(files)
    return load(layered(app.workspace if app else None, "rules"))


def _row(rule: Rule) -> dict[str, object]:
    return {
        "id": rule.id,
        "title": rule.title,
        "severity": str(rule.severity),
        "kind": str(rule.kind),
        "status": str(rule.status),
        "dengbao_risk": rule.dengbao_risk,
    }
