"""Grading a small inventory, from the first opening to the withdrawal of a rule."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from secops.core.clock import DAY_MS, ManualClock
from secops.core.errors import InvalidFile, Locked, UsageError
from secops.core.events import Note, Row, Started, Summary
from secops.core.finding import CaseState, Step
from secops.core.model import Entity, Kind, State, Value
from secops.hall.app import App
from secops.hall.flows import judgement, rulebook
from secops.hall.flows.grade import grade
from secops.hall.workspace import Workspace
from secops.store import cases, entities, findings, outbox, rule_state
from secops.store.findings import Wanted

REDIS = """id: redis
title: 无认证
level: high
logsource: {product: secops, category: service}
requires: [service.auth_required]
detection:
  s: {service.name: redis, service.auth_required: false}
  condition: s
risk: 险
remedy: 改
"""
EXPIRED = """id: expired
title: 过期
level: low
logsource: {product: secops, category: service}
detection:
  s: {tls.expired_days|gte: 0}
  condition: s
"""
LEVEL3 = """id: level3
title: 三级明文
level: high
logsource: {product: secops, category: website}
detection:
  s: {system.grade|gte: 3, tls.enabled: false}
  condition: s
"""
MANY = """id: many
title: 端口过多
level: medium
logsource: {product: secops, category: ip}
detection:
  s: {services.count|gte: 2}
  condition: s
"""


class Town:
    """A workspace with its own rules only, and an inventory that the test moves."""

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("secops.hall.workspace.shipped", lambda name: root / "nothing" / name)
        workspace = Workspace(root)
        workspace.config.write_text('site = "s"\n', "utf-8")
        workspace.make()
        self.clock = ManualClock()
        self.app = App(workspace, clock=self.clock)
        self.seq = 0

    def rule(self, name: str, text: str | None) -> None:
        path = self.app.workspace.root / "rules" / f"{name}.yaml"
        path.unlink() if text is None else path.write_text(text, "utf-8")

    def put(self, kind: Kind, key: str, *, state: State = State.ACTIVE, links: dict[str, str] | None = None,
            **facts: Value) -> Entity:  # fmt: skip
        self.seq += 1
        named = {name.replace("__", "."): value for name, value in facts.items()}
        now = self.clock.now()
        made = Entity(kind, "s", key, now, now, state=state, facts=named, changed_seq=self.seq, **(links or {}))
        with self.app.database.write() as connection:
            entities.put(connection, {made.id: made})
        return made

    def grade(self, *, full: bool = False, rules: list[str] | None = None) -> Summary:
        self.clock.advance(1)
        self.events = list(grade(self.app, full, rules))
        summary = self.events[-1]
        assert isinstance(summary, Summary)
        assert isinstance(self.events[0], Started)
        return summary

    def moved(self, summary: Summary) -> tuple[float, ...]:
        return tuple(summary.counts[str(each)] for each in Step)


@pytest.fixture
def town(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Town]:
    made = Town(tmp_path, monkeypatch)
    yield made
    made.app.close()


def redis(town: Town, **facts: Value) -> Entity:
    links = {"org_id": "o1"}
    return town.put(Kind.SERVICE, "198.18.0.1:6379/tcp", links=links, service__name="redis", **facts)


def test_a_finding_from_opening_to_reopening(town: Town) -> None:
    """Opened, left alone, resolved, reopened: each once, each with its case and its letter."""
    town.rule("redis", REDIS)
    redis(town, service__auth_required=False)
    assert town.moved(town.grade()) == (1, 0, 0, 0)
    assert town.moved(town.grade(full=True)) == (0, 0, 0, 0)
    redis(town, service__auth_required=True)
    assert town.moved(town.grade()) == (0, 0, 1, 0)
    redis(town, service__auth_required=False)
    last = town.grade()
    assert town.moved(last) == (0, 0, 0, 1)
    assert last.complete
    with town.app.database.read() as connection:
        (case,) = list(cases.listed(connection))
        letters = list(outbox.entries(connection, outbox.Wanted()))
        steps = [(step, id[-2:]) for id, step, _ in findings.all_transitions(connection)]
    assert (case.findings, case.state, case.org_id) == (1, CaseState.OPEN, "o1")
    assert steps == [(Step.OPENED, ":1"), (Step.RESOLVED, ":2"), (Step.REOPENED, ":3")]
    assert [each["version"] for each in letters] == [1, 2, 3]


def test_undecided_keeps_a_finding_open_and_is_counted(town: Town) -> None:
    """Nobody saw the authentication, so nothing is resolved, and the summary names the missing field."""
    town.rule("redis", REDIS)
    redis(town, service__auth_required=False)
    town.grade()
    redis(town)
    summary = town.grade()
    assert town.moved(summary) == (0, 0, 0, 0)
    assert summary.counts["undecided"] == 1
    assert summary.counts["open"] == 1
    assert list(summary.left_out.values()) == [1]
    assert "service.auth_required" in next(iter(summary.left_out))


def test_what_is_gone_breaks_no_rule(town: Town) -> None:
    """A service that went away resolves its finding."""
    town.rule("redis", REDIS)
    redis(town, service__auth_required=False)
    town.grade()
    town.put(Kind.SERVICE, "198.18.0.1:6379/tcp", state=State.GONE, service__name="redis", service__auth_required=False)
    assert town.moved(town.grade()) == (0, 0, 1, 0)


def test_only_what_changed_is_asked(town: Town) -> None:
    """An unchanged inventory is not judged again; one changed service is one entity asked."""
    town.rule("redis", REDIS)
    redis(town, service__auth_required=False)
    town.put(Kind.SERVICE, "198.18.0.2:22/tcp", service__name="ssh")
    assert town.grade().counts["asked"] == 2
    assert town.grade().counts["asked"] == 0
    town.put(Kind.SERVICE, "198.18.0.2:22/tcp", service__name="redis", service__auth_required=False)
    summary = town.grade()
    assert (summary.counts["asked"], summary.counts["opened"]) == (1, 1)


def test_time_alone_opens_a_finding_of_an_age(town: Town) -> None:
    """A certificate expires without the inventory changing, and its evidence does not change daily."""
    town.rule("expired", EXPIRED)
    town.put(Kind.SERVICE, "a", tls__not_after=int(town.clock.now()) + DAY_MS)
    assert town.moved(town.grade()) == (0, 0, 0, 0)
    town.clock.advance(86_400)
    assert town.moved(town.grade()) == (1, 0, 0, 0)
    town.clock.advance(86_400)
    assert town.moved(town.grade()) == (0, 0, 0, 0)


def test_a_system_that_rises_moves_its_websites(town: Town) -> None:
    """A website is judged again when the system it belongs to changes, though it did not change itself."""
    town.rule("level3", LEVEL3)
    system = town.put(Kind.SYSTEM, "sys", system__level=2)
    town.put(Kind.WEBSITE, "http://198.18.0.1:80", links={"system_id": system.id}, tls__enabled=False)
    assert town.moved(town.grade()) == (0, 0, 0, 0)
    town.put(Kind.SYSTEM, "sys", system__level=3)
    assert town.moved(town.grade()) == (1, 0, 0, 0)


def test_an_open_port_moves_its_address(town: Town) -> None:
    """A rule over an address's services is asked again when one of them changes."""
    town.rule("many", MANY)
    ip = town.put(Kind.IP, "198.18.0.1")
    town.put(Kind.SERVICE, "198.18.0.1:1/tcp", links={"parent": ip.id})
    assert town.moved(town.grade()) == (0, 0, 0, 0)
    town.put(Kind.SERVICE, "198.18.0.1:2/tcp", links={"parent": ip.id})
    assert town.moved(town.grade()) == (1, 0, 0, 0)


