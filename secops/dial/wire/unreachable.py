"""Reads ICMP errors about our own probes (RFC 792, RFC 4443), hostile to the last byte. Nothing here raises.

An error quotes the probe it is about: its addresses, ports and sequence number. The caller checks the sequence against
the cookie, so that only who saw the probe can declare a target unreachable.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from secops.dial.wire.receive import FRAME

_FINAL_FOUR: Final = np.array([2, 3, 9, 10, 13], np.uint8)
"""Codes of type 3 that a second question does not change: protocol, port, three prohibitions."""
_FINAL_SIX: Final = np.array([1, 4, 5, 6], np.uint8)
"""Codes of ICMPv6 type 1: prohibited, port, policy, reject route."""


@dataclass(frozen=True, slots=True)
class Errors:
    """Well-formed errors that quote a probe from us, a row each; numbers as their bytes read little-endian."""

    addresses: NDArray[np.uint8]
    """(n, 4) or (n, 16): where the probe was going."""
    ports: NDArray[np.uint16]
    ours: NDArray[np.uint16]
    """The port it was sent from."""
    sequence: NDArray[np.uint32]
    final: NDArray[np.bool_]
    """Asking again is no use: somebody forbids it. Otherwise the way may come back."""
    quench: NDArray[np.bool_]
    """Only a wish that we go slower (type 4 of ICMP); the target may well be there."""

    def __len__(self) -> int:
        return len(self.ports)


def parse(frames: NDArray[np.uint8], lengths: NDArray[np.uint32], source: bytes) -> Errors:
    """The ICMP errors to `source` (our address) about TCP probes of ours among these (n, FRAME) bytes."""
    four = len(source) == 4
    start, good = _outer(frames, lengths, source, four=four)
    kept = np.flatnonzero(good)
    rows, begin = frames[kept], start[kept]
    kind, code = _at(rows, begin, 0, 1)[:, 0], _at(rows, begin, 1, 1)[:, 0]
    inner = begin + 8
    seen = np.minimum(lengths[kept], FRAME).astype(np.int64)
    width = len(source)
    if four:
        first = _at(rows, inner, 0, 1)[:, 0]
        size = (first & 0x0F).astype(np.int64) * 4
        right = (first >> 4 == 4) & (size >= 20) & (_at(rows, inner, 9, 1)[:, 0] == 6)
        right &= np.isin(kind, (3, 4, 11))
        theirs, quench = 16, kind == 4
        final = (kind == 3) & np.isin(code, _FINAL_FOUR)
        right &= ~((kind == 3) & (code == 4))  # "too big" of a SYN: nobody means that
    else:
        size = np.full(len(rows), 40, np.int64)
        right = (_at(rows, inner, 0, 1)[:, 0] >> 4 == 6) & (_at(rows, inner, 6, 1)[:, 0] == 6)
        right &= np.isin(kind, (1, 3))
        theirs, quench = 24, np.zeros(len(rows), np.bool_)
        final = (kind == 1) & np.isin(code, _FINAL_SIX)
    right &= (_at(rows, inner, theirs - width, width) == np.frombuffer(source, np.uint8)).all(axis=1)
    right &= seen >= inner + size + 8
    rows, inner, size = rows[right], inner[right], size[right]
    tcp = _at(rows, inner + size, 0, 8)
    return Errors(
        addresses=np.ascontiguousarray(_at(rows, inner, theirs, width)),
        ours=tcp[:, 0:2].copy().view("<u2")[:, 0],
        ports=tcp[:, 2:4].copy().view("<u2")[:, 0],
        sequence=tcp[:, 4:8].copy().view("<u4")[:, 0],
        final=final[right],
        quench=quench[right],
    )


def _outer(
    frames: NDArray[np.uint8], lengths: NDArray[np.uint32], source: bytes, *, four: bool
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Where ICMP begins in each frame, and which frames carry it to us."""
    ours = np.frombuffer(source, np.uint8)
    if four:
        header = (frames[:, 14] & 0x0F).astype(np.int64) * 4
        good = (frames[:, 12] == 0x08) & (frames[:, 13] == 0x00) & (frames[:, 14] >> 4 == 4) & (header >= 20)
        good &= (frames[:, 23] == 1) & (frames[:, 20] & 0x3F == 0) & (frames[:, 21] == 0)
        good &= (frames[:, 30:34] == ours).all(axis=1)
        least = 36
    else:
        header = np.full(len(frames), 40, np.int64)
        good = (frames[:, 12] == 0x86) & (frames[:, 13] == 0xDD) & (frames[:, 14] >> 4 == 6) & (frames[:, 20] == 58)
        good &= (frames[:, 38:54] == ours).all(axis=1)
        least = 56
    good &= np.minimum(lengths, FRAME).astype(np.int64) >= 14 + header + least
    return 14 + header, good


def _at(rows: NDArray[np.uint8], begin: NDArray[np.int64], offset: int, width: int) -> NDArray[np.uint8]:
    """`width` bytes of each row from its own place; within the row, whatever it holds."""
    place = np.minimum(begin[:, None] + offset + np.arange(width), FRAME - 1)
    return np.take_along_axis(rows, place, axis=1)
