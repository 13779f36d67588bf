"""Frames of a pcap or pcapng file, streamed: any byte order, both time resolutions, several interfaces.

A record that cannot be what it says ends the reading where the place of the next one is unknown (pcap), or costs itself
(pcapng blocks carry their length). Sources: draft-ietf-opsawg-pcap, draft-ietf-opsawg-pcapng.
"""

import struct
from collections.abc import Iterator
from typing import BinaryIO, Final

from secops.core.model import Skipped

FRAME_MOST: Final = 262_144
"""Bytes of one frame: tcpdump's own bound."""
_BLOCK_MOST: Final = 16 << 20
_INTERFACES_MOST: Final = 4_096
_MAGIC: Final = {
    b"\xd4\xc3\xb2\xa1": ("<", 1_000), b"\xa1\xb2\xc3\xd4": (">", 1_000),
    b"\x4d\x3c\xb2\xa1": ("<", 1_000_000), b"\xa1\xb2\x3c\x4d": (">", 1_000_000),
}  # fmt: skip
_NG: Final = b"\x0a\x0d\x0d\x0a"
_CHUNK: Final = 1 << 20

Frame = tuple[int, int, bytes]
"""Milliseconds since 1970, link type, bytes as captured."""


def sniff(head: bytes) -> bool:
    """Does it begin like pcap or pcapng?"""
    return head[:4] in _MAGIC or head.startswith(_NG)


def frames(stream: BinaryIO) -> Iterator[Frame | Skipped]:
    """Every frame in the file's order; a `Skipped` for what could not be read. Never raises for the content."""
    head = stream.read(4)
    if head in _MAGIC:
        yield from _pcap(stream, *_MAGIC[head])
    elif head == _NG:
        yield from _pcapng(stream)
    else:
        yield Skipped("byte 0", "neither pcap nor pcapng")


def _pcap(stream: BinaryIO, order: str, parts: int) -> Iterator[Frame | Skipped]:
    rest = stream.read(20)
    if len(rest) < 20:
        yield Skipped("byte 4", "truncated: the file ends within its header")
        return
    link = struct.unpack(order + "HHiIII", rest)[5] & 0xFFFF
    record = struct.Struct(order + "IIII")
    unpack, size = record.unpack_from, record.size
    held, at, place = b"", 0, 24
    while True:
        if len(held) - at < size + FRAME_MOST:
            more = stream.read(_CHUNK)
            place += at
            held, at = held[at:] + more, 0
            if not more and not held:
                return
        end = len(held)
        while at + size <= end:
            seconds, fraction, length, _ = unpack(held, at)
            if length > FRAME_MOST:
                yield Skipped(f"byte {place + at}", f"a frame of more than {FRAME_MOST} bytes: the rest is not read")
                return
            if at + size + length > end:
                break
            at += size
            yield seconds * 1_000 + fraction // parts, link, held[at : at + length]
            at += length
        if end < size or not more:
            if at < end:
                yield Skipped(f"byte {place + at}", "truncated: the file ends within a frame")
            return


def _pcapng(stream: BinaryIO) -> Iterator[Frame | Skipped]:
    order, place = "<", 0
    links: list[tuple[int, int]] = []
    kind_bytes = _NG
    while True:
        length_bytes = stream.read(4)
        if len(length_bytes) < 4:
            yield Skipped(f"byte {place}", "truncated: the file ends within a block")
            return
        begin = b""
        if kind_bytes == _NG:
            begin = stream.read(4)
            if begin not in {b"\x4d\x3c\x2b\x1a", b"\x1a\x2b\x3c\x4d"}:
                yield Skipped(f"byte {place}", "a section without its byte-order mark: the rest is not read")
                return
            order, links = "<" if begin == b"\x4d\x3c\x2b\x1a" else ">", []
        (length,) = struct.unpack(order + "I", length_bytes)
        if not 12 + len(begin) <= length <= _BLOCK_MOST or length % 4:
            yield Skipped(f"byte {place}", "a block of impossible length: the rest is not read")
            return
        body = stream.read(length - 8 - len(begin))
        if len(body) < length - 8 - len(begin):
            yield Skipped(f"byte {place}", "truncated: the file ends within a block")
            return
        (kind,) = struct.unpack(order + "I", kind_bytes)
        found = _block(kind, body[:-4], order, links)
        if isinstance(found, str):
            yield Skipped(f"byte {place}", found)
        elif found is not None:
            yield found
        place += length
        kind_bytes = stream.read(4)
        if len(kind_bytes) < 4:
            if kind_bytes:
                yield Skipped(f"byte {place}", "truncated: the file ends within a block")
            return


def _block(kind: int, body: bytes, order: str, links: list[tuple[int, int]]) -> Frame | str | None:
    """One block: a frame, a fault, or nothing to tell."""
    if kind == 1:
        if len(body) < 8:
            return "an interface block that is too short"
        if len(links) >= _INTERFACES_MOST:
            return "more interfaces than a capture has"
        links.append((struct.unpack_from(order + "H", body)[0], _resolution(body[8:], order)))
    elif kind == 6:
        if len(body) < 20:
            return "a packet block that is too short"
        interface, high, low, length, _ = struct.unpack_from(order + "IIIII", body)
        if interface >= len(links):
            return "a packet of an interface that was not declared"
        if length > min(FRAME_MOST, len(body) - 20):
            return "a frame longer than its block"
        link, parts = links[interface]
        return (high << 32 | low) * 1_000 // parts, link, body[20 : 20 + length]
    elif kind == 3:
        if len(body) < 4 or not links:
            return "a simple packet without its interface"
        (length,) = struct.unpack_from(order + "I", body)
        return 0, links[0][0], body[4 : 4 + min(length, FRAME_MOST)]
    return None


def _resolution(options: bytes, order: str) -> int:
    """Ticks a second, by option 9 of the interface; a microsecond where nothing is said."""
    at = 0
    while at + 4 <= len(options):
        code, length = struct.unpack_from(order + "HH", options, at)
        if code == 0:
            break
        if code == 9 and length >= 1 and at + 4 < len(options):
            value = options[at + 4]
            return int(2 ** min(value & 0x7F, 62)) if value & 0x80 else int(10 ** min(value, 18))
        at += 4 + (length + 3 & ~3)
    return 1_000_000
