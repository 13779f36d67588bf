"""Looks again by schedule until told to end. What was missed is caught up once; idle it holds no lock.

A due moment is handled exactly once: its run carries `watch@moment` in its plan, so that after a crash the store tells
whether the moment has a run already, and an unfinished one is continued.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace

from secops.core.clock import render
from secops.core.errors import InvalidFile, Locked, Refused, SecopsError, UsageError
from secops.core.events import Event, Note, Started, Summary
from secops.core.language import say
from secops.discover.plan import Plan
from secops.hall import watches
from secops.hall.app import App
from secops.hall.flows.discover import discover, resume
from secops.hall.flows.discover_open import make_plan
from secops.hall.flows.discover_progress import Live, quiet
from secops.hall.watches import Watch
from secops.store import runs

LOCK = "watch"
_LOOK_SECONDS = 30.0
_AGAIN_SECONDS = 60.0
"""After a failure of this machine (no disk, no interface, another run) a due moment is tried again so much later."""
_LOOK_BACK = 200
_CLOSED = "E2114"
_ENDED = frozenset({"done", "incomplete"})


def watch(
    app: App,
    *,
    operator: str,
    stop: Callable[[], bool] = lambda: False,
    live: Live = quiet,
    once: bool = False,
) -> Iterator[Event]:
    """Runs of every watch as they fall due. Raises UsageError without a watch.

    `once`: those due now, then the end; raises the first thing that kept one of them from running.
    """
    found, wrong = watches.all_of(app.workspace)
    if not found and not wrong:
        raise UsageError(
            "E1434",
            say("没有例行任务", "there is no watch"),
            where=str(app.workspace.root / "watches"),
            hint=say(
                "写一个 watches/每夜.yaml 那样的文件：scope、schedule 两行即可",
                "write a file such as watches/nightly.yaml: scope and schedule are enough",
            ),
        )
    yield from _Watcher(app, operator, stop, live, once).run()


def listed(app: App) -> Iterator[Mapping[str, object]]:
    """Every watch: schedule, last and next moment, last run. Raises InvalidFile for a broken one."""
    found, wrong = watches.all_of(app.workspace)
    for error in wrong:
        raise error
    now = app.clock.now()
    for each in found:
        done = watches.state(app.workspace, each.name, now)
        due = done.due_at(each.schedule, now)
        following = each.schedule.next(now)
        yield {
            "watch": each.name,
            "title": each.title,
            "scope": each.scope,
            "schedule": each.schedule.text,
            "due": None if due is None else render(due),
            "next": None if following is None else render(following),
            "handled": render(done.handled) if done.handled else None,
            "runs": done.runs,
            "run": done.run,
        }


def occasion(watch: Watch, due: int) -> str:
    """What a run of this watch and moment carries in its plan."""
    return f"{watch.name}@{render(due)}"


def planned(app: App, watch: Watch, due: int, run: int) -> Plan:
    """The plan of a watch's n-th run (from 0): the whole every so often, else the known and a slice of the rest."""
    turn = run % watch.full_every
    slices = watch.full_every - 1
    file = app.workspace.root / watch.scope
    return make_plan(
        app,
        str(file) if file.is_file() else watch.scope,
        engine=watch.engine,
        ports=watch.ports,
        udp=watch.udp,
        ping=watch.ping,
        delta=turn > 0,
        shard=f"{turn}/{slices}" if turn > 0 else "",
        occasion=occasion(watch, due),
    )