def test_another_text_is_a_change_and_no_rule_is_the_end(town: Town) -> None:
    """Editing a rule changes its open findings; taking it away resolves them and closes the case."""
    town.rule("redis", REDIS)
    redis(town, service__auth_required=False)
    town.grade()
    town.rule("redis", REDIS.replace("险", "更险"))
    assert town.moved(town.grade()) == (0, 1, 0, 0)
    town.rule("redis", None)
    summary = town.grade()
    assert town.moved(summary) == (0, 0, 1, 0)
    assert summary.counts["cases_closed"] == 1
    assert town.moved(town.grade()) == (0, 0, 0, 0)


def test_a_broken_file_resolves_nothing(town: Town) -> None:
    """A typo in a rule is warned about with its place, the others go on, and its findings stay open."""
    town.rule("redis", REDIS)
    town.rule("many", MANY)
    redis(town, service__auth_required=False)
    town.grade()
    town.rule("redis", REDIS.replace("detection", "detections"))
    summary = town.grade()
    assert town.moved(summary) == (0, 0, 0, 0)
    assert not summary.complete
    assert summary.counts["open"] == 1
    notes = [each.text for each in town.events if isinstance(each, Note)]
    assert any("redis.yaml:6:1" in text for text in notes)


def test_a_unit_that_takes_over_moves_the_case(town: Town) -> None:
    """The old unit's case closes, the new one's opens, the finding changes once."""
    town.rule("redis", REDIS)
    service = redis(town, service__auth_required=False)
    town.grade()
    with town.app.database.write() as connection:
        entities.put(connection, {service.id: replace(service, org_id="o2", changed_seq=99)})
    summary = town.grade()
    assert town.moved(summary) == (0, 1, 0, 0)
    with town.app.database.read() as connection:
        found = {each.org_id: (each.state, each.findings) for each in cases.listed(connection, state=None)}
    assert found == {"o1": (CaseState.CLOSED, 0), "o2": (CaseState.OPEN, 1)}


