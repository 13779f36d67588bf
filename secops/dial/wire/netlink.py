"""The kernel's routes and neighbours, read over rtnetlink: no child program, no text to parse."""

import errno
import os
import socket
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import Final, Self

_ROUTE: Final = 0  # NETLINK_ROUTE
_NEW_ROUTE, _GET_ROUTE, _NEW_NEIGHBOUR, _GET_NEIGHBOUR = 24, 26, 28, 30
_REQUEST, _DUMP = 0x01, 0x300
_ERROR, _DONE = 2, 3
_DST, _OIF, _GATEWAY, _PREFERRED, _VIA = 1, 4, 5, 7, 18
_LINK_ADDRESS: Final = 2
_USABLE: Final = 0x02 | 0x04 | 0x08 | 0x10 | 0x40 | 0x80  # reachable stale delay probe noarp permanent
_ANSWER: Final = 1 << 18


class RouteType(IntEnum):
    """What the kernel would do with a packet to an address (RTN_*)."""

    NONE = 0
    """No route at all."""
    UNICAST = 1
    LOCAL = 2
    BROADCAST = 3
    ANYCAST = 4
    MULTICAST = 5
    BLACKHOLE = 6
    UNREACHABLE = 7
    PROHIBIT = 8


@dataclass(frozen=True, slots=True)
class Hop:
    """The kernel's decision for one address. `gateway` is empty on our own link; addresses are packed."""

    type: RouteType
    interface: int = 0
    gateway: bytes = b""
    source: bytes = b""


class Netlink:
    """A conversation with the kernel; close it, or use it as a context manager."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _ROUTE)
        self._socket.bind((0, 0))
        self._turn = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def hop(self, address: bytes) -> Hop:
        """How a packet to this address would leave. Raises OSError for what is not a matter of routes."""
        family = socket.AF_INET if len(address) == 4 else socket.AF_INET6
        body = struct.pack("BBBBBBBBI", family, len(address) * 8, 0, 0, 0, 0, 0, 0, 0) + _attribute(_DST, address)
        try:
            for type_, data in self._ask(_GET_ROUTE, _REQUEST, body):
                if type_ == _NEW_ROUTE:
                    found = _attributes(data[12:])
                    via = found.get(_VIA, b"")[2:]
                    return Hop(
                        RouteType(data[7]) if data[7] <= RouteType.PROHIBIT else RouteType.NONE,
                        _integer(found.get(_OIF, b"")),
                        found.get(_GATEWAY, via),
                        found.get(_PREFERRED, b""),
                    )
        except OSError as error:
            if error.errno not in {errno.ENETUNREACH, errno.EHOSTUNREACH, errno.EACCES, errno.EINVAL}:
                raise
        return Hop(RouteType.NONE)

    def prefixes(self, width: int) -> set[tuple[int, int]]:
        """First and last address of every route's prefix, all tables: where decisions may change."""
        family = socket.AF_INET if width == 4 else socket.AF_INET6
        found: set[tuple[int, int]] = set()
        for type_, data in self._ask(_GET_ROUTE, _REQUEST | _DUMP, struct.pack("BBBBBBBBI", family, *([0] * 8))):
            if type_ == _NEW_ROUTE and data[0] == family:
                first = int.from_bytes(_attributes(data[12:]).get(_DST, bytes(width)), "big")
                found.add((first, first | ((1 << (width * 8 - min(data[1], width * 8))) - 1)))
        return found

    def neighbours(self, interface: int, width: int) -> dict[bytes, bytes]:
        """Packed address -> hardware address, of those the kernel knows on this interface."""
        family = socket.AF_INET if width == 4 else socket.AF_INET6
        known: dict[bytes, bytes] = {}
        body = struct.pack("BBHiHBB", family, 0, 0, 0, 0, 0, 0)
        for type_, data in self._ask(_GET_NEIGHBOUR, _REQUEST | _DUMP, body):
            if type_ != _NEW_NEIGHBOUR or struct.unpack_from("i", data, 4)[0] != interface:
                continue
            found = _attributes(data[12:])
            hardware = found.get(_LINK_ADDRESS, b"")
            if struct.unpack_from("H", data, 8)[0] & _USABLE and len(hardware) == 6:
                known[found.get(_DST, b"")] = hardware
        return known

    def _ask(self, type_: int, flags: int, body: bytes) -> Iterator[tuple[int, bytes]]:
        self._turn += 1
        self._socket.send(struct.pack("IHHII", 16 + len(body), type_, flags, self._turn, 0) + body)
        while True:
            data = self._socket.recv(_ANSWER)
            place = 0
            while place + 16 <= len(data):
                length, kind, _, turn, _ = struct.unpack_from("IHHII", data, place)
                if length < 16:
                    return
                message = data[place + 16 : place + length]
                place += -(-length // 4) * 4
                if turn != self._turn:
                    continue
                if kind == _DONE:
                    return
                if kind == _ERROR:
                    code = -struct.unpack_from("i", message)[0]
                    if code:
                        raise OSError(code, os.strerror(code))
                    return
                yield kind, message
            if not flags & _DUMP:
                return


def _attribute(type_: int, value: bytes) -> bytes:
    return struct.pack("HH", 4 + len(value), type_) + value + b"\0" * (-len(value) % 4)


def _attributes(data: bytes) -> dict[int, bytes]:
    found: dict[int, bytes] = {}
    place = 0
    while place + 4 <= len(data):
        length, type_ = struct.unpack_from("HH", data, place)
        if length < 4:
            break
        found[type_ & 0x3FFF] = data[place + 4 : place + length]
        place += -(-length // 4) * 4
    return found


def _integer(raw: bytes) -> int:
    return int.from_bytes(raw, "little" if struct.pack("=H", 1)[0] else "big")
