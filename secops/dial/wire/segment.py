"""The targets of one way, a bounded part at a time, and what is known of each: asked, refused, closed, open."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from secops.dial.wire.fence import sortable
from secops.dial.wire.permute import Permutation
from secops.scope.ranges import Ranges, count

CELLS: Final = 1 << 22
"""Targets (address, port) remembered at a time, a byte each."""
PENDING, REFUSED, SILENT, UNREACHABLE, CLOSED, OPEN = range(6)
"""States of a cell, in the order of what outranks what. SILENT: its host is asked no more, having no hardware address
on our link or answering for everything. UNREACHABLE: somebody on the way said so."""
_STEPS: Final = 1 << 20

Cells = NDArray[np.uint32]


class Space:
    """The addresses of some ranges, by number 0..count-1."""

    def __init__(self, ranges: Ranges, width: int) -> None:
        self.width = width
        self.count = count(ranges)
        sizes = [last - first + 1 for first, last in ranges]
        self._begins = np.cumsum([0, *sizes[:-1]], dtype=np.uint64)
        self._low = np.array([first & 0xFFFF_FFFF_FFFF_FFFF for first, _ in ranges], np.uint64)
        self._high = np.array([first >> 64 for first, _ in ranges], np.uint64)

    def addresses(self, numbers: NDArray[np.uint64]) -> NDArray[np.uint8]:
        """(n, 4) or (n, 16) bytes in network order."""
        part = np.searchsorted(self._begins, numbers, side="right") - 1
        low = self._low[part] + (numbers - self._begins[part])
        if self.width == 4:
            return low.astype(">u4").view(np.uint8).reshape(-1, 4)
        high = self._high[part] + (low < self._low[part])
        return np.stack([high, low], axis=1).astype(">u8").view(np.uint8).reshape(-1, 16)


class Segment:
    """Some hosts of a space, in permuted order, with all the ports.

    Cells are laid in rounds: each round asks every host once, on different ports, so a host is asked at even distances.
    """

    def __init__(self, addresses: NDArray[np.uint8], ports: tuple[int, ...]) -> None:
        self.addresses = addresses
        self.hosts = len(addresses)
        self.rounds = len(ports)
        self.state = np.zeros(self.hosts * self.rounds, np.uint8)
        self._ports = np.array(ports, np.uint16).byteswap()
        self._turn = np.full(65536, -1, np.int64)
        self._turn[self._ports] = np.arange(self.rounds)
        keys = sortable(addresses)
        self._order = np.argsort(keys, kind="stable")
        self._keys = keys[self._order]
        self.loud = np.zeros(self.hosts, np.bool_)
        """Hosts that answer for everything: nothing more is told of them."""

    def hush(self, host: int) -> None:
        """Ask this host no more and tell nothing of it."""
        self.loud[host] = True
        mine = self.state[host :: self.hosts]
        mine[mine == PENDING] = SILENT

    def port(self, turns: NDArray[np.integer]) -> tuple[int, ...]:
        """The ports in these places of the list asked."""
        return tuple(self._ports[turns].byteswap().tolist())

    def pending(self) -> Cells:
        """The cells that nobody has answered, in the order to ask."""
        return np.flatnonzero(self.state == PENDING).astype(np.uint32)

    def rows(self, cells: Cells) -> tuple[NDArray[np.uint32], NDArray[np.uint16]]:
        """Which host each cell asks, and on which port (as its bytes read little-endian)."""
        hosts, rounds = np.uint32(self.hosts), np.uint32(self.rounds)
        turn = cells // hosts
        host = cells - turn * hosts
        turn += host
        turn -= (turn // rounds) * rounds
        return host, self._ports[turn]

    def locate(self, addresses: NDArray[np.uint8], ports: NDArray[np.uint16]) -> NDArray[np.int64]:
        """The cell of each address and port, -1 for what is none of ours."""
        keys = sortable(addresses)
        place = np.minimum(np.searchsorted(self._keys, keys), self.hosts - 1)
        host = self._order[place]
        turn = self._turn[ports]
        known = (self._keys[place] == keys) & (turn >= 0)
        return np.where(known, (turn - host) % self.rounds * self.hosts + host, -1)

    def groups(self, cells: Cells, rounds: int) -> Iterator[Cells]:
        """The cells, so many rounds at a time."""
        step = self.hosts * max(1, rounds)
        edges = np.searchsorted(cells, np.arange(0, self.hosts * self.rounds + step, step))
        for start, stop in pairwise(edges):
            if stop > start:
                yield cells[start:stop]


def segments(ranges: Ranges, width: int, ports: tuple[int, ...], seed: int) -> Iterator[Segment]:
    """All targets, spread over the whole range in each segment."""
    space = Space(ranges, width)
    order = Permutation(space.count, seed)
    share = max(1, CELLS // len(ports))
    held = np.empty(0, np.uint64)
    for start in range(0, order.domain, _STEPS):
        held = np.concatenate([held, order.walk(start, start + _STEPS)])
        while len(held) >= share:
            yield Segment(space.addresses(held[:share]), ports)
            held = held[share:]
    if len(held):
        yield Segment(space.addresses(held), ports)
