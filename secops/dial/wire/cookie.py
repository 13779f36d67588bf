"""Stateless cookies: the sequence number of a probe is a keyed hash of where it goes, so answers prove themselves.

The hash is SipHash-1-3 (Aumasson, Bernstein 2012) over `destination ‖ source ‖ source port ‖ destination port` in
network order; nothing is remembered per probe. An answer whose acknowledgement is not the hash plus one was made up by
somebody who never saw the probe.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

Words = NDArray[np.uint64]

_START: Final = (0x736F6D6570736575, 0x646F72616E646F6D, 0x6C7967656E657261, 0x7465646279746573)
KEY_BYTES: Final = 16


def siphash(key: bytes, words: list[Words], tail: Words, length: int, *, compress: int = 1, final: int = 3) -> Words:
    """SipHash of many messages at once: `words` are their full 8-byte little-endian blocks, `tail` the rest.

    All messages are `length` bytes long; `tail` holds the last `length % 8` of them. Arrays are broadcast.
    """
    halves = np.frombuffer(key, "<u8")
    size = np.broadcast_shapes(tail.shape, *(word.shape for word in words))
    v0, v1, v2, v3 = (
        np.full(size, np.uint64(start) ^ halves[turn % 2], np.uint64) for turn, start in enumerate(_START)
    )
    spare = np.empty(size, np.uint64)
    for word in [*words, tail | np.uint64((length & 0xFF) << 56)]:
        np.bitwise_xor(v3, word, out=v3)
        for _ in range(compress):
            _round(v0, v1, v2, v3, spare)
        np.bitwise_xor(v0, word, out=v0)
    np.bitwise_xor(v2, np.uint64(0xFF), out=v2)
    for _ in range(final):
        _round(v0, v1, v2, v3, spare)
    np.bitwise_xor(v0, v1, out=v0)
    np.bitwise_xor(v2, v3, out=v2)
    return np.bitwise_xor(v0, v2, out=v0)


def _rotate(value: Words, bits: int, spare: Words) -> None:
    np.right_shift(value, np.uint64(64 - bits), out=spare)
    np.left_shift(value, np.uint64(bits), out=value)
    np.bitwise_or(value, spare, out=value)


def _round(v0: Words, v1: Words, v2: Words, v3: Words, spare: Words) -> None:
    np.add(v0, v1, out=v0)
    _rotate(v1, 13, spare)
    np.bitwise_xor(v1, v0, out=v1)
    _rotate(v0, 32, spare)
    np.add(v2, v3, out=v2)
    _rotate(v3, 16, spare)
    np.bitwise_xor(v3, v2, out=v3)
    np.add(v0, v3, out=v0)
    _rotate(v3, 21, spare)
    np.bitwise_xor(v3, v0, out=v3)
    np.add(v2, v1, out=v2)
    _rotate(v1, 17, spare)
    np.bitwise_xor(v1, v2, out=v1)
    _rotate(v2, 32, spare)


class Cookie:
    """Sequence numbers for probes from one source address. The key is secret: 16 random bytes a run."""

    def __init__(self, key: bytes, source: bytes) -> None:
        if len(key) != KEY_BYTES:
            raise ValueError(f"the key has {KEY_BYTES} bytes")
        self._key = key
        self._four = len(source) == 4
        self._source = np.frombuffer(source, "<u4" if self._four else "<u8").astype(np.uint64)

    def sequence(
        self, addresses: NDArray[np.uint8], source_ports: NDArray[np.uint16], ports: NDArray[np.uint16]
    ) -> NDArray[np.uint32]:
        """The sequence number of each probe, as its four bytes stand in the packet read little-endian.

        `addresses` is (n, 4) or (n, 16) bytes, contiguous; the ports are as their two bytes read little-endian.
        """
        tail = source_ports.astype(np.uint64) | (ports.astype(np.uint64) << np.uint64(16))
        if self._four:
            words = [addresses.view("<u4")[:, 0] | (self._source[0] << np.uint64(32))]
            length = 12
        else:
            halves = addresses.view("<u8")
            words = [halves[:, 0], halves[:, 1], self._source[:1], self._source[1:]]
            length = 36
        return siphash(self._key, words, tail, length).astype(np.uint32)
