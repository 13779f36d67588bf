"""Keeps the database small without losing an answer: repetitions folded, old receipts dropped, the space given back.

Lists of today and of any past moment, history, sources, differences and a rebuild answer as before. What goes is named
in the audit log: how much, older than when, and a digest over what each removed look was.
"""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from secops.core.clock import DAY_MS, Instant, render
from secops.core.errors import UsageError
from secops.core.events import Event, Note, Progress, Summary
from secops.core.language import say
from secops.hall.app import App
from secops.hall.flows.merge import merge
from secops.store import backup, compaction

KIND: Final = "compact"
_BUSY: Final = ("discover", "grade", "alert")
"""Locks of all that writes."""


def horizon(app: App, keep: int | None) -> Instant:
    """Older than this may go: so many days before now, the setting's where None. Raises UsageError."""
    days = app.config.number("store.keep_days") if keep is None else keep
    if days < 0:
        raise UsageError("E1550", say(f"天数不能是负数：{days}", f"days cannot be negative: {days}"))
    return Instant(app.clock.now() - days * DAY_MS)


def planned(app: App, keep: int | None = None) -> dict[str, object]:
    """What would go and what the database takes now. Changes nothing."""
    before = horizon(app, keep)
    with app.database.read() as connection:
        found = compaction.removable(connection, before)
    return {
        "before": render(before), "looks": found.looks, "letters": found.letters,
        "bytes": compaction.size(app.database),
    }  # fmt: skip


def compact(
    app: App, *, keep: int | None = None, copy: Path | None = None, who: str, stop: Callable[[], bool] = lambda: False
) -> Iterator[Event]:
    """Fold, drop, give the space back; ends with a Summary. `copy`: where to put a backup first.

    Whatever ends it, nothing is half done: what was folded stays so, the rest can be folded later. Raises Locked while
    anything else writes, UsageError, StoreError.
    """
    begun = app.clock.monotonic()
    before = horizon(app, keep)
    with ExitStack() as held:
        for each in _BUSY:
            held.enter_context(app.workspace.lock(each))
        yield from (each for each in merge(app) if isinstance(each, Progress))
        if copy is not None:
            size = backup.backup(app.database, copy)
            yield Note(say(f"已先备份到 {copy}（{size:,} 字节）", f"backed up to {copy} first ({size:,} bytes)"))
        old = compaction.size(app.database)
        app.audit.append("db.compact", {"before": render(before), "who": who, "bytes": old})
        looks, packed, digest = 0, 0, hashlib.sha256()
        with app.database.read() as reading:
            for part in compaction.repetitions(reading, before):
                if stop():
                    break
                with app.database.write() as connection:
                    done = compaction.fold(connection, part)
                looks, packed = looks + done.looks, packed + done.size
                digest.update(done.digest.encode())
                rate = looks / max(app.clock.monotonic() - begun, 1e-9)
                yield Progress(say("压缩", "compact"), looks, 0, say("条观测", "looks"), rate)
        with app.database.write() as connection:
            letters = 0 if stop() else compaction.receipts(connection, before)
        if not stop():
            compaction.give_back(app.database)
        new = compaction.size(app.database)
        told = {"looks": looks, "fold_bytes": packed, "letters": letters, "bytes_before": old, "bytes_after": new}
        app.audit.append("db.compacted", {**told, "before": render(before), "digest": digest.hexdigest(), "who": who})
    yield Summary(
        run="",
        kind=KIND,
        complete=not stop(),
        counts=told,
        duration_ms=round((app.clock.monotonic() - begun) * 1000),
        state="done" if not stop() else "interrupted",
    )
