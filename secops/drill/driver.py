"""Drives one run: does what the engine says is due, with the intent on disk before and the receipt after.

Only one driver at a time (the ledger's lease sees to it), and only `apply` and `resume` make one. Whatever another
process appends meanwhile (an approval, a stop) is read before each act; an intent is refused once anything has come
between, so nothing is sent after a stop that is on disk.
"""

from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol

from secops.core.clock import Clock, Instant
from secops.core.errors import Refused, SecopsError
from secops.core.events import Event, Note, Row, Started, Summary
from secops.core.ids import derive
from secops.core.language import say
from secops.drill import engine
from secops.drill.actions.interface import Action, Call, Outcome, Receipt
from secops.drill.cacao.playbook import Act, Scalar
from secops.drill.engine import due
from secops.drill.plan import resolve
from secops.drill.record import Entry, Record
from secops.drill.state import Ask, Dispatch, Finish, Phase, Probe, Program, State

KIND: Final = "drill"
STOPPED: Final = frozenset({"E2110", "E2111"})
"""Refusals of the Gate that mean: somebody said stop."""
_PAUSE: Final = 0.1


class Ledger(Protocol):
    """The run's rows, as the driver uses them."""

    def records(self, after: int) -> list[Record]:
        """The rows after this number."""
        ...

    def append(self, record: Record) -> bool:
        """Write and sync one row with its number; False when that number is taken. Raises Locked: not ours any more."""
        ...


