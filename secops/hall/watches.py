"""Watches: files that say what is looked at again and again, and what was done of it. `watches/NAME.yaml`:

    scope: scopes/mine.yaml
    schedule: 0 2 * * *        # cron, or RRULE:FREQ=WEEKLY;BYDAY=MO;BYHOUR=2 (RFC 5545), Chinese standard time
    full_every: 7              # every seventh run asks everything; the others the known and a sixth of the rest

The state lies in `state/watches/NAME.json`, replaced whole, so that a crash leaves the old or the new one.
"""

import json
import os
import re
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from secops.core.clock import DAY_MS
from secops.core.errors import InvalidFile, SecopsError, StoreError
from secops.core.language import say
from secops.hall.schedule import Schedule, schedule_of
from secops.hall.workspace import Workspace
from secops.scope.form import Form
from secops.scope.yaml_source import Source

KEYS = ("title", "scope", "schedule", "full_every", "engine", "ports", "udp", "ping", "operator", "enabled")
FULL_EVERY = 7
FOLDER = "watches"
"""Where states lie; reports by schedule keep theirs elsewhere."""
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
_BACK_MOST = DAY_MS
"""A clock set back further than this begins the count of done moments anew."""


@dataclass(frozen=True, slots=True)
class Watch:
    """One file, read."""

    name: str
    path: str
    title: str
    scope: str
    schedule: Schedule
    full_every: int
    engine: str
    ports: str
    udp: bool
    ping: bool | None
    operator: str


@dataclass(frozen=True, slots=True)
class Done:
    """What was done of a watch, in instants."""

    since: int
    """When it was first seen: what was due before then was never missed."""
    handled: int
    """The due moment that was handled last."""
    due: int = 0
    """The due moment that is being handled."""
    run: str = ""
    """Its run, once it has one."""
    runs: int = 0

    def due_at(self, schedule: Schedule, now: int) -> int | None:
        """The moment that is to be handled now: the latest one, however many were missed; None for nothing."""
        latest = schedule.last(now)
        return latest if latest is not None and latest > max(self.since, self.handled) else None

    def steady(self, now: int) -> "Done":
        """The same after a clock that was set back far: moments that lie ahead are not done."""
        if self.handled <= now + _BACK_MOST:
            return self
        return replace(self, handled=now, since=min(self.since, now))


def read(path: Path) -> Watch:
    """The watch of a file. Raises InvalidFile(s) with every error's place."""
    form = Form(Source.read(path))
    form.known(KEYS)
    if _NAME.fullmatch(path.stem) is None:
        form.bad((), say("文件名只用小写字母、数字、- 和 _", "a file name is lower-case letters, digits, - and _"))
    ping = form.get("ping")
    watch = Watch(
        name=path.stem,
        path=str(path),
        title=form.text("title", required=False) or path.stem,
        scope=form.text("scope"),
        schedule=schedule_of(form),
        full_every=form.number("full_every", least=1, most=1_000, default=FULL_EVERY),
        engine=form.text("engine", required=False),
        ports=form.text("ports", required=False, longest=2_000),
        udp=form.get("udp") is None or form.flag("udp"),
        ping=None if ping is None else form.flag("ping"),
        operator=form.text("operator", required=False),
    )
    form.finish()
    return watch


def enabled(path: Path) -> bool:
    """Is this file not switched off by `enabled: false`?"""
    return Form(Source.read(path)).get("enabled") is not False


def all_of(workspace: Workspace) -> tuple[list[Watch], list[SecopsError]]:
    """The watches of the workspace by name, and what is wrong with the others."""
    found: list[Watch] = []
    wrong: list[SecopsError] = []
    for path in sorted((workspace.root / "watches").glob("*.yaml")):
        try:
            if enabled(path):
                found.append(read(path))
        except SecopsError as error:
            wrong.append(error)
    return found, wrong


def state(workspace: Workspace, name: str, now: int, room: str = FOLDER) -> Done:
    """What was done of this watch. Raises InvalidFile where the state is not plain."""
    path = _path(workspace, name, room)
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        done = Done(**document)
        if not all(isinstance(each, int) for each in (done.since, done.handled, done.due, done.runs)):
            raise ValueError("not numbers")
    except FileNotFoundError:
        return Done(now, 0)
    except (OSError, ValueError, TypeError) as error:
        raise InvalidFile(
            "E1432",
            say("例行任务的状态文件读不出来", "the state of a watch cannot be read"),
            where=str(path),
            why=str(error)[:200],
            hint=say("删除它即从现在重新开始", "delete it to begin anew from now"),
        ) from error
    return done.steady(now)


def keep(workspace: Workspace, name: str, done: Done, room: str = FOLDER) -> None:
    """Write the state, synced, whole or not at all. Raises StoreError."""
    path = _path(workspace, name, room)
    part = path.with_suffix(".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open("w", encoding="utf-8") as handle:
            json.dump(asdict(done), handle)
            handle.flush()
            os.fsync(handle.fileno())
        part.replace(path)
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        raise StoreError(
            "E1433",
            say("例行任务的状态写不进去", "the state of a watch cannot be written"),
            where=str(path),
            why=error.strerror or str(error),
        ) from error


def _path(workspace: Workspace, name: str, room: str) -> Path:
    return workspace.state / room / f"{name}.json"
