"""NTP: one client question (mode 3). Never mode 6 or 7: no control, no monlist. Source: RFC 5905."""

import ipaddress
import struct
from typing import Final

from secops.core.model import Status, Target, Value
from secops.dial.conversation import Failed
from secops.discover.collectors import datagram
from secops.discover.collectors.interface import Collector, Reading, Talking, clean

LABEL: Final = "ntp@1"
_CLIENT: Final = 0x23
"""No leap warning, version 4, mode 3."""
_SERVER: Final = 4
_UNIX: Final = 2_208_988_800
"""Seconds from NTP's era to Unix's."""


def ask(target: Target) -> Talking:
    """A client's packet; the answer must repeat our transmit time, which is no time but a mark."""
    stamp = datagram.mark(target, 0, 8).to_bytes(8, "big")
    question = bytes([_CLIENT, 0, 6, 0xEC]) + bytes(36) + stamp
    heard = yield from datagram.asked(question, lambda data: _fits(data, stamp))
    return Reading(LABEL, heard.status) if isinstance(heard, Failed) else _reading(heard)


def _fits(data: bytes, stamp: bytes) -> bool:
    return len(data) >= 48 and data[0] & 7 == _SERVER and data[24:32] == stamp


def _reading(data: bytes) -> Reading:
    version, leap, stratum = data[0] >> 3 & 7, data[0] >> 6, data[1]
    reference = data[12:16]
    source = clean(reference.rstrip(b"\0").decode("ascii", "replace"), 8)
    if stratum > 1:
        source = str(ipaddress.IPv4Address(reference))  # of an IPv6 server the first bytes of a digest
    facts: dict[str, Value] = {
        "service.name": "ntp",
        "service.info": f"NTP v{version}, stratum {stratum}" + (", unsynchronised" if leap == 3 else ""),
    }
    seconds = struct.unpack_from(">I", data, 40)[0]
    extra: dict[str, object] = {"stratum": stratum, "leap": leap, "reference": source}
    if seconds:
        extra["server_time"] = seconds - _UNIX
    return Reading(LABEL, Status.SUCCESS, facts, extra)


COLLECTOR = Collector(
    "ntp", 1, "NTP 版本、层级与时钟来源", "NTP version, stratum, reference",
    ("client packet, version 4, mode 3",), frozenset({123}), ask=ask,
)  # fmt: skip