@dataclass(slots=True)
class _Watcher:
    """One process that watches."""

    app: App
    operator: str
    stop: Callable[[], bool]
    live: Live
    once: bool = False
    failed: SecopsError | None = None
    """What went wrong first, of a process that looks once."""
    told: set[str] = field(default_factory=set)
    """Errors told once already."""
    later: dict[str, float] = field(default_factory=dict)
    """Watch -> monotonic time before which it is not tried again."""

    def run(self) -> Iterator[Event]:
        epoch = self.app.epoch.read()
        while not self.stop():
            yield from self._round()
            if self.once and self.failed is not None:
                raise self.failed
            if self.once or self.stop():
                return
            if self.app.epoch.read() != epoch:
                yield Note(say("已按停止指令停下", "stopped by order"), warning=True)
                return
            self._idle(epoch)

    def _round(self) -> Iterator[Event]:
        """Everything due now, each once."""
        found, wrong = watches.all_of(self.app.workspace)
        for error in wrong:
            yield from self._tell(error)
        for each in found:
            if self.stop():
                return
            if self.app.clock.monotonic() < self.later.get(each.name, 0.0):
                continue
            try:
                with self.app.workspace.lock(f"{LOCK}-{each.name}"):
                    yield from self._due(each)
            except Locked as error:
                if self.once:
                    yield from self._tell(error)
                self._not_now(each)
            except SecopsError as error:
                yield from self._tell(error)
                self._not_now(each)

    def _due(self, each: Watch) -> Iterator[Event]:
        """Handle this watch's due moment, if there is one. The caller holds its lock."""
        now = self.app.clock.now()
        done = watches.state(self.app.workspace, each.name, now)
        if not done.handled and not done.due and done.since == now:
            watches.keep(self.app.workspace, each.name, done)
        due = done.due if done.due > done.handled and done.run else done.due_at(each.schedule, now)
        if due is None:
            return
        if done.due != due:
            done = replace(done, due=due, run="")
            watches.keep(self.app.workspace, each.name, done)
        state = ""
        for event in self._events(each, due, done.runs):
            if isinstance(event, Started):
                done = replace(done, run=event.run)
                watches.keep(self.app.workspace, each.name, done)
            elif isinstance(event, Summary):
                state = event.state
            yield event
        if state in _ENDED:
            watches.keep(self.app.workspace, each.name, replace(done, handled=due, due=0, runs=done.runs + 1))
            self.told.clear()
        elif not self.stop():
            self._not_now(each)

    def _events(self, each: Watch, due: int, number: int) -> Iterator[Event]:
        """The run of this moment: the one it has, continued, or a new one."""
        operator = each.operator or self.operator
        found = self._existing(occasion(each, due))
        if found is not None and found.state in _ENDED:
            yield Started(found.id, found.kind, resumed=True)
            yield Summary(found.id, found.kind, complete=found.state == "done", state=found.state)
            return
        if found is not None:
            with suppress(InvalidFile):
                try:
                    yield from resume(self.app, found.id, operator=operator, stop=self.stop, live=self.live, wait=False)
                except Refused as refused:
                    if refused.code not in {"E3405", "E3406", "E3408"}:
                        raise
                else:
                    return
            yield Note(say(f"任务 {found.id} 无法继续，重新开始", f"run {found.id} cannot go on: beginning anew"))
        self._say_missed(each, due)
        plan = planned(self.app, each, due, number)
        yield from discover(self.app, plan, operator=operator, stop=self.stop, live=self.live, wait=False)

    def _existing(self, name: str) -> runs.Run | None:
        """The latest run that was begun for this occasion."""
        with self.app.database.read() as connection:
            return next((r for r in runs.latest(connection, _LOOK_BACK) if r.plan.get("occasion") == name), None)

    def _say_missed(self, each: Watch, due: int) -> None:
        late = (self.app.clock.now() - due) / 60_000
        if late >= 5:
            at = render(due)
            self.live(Note(say(f"{each.title}：补做 {at} 的一次", f"{each.title}: catching up with {at}")))

    def _not_now(self, each: Watch) -> None:
        self.later[each.name] = self.app.clock.monotonic() + _AGAIN_SECONDS

    def _tell(self, error: SecopsError) -> Iterator[Event]:
        """An error, once until something works again."""
        text = str(error)
        if self.once and self.failed is None:
            self.failed = error
        elif text not in self.told and len(self.told) < 1_000:
            self.told.add(text)
            yield Note(text, warning=True)

    def _idle(self, epoch: int) -> None:
        """Sleep until something may be due; wakes up for a request to end."""
        now = self.app.clock.now()
        found, _ = watches.all_of(self.app.workspace)
        moments = [each.schedule.next(now) for each in found]
        wait = min([(each - now) / 1000 for each in moments if each is not None], default=_LOOK_SECONDS)
        end = self.app.clock.monotonic() + max(0.1, min(wait, _LOOK_SECONDS))
        while (left := end - self.app.clock.monotonic()) > 0 and not self.stop():
            self.app.clock.sleep(min(left, 0.5))
            if self.app.epoch.read() != epoch:
                return
