"""The hardware addresses probes go to: the gateway's, or each host's own on our link."""

from collections.abc import Iterator
from ipaddress import ip_address
from typing import Final

import numpy as np
from numpy.typing import NDArray

from secops.core.clock import Clock
from secops.core.errors import SecopsError
from secops.core.language import say
from secops.dial.budget import Leasing
from secops.dial.wire.account import Account
from secops.dial.wire.fence import fence
from secops.dial.wire.neighbour import resolve
from secops.dial.wire.route import Way
from secops.dial.wire.segment import SILENT, Segment
from secops.scope.level import Level

_EMPTY_BUCKET: Final = 0.01


def next_hop(way: Way, clock: Clock, vlan: int) -> bytes:
    """The gateway's hardware address; zeros when targets are on our own link. Raises SecopsError E3206."""
    if not way.gateway:
        return bytes(6)
    known, _ = resolve(way.link, way.source, [way.gateway], clock, vlan=vlan)
    if way.gateway not in known:
        raise SecopsError(
            "E3206",
            say("网关不回答 ARP/ND", "the gateway does not answer ARP/ND"),
            where=f"{ip_address(way.gateway)} ({way.link.name})",
            hint=say(
                "检查路由和网线，或改用 --engine connect", "check the route and the link, or use --engine connect"
            ),
        )
    return known[way.gateway]


class Neighbours:
    """Hardware addresses of targets on our own link, asked for under leases."""

    def __init__(self, way: Way, gate: Leasing, clock: Clock, account: Account, vlan: int) -> None:
        self._way = way
        self._gate = gate
        self._clock = clock
        self._account = account
        self._vlan = vlan
        self._denied: set[bytes] = set()
        self.known: dict[bytes, bytes] = {}

    def table(self, segment: Segment) -> NDArray[np.uint8]:
        """Of a segment's hosts, a row each; those without one are marked silent and asked no further."""
        wanted = {address.tobytes(): place for place, address in enumerate(segment.addresses)}
        self._denied = set()
        known, asked = resolve(self._way.link, self._way.source, wanted, self._clock, self._portions, vlan=self._vlan)
        self.known = known
        self._account.sent += asked
        table = np.zeros((segment.hosts, 6), np.uint8)
        silent = np.ones(segment.hosts, np.bool_)
        silent[[wanted[address] for address in self._denied]] = False  # left to the fence, which counts them
        for address, hardware in known.items():
            table[wanted[address]] = np.frombuffer(hardware, np.uint8)
            silent[wanted[address]] = False
        segment.state.reshape(segment.rounds, segment.hosts)[:, silent] = SILENT
        return table

    def _portions(self, addresses: list[bytes]) -> Iterator[list[bytes]]:
        """Those of our link that may be asked for their hardware address, as leases allow."""
        place = 0
        while place < len(addresses):
            lease = self._gate.lease(Level.GENTLE, min(64, len(addresses) - place))
            if lease.budget <= 0:
                self._clock.sleep(_EMPTY_BUCKET)
                continue
            part = addresses[place : place + lease.budget]
            place += len(part)
            keys = np.frombuffer(b"".join(part), np.uint8).reshape(len(part), -1)
            allowed = fence(lease.targets, lease.ports).holds(keys)
            if (unused := lease.budget - int(allowed.sum())) > 0:
                self._gate.give_back(unused)
            self._denied.update(address for address, right in zip(part, allowed, strict=True) if not right)
            yield [address for address, right in zip(part, allowed, strict=True) if right]
