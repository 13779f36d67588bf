"""Makes reports as they fall due, until told to end. What was missed is caught up once; idle it holds no lock.

A due moment names its file, so that after a crash the same file is made again and nothing twice.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from secops.core.clock import CHINA, render
from secops.core.errors import Locked, SecopsError
from secops.core.events import Event, Note, Row, Summary
from secops.core.language import say
from secops.deliver.reports import manifest
from secops.hall import schedules, watches
from secops.hall.app import App
from secops.hall.flows.report import Made, Signing, Wanted, make, split, understood
from secops.hall.schedules import FOLDER, Standing

_LOOK_SECONDS = 30.0
_AGAIN_SECONDS = 60.0
"""After a failure a due report is tried again so much later."""


def listed(app: App) -> Iterator[Mapping[str, object]]:
    """Every one: schedule, last and next moment, how many were made. Raises InvalidFile for a broken file."""
    found, wrong = schedules.all_of(app.workspace)
    for error in wrong:
        raise error
    now = app.clock.now()
    for each in found:
        done = watches.state(app.workspace, each.name, now, FOLDER)
        due, following = done.due_at(each.schedule, now), each.schedule.next(now)
        yield {
            "name": each.name, "report": each.report, "format": each.format, "schedule": each.schedule.text,
            "due": None if due is None else render(due), "next": None if following is None else render(following),
            "handled": render(done.handled) if done.handled else None, "made": done.runs, "last": done.run or None,
        }  # fmt: skip


def added(app: App, name: str, given: Mapping[str, object]) -> Path:
    """Add one; its moments count from now. Raises UsageError, for a wrong query too, InvalidFile, StoreError."""
    if query := str(given.get("query") or ""):
        understood(app, query)
    path = schedules.add(app.workspace, name, given)
    now = app.clock.now()
    watches.keep(app.workspace, name, watches.Done(now, 0), FOLDER)
    return path


def run(
    app: App, *, who: str, stop: Callable[[], bool] = lambda: False, once: bool = False, now: str = ""
) -> Iterator[Event]:
    """Make what falls due. `once`: what is due now, then the end, raising the first thing that went wrong.

    `now`: the report of this name at once, whether due or not. Raises UsageError without a scheduled report.
    """
    found, wrong = schedules.all_of(app.workspace)
    if not found and not wrong:
        raise schedules.none(app.workspace)
    if now and now not in {each.name for each in found}:
        raise next(iter(wrong), None) or schedules.none(app.workspace, now)
    yield from _Runner(app, who, stop, once or bool(now), now).run()


@dataclass(slots=True)
class _Runner:
    """One process that makes reports."""

    app: App
    who: str
    stop: Callable[[], bool]
    once: bool
    now: str = ""
    made: int = 0
    failed: SecopsError | None = None
    told: set[str] = field(default_factory=set)
    later: dict[str, float] = field(default_factory=dict)

    def run(self) -> Iterator[Event]:
        begun = self.app.clock.monotonic()
        while not self.stop():
            yield from self._round()
            if self.once:
                break
            self._idle()
        if self.failed is not None:
            raise self.failed
        spent = round((self.app.clock.monotonic() - begun) * 1000)
        yield Summary("", "report schedule", complete=True, counts={"made": self.made}, duration_ms=spent)

    def _round(self) -> Iterator[Event]:
        found, wrong = schedules.all_of(self.app.workspace)
        for error in wrong:
            yield from self._tell(error)
        for each in found:
            if self.stop():
                return
            if (self.now and each.name != self.now) or self.app.clock.monotonic() < self.later.get(each.name, 0.0):
                continue
            try:
                with self.app.workspace.lock(f"report-{each.name}"):
                    yield from self._due(each)
            except Locked as error:
                if self.once:
                    yield from self._tell(error)
                self.later[each.name] = self.app.clock.monotonic() + _AGAIN_SECONDS
            except SecopsError as error:
                error.what = say(f"定期报表 {each.name}：{error.what}", f"scheduled report {each.name}: {error.what}")
                yield from self._tell(error)
                self.later[each.name] = self.app.clock.monotonic() + _AGAIN_SECONDS

    def _due(self, each: Standing) -> Iterator[Event]:
        """Make this report if it is due. The caller holds its lock."""
        now = self.app.clock.now()
        done = watches.state(self.app.workspace, each.name, now, FOLDER)
        if not done.handled and done.since == now:
            watches.keep(self.app.workspace, each.name, done, FOLDER)
        due = int(now) if self.now else done.due_at(each.schedule, now)
        if due is None:
            return
        if (late := (now - due) / 60_000) >= 5:
            at = render(due)
            yield Note(
                say(f"{each.name}：补做 {at} 的一份，晚 {late:,.0f} 分钟", f"{each.name}: catching up with {at}")
            )
        last = ""
        for made in self._make(each, due, done.handled):
            self.made += 1
            last = str(made.path)
            yield Row("report", {"name": each.name, "path": last, "rows": made.rows, "sha256": made.sha256})
            yield Note(f"{each.name}: {made.path}")
        handled = done.handled if self.now else due
        watches.keep(
            self.app.workspace, each.name, replace(done, handled=handled, runs=done.runs + 1, run=last), FOLDER
        )
        for gone in self._retire(each):
            yield Note(say(f"{each.name}：清理旧报表 {gone.name}", f"{each.name}: removed {gone.name}"))
        self.told.clear()

    def _make(self, each: Standing, due: int, before: int) -> Iterator[Made]:
        """The report of this moment; of changes those since the moment before."""
        said = each.texts
        wanted = Wanted(
            query=said["query"], org=said["org"], role=said["role"], unit=said["unit"], type=said["type"],
            by=said["by"], scope=said["scope"], who=said["who"] or self.who,
            sensitive=each.sensitive, within=each.within,
        )  # fmt: skip
        if each.report == "changes":
            start = before or max(0, due - 7 * 86_400_000)
            wanted = replace(wanted, start=render(start), end=render(due))
        signing = None
        if each.texts["sign"]:
            signing = Signing(each.texts["sign"], self.app.workspace.root / each.texts["passphrase_file"])
        folder = self._folder(each)
        stem = f"{each.name}-{_stamp(due)}"
        if each.split:
            yield from split(self.app, each.report, each.format, wanted, folder / stem, signing=signing)
        else:
            yield make(self.app, each.report, each.format, wanted, folder / f"{stem}.{each.format}", signing=signing)

    def _folder(self, each: Standing) -> Path:
        return self.app.workspace.reports / each.name

    def _retire(self, each: Standing) -> list[Path]:
        """Remove what is older than the number to keep; nothing but what a schedule of this name made."""
        if not each.keep:
            return []
        name = re.compile(re.escape(each.name) + r"-\d{8}-\d{6}(\.(" + "|".join(_FORMATS) + "))?")
        folder = self._folder(each)
        made = sorted((one for one in folder.iterdir() if name.fullmatch(one.name)), key=lambda one: one.name)
        gone = made[: -each.keep]
        for one in gone:
            if one.is_dir():
                for file in sorted(one.iterdir()):
                    file.unlink()
                one.rmdir()
            else:
                for file in (one, manifest.beside(one), Path(f"{manifest.beside(one)}.sig")):
                    file.unlink(missing_ok=True)
        return gone

    def _tell(self, error: SecopsError) -> Iterator[Event]:
        """An error, once until something works again."""
        if self.once:
            self.failed = self.failed or error
        elif str(error) not in self.told and len(self.told) < 1_000:
            self.told.add(str(error))
            yield Note(str(error), warning=True)

    def _idle(self) -> None:
        """Sleep until something may be due; wakes up for a request to end."""
        now = self.app.clock.now()
        found, _ = schedules.all_of(self.app.workspace)
        moments = [each.schedule.next(now) for each in found]
        wait = min([(each - now) / 1000 for each in moments if each is not None], default=_LOOK_SECONDS)
        end = self.app.clock.monotonic() + max(0.1, min(wait, _LOOK_SECONDS))
        while (left := end - self.app.clock.monotonic()) > 0 and not self.stop():
            self.app.clock.sleep(min(left, 0.5))


_FORMATS = ("xlsx", "docx", "html", "pdf", "csv", "jsonl", "parquet")


def _stamp(due: int) -> str:
    return datetime.fromtimestamp(due / 1000, CHINA).strftime("%Y%m%d-%H%M%S")