@dataclass(slots=True)
class Driver:
    """One process driving one run."""

    run: str
    program: Program
    actions: Mapping[str, Action]
    ledger: Ledger
    clock: Clock
    who: str
    stop: Callable[[], bool]
    """This process was asked to end (Ctrl-C)."""
    halted: Callable[[], str]
    """Why the whole run must stop now, empty when it need not."""
    wait: bool = False
    """Stay while a person is asked."""
    state: State = field(init=False)
    begun: float = 0.0
    appended: int = 0
    probed: set[tuple[str, int]] = field(default_factory=set)

    def drive(self, *, resumed: bool) -> Iterator[Event]:
        """Go on until the run ends, waits or is interrupted; one Summary, last. Raises Locked, StoreError."""
        self.begun = self.clock.monotonic()
        self.state = engine.initial(self.program)
        yield Started(self.run, KIND, resumed)
        yield from self._read(tell=not resumed)
        yield from self._lost()
        why = "running"
        while why == "running":
            yield from self._read()
            why = yield from self._once()
        yield from self._hint()
        yield summary(self.state, self.run, round((self.clock.monotonic() - self.begun) * 1000), interrupted=why)

    def _once(self) -> Generator[Event, None, str]:
        if self.state.closed:
            return "ended"
        reason = self.halted()
        if reason and not engine.finished(self.state) and not self.state.stopped:
            yield from self._add(Entry.STOP, {"why": reason})
            return "running"
        if self.stop() and not engine.finished(self.state):
            return "interrupted"
        for effect in due(self.state):
            if isinstance(effect, Finish):
                told = {"result": effect.result, "verdict": effect.verdict, "detail": effect.detail}
                yield from self._add(Entry.FINISHED, told)
                return "running"
            if isinstance(effect, Dispatch):
                return (yield from self._dispatch(effect))
            return (yield from self._patience(effect))
        return "open"

    def _dispatch(self, effect: Dispatch) -> Generator[Event, None, str]:
        now = self.clock.now()
        if now < effect.not_before:
            self.clock.sleep(min(_PAUSE, (effect.not_before - now) / 1000))
            return "running"
        call, wrong = self._call(effect.step, effect.attempt)
        intent = {"step": effect.step, "attempt": effect.attempt, "token": call.token, "arguments": call.arguments}
        if not (yield from self._add(Entry.INTENT, intent)):
            return "running"
        receipt = wrong
        if receipt is None:
            try:
                receipt = self._action(effect.step).do(call)
            except SecopsError as error:
                if isinstance(error, Refused) and error.code in STOPPED:
                    yield from self._insist(Entry.STOP, {"why": str(error)})
                receipt = Receipt(Outcome.BROKEN, detail=str(error))
        told = {"step": effect.step, "attempt": effect.attempt, **_told(receipt)}
        yield from self._insist(Entry.RECEIPT, told)
        return "running"

    def _patience(self, effect: Ask | Probe) -> Generator[Event, None, str]:
        now = self.state.steps[effect.step]
        if self.clock.now() >= now.deadline:
            yield from self._add(Entry.TIMEOUT, {"step": effect.step})
            return "running"
        if isinstance(effect, Probe) and (effect.step, effect.attempt) not in self.probed:
            self.probed.add((effect.step, effect.attempt))
            receipt = self._probe(effect)
            if receipt is not None:
                told = {"step": effect.step, "attempt": effect.attempt, "by": "probe", **_told(receipt)}
                if receipt.outcome is Outcome.BROKEN:
                    told["outcome"] = engine.NOT_DONE
                yield from self._add(Entry.SETTLED, told)
                return "running"
        if not self.wait:
            return "waiting"
        self.clock.sleep(_PAUSE)
        return "running"

    def _probe(self, effect: Probe) -> Receipt | None:
        call, wrong = self._call(effect.step, effect.attempt)
        if wrong is not None:
            return None
        try:
            return self._action(effect.step).probe(call)
        except SecopsError:
            return None

    def _lost(self) -> Iterator[Event]:
        """An intent without receipt, and its driver is gone: unknown, never sent again blindly."""
        for name, now in self.state.steps.items():
            if now.phase is Phase.SENT:
                why = say("执行中断，没有回执", "cut off before its receipt")
                yield from self._insist(Entry.UNKNOWN, {"step": name, "attempt": now.attempt, "why": why})

    def _call(self, step: str, attempt: int) -> tuple[Call, Receipt | None]:
        """What the action is told; a receipt where the arguments cannot be resolved."""
        act = self.program.playbook.steps[step]
        assert isinstance(act, Act)
        seconds = (self._timeout(act)) / 1000
        token = derive("sx", self.run, step, attempt)
        arguments: dict[str, Scalar] = dict(act.arguments)
        wrong: Receipt | None = None
        try:
            arguments = resolve(act.arguments, self.state.variables)
        except SecopsError as error:
            wrong = Receipt(Outcome.BROKEN, detail=str(error))
        return Call(self.run, step, attempt, token, arguments, seconds, self._halting), wrong

    def _halting(self) -> bool:
        return bool(self.halted()) or self.stop()

    def _timeout(self, act: Act) -> int:
        return self.program.actions[act.action].timeout if act.timeout is None else act.timeout

    def _action(self, step: str) -> Action:
        act = self.program.playbook.steps[step]
        assert isinstance(act, Act)
        return self.actions[act.action]

    def _read(self, *, tell: bool = True) -> Iterator[Event]:
        for record in self.ledger.records(self.state.last):
            yield from self._take(record, tell=tell)

    def _take(self, record: Record, *, tell: bool) -> Iterator[Event]:
        self.state, _ = engine.step(self.state, record)
        if tell and record.type is not Entry.STARTED:
            yield Row("record", row(self.run, record))
            text = narrate(record)
            if text:
                yield Note(text)

    def _add(self, kind: Entry, payload: Mapping[str, object]) -> Generator[Event, None, bool]:
        record = Record(kind, self.clock.now(), payload, self.who, self.state.last + 1)
        if not self.ledger.append(record):
            return False
        self.appended += 1
        yield from self._take(record, tell=True)
        return True

    def _insist(self, kind: Entry, payload: Mapping[str, object]) -> Iterator[Event]:
        """Append behind whatever others have written meanwhile: a receipt is never lost."""
        while not (yield from self._add(kind, payload)):
            yield from self._read()

    def _hint(self) -> Iterator[Event]:
        for text in hints(self.state, self.run):
            yield Note(text)


def hints(state: State, run: str) -> list[str]:
    """The exact commands a person can answer an open question with."""
    told = []
    for effect in due(state):
        if isinstance(effect, Ask):
            act = state.program.playbook.steps[effect.step]
            question = str(act.arguments.get("question", "")) if isinstance(act, Act) else ""
            told.append(say(f"等待人工确认「{effect.step}」：{question}", f"waiting for a person: {question}"))
            told.append(f"  secops drill approve {run} {effect.step} --answer yes|no")
            told.append(f"  secops drill resume {run}")
        elif isinstance(effect, Probe):
            what = f"步骤「{effect.step}」是否已执行无从得知，请查看目标日志后裁定"
            told.append(say(what, f"whether {effect.step} happened cannot be known; look at the target's log"))
            told.append(f"  secops drill approve {run} {effect.step} --answer done|failed|not-done")
            told.append(f"  secops drill resume {run}")
    return told


