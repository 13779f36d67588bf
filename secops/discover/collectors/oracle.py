"""Oracle: the listener's version, told in its refusal of a connection that names no service (TNS)."""

import re
import struct

from secops.core.model import Status, Target, Value
from secops.dial.conversation import Failed
from secops.discover.collectors.exchange import framed
from secops.discover.collectors.interface import Collector, Reading, Talking, clean, decoded

LABEL = "oracle@1"
_CONNECT, _ACCEPT, _REFUSE, _REDIRECT, _RESEND = 1, 2, 4, 5, 11
_VERSION_NUMBER = re.compile(rb"\(VSNNUM=(\d{6,10})\)")


def _question() -> bytes:
    data = b"(DESCRIPTION=(CONNECT_DATA=(CID=(PROGRAM=secops))))"
    body = struct.pack(">HHHHHHHHHHIBB", 314, 300, 0, 2048, 32767, 0x7F08, 0, 0x100, len(data), 58, 512, 0x41, 0x41)
    body += bytes(58 - 8 - len(body))
    size = 8 + len(body) + len(data)
    return struct.pack(">HHBBH", size, 0, _CONNECT, 0, 0) + body + data


def ask(_target: Target) -> Talking:
    """A refusal carries VSNNUM, the version as one number; acceptance or a redirect says only that it is Oracle."""
    got = yield from framed(_question(), 8, slice(0, 2), most=8_192, extra=-8)
    if isinstance(got, bytes) and got[4] == _RESEND:
        got = yield from framed(_question(), 8, slice(0, 2), most=8_192, extra=-8)
    if isinstance(got, Failed):
        return Reading(LABEL, got.status)
    if got[4] not in {_ACCEPT, _REFUSE, _REDIRECT} or (got[4] == _REFUSE and b"(" not in got):
        return Reading(LABEL, Status.PROTOCOL_ERROR)
    facts: dict[str, Value] = {"service.name": "oracle-tns", "service.product": "Oracle TNS listener"}
    if found := _VERSION_NUMBER.search(got):
        facts["service.version"] = _dotted(int(found[1]))
    return Reading(LABEL, Status.SUCCESS, facts, {"answer": clean(decoded(got[12:268]), 255)})


def _dotted(number: int) -> str:
    """VSNNUM read as Oracle does: bits 8, 4, 8, 4, 8 of the number; from release 18 on 8, 8, 4, 8, 4."""
    if number >> 24 < 18:
        parts = (number >> 24, number >> 20 & 15, number >> 12 & 255, number >> 8 & 15, number & 255)
    else:
        parts = (number >> 24, number >> 16 & 255, number >> 12 & 15, number >> 4 & 255, number & 15)
    return ".".join(map(str, parts))


COLLECTOR = Collector(
    "oracle", 1, "Oracle 监听器版本（不登录）", "version of the Oracle listener, no login",
    ("TNS CONNECT without a service",), frozenset({1521}), ask=ask,
)  # fmt: skip
