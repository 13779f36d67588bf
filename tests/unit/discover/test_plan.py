import json
from dataclasses import replace

import pytest

from secops.core.clock import parse
from secops.core.errors import InvalidFile, UsageError
from secops.core.model import Transport
from secops.discover import plan as plans
from secops.discover.plan import Plan

PLAN = Plan(
    scope_id="scp-a",
    scope_digest="d" * 64,
    title="试验",
    site="default",
    engine="connect",
    targets=("198.18.0.0/24", "198.18.2.0/25", "2001:db8::/126"),
    names=(),
    ports=(80, 443),
    deep=(),
    pps=40,
    pps_per_host=10,
    level=1,
    collectors=plans.labels(),
)


def test_blocks_cover_the_plan_exactly_once():
    """The blocks together are the targets, none twice, each within the bound."""
    found = list(plans.blocks(PLAN))
    assert len(found) > 1
    assert sorted(each.number for each in found) == list(range(len(found)))
    addresses = [address for each in found for address in each.addresses.addresses()]
    assert sorted(addresses) == sorted(PLAN.addresses.addresses())
    assert all(each.targets <= PLAN.pps * plans.BLOCK_SECONDS for each in found)
    assert plans.estimate(PLAN).blocks == len(found)


def test_ranges_of_a_block():
    """A block tells first and last address of its ranges in canonical text."""
    assert next(plans.blocks(PLAN)).ranges == (("198.18.0.0", "198.18.0.19"),)


def test_hash_changes_with_any_field():
    """Equal plans have equal hashes; any changed field another one."""
    assert replace(PLAN).hash == PLAN.hash
    assert replace(PLAN, pps=41).hash != PLAN.hash
    assert replace(PLAN, ports=(80,)).hash != PLAN.hash


def test_saved_and_read_again():
    """A plan read from its JSON is the same plan."""
    document = json.loads(json.dumps(PLAN.document()))
    assert plans.decode(document, "x") == PLAN


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("engine", "magic"),
        ("ports", [0]),
        ("ports", "80"),
        ("targets", ["x"]),
        ("pps", "9"),
        ("version", 9),
        ("title", 1),
    ],
)
def test_broken_plan_files(field, value):
    """A plan that does not hold together is refused with its place."""
    with pytest.raises(InvalidFile) as caught:
        plans.decode(PLAN.document() | {field: value}, "run.plan")
    assert caught.value.where == "run.plan"


def test_missing_and_unknown_keys():
    """A key too many or too few is named."""
    with pytest.raises(InvalidFile) as caught:
        plans.decode(PLAN.document() | {"speed": 1}, "x")
    assert "speed" in caught.value.why


def test_nothing_or_too_much_to_ask():
    """An empty plan and one for an IPv6 /64 are refused."""
    with pytest.raises(UsageError, match="E1401"):
        plans.check(replace(PLAN, ports=()))
    with pytest.raises(UsageError, match="E1402"):
        plans.check(replace(PLAN, targets=("2001:db8::/64",)))


def test_differences_name_the_field():
    """What changed is told field by field."""
    assert plans.differences(PLAN, replace(PLAN, pps=1)) == ("pps: 40 -> 1",)


def test_run_id():
    """A run id begins with the Chinese time and is derived."""
    at = parse("2026-11-24T07:00:00+08:00")
    assert plans.run_id(PLAN, at).startswith("20261124-070000-")
    assert plans.run_id(PLAN, at) == plans.run_id(PLAN, at)


def test_blocks_of_addresses_and_of_udp_stand_beside_those_of_tcp():
    """Addresses first, then TCP, then UDP; each part covers every target once, numbers run through."""
    plan = replace(PLAN, udp=(53, 161), ping=True)
    found = list(plans.blocks(plan))
    assert sorted(each.number for each in found) == list(range(len(found)))
    parts = {}
    for each in found:
        assert each.targets <= plan.pps * plans.BLOCK_SECONDS
        parts.setdefault((each.transport, each.ports), []).extend(each.addresses.addresses())
    assert list(parts) == [(Transport.TCP, (0,)), (Transport.TCP, (80, 443)), (Transport.UDP, (53, 161))]
    assert all(sorted(each) == sorted(plan.addresses.addresses()) for each in parts.values())
    assert plans.estimate(plan).blocks == len(found)
    assert plans.estimate(plan).targets == plan.addresses.count() * 5
    assert plans.decode(json.loads(json.dumps(plan.document())), "x") == plan
    assert plan.hash != PLAN.hash


@pytest.mark.parametrize(("field", "value"), [("udp", [0]), ("udp", "53"), ("ping", 1)])
def test_a_plan_with_nonsense_over_udp_is_refused(field, value):
    """Ports lie between 1 and 65535, pings are on or off."""
    with pytest.raises(InvalidFile):
        plans.decode(json.loads(json.dumps(PLAN.document())) | {field: value}, "x")


def test_a_plan_of_udp_alone_asks_something():
    """Without TCP ports a plan may still ask UDP ports or addresses."""
    plans.check(replace(PLAN, ports=(), udp=(53,)))
    plans.check(replace(PLAN, ports=(), ping=True))
    assert len(list(plans.blocks(replace(PLAN, ports=(), udp=(53,))))) >= 1
