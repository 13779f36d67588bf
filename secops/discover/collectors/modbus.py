"""Modbus: vendor, product and version by Read Device Identification (Modbus application protocol 1.1b3, 6.21).

Identification only: no register or coil is read, nothing is written.
"""

import struct

from secops.core.model import Status, Target, Value
from secops.dial.conversation import Failed
from secops.discover.collectors.exchange import framed
from secops.discover.collectors.interface import Collector, Reading, Talking, clean, decoded

LABEL = "modbus@1"
_FUNCTION, _MEI, _BASIC = 0x2B, 0x0E, 1
_QUESTION = struct.pack(">HHHB", 1, 0, 5, 1) + bytes((_FUNCTION, _MEI, _BASIC, 0))
_VENDOR, _PRODUCT, _REVISION = 0, 1, 2


def ask(_target: Target) -> Talking:
    """Unit 1's basic identification; an exception answer says only that it speaks Modbus."""
    got = yield from framed(_QUESTION, 6, slice(4, 6), most=254)
    if isinstance(got, Failed):
        return Reading(LABEL, got.status)
    if got[:4] != _QUESTION[:4] or len(got) < 9 or got[7] & 0x7F != _FUNCTION:
        return Reading(LABEL, Status.PROTOCOL_ERROR)
    told = _objects(got[8:]) if got[7] == _FUNCTION else {}
    facts: dict[str, Value] = {"service.name": "modbus"}
    if product := " ".join(told[each] for each in (_VENDOR, _PRODUCT) if told.get(each)):
        facts["service.product"] = product
    if told.get(_REVISION):
        facts["service.version"] = told[_REVISION]
    return Reading(LABEL, Status.SUCCESS, facts | {"service.device_type": "PLC"} if told else facts)


def _objects(body: bytes) -> dict[int, str]:
    """Object id -> text of `MEI, code, conformity, more, next, count, (id, length, text)...`."""
    found: dict[int, str] = {}
    place = 6
    for _ in range(body[5] if len(body) > 5 and body[0] == _MEI else 0):
        if place + 2 > len(body):
            break
        number, size = body[place], body[place + 1]
        found[number] = clean(decoded(body[place + 2 : place + 2 + size]), 128)
        place += 2 + size
    return found


COLLECTOR = Collector(
    "modbus", 1, "Modbus 设备标识（不读写寄存器）", "Modbus device identification, no register touched",
    ("Modbus 2B/0E Read Device Identification",), frozenset({502}), ask=ask,
)  # fmt: skip
