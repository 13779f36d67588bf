"""Looking after the database: checked, and copied while in use."""

from pathlib import Path

from secops.hall.app import App
from secops.store import backup as copying


def check(app: App) -> tuple[str, ...]:
    """What is wrong with the database; empty where nothing is."""
    return copying.problems(app.database)


def backup(app: App, target: Path) -> int:
    """A consistent copy at `target`, its size in bytes."""
    return copying.backup(app.database, target)
