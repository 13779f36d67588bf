"""A run's ledger in the store, held by one driver: its lease, its heartbeat, and the watch for a stop."""

import os
import platform
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from secops.core.clock import Instant
from secops.core.errors import Locked, SecopsError
from secops.core.language import say
from secops.drill.record import Entry, Record
from secops.hall.app import App
from secops.store import ledger

BEAT: Final = 2.0
"""Seconds between signs of life."""
DEAD_MS: Final = 15_000
"""A driver on another machine is dead after this long without one."""
_LOOK: Final = 0.2


def read(app: App, run: str, after: int = 0) -> list[Record]:
    """The run's rows."""
    with app.database.read() as connection:
        return [_record(each) for each in ledger.rows(connection, run, after=after)]


def put(app: App, run: str, record: Record) -> bool:
    """Append one row for somebody who does not drive. False when its number is taken."""
    with app.database.write() as connection:
        return ledger.append(connection, _row(run, record))


def stop_all_epoch(app: App) -> int:
    """The epoch that `stop --all` made last, 0 where it never did."""
    try:
        return int(app.workspace.stopped_all.read_text("ascii").strip() or "0")
    except FileNotFoundError:
        return 0
    except (OSError, ValueError):
        return 1 << 62


@dataclass(slots=True)
class Held:
    """The ledger of a run while this process drives it."""

    app: App
    run: str
    name: str
    epoch: int
    reason: str = ""
    """Why the run must stop, once somebody said so."""
    lost: bool = False
    _ended: threading.Event = field(default_factory=threading.Event)

    def records(self, after: int) -> list[Record]:
        """The rows after this number."""
        return read(self.app, self.run, after)

    def append(self, record: Record) -> bool:
        """One synced row, only while this process is the driver. Raises Locked when another has taken over."""
        with self.app.database.write() as connection:
            if not ledger.beat(connection, self.run, self.name, self.app.clock.now()):
                raise _taken(self.run)
            return ledger.append(connection, _row(self.run, record))

    def halted(self) -> str:
        """Why the run must stop now, empty when it need not: the switch is looked at each time."""
        if not self.reason and self.app.epoch.read() != self.epoch:
            self.reason = say("停止开关已按下", "the stop switch was pressed")
        return self.reason

    def watch(self) -> None:
        """The thread: signs of life, and an ear for a stop while an action is under way."""
        beaten = 0.0
        while not self._ended.wait(_LOOK):
            with suppress(SecopsError):
                if self.app.clock.monotonic() - beaten >= BEAT:
                    with self.app.database.write() as connection:
                        self.lost = not ledger.beat(connection, self.run, self.name, self.app.clock.now())
                    beaten = self.app.clock.monotonic()
                self.halted()

    def end(self) -> None:
        """Let go."""
        self._ended.set()
        with suppress(SecopsError), self.app.database.write() as connection:
            ledger.release(connection, self.run, self.name)


@contextmanager
def held(app: App, run: str) -> Iterator[Held]:
    """This process drives the run while inside. Raises Locked while another one does and is alive."""
    name = f"{platform.node()}:{os.getpid()}:{_born(os.getpid())}"
    now = app.clock.now()
    with app.database.write() as connection:
        former = ledger.holder(connection, run)
        if former is not None and former.name != name and _alive(former, now):
            raise Locked(
                "E7204",
                say("另一个进程正在执行这次演练", "another process drives this run"),
                where=f"{run} ({former.name})",
                hint=say(f"secops drill status {run}；要停止: secops drill stop {run}", f"secops drill stop {run}"),
            )
        if not ledger.take(connection, run, name, now, former=former):
            raise _taken(run)
    ours = Held(app, run, name, app.epoch.read())
    thread = threading.Thread(target=ours.watch, name="drill-watch", daemon=True)
    thread.start()
    try:
        yield ours
    finally:
        ours.end()
        thread.join(5)


def _alive(former: ledger.Holder, now: Instant) -> bool:
    """On this machine the process table tells; of another machine only the heartbeat does."""
    host, pid, born = [*former.name.rsplit(":", 2), "", ""][:3]
    if host == platform.node() and pid.isdigit():
        return _born(int(pid)) == born
    return now - former.heartbeat < DEAD_MS


def _born(pid: int) -> str:
    """When the process with this number began, in kernel ticks; empty where there is none (or only its corpse)."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text("ascii", "replace").rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if fields[0] in {"Z", "X"} else fields[19]


def _taken(run: str) -> Locked:
    return Locked("E7204", say("这次演练已由另一个进程接手", "another process has taken the run over"), where=run)


def _record(row: ledger.Row) -> Record:
    return Record(Entry(row.type), row.at, row.payload, row.who, row.no)


def _row(run: str, record: Record) -> ledger.Row:
    return ledger.Row(run, record.no, str(record.type), record.payload, record.at, record.who)
