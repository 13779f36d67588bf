"""One process driving one run: blocks, observations, events, the summary. Everything acknowledged is on disk first."""

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field

from secops.core.clock import Instant, render
from secops.core.errors import Refused, SecopsError
from secops.core.events import Event, Note, Progress, Row, Started, Summary
from secops.core.language import say
from secops.core.model import Coverage, Observation, RunEnd
from secops.discover import plan as plans
from secops.discover.depth import Depth
from secops.discover.journal import Journal
from secops.discover.plan import Block, Plan
from secops.discover.reach import over_ipv6
from secops.discover.run import Done, Found, Look
from secops.hall.app import App
from secops.hall.flows import discover_events as events
from secops.hall.flows.discover_limits import few_descriptors, full_conntrack
from secops.hall.flows.discover_open import Opened, open_run
from secops.hall.flows.discover_progress import Guard, Live, Pulse
from secops.hall.flows.discover_record import write_files
from secops.hall.flows.discover_tell import measured, row, spared
from secops.scope import hours
from secops.scope.level import Level
from secops.store import coverage, cursor, observations, run_ends, runs

KIND = "discover"
_BEAT = 1.0
_NAP = 1.0
_STOPPED = {"E2110"}
"""Refusals that mean: somebody said stop."""
_CLOSED = "E2114"
_NMAP = "nmap"


