"""Discovery from the verified scope to the inventory: plan, run, resume. Everything acknowledged is on disk first."""

import os
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field, replace

from secops.core.clock import DAY_MS, Instant
from secops.core.errors import InvalidFile, Refused, SecopsError, UsageError
from secops.core.events import Event, Note, Progress, Row, Started, Summary
from secops.core.language import say
from secops.core.model import Coverage, Observation, RunEnd
from secops.discover import plan as plans
from secops.discover.journal import Journal
from secops.discover.plan import Plan
from secops.discover.reach import over_ipv6
from secops.discover.run import Done, Found, Look
from secops.hall.app import App
from secops.hall.flows.discover_open import Opened, make_plan, open_run
from secops.hall.flows.discover_record import bury, write_files
from secops.store import coverage, observations, run_ends, runs

KIND = "discover"
LOCK = "discover"
_BEAT = 1.0
_UNENDED = frozenset({"crashed", "interrupted", "stopped", "refused"})
_LOOK_BACK = 50
"""Runs looked through for an unfinished one of the same plan."""
_STOPPED = {"E2110"}
"""Refusals that mean: somebody said stop."""


def discover(app: App, plan: Plan, *, operator: str, stop: Callable[[], bool] = lambda: False) -> Iterator[Event]:
    """Run the plan to its end. Raises Locked, Refused (before anything is sent), UsageError, StoreError."""
    with app.workspace.lock(LOCK):
        yield from bury(app)
        plans.check(plan)
        now = app.clock.now()
        left = _left(app, plan, now)
        if left is not None:
            yield Note(
                say(f"同一计划的任务 {left.id} 未完成，接着做", f"run {left.id} of this plan is unfinished: continuing")
            )
            yield from _go_on(app, left, plan, operator, stop)
            return
        run = plans.run_id(plan, now)
        opened = open_run(app, plan, operator)
        with app.database.write() as connection:
            runs.begin(
                connection,
                runs.Run(
                    run, KIND, plan.site, runs.RUNNING, plan.document(), plan.hash, now, now, None, os.getpid(), {}, {}
                ),
            )
        write_files(app, run, "plan.json", plan.document())
        yield from _Session(app, plan, run, now, opened, stop).drive(frozenset(), resumed=False)


def resume(
    app: App, run: str, *, operator: str, stop: Callable[[], bool] = lambda: False, wanted: Plan | None = None
) -> Iterator[Event]:
    """Go on with an unfinished run by its stored plan. Raises UsageError when `wanted` is another plan."""
    with app.workspace.lock(LOCK):
        yield from bury(app)
        with app.database.read() as connection:
            found = runs.get(connection, run)
        if found is None:
            raise UsageError("E1404", say(f"没有这个任务：{run}", f"no such run: {run}"), hint="secops discover status")
        plan = plans.decode(found.plan, f"run {run}")
        if plan.hash != found.plan_hash:
            raise InvalidFile(
                "E1405", say("存下的计划与其摘要不符", "the stored plan does not match its hash"), where=run
            )
        if wanted is not None and wanted.hash != plan.hash:
            raise UsageError(
                "E1406",
                say("续跑不能改变选项", "a resumed run takes no changed option"),
                where=run,
                why="; ".join(plans.differences(plan, wanted)),
                hint=say("按原样续跑，或新开一次 discover run", "resume it as it is, or begin anew with discover run"),
            )
        if found.state == "done":
            yield Note(say(f"任务 {run} 已经完成", f"run {run} is complete already"))
            return
        yield from _go_on(app, found, plan, operator, stop)


def _left(app: App, plan: Plan, now: Instant) -> runs.Run | None:
    """The last run of this very plan if it did not end and was alive within a day: a second start continues it."""
    with app.database.read() as connection:
        same = next((each for each in runs.latest(connection, _LOOK_BACK) if each.plan_hash == plan.hash), None)
    fresh = same is not None and same.state in _UNENDED and now - same.heartbeat < DAY_MS
    return same if fresh else None


def _go_on(app: App, found: runs.Run, plan: Plan, operator: str, stop: Callable[[], bool]) -> Iterator[Event]:
    """Finish the blocks of a run that are not done. The caller holds the lock."""
    with app.database.read() as connection:
        done = coverage.blocks_done(connection, found.id)
    opened = open_run(app, plan, operator)
    with app.database.write() as connection:
        runs.again(connection, found.id, app.clock.now(), os.getpid())
    yield from _Session(app, plan, found.id, found.started_at, opened, stop).drive(done, resumed=True)


