"""Which way to the targets: the addresses of one `find`, grouped by interface, next hop and source address."""

import fcntl
import ipaddress
import socket
import struct
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from secops.core.errors import SecopsError
from secops.core.language import say
from secops.dial.wire.netlink import Hop, Netlink, RouteType
from secops.scope.intervals import IntervalSet
from secops.scope.ranges import Ranges, count

_HARDWARE: Final = 0x8927  # SIOCGIFHWADDR
_ETHERNET: Final = 1
_LOOPBACK: Final = 772
_MOST_PIECES: Final = 100_000


@dataclass(frozen=True, slots=True)
class Link:
    """An Ethernet interface of ours."""

    interface: int
    name: str
    hardware: bytes


@dataclass(frozen=True, slots=True)
class Way:
    """Addresses of one family that leave by the same interface to the same next hop."""

    link: Link
    source: bytes
    """Our address there, packed."""
    gateway: bytes
    """The next hop, packed; empty when the targets are on our own link."""
    ranges: Ranges
    """The targets, inclusive pairs of numbers of the family."""

    @property
    def width(self) -> int:
        """Bytes of an address: 4 or 16."""
        return len(self.source)


@dataclass(frozen=True, slots=True)
class Leaving:
    """How to leave where the kernel's routes are not to be followed; empty: as the kernel would."""

    interface: str = ""
    gateways: tuple[str, ...] = ()
    """One of a family at most."""
    source: tuple[str, ...] = ()
    """Our address, one of a family at most; empty: the kernel's choice towards the gateway."""
    vlan: int = 0
    """802.1Q number of the frames, 1 to 4094; 0: untagged."""

    def gateway(self, width: int) -> bytes:
        """Packed gateway of that family; empty: none chosen."""
        return _of(self.gateways, width)

    def address(self, width: int) -> bytes:
        """Packed source of that family; empty: none chosen."""
        return _of(self.source, width)


def _of(addresses: tuple[str, ...], width: int) -> bytes:
    packed = (ipaddress.ip_address(each).packed for each in addresses)
    return next((each for each in packed if len(each) == width), b"")


@dataclass(frozen=True, slots=True)
class Plan:
    """The ways to the targets, and the addresses there is none to, with the reason."""

    ways: tuple[Way, ...]
    left_out: tuple[tuple[int, Ranges, str], ...]
    """Width, ranges, reason (`own-address`, `broadcast`, `no-route`, `link-type`)."""


def plan(addresses: IntervalSet, leaving: Leaving | None = None) -> Plan:
    """The ways to all these addresses, by the kernel's own routes but for what `leaving` says otherwise."""
    leaving = leaving or Leaving()
    grouped: dict[tuple[int, Hop], list[tuple[int, int]]] = defaultdict(list)
    with Netlink() as kernel:
        for width, ranges in ((4, addresses.v4), (16, addresses.v6)):
            for first, last in _pieces(ranges, kernel.prefixes(width) if ranges else set()):
                hop = instead(kernel, kernel.hop(first.to_bytes(width, "big")), leaving, width)
                grouped[width, hop].append((first, last))
    links: dict[int, Link | str] = {}
    ways: list[Way] = []
    left_out: list[tuple[int, Ranges, str]] = []
    for (width, hop), spans in grouped.items():
        link = links.setdefault(hop.interface, _link(hop.interface))
        reason = _reason(hop) or (link if isinstance(link, str) else "")
        if not reason and len(hop.source) != width:
            reason = "no-route"
        if reason:
            left_out.append((width, tuple(spans), reason))
        elif isinstance(link, Link):
            ways.append(Way(link, hop.source, hop.gateway, tuple(spans)))
    return Plan(tuple(ways), tuple(left_out))


def instead(kernel: Netlink, hop: Hop, leaving: Leaving, width: int) -> Hop:
    """The hop as `leaving` wants it. Our own and broadcast addresses stay what they are."""
    if hop.type not in {RouteType.UNICAST, RouteType.NONE}:
        return hop
    gateway, source = leaving.gateway(width), leaving.address(width)
    near = kernel.hop(gateway) if gateway else hop
    try:
        interface = socket.if_nametoindex(leaving.interface) if leaving.interface else near.interface
    except OSError as error:
        raise SecopsError(
            "E3208", say("没有这块网卡", "there is no such interface"), where=leaving.interface, hint="wire.interface"
        ) from error
    source = source or near.source
    if not interface or len(source) != width:
        return hop
    return Hop(RouteType.UNICAST, interface, gateway or hop.gateway, source)


def _pieces(ranges: Ranges, prefixes: set[tuple[int, int]]) -> list[tuple[int, int]]:
    """The ranges, cut wherever a route begins or ends, so that one question answers for a whole piece."""
    cuts = sorted({cut for first, last in prefixes for cut in (first, last + 1)})
    pieces: list[tuple[int, int]] = []
    for first, last in ranges:
        inner = [cut for cut in cuts if first < cut <= last]
        edges = [first, *inner, last + 1]
        pieces.extend((a, b - 1) for a, b in pairwise(edges))
    if len(pieces) > _MOST_PIECES:
        raise SecopsError(
            "E3203",
            say(
                f"目标被路由切成 {len(pieces)} 段，太多", f"routes cut the targets into {len(pieces)} pieces, too many"
            ),
            hint=say("把目标写成更少、更大的网段", "write the targets as fewer, larger networks"),
        )
    return pieces


def _reason(hop: Hop) -> str:
    if hop.type is RouteType.LOCAL:
        return "own-address"
    if hop.type in {RouteType.BROADCAST, RouteType.MULTICAST, RouteType.ANYCAST}:
        return "broadcast"
    return "" if hop.type is RouteType.UNICAST else "no-route"


def _link(interface: int) -> Link | str:
    """The interface, or the reason why raw Ethernet frames cannot leave by it."""
    if not interface:
        return "no-route"
    name = socket.if_indextoname(interface)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        answer = fcntl.ioctl(asking.fileno(), _HARDWARE, struct.pack("16s16x", name.encode()))
    kind = struct.unpack_from("H", answer, 16)[0]
    if kind == _LOOPBACK:
        return "own-address"
    return Link(interface, name, answer[18:24]) if kind == _ETHERNET else "link-type"


def hopeless(left_out: Sequence[tuple[int, Ranges, str]]) -> SecopsError:
    """The error of a search that can reach none of its targets."""
    width, ranges, reason = left_out[0]
    first = ipaddress.ip_address(ranges[0][0].to_bytes(width, "big"))
    total = sum(count(each) for _, each, _ in left_out)
    told = {
        "own-address": say(
            "本机或回环地址，原始报文到不了", "an address of this machine or loopback: raw frames cannot reach it"
        ),
        "broadcast": say("广播或组播地址", "a broadcast or multicast address"),
        "no-route": say("没有路由", "there is no route to it"),
        "link-type": say("出口网卡不是以太网（如 tun、ppp）", "the interface is not Ethernet (tun, ppp, ...)"),
    }
    return SecopsError(
        "E3202",
        say(f"SYN 引擎到不了任何目标（共 {total} 个地址）", f"raw SYN can reach none of the {total} targets"),
        where=str(first),
        why=told[reason],
        hint=say("改用 --engine connect", "use the connect engine: --engine connect"),
    )
