"""The little of BER that SNMP needs: definite lengths, integers, octet strings, object identifiers. Source: X.690."""

from functools import lru_cache
from typing import Final

INTEGER, OCTETS, NULL, OID, SEQUENCE = 0x02, 0x04, 0x05, 0x06, 0x30
_OID_MOST: Final = 128
"""Parts of an object identifier (RFC 3416)."""

Pair = tuple[int, bytes]
"""Tag and content."""


def wrap(tag: int, *parts: bytes) -> bytes:
    """One value: tag, length, content."""
    body = b"".join(parts)
    size = len(body)
    if size < 0x80:
        return bytes([tag, size]) + body
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + body


def integer(value: int) -> bytes:
    """A non-negative INTEGER."""
    return wrap(INTEGER, value.to_bytes(value.bit_length() // 8 + 1, "big"))


@lru_cache(maxsize=256)
def oid(text: str) -> bytes:
    """An OBJECT IDENTIFIER in dotted form."""
    first, second, *rest = (int(each) for each in text.split("."))
    out = bytearray([first * 40 + second])
    for each in rest:
        groups = [each & 0x7F]
        while each := each >> 7:
            groups.append(each & 0x7F | 0x80)
        out += bytes(reversed(groups))
    return wrap(OID, bytes(out))


def read(data: bytes, place: int = 0) -> tuple[int, bytes, int]:
    """Tag, content, and where the next value begins. Raises ValueError for what is cut short or has no length."""
    if place + 2 > len(data):
        raise ValueError("cut short")
    tag, size = data[place], data[place + 1]
    place += 2
    if size & 0x80:
        count = size & 0x7F
        if not 0 < count <= 4 or place + count > len(data):
            raise ValueError("length")
        size = int.from_bytes(data[place : place + count], "big")
        place += count
    if place + size > len(data):
        raise ValueError("cut short")
    return tag, data[place : place + size], place + size


def members(data: bytes, most: int = 512) -> list[Pair]:
    """The values within a constructed one, at most so many. Raises ValueError."""
    found: list[Pair] = []
    place = 0
    while place < len(data) and len(found) < most:
        tag, content, place = read(data, place)
        found.append((tag, content))
    return found


def whole(pair: Pair) -> int:
    """The number of an INTEGER or of SNMP's counters. Raises ValueError."""
    tag, content = pair
    if tag not in {INTEGER, 0x41, 0x42, 0x43, 0x46} or not 0 < len(content) <= 9:
        raise ValueError("no number")
    return int.from_bytes(content, "big", signed=tag == INTEGER)


def dotted(content: bytes) -> str:
    """The text of an object identifier's content. Raises ValueError."""
    if not content or content[-1] & 0x80 or len(content) > 5 * _OID_MOST:
        raise ValueError("object identifier")
    parts: list[int] = []
    value = 0
    for each in content:
        value = value << 7 | each & 0x7F
        if value >> 32:
            raise ValueError("object identifier part")
        if not each & 0x80:
            parts.append(value)
            value = 0
    if len(parts) > _OID_MOST:
        raise ValueError("object identifier too long")
    first = min(parts[0] // 40, 2)
    return ".".join(map(str, (first, parts[0] - 40 * first, *parts[1:])))