def row(run: str, record: Record) -> dict[str, object]:
    """A ledger row as a record of a stream."""
    return {
        "run": run,
        "no": record.no,
        "event": str(record.type),
        "at": int(record.at),
        "who": record.who,
        "payload": dict(record.payload),
    }


def narrate(record: Record) -> str:
    """The row in words, empty where it says nothing to people."""
    step, detail = record.text("step"), record.text("detail")
    outcome = record.text("outcome")
    results = {
        "succeeded": say("成功", "succeeded"),
        "failed": say("未达成", "failed"),
        "broken": say("未能执行", "broken"),
    }
    told = results.get(outcome, outcome)
    texts = {
        Entry.INTENT: say(f"执行 {step}", f"doing {step}"),
        Entry.RECEIPT: f"{step}: {told} {detail}".rstrip(),
        Entry.UNKNOWN: say(f"{step}: 结果未知", f"{step}: outcome unknown"),
        Entry.SETTLED: say(f"{step}: 裁定为 {told}", f"{step}: settled as {told}"),
        Entry.APPROVED: say(f"{step}: {record.who} 已同意", f"{step}: approved by {record.who}"),
        Entry.REJECTED: say(f"{step}: {record.who} 未同意", f"{step}: rejected by {record.who}"),
        Entry.TIMEOUT: say(f"{step}: 超时", f"{step}: too late"),
        Entry.STOP: say(f"停止: {record.text('why')}", f"stop: {record.text('why')}"),
    }
    return texts.get(record.type, "")


def summary(state: State, run: str, duration_ms: int, *, interrupted: str = "") -> Summary:
    """How the run stands: `waiting` and `unknown` are states of an open run."""
    phases = [each.phase for each in state.steps.values()]
    left = {str(phase): phases.count(phase) for phase in (Phase.UNSETTLED, Phase.CANCELLED) if phase in phases}
    names = {"succeeded": "done", "failed": "failed", "handled": "failed", "stopped": "stopped"}
    settled = names.get(state.result, "")
    if not settled:
        now = state.steps.get(state.current)
        waits = {Phase.WAITING: "waiting", Phase.UNKNOWN: "unknown"}
        settled = "interrupted" if interrupted == "interrupted" or now is None else waits.get(now.phase, "interrupted")
    acts = {name: each for name, each in state.steps.items() if isinstance(state.program.playbook.steps[name], Act)}
    return Summary(
        run=run,
        kind=KIND,
        complete=settled == "done",
        counts={
            "steps": len(acts),
            "succeeded": sum(each.outcome is Outcome.SUCCEEDED for each in acts.values()),
            "failed": sum(each.outcome is Outcome.FAILED for each in acts.values()),
            "broken": sum(each.outcome is Outcome.BROKEN for each in acts.values()),
            "sent": sum(each.attempt for each in acts.values() if each.phase not in {Phase.READY, Phase.WAITING}),
        },
        left_out=left,
        resumable=not state.closed and settled != "stopped",
        warnings=tuple(text for text in (state.verdict, state.detail if settled != "done" else "") if text),
        duration_ms=duration_ms,
        state=settled,
    )


def _told(receipt: Receipt) -> dict[str, object]:
    return {"outcome": str(receipt.outcome), "outputs": dict(receipt.outputs), "detail": receipt.detail[:2000]}


def answer(state: State, step: str, word: str, *, note: str, at: Instant, who: str) -> Record | None:
    """The record that answers an open question, None where the step is not open or the word does not fit it."""
    now = state.steps.get(step)
    if now is None:
        return None
    payload: dict[str, object] = {"step": step, "note": note[:2000]}
    if now.phase is Phase.WAITING and word in {"yes", "no"}:
        return Record(Entry.APPROVED if word == "yes" else Entry.REJECTED, at, payload, who)
    outcomes = {"done": "succeeded", "failed": "failed", "not-done": engine.NOT_DONE}
    if now.phase in {Phase.UNKNOWN, Phase.UNSETTLED} and word in outcomes:
        told = {"outcome": outcomes[word], "attempt": now.attempt, "by": "person", "detail": note[:2000]}
        return Record(Entry.SETTLED, at, payload | told | {"outputs": {}}, who)
    return None
