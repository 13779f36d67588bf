"""The driver writes the intent before it acts and the receipt after, and never guesses."""

from dataclasses import dataclass, field

import pytest
from drill_parts import T0, Doing, Rows, playbook

from secops.core.clock import ManualClock
from secops.core.errors import Locked, Refused, SecopsError
from secops.core.events import Summary
from secops.drill.actions.interface import Level, Outcome, Reach, Receipt, Traits
from secops.drill.driver import Driver, answer
from secops.drill.record import Entry, Record
from secops.drill.state import Program

PEOPLE = Traits("manual", "", "", Reach.PEOPLE, Level.PASSIVE, 60_000, idempotent=True)


@dataclass
class Asking:
    traits: Traits = PEOPLE


@dataclass
class Stage:
    """A run with everything in memory."""

    mark: Doing = field(default_factory=Doing)
    look: Doing = field(default_factory=lambda: Doing("look", idempotent=True))
    rows: Rows = field(default_factory=Rows)
    clock: ManualClock = field(default_factory=lambda: ManualClock(T0))
    halt: str = ""
    stop: bool = False

    def __post_init__(self):
        self.rows.append(Record(Entry.STARTED, T0, {}, "u", 1))

    def drive(self, **options):
        actions = {"manual": Asking(), "mark": self.mark, "look": self.look}
        program = Program(playbook(), {name: each.traits for name, each in actions.items()})
        driver = Driver(
            "r", program, actions, self.rows, self.clock, "u", lambda: self.stop, lambda: self.halt, **options
        )
        events = list(driver.drive(resumed=False))
        self.state = driver.state
        assert isinstance(events[-1], Summary)
        return events[-1]

    def add(self, kind, **payload):
        self.rows.append(Record(kind, self.clock.now(), payload, "u", len(self.rows.rows) + 1))

    @property
    def kinds(self):
        return [str(each.type) for each in self.rows.rows]


@pytest.fixture
def stage():
    return Stage()


def test_waits_and_goes_on(stage):
    """It returns while a person is asked, and goes on to the end once answered."""
    assert stage.drive().state == "waiting"
    given = answer(stage.state, "ask", "yes", note="", at=T0, who="boss")
    stage.add(given.type, **given.payload)
    summary = stage.drive()
    assert summary.state == "done"
    assert summary.complete
    assert stage.kinds == ["started", "approved", "intent", "receipt", "intent", "receipt", "finished"]
    assert stage.mark.done[0][:2] == ("mark", 1)


def test_intent_is_written_before_the_act(stage):
    """What the action sees when it acts is a ledger whose last row is its own intent."""
    stage.add(Entry.APPROVED, step="ask")
    seen = []
    stage.mark.on_do = lambda call: seen.append((stage.kinds[-1], stage.rows.rows[-1].payload["token"] == call.token))
    stage.drive()
    assert seen == [("intent", True)]


def test_crash_between_leaves_unknown(stage):
    """A driver that died in the act is followed by one that does not act again."""
    stage.add(Entry.APPROVED, step="ask")
    stage.add(Entry.INTENT, step="mark", attempt=1)
    summary = stage.drive()
    assert summary.state == "unknown"
    assert stage.mark.done == []
    assert stage.kinds[-1] == "unknown"


@pytest.mark.parametrize(("outcome", "sent"), [(Outcome.SUCCEEDED, 0), (Outcome.BROKEN, 1)])
def test_probe_settles(stage, outcome, sent):
    """A probe that knows settles the step: seen, it goes on; not seen, it is sent once more."""
    stage.mark.probed = Receipt(outcome, {"count": "1"})
    stage.add(Entry.APPROVED, step="ask")
    stage.add(Entry.INTENT, step="mark", attempt=1)
    assert stage.drive().complete
    assert len(stage.mark.done) == sent


def test_crash_in_an_idempotent_act(stage):
    """An idempotent action is done again without asking."""
    stage.add(Entry.APPROVED, step="ask")
    for kind, payload in (
        (Entry.INTENT, {"step": "mark", "attempt": 1}),
        (Entry.RECEIPT, {"step": "mark", "attempt": 1, "outcome": "succeeded", "outputs": {"count": "1"}}),
        (Entry.INTENT, {"step": "look", "attempt": 1}),
    ):
        stage.add(kind, **payload)
    assert stage.drive().complete
    assert [each[1] for each in stage.look.done] == [2]


def test_stop_between_two_steps(stage):
    """A stop that is on the ledger is seen before the next act."""
    stage.add(Entry.APPROVED, step="ask")
    stage.mark.on_do = lambda _: stage.add(Entry.STOP, why="enough")
    assert stage.drive().state == "stopped"
    assert stage.look.done == []
    assert stage.kinds[-3:] == ["stop", "receipt", "finished"]


def test_switch_pressed(stage):
    """A pressed switch becomes a stop before anything is sent."""
    stage.add(Entry.APPROVED, step="ask")
    stage.halt = "pressed"
    assert stage.drive().state == "stopped"
    assert stage.mark.done == []


@pytest.mark.parametrize(("code", "state"), [("E2110", "stopped"), ("E2107", "waiting")])
def test_refused_by_the_gate(stage, code, state):
    """A refusal for a stop ends the run; any other one is a step that could not be carried out."""
    stage.add(Entry.APPROVED, step="ask")

    def refuse(_):
        raise Refused(code, "no")

    stage.mark.on_do = refuse
    assert stage.drive().state == state
    assert stage.look.done == []


def test_interrupted(stage):
    """Ctrl-C ends the driver between two steps and leaves the run to be resumed."""
    stage.add(Entry.APPROVED, step="ask")
    stage.stop = True
    summary = stage.drive()
    assert (summary.state, summary.resumable) == ("interrupted", True)
    assert stage.mark.done == []


def test_deadline_of_a_question(stage):
    """A question nobody answers ends at its deadline."""
    stage.clock.advance(61)
    summary = stage.drive()
    assert "timeout" in stage.kinds
    assert summary.warnings[0] == "refused"


def test_waiting_goes_by_the_clock(stage):
    """Told to wait, it stays until the deadline and then goes on."""
    assert stage.drive(wait=True).state == "done"
    assert "timeout" in stage.kinds


def test_lost_lease(stage):
    """A driver that has been replaced stops at its next row."""
    stage.add(Entry.APPROVED, step="ask")

    def taken(_):
        raise Locked("E7204", "taken")

    stage.rows.append = taken
    with pytest.raises(Locked):
        stage.drive()
    assert stage.mark.done == []


def test_error_of_an_action(stage):
    """An action's error is a receipt, not a crash."""
    stage.add(Entry.APPROVED, step="ask")

    def fail(_):
        raise SecopsError("E3101", "no route")

    stage.mark.on_do = fail
    stage.drive()
    assert stage.state.steps["mark"].outcome is Outcome.BROKEN


@pytest.mark.parametrize("word", ["maybe", "done", ""])
def test_answers_that_do_not_fit(stage, word):
    """A question takes yes or no; other words are refused."""
    stage.drive()
    assert answer(stage.state, "ask", word, note="", at=T0, who="u") is None
    assert answer(stage.state, "look", "yes", note="", at=T0, who="u") is None
