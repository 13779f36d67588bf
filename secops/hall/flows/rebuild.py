"""The inventory rebuilt from the two logs, and the digest by which two inventories are compared."""

import hashlib
from collections.abc import Iterator, Mapping

from secops.core.events import Event, Progress, Summary
from secops.core.ids import canonical
from secops.core.language import say
from secops.hall.app import App
from secops.hall.flows.merge import ROOM, merge, replay
from secops.store import derived, folds, log


def digest(app: App) -> str:
    """SHA-256 over every row of the derived tables in order: equal inventories, equal digest."""
    total = hashlib.sha256()
    with app.database.read() as connection:
        for row in derived.rows(connection):
            total.update(canonical(row).encode("utf-8", "surrogatepass"))
            total.update(b"\n")
    return total.hexdigest()


def rebuild(app: App) -> Iterator[Event]:
    """Throw the derived tables away and replay the logs, in one transaction; the Summary's warnings name the digest.

    Readers see the old inventory until the new one is whole, and a crash leaves the old one: it is begun anew then.
    Memory does not grow with the logs. Where the digest differs from the one before the Summary is incomplete. Raises
    Locked while a grading runs.
    """
    begun = app.clock.monotonic()
    for event in merge(app):
        if isinstance(event, Progress):
            yield event
    before = digest(app)
    counts: Mapping[str, int | float] = {}
    with app.workspace.lock("grade"), app.database.write() as connection:
        total = log.size(connection)
        derived.clear(connection)
        with folds.unfolding(connection, ROOM) as lay:
            for event in replay(app, connection, lay):
                if isinstance(event, Summary):
                    counts = event.counts
                elif isinstance(event, Progress):
                    yield Progress(say("重建", "rebuild"), event.done, total, event.unit, event.rate)
    after = digest(app)
    same = before == after
    text = say(f"重建前后摘要不同：{before} → {after}", f"the digest differs: {before} -> {after}")
    yield Summary(
        run="",
        kind="rebuild",
        complete=same,
        counts=dict(counts) | {"same_digest": int(same)},
        warnings=(f"sha256:{after}",) if same else (text,),
        duration_ms=round((app.clock.monotonic() - begun) * 1000),
        state="done" if same else "incomplete",
    )
