"""Shards of any plan: together they are the whole plan, and none asks what another asks."""

import ipaddress
from dataclasses import replace
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from secops.core.model import Transport
from secops.discover import plan as plans
from secops.discover.plan import Block, Plan
from secops.discover.portions import spread

_NETWORKS = st.lists(
    st.builds(
        lambda base, length: str(ipaddress.ip_network((base, length), strict=False)),
        st.integers(0xC612_0000, 0xC613_FFFF),
        st.integers(23, 32),
    )
    | st.builds(lambda low, length: f"fd19::{low:x}00/{length}", st.integers(1, 0xFE), st.integers(120, 128)),
    min_size=1,
    max_size=4,
)


def cells(block: Block) -> set[tuple[str, int, Transport]]:
    return {(address, port, block.transport) for address in block.addresses.addresses() for port in block.ports}


@settings(max_examples=120, deadline=None)
@given(
    targets=_NETWORKS,
    ports=st.lists(st.integers(1, 65_535), min_size=1, max_size=4, unique=True),
    udp=st.sampled_from([(), (53,), (53, 161)]),
    fragile=st.booleans(),
    parts=st.integers(1, 9),
    pps=st.sampled_from([40, 300, 5_000]),
    engine=st.sampled_from(["syn", "connect"]),
)
def test_shards_are_disjoint_and_whole(*, targets, ports, udp, fragile, parts, pps, engine):
    """The union of all shards' targets is the plan's, each asked once; block numbers are never shared."""
    whole = Plan(
        scope_id="scp-a", scope_digest="d" * 64, title="t", site="s", engine=engine, targets=tuple(targets), names=(),
        ports=tuple(ports), deep=(), pps=pps, pps_per_host=40, level=1, collectors=plans.labels(), udp=udp,
    )  # fmt: skip
    if fragile:
        whole = replace(whole, fragile=(next(whole.addresses.addresses()),))
    wanted = {(a, p, Transport.TCP) for a in whole.addresses.addresses() for p in ports}
    wanted |= {(a, p, Transport.UDP) for a in whole.addresses.addresses() for p in udp}
    numbers: set[int] = set()
    asked: set[tuple[str, int, Transport]] = set()
    total = 0
    for part in range(1, parts + 1):
        for block in plans.blocks(replace(whole, shard=(part, parts))):
            assert block.number not in numbers
            numbers.add(block.number)
            total += block.targets
            asked |= cells(block)
    assert asked == wanted
    assert total == len(wanted), "something was asked twice"
    assert numbers == set(range(len(numbers)))


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 5_000))
def test_blocks_in_a_row_lie_apart(count):
    """Every block comes once, and from five blocks on no two neighbours follow one another."""
    order = list(spread(count))
    assert sorted(order) == list(range(count))
    if count >= 5:
        assert all(abs(a - b) > 1 for a, b in pairwise(order))
