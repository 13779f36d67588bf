"""EtherNet/IP: vendor, product, revision and serial by ListIdentity (CIP volume 2, 2-4.2). No session is opened."""

import struct

from secops.core.model import Status, Target, Value
from secops.dial.conversation import Failed
from secops.discover.collectors.exchange import framed
from secops.discover.collectors.interface import Collector, Reading, Talking, clean, decoded

LABEL = "enip@1"
_LIST_IDENTITY, _IDENTITY = 0x63, 0x0C
_QUESTION = struct.pack("<HHIIQI", _LIST_IDENTITY, 0, 0, 0, 0, 0)


def ask(_target: Target) -> Talking:
    """The identity item: numbers as registered with ODVA, and the product's own name."""
    got = yield from framed(_QUESTION, 24, slice(2, 4), most=1_024, little=True)
    if isinstance(got, Failed):
        return Reading(LABEL, got.status)
    if got[:2] != _QUESTION[:2] or len(got) < 24 + 2 + 4 + 33 or got[26:28] != struct.pack("<H", _IDENTITY):
        return Reading(LABEL, Status.PROTOCOL_ERROR)
    item = got[30:]
    vendor, kind, code, major, minor, _status, serial, size = struct.unpack_from("<HHHBBHIB", item, 18)
    facts: dict[str, Value] = {
        "service.name": "EtherNetIP-2",
        "service.product": clean(decoded(item[33 : 33 + size]), 64),
        "service.version": f"{major}.{minor}",
    }
    extra: dict[str, object] = {
        "vendor_id": vendor,
        "device_type": kind,
        "product_code": code,
        "serial": f"{serial:08x}",
    }
    return Reading(LABEL, Status.SUCCESS, {k: v for k, v in facts.items() if v}, extra)


COLLECTOR = Collector(
    "enip", 1, "EtherNet/IP 设备标识", "EtherNet/IP device identity",
    ("ENIP ListIdentity",), frozenset({44818}), ask=ask,
)  # fmt: skip
