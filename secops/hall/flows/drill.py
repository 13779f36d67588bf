"""Exercises from a playbook to the last record: lint, plan, apply, resume, approve, status, stop, export.

Only `apply` and `resume` drive; everything else reads the ledger or adds one row to it.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from secops.core.clock import CHINA, Instant, parse
from secops.core.errors import InvalidFile, Locked, Refused, UsageError
from secops.core.events import Event, Summary
from secops.core.ids import derive
from secops.core.language import say
from secops.drill import driver, engine
from secops.drill import plan as plans
from secops.drill.cacao import json_form, yaml_form
from secops.drill.cacao.document import Document
from secops.drill.cacao.lint import lint
from secops.drill.cacao.playbook import Playbook, in_order
from secops.drill.cacao.problem import Problem, refuse
from secops.drill.plan import Line, Plan
from secops.drill.record import Entry, Record
from secops.drill.state import OPEN, State
from secops.hall.app import App
from secops.hall.flows.discover_open import admitted
from secops.hall.flows.drill_ledger import held, put, read, stop_all_epoch
from secops.hall.flows.drill_world import World, described
from secops.hall.workspace import Workspace, layered
from secops.scope.document import Scope
from secops.scope.yaml_source import Source, nearest, visible
from secops.store import ledger

_PLAN_MOST = 8 << 20
"""Bytes of a plan file."""


@dataclass(frozen=True, slots=True)
class Made:
    """A plan and what it would do."""

    plan: Plan
    book: Playbook
    lines: tuple[Line, ...]
    scope: Scope


def read_plan(path: Path) -> Plan:
    """The saved plan in this file. Raises InvalidFile."""
    try:
        with path.open("rb") as stream:
            text = stream.read(_PLAN_MOST + 1)
    except OSError as error:
        what = say("读不了计划文件", "the plan cannot be read")
        raise InvalidFile("E7201", what, where=str(path), why=str(error)) from error
    return plans.load(text, str(path))


def locate(workspace: Workspace | None, name: str) -> Path:
    """The playbook file of this path or shipped name. Raises UsageError."""
    if Path(name).is_file():
        return Path(name)
    known = layered(workspace, "playbooks")
    for candidate in (name, f"{name}.yaml"):
        if candidate in known:
            return known[candidate]
    near = nearest(name, [each.removesuffix(".yaml") for each in known])
    raise UsageError(
        "E7203",
        say(f"没有剧本 {visible(name)}", f"no playbook {visible(name)}"),
        hint=say(f"是不是 {near}？", f"did you mean {near}?") if near else ", ".join(known),
    )


def examine(path: Path) -> tuple[Document, tuple[Problem, ...]]:
    """The playbook and everything wrong with it. Raises InvalidFile where it is no YAML or JSON at all."""
    located = Source.read(path)
    document = json_form.parse(located) if path.suffix == ".json" else yaml_form.parse(located)
    return document, lint(document, {name: each.traits for name, each in described().items()})


def load_playbook(path: Path) -> Playbook:
    """The playbook, free of errors. Raises InvalidFile."""
    document, problems = examine(path)
    wrong = refuse(problems, str(path))
    if wrong is not None:
        raise wrong
    return document.playbook


def make(app: App, playbook: str, scope: str, values: Mapping[str, str], *, operator: str = "") -> Made:
    """What would be carried out. Sends nothing. Raises InvalidFile, UsageError, Refused."""
    path = locate(app.workspace, playbook)
    book = load_playbook(path)
    found = admitted(app, scope)
    world = World(app, found, operator)
    actions = world.actions()
    settled = plans.settle_values(book, values)
    plan = Plan(json_form.write(book, actions), str(path.resolve()), scope, found.id, found.digest, settled)
    return Made(plan, book, tuple(plans.preview(book, actions, settled)), found)


def apply(
    app: App, plan: Plan, *, operator: str, stop: Callable[[], bool] = lambda: False, wait: bool = False
) -> Iterator[Event]:
    """Carry the plan out. Raises Refused when scope or playbook are no longer what the plan says."""
    found = _unchanged(app, plan)
    world = World(app, found, operator)
    actions = world.actions()
    program = plans.program(plan, actions)
    now = app.clock.now()
    _valid(program.playbook, now)
    try:
        world.open()
        run = _run_id(plan, now)
        with held(app, run) as ours:
            first = Record(Entry.STARTED, now, {"plan": plan.record(), "epoch": ours.epoch}, operator, 1)
            if not ours.append(first):
                raise Locked("E7204", say("同一时刻已有一次演练", "a run began this very moment"), where=run)
            app.audit.append("drill.apply", {"run": run, "plan": plan.hash, "scope": plan.scope_id})
            drive = driver.Driver(run, program, actions, ours, app.clock, operator, stop, ours.halted, wait)
            yield from _audited(app, run, drive.drive(resumed=False))
    finally:
        world.close()


def resume(
    app: App, run: str, *, operator: str, stop: Callable[[], bool] = lambda: False, wait: bool = False
) -> Iterator[Event]:
    """Go on with a run. Raises UsageError where there is none, Locked while another process drives it, Refused."""
    records = _records(app, run)
    plan = _plan(records, run)
    state = _state(plan, records)
    if state.closed:
        yield driver.summary(state, run, 0)
        return
    begun = records[0].number("epoch")
    stopped = state.stopped or stop_all_epoch(app) > begun
    found = None if stopped else _unchanged(app, plan, source=False)
    world = None if found is None else World(app, found, operator)
    actions = described() if world is None else world.actions()
    program = plans.program(plan, actions)
    try:
        if world is not None:
            world.open()
        with held(app, run) as ours:
            reason = say("此前已执行 secops stop --all", "secops stop --all came before") if stopped else ""
            app.audit.append("drill.resume", {"run": run, "plan": plan.hash, "scope": plan.scope_id})
            drive = driver.Driver(
                run, program, actions, ours, app.clock, operator, stop, lambda: reason or ours.halted(), wait
            )
            yield from _audited(app, run, drive.drive(resumed=True))
    finally:
        if world is not None:
            world.close()


def approve(app: App, run: str, step: str, word: str, *, who: str, note: str = "") -> Record:
    """Write down a person's answer. Dispatches nothing. Raises UsageError where the step is not open to it."""
    while True:
        records = _records(app, run)
        state = _state(_plan(records, run), records)
        record = driver.answer(state, step, word, note=note, at=app.clock.now(), who=who)
        if record is None or not engine.applies(state, record):
            raise _not_open(state, run, step, word)
        numbered = Record(record.type, record.at, record.payload, who, state.last + 1)
        if put(app, run, numbered):
            app.audit.append("drill.answer", {"run": run, "step": step, "answer": word, "who": who})
            return numbered


