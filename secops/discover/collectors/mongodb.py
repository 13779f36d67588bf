"""MongoDB: version and role by `hello` and `buildInfo`, both answered before any login (OP_MSG, wire protocol 6+)."""

import struct

from secops.core.model import Status, Target, Value
from secops.dial.conversation import Failed
from secops.discover.collectors.exchange import framed
from secops.discover.collectors.interface import Collector, Reading, Talking, clean

LABEL = "mongodb@1"
_MOST = 65_536
_OP_MSG = 2013
_TEXT, _DOCUMENT, _ARRAY, _DOUBLE, _BOOL, _INT32, _INT64, _DATE, _STAMP, _NULL, _ID = (
    2,
    3,
    4,
    1,
    8,
    16,
    18,
    9,
    17,
    10,
    7,
)
_FIXED = {_DOUBLE: 8, _BOOL: 1, _INT32: 4, _INT64: 8, _DATE: 8, _STAMP: 8, _NULL: 0, _ID: 12}


def _question(command: str, number: int) -> bytes:
    body = _int32(command, 1) + b"\x02$db\0" + struct.pack("<I", 6) + b"admin\0"
    document = struct.pack("<I", len(body) + 5) + body + b"\0"
    message = struct.pack("<IB", 0, 0) + document
    return struct.pack("<IIII", 16 + len(message), number, 0, _OP_MSG) + message


def _int32(name: str, value: int) -> bytes:
    return bytes((_INT32,)) + name.encode() + b"\0" + struct.pack("<i", value)


def ask(_target: Target) -> Talking:
    """`hello` says it is MongoDB and how it is set up; `buildInfo` its version, where it tells strangers."""
    got = yield from framed(_question("hello", 1), 16, slice(0, 4), most=_MOST, little=True, extra=-16)
    if isinstance(got, Failed):
        return Reading(LABEL, got.status)
    hello = _document(got)
    if not {"ok", "maxWireVersion"} & set(hello) or got[12:16] != struct.pack("<I", _OP_MSG):
        return Reading(LABEL, Status.PROTOCOL_ERROR)
    facts: dict[str, Value] = {"service.name": "mongodb", "service.product": "MongoDB"}
    extra: dict[str, object] = {
        name: hello[name] for name in ("setName", "isWritablePrimary", "readOnly", "msg") if name in hello
    }
    more = yield from framed(_question("buildInfo", 2), 16, slice(0, 4), most=_MOST, little=True, extra=-16)
    told = _document(more) if isinstance(more, bytes) else {}
    if isinstance(version := told.get("version"), str):
        facts["service.version"] = version
    return Reading(LABEL, Status.SUCCESS, facts, extra)


def _document(frame: bytes) -> dict[str, str | int | bool]:
    """Top-level texts, whole numbers and truths of the answer's document; others are passed over, at most 100."""
    found: dict[str, str | int | bool] = {}
    place = 16 + 5 + 4
    for _ in range(100):
        if place >= len(frame) or not frame[place]:
            break
        kind = frame[place]
        end = frame.find(b"\0", place + 1, place + 200)
        if end < 0:
            break
        name, place = clean(frame[place + 1 : end].decode("utf-8", "replace"), 64), end + 1
        size = _FIXED.get(kind)
        if size is None:
            if place + 4 > len(frame):
                break
            (told,) = struct.unpack_from("<I", frame, place)
            if kind == _TEXT:
                found[name] = clean(frame[place + 4 : place + 4 + min(told, 300)].decode("utf-8", "replace"), 255)
            elif kind not in {_DOCUMENT, _ARRAY}:
                break
            place += told + (4 if kind == _TEXT else 0)
            continue
        if place + size > len(frame):
            break
        if kind == _BOOL:
            found[name] = bool(frame[place])
        elif kind in {_INT32, _INT64}:
            found[name] = int.from_bytes(frame[place : place + size], "little", signed=True)
        elif kind == _DOUBLE:
            found[name] = True
        place += size
    return found


COLLECTOR = Collector(
    "mongodb", 1, "MongoDB 版本与角色（不登录）", "MongoDB version and role, no login",
    ("OP_MSG hello", "OP_MSG buildInfo"), frozenset({27017}), ask=ask,
)  # fmt: skip
