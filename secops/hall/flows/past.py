"""The inventory as it stood at an earlier moment: any question asked of today's store is asked of then's.

    with opened(app, at) as connection:
        ...  # `entities`, `compile`, `facets`, `relations`, `findings`, `organisations`, `records`: all as of `at`

What is not kept: when each thing was last seen between two of its changes (where today's `last_seen` lies after the
moment the view says just after it, which rows show as unknown: `unseen`; queries by it are refused), why a field was
not known, and to which notice a finding belonged.
"""

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from secops.assets.declared import organisation, thing
from secops.assets.record import record
from secops.core.clock import Instant
from secops.core.errors import UsageError
from secops.core.language import say
from secops.core.model import Decision, DecisionType, Organisation, Value
from secops.core.query import Query, fields_of
from secops.core.registers import registers
from secops.hall.app import App
from secops.store import decisions, organisations
from secops.store import past as stored
from secops.store.grading import Transaction

BY_SIGHT: Final = frozenset({"last_seen", "seen.age"})


@contextmanager
def opened(app: App, at: Instant | None) -> Iterator[Transaction]:
    """A view of the store as of `at`; today's where None."""
    if at is None:
        with app.database.read() as connection:
            yield connection
        return
    with stored.opened(app.database, at) as connection:
        _declared(connection, at)
        yield connection


def asked(query: Query, at: Instant | None) -> Query:
    """The query, if a past moment can answer it. Raises UsageError where it asks when something was seen."""
    if at is not None and (found := BY_SIGHT & set(fields_of(query))):
        raise UsageError(
            "E1318",
            say("过去某一刻的台账不能按看到的时间筛选", "a past list cannot be filtered by when things were seen"),
            where=", ".join(sorted(found)),
            hint=say(
                "改用 state:active（当时最近一次扫描有应答），或不用 --at",
                "state:active says that the last scan then was answered; or ask without --at",
            ),
        )
    return query


def unseen(values: Mapping[str, Value], at: Instant) -> dict[str, Value]:
    """The values of an entity of then without when it was last seen, where nobody keeps that."""
    last = values.get("last_seen")
    unknown = isinstance(last, int) and last > at
    return {**values, **(dict.fromkeys(BY_SIGHT & values.keys()) if unknown else {})}


def units(connection: Transaction, site: str, ids: Collection[str], at: Instant) -> dict[str, Organisation]:
    """Of these units of a site those there were at the moment, as declared then, by id; asked of today's store."""
    then = units_since(connection, at).get(site, {})
    today = organisations.by_ids(connection, site, set(ids) - then.keys())
    return today | {id: each for id in ids if (each := then.get(id)) is not None}


def changed_units(connection: Transaction, at: Instant) -> set[tuple[str, str]]:
    """Site and id of the units that were others at the moment than today, or not there at one of the two."""
    found = set()
    for site, then in units_since(connection, at).items():
        today = organisations.by_ids(connection, site, then)
        found |= {(site, id) for id, each in then.items() if each != today.get(id)}
    return found


def units_since(connection: Transaction, at: Instant) -> dict[str, dict[str, Organisation | None]]:
    """Site -> the units of which something was declared since: as they were then, None where they were not there."""
    found: dict[str, dict[str, Organisation | None]] = {}
    for site, subjects in decisions.declared_since(connection, "organisation", at).items():
        units: dict[str, Organisation | None] = dict.fromkeys(each.partition(":")[2] for each in subjects)
        for logged in decisions.of_subjects(connection, DecisionType.DECLARE, site, subjects, at=at).values():
            assert isinstance(logged.entry, Decision)
            if not logged.entry.payload.get("withdrawn"):
                unit = organisation(thing(logged.seq, logged.entry), site)
                units[unit.id] = unit
        found[site] = units
    return found


def _declared(connection: Transaction, at: Instant) -> None:
    """Units and rows of registers as the decisions up to then leave them."""
    if others := units_since(connection, at):
        today = organisations.every(connection)
        kept = [each for each in today if each.id not in others.get(each.site, {})]
        then = [each for units in others.values() for each in units.values() if each is not None]
        stored.put(connection, "organisations", [*kept, *then])
    rows = decisions.as_of(connection, at, sorted(registers()))
    if rows is not None:
        found = [record(each.seq, each.entry) for each in rows if isinstance(each.entry, Decision)]
        stored.put(connection, "records", [each for each in found if each is not None])
