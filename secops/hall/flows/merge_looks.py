"""What looks need of the store before they are folded into what is known, and what is written of it after."""

import gc
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import chain

from secops.assets.marks import Rules
from secops.assets.reading import Reading
from secops.assets.work import Merged, Work
from secops.core.model import Entity
from secops.hall.flows.merge_hosts import decode
from secops.store import changes, entities, evidence, looks, numbers, relations, sightings
from secops.store.grading import Transaction


def gathered(connection: Transaction, readings: Sequence[Reading], rules: Rules) -> Work:
    """What is known of all that these looks tell of: their entities, and what they showed of machines before."""
    ids: set[str] = set()
    for each in readings:
        ids.update(each.concerned)
    calm = _calm(connection, readings)
    ids -= calm
    shown = {row.look: decode(row) for row in evidence.of_looks(connection, {each.look for each in readings})}
    times = evidence.times(connection, {each.look for each in readings if each.carrying} - shown.keys())
    known = entities.by_ids(connection, ids | {each.host for each in shown.values() if each.host})
    return Work(looks.timed(connection, known), rules, shown, times, calm)


def _calm(connection: Transaction, readings: Iterable[Reading]) -> set[str]:
    """Addresses of which these looks say only that they are there, and they are: no more need be known of them."""
    seen: dict[str, int] = {}
    sources: dict[str, set[str]] = {}
    told: set[str] = set()
    for each in readings:
        if each.silent:
            continue
        if not each.seen.target.port or each.of_ip:
            told.add(each.ip)
        else:
            at = each.seen.seen_at
            seen[each.ip] = min(seen.get(each.ip, at), at)
            sources.setdefault(each.ip, set()).add(each.source)
    return entities.calm(connection, {id: at for id, at in seen.items() if id not in told}, sources)


def written(connection: Transaction, outcome: Merged, known: Mapping[str, Entity]) -> entities.Rows:
    """What must be written of the entities; the database is not asked."""
    embedded = connection.dialect.name == "sqlite"
    return entities.rows(outcome.entities, known, outcome.seen_again, embedded=embedded)


def write(connection: Transaction, outcome: Merged, rows: entities.Rows) -> None:
    """Write what became of some log entries; `rows`: of the entities, as worked out."""
    touched = (each.touched for each in outcome.looks.values())
    ids = [*rows.seen, *rows.later, *outcome.relations, *outcome.sighted, *chain.from_iterable(touched)]
    number = numbers.given(connection, ids)
    entities.write(connection, rows, number)
    looks.put(
        connection,
        [
            (id, b"" if id in outcome.cold else each.digest, each.at, each.seq, [number[id] for id in each.touched])
            for id, each in outcome.looks.items()
        ],
    )
    looks.cool(connection, outcome.cold - outcome.looks.keys())
    relations.put(connection, list(outcome.relations.values()), number)
    sightings.later(connection, {number[id]: at for id, at in outcome.sighted.items()})
    relations.end(
        connection, {id: (each.seq, int(each.at), each.who, each.reason) for id, each in outcome.ended.items()}
    )
    relations.remove(connection, outcome.dropped)
    changes.append(connection, outcome.changes)


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
