"""The lease, ready for arrays: which of many packets it allows."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from secops.scope.intervals import IntervalSet
from secops.scope.ports import PortSet

_PORTS = 65536


class Fence:
    """What a lease covers, as arrays. Build it once for the same targets and ports: see `fence`."""

    def __init__(self, targets: IntervalSet, ports: PortSet) -> None:
        self._four = _bounds(targets.v4, 4)
        self._six = _bounds(targets.v6, 16)
        table = np.zeros(_PORTS, np.bool_)
        for first, last in ports.ranges:
            table[first : last + 1] = True
        swapped = np.arange(_PORTS, dtype=np.uint16).byteswap()
        self._ports = table[swapped]

    def allows(self, addresses: NDArray[np.uint8], ports: NDArray[np.uint16]) -> NDArray[np.bool_]:
        """Which of these packets may go; addresses are (n, 4) or (n, 16) bytes, ports read little-endian."""
        return self.holds(addresses) & self._ports[ports]

    def holds(self, addresses: NDArray[np.uint8]) -> NDArray[np.bool_]:
        """Which of these addresses are within."""
        firsts, lasts = self._four if addresses.shape[1] == 4 else self._six
        if not len(firsts):
            return np.zeros(len(addresses), np.bool_)
        keys = sortable(addresses)
        if len(firsts) == 1:
            alone: NDArray[np.bool_] = (keys >= firsts[0]) & (keys <= lasts[0])
            return alone
        place = np.searchsorted(firsts, keys, side="right")
        within: NDArray[np.bool_] = (place > 0) & (keys <= lasts[np.maximum(place, 1) - 1])
        return within


@lru_cache(maxsize=8)
def fence(targets: IntervalSet, ports: PortSet) -> Fence:
    """The fence of a lease; leases of one scope share it."""
    return Fence(targets, ports)


def sortable(addresses: NDArray[np.uint8]) -> NDArray[np.generic]:
    """Keys that sort as the addresses do: numbers for IPv4, byte strings for IPv6."""
    if addresses.shape[1] == 4:
        return addresses.view("<u4")[:, 0].byteswap()
    return np.ascontiguousarray(addresses).view("S16")[:, 0]


def _bounds(ranges: tuple[tuple[int, int], ...], width: int) -> tuple[NDArray[np.generic], NDArray[np.generic]]:
    def packed(values: list[int]) -> NDArray[np.generic]:
        raw = b"".join(value.to_bytes(width, "big") for value in values)
        return sortable(np.frombuffer(raw, np.uint8).reshape(-1, width))

    return packed([first for first, _ in ranges]), packed([last for _, last in ranges])
