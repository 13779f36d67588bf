"""SQL Server: version and encryption by PRELOGIN ([MS-TDS] 2.2.6.5), the step before any login."""

import struct

from secops.core.model import Status, Target, Value
from secops.dial.conversation import Failed
from secops.discover.collectors.exchange import framed
from secops.discover.collectors.interface import Collector, Reading, Talking

LABEL = "mssql@1"
_VERSION, _ENCRYPTION, _END = 0, 1, 0xFF
_TLS = {0: "off", 1: "on", 2: "not supported", 3: "required"}
_NAMES = {8: "2000", 9: "2005", 11: "2012", 12: "2014", 13: "2016", 14: "2017", 15: "2019", 16: "2022", 17: "2025"}


def _question() -> bytes:
    options = ((_VERSION, bytes(6)), (_ENCRYPTION, b"\x02"), (2, b"\0"), (3, bytes(4)), (4, b"\0"))
    table, data, place = b"", b"", len(options) * 5 + 1
    for kind, value in options:
        table += struct.pack(">BHH", kind, place + len(data), len(value))
        data += value
    body = table + b"\xff" + data
    return struct.pack(">BBHHBB", 0x12, 1, 8 + len(body), 0, 0, 0) + body


def ask(_target: Target) -> Talking:
    """The server's build and whether it offers TLS."""
    got = yield from framed(_question(), 8, slice(2, 4), most=4_096, extra=-8)
    if isinstance(got, Failed):
        return Reading(LABEL, got.status)
    found = _options(got[8:]) if got[0] == 4 else {}
    version = found.get(_VERSION, b"")
    if len(version) < 6:
        return Reading(LABEL, Status.PROTOCOL_ERROR)
    major, minor, build = struct.unpack(">BBH", version[:4])
    facts: dict[str, Value] = {
        "service.name": "ms-sql-s",
        "service.product": "Microsoft SQL Server" + (f" {_NAMES[major]}" if major in _NAMES else ""),
        "service.version": f"{major}.{minor}.{build}",
    }
    mode = found.get(_ENCRYPTION, b"")[:1]
    if mode:
        facts["tls.enabled"] = mode[0] != 2
    return Reading(LABEL, Status.SUCCESS, facts, {"encryption": _TLS.get(mode[0], "unknown")} if mode else {})


def _options(body: bytes) -> dict[int, bytes]:
    """Option -> its bytes; the table of offsets ends with 0xFF."""
    found: dict[int, bytes] = {}
    for place in range(0, min(len(body), 60), 5):
        if body[place] == _END or len(body) < place + 5:
            break
        kind, start, size = struct.unpack_from(">BHH", body, place)
        found[kind] = body[start : start + size]
    return found


COLLECTOR = Collector(
    "mssql", 1, "SQL Server 版本与加密（不登录）", "SQL Server version and encryption, no login",
    ("TDS PRELOGIN",), frozenset({1433}), ask=ask,
)  # fmt: skip
