"""Grading: each rule asks the inventory once, and what moves is written with its alerts in one transaction.

A crash between two rules loses nothing: the next run goes on from where each rule stands. Ctrl-C ends the rule at work
at once, and undoes what it wrote: that is one transaction.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from secops.core.clock import CHINA, Instant
from secops.core.errors import StoreError
from secops.core.events import Event, Note, Progress, Row, Started, Summary
from secops.core.fields import Derivation, by_name
from secops.core.finding import Finding, Severity, Step, Transition
from secops.core.ids import derive, digest
from secops.core.language import say
from secops.grade.pack import Pack, load
from secops.grade.rule import Outcome, Rule, Status
from secops.grade.transitions import Sighting, advance, resolve
from secops.hall.app import App
from secops.hall.flows import evaluation, mirror
from secops.hall.flows.grade_letters import Letters
from secops.hall.flows.merge import merge
from secops.hall.workspace import layered
from secops.store import cases, findings, grading, rule_state
from secops.store.grading import Question
from secops.store.rule_state import Grading, RuleState

BATCH = 500
"""Findings looked up and written at a time."""

_WIDE = frozenset({Derivation.STANDING, Derivation.MISSING})


@dataclass(slots=True)
class Tally:
    """What one rule, or the whole run, came to."""

    asked: int = 0
    steps: dict[Step, int] = field(default_factory=lambda: dict.fromkeys(Step, 0))
    undecided: int = 0
    missing: dict[str, int] = field(default_factory=dict)
    cases_opened: int = 0
    cases_closed: int = 0
    letters: int = 0

    def add(self, other: "Tally") -> None:
        self.asked += other.asked
        self.undecided += other.undecided
        self.cases_opened += other.cases_opened
        self.cases_closed += other.cases_closed
        self.letters += other.letters
        for step, count in other.steps.items():
            self.steps[step] += count


def rules_of(app: App) -> Pack:
    """The rules in force: shipped ones, overridden and extended by the workspace's."""
    return load(layered(app.workspace, "rules"))


def grade(
    app: App,
    full: bool = False,
    rules: Sequence[str] | None = None,
    *,
    stop: Callable[[], bool] = lambda: False,
) -> Iterator[Event]:
    """Judge what changed (`full`: everything) by all rules or by these; findings, cases and letters are written.

    One event `Row("rule", ...)` a rule, the Summary last, also where Ctrl-C ended it within a rule. Raises Locked while
    another grading runs, InvalidFile for an unknown rule id.
    """
    begun = app.clock.monotonic()
    yield from (each for each in merge(app) if not isinstance(each, Summary))  # what a killed run left in the log
    with app.workspace.lock("grade"):
        now = app.clock.now()
        pack = rules_of(app)
        chosen = [pack.find(each) for each in rules] if rules is not None else list(pack.rules)
        live = [each for each in chosen if each.status is not Status.DEPRECATED]
        with app.database.write() as connection:
            run = run_id(now, [each.digest for each in live], rule_state.count(connection))
            dead = rule_state.begin(connection, Grading(run, app.site, now))
            states = rule_state.every(connection)
        yield Started(run, "grade")
        warnings = [
            say(f"上次评判 {id} 未正常结束，本次接着做", f"run {id} did not end; this one goes on") for id in dead
        ]
        warnings += [f"{error.code} {error.what} ({error.where})" for error in pack.problems]
        for text in warnings:
            yield Note(text, warning=True)
        total, left_out, done = Tally(), dict[str, int](), 0
        ended = "crashed"
        try:
            for done, rule in enumerate(live):
                if stop():
                    break
                yield Progress(say("评判", "grading"), done, len(live), say("条规则", "rules"))
                tally = judge_all(app, rule, states.get(rule.id), now, full=full)
                total.add(tally)
                left_out |= {
                    say(f"{rule.id} 未判定：{name} 未知", f"{rule.id} undecided: {name} unknown"): count
                    for name, count in tally.missing.items()
                }
                yield Row("rule", record(rule, tally))
            else:
                done = len(live)
                if rules is None and not pack.problems:
                    for id in _removed(app, live, states):
                        total.add(withdraw(app, id, now))
            complete = done == len(live) and not pack.problems
            ended = "done" if complete else "incomplete" if done == len(live) else "interrupted"
        except KeyboardInterrupt:
            ended = "interrupted"
            yield Note(say("已停止：正在评判的那条规则没有写入，下次接着做", "stopped: the rule at work wrote nothing"))
        finally:
            mirror.release(app)
            spent = round((app.clock.monotonic() - begun) * 1000)
            summary = _summary(run, total, _open(app), done, ended)
            summary = replace(summary, left_out=left_out, warnings=tuple(warnings), duration_ms=spent)
            with app.database.write() as connection:
                rule_state.end(connection, run, app.clock.now(), ended, _plain(summary))
    yield summary


def judge_all(app: App, rule: Rule, state: RuleState | None, now: Instant, *, full: bool) -> Tally:
    """Put one rule to the inventory, all of it in one transaction; of everything the mirror is asked, if it can."""
    anew = full or state is None or state.digest != rule.digest or wide(rule)
    if anew:
        try:
            with evaluation.whole(app, rule) as mirrored:
                if mirrored is not None:
                    return _judge(app, rule, mirrored, now)
        except StoreError as error:
            if not error.code.startswith("E513"):
                raise
            app.tell(error)
    with app.database.write(heeding=True) as connection:
        since = None if anew or state is None else state.graded_seq
        if since is not None and since >= grading.high_water(connection):
            return Tally()
        return _judge(app, rule, evaluation.Stored(connection), now, since)


