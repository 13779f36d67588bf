"""Siemens S7: module and version by reading the identification list (SZL 0x0011, 0x001C), nothing else.

COTP connection request (RFC 905, over TPKT of RFC 1006), S7 setup, "Read SZL". Forms as in public dissectors.
"""

import struct
from collections.abc import Generator

from secops.core.model import Status, Target, Value
from secops.dial.conversation import Answer, Command, Failed
from secops.discover.collectors.exchange import framed
from secops.discover.collectors.interface import Collector, Reading, Talking, clean, decoded

LABEL = "s7@1"
_CONNECT = bytes.fromhex("0300001611e00000000100c0010ac1020100c2020102")
_SETUP = bytes.fromhex("0300001902f08032010000000000080000f0000001000101e0")
_CONFIRM, _DATA = 0xD0, 0xF0
_MODULE, _COMPONENT = 0x0011, 0x001C


def _read(szl: int) -> bytes:
    head = bytes.fromhex("0300002102f080320700000000000800080001120411440100ff090004")
    return head + struct.pack(">HH", szl, 0 if szl == _COMPONENT else 1)


def ask(_target: Target) -> Talking:
    """Order number, firmware, and the names of plant and module, where the controller tells strangers."""
    got = yield from _tpkt(_CONNECT)
    if isinstance(got, Failed):
        return Reading(LABEL, got.status)
    if len(got) < 7 or got[5] != _CONFIRM:
        return Reading(LABEL, Status.PROTOCOL_ERROR)
    ready = yield from _tpkt(_SETUP)
    if isinstance(ready, Failed) or len(ready) < 9 or ready[5] != _DATA or ready[7] != 0x32:
        return Reading(LABEL, Status.PROTOCOL_ERROR)
    facts: dict[str, Value] = {"service.name": "iso-tsap", "service.device_type": "PLC"}
    extra: dict[str, object] = {}
    module = yield from _tpkt(_read(_MODULE))
    for index, text, version in _modules(module if isinstance(module, bytes) else b""):
        if index == 1 and text:
            facts["service.product"] = f"Siemens {text}"
        elif index == 7 and version:
            facts["service.version"] = version
    component = yield from _tpkt(_read(_COMPONENT))
    for index, text in _components(component if isinstance(component, bytes) else b""):
        if name := {1: "system", 2: "module", 3: "plant", 5: "serial", 7: "type"}.get(index):
            extra[name] = text
    return Reading(LABEL, Status.SUCCESS, facts, extra)


def _tpkt(message: bytes) -> Generator[Command, Answer, bytes | Failed]:
    got = yield from framed(message, 4, slice(2, 4), most=2_048, extra=-4)
    if isinstance(got, bytes) and got[0] != 3:
        return Failed(Status.PROTOCOL_ERROR)
    return got


def _rows(frame: bytes) -> list[tuple[int, bytes]]:
    """Index and bytes of each record of an SZL answer; at most 40."""
    if len(frame) < 41 or frame[8] != 7:
        return []
    size, count = struct.unpack_from(">HH", frame, 37)
    if not 2 < size <= 256:
        return []
    rows = []
    for place in range(41, min(len(frame), 41 + size * min(count, 40)), size):
        row = frame[place : place + size]
        if len(row) == size:
            rows.append((int.from_bytes(row[:2], "big"), row[2:]))
    return rows


def _modules(frame: bytes) -> list[tuple[int, str, str]]:
    """Index, order number and `major.minor.patch` of each module record."""
    return [
        (index, clean(decoded(row[:20].rstrip(b"\0 ")), 40), ".".join(map(str, row[-3:])) if row[-4:-3] == b"V" else "")
        for index, row in _rows(frame)
        if len(row) >= 24
    ]


def _components(frame: bytes) -> list[tuple[int, str]]:
    found = ((index, clean(decoded(row.split(b"\0")[0]), 64)) for index, row in _rows(frame))
    return [(index, text) for index, text in found if text]


COLLECTOR = Collector(
    "s7", 1, "西门子控制器的型号与版本（只读标识）", "model and version of a Siemens controller, identification only",
    ("COTP CR", "S7 setup", "S7 read SZL 0011, 001C"), frozenset({102}), ask=ask,
)  # fmt: skip
