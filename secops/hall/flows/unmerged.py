"""What the log holds that the inventory has not taken in: a run is at work, or something ended it halfway."""

from shlex import join
from typing import Final

from secops.core.language import say
from secops.hall.app import App
from secops.store import cursor, log, runs

IMPORT: Final = "import"
_LOOKED_AT: Final = 20
_ENDED_EARLY: Final = frozenset({runs.RUNNING, "crashed", "interrupted"})


def unmerged(app: App) -> tuple[str, str] | None:
    """What is to be known of it, and what finishes it; None where all is taken in."""
    with app.database.read() as connection:
        behind = log.behind(connection, cursor.get(connection))
        if not behind:
            return None
        latest = runs.latest(connection, _LOOKED_AT)
    told = say(
        f"日志里约 {behind:,} 条还没有并入台账，以下只是已并入的部分",
        f"the log holds about {behind:,} entries that the inventory has not taken in: this is part of it",
    )
    unended = next((each for each in latest if each.state in _ENDED_EARLY), None)
    return told, finishing(unended) if unended is not None else "secops inventory rebuild"


def finishing(run: runs.Run) -> str:
    """The command that goes on with an unfinished run: an import is given its file again."""
    files = run.plan.get("files")
    if run.kind != IMPORT or not isinstance(files, list):
        return f"secops discover resume {run.id}"
    return join(["secops", "discover", "import", *map(str, files)])
