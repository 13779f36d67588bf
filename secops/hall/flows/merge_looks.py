"""What looks need of the store before they are folded into what is known, and what is written of it after."""

import gc
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from secops.assets.marks import Rules
from secops.assets.reading import Reading
from secops.assets.work import Merged, Work
from secops.core.model import Entity
from secops.hall.flows.merge_hosts import decode
from secops.store import entities, evidence, looks
from secops.store.grading import Transaction


def gathered(connection: Transaction, readings: Sequence[Reading], rules: Rules) -> Work:
    """What is known of all that these looks tell of: their entities, and what they showed of machines before."""
    ids: set[str] = set()
    for each in readings:
        ids.update(each.concerned)
    shown = {row.look: decode(row) for row in evidence.of_looks(connection, {each.look for each in readings})}
    times = evidence.times(connection, {each.look for each in readings if each.carrying} - shown.keys())
    known = entities.by_ids(connection, ids | {each.host for each in shown.values() if each.host})
    return Work(looks.timed(connection, known), rules, shown, times)


def written(connection: Transaction, outcome: Merged, known: Mapping[str, Entity]) -> entities.Rows:
    """What must be written of the entities; the database is not asked."""
    embedded = connection.dialect.name == "sqlite"
    return entities.rows(outcome.entities, known, outcome.seen_again, embedded=embedded)


@contextmanager
def uncollected() -> Iterator[None]:
    """Nobody looks for circles of garbage meanwhile: a batch makes very many things at once, and no circles of them."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


@contextmanager
def meanwhile(act: Callable[[], None] | None) -> Iterator[None]:
    """The act runs beside the block, on a thread of its own: what it raises is raised at the block's end."""
    if act is None:
        yield
        return
    with ThreadPoolExecutor(1) as beside:
        running = beside.submit(act)
        yield
        running.result()
