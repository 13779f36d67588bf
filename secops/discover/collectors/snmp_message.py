"""SNMP messages: GET, GETNEXT, GETBULK of v1 and v2c, and the empty report request of v3.

Source: RFC 1157, RFC 3416, RFC 3412, RFC 3414 section 4 (discovery).
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from secops.discover.collectors import ber

V1, V2C, V3 = 0, 1, 3
GET, GET_NEXT, RESPONSE, GET_BULK, REPORT = 0xA0, 0xA1, 0xA2, 0xA5, 0xA8
COMMUNITY: Final = b"public"
"""The one community ever asked with: what a device answers to it, it tells everybody."""
_NOTHING: Final = {0x80, 0x81, 0x82, ber.NULL}
"""noSuchObject, noSuchInstance, endOfMibView."""
_ROWS_MOST: Final = 128


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer to a v1 or v2c question. `error` is the error-status: 0 none, 2 noSuchName."""

    version: int
    request: int
    error: int
    rows: tuple[tuple[str, ber.Pair], ...]
    """(object identifier, value), without those that say there is none."""


@dataclass(frozen=True, slots=True)
class Engine:
    """What a v3 engine says of itself."""

    id: bytes
    boots: int
    time: int


def question(version: int, request: int, names: tuple[str, ...], pdu: int = GET, repetitions: int = 0) -> bytes:
    """A question for these object identifiers."""
    return ber.wrap(
        ber.SEQUENCE,
        ber.integer(version),
        ber.wrap(ber.OCTETS, COMMUNITY),
        ber.wrap(
            pdu, ber.integer(request), ber.integer(0), ber.integer(repetitions), _rows(names)
        ),
    )  # fmt: skip


@lru_cache(maxsize=64)
def _rows(names: tuple[str, ...]) -> bytes:
    empty = ber.wrap(ber.NULL)
    return ber.wrap(ber.SEQUENCE, *(ber.wrap(ber.SEQUENCE, ber.oid(each), empty) for each in names))


def discovery(request: int) -> bytes:
    """The v3 message that makes an engine report its id, boots and time: no user, no content, reportable."""
    none = ber.wrap(ber.OCTETS)
    header = ber.wrap(
        ber.SEQUENCE, ber.integer(request), ber.integer(65_507), ber.wrap(ber.OCTETS, b"\x04"), ber.integer(3)
    )
    security = ber.wrap(ber.SEQUENCE, none, ber.integer(0), ber.integer(0), none, none, none)
    empty = ber.wrap(GET, ber.integer(request), ber.integer(0), ber.integer(0), ber.wrap(ber.SEQUENCE))
    scoped = ber.wrap(ber.SEQUENCE, none, none, empty)
    return ber.wrap(ber.SEQUENCE, ber.integer(V3), header, ber.wrap(ber.OCTETS, security), scoped)


def reply(data: bytes, request: int) -> Reply | None:
    """The answer to that request, None for anything else."""
    try:
        version, _, pdu = ber.members(_content(data, ber.SEQUENCE))[:3]
        if pdu[0] != RESPONSE or ber.whole(version) not in {V1, V2C}:
            return None
        number, error, _, rows = ber.members(pdu[1])[:4]
        if ber.whole(number) != request:
            return None
        found: list[tuple[str, ber.Pair]] = []
        for tag, content in ber.members(rows[1], _ROWS_MOST):
            name, value = ber.members(content)[:2]
            if tag == ber.SEQUENCE and name[0] == ber.OID and value[0] not in _NOTHING:
                found.append((ber.dotted(name[1]), value))
        return Reply(ber.whole(version), request, ber.whole(error), tuple(found))
    except ValueError:
        return None


def engine(data: bytes, request: int) -> Engine | None:
    """The engine that reported to that request, None for anything else."""
    try:
        version, header, security = ber.members(_content(data, ber.SEQUENCE))[:3]
        if ber.whole(version) != V3 or ber.whole(ber.members(header[1])[0]) != request or security[0] != ber.OCTETS:
            return None
        id_, boots, time = ber.members(_content(security[1], ber.SEQUENCE))[:3]
        if id_[0] != ber.OCTETS or not 5 <= len(id_[1]) <= 32:
            return None
        return Engine(id_[1], ber.whole(boots), ber.whole(time))
    except (ValueError, IndexError):
        return None


def _content(data: bytes, tag: int) -> bytes:
    found, content, _ = ber.read(data)
    if found != tag:
        raise ValueError("tag")
    return content
