"""The engine's way through a playbook, one record at a time."""

from dataclasses import replace

import pytest
from drill_parts import T0, Doing, playbook

from secops.core.clock import Instant
from secops.drill import engine
from secops.drill.actions.interface import Level, Reach, Traits
from secops.drill.cacao.playbook import Exits, If
from secops.drill.engine import due, finished, fold, initial, step
from secops.drill.record import Entry, Record
from secops.drill.state import Ask, Dispatch, Finish, Phase, Probe, Program

PEOPLE = Traits("manual", "", "", Reach.PEOPLE, Level.PASSIVE, 60_000, idempotent=True)


@pytest.fixture
def program():
    return Program(
        playbook(), {"manual": PEOPLE, "mark": Doing().traits, "look": Doing("look", idempotent=True).traits}
    )


def run(state, *records):
    for kind, payload in records:
        state, _ = step(state, Record(kind, Instant(T0 + 1000), payload, "u"))
    return state


def begun(program):
    return run(initial(program), (Entry.STARTED, {}))


def marked(program):
    return run(begun(program), (Entry.APPROVED, {"step": "ask"}), (Entry.INTENT, {"step": "mark", "attempt": 1}))


def test_asks_first(program):
    """The start leads to the question and sends nothing."""
    state = begun(program)
    assert due(state) == (Ask("ask", Instant(T0 + 61_000)),)


def test_to_the_end(program):
    """Approved, sent and answered, the run takes the true branch and succeeds with its verdict."""
    state = run(
        marked(program),
        (Entry.RECEIPT, {"step": "mark", "attempt": 1, "outcome": "succeeded", "outputs": {"count": "2"}}),
        (Entry.INTENT, {"step": "look", "attempt": 1}),
        (Entry.RECEIPT, {"step": "look", "attempt": 1, "outcome": "succeeded"}),
    )
    assert due(state) == (Finish("succeeded", "good", ""),)
    assert finished(state)
    assert not due(run(state, (Entry.FINISHED, {})))


def test_rejected(program):
    """A no takes the failure path."""
    state = run(begun(program), (Entry.REJECTED, {"step": "ask"}))
    assert (state.result, state.verdict) == ("succeeded", "refused")


def test_lost_intent_is_unknown(program):
    """A non-idempotent intent without receipt is probed, never dispatched."""
    state = run(marked(program), (Entry.UNKNOWN, {"step": "mark", "attempt": 1}))
    assert due(state) == (Probe("mark", 1),)
    again = run(state, (Entry.SETTLED, {"step": "mark", "attempt": 1, "outcome": "not-done"}))
    assert [each.attempt for each in due(again) if isinstance(each, Dispatch)] == [2]


def test_idempotent_is_sent_again(program):
    """An idempotent intent without receipt is dispatched anew, a bounded number of times."""
    state = run(marked(program), (Entry.RECEIPT, {"step": "mark", "attempt": 1, "outcome": "succeeded"}))
    for attempt in range(1, engine.ATTEMPTS):
        lost = (
            (Entry.INTENT, {"step": "look", "attempt": attempt}),
            (Entry.UNKNOWN, {"step": "look", "attempt": attempt}),
        )
        state = run(state, *lost)
        assert due(state)[0].attempt == attempt + 1
    last = engine.ATTEMPTS
    state = run(
        state, (Entry.INTENT, {"step": "look", "attempt": last}), (Entry.UNKNOWN, {"step": "look", "attempt": last})
    )
    assert state.steps["look"].outcome == "broken"


def test_broken_goes_to_the_handler(program):
    """A step that could not be carried out ignores on_completion and wakes the exception handler."""
    state = run(marked(program), (Entry.RECEIPT, {"step": "mark", "attempt": 1, "outcome": "broken"}))
    assert state.handling
    assert state.current == "handler"
    ended = run(state, (Entry.APPROVED, {"step": "handler"}))
    assert ended.result == "handled"


def test_failed_takes_on_completion(program):
    """A bad result that was carried out is a completion."""
    state = run(marked(program), (Entry.RECEIPT, {"step": "mark", "attempt": 1, "outcome": "failed"}))
    assert state.current == "look"


def test_condition_without_truth_fails_the_step(program):
    """An unknown value in a condition is a failure, not the false branch."""
    state = run(
        marked(program),
        (Entry.RECEIPT, {"step": "mark", "attempt": 1, "outcome": "succeeded"}),
        (Entry.INTENT, {"step": "look", "attempt": 1}),
        (Entry.RECEIPT, {"step": "look", "attempt": 1, "outcome": "succeeded"}),
    )
    assert state.steps["choose"].outcome == "broken"
    assert state.handling


def test_timeout(program):
    """A step past its deadline is a failed step; before it, nothing happens."""
    state = begun(program)
    early, _ = step(state, Record(Entry.TIMEOUT, Instant(T0 + 60_999), {"step": "ask"}))
    assert replace(early, last=state.last) == state
    late, _ = step(state, Record(Entry.TIMEOUT, Instant(T0 + 61_000), {"step": "ask"}))
    assert late.verdict == "refused"
    slow, _ = step(
        marked(program),
        Record(Entry.RECEIPT, Instant(T0 + 99_000), {"step": "mark", "attempt": 1, "outcome": "succeeded"}),
    )
    assert slow.steps["mark"].outcome == "broken"
    assert engine.TIMED_OUT in slow.steps["mark"].detail


def test_stop(program):
    """After a stop nothing is due but the end; what is under way is waited for, what is unknown is left out."""
    stopped = run(begun(program), (Entry.STOP, {"why": "x"}))
    assert due(stopped) == (Finish("stopped", "", "x"),)
    under_way = run(marked(program), (Entry.STOP, {"why": "x"}))
    assert due(under_way) == ()
    lost = run(under_way, (Entry.UNKNOWN, {"step": "mark", "attempt": 1}))
    assert lost.steps["mark"].phase is Phase.UNSETTLED
    assert finished(lost)
    settled = run(lost, (Entry.SETTLED, {"step": "mark", "attempt": 1, "outcome": "succeeded"}))
    assert settled.steps["mark"].outcome == "succeeded"
    assert settled.result == "stopped"


@pytest.mark.parametrize("kind", list(Entry))
def test_what_does_not_apply_changes_nothing(program, kind):
    """A record of another step, attempt or time is no record."""
    state = marked(program)
    if kind is Entry.STOP:
        return
    same, _ = step(state, Record(kind, T0, {"step": "elsewhere", "attempt": 7, "outcome": "succeeded"}))
    assert same == state


def test_fold_is_the_state(program):
    """Whoever folds the ledger knows what the driver knew."""
    records = [
        Record(Entry.STARTED, T0, {}, "u", 1),
        Record(Entry.APPROVED, T0, {"step": "ask"}, "u", 2),
        Record(Entry.INTENT, T0, {"step": "mark", "attempt": 1}, "u", 3),
    ]
    state = initial(program)
    for record in records:
        state, _ = step(state, record)
    assert fold(program, records) == state
    assert state.last == 3


def test_no_way_on_fails(program):
    """A false condition without a false branch and an unknown next step end the run instead of hanging it."""
    book = program.playbook
    steps = {**book.steps, "begin": replace(book.steps["begin"], exits=Exits(completion="nowhere"))}
    state = begun(replace(program, playbook=replace(book, steps=steps)))
    assert state.result == "failed"
    only = If("choose", "1 > 2", "good", Exits(completion="over"))
    steps = {**book.steps, "choose": only, "begin": replace(book.steps["begin"], exits=Exits(completion="choose"))}
    assert begun(replace(program, playbook=replace(book, steps=steps))).result == "succeeded"
