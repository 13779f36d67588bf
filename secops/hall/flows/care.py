"""Looking after the database: checked, copied while in use, and brought back from a copy."""

from contextlib import ExitStack
from pathlib import Path

from secops.core.clock import render
from secops.hall.app import App
from secops.store import backup as copying
from secops.store.migrate import upgrade

_BUSY = ("discover", "grade", "alert")
"""Locks of all that writes."""


def check(app: App) -> tuple[str, ...]:
    """What is wrong with the database; empty where nothing is."""
    return copying.problems(app.database)


def backup(app: App, target: Path) -> int:
    """A consistent copy at `target`, its size in bytes."""
    return copying.backup(app.database, target)


def restore(app: App, source: Path, *, who: str) -> tuple[int, Path]:
    """The contents of a backup in the place of today's, of which a copy is kept; its size, and where that copy is.

    Nobody may be discovering, grading or alerting meanwhile. Raises Locked, UsageError, StoreError.
    """
    copying.verify(source)
    stamp = render(app.clock.now())[:19].replace(":", "").replace("T", "-")
    kept = app.workspace.root / f"before-restore-{stamp}.db"
    with ExitStack() as held:
        for each in _BUSY:
            held.enter_context(app.workspace.lock(each))
        copying.backup(app.database, kept)
        app.audit.append("db.restore", {"from": str(source), "kept": kept.name, "who": who})
        size = copying.restore(app.database, source)
        upgrade(app.database)
    return size, kept
