"""Assets out of captured traffic, from files or from a card. Nothing is sent; scope filters what is kept."""

import os
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from secops.core.clock import Instant
from secops.core.errors import InvalidFile, Refused, UsageError
from secops.core.events import Event, Note, Progress, Row, Started, Summary
from secops.core.ids import derive
from secops.core.language import say
from secops.core.model import Observation, Skipped, Value
from secops.dial.capture import Capture
from secops.dial.conversation import Secured
from secops.discover.collectors import tls
from secops.hall.app import App
from secops.hall.flows.discover_import import digest, flagged, timed, trusted
from secops.hall.flows.discover_open import admitted
from secops.hall.flows.discover_record import write_files
from secops.hall.flows.merge import merge
from secops.intake import packed, pcap
from secops.intake.interface import Ledger
from secops.intake.passive import Watch
from secops.intake.rows import Writer
from secops.scope.gate import Gate
from secops.scope.intervals import IntervalSet
from secops.scope.level import Level
from secops.store import observations, runs

KIND = "passive"
_EVERY = 20_000
"""Frames between two looks at the time and at whether somebody asked to end."""
_TOLD_MOST = 20


@dataclass(slots=True)
class _Session:
    """One run: where frames come from is the only difference between files and a card."""

    app: App
    run: str
    in_scope: IntervalSet
    keep_outside: bool
    ledger: Ledger = field(default_factory=Ledger)
    rows: int = 0
    new: int = 0
    outside: int = 0
    left: dict[str, int] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)

    def watch(self) -> Watch:
        """A new listener."""
        writer = Writer(self.app.site, self.app.observer, self.run)
        wanted: Callable[[str], bool] = (lambda _: True) if self.keep_outside else self.in_scope.__contains__
        return Watch(writer, wanted, _certificate, self.ledger)

    def write(self, rows: list[Observation], unknown: Instant) -> None:
        """Rows into the log."""
        latest = self.app.clock.now()
        for start in range(0, len(rows), 2_000):
            kept = [flagged(timed(each, latest, unknown), self.in_scope) for each in rows[start : start + 2_000]]
            self.outside += sum(not each.in_scope for each in kept)
            with self.app.database.write() as connection:
                self.new += observations.append(connection, kept)
            self.rows += len(kept)

    def skip(self, place: str, each: Skipped) -> Iterator[Event]:
        """A frame or a file that could not be read."""
        self.left[each.reason] = self.left.get(each.reason, 0) + 1
        if len(self.warnings) < _TOLD_MOST:
            self.warnings.append(f"{place}: {each.where}: {each.reason}")
            yield Note(self.warnings[-1], warning=True)

    def begin(self, plan: Mapping[str, object]) -> None:
        """The run's row."""
        now = self.app.clock.now()
        with self.app.database.write() as connection:
            if runs.get(connection, self.run) is None:
                mark = derive("pas", self.run)
                runs.begin(connection, runs.Run(self.run, KIND, self.app.site, runs.RUNNING, plan, mark, now, now, None,
                                                os.getpid(), {}, {}))  # fmt: skip

    def finish(self, begun: float, state: str) -> Iterator[Event]:
        """Merge, and the summary, last."""
        merged: dict[str, int | float] = {}
        for event in merge(self.app):
            if isinstance(event, Summary):
                merged = dict(event.counts)
        passed = [{"reason": reason, "count": count} for reason, count in self.ledger.passed.items()]
        told = {"frames": self.ledger.read, "rows": self.rows, "observations": self.new, "passed_by": passed}
        yield Row(KIND, told)
        counts: dict[str, int | float] = {
            "sent": 0, "frames": self.ledger.read, "rows": self.rows, "observations": self.new,
            "created": merged.get("new", 0), "updated": merged.get("changed", 0), "outside_scope": self.outside,
            "passed_by": sum(self.ledger.passed.values()), "skipped": sum(self.left.values()),
        }  # fmt: skip
        state = "incomplete" if state == "done" and self.left else state
        moved = {name: merged[name] for name in merged.keys() - {"new", "changed"}}
        summary = Summary(
            run=self.run, kind=KIND, complete=state == "done", counts=counts | moved, left_out=self.left,
            warnings=tuple(self.warnings), duration_ms=round((self.app.clock.monotonic() - begun) * 1000), state=state,
        )  # fmt: skip
        with self.app.database.write() as connection:
            runs.end(connection, self.run, self.app.clock.now(), state, asdict(summary))
        write_files(self.app, self.run, "summary.json", asdict(summary) | {"passed_by": passed})
        yield summary


