"""DNS messages as DNS and mDNS servers are asked with them: one question out, bounded records in. Source: RFC 1035."""

import struct
from dataclasses import dataclass
from typing import Final

NS, SOA, PTR, TXT, SRV, AXFR = 2, 6, 12, 16, 33, 252
A, AAAA = 1, 28
INTERNET, CHAOS = 1, 3
_RECORDS_MOST: Final = 200
_JUMPS_MOST: Final = 32
_LABELS_MOST: Final = 128


@dataclass(frozen=True, slots=True)
class Record:
    """One record; `texts` holds what its data says: names, addresses or strings."""

    owner: str
    kind: int
    texts: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Message:
    """An answer. `code` is the RCODE: 0 no error, 4 not implemented, 5 refused."""

    identity: int
    code: int
    recursion: bool
    """The server offers recursion (RA)."""
    truncated: bool
    records: tuple[Record, ...]


def query(identity: int, name: str, kind: int, klass: int = INTERNET) -> bytes:
    """One question without recursion; `klass` may carry mDNS's unicast bit."""
    head = struct.pack(">HHHHHH", identity, 0, 1, 0, 0, 0)
    labels = b"".join(bytes([len(each)]) + each for each in name.encode("ascii").split(b".") if each)
    return head + labels + b"\0" + struct.pack(">HH", kind, klass)


def parse(data: bytes) -> Message | None:
    """The answer these bytes are; None for anything else. Records beyond damage or 200 of them are left out."""
    if len(data) < 12 or not data[2] & 0x80 or data[2] & 0x78 not in {0, 0x20}:
        return None
    identity, flags, questions, *counts = struct.unpack_from(">HHHHHH", data)
    records: list[Record] = []
    try:
        place = 12
        for _ in range(min(questions, 16)):
            _, place = _name(data, place)
            place += 4
        for _ in range(min(sum(counts), _RECORDS_MOST)):
            owner, place = _name(data, place)
            kind, _, _, size = struct.unpack_from(">HHIH", data, place)
            place += 10
            if place + size > len(data):
                break
            records.append(Record(owner.decode("utf-8", "replace"), kind, _texts(data, kind, place, size)))
            place += size
    except (struct.error, ValueError):
        pass
    return Message(identity, flags & 0x0F, bool(flags & 0x80), bool(flags & 0x0200), tuple(records))


def _texts(data: bytes, kind: int, place: int, size: int) -> tuple[bytes, ...]:
    value = data[place : place + size]
    if kind in {PTR, NS}:
        return (_name(data, place)[0],)
    if kind == SOA:
        return (_name(data, place)[0],)
    if kind == SRV and size > 6:
        return (_name(data, place + 6)[0], str(struct.unpack_from(">H", value, 4)[0]).encode())
    if kind in {A, AAAA}:
        return (value,)
    if kind != TXT:
        return ()
    found: list[bytes] = []
    at = 0
    while at < len(value) and len(found) < 32:
        found.append(value[at + 1 : at + 1 + value[at]])
        at += 1 + value[at]
    return tuple(found)


def _name(data: bytes, place: int) -> tuple[bytes, int]:
    """The name at `place`, and where what follows it begins. Raises ValueError."""
    labels: list[bytes] = []
    end, jumps = -1, 0
    while len(labels) <= _LABELS_MOST:
        if place >= len(data):
            raise ValueError("cut short")
        size = data[place]
        if size >= 0xC0:
            jumps += 1
            if place + 1 >= len(data) or jumps > _JUMPS_MOST:
                raise ValueError("pointer")
            end = place + 2 if end < 0 else end
            place = (size & 0x3F) << 8 | data[place + 1]
        elif size >= 0x40:
            raise ValueError("label type")
        elif size == 0:
            return b".".join(labels)[:1_024], place + 1 if end < 0 else end
        else:
            labels.append(data[place + 1 : place + 1 + size])
            place += size + 1
    raise ValueError("name too long")
