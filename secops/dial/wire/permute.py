"""An order without memory: a keyed permutation of 0..n-1, computed where it is needed.

A Feistel network over the smallest bit width that holds n; what it throws beyond n is stepped over (fewer than half):
walking 0..2^bits once visits every number below n exactly once.
"""

import hashlib
from typing import Final

import numpy as np
from numpy.typing import NDArray

_ROUNDS: Final = 4
_MIX: Final = np.uint64(0x9E3779B97F4A7C15)
LARGEST: Final = 1 << 40
"""Numbers one permutation takes at most."""


class Permutation:
    """A bijection of 0..count-1, drawn by `seed`."""

    def __init__(self, count: int, seed: int) -> None:
        if not 0 < count <= LARGEST:
            raise ValueError(f"a permutation takes 1 to {LARGEST} numbers, not {count}")
        self.count = count
        bits = max(2, (count - 1).bit_length())
        self.domain = 1 << bits
        """Steps of the whole walk; below twice the count (four at least)."""
        self._right = bits // 2
        self._left = bits - self._right
        digest = hashlib.sha256(f"{count}:{seed}".encode()).digest()
        self._keys = np.frombuffer(digest, "<u8")[:_ROUNDS]

    def walk(self, start: int, stop: int) -> NDArray[np.uint64]:
        """The numbers met by steps `start` to `stop` (not included), those beyond the count left out."""
        steps = np.arange(start, min(stop, self.domain), dtype=np.uint64)
        met = self._feistel(steps)
        return met[met < np.uint64(self.count)]

    def _feistel(self, value: NDArray[np.uint64]) -> NDArray[np.uint64]:
        """Halves of different widths take turns, so any bit width works; each turn can be undone, hence one to one."""
        wide, narrow = self._left, self._right
        high, low = value >> np.uint64(narrow), value & np.uint64((1 << narrow) - 1)
        for key in self._keys:
            mixed = (low ^ key) * _MIX
            mixed ^= mixed >> np.uint64(29)
            mixed *= _MIX
            high = high ^ (mixed >> np.uint64(64 - wide))
            high, low, wide, narrow = low, high, narrow, wide
        return (high << np.uint64(narrow)) | low
