"""Twin of secops/dial/wire/fence.py: the vectorised check says what the lease says."""

import ipaddress

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from secops.dial.wire.fence import Fence, fence
from secops.scope.intervals import IntervalSet
from secops.scope.ports import PortSet

FOUR = st.integers(0, 300).map(lambda n: 0xC6130000 + n)
SIX = st.one_of(st.integers(0, 300), st.just(0), st.just(2**128 - 1)).map(
    lambda n: (0xFD19 << 112) + n if n < 400 else n
)
PORT = st.integers(1, 40)


def spans(values: st.SearchStrategy[int]) -> st.SearchStrategy[list[tuple[int, int]]]:
    return st.lists(st.tuples(values, values).map(lambda pair: (min(pair), max(pair))), max_size=5)


@settings(max_examples=120, deadline=None)
@given(spans(FOUR), spans(SIX), spans(PORT), st.lists(st.tuples(FOUR, SIX, PORT), min_size=1, max_size=20))
def test_it_allows_exactly_what_the_lease_allows(four, six, ports, asked) -> None:
    """For any targets and ports, each packet's verdict equals membership one by one, in both families."""
    told = [f"{ipaddress.IPv4Address(a)}-{ipaddress.IPv4Address(b)}" for a, b in four]
    told += [f"{ipaddress.IPv6Address(a)}-{ipaddress.IPv6Address(b)}" for a, b in six]
    targets, allowed = IntervalSet.parse(told), PortSet.parse([f"{a}-{b}" for a, b in ports])
    wall = Fence(targets, allowed)
    network = np.array([port for *_, port in asked], np.uint16).byteswap()
    for place, width in ((0, 4), (1, 16)):
        raw = b"".join(each[place].to_bytes(width, "big") for each in asked)
        got = wall.allows(np.frombuffer(raw, np.uint8).reshape(-1, width), network)
        want = [
            str(ipaddress.ip_address(e[place].to_bytes(width, "big"))) in targets and e[2] in allowed for e in asked
        ]
        assert got.tolist() == want


def test_leases_of_one_scope_share_a_fence() -> None:
    """The arrays are built once for the same targets and ports."""
    targets, ports = IntervalSet.parse(["198.19.0.0/24"]), PortSet.parse(["80"])
    assert fence(targets, ports) is fence(targets, ports)