def _judge(
    app: App,
    rule: Rule,
    inventory: evaluation.Stored | evaluation.Mirrored,
    now: Instant,
    since: int | None = None,
) -> Tally:
    tally = Tally()
    connection = inventory.connection
    mark = grading.high_water(connection)
    question = ask(rule, now, since)
    book = _Book(app, Letters(app, connection, rule), rule, now, tally)
    gone = inventory.lapsed(question, rule.id)
    for start in range(0, len(gone), BATCH):
        book.settle(gone[start : start + BATCH])
    batch: list[grading.Match] = []
    for match in inventory.matches(question, rule.evidence):
        batch.append(match)
        if len(batch) == BATCH:
            book.take(batch)
            batch = []
    book.take(batch)
    book.close()
    tally.asked = inventory.asked(question)
    tally.undecided, tally.missing = inventory.undecided(question, rule.requires)
    rule_state.put(connection, RuleState(rule.id, rule.digest, mark, now))
    return tally


def withdraw(app: App, rule: str, now: Instant) -> Tally:
    """Resolve what is open of a rule that was taken away, and forget it."""
    tally = Tally()
    with app.database.write() as connection:
        book = _Book(app, Letters(app, connection, None), None, now, tally)
        while open_now := findings.open_of_rule(connection, rule, BATCH):
            book.write([(each, step) for each in open_now if (step := resolve(each, now))])
        book.close()
        rule_state.forget(connection, rule)
    return tally


def ask(rule: Rule, now: Instant, since: int | None = None) -> Question:
    """The rule as a question to the store."""
    return Question(rule.kind, rule.states, rule.matched, rule.undecided, rule.fields, now, since)


def wide(rule: Rule) -> bool:
    """Whether an answer can change though entity, services and system do not: by time, its unit or its parts."""
    through = (by_name()[name].derived for name in rule.fields)
    return rule.ages or any(each and (each.how in _WIDE or each.via == "org_id") for each in through)


def run_id(now: Instant, digests: Sequence[str], before: int) -> str:
    """`YYYYmmdd-HHMMSS-` (Chinese standard time) and six characters of the rules, the moment and the runs before."""
    stamp = datetime.fromtimestamp(now / 1000, CHINA).strftime("%Y%m%d-%H%M%S")
    return f"{stamp}-{derive('run', 'grade', digest(list(digests)), int(now), before)[4:10]}"


def record(rule: Rule, tally: Tally) -> Mapping[str, object]:
    """What one rule came to, as a row."""
    return {
        "rule": rule.id,
        "title": rule.title,
        "severity": str(rule.severity),
        "asked": tally.asked,
        **{str(step): count for step, count in tally.steps.items()},
        "undecided": tally.undecided,
        "missing": tally.missing,
    }


class _Book:
    """Writes the transitions of one rule, batch by batch, inside the caller's transaction."""

    def __init__(self, app: App, letters: Letters, rule: Rule | None, now: Instant, tally: Tally) -> None:
        self.letters = letters
        self.connection = letters.connection
        self.rule = rule
        self.now = now
        self.tally = tally
        self.cases_from = Severity(app.config.text("grade.case_severity"))
        self.touched: dict[str, Finding] = {}

    def take(self, batch: Sequence[grading.Match]) -> None:
        """These entities match."""
        rule = self.rule
        assert rule is not None
        known = findings.of_entities(self.connection, rule.id, [each.entity for each in batch])
        steps: list[tuple[Finding | None, Transition]] = []
        for each in batch:
            met = Sighting(
                each.entity,
                rule.kind,
                each.site,
                each.org_id,
                each.system_id,
                {name: value for name, value in each.values.items() if value is not None},
            )
            before = known.get(each.entity)
            step = advance(rule, before, Outcome.MATCHED, met, self.now, cases_from=self.cases_from)
            if step:
                steps.append((before, step))
        self.write(steps)

    def settle(self, entities: Sequence[str]) -> None:
        """The open findings of these entities hold no more."""
        assert self.rule is not None
        known = findings.of_entities(self.connection, self.rule.id, entities)
        self.write([(each, step) for each in known.values() if (step := resolve(each, self.now))])

    def write(self, steps: Sequence[tuple[Finding | None, Transition]]) -> None:
        """Record these transitions with their letters."""
        if not steps:
            return
        after = [step for _, step in steps]
        findings.record(self.connection, after)
        self.tally.letters += self.letters.write(after)
        for before, step in steps:
            self.tally.steps[step.step] += 1
            for each in (before, step.finding):
                if each is not None and each.case:
                    self.touched[each.case] = each

    def close(self) -> None:
        """Count the cases that were touched."""
        opened, closed = cases.settle(self.connection, self.touched, self.now)
        self.tally.cases_opened += opened
        self.tally.cases_closed += closed


def _removed(app: App, live: Sequence[Rule], states: Mapping[str, RuleState]) -> list[str]:
    with app.database.read() as connection:
        known = set(states) | findings.rules_open(connection)
    return sorted(known - {each.id for each in live})


def _open(app: App) -> Mapping[str, int]:
    with app.database.read() as connection:
        return findings.counts(connection)


def _summary(run: str, total: Tally, open_now: Mapping[str, int], done: int, state: str) -> Summary:
    return Summary(
        run=run,
        kind="grade",
        complete=state == "done",
        counts={
            "rules": done,
            "asked": total.asked,
            **{str(step): count for step, count in total.steps.items()},
            "undecided": total.undecided,
            "cases_opened": total.cases_opened,
            "cases_closed": total.cases_closed,
            "letters": total.letters,
            "open": sum(open_now.values()),
            **{f"open_{name}": count for name, count in sorted(open_now.items())},
        },
        state=state,
    )


def _plain(summary: Summary) -> Mapping[str, object]:
    return {"counts": dict(summary.counts), "left_out": dict(summary.left_out), "warnings": list(summary.warnings)}
