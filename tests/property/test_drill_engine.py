"""The engine under any order of events: it ends, sends nothing twice unsettled, and nothing after a stop."""

import sys
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

sys.path.insert(0, str(Path(__file__).parents[1] / "unit" / "drill"))

from drill_parts import T0, Doing, playbook

from secops.core.clock import Instant
from secops.drill.actions.interface import Level, Reach, Traits
from secops.drill.engine import due, finished, fold, initial, step
from secops.drill.record import Entry, Record
from secops.drill.state import OPEN, Ask, Dispatch, Finish, Phase, Probe, Program

pytestmark = pytest.mark.property
PEOPLE = Traits("manual", "", "", Reach.PEOPLE, Level.PASSIVE, 60_000, idempotent=True)
LOST = {Phase.UNKNOWN, Phase.UNSETTLED}
OUTCOMES = st.sampled_from(["succeeded", "failed", "broken"])
PROGRAM = Program(playbook(), {"manual": PEOPLE, "mark": Doing().traits, "look": Doing("look", idempotent=True).traits})

ANY = st.sampled_from(["", "", "", "", *PROGRAM.playbook.steps])
"""Mostly the step that is open."""


class Exercise(RuleBasedStateMachine):
    """A driver that may die at any moment, people who may answer anything, a clock that jumps."""

    def __init__(self):
        super().__init__()
        self.state = initial(PROGRAM)
        self.rows = []
        self.now = int(T0)
        self.world = []
        """(step, attempt) in the order the outside felt them."""
        self.not_done = set()
        self.stopped_at = None
        self.append(Entry.STARTED)

    def append(self, kind, **payload):
        record = Record(kind, Instant(self.now), payload, "u", len(self.rows) + 1)
        self.rows.append(record)
        self.state, _ = step(self.state, record)

    @property
    def phase(self):
        now = self.state.steps.get(self.state.current)
        return now.phase if now else None

    @initialize(answered=st.booleans())
    def most_runs_are_begun(self, answered):
        if answered:
            self.append(Entry.APPROVED, step="ask", note="")

    @rule(seconds=st.sampled_from([0, 1, 5, 100]))
    def time_passes(self, seconds):
        self.now += seconds * 1000

    @rule(answer=st.sampled_from([Entry.APPROVED, Entry.APPROVED, Entry.REJECTED]), name=ANY)
    def somebody_answers(self, answer, name):
        self.append(answer, step=name or self.state.current, note="")

    @rule(
        ends=st.sampled_from(["receipt", "crash", "taken over"]),
        outcome=OUTCOMES,
        count=st.sampled_from(["0", "2", "many", None]),
    )
    def driver_acts(self, ends, outcome, count):
        """As the driver does: intent, the act, the receipt; or death between."""
        for effect in due(self.state):
            if isinstance(effect, Dispatch) and self.now >= effect.not_before:
                self.append(Entry.INTENT, step=effect.step, attempt=effect.attempt)
                assert self.phase is Phase.SENT
                self.world.append((effect.step, effect.attempt))
                if ends == "taken over":
                    self.another_takes_over()
                elif ends == "receipt":
                    outputs = {"count": count} if count is not None else {}
                    self.append(
                        Entry.RECEIPT, step=effect.step, attempt=effect.attempt, outcome=outcome, outputs=outputs
                    )
            elif isinstance(effect, Finish):
                self.append(Entry.FINISHED, result=effect.result)

    @precondition(lambda self: self.phase is Phase.SENT)
    @rule()
    def a_later_driver_finds_it(self):
        self.another_takes_over()

    def another_takes_over(self):
        now = self.state.steps[self.state.current]
        self.append(Entry.UNKNOWN, step=self.state.current, attempt=now.attempt, why="")

    @precondition(lambda self: any(each.phase in LOST for each in self.state.steps.values()))
    @rule(
        name=st.sampled_from(["mark", "mark", "look", "ask"]),
        attempt=st.integers(1, 4),
        outcome=st.sampled_from(["succeeded", "failed", "not-done", "nonsense"]),
    )
    def somebody_settles(self, name, attempt, outcome):
        now = self.state.steps.get(name)
        fits = now is not None and now.attempt == attempt
        if fits and now.phase in LOST and outcome == "not-done":
            self.not_done.add((name, attempt))
        self.append(Entry.SETTLED, step=name, attempt=attempt, outcome=outcome, outputs={})

    @rule(name=ANY)
    def a_deadline_is_called(self, name):
        self.append(Entry.TIMEOUT, step=name or self.state.current)

    @precondition(lambda self: self.phase is not Phase.SENT)
    @rule(name=st.sampled_from(["mark", "look"]), attempt=st.integers(1, 4), outcome=OUTCOMES)
    def a_stray_receipt(self, name, attempt, outcome):
        self.append(Entry.RECEIPT, step=name, attempt=attempt, outcome=outcome, outputs={})

    @rule(name=st.sampled_from(["mark", "look", "ask"]), attempt=st.integers(1, 4))
    def a_stray_unknown(self, name, attempt):
        """Only a driver that has the lease writes one, for a step that is sent."""
        if self.phase is not Phase.SENT:
            self.append(Entry.UNKNOWN, step=name, attempt=attempt, why="")

    @precondition(lambda self: len(self.rows) > 4)
    @rule()
    def somebody_stops(self):
        self.append(Entry.STOP, why="x")
        if self.state.stopped and self.stopped_at is None:
            self.stopped_at = len(self.world)

    @invariant()
    def nothing_after_a_stop(self):
        assert self.stopped_at is None or len(self.world) == self.stopped_at
        if self.state.stopped:
            assert not any(isinstance(each, (Dispatch, Ask, Probe)) for each in due(self.state))

    @invariant()
    def never_twice_unsettled(self):
        marks = [attempt for name, attempt in self.world if name == "mark"]
        assert len(marks) == len(set(marks))
        assert all(("mark", attempt) in self.not_done for attempt in marks[:-1])

    @invariant()
    def one_step_open_with_a_deadline(self):
        opened = [each for each in self.state.steps.values() if each.phase in OPEN]
        assert len(opened) <= 1
        assert all(each.deadline > 0 for each in opened)
        assert finished(self.state) is (bool(self.state.result) and not opened)
        assert bool(opened) or finished(self.state)

    @invariant()
    def the_ledger_tells_all(self):
        assert fold(PROGRAM, self.rows) == self.state

    def teardown(self):
        """From here, deadlines alone bring it to an end."""
        for _ in range(20):
            if finished(self.state):
                break
            name = self.state.current
            self.now = int(self.state.steps[name].deadline) + 1
            self.append(Entry.TIMEOUT, step=name)
        assert finished(self.state)
        self.append(Entry.FINISHED)
        assert self.state.closed
        assert due(self.state) == ()


Exercise.TestCase.settings = settings(max_examples=300, stateful_step_count=30, deadline=None)
TestExercise = Exercise.TestCase
TestExercise.__doc__ = "Started, answered, cut off, stopped and timed out in any order, a run ends as it should."
