"""Entities found by the beginning of an id or by a key, without reading their tables."""

from sqlalchemy.engine import Connection

from secops.core.clock import Instant
from secops.core.model import Decision, DecisionType, Entity, Kind
from secops.store import decisions, entities, named


def _put(connection: Connection, *found: Entity) -> None:
    entities.put(connection, {each.id: each for each in found})


def _entity(kind: Kind, key: str, site: str = "gd", generation: int = 1) -> Entity:
    return Entity(kind, site, key, Instant(1), Instant(2), generation=generation)


def test_a_key_finds_the_same_key_in_every_kind(connection: Connection) -> None:
    """A key may mean an address and a network; ids begin with their kind."""
    _put(connection, _entity(Kind.IP, "198.18.0.1"), _entity(Kind.HOST, "198.18.0.1"))
    assert {each.kind for each in named.starting(connection, "198.18.0.1", 5, "gd")} == {Kind.IP, Kind.HOST}
    assert [each.kind for each in named.starting(connection, "host-", 5, "gd")] == [Kind.HOST]
    assert named.starting(connection, "", 5, "gd") == []
    assert named.starting(connection, "198.18.0", 5, "gd") == []


def test_every_machine_that_had_a_key_is_found(connection: Connection) -> None:
    """However many came after one another under it."""
    _put(connection, *(_entity(Kind.HOST, "host:aa", generation=n) for n in range(1, 21)))
    assert {each.generation for each in named.starting(connection, "host:aa", 50, "gd")} == set(range(1, 21))


def test_another_sites_key_is_found_too(connection: Connection) -> None:
    """Where that site has declared or scanned anything."""
    _put(connection, _entity(Kind.SYSTEM, "OA", site="sz"))
    assert named.starting(connection, "OA", 5, "gd") == []
    told = Decision("sz", DecisionType.DECLARE, "system:OA", {"kind": "system"}, "w", Instant(1))
    decisions.append(connection, [told])
    assert [each.site for each in named.starting(connection, "OA", 5, "gd")] == ["sz"]


def test_a_key_is_looked_up_and_no_table_read(connection: Connection) -> None:
    """Every statement goes through an index, whatever the key holds."""
    said: list[str] = []

    def traced(text: str) -> None:
        said.append(text)

    driver = connection.connection.driver_connection
    assert driver is not None
    driver.set_trace_callback(traced)
    named.starting(connection, "port-1", 5, "gd")
    driver.set_trace_callback(None)
    asked = [each for each in said if " assets" in each or " services" in each]
    assert len(asked) >= 3
    for each in asked:
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {each}").fetchall()
        assert not [row for row in plan if str(row[3]).startswith(("SCAN assets", "SCAN services"))]