def test_stopping_between_rules_goes_on_next_time(town: Town) -> None:
    """A stopped run says so; the next one does what was left."""
    town.rule("redis", REDIS)
    town.rule("many", MANY)
    redis(town, service__auth_required=False)
    asked: list[int] = []
    events = list(grade(town.app, stop=lambda: len(asked) > 0 or bool(asked.append(1))))
    summary = events[-1]
    assert isinstance(summary, Summary)
    assert (summary.state, summary.complete, summary.counts["rules"]) == ("interrupted", False, 1)
    assert town.moved(town.grade()) == (1, 0, 0, 0)


def test_ctrl_c_ends_the_rule_at_work_and_undoes_it(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """The run ends as interrupted with its summary; nothing of that rule is there, and the next run does it."""
    town.rule("redis", REDIS)
    redis(town, service__auth_required=False)

    def pressed(*_: object) -> int:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("secops.store.grading.asked", pressed)
        summary = list(grade(town.app))[-1]
    assert isinstance(summary, Summary)
    assert (summary.state, summary.complete, summary.counts["opened"]) == ("interrupted", False, 0)
    with town.app.database.read() as connection:
        assert not list(findings.listed(connection, Wanted()))
        assert [each.state for each in rule_state.latest(connection)] == ["interrupted"]
    assert town.moved(town.grade()) == (1, 0, 0, 0)


def test_a_run_that_died_is_told_by_the_next(town: Town) -> None:
    """A run left at its first event is recorded as crashed, and the next says so."""
    town.rule("redis", REDIS)
    with town.app.database.write() as connection:
        rule_state.begin(connection, rule_state.Grading("dead", "s", town.clock.now()))
    summary = town.grade()
    assert any("dead" in each for each in summary.warnings)
    with town.app.database.read() as connection:
        states = {each.id: each.state for each in rule_state.latest(connection)}
    assert states["dead"] == "crashed"
    assert states[summary.run] == "done"


def test_two_gradings_do_not_meet(town: Town) -> None:
    """The second is told that the lock is held."""
    with town.app.workspace.lock("grade"), pytest.raises(Locked):
        town.grade()


def test_one_rule_by_name(town: Town) -> None:
    """Only it is judged; an unknown one is refused with the nearest."""
    town.rule("redis", REDIS)
    town.rule("many", MANY)
    summary = town.grade(rules=["redis"])
    assert [each.data["rule"] for each in town.events if isinstance(each, Row)] == ["redis"]
    assert summary.complete
    with pytest.raises(InvalidFile) as caught:
        town.grade(rules=["rediss"])
    assert "redis" in caught.value.hint


def test_trying_records_nothing(town: Town) -> None:
    """`try` tells what would match, what is undecided, and leaves no finding."""
    town.rule("redis", REDIS)
    service = redis(town, service__auth_required=False)
    trial = rulebook.attempt(town.app, "redis")
    assert (trial.asked, trial.matched, trial.new, trial.undecided) == (1, 1, 1, 0)
    assert trial.sample[0]["entity"] == service.id
    with town.app.database.read() as connection:
        assert list(findings.listed(connection, Wanted(open=None))) == []


def test_showing_and_explaining(town: Town) -> None:
    """A finding by the beginning of its id; a rule with an entity by its key; JSON all through."""
    town.rule("redis", REDIS)
    service = redis(town, service__auth_required=False)
    town.grade()
    (row,) = list(judgement.listed(town.app, judgement.wanted([], ["high"])))
    shown = judgement.show(town.app, str(row["id"])[:12])
    assert shown["evidence"] == {"service.name": "redis", "service.auth_required": False}
    assert shown["remedy"] == "改"
    told = judgement.explained(town.app, "redis", service.key)
    assert (told["outcome"], told["open"], told["finding"]) == ("matched", True, row["id"])
    assert json.loads(json.dumps(told)) == told
    for bad in ("fnd-none", "fnd-"):
        with pytest.raises(UsageError):
            judgement.show(town.app, bad + "x")


def test_linting_and_proving_the_rules_in_force(town: Town) -> None:
    """A row an issue, unreadable files first; a row a rule with the examples that fail."""
    town.rule("redis", REDIS + "examples: {match: [{service.name: ssh}], no_match: [{service.name: ssh}]}\n")
    town.rule("broken", "id: [")
    issues = rulebook.lint(town.app)
    assert issues[0]["code"] == "E1212"
    assert {"E4103", "E4105"} <= {each["code"] for each in issues}
    proof = {each["rule"]: each for each in rulebook.prove(town.app)}
    assert (proof["redis"]["examples"], proof["redis"]["held"]) == (2, 1)
    assert len(list(rulebook.listed(town.app))) == 1
    assert "service.name" in str(rulebook.show(town.app, "redis")["means"])
