"""Pages in an order people ask for: all of it, once, stable, the unknown last; the same on every store."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from secops.core import address, version
from secops.core.clock import DAY_MS, Instant
from secops.core.fields import by_name
from secops.core.model import Entity, Kind, State, Value
from secops.store import entities
from secops.store.database import Database, metadata
from secops.store.order import Mark, Order, fits, page

NOW = Instant(1_750_000_000_000)
NAMES = ["", "B", "a", "b", "Z", "财政", "税务", "é", "b"]


def world() -> dict[str, Entity]:
    dice = random.Random(5)
    found: dict[str, Entity] = {}
    for i in range(8):
        level = dice.choice([1, 2, 3, None])
        made = Entity(Kind.SYSTEM, "gd", f"S{i}", NOW, NOW, facts={"system.level": level, "name": dice.choice(NAMES)})
        found[made.id] = made
    systems = list(found)
    for i in range(40):
        facts: dict[str, Value] = {"address": f"198.18.{dice.randint(0, 2)}.{i}" if dice.random() < 0.8 else f"::{i}"}
        seen = Instant(NOW - dice.randint(0, 3) * DAY_MS)
        system = dice.choice([*systems, ""])
        made = Entity(Kind.IP, "gd", str(facts["address"]), seen, seen, system_id=system, facts=facts)
        found[made.id] = made
        port: dict[str, Value] = {
            "port": dice.choice([22, 80, 9000]),
            "service.version": dice.choice(["1.10", "1.9", None]),
        }
        state = dice.choice([State.ACTIVE, State.GONE])
        made = Entity(Kind.SERVICE, "gd", f"{i}/tcp", seen, seen, state=state, parent=made.id, facts=port)
        found[made.id] = made
    return found


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    made = Database.file(Path(tmp_path_factory.mktemp("order")) / "t.db")
    with made.write() as connection:
        metadata.create_all(connection)
        entities.put(connection, world())
    yield made
    made.close()


def expected(kind: Kind, name: str, *, falling: bool) -> list[str]:
    every = world()

    def value(each: Entity) -> object:
        found: object = each.facts.get(name)
        if name == "system.grade":
            found = every[each.system_id].facts["system.level"] if each.system_id else None
        elif name == "seen.age":
            found = (NOW - each.last_seen) // DAY_MS
        elif by_name()[name].core:
            found = getattr(each, name)
        elif name == "address":
            found = address.pack(str(found))
        elif found is not None and name == "service.version":
            found = version.key(str(found))
        return found.encode() if isinstance(found, str) else found

    mine = sorted((each for each in every.values() if each.kind is kind), key=lambda each: each.id)
    known = [each for each in mine if value(each) is not None]
    by_value = sorted(known, key=value, reverse=falling)  # type: ignore[arg-type]  # of one type each time
    if falling:  # a sort turned round keeps equal ones as they were, so by id
        by_value = sorted(known, key=lambda each: each.id)
        by_value.sort(key=value, reverse=True)  # type: ignore[arg-type]
    return [each.id for each in (*by_value, *(each for each in mine if value(each) is None))]


@pytest.mark.parametrize("falling", [False, True])
@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (Kind.IP, "address"), (Kind.IP, "key"), (Kind.IP, "last_seen"), (Kind.IP, "system.grade"),
        (Kind.IP, "seen.age"), (Kind.SYSTEM, "name"), (Kind.SYSTEM, "system.level"), (Kind.SERVICE, "port"),
        (Kind.SERVICE, "service.version"),
    ],
)  # fmt: skip
def test_pages_hold_everything_once_in_order(database: Database, kind: Kind, name: str, *, falling: bool) -> None:
    """Whatever the size of the page; equal ones by id, the unknown at the end in either direction."""
    order = Order((by_name()[name],), descending=falling)
    whole = expected(kind, name, falling=falling)
    table = entities.table_of(kind)
    condition = sa.true() if kind is Kind.SERVICE else table.c.kind == str(kind)
    for size in (1, 3, 100):
        told: list[str] = []
        after: Mark | None = None
        while True:
            with database.read() as connection:
                found = page(connection, kind, condition, order, after=after, limit=size)
            told += [each.id for each, _ in found]
            assert all(fits(order, mark.value) for _, mark in found)
            if len(found) < size:
                break
            after = found[-1][1]
        assert told == whole


def test_a_mark_of_another_type_does_not_fit() -> None:
    """A token made up by hand is refused before the database sees it."""
    level, key = Order((by_name()["system.level"],)), Order((by_name()["key"],))
    assert fits(level, 3)
    assert fits(level, None)
    assert not fits(level, "3")
    assert not fits(level, True)
    assert not fits(key, 3)
    assert not fits(Order((by_name()["address"],)), "x")


def test_a_mark_may_be_wider_than_the_column(database: Database) -> None:
    """A count is of 32 bits on a server; what lies behind a larger one is what does not know it."""
    order = Order((by_name()["services.count"],))
    with database.read() as connection:
        condition = entities.assets.c.kind == "ip"
        assert page(connection, Kind.IP, condition, order, after=Mark(2**63 - 1, ""), limit=5) == []
        assert len(page(connection, Kind.IP, condition, order, after=Mark(-(2**40), ""), limit=5)) == 5