def wanted_plan(
    app: App,
    run: str,
    *,
    engine: str,
    ports: str,
    deep: tuple[str, ...],
    udp: bool | None = None,
    ping: bool | None = None,
) -> Plan:
    """The plan these options would make for the scope of this run, to be compared with the stored one."""
    with app.database.read() as connection:
        found = runs.get(connection, run)
    if found is None:
        raise UsageError("E1404", say(f"没有这个任务：{run}", f"no such run: {run}"), hint="secops discover status")
    stored = plans.decode(found.plan, f"run {run}")
    made = make_plan(
        app,
        stored.scope_id,
        engine=engine or stored.engine,
        ports=ports,
        deep=deep,
        udp=bool(stored.udp) if udp is None else udp,
        ping=stored.ping if ping is None else ping,
    )
    return replace(
        made,
        ports=made.ports if ports else stored.ports,
        udp=made.udp if ports or udp is not None else stored.udp,
        deep=made.deep if deep else stored.deep,
        level=made.level if deep else stored.level,
    )


@dataclass(slots=True)
class _Session:
    """One process driving one run."""

    app: App
    plan: Plan
    run: str
    started: Instant
    opened: Opened
    stop: Callable[[], bool]
    journal: Journal = field(default_factory=Journal)
    acknowledged: list[Observation] = field(default_factory=list)
    merged: dict[str, int | float] = field(default_factory=dict)
    beat: float = 0.0
    begun: float = 0.0

    def drive(self, done: frozenset[int], *, resumed: bool) -> Iterator[Event]:
        """Every block that is not done, then the deep look, the run's end, and one Summary, last."""
        self.begun = self.app.clock.monotonic()
        self.app.audit.append(
            "discover.resume" if resumed else "discover.start",
            {"run": self.run, "plan": self.plan.hash, "scope": self.plan.scope_id, "engine": self.plan.engine},
        )
        state, told = "crashed", False
        try:
            yield Started(self.run, KIND, resumed)
            try:
                self.journal.warnings += self.opened.warnings
                for reason, count in self.opened.left_out.items():
                    self.journal.left_out[reason] += count
                yield from self._blocks(done)
                state = "interrupted" if self.stop() else "done"
                if state == "done" and self.plan.deep:
                    yield from self._deep()
                    state = "incomplete" if self.journal.left_out[_NMAP] else "done"
            except Refused as refused:
                state = "stopped" if refused.code in _STOPPED else "refused"
                self.journal.warnings.append(str(refused))
                yield Note(str(refused), warning=True)
            except KeyboardInterrupt:
                state = "interrupted"
            yield from self._finish(state)
            told = True
        finally:
            self.opened.close()
            if not told:
                self._abandon(state)

    def _blocks(self, done: frozenset[int]) -> Iterator[Event]:
        total = plans.estimate(self.plan)
        asked = 0
        look = Look(
            run=self.run,
            site=self.plan.site,
            observer=self.app.observer,
            finder=self.opened.finder(self._draining),
            loop=lambda: self.opened.loop(self.tick),
            clock=self.app.clock,
            admits=self.opened.gate.admits,
            names=self.opened.resolver,
            draining=self.stop,
            named=dict(self.opened.named),
            kit=self.opened.kit,
            beside=self.opened.beside(self.run, self._draining, self.tick),
        )
        self.journal.planned = total.targets
        for block in plans.blocks(self.plan):
            if block.number in done:
                self.journal.blocks += 1
                asked += block.targets
                continue
            if self.stop():
                return
            for event in look.block(block, self.plan.seed):
                if isinstance(event, Found):
                    self.journal.open += 1
                elif isinstance(event, Observation):
                    self.journal.add(over_ipv6(event, self.opened.without_ipv6), self.app.clock.monotonic())
                else:
                    self._settle(event)
                self.tick()
                yield from self._rows()
                yield self._progress(asked, total.targets)
            asked += block.targets
            yield from self._rows()
            yield from self._merge()

    def _settle(self, done: Done) -> None:
        """The end of a block. Raises Refused when the Gate ended it."""
        self.journal.account(done.tally)
        if done.tally.refused:
            self.journal.left_out[say("授权外", "refused by scope")] += done.tally.refused
        if done.tally.unrouted:
            reason = say("没有通路，未探测", "no way there, not asked")
            self.journal.left_out[reason] += done.tally.unrouted
        if done.coverage is not None:
            self.journal.blocks += 1
            self._write(done.coverage)
        elif done.ended == "refused":
            self._write(None)
            code, _, what = done.tally.detail.partition(": ")
            raise Refused(code or "E2199", what or say("授权已失效", "the scope no longer holds"))

    def _deep(self) -> Iterator[Event]:
        yield Progress("nmap", 0, len(self.plan.deep), say("台", "hosts"))
        for number, outcome in enumerate(self.opened.deep(self.run, self.app), 1):
            if isinstance(outcome, str):
                self.journal.left_out[_NMAP] += 1
                self.journal.warnings.append(outcome)
                yield Note(outcome, warning=True)
                continue
            for seen in outcome:
                self.journal.add(seen, self.app.clock.monotonic())
            self._write(None)
            yield from self._rows()
            yield Progress("nmap", number, len(self.plan.deep), say("批", "batches"))
        yield from self._merge()

    def _finish(self, state: str) -> Iterator[Event]:
        """Write what is left, log the end, merge, and tell the summary."""
        self._write(None)
        yield from self._rows()
        if state == "done":
            end = RunEnd(self.run, self.plan.site, self.app.clock.now(), complete=True, started=self.started)
            with self.app.database.write() as connection:
                run_ends.append(connection, end)
        try:
            yield from self._merge()
        except KeyboardInterrupt:
            state = "interrupted"
        yield self._record(state)

    def _record(self, state: str) -> Summary:
        """The summary, on disk before anybody is told."""
        self.journal.warnings += measured(self.journal)
        summary = Summary(
            run=self.run,
            kind=KIND,
            complete=state == "done",
            counts=dict(self.journal.counts()) | self.merged,
            left_out={reason: count for reason, count in self.journal.left_out.items() if count},
            resumable=state not in {"done", "incomplete"},
            warnings=tuple(self.journal.warnings[:50]),
            duration_ms=round((self.app.clock.monotonic() - self.begun) * 1000),
            state=state,
        )
        with self.app.database.write() as connection:
            runs.end(connection, self.run, self.app.clock.now(), state, asdict(summary))
        write_files(self.app, self.run, "summary.json", asdict(summary))
        self.app.audit.append("discover.end", {"run": self.run, "state": state})
        return summary

    def _abandon(self, state: str) -> None:
        """The caller went away or something broke: what can be written is written; else the next start does it."""
        try:
            self._write(None)
            self._record("interrupted" if state == "crashed" else state)
        except SecopsError:
            self.journal.warnings.append("summary left to the next start")

    def _merge(self) -> Iterator[Event]:
        from secops.hall.flows.merge import merge

        for event in merge(self.app):
            if isinstance(event, Summary):
                for name, count in event.counts.items():
                    self.merged[name] = self.merged.get(name, 0) + count
            elif isinstance(event, (Progress, Note)):
                yield event

    def tick(self) -> None:
        """Write what is due and give a sign of life."""
        now = self.app.clock.monotonic()
        if self.journal.due(now) or now - self.beat >= _BEAT:
            self._write(None)

    def _write(self, finished: Coverage | None) -> None:
        """One transaction: pending observations, the finished block, the sign of life."""
        self.beat = self.app.clock.monotonic()
        taken = self.journal.take()
        with self.app.database.write() as connection:
            observations.append(connection, taken)
            if finished is not None:
                coverage.append(connection, finished)
            runs.beat(connection, self.run, self.app.clock.now(), self.journal.counts())
        self.acknowledged += taken

    def _rows(self) -> Iterator[Event]:
        """What was written since last time, as rows."""
        told, self.acknowledged = self.acknowledged, []
        for seen in told:
            yield Row("observation", row(seen))

    def _draining(self) -> bool:
        self.tick()
        return self.stop()

    def _progress(self, asked: int, total: int) -> Progress:
        return Progress(say("发现", "discover"), asked, total, say("目标", "targets"), found=self.journal.open)


