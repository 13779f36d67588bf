"""What a Windows-like server tells of itself in an NTLM challenge ([MS-NLMP] 2.2.1.2). No name or password is sent."""

import struct

from secops.core.model import Value
from secops.discover.collectors.interface import clean

NEGOTIATE = b"NTLMSSP\0" + struct.pack("<II", 1, 0xA2088207) + bytes(16) + bytes((10, 0, 0, 0, 0, 0, 0, 15))
"""Type 1: unicode, request target, NTLM, extended session security, version present; no domain, no workstation."""
_PAIRS_MOST = 16
_NETBIOS_NAME, _NETBIOS_DOMAIN, _DNS_NAME, _DNS_DOMAIN, _TREE = 1, 2, 3, 4, 5


def challenge(data: bytes) -> dict[str, Value]:
    """Facts of the first challenge (type 2) somewhere in these bytes; empty where there is none."""
    at = data.find(b"NTLMSSP\0\x02\0\0\0")
    if at < 0 or len(data) < at + 48:
        return {}
    message = data[at:]
    facts: dict[str, Value] = {}
    length, place = struct.unpack_from("<H2xI", message, 40)
    told = _pairs(message[place : place + length]) if place <= len(message) else {}
    if host := told.get(_DNS_NAME) or told.get(_NETBIOS_NAME):
        facts["service.hostname"] = host
    if domain := told.get(_DNS_DOMAIN) or told.get(_NETBIOS_DOMAIN):
        facts["smb.domain"] = domain
    if len(message) >= 56 and message[48]:
        major, minor, build = struct.unpack_from("<BBH", message, 48)
        if major < 20 and build:
            facts["service.os"] = f"Windows {major}.{minor} build {build}"
    return facts


def _pairs(data: bytes) -> dict[int, str]:
    """Target information: AvId, AvLen, value; at most 16, ended by AvId 0."""
    found: dict[int, str] = {}
    place = 0
    for _ in range(_PAIRS_MOST):
        if len(data) < place + 4:
            break
        kind, size = struct.unpack_from("<HH", data, place)
        if not kind:
            break
        if kind <= _TREE and place + 4 + size <= len(data):
            found[kind] = clean(data[place + 4 : place + 4 + size].decode("utf-16-le", "replace"), 255)
        place += 4 + size
    return found
