"""When things were last seen: beside the wide rows, read as if in them."""

from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from secops.core.clock import Instant
from secops.core.model import Entity, Kind, Relation, RelationType, State
from secops.store import entities, numbers, relations, sightings, unseen, views
from secops.store.database import Database, metadata
from secops.store.entities import assets, services


@pytest.fixture
def connection() -> Iterator[Connection]:
    database = Database("sqlite://")
    with database.write() as opened:
        metadata.create_all(opened)
        yield opened
    database.close()


def _port(number: int, seen: int, state: State = State.ACTIVE) -> Entity:
    return Entity(Kind.SERVICE, "gd", f"198.18.0.1:{number}/tcp", Instant(1), Instant(seen), state=state)


def _drawn(seen: int, first: int = 1) -> Relation:
    return Relation("gd", "ip-a", RelationType.RUNS_ON, "host-b", "identifier", Instant(first), Instant(seen))


def test_seeing_again_leaves_the_wide_row(connection: Connection) -> None:
    """Only the narrow row is written; what is read has the new time."""
    port = _port(80, 5)
    entities.put(connection, {port.id: port})
    connection.exec_driver_sql(
        "CREATE TRIGGER still BEFORE UPDATE ON service_rows BEGIN SELECT RAISE(ABORT, 'wide'); END"
    )
    again = entities.rows({port.id: _port(80, 9)}, {port.id: port}, {port.id}, embedded=True)
    entities.write(connection, again)
    assert entities.by_ids(connection, {port.id})[port.id].last_seen == 9


def test_what_was_seen_later_meanwhile_stays_so(connection: Connection) -> None:
    """An entity that was known goes forward only; one that is new is written as it is."""
    port, other = _port(80, 5), _port(81, 5)
    entities.put(connection, {port.id: port})
    worked_out = entities.rows({port.id: _port(80, 7), other.id: other}, {port.id: port}, embedded=True)
    sightings.later(connection, {numbers.of(connection, {port.id})[port.id]: 9})
    entities.write(connection, worked_out)
    assert {each.key: each.last_seen for each in entities.by_ids(connection, {port.id, other.id}).values()} == {
        port.key: 9, other.key: 5,
    }  # fmt: skip
    entities.put(connection, {port.id: _port(80, 3)}, {port.id: _port(80, 9)})
    assert entities.by_ids(connection, {port.id})[port.id].last_seen == 3


def test_a_relation_is_seen_longer_and_never_shorter(connection: Connection) -> None:
    """The earliest and the latest time stand, in whatever order they are told."""
    for each in (_drawn(5, 3), _drawn(9, 4), _drawn(7, 2)):
        relations.put(connection, [each])
    (found,) = relations.touching(connection, ["ip-a"])
    assert (found.first_seen, found.last_seen) == (2, 9)


def test_a_relation_drawn_anew_knows_nothing_of_before(connection: Connection) -> None:
    """What a look said of a withdrawn relation does not come back with it."""
    relations.put(connection, [_drawn(9)])
    relations.remove(connection, [_drawn(9).id])
    assert relations.touching(connection, ["ip-a"]) == []
    sightings.put(connection, {numbers.of(connection, {_drawn(9).id})[_drawn(9).id]: 50})
    assert relations.by_ids(connection, [_drawn(9).id]) == {}
    relations.put(connection, [_drawn(20)])
    assert relations.by_ids(connection, [_drawn(9).id])[_drawn(9).id].last_seen == 20


def test_what_a_run_may_have_missed_is_found_from_the_narrow_rows(connection: Connection) -> None:
    """Living services last seen before the instant; addresses and what is gone are not among them."""
    rows = [_port(80, 5), _port(81, 9), _port(82, 4), _port(83, 4, State.GONE)]
    rows.append(Entity(Kind.IP, "gd", "198.18.0.1", Instant(1), Instant(3)))
    entities.put(connection, {each.id: each for each in rows})
    found = sorted(unseen.services(connection, "gd", 9), key=lambda each: each.id)
    assert found == sorted((rows[0], rows[2]), key=lambda each: each.id)
    assert list(unseen.addresses(connection, "gd", 9)) == [rows[4]]
    assert list(unseen.services(connection, "bj", 9)) == []


def _plan(connection: Connection, chosen: sa.Select[Any]) -> list[str]:
    made = chosen.compile(connection)
    values = tuple(made.params[name] for name in made.positiontup or ())
    return [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {made}", values)]


@pytest.mark.parametrize(
    ("chosen", "first"),
    [
        (sa.select(assets).where(assets.c.id > "ip-").order_by(assets.c.id).limit(50), "sqlite_autoindex_asset_rows_1"),
        (sa.select(services).where(services.c.address.between(b"\0" * 16, b"\1" * 16)), "services_by_address"),
        (sa.select(services).where(services.c.parent == "ip-a"), "services_by_parent"),
        (sa.select(assets.c.id).where(assets.c.last_seen < 5, assets.c.kind == "ip"), "assets_by_kind"),
    ],
)
def test_an_index_of_the_wide_rows_decides_where_to_begin(
    connection: Connection, chosen: sa.Select[Any], first: str
) -> None:
    """No view is built before it is asked, and the narrow rows are met by their key alone."""
    plan = _plan(connection, chosen)
    assert first in plan[0]
    assert not [each for each in plan if "MATERIALIZE" in each or "CO-ROUTINE" in each or each.startswith("SCAN s")]


def test_what_was_not_seen_is_looked_for_in_the_short_rows(connection: Connection) -> None:
    """The wide rows are met by id, those alone whose time has passed."""
    plans: list[str] = []

    def hear(_made: object, cursor: Any, text: str, values: Any, *_: object) -> None:
        if "unlikely" in text and not text.startswith("EXPLAIN"):
            plans.extend(row[3] for row in cursor.connection.execute(f"EXPLAIN QUERY PLAN {text}", values))

    sa.event.listen(connection, "before_cursor_execute", hear)
    assert list(unseen.services(connection, "gd", 9)) == []
    sa.event.remove(connection, "before_cursor_execute", hear)
    assert [each.split(" ")[1] for each in plans] == ["sightings", "numbers", "service_rows"]


def test_a_count_reads_no_times(connection: Connection) -> None:
    """A question that does not ask for the time does not pay for it."""
    chosen = sa.select(sa.func.count()).select_from(services).where(services.c.state == "active")
    assert len(_plan(connection, chosen)) == 1


def test_a_view_follows_a_new_column(connection: Connection) -> None:
    """After a migration added a column, `renew` shows it."""
    connection.exec_driver_sql("ALTER TABLE asset_rows ADD COLUMN colour TEXT")
    views.renew(connection)
    assert "colour" in {each["name"] for each in sa.inspect(connection).get_columns("assets")}
    assert connection.exec_driver_sql("SELECT colour, last_seen FROM assets").all() == []