def status(app: App) -> list[dict[str, object]]:
    """Every run, newest first."""
    with app.database.read() as connection:
        names = ledger.runs(connection)
    return [_line(app, run) for run in names]


def steps(app: App, run: str) -> tuple[list[dict[str, object]], list[str]]:
    """The steps of a run in the order of its playbook, and what a person can do now."""
    records = _records(app, run)
    state = _state(_plan(records, run), records)
    told = []
    for name in in_order(state.program.playbook):
        step, now = state.program.playbook.steps[name], state.steps.get(name)
        told.append(
            {
                "run": run,
                "step": name,
                "type": step.type,
                "phase": str(now.phase) if now else "",
                "outcome": str(now.outcome or "") if now else "",
                "attempt": now.attempt if now else 0,
                "since": int(now.since) if now else None,
                "deadline": int(now.deadline) if now and now.phase in OPEN else None,
                "who": now.who if now else "",
                "detail": now.detail if now else "",
            }
        )
    return told, driver.hints(state, run)


def export(app: App, name: str) -> list[dict[str, object]]:
    """The whole ledger of a run. Raises UsageError where there is none."""
    return [driver.row(name, each) for each in _records(app, name)]


def stop(app: App, run: str, *, who: str, why: str) -> Summary:
    """Write the stop down behind whatever is written; a run that has ended stays as it is. Raises UsageError.

    The switch is pressed before, by `drill_stop.press`, which needs none of this.
    """
    while True:
        records = _records(app, run)
        state = _state(_plan(records, run), records)
        record = Record(Entry.STOP, app.clock.now(), {"why": why}, who, state.last + 1)
        if not engine.applies(state, record):
            return driver.summary(state, run, 0)
        if put(app, run, record):
            app.audit.append("drill.stop", {"run": run, "who": who})


