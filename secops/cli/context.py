"""What every command needs: the workspace opened, a flow followed to its summary, Ctrl-C understood."""

import getpass
import os
import signal
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from types import FrameType
from typing import TextIO

from secops.cli import words
from secops.cli.runlog import RunLog
from secops.cli.show import Format, line, plain_text, visible
from secops.core.errors import Exit, UsageError
from secops.core.events import SCHEMA, Event, Note, Progress, Row, Started, Summary
from secops.core.language import say
from secops.hall.app import App
from secops.hall.workspace import CONFIG, Workspace, find

_ALWAYS = frozenset({"planned", "open", "rules", "delivered"})
"""Counts worth telling even when they are nought."""


def open_app() -> App:
    """The application over the workspace in force."""
    opened = App(workspace())
    opened.tell = lambda error: talk(
        say(f"{error.code} {error.what}，改由数据库直接回答", f"{error.code} {error.what}: the database answers itself")
    )
    opened.upgrading = lambda before, now: talk(
        say(
            f"正在把数据库从 {before} 升到 {now}，大的库要几分钟；中断了下次从头再升，数据不受影响",
            f"bringing the database from {before} to {now}: minutes for a large one; interrupted, it begins anew",
        )
    )
    return opened


def behind(opened: App) -> None:
    """Say where the inventory does not hold all that is logged, and how to finish that."""
    from secops.hall.flows.unmerged import unmerged

    if (found := unmerged(opened)) is not None:
        talk(
            "! "
            + say(f"{found[0]}；任务不在进行就执行：{found[1]}", f"{found[0]}; unless a run is at work: {found[1]}")
        )


def workspace() -> Workspace:
    """The workspace named by -w or SECOPS_WORKSPACE, else the one around this folder. Raises UsageError."""
    named = os.environ.get("SECOPS_WORKSPACE")
    if named and not (Path(named) / CONFIG).is_file():
        raise UsageError(
            "E1101",
            say("指定的目录不是工作区", "that folder is no workspace"),
            where=named,
            hint=f"secops init {named}",
        )
    return Workspace(Path(named).resolve()) if named else find(Path.cwd())


def operator_of(named: str) -> str:
    """The operator who was named, else the user of this session."""
    return named or getpass.getuser()


class Stop:
    """Counts requests to end: one drains, the second interrupts at once. SIGTERM drains and exits 143."""

    def __init__(self) -> None:
        self.asked = 0
        self.terminated = False

    def __call__(self) -> bool:
        """True once somebody asked to end: flows look at it between steps."""
        return self.asked > 0

    def hear(self, number: int, _frame: FrameType | None) -> None:
        """The signal handler."""
        self.asked += 1
        self.terminated = self.terminated or number == signal.SIGTERM
        if self.asked > 1:
            raise KeyboardInterrupt
        talk(say("正在收尾，再按一次 Ctrl-C 立即停止", "draining; Ctrl-C again stops at once"))


@contextmanager
def stopping(*, at_once: bool = False) -> Iterator[Stop]:
    """A Stop that hears SIGINT and SIGTERM while inside; `at_once`: SIGTERM alone, the first Ctrl-C interrupts."""
    stop = Stop()
    heard = (signal.SIGTERM,) if at_once else (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.signal(number, stop.hear) for number in heard}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def talk(text: str) -> None:
    """A line on stderr, unless -q."""
    if os.environ.get("SECOPS_QUIET") != "1":
        _clear(sys.stderr)
        sys.stderr.write(text + "\n")


def follow(
    events: Iterable[Event],
    *,
    format: Format | None = None,
    stream: TextIO | None = None,
    meter: "Meter | None" = None,
) -> Summary | None:
    """Run a flow to its end: progress and notes on stderr, rows and records on stdout where jsonl was asked.

    Returns the last Summary; the run's own one when flows are chained. SIGUSR1 prints how far it is. `meter`: the one
    that the flow tells its progress between events.
    """
    out = stream or sys.stdout
    machine = format in {Format.JSONL, Format.JSON} or (format is None and not out.isatty())
    meter = meter or Meter()
    log = RunLog(_runs())
    last: Summary | None = None
    before = signal.signal(signal.SIGUSR1, meter.tell)
    try:
        for event in events:
            log.note(event)
            _tell(event, meter, out if machine else None)
            if isinstance(event, Summary):
                last = event
            if not isinstance(event, Progress):
                out.flush()
    except BaseException as error:
        log.fault(error)
        raise
    finally:
        log.close()
        signal.signal(signal.SIGUSR1, before)
    out.flush()
    _clear(sys.stderr)
    return last


