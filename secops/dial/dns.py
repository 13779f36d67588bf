"""DNS messages, as small as asking for addresses needs: one question out, bounded answers in. Source: RFC 1035."""

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address

A, CNAME, AAAA = 1, 5, 28
_RECORDS_MOST = 64
_JUMPS_MOST = 32


class Malformed(Exception):
    """Not a usable answer to the question asked."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What an answer says of one name."""

    truncated: bool
    code: int
    """0 no error, 3 no such name (RFC 1035 section 4.1.1)."""
    addresses: tuple[tuple[str, str], ...]
    """(owner name, address)."""
    aliases: tuple[tuple[str, str], ...]
    """(owner name, canonical name)."""


def query(identity: int, name: str, kind: int) -> bytes:
    """One recursive question. Raises Malformed for a name DNS cannot carry."""
    return identity.to_bytes(2, "big") + b"\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00" + _encode(name) + _tail(kind)


def parse(data: bytes, identity: int, name: str, kind: int) -> Reply:
    """The answer to that very question. Raises Malformed."""
    if len(data) < 12 or int.from_bytes(data[:2], "big") != identity or not data[2] & 0x80:
        raise Malformed("header")
    questions = int.from_bytes(data[4:6], "big")
    answers = min(int.from_bytes(data[6:8], "big"), _RECORDS_MOST)
    asked, place = _name(data, 12)
    if questions != 1 or asked != name.lower().rstrip(".") or data[place : place + 4] != _tail(kind):
        raise Malformed("question")
    place += 4
    addresses: list[tuple[str, str]] = []
    aliases: list[tuple[str, str]] = []
    for _ in range(answers):
        owner, place = _name(data, place)
        if place + 10 > len(data):
            break
        what = int.from_bytes(data[place : place + 2], "big")
        size = int.from_bytes(data[place + 8 : place + 10], "big")
        place += 10
        value = data[place : place + size]
        if len(value) < size:
            break
        if what == A and size == 4:
            addresses.append((owner, str(IPv4Address(value))))
        elif what == AAAA and size == 16:
            addresses.append((owner, str(IPv6Address(value))))
        elif what == CNAME:
            aliases.append((owner, _name(data, place)[0]))
        place += size
    return Reply(bool(data[2] & 0x02), data[3] & 0x0F, tuple(addresses), tuple(aliases))


def _tail(kind: int) -> bytes:
    return kind.to_bytes(2, "big") + b"\x00\x01"


def _encode(name: str) -> bytes:
    out = bytearray()
    try:
        plain = name.rstrip(".").encode("ascii") if name.isascii() else name.rstrip(".").encode("idna")
    except UnicodeError as error:
        raise Malformed("name") from error
    for label in plain.split(b"."):
        if not 0 < len(label) < 64:
            raise Malformed("label")
        out += bytes([len(label)]) + label
    if len(out) > 254:
        raise Malformed("name too long")
    return bytes(out) + b"\x00"


def _name(data: bytes, place: int) -> tuple[str, int]:
    """The name at `place`, lower case, and where what follows it begins. Raises Malformed."""
    labels: list[str] = []
    end = -1
    for _ in range(_JUMPS_MOST + 128):
        if place >= len(data):
            raise Malformed("cut short")
        size = data[place]
        if size >= 0xC0:
            if place + 1 >= len(data):
                raise Malformed("cut short")
            end = place + 2 if end < 0 else end
            place = (size & 0x3F) << 8 | data[place + 1]
        elif size >= 0x40:
            raise Malformed("label type")
        elif size == 0:
            return ".".join(labels), place + 1 if end < 0 else end
        else:
            labels.append(data[place + 1 : place + 1 + size].decode("ascii", "replace").lower())
            place += size + 1
            if len(labels) > 127:
                break
    raise Malformed("name loop")
