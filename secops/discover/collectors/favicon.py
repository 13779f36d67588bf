"""The favicon hash people search by: MurmurHash3 (x86, 32 bit, seed 0, signed) over the base64 with line breaks."""

import base64
import struct

_C1, _C2, _MASK = 0xCC9E2D51, 0x1B873593, 0xFFFFFFFF


def favicon_hash(data: bytes) -> int:
    """The hash of the icon's bytes, as search engines of devices print it."""
    number = murmur3(base64.encodebytes(data))
    return number - (1 << 32) if number >> 31 else number


def murmur3(data: bytes) -> int:
    """MurmurHash3 x86 32, seed 0, unsigned."""
    body = len(data) // 4 * 4
    value = 0
    for (word,) in struct.iter_unpack("<I", data[:body]):
        k = word * _C1 & _MASK
        k = (k << 15 | k >> 17) & _MASK
        value ^= k * _C2 & _MASK
        value = (value << 13 | value >> 19) & _MASK
        value = (value * 5 + 0xE6546B64) & _MASK
    if tail := data[body:]:
        k = int.from_bytes(tail, "little") * _C1 & _MASK
        k = (k << 15 | k >> 17) & _MASK
        value ^= k * _C2 & _MASK
    value ^= len(data)
    value = (value ^ value >> 16) * 0x85EBCA6B & _MASK
    value = (value ^ value >> 13) * 0xC2B2AE35 & _MASK
    return value ^ value >> 16
