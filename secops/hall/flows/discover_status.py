"""Runs as records: what `discover status` shows, from any terminal, while a run goes on."""

import os
from collections.abc import Iterator, Mapping

from secops.core.clock import render
from secops.core.errors import UsageError
from secops.core.language import say
from secops.hall.app import App
from secops.store import coverage, observations, runs
from secops.store.runs import Run


def listed(app: App, limit: int) -> Iterator[Mapping[str, object]]:
    """The newest runs, newest first."""
    with app.database.read() as connection:
        found = [(each, len(coverage.blocks_done(connection, each.id))) for each in runs.latest(connection, limit)]
    for each, blocks in found:
        yield _record(each, blocks)


def told(app: App, run: str) -> Mapping[str, object]:
    """Everything recorded of one run. Raises UsageError."""
    with app.database.read() as connection:
        found = runs.get(connection, run)
        if found is None:
            raise UsageError("E1404", say(f"没有这个任务：{run}", f"no such run: {run}"), hint="secops discover status")
        blocks = len(coverage.blocks_done(connection, run))
        seen = observations.count(connection, run)
    return {
        **_record(found, blocks),
        "observations": seen,
        "plan_hash": found.plan_hash,
        "folder": str(app.workspace.run(run)),
        "summary": dict(found.summary) if found.state != runs.RUNNING else None,
    }


def _record(each: Run, blocks: int) -> dict[str, object]:
    alive = each.state == runs.RUNNING and _alive(each.pid)
    state = each.state if each.state != runs.RUNNING or alive else "crashed"
    return {
        "run": each.id,
        "state": state,
        "resumable": state not in {"done", "incomplete", runs.RUNNING},
        "scope": each.plan.get("scope_id", ""),
        "title": each.plan.get("title", ""),
        "engine": each.plan.get("engine", ""),
        "blocks": blocks,
        "stage": _stage(each, alive=alive),
        "place": str(each.progress.get("place", "")) if alive else "",
        "share": _share(each),
        "rate": each.progress.get("rate", 0.0) if alive else 0.0,
        "left": _left(each) if alive else "",
        "sent": each.progress.get("sent", 0),
        "open": each.progress.get("open", 0),
        "observations": each.progress.get("observations", 0),
        "started_at": render(each.started_at),
        "heartbeat": render(each.heartbeat),
        "ended_at": None if each.ended_at is None else render(each.ended_at),
        "pid": each.pid,
    }


def _stage(each: Run, *, alive: bool) -> str:
    until = each.progress.get("paused_until", 0)
    if alive and isinstance(until, int) and until:
        return say(f"等待授权时段，至 {render(until)}", f"waiting for the hours, until {render(until)}")
    return str(each.progress.get("stage", "")) if alive else ""


def _share(each: Run) -> str:
    done, total = each.progress.get("done", 0), each.progress.get("planned", 0)
    if not isinstance(done, int) or not isinstance(total, int) or not total:
        return ""
    return f"{min(1.0, done / total):.1%}"


def _left(each: Run) -> str:
    """Time left as measured, in minutes and seconds; 未知 until it is known."""
    left = each.progress.get("left", -1.0)
    if not isinstance(left, (int, float)) or left < 0:
        return say("未知", "unknown")
    minutes, seconds = divmod(round(left), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}h{minutes:02}m" if hours else f"{minutes}m{seconds:02}s"


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
