"""Twin of secops/dial/wire/route.py and link.py: what is asked of the kernel, and what the settings say instead."""

import errno
import ipaddress

import pytest

from secops.core.errors import SecopsError
from secops.dial.wire.link import refused, up
from secops.dial.wire.netlink import Hop, RouteType
from secops.dial.wire.route import Leaving, Link, hopeless, instead, plan
from secops.scope.intervals import IntervalSet

FOUR = ipaddress.ip_address("198.18.0.1").packed
GATEWAY = ipaddress.ip_address("198.18.0.2").packed
SIX = ipaddress.ip_address("fd18::1").packed
LO = Link(1, "lo", bytes(6))


class Kernel:
    """Answers for every address that it is reached by interface 7 from our address."""

    def hop(self, address: bytes) -> Hop:
        return Hop(RouteType.UNICAST, 7, b"", FOUR if len(address) == 4 else SIX)


def test_nothing_chosen_leaves_the_kernels_hop() -> None:
    """Without settings the hop is what the kernel said."""
    hop = Hop(RouteType.UNICAST, 3, GATEWAY, FOUR)
    assert instead(Kernel(), hop, Leaving(), 4) == hop


def test_a_gateway_replaces_the_way_and_its_absence() -> None:
    """A chosen gateway serves where the kernel knows another way or none; the other family keeps its own."""
    chosen = Leaving(gateways=("198.18.0.2",))
    for hop in (Hop(RouteType.NONE), Hop(RouteType.UNICAST, 3, b"\1\2\3\4", FOUR)):
        assert instead(Kernel(), hop, chosen, 4) == Hop(RouteType.UNICAST, 7, GATEWAY, FOUR)
    six = Hop(RouteType.UNICAST, 3, SIX, SIX)
    assert instead(Kernel(), six, chosen, 16) == six


def test_our_own_address_stays_our_own() -> None:
    """No setting sends packets to ourselves or to everybody."""
    for kind in (RouteType.LOCAL, RouteType.BROADCAST, RouteType.MULTICAST):
        assert instead(Kernel(), Hop(kind, 1), Leaving(gateways=("198.18.0.2",)), 4).type is kind


def test_an_interface_that_is_not_there_is_told() -> None:
    """A mistyped interface is an error, not another way."""
    with pytest.raises(SecopsError, match="E3208"):
        instead(Kernel(), Hop(RouteType.UNICAST, 3, GATEWAY, FOUR), Leaving("nosuch0"), 4)


def test_loopback_is_left_out_with_the_reason() -> None:
    """Raw frames cannot reach ourselves: no way, and an error that names the other engine."""
    found = plan(IntervalSet.parse(["127.0.0.1"]))
    assert not found.ways
    assert [reason for _, _, reason in found.left_out] == ["own-address"]
    assert "connect" in hopeless(found.left_out).hint


def test_links_are_up_or_not() -> None:
    """The loopback is up; what is not there is not."""
    assert up(LO)
    assert not up(Link(999, "nosuch0", bytes(6)))


def test_a_refused_send_tells_a_dead_link_from_others() -> None:
    """An interface gone is E3207 and can be resumed; anything else is E3205."""
    for code in (errno.ENETDOWN, errno.ENODEV, errno.ENXIO):
        assert refused(LO, OSError(code, "gone")).code == "E3207"
    assert refused(LO, OSError(errno.EMSGSIZE, "long")).code == "E3205"
