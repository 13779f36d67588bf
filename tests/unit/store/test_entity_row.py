"""Rows of entities: what changed is written, and nothing else."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy.engine import Connection

from secops.core.clock import Instant
from secops.core.model import Entity, Facts, Kind, State
from secops.store import alike, entities, entity_row
from secops.store.database import Database, metadata
from secops.store.tables import TABLES

_FACTS = {
    "http.title": st.sampled_from(("门户", "门户 2", "x")),
    "service.version": st.sampled_from(("1.2", "1.10")),
    "http.status_code": st.sampled_from((200, 404)),
    "http.technologies": st.sampled_from((("nginx",), ("nginx", "php"))),
    "address": st.sampled_from(("198.18.0.1", "2001:db8::1")),
}
_facts = st.fixed_dictionaries({}, optional=_FACTS)
_entity = st.builds(
    Entity,
    kind=st.just(Kind.SERVICE),
    site=st.just("gd"),
    key=st.just("198.18.0.1:80/tcp"),
    first_seen=st.just(Instant(1)),
    last_seen=st.sampled_from((Instant(2), Instant(3))),
    state=st.sampled_from((State.ACTIVE, State.STALE)),
    parent=st.just("ip-x"),
    org_id=st.sampled_from(("", "A")),
    misses=st.integers(0, 1),
    facts=_facts,
    unknown=st.sampled_from(({}, {"tls.*": "timeout"})),
    origin=st.dictionaries(st.sampled_from((*_FACTS, "http.server")), st.sampled_from(("born", "http", "nmap"))),
    sources=st.sampled_from(({}, {"http": (0, 0, "look-a")}, {"born": (0, 4, "")})),
    extra=st.sampled_from(({}, {"shadows": {"nmap": {"http.title": "y"}}})),
    changed_seq=st.integers(0, 2),
)


@pytest.fixture(scope="module")
def connection() -> Iterator[Connection]:
    database = Database("sqlite://")
    with database.write() as opened:
        metadata.create_all(opened, tables=[metadata.tables[name] for name in TABLES])
        yield opened
    database.close()


@settings(deadline=None)
@given(then=_entity, now=_entity)
def test_what_changed_is_all_that_must_be_written(connection: Connection, then: Entity, now: Entity) -> None:
    """An entity written over what it was is the entity, and where nothing changed no column is written."""
    entities.put(connection, {then.id: then})
    entities.put(connection, {now.id: now}, {then.id: then})
    assert entities.by_ids(connection, [now.id]) == {now.id: now}
    row = entity_row.moved(now, then, entity_row.differing(now, then))
    before, after = entity_row.encode(then), entity_row.encode(now)
    assert row == {name: after.get(name) for name in before | after if before.get(name) != after.get(name)}


@settings(deadline=None)
@given(a=_entity, b=_entity)
def test_things_that_say_the_same_have_one_digest(a: Entity, b: Entity) -> None:
    """The digest is another exactly where a column that it covers is, whatever order facts came in."""

    def said(entity: Entity) -> dict[str, object]:
        return {name: value for name, value in entity_row.encode(entity).items() if name not in alike.APART}

    told, turned = (entity_row.encode(each)[alike.COLUMN] for each in (a, replace(a, facts=_backwards(a.facts))))
    assert told == turned
    assert (told == entity_row.encode(b)[alike.COLUMN]) == (said(a) == said(b))


def _backwards(facts: Facts) -> Facts:
    return dict(reversed(list(facts.items())))


@pytest.mark.parametrize("facts", [{"http.title": "x"}, {}])
def test_times_of_sources_are_no_change(facts: Facts) -> None:
    """When a look was is not in the entity's row: seen again it is the same row."""
    then = Entity(Kind.IP, "gd", "198.18.0.1", Instant(1), Instant(2), facts=facts, sources={"http": (5, 6, "look-a")})
    later = replace(then, last_seen=Instant(9), sources={"http": (7, 8, "look-a")})
    assert entity_row.moved(later, then, entity_row.differing(later, then)) == {}