@dataclass(slots=True)
class Session:
    """One process driving one run."""

    app: App
    plan: Plan
    run: str
    started: Instant
    opened: Opened
    operator: str
    stop: Callable[[], bool]
    live: Live
    wait: bool
    journal: Journal = field(default_factory=Journal)
    acknowledged: list[Observation] = field(default_factory=list)
    merged: dict[str, int | float] = field(default_factory=dict)
    events: dict[str, int] = field(default_factory=dict)
    beat: float = 0.0
    begun: float = 0.0
    stage: str = ""
    place: str = ""
    paused_until: int = 0
    audit_first: int = 0
    pulse: Pulse = field(init=False)
    look: Look | None = None
    sent_before: int = 0
    granted: int = 0
    """Packets that had been leased when the block began."""
    _taken_in: int = 0

    def __post_init__(self) -> None:
        self.pulse = Pulse(self.app.clock)

    def drive(self, done: frozenset[int], *, resumed: bool) -> Iterator[Event]:
        """Every block that is not done, then the deep look, the run's end, and one Summary, last."""
        self.begun = self.pulse.begun = self.app.clock.monotonic()
        self.audit_first = self.app.audit.append(
            "discover.resume" if resumed else "discover.start",
            {"run": self.run, "plan": self.plan.hash, "scope": self.plan.scope_id, "engine": self.plan.engine},
        )
        state, told = "crashed", False
        guard = Guard(self._signs, self._doing, self.app.clock, self.live)
        try:
            yield Started(self.run, KIND, resumed)
            with guard:
                try:
                    yield from self._warned()
                    yield from self._through(done)
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
                self.journal.warnings += guard.stuck
                yield from self._finish(state)
            told = True
        finally:
            self.opened.close()
            if not told:
                self._abandon(state)

    def _warned(self) -> Iterator[Event]:
        """What was noticed before the first packet."""
        self.journal.warnings += self.opened.warnings
        for reason, count in self.opened.left_out.items():
            self.journal.left_out[reason] += count
        for text in (*few_descriptors(self.app.config.number("discover.concurrency")), *full_conntrack()):
            self.journal.warnings.append(text)
            yield Note(text, warning=True)

    def _through(self, done: frozenset[int]) -> Iterator[Event]:
        """All blocks; where the scope's hours end on the way, a pause until they begin again."""
        while True:
            try:
                yield from self._blocks(done)
                return
            except Refused as refused:
                if refused.code != _CLOSED or not self.wait:
                    raise
                yield from self._rest(refused)
            if self.stop():
                return
            with self.app.database.read() as connection:
                done = coverage.blocks_done(connection, self.run)

    def _rest(self, refused: Refused) -> Iterator[Event]:
        """Nothing is sent until the hours begin; then the scope is verified anew. Raises Refused."""
        scope = self.opened.gate.scope
        until = hours.opens(scope.hours, int(self.app.clock.now()))
        if until is None or until >= scope.not_after:
            raise refused
        self._write(None)
        self.opened.close()
        begun, epoch, self.paused_until = self.app.clock.monotonic(), self.app.epoch.read(), until
        at = render(until)
        yield Note(
            say(f"授权时段已结束，暂停到 {at}", f"the scope's hours have ended: waiting until {at}"), warning=True
        )
        self.stage = say("等待授权时段", "waiting for the hours")
        while self.app.clock.now() < until and not self.stop():
            self.app.clock.sleep(_NAP)
            self.tick()
            if self.app.epoch.read() != epoch:
                raise Refused("E2110", say("已按停止指令停下", "stopped by order"), where=scope.path)
        self.paused_until = 0
        self.pulse.rested += self.app.clock.monotonic() - begun
        if not self.stop():
            self.opened = open_run(self.app, self.plan, self.operator)
            yield Note(say("授权时段开始，继续", "the hours have begun: going on"))

    def _looking(self) -> Look:
        """What runs the blocks, under the Gate that is open now."""
        opened, old = self.opened, self.look
        if old is not None:
            spared(old, self.journal)
            self.sent_before += opened.manners.granted
        self.look = Look(
            level=Level(self.plan.level),
            depth=Depth(self.plan.look),
            run=self.run,
            site=self.plan.site,
            observer=self.app.observer,
            finder=opened.finder(self._draining),
            loop=lambda: opened.loop(self.tick),
            clock=self.app.clock,
            admits=opened.gate.admits,
            names=opened.resolver,
            draining=self.stop,
            named=dict(opened.named),
            kit=opened.kit,
            manners=opened.manners,
            slow=opened.finder(self._draining, polite=True) if self.plan.fragile else None,
            polite=lambda: opened.polite(self.tick),
            beside=opened.beside(self.run, self._draining, self.tick),
        )
        if old is not None:
            for address in old.brake.hosts:
                opened.manners.spare(address)
            self.look.brake = old.brake
            self.look.fragile = old.fragile
        return self.look

    def _blocks(self, done: frozenset[int]) -> Iterator[Event]:
        look = self._looking()
        guess = plans.estimate(self.plan)
        self.journal.planned, self.journal.blocks = guess.targets, 0
        self.pulse.start(guess.targets, guess.packets)
        for block in plans.blocks(self.plan):
            self.pulse.enter(block.targets, plans.weight(self.plan, block))
            self.granted = self.opened.manners.granted
            if block.number in done:
                self.journal.blocks += 1
                self.pulse.leave(skipped=True)
                continue
            if self.stop():
                return
            look.named = dict(self.opened.names())
            self._at(block)
            for event in look.block(block, self.plan.seed):
                if isinstance(event, Found):
                    self.journal.open += 1
                elif isinstance(event, Observation):
                    self.journal.add(over_ipv6(event, self.opened.without_ipv6), self.app.clock.monotonic())
                else:
                    self._settle(event)
                self.tick()
                yield from self._rows()
                if self.pulse.due():
                    yield self._progress()
            self.pulse.leave()
            yield from self._rows()
            yield from self._merge()
            yield self._progress()

    def _at(self, block: Block) -> None:
        """Remember where we are, for those who ask."""
        first, last = block.ranges[0][0], block.ranges[-1][1]
        kind = say("地址", "addresses") if block.ports == (0,) else str(block.transport)
        self.stage = say("发现", "discover")
        self.place = f"{say('块', 'block')} {block.number} {kind} {first}-{last}"

    def _signs(self) -> object:
        """Changes whenever anything moves."""
        written = self.journal.written + len(self.journal.pending)
        resting = self.app.clock.monotonic() if self.paused_until else 0.0
        return self.opened.manners.granted, written, self.journal.open, self.journal.blocks, self.stage, resting

    def _doing(self) -> str:
        """Stage and target, for the hang watch."""
        waits = "" if self.look is None else self.look.oldest()
        return " ".join(each for each in (self.stage, self.place, waits) if each)

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
        self.stage, self.place = "nmap", ", ".join(self.plan.deep[:3])
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
        self.stage, self.place = say("收尾", "finishing"), ""
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
        if self.look is not None:
            spared(self.look, self.journal)
        summary = Summary(
            run=self.run,
            kind=KIND,
            complete=state == "done",
            counts=dict(self.journal.counts()) | self.merged | self.events,
            left_out={reason: count for reason, count in self.journal.left_out.items() if count},
            resumable=state not in {"done", "incomplete"},
            warnings=tuple(self.journal.warnings[:50]),
            duration_ms=round((self.app.clock.monotonic() - self.begun) * 1000),
            state=state,
        )
        last = self.app.audit.append("discover.end", {"run": self.run, "state": state})
        logged = {"first": self.audit_first, "last": last, "hash": self.app.audit.last.hash}
        told = asdict(summary) | {"audit": logged, "operator": self.operator}
        with self.app.database.write() as connection:
            runs.end(connection, self.run, self.app.clock.now(), state, told)
        write_files(self.app, self.run, "summary.json", told)
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

        with self.app.database.read() as connection:
            before = cursor.get(connection)
        for event in merge(self.app):
            if isinstance(event, Summary):
                for name, count in event.counts.items():
                    self.merged[name] = self.merged.get(name, 0) + count
            elif isinstance(event, (Progress, Note)):
                yield event
        for told in events.since(self.app, self.run, before):
            name = f"event_{told['class']}"
            self.events[name] = self.events.get(name, 0) + 1
            yield Row("event", told)

    def tick(self) -> None:
        """Write what is due and give a sign of life."""
        now = self.app.clock.monotonic()
        self.pulse.sent(self.opened.manners.granted - self.granted)
        if self.journal.due(now) or now - self.beat >= _BEAT:
            self._write(None)
        if self.pulse.due():
            self.live(self._progress())

    def _write(self, finished: Coverage | None) -> None:
        """One transaction: pending observations, the finished block, the sign of life."""
        self.beat = self.app.clock.monotonic()
        taken = self.journal.take()
        with self.app.database.write() as connection:
            observations.append(connection, taken)
            if finished is not None:
                coverage.append(connection, finished)
            runs.beat(connection, self.run, self.app.clock.now(), dict(self.journal.counts()) | self._sign())
        self.acknowledged += taken

    def _rows(self) -> Iterator[Event]:
        """What was written since last time, as rows."""
        told, self.acknowledged = self.acknowledged, []
        for seen in told:
            yield Row("observation", row(seen))

    def _draining(self) -> bool:
        self.tick()
        return self.stop()

    def _sign(self) -> dict[str, object]:
        """What another terminal is told beside the counts."""
        return {
            "sent": max(self.journal.sent, self.sent_before + self.opened.manners.granted),
            "done": self.pulse.reached(),
            "rate": round(self.pulse.rate(), 1),
            "left": round(self.pulse.left(), 1),
            "stage": self.stage,
            "place": self.place,
            "paused_until": self.paused_until,
            "audit": self.audit_first,
        }

    def _progress(self) -> Progress:
        return self.pulse.progress(self.stage, self.journal.open)
