"""Many texts looked for in one page at once, in time that hardly depends on how many they are.

Each text is represented by its rarest four bytes. One vectorised pass marks where any of those four bytes may stand;
only texts whose four bytes are really there are then searched for in full.
"""

from collections.abc import Iterable

import numpy as np

_SHORT = 16
"""Bytes below which arrays are not worth their while."""
_CANDIDATES_MOST = 50_000
_PLACES_MOST = 200
"""Places of the same four bytes that are looked at one by one; where there are more, the whole page is searched."""
_SHIFT = np.uint32(16)
_FACTOR = np.uint32(2_654_435_761)
_COMMON = b"etaoinsrhl cdupm/.-_=\"'<>"


class Literals:
    """The set of texts, each at least four bytes; numbers are their places in the order given."""

    def __init__(self, texts: Iterable[bytes]) -> None:
        self.texts = tuple(texts)
        self._anchors: dict[int, list[tuple[int, int]]] = {}
        self._table = np.zeros(1 << 16, dtype=np.bool_)
        for number, text in enumerate(self.texts):
            if len(text) < 4:
                raise ValueError(f"shorter than four bytes: {text!r}")
            at = _rarest(text)
            self._anchors.setdefault(int.from_bytes(text[at : at + 4], "little"), []).append((number, at))
        if self._anchors:
            words = np.fromiter(self._anchors, dtype=np.uint32)
            self._table[(words * _FACTOR) >> _SHIFT] = True

    def find(self, data: bytes) -> set[int]:
        """Numbers of the texts that stand in `data`."""
        if len(data) < _SHORT:
            return {number for number, text in enumerate(self.texts) if text in data}
        words = np.ndarray(shape=(len(data) - 3,), dtype="<u4", buffer=data, strides=(1,))
        hashes = words * _FACTOR
        hashes >>= _SHIFT
        places = np.flatnonzero(self._table.take(hashes, mode="clip"))[:_CANDIDATES_MOST]
        there = words[places]
        found: set[int] = set()
        for word in self._anchors.keys() & set(there.tolist()):
            begins = places[there == word].tolist()
            for number, offset in self._anchors[word]:
                text = self.texts[number]
                if len(begins) > _PLACES_MOST:
                    if text in data:
                        found.add(number)
                elif any(data.startswith(text, at - offset) for at in begins if at >= offset):
                    found.add(number)
        return found


def _rarest(text: bytes) -> int:
    """Where the four neighbouring bytes with the least common letters of web pages begin."""

    def common(at: int) -> int:
        return sum(len(_COMMON) - _COMMON.index(c) if c in _COMMON else 0 for c in text[at : at + 4])

    return min(range(len(text) - 3), key=common)
