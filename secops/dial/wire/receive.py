"""Reads answers: from a matrix of received frames, hostile to the last byte, to the few numbers that matter.

Nothing here raises on any input; frames that are short, fragmented, of another protocol or inconsistent are left out.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

FRAME: Final = 128
"""Bytes of a frame looked at: Ethernet 14, IPv4 with options 60, TCP without options 20 fit."""
_FIN, _SYN, _RST, _ACK = 0x01, 0x02, 0x04, 0x10


@dataclass(frozen=True, slots=True)
class Replies:
    """Well-formed TCP answers, a row each. Ports and cookie as their bytes stand in the frame read little-endian."""

    addresses: NDArray[np.uint8]
    """(n, 4) or (n, 16): who answered."""
    ports: NDArray[np.uint16]
    """The port that answered."""
    ours: NDArray[np.uint16]
    """The port it was sent to."""
    sequence: NDArray[np.uint32]
    """The sequence number it acknowledges (acknowledgement minus one)."""
    opened: NDArray[np.bool_]
    """SYN and ACK; otherwise a reset."""

    def __len__(self) -> int:
        return len(self.ports)


def parse(frames: NDArray[np.uint8], lengths: NDArray[np.uint32], source: bytes) -> Replies:
    """The SYN-ACKs and RST-ACKs for `source` (our address, 4 or 16 bytes) among these (n, FRAME) bytes."""
    four = len(source) == 4
    network = _four(frames, lengths) if four else _six(frames, lengths)
    start, good = network
    width = len(source)
    theirs = 26 if four else 22
    good &= (frames[:, theirs + width : theirs + 2 * width] == np.frombuffer(source, np.uint8)).all(axis=1)
    kept = np.flatnonzero(good)
    rows, begin = frames[kept], start[kept]
    tcp = np.take_along_axis(rows, begin[:, None] + np.arange(20), axis=1)
    flags = tcp[:, 13] & np.uint8(_FIN | _SYN | _RST | _ACK)
    opened = flags == _SYN | _ACK
    right = (opened | (flags == _RST | _ACK)) & (tcp[:, 12] >> 4 >= 5)
    rows, tcp = rows[right], tcp[right]
    acknowledged = tcp[:, 8:12].copy().view(">u4")[:, 0].astype(np.uint32) - np.uint32(1)
    return Replies(
        addresses=np.ascontiguousarray(rows[:, theirs : theirs + width]),
        ports=tcp[:, 0:2].copy().view("<u2")[:, 0],
        ours=tcp[:, 2:4].copy().view("<u2")[:, 0],
        sequence=acknowledged.byteswap(),
        opened=opened[right],
    )


def _four(frames: NDArray[np.uint8], lengths: NDArray[np.uint32]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Where TCP begins in each IPv4 frame, and which frames are whole."""
    header = (frames[:, 14] & 0x0F).astype(np.int64) * 4
    total = frames[:, 16].astype(np.int64) << 8 | frames[:, 17]
    seen = np.minimum(lengths, FRAME).astype(np.int64)
    good = (seen >= 54) & (frames[:, 12] == 0x08) & (frames[:, 13] == 0x00)
    good &= (frames[:, 14] >> 4 == 4) & (header >= 20) & (frames[:, 23] == 6)
    good &= (frames[:, 20] & 0x3F == 0) & (frames[:, 21] == 0)  # no fragment: offset 0 and no more to come
    good &= (total >= header + 20) & (seen >= 14 + header + 20)
    return 14 + header, good


def _six(frames: NDArray[np.uint8], lengths: NDArray[np.uint32]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Where TCP begins in each IPv6 frame (extension headers are not followed), and which frames are whole."""
    payload = frames[:, 18].astype(np.int64) << 8 | frames[:, 19]
    good = (lengths >= 74) & (frames[:, 12] == 0x86) & (frames[:, 13] == 0xDD) & (frames[:, 14] >> 4 == 6)
    good &= (frames[:, 20] == 6) & (payload >= 20)
    return np.full(len(frames), 54, np.int64), good
