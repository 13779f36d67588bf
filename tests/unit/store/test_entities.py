"""Entities in the store: what goes in comes out, and the columns are the dictionary's."""

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from secops.core.clock import Instant
from secops.core.fields import FIELDS, Type
from secops.core.model import Entity, Kind, State
from secops.store import entities
from secops.store.shadow import SHADOWED

_FACTS = {
    Type.TEXT: "文字 ' %",
    Type.INTEGER: 7,
    Type.BOOLEAN: False,
    Type.INSTANT: 1_750_000_000_000,
    Type.ADDRESS: "2001:db8::1",
    Type.VERSION: "1.2.10",
    Type.ADDRESSES: ("198.18.0.1", "2001:db8::1"),
    Type.TEXTS: ("a", "b"),
    Type.INTEGERS: (1, 2),
}


def _entity(kind: Kind, key: str, **more: object) -> Entity:
    stored = [each for each in FIELDS if kind in each.kinds and not each.core and each.derived is None]
    facts = {each.name: _FACTS[each.type] for each in stored}
    return Entity(kind, "gd", key, Instant(1), Instant(2), facts=facts, **more)  # type: ignore[arg-type]  # test data


@pytest.mark.parametrize("kind", list(Kind))
def test_every_fact_of_every_kind_comes_back(connection: Connection, kind: Kind) -> None:
    """Types, provenance and reasons survive the store."""
    entity = _entity(
        kind, "k", state=State.STALE, declared=True, parent="ip-x", org_id="A", system_id="s", misses=2,
        unknown={"tls.*": "timeout"}, origin={"name": "http"}, extra={"shadows": {"nmap": {"name": "x"}}},
        sources={"http": (5, 6, "")}, changed_seq=9,
    )  # fmt: skip
    entities.put(connection, {entity.id: entity})
    assert entities.by_ids(connection, {entity.id, "ip-none"}) == {entity.id: entity}


def test_writing_again_replaces(connection: Connection) -> None:
    """One row an entity, the last one."""
    one = _entity(Kind.IP, "198.18.0.1")
    two = Entity(Kind.IP, "gd", "198.18.0.1", Instant(1), Instant(9))
    entities.put(connection, {one.id: one})
    entities.put(connection, {two.id: two})
    assert entities.by_ids(connection, [one.id]) == {one.id: two}
    assert entities.counts(connection) == {"ip": {"active": 1}}


def test_versions_have_a_column_that_sorts() -> None:
    """Every stored field is a column; versions and sets of addresses are two."""
    for table, fields in ((entities.assets, entities.ASSET_FIELDS), (entities.services, entities.SERVICE_FIELDS)):
        for field in fields:
            assert field.column in table.c
            assert (f"{field.column}_key" in table.c) is (field.type in SHADOWED)


def test_changed_since_gives_what_moved_later(connection: Connection) -> None:
    """Only entities of the kind whose last change is newer."""
    old = _entity(Kind.SERVICE, "a", changed_seq=1)
    new = _entity(Kind.SERVICE, "b", changed_seq=5)
    entities.put(connection, {each.id: each for each in (old, new)})
    assert [each.key for each in entities.changed_since(connection, Kind.SERVICE, 1)] == ["b"]


def test_a_lookup_of_many_ids_uses_the_key(connection: Connection) -> None:
    """However many ids are asked for, no table is scanned."""
    chosen = sa.select(entities.assets).where(entities.among(entities.assets.c.id, ["a", "b"]))
    text = chosen.compile(connection, compile_kwargs={"literal_binds": True})
    plan = [str(row[3]) for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}")]
    assert any("USING INDEX" in each for each in plan)
    assert not any(each.startswith("SCAN assets") for each in plan)


def _address(host: int, **more: object) -> Entity:
    return Entity(Kind.IP, "gd", f"198.18.0.{host}", Instant(5), Instant(9), **more)  # type: ignore[arg-type]  # data


def test_only_addresses_that_are_there_as_before_are_calm(connection: Connection) -> None:
    """Active, nothing missed or waiting, known by then, and without a word from the source that looks again."""
    calm = [_address(1), _address(2, sources={"http:81": (0, 0, "look-a")}), _address(3, declared=True)]
    others = [
        _address(4, state=State.STALE), _address(5, misses=1), _address(6, extra={"out_of_scope": True}),
        _address(7, sources={"http:80": (0, 0, "look-b")}),
    ]  # fmt: skip
    entities.put(connection, {each.id: each for each in (*calm, *others)})
    seen = {each.id: 7 for each in (*calm, *others)} | {"ip-nobody": 7}
    asked = {each: {"http:80"} for each in seen}
    assert entities.calm(connection, seen, asked) == {each.id for each in calm}
    assert entities.calm(connection, seen | {calm[0].id: 4}, asked) == {each.id for each in calm[1:]}
