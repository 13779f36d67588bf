"""The stop that needs nothing: the switch file first, then whatever else can still be reached."""

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from secops.core.errors import SecopsError
from secops.hall.app import App
from secops.hall.workspace import Workspace
from secops.scope.epoch import Epoch


def press(workspace: Workspace) -> int:
    """Press the switch: every lease taken before is the last of its run. The new epoch. Raises StoreError."""
    return Epoch(workspace.state).bump()


def stop_all(workspace: Workspace, app: Callable[[], App], *, who: str) -> tuple[int, list[str], str]:
    """Press the switch, first and without the database; then stop every open exercise where the database can be had.

    Gives the new epoch, the runs stopped, and why the ledger could not be written (empty when it was).
    """
    number = press(workspace)
    with suppress(OSError):
        _mark(workspace.stopped_all, number)
    runs: list[str] = []
    try:
        from secops.hall.flows.drill import stop
        from secops.store import ledger

        with app() as opened:
            with opened.database.read() as connection:
                runs = ledger.unfinished(connection)
            for run in runs:
                stop(opened, run, who=who, why="secops stop --all")
            opened.audit.append("stop.all", {"epoch": number, "who": who, "runs": runs})
    except (SecopsError, OSError) as error:
        return number, runs, str(error)
    return number, runs, ""


def _mark(path: Path, number: int) -> None:
    part = path.with_suffix(".part")
    with part.open("w", encoding="ascii") as handle:
        handle.write(f"{number}\n")
        handle.flush()
        os.fsync(handle.fileno())
    part.replace(path)