def from_files(
    app: App, files: tuple[Path, ...], *, keep_outside: bool = False, stop: Callable[[], bool] = lambda: False
) -> Iterator[Event]:
    """Assets out of pcap and pcapng files; the same files give the same run. Raises InvalidFile, UsageError."""
    if not files:
        raise UsageError("E1423", say("给出抓包文件或网卡", "name capture files or a card"))
    content = [_digest(path) for path in files]
    run = f"passive-{derive('pas', *content, str(keep_outside))[4:]}"
    with app.workspace.lock("discover"):
        yield Started(run, KIND)
        begun = app.clock.monotonic()
        session = _Session(app, run, trusted(app), keep_outside)
        session.begin({"files": [str(path) for path in files], "sha256": content, "keep_outside": keep_outside})
        if not session.in_scope and not keep_outside:
            text = say("没有可信的授权书，一个地址也不保留", "no trusted scope: no address is kept")
            session.warnings.append(text)
            yield Note(text, warning=True)
        state = "done"
        for path in files:
            yield from _file(session, path, begun, stop)
            state = "interrupted" if stop() else state
        yield from session.finish(begun, state)


def _file(session: _Session, path: Path, begun: float, stop: Callable[[], bool]) -> Iterator[Event]:
    watch = session.watch()
    unknown = Instant(int(path.stat().st_mtime * 1000))
    with path.open("rb") as raw:
        stream, unpacker = packed.opened(raw)
        for count, each in enumerate(pcap.frames(stream), 1):
            if isinstance(each, Skipped):
                yield from session.skip(str(path), each)
            else:
                watch.hear(*each)
            if count % _EVERY == 0:
                session.write(watch.take(), unknown)
                yield _progress(session, begun)
                if stop():
                    break
        if unpacker is not None and unpacker.fault:
            yield from session.skip(str(path), Skipped("gzip", unpacker.fault))
    session.write(list(watch.rest()), unknown)


def _progress(session: _Session, begun: float) -> Progress:
    seconds = max(session.app.clock.monotonic() - begun, 1e-9)
    read = session.ledger.read
    return Progress(say("监听", "listening"), read, 0, say("帧", "frames"), read / seconds, session.rows)


def live(
    app: App, interface: str, scope_name: str, *, seconds: float, operator: str,
    stop: Callable[[], bool] = lambda: False,
) -> Iterator[Event]:  # fmt: skip
    """Listen to a card for so long, under a scope of any level. Raises Refused, InvalidFile, UsageError."""
    scope = admitted(app, scope_name)
    with app.workspace.lock("discover"):
        now = app.clock.now()
        run = f"passive-{derive('pas', app.site, interface, scope.digest, int(now))[4:]}"
        session = _Session(app, run, scope.targets, keep_outside=False)
        gate = Gate(scope, clock=app.clock, audit=app.audit, epoch=app.epoch, operator=operator)
        with gate, Capture(interface, app.clock) as capture:
            yield Started(run, KIND)
            begun = app.clock.monotonic()
            session.begin({"interface": interface, "scope": scope.id, "scope_digest": scope.digest, "seconds": seconds})
            watch = session.watch()
            state = yield from _listen(session, gate, capture, watch, until=begun + seconds, stop=stop)
            session.write(list(watch.rest()), now)
            if lost := capture.dropped:
                session.left[say("内核来不及交出的帧", "frames the kernel could not hand over")] = lost
            yield from session.finish(begun, state)


def _listen(
    session: _Session, gate: Gate, capture: Capture, watch: Watch, *, until: float, stop: Callable[[], bool]
) -> Generator[Event, None, str]:
    """Hear frames under leases, each asked for anew, until the time is over; gives how it ended."""
    clock = session.app.clock
    begun = beat = clock.monotonic()
    expires = 0.0
    for each in capture.frames():
        if each is not None:
            watch.hear(*each)
            continue
        now = clock.monotonic()
        if now >= until:
            return "done"
        if stop():
            return "interrupted"
        if now >= expires:
            try:
                expires = gate.lease(Level.PASSIVE, 0).expires
            except Refused as refused:
                session.warnings.append(str(refused))
                yield Note(str(refused), warning=True)
                return "stopped" if refused.code == "E2110" else "refused"
        if now - beat >= 1.0:
            beat = now
            session.write(watch.take(), clock.now())
            yield _progress(session, begun)
    return "done"


def _certificate(chain: tuple[bytes, ...]) -> Mapping[str, Value]:
    """Facts of a chain, by the collector that reads them in handshakes of our own."""
    facts = tls.describe(Secured("", "", chain)).facts
    return {name: value for name, value in facts.items() if name not in {"tls.version", "tls.cipher"}}


def _digest(path: Path) -> str:
    """What the file's run is named after, once it is known to be a capture. Raises InvalidFile."""
    try:
        with path.open("rb") as raw:
            head = packed.opened(raw)[0].read(4)
        found = digest(path)
    except OSError as error:
        raise InvalidFile(
            "E1417", say("文件读不了", "the file cannot be read"), where=str(path), why=error.strerror or str(error)
        ) from error
    if not pcap.sniff(head):
        raise InvalidFile(
            "E1418",
            say("认不出这个文件的格式", "no importer recognises this file"),
            where=str(path),
            hint=say("需要 pcap 或 pcapng", "pcap or pcapng is needed"),
        )
    return found
