"""The engine: a pure transition function over the ledger. It reads no clock and sends nothing.

`step(state, record)` gives the next state and what has to be done now; a record that does not apply changes
nothing. The state of a run is the fold of its ledger, so whoever reads the ledger knows as much as whoever drove it.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from secops.core.clock import Instant
from secops.drill.actions.interface import Outcome, Reach, Traits
from secops.drill.cacao.condition import ConditionError, holds, parse
from secops.drill.cacao.playbook import Act, End, If, Start
from secops.drill.record import Entry, Record
from secops.drill.state import OPEN, Ask, Dispatch, Effect, Finish, Phase, Probe, Program, State, StepState

SETTLE_MS: Final = 7 * 86_400_000
"""How long a step may lie open with nobody driving or settling it before it counts as failed."""
ATTEMPTS: Final = 3
NOT_DONE: Final = "not-done"
"""Outcome of `settled`: the attempt did not happen, so the step may be sent again."""
TIMED_OUT: Final = "ACTION_TIMEOUT"


def initial(program: Program) -> State:
    """A run nobody has started."""
    book = program.playbook
    values = {
        name: replace(each, value=program.values[name]) if each.external and name in program.values else each
        for name, each in book.variables.items()
    }
    return State(program, variables=values)


def fold(program: Program, records: Iterable[Record]) -> State:
    """The state after these records."""
    state = initial(program)
    for record in records:
        state, _ = step(state, record)
    return state


def finished(state: State) -> bool:
    """Begun, and no step open."""
    return state.begun and not any(each.phase in OPEN for each in state.steps.values())


def applies(state: State, record: Record) -> bool:
    """Would it change anything?"""
    return replace(step(state, record)[0], last=state.last) != state


def step(state: State, record: Record) -> tuple[State, tuple[Effect, ...]]:
    """The state after the record, and what is to be done now."""
    new = _TRANSITIONS[record.type](state, record)
    if new.stopped and new.begun:
        new = _halt(new)
    return replace(new, last=max(record.no, new.last)), due(new)


def due(state: State) -> tuple[Effect, ...]:
    """What is to be done in this state; the same whenever it is asked."""
    if state.closed or not state.begun:
        return ()
    if finished(state):
        return (Finish(state.result, state.verdict, state.detail),)
    now = state.steps.get(state.current)
    if now is None or state.stopped:
        return ()
    if now.phase is Phase.READY:
        return (Dispatch(state.current, now.attempt, now.since),)
    if now.phase is Phase.WAITING:
        return (Ask(state.current, now.deadline),)
    if now.phase is Phase.UNKNOWN:
        return (Probe(state.current, now.attempt),)
    return ()


def _started(state: State, record: Record) -> State:
    if state.begun:
        return state
    return _enter(replace(state, begun=True), state.program.playbook.start, record.at)


def _intent(state: State, record: Record) -> State:
    now = _matching(state, record, Phase.READY)
    if now is None or state.stopped or record.at < now.since:
        return state
    limit = Instant(record.at + _timeout(state, state.current))
    return _put(state, state.current, replace(now, phase=Phase.SENT, since=record.at, deadline=limit))


def _receipt(state: State, record: Record) -> State:
    now = _matching(state, record, Phase.SENT, Phase.UNKNOWN)
    outcome = _outcome(record)
    if now is None or outcome is None:
        return state
    detail = record.text("detail")
    if now.phase is Phase.SENT and record.at > now.deadline:
        outcome, detail = Outcome.BROKEN, f"{TIMED_OUT} {state.current}: {detail}"
    return _done(state, record, outcome, detail)


def _unknown(state: State, record: Record) -> State:
    now = _matching(state, record, Phase.SENT)
    if now is None:
        return state
    if state.stopped:
        return _put(state, state.current, replace(now, phase=Phase.UNSETTLED, detail=record.text("why")))
    if _traits(state, state.current).idempotent:
        return _again(state, record, now)
    limit = Instant(record.at + SETTLE_MS)
    lost = replace(now, phase=Phase.UNKNOWN, since=record.at, deadline=limit, detail=record.text("why"))
    return _put(state, state.current, lost)


def _settled(state: State, record: Record) -> State:
    name = record.text("step")
    left = state.steps.get(name)
    if left is not None and left.phase is Phase.UNSETTLED and left.attempt == record.number("attempt"):
        told = replace(left, outputs=record.texts("outputs"), detail=record.text("detail"), who=record.who)
        outcome = _outcome(record)
        if outcome is not None:
            return _put(state, name, replace(told, phase=Phase.DONE, outcome=outcome))
        return _put(state, name, replace(told, phase=Phase.CANCELLED)) if record.text("outcome") == NOT_DONE else state
    now = _matching(state, record, Phase.UNKNOWN)
    if now is None:
        return state
    if record.text("outcome") == NOT_DONE:
        return _again(state, record, now)
    outcome = _outcome(record)
    return state if outcome is None else _done(state, record, outcome, record.text("detail"))


def _approved(state: State, record: Record) -> State:
    return _answered(state, record, Outcome.SUCCEEDED, "yes")


def _rejected(state: State, record: Record) -> State:
    return _answered(state, record, Outcome.FAILED, "no")


def _answered(state: State, record: Record, outcome: Outcome, answer: str) -> State:
    now = state.steps.get(state.current)
    if now is None or now.phase is not Phase.WAITING or record.text("step") != state.current or state.stopped:
        return state
    if record.at > now.deadline:
        return _done(state, record, Outcome.BROKEN, f"{TIMED_OUT} {state.current}")
    told = Record(record.type, record.at, {"outputs": {"answer": answer, "note": record.text("note")}}, record.who)
    return _done(state, told, outcome, record.text("note"))


def _timed_out(state: State, record: Record) -> State:
    now = state.steps.get(state.current)
    if now is None or now.phase not in OPEN or record.text("step") != state.current or record.at < now.deadline:
        return state
    return _done(state, record, Outcome.BROKEN, f"{TIMED_OUT} {state.current}")


def _stop(state: State, record: Record) -> State:
    if not state.begun or state.result or state.stopped:
        return state
    return replace(state, stopped=True, detail=record.text("why"))


def _finished(state: State, _record: Record) -> State:
    return replace(state, closed=True) if finished(state) else state


_TRANSITIONS: Final = {
    Entry.STARTED: _started,
    Entry.INTENT: _intent,
    Entry.RECEIPT: _receipt,
    Entry.UNKNOWN: _unknown,
    Entry.SETTLED: _settled,
    Entry.APPROVED: _approved,
    Entry.REJECTED: _rejected,
    Entry.TIMEOUT: _timed_out,
    Entry.STOP: _stop,
    Entry.FINISHED: _finished,
}


def _halt(state: State) -> State:
    """After a stop: what was not sent is cancelled, what is unknown stays so, what is under way ends by itself."""
    if state.result:
        return state
    closing = {Phase.READY: Phase.CANCELLED, Phase.WAITING: Phase.CANCELLED, Phase.UNKNOWN: Phase.UNSETTLED}
    steps = {
        name: replace(each, phase=closing[each.phase]) if each.phase in closing else each
        for name, each in state.steps.items()
    }
    state = replace(state, steps=steps)
    return replace(state, result="stopped", current="", frames=()) if finished(state) else state


def _done(state: State, record: Record, outcome: Outcome, detail: str) -> State:
    name = state.current
    outputs = record.texts("outputs")
    ended = replace(
        state.steps[name], phase=Phase.DONE, outcome=outcome, outputs=outputs, detail=detail, who=record.who
    )
    state = _put(state, name, ended)
    act = state.program.playbook.steps[name]
    if isinstance(act, Act) and outcome is not Outcome.BROKEN:
        given = {
            variable: replace(state.variables[variable], value=outputs[output])
            for variable, output in act.outputs.items()
            if output in outputs and variable in state.variables
        }
        state = replace(state, variables={**state.variables, **given})
    return state if state.stopped else _leave(state, name, outcome, record.at)


def _again(state: State, record: Record, now: StepState) -> State:
    if now.attempt >= ATTEMPTS:
        return _done(state, record, Outcome.BROKEN, f"{ATTEMPTS} attempts")
    fresh = StepState(Phase.READY, now.attempt + 1, record.at, Instant(record.at + SETTLE_MS))
    return _put(state, state.current, fresh)


def _leave(state: State, name: str, outcome: Outcome, at: Instant) -> State:
    """From a step that ended to the next. The exits are read as CACAO 4.1 words them."""
    here = state.program.playbook.steps[name]
    if isinstance(here, End):
        return state
    exits = here.exits
    if exits.completion and outcome is not Outcome.BROKEN:
        return _enter(state, exits.completion, at)
    if exits.success and outcome is Outcome.SUCCEEDED:
        return _enter(state, exits.success, at)
    if exits.failure and outcome is not Outcome.SUCCEEDED:
        return _enter(state, exits.failure, at)
    return _fail(state, name, at)


def _fail(state: State, name: str, at: Instant) -> State:
    steps = {
        each: replace(now, phase=Phase.DONE, outcome=Outcome.BROKEN) if now.phase is Phase.INSIDE else now
        for each, now in state.steps.items()
    }
    state = replace(state, steps=steps, frames=(), detail=state.detail or name)
    handler = state.program.playbook.exception
    if handler and not state.handling:
        return _enter(replace(state, handling=True), handler, at)
    return replace(state, result="failed", current="")


def _enter(state: State, name: str, at: Instant) -> State:
    """Reach a step; those that need no one are carried out at once."""
    here = state.program.playbook.steps.get(name)
    if here is None or name in state.steps:
        return replace(state, result="failed", current="", detail=f"no way on: {name}")
    if isinstance(here, Start):
        done = StepState(Phase.DONE, since=at, deadline=at, outcome=Outcome.SUCCEEDED)
        return _leave(_put(state, name, done), name, Outcome.SUCCEEDED, at)
    if isinstance(here, End):
        done = StepState(Phase.DONE, since=at, deadline=at, outcome=Outcome.SUCCEEDED)
        return _end(_put(state, name, done), here, at)
    if isinstance(here, If):
        return _choose(state, here, at)
    starts = Instant(at + here.delay)
    if _traits(state, name).reach is Reach.PEOPLE:
        opened = StepState(Phase.WAITING, since=starts, deadline=Instant(starts + _timeout(state, name)))
    else:
        opened = StepState(Phase.READY, since=starts, deadline=Instant(starts + SETTLE_MS))
    return replace(_put(state, name, opened), current=name)


def _choose(state: State, here: If, at: Instant) -> State:
    inside = StepState(Phase.INSIDE, since=at, deadline=at)
    try:
        arm = here.on_true if holds(parse(here.condition), state.variables) else here.on_false
    except ConditionError as error:
        state = _put(state, here.name, replace(inside, phase=Phase.DONE, outcome=Outcome.BROKEN, detail=error.what))
        return _leave(state, here.name, Outcome.BROKEN, at)
    if not arm:
        state = _put(state, here.name, replace(inside, phase=Phase.DONE, outcome=Outcome.SUCCEEDED))
        return _leave(state, here.name, Outcome.SUCCEEDED, at)
    state = _put(state, here.name, replace(inside, detail="true" if arm == here.on_true else "false"))
    return _enter(replace(state, frames=(*state.frames, here.name)), arm, at)


def _end(state: State, here: End, at: Instant) -> State:
    state = replace(state, verdict=here.verdict or state.verdict)
    if not state.frames:
        return replace(state, result="handled" if state.handling else "succeeded", current="")
    name = state.frames[-1]
    back = replace(state.steps[name], phase=Phase.DONE, outcome=Outcome.SUCCEEDED)
    return _leave(replace(_put(state, name, back), frames=state.frames[:-1]), name, Outcome.SUCCEEDED, at)


def _matching(state: State, record: Record, *phases: Phase) -> StepState | None:
    now = state.steps.get(state.current)
    fits = now is not None and record.text("step") == state.current and now.phase in phases
    return now if fits and now is not None and record.number("attempt") == now.attempt else None


def _outcome(record: Record) -> Outcome | None:
    text = record.text("outcome")
    return Outcome(text) if text in set(Outcome) else None


def _put(state: State, name: str, now: StepState) -> State:
    return replace(state, steps={**state.steps, name: now})


def _traits(state: State, name: str) -> Traits:
    here = state.program.playbook.steps[name]
    assert isinstance(here, Act)
    return state.program.actions[here.action]


def _timeout(state: State, name: str) -> int:
    here = state.program.playbook.steps[name]
    assert isinstance(here, Act)
    return _traits(state, name).timeout if here.timeout is None else here.timeout
