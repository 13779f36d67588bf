"""Looks of one site folded into what is known: what must be read of the store for them, and what became of it."""

import gc
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from secops.assets.evidence import Evidence
from secops.assets.marks import Rules
from secops.assets.merge import fold
from secops.assets.reading import read
from secops.assets.register import Register
from secops.assets.work import Merged, Work
from secops.core.model import Entity, Logged
from secops.hall.flows.merge_hosts import decode
from secops.store import entities, evidence, looks
from secops.store.grading import Transaction


def taken(
    connection: Transaction, stretch: Sequence[Logged], register: Register, rules: Rules
) -> tuple[Merged, Mapping[str, Entity], Mapping[str, Evidence]]:
    """What became of these observations, and what was known before: entities, and marks by look."""
    readings = read(stretch)
    ids: set[str] = set()
    for each in readings:
        ids.update(each.concerned)
    shown = {row.look: decode(row) for row in evidence.of_looks(connection, {each.look for each in readings})}
    times = evidence.times(connection, {each.look for each in readings if each.carrying} - shown.keys())
    known = entities.by_ids(connection, ids | {each.host for each in shown.values() if each.host})
    known = looks.timed(connection, known)
    return fold(Work(known, rules, shown, times), readings, register), known, shown


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