def _tell(event: Event, meter: "Meter", out: TextIO | None) -> None:
    """One event: records to `out` if there is one, words to stderr."""
    if isinstance(event, Progress):
        meter.show(event)
    elif isinstance(event, Note):
        talk(("! " if event.warning else "") + visible(event.text))
    elif isinstance(event, Row):
        if out is not None:
            out.write(line({"type": event.type, **event.data}))
    elif isinstance(event, Started):
        if out is not None:
            meta = {"run": event.run, "what": event.what, "resumed": event.resumed}
            out.write(line({"type": "meta", "schema": SCHEMA, **meta}))
        verb = say("继续", "continuing") if event.resumed else say("开始", "starting")
        talk(f"{verb} {event.what} {event.run}")
    else:
        _summary(event, out)


def _runs() -> Path | None:
    """Where runs keep their folders; None outside a workspace."""
    try:
        return workspace().root / "runs"
    except UsageError:
        return None


def exit_code(summary: Summary | None, stop: Stop | None = None) -> int:
    """The exit code a summary deserves."""
    if stop is not None and stop.terminated:
        return int(Exit.STOPPED)
    if summary is None or summary.complete:
        return int(Exit.DONE)
    by_state = {
        "interrupted": Exit.INTERRUPTED,
        "stopped": Exit.STOPPED,
        "refused": Exit.REFUSED,
        "waiting": Exit.DONE,
        "failed": Exit.FAILED,
    }
    return int(by_state.get(summary.state, Exit.INCOMPLETE))


def _summary(summary: Summary, out: TextIO | None) -> None:
    if out is not None:
        out.write(line({"type": "summary", "schema": SCHEMA, **asdict(summary)}))
    told = {name: value for name, value in summary.counts.items() if value or name in _ALWAYS}
    counts = say("，", ", ").join(f"{words.count(name, summary.kind)} {value:,}" for name, value in told.items())
    what = " ".join(part for part in (words.run(summary.kind), summary.run) if part)
    end = f" — {counts}" if counts else ""
    talk(f"{say('小结', 'summary')} {what}: {words.state(summary.state)}{end}")
    for reason, count in summary.left_out.items():
        talk(f"  {say('未包含', 'left out')} {count:,}: {visible(plain_text(reason))}")
    if summary.resumable:
        talk(f"  {say('可继续', 'resume with')}: secops {summary.kind} resume {summary.run}")


class Meter:
    """Progress for eyes: five times a second on a terminal, a line a minute elsewhere."""

    def __init__(self) -> None:
        self.terminal = sys.stderr.isatty() and os.environ.get("SECOPS_QUIET") != "1"
        self.next = 0.0 if self.terminal else time.monotonic() + 60
        self.last: Progress | None = None

    def live(self, event: Progress | Note) -> None:
        """What a flow tells between its events, from whichever thread."""
        if isinstance(event, Progress):
            self.show(event)
        else:
            talk(("! " if event.warning else "") + visible(event.text))

    def tell(self, _number: int, _frame: FrameType | None) -> None:
        """The handler of SIGUSR1: how far it is, on a line of its own."""
        with suppress(RuntimeError):  # the signal may come while stderr itself is being written
            _clear(sys.stderr)
            sys.stderr.write((_words(self.last) if self.last else say("尚无进度", "no progress yet")) + "\n")
            sys.stderr.flush()

    def show(self, event: Progress) -> None:
        """Show it if it is time."""
        self.last = event
        now = time.monotonic()
        if now < self.next or os.environ.get("SECOPS_QUIET") == "1":
            return
        self.next = now + (0.2 if self.terminal else 60)
        text = _words(event)
        sys.stderr.write(f"\r\x1b[K{text}" if self.terminal else text + "\n")
        sys.stderr.flush()


def _words(event: Progress) -> str:
    """Progress as one line."""
    share = f"{event.done:,}/{event.total:,}" if event.total else f"{event.done:,}"
    rate = f" {event.rate:,.0f}/s" if event.rate else ""
    found = f" {say('发现', 'found')} {event.found:,}" if event.found else ""
    left = ""
    if event.left < 0:
        left = " " + say("剩余时间未知", "time left not known yet")
    elif event.left or (event.rate and event.total):
        left = f" {say('剩余约', 'about')} {_span(event.left or (event.total - event.done) / event.rate)}"
    return f"{visible(event.stage)} {share} {event.unit}{rate}{found}{left}"


def _span(seconds: float) -> str:
    minutes, rest = divmod(max(0, round(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}h{minutes:02}m" if hours else f"{minutes}m{rest:02}s" if minutes else f"{rest}s"


def _clear(stream: TextIO) -> None:
    if stream.isatty():
        stream.write("\r\x1b[K")
