"""What a run leaves beside the store, and the summary of runs that died without one."""

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict

from secops.core.events import Event, Note, Summary
from secops.core.language import say
from secops.hall.app import App
from secops.store import coverage, observations, runs

_COUNTS = ("planned", "sent", "answered", "open", "unreachable", "canaries", "canaries_lost")


def bury(app: App) -> Iterator[Event]:
    """Write the summary of every run recorded as running: whoever holds the lock knows that it is dead."""
    with app.database.read() as connection:
        dead = runs.unended(connection)
    for each in dead:
        with app.database.write() as connection:
            summary = Summary(
                run=each.id,
                kind=each.kind,
                complete=False,
                counts={
                    **{name: n for name in _COUNTS if isinstance(n := each.progress.get(name), int)},
                    "observations": observations.count(connection, each.id),
                    "blocks": len(coverage.blocks_done(connection, each.id)),
                },
                resumable=each.kind == "discover",
                warnings=(say("进程中途消失，小结由下一次启动补写", "the process vanished; told by the next start"),),
                duration_ms=max(0, int(each.heartbeat) - int(each.started_at)),
                state="crashed",
            )
            runs.end(connection, each.id, each.heartbeat, "crashed", asdict(summary))
        write_files(app, each.id, "summary.json", asdict(summary))
        again = f"secops discover resume {each.id}" if summary.resumable else say("重新导入", "import again")
        yield Note(say(f"任务 {each.id} 上次意外中断：{again}", f"run {each.id} died: {again}"), warning=True)


def write_files(app: App, run: str, name: str, document: Mapping[str, object]) -> None:
    """A JSON file in the run's folder, whole or not at all."""
    folder = app.workspace.run(run)
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / (name + ".part")
    with part.open("w", encoding="utf-8") as handle:
        json.dump(document, handle, ensure_ascii=False, indent=1, default=list)
        handle.flush()
        os.fsync(handle.fileno())
    part.replace(folder / name)
