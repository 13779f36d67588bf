"""What people decide about machines: merged, split, a mark trusted, a declared one and a found one."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from secops.core.clock import Instant, ManualClock
from secops.core.errors import UsageError
from secops.core.model import Decision, DecisionType, Entity, Kind, State
from secops.hall.app import App
from secops.hall.flows.history import history
from secops.hall.flows.identity import listed, merge, settle, split
from secops.hall.workspace import Workspace
from secops.store import decisions, entities, observations, relations
from tests.unit.hall.flows.test_machines import _A, _B, _M1, _NOW, World, _arp, _name, _ssh, _tls


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    workspace = Workspace(tmp_path)
    workspace.make()
    with App(workspace, clock=ManualClock(Instant(_NOW))) as opened:
        yield World(opened)


def _declare(world: World, subject: str, **payload: object) -> None:
    world.app.clock.sleep(1)
    told = {"kind": subject.partition(":")[0], **payload}
    with world.app.database.write() as connection:
        made = Decision("default", DecisionType.DECLARE, subject, told, "李四", world.app.clock.now())
        decisions.append(connection, [made])
    world.merge()


def _plain(host: Entity) -> tuple[object, ...]:
    facts = {name: value for name, value in host.facts.items() if name != "host.doubts"}
    return host.id, host.state, host.first_seen, host.last_seen, host.org_id, host.misses, facts


def _spans(world: World) -> dict[str, tuple[int, int]]:
    """Each link of a machine: since when it holds, and when it was last seen."""
    with world.app.database.read() as connection:
        drawn = relations.touching(connection, list(world.every()))
        return {each.id: (each.first_seen, each.last_seen) for each in drawn}


def test_a_shared_key_that_a_person_trusts_merges_its_machines(world: World) -> None:
    """The oldest keeps its id, the others go up in it with why and by whom; each can be split off again."""
    world.run(*(_ssh(place, _A) for place in range(1, 7)))
    before = world.every()
    (doubt,) = [id for kind, id in world.doubts() if kind == "shared"]
    assert len(before) == 6
    links = {id: last for id, (_, last) in _spans(world).items()}
    settle(world.app, doubt, accept=False, who="张三", reason="一台机器六个地址")
    (host,) = world.hosts().values()
    assert host.id in before
    assert set(world.every()) == set(before)
    assert all("另一" not in str(each.reason) for each in world.history(host.id))
    merges = host.extra["merges"]
    assert isinstance(merges, list)
    assert {each["from"] for each in merges} == before.keys() - {host.id}
    assert "一台机器六个地址 (张三)" in merges[0]["why"]
    assert all(links.get(id, last) == last and first <= last for id, (first, last) in _spans(world).items())
    drawn = [row for row in history(world.app, host.id) if row["field"] == "relation" and row["who"] == "张三"]
    assert len(drawn) == 5
    gone = split(world.app, host.id, [], back="", who="张三", reason="其实是六台")
    assert gone in before
    assert sorted(map(len, world.hosts())) == [1, 5]
    world.run(*(_ssh(place, _A) for place in range(1, 7)))
    assert sorted(map(len, world.hosts())) == [1, 5]
    assert (("shared", doubt)) in world.doubts("accepted")
    assert world.rebuilt()


def test_a_split_answers_the_doubt_and_leaves_the_unit_as_it_was(world: World) -> None:
    """A machine that was gone is without a unit again after merge and split, and the doubt stands as rejected."""
    _declare(world, "organisation:D1", name="甲局")
    _declare(world, "network:198.18.0.0/24", org="D1")
    world.run(_ssh(1, _A), _name(1, "pc1"))
    world.run(_ssh(1, _B), _name(1, "pc1"))
    before = {id: _plain(each) for id, each in world.every().items()}
    assert {each.org_id for each in world.every().values() if each.state is State.GONE} == {""}
    (doubt,) = [id for kind, id in world.doubts() if kind == "same"]
    settle(world.app, doubt, accept=True, who="张三", reason="重装")
    (host,) = world.hosts().values()
    split(world.app, host.id, [], back="", who="张三", reason="换了机器")
    assert {id: _plain(each) for id, each in world.every().items()} == before
    assert ("same", doubt) in world.doubts("rejected")
    assert world.rebuilt()


def test_a_machine_of_several_addresses_shows_the_keys_of_all(world: World) -> None:
    """Merged it is found by either key; split each shows its own again."""
    world.run(_ssh(1, _A), _ssh(2, _B))
    before = {id: _plain(each) for id, each in world.every().items()}
    merge(world.app, sorted(before), who="张三", reason="双网卡")
    (host,) = world.hosts().values()
    assert host.facts["ssh.host_key"] == tuple(sorted((_A, _B)))
    split(world.app, host.id, [], back="", who="张三", reason="其实是两台")
    assert {id: _plain(each) for id, each in world.every().items()} == before
    assert world.rebuilt()


def test_hosts_of_two_sites_are_not_merged(world: World) -> None:
    """The same address at two sites is two hosts: refused, nothing is logged."""
    world.run(_ssh(1, _A))
    with world.app.database.write() as connection:
        other = world._seen("x", _NOW + 5, *_ssh(2, _B))
        observations.append(connection, [replace(other, site="other")])
    world.merge()
    with world.app.database.read() as connection:
        ids = [each.id for site in ("default", "other") for each in entities.of_kind(connection, site, Kind.HOST)]
    assert len(ids) == 2
    with pytest.raises(UsageError) as refused:
        merge(world.app, ids, who="张三", reason="同一台")
    assert refused.value.code == "E1333"


def test_a_declared_machine_stays_when_it_is_merged_with_the_one_found(world: World) -> None:
    """It is proposed where it is found alone at its address; merged it keeps its name and declaration, and is seen."""
    world.run(_arp(1, _M1))
    (found,) = world.hosts().values()
    _declare(world, "host:H60", facts={"host.names": ["oa"]}, addresses=["198.18.0.1"])
    (told,) = listed(world.app)
    assert told["kind"] == "same"
    assert found.id in told["about"]  # type: ignore[operator]
    before = {id: _plain(each) for id, each in world.every().items()}
    settle(world.app, str(told["id"]), accept=True, who="张三", reason="就是它")
    (host,) = world.hosts().values()
    assert (host.key, host.declared, host.state) == ("H60", True, State.ACTIVE)
    assert host.last_seen == found.last_seen
    assert host.first_seen <= found.first_seen
    _declare(world, "host:H60", facts={"host.names": ["oa2"]}, addresses=["198.18.0.9"])
    (host,) = world.hosts().values()
    assert "oa2" in str(host.facts["host.names"])
    assert host.facts["host.addresses"] == ("198.18.0.1",)
    _declare(world, "host:H60", facts={"host.names": ["oa"]}, addresses=["198.18.0.1"])
    world.run(_arp(2, _M1))
    (host,) = world.hosts().values()
    assert host.key == "H60"
    assert world.rebuilt()
    split(world.app, host.id, [], back="", who="张三", reason="不是")
    assert {each.key: each.declared for each in world.every().values()} == {"H60": True, found.key: False}
    assert before[host.id][1] == world.every()[host.id].state
    assert world.every()[host.id].facts["host.addresses"] == ("198.18.0.1",)
    assert world.rebuilt()


def test_a_machine_found_later_where_one_is_declared_is_proposed(world: World) -> None:
    """Once, and not where several are found at its address; never again once a person said no."""
    _declare(world, "host:H60", addresses=["198.18.0.1"])
    assert not list(listed(world.app))
    world.run(_arp(1, _M1))
    (told,) = listed(world.app)
    settle(world.app, str(told["id"]), accept=False, who="张三", reason="不是")
    world.run(_arp(1, _M1), _ssh(1, _A))
    assert not list(listed(world.app))
    assert world.rebuilt()


def test_a_certificate_that_an_imported_file_tells_of_joins_its_addresses(world: World) -> None:
    """A look of zgrab2 by no name counts as an own one does; names in a certificate are no names of the machine."""
    *_, facts = _tls(1, "c")
    for number in (1, 2):
        seen = world._seen("z", _NOW + 5, number, "tls", facts)
        with world.app.database.write() as connection:
            observations.append(connection, [replace(seen, collector="zgrab2+tls@1")])
    world.merge()
    (host,) = world.hosts().values()
    assert host.key.startswith("cert:")
    assert "host.names" not in host.facts
