"""Cassandra: OPTIONS, the one frame a server answers before STARTUP (native protocol v4, section 4.1.3)."""

import struct

from secops.core.model import Status, Target
from secops.dial.conversation import Failed
from secops.discover.collectors.exchange import framed
from secops.discover.collectors.interface import Collector, Reading, Talking, bounded

LABEL = "cassandra@1"
_OPTIONS = bytes((4, 0, 0, 1, 5)) + bytes(4)
_SUPPORTED, _ERROR = 6, 0


def ask(_target: Target) -> Talking:
    """The query language versions it supports; an older server refuses in its own version, which tells as much."""
    got = yield from framed(_OPTIONS, 9, slice(5, 9), most=16_384)
    if isinstance(got, Failed):
        return Reading(LABEL, got.status)
    if got[0] & 0x80 == 0 or got[0] & 0x7F not in {3, 4, 5} or got[4] not in {_SUPPORTED, _ERROR}:
        return Reading(LABEL, Status.PROTOCOL_ERROR)
    options = _multimap(got[9:]) if got[4] == _SUPPORTED else {}
    facts = {"service.name": "cassandra", "service.product": "Apache Cassandra"}
    return Reading(LABEL, Status.SUCCESS, facts, {name.lower(): values for name, values in options.items()})


def _multimap(body: bytes) -> dict[str, tuple[str, ...]]:
    """[string multimap], at most 20 names of 20 values."""
    place = 0

    def number() -> int:
        nonlocal place
        value = struct.unpack_from(">H", body, place)[0] if place + 2 <= len(body) else 0
        place += 2
        return int(value)

    def text() -> str:
        nonlocal place
        size = number()
        place += size
        return body[place - size : place].decode("utf-8", "replace")[:64]

    found: dict[str, tuple[str, ...]] = {}
    for _ in range(min(number(), 20)):
        name = text()
        values = [text() for _ in range(min(number(), 20))]
        for key in bounded([name]):
            found[key] = bounded(values)
    return found


COLLECTOR = Collector(
    "cassandra", 1, "Cassandra 支持的协议", "what a Cassandra server supports",
    ("CQL v4 OPTIONS",), frozenset({9042}), ask=ask,
)  # fmt: skip
