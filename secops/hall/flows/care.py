"""Looking after the database: checked, copied while in use, brought back from a copy, brought to this version."""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from secops.core.clock import render
from secops.core.errors import StoreError
from secops.core.events import Progress
from secops.core.language import say
from secops.hall.app import App
from secops.store import backup as copying
from secops.store import check as checking
from secops.store.database import Database
from secops.store.migrate import HEAD, upgrade, version
from secops.store.transfer import Done, Told

_BUSY = ("discover", "grade", "alert")
"""Locks of all that writes."""

Live = Callable[[Progress], None]
"""Who is told how far it is."""


def check(app: App, live: Live) -> tuple[str, ...]:
    """What is wrong with the database; empty where nothing is."""
    return checking.problems(app.database, _told(say("检查", "checking"), live))


def backup(app: App, target: Path, live: Live) -> int:
    """A consistent copy at `target`, its size in bytes."""
    return copying.backup(app.database, target, _told(say("备份", "backing up"), live))


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restore did: of how many bytes, where what was is kept. `sealed`: the backup was held against itself."""

    size: int
    kept: Path
    sealed: bool


def restore(app: App, source: Path, live: Live, *, who: str) -> Restored:
    """The contents of a backup in the place of today's, of which a copy is kept.

    Nobody may be discovering, grading or alerting meanwhile. Raises Locked, UsageError, StoreError.
    """
    sealed = copying.verify(source)
    stamp = render(app.clock.now())[:19].replace(":", "").replace("T", "-")
    kept = app.workspace.root / f"before-restore-{stamp}.db"
    with ExitStack() as held:
        for each in _BUSY:
            held.enter_context(app.workspace.lock(each))
        database = _opened(app)
        try:
            copying.backup(database, kept, _told(say("先备份现状", "keeping what is"), live))
        except StoreError:
            if not copying.kept_as_it_is(database, kept):
                raise
        app.audit.append("db.restore", {"from": str(source), "kept": kept.name, "sealed": sealed, "who": who})
        size = copying.restore(database, source, _told(say("恢复", "restoring"), live))
        upgrade(database)
    return Restored(size, kept, sealed)


def _opened(app: App) -> Database:
    """The database, brought to this version where it can be: one that is damaged is there to be replaced."""
    try:
        return app.database
    except StoreError as error:
        if error.code != "E5104":
            raise
        return app.unopened()


def bring_up(app: App) -> tuple[str, str]:
    """The database brought to this program's version; the version it had (empty: none) and the one it has."""
    database = app.unopened()
    with database.read() as connection:
        before = version(connection) or ""
    database.close()
    with app.database.read():
        return before, HEAD


def _told(stage: str, live: Live) -> Told:
    def told(done: Done) -> None:
        live(Progress(f"{stage} {done.table}".strip(), done.done, done.total))

    return told