def is_run(app: App, name: str) -> bool:
    """Does a run of this id exist?"""
    with app.database.read() as connection:
        return ledger.last(connection, name) > 0


def cacao(app: App | None, name: str) -> dict[str, object]:
    """The CACAO 2.0 JSON of a playbook, or of the one a run carried out. Raises UsageError, InvalidFile."""
    if app is not None and is_run(app, name):
        records = _records(app, name)
        return dict(_plan(records, name).playbook)
    return json_form.write(load_playbook(locate(app.workspace if app else None, name)), described())


def _audited(app: App, run: str, events: Iterator[Event]) -> Iterator[Event]:
    for event in events:
        if isinstance(event, Summary):
            app.audit.append("drill.end", {"run": run, "state": event.state})
        yield event


def _unchanged(app: App, plan: Plan, *, source: bool = True) -> Scope:
    """Raises Refused when the scope, or (before the start) the playbook, is not what the plan was made of."""
    found = admitted(app, plan.scope_id)
    if found.digest != plan.scope_digest:
        what = say("授权书在计划之后改过", "the scope changed after the plan was made")
        raise Refused("E7202", what, where=plan.scope_id, hint=say("重新生成计划", "make the plan again"))
    if source:
        now = json_form.write(load_playbook(Path(plan.source)), described())
        if json.loads(json.dumps(now)) != plan.playbook:
            what = say("剧本在计划之后改过", "the playbook changed after the plan was made")
            raise Refused("E7202", what, where=plan.source, hint=say("重新生成计划", "make the plan again"))
    return found


def _valid(book: Playbook, now: Instant) -> None:
    if book.revoked:
        raise Refused("E7207", say("剧本已撤销", "the playbook is revoked"), where=book.key)
    early = book.valid_from and now < parse(book.valid_from)
    if early or (book.valid_until and now > parse(book.valid_until)):
        what = say("剧本不在有效期内", "the playbook is not valid now")
        raise Refused("E7207", what, where=book.key, why=f"{book.valid_from} – {book.valid_until}")


def _records(app: App, run: str) -> list[Record]:
    records = read(app, run)
    if not records:
        raise UsageError("E7203", say(f"没有演练 {visible(run)}", f"no run {visible(run)}"), hint="secops drill status")
    return records


def _plan(records: list[Record], run: str) -> Plan:
    return plans.read(records[0].payload.get("plan"), run)


def _state(plan: Plan, records: list[Record]) -> State:
    return engine.fold(plans.program(plan, described()), records)


def _line(app: App, run: str) -> dict[str, object]:
    records = _records(app, run)
    state = _state(_plan(records, run), records)
    told = driver.summary(state, run, 0)
    return {
        "run": run,
        "playbook": state.program.playbook.key,
        "state": told.state,
        "step": state.current,
        "verdict": state.verdict,
        "started": int(records[0].at),
        "last": int(records[-1].at),
    }


def _not_open(state: State, run: str, step: str, word: str) -> UsageError:
    known = state.program.playbook.steps
    if step not in known:
        near = nearest(step, known)
        hint = say(f"是不是 {near}？", f"did you mean {near}?") if near else ", ".join(known)
        return UsageError("E7203", say(f"没有步骤 {visible(step)}", f"no step {visible(step)}"), hint=hint)
    return UsageError(
        "E7205",
        say(f"步骤 {step} 现在不接受答复 {word}", f"{step} does not take the answer {word} now"),
        where=run,
        hint="；".join(driver.hints(state, run)) or f"secops drill status {run}",
    )


def _run_id(plan: Plan, at: Instant) -> str:
    stamp = datetime.fromtimestamp(at / 1000, CHINA).strftime("%Y%m%d-%H%M%S")
    return f"{stamp}-{derive('run', 'drill', plan.hash, int(at))[4:10]}"
