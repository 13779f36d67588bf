"""AMQP 0-9-1: product, version and platform, which the broker tells in Connection.Start (section 1.4.2.1)."""

import struct

from secops.core.model import Status, Target, Value
from secops.dial.conversation import Failed
from secops.discover.collectors.exchange import framed
from secops.discover.collectors.interface import Collector, Reading, Talking, clean

LABEL = "amqp@1"
_QUESTION = b"AMQP\0\0\x09\x01"


def ask(_target: Target) -> Talking:
    """The server properties of Connection.Start; nothing is answered to it."""
    got = yield from framed(_QUESTION, 7, slice(3, 7), most=16_384, extra=1)
    if isinstance(got, Failed):
        return Reading(LABEL, got.status)
    if got[0] != 1 or got[7:11] != b"\0\x0a\0\x0a":
        return Reading(LABEL, Status.PROTOCOL_ERROR)
    told = _table(got[13:])
    facts: dict[str, Value] = {"service.name": "amqp"}
    if product := told.get("product"):
        facts["service.product"] = product
    if version := told.get("version"):
        facts["service.version"] = version
    extra: dict[str, object] = {
        name: told[name] for name in ("platform", "cluster_name", "information") if name in told
    }
    return Reading(LABEL, Status.SUCCESS, facts, extra)


def _table(data: bytes) -> dict[str, str]:
    """Texts of a field table's top level, at most 50 entries; nested tables are passed over."""
    if len(data) < 4:
        return {}
    end = min(len(data), 4 + struct.unpack_from(">I", data)[0])
    found: dict[str, str] = {}
    place = 4
    for _ in range(50):
        if place + 1 > end:
            break
        size = data[place]
        name = clean(data[place + 1 : place + 1 + size].decode("utf-8", "replace"), 64)
        kind = data[place + 1 + size : place + 2 + size]
        place += 2 + size
        if kind in {b"S", b"F"} and place + 4 <= end:
            length = struct.unpack_from(">I", data, place)[0]
            if kind == b"S":
                found[name] = clean(data[place + 4 : place + 4 + min(length, 1_024)].decode("utf-8", "replace"), 255)
            place += 4 + length
        elif kind == b"t":
            place += 1
        else:
            break
    return found


COLLECTOR = Collector(
    "amqp", 1, "AMQP 代理的产品与版本（不登录）", "product and version of an AMQP broker, no login",
    ("AMQP 0-9-1",), frozenset({5672}), ask=ask,
)  # fmt: skip