_NMAP = "nmap"
_LOSSY = 0.01
"""Measured loss from which the summary warns; the counts tell it in any case."""


def measured(journal: Journal) -> list[str]:
    """What canaries and the rate tell of how much may have been missed, in words."""
    loss = journal.loss()
    told: list[str] = []
    if loss is not None and loss >= _LOSSY:
        asked, lost = journal.canaries, journal.canaries_lost
        told.append(
            say(
                f"丢失率估计 {loss:.1%}：复测 {asked} 次，{lost} 次未应答",
                f"loss {loss:.1%}: {lost} of {asked} canaries lost",
            )
        )
    if journal.slowed:
        why = ", ".join(f"{sign} x{times}" for sign, times in sorted(journal.slowed.items()))
        told.append(
            say(
                f"自动降速 {journal.slowed.total()} 次（{why}），最低 {journal.slowest:,.0f} 个/秒",
                f"slowed down {journal.slowed.total()} times ({why}), to {journal.slowest:,.0f} pps at worst",
            )
        )
    return told


def row(seen: Observation) -> dict[str, object]:
    """The observation as a record of a stream."""
    return {
        "id": seen.id,
        "run": seen.run,
        "site": seen.site,
        "observer": seen.observer,
        "collector": seen.collector,
        "address": seen.target.address,
        "port": seen.target.port,
        "transport": str(seen.target.transport),
        "name": seen.target.name,
        "seen_at": int(seen.seen_at),
        "status": str(seen.status),
        "facts": dict(seen.facts),
        "extra": dict(seen.extra),
        "raw_digest": seen.raw_digest,
    }
