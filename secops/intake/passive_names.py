"""What devices say of themselves to everybody: DNS and mDNS answers, DHCP, SSDP, LLDP, CDP. Bytes in, plain facts out.

None of these raise for what is in the bytes: lengths are checked, counts bounded, name pointers only lead back.
Sources: RFC 1035, 2132, 6762, 6763; IEEE 802.1AB; Cisco's CDP as Wireshark documents it; UPnP Device Architecture.
"""

import ipaddress
import struct
from dataclasses import dataclass, field
from typing import Final

from secops.intake import words

_RECORDS_MOST: Final = 64
_JUMPS_MOST: Final = 16
_TLVS_MOST: Final = 128


@dataclass(slots=True)
class Told:
    """What one message told."""

    address: str = ""
    names: set[str] = field(default_factory=set)
    mac: str = ""
    vendor: str = ""
    model: str = ""
    serial: str = ""
    firmware: str = ""
    kind: str = ""
    """device.type"""
    extra: dict[str, object] = field(default_factory=dict)


def mac(data: bytes) -> str:
    """Six bytes as a MAC of one machine; nothing for group addresses and noughts."""
    return data.hex(":") if len(data) == 6 and not data[0] & 1 and any(data) else ""


def ip(data: bytes) -> str:
    """Four or sixteen bytes as a canonical address, else nothing."""
    return words.address(str(ipaddress.ip_address(data))) if len(data) in {4, 16} else ""


def name_at(data: bytes, at: int) -> tuple[str, int]:
    """A DNS name and where it ends; an empty name and -1 for what is none. Pointers only lead back, sixteen at most."""
    labels: list[bytes] = []
    end, jumps, size, bound = -1, 0, 0, len(data)
    while 0 <= at < bound:
        length = data[at]
        if length == 0:
            text = b".".join(labels).decode("utf-8", "replace")
            return text, end if end >= 0 else at + 1
        if length >= 0xC0:
            if at + 1 >= len(data) or jumps >= _JUMPS_MOST:
                break
            end = end if end >= 0 else at + 2
            target = (length & 0x3F) << 8 | data[at + 1]
            if target >= at:
                break
            at, jumps = target, jumps + 1
            continue
        size += length + 1
        if length > 63 or size > 255:
            break
        labels.append(data[at + 1 : at + 1 + length])
        at += length + 1
    return "", -1


@dataclass(slots=True)
class Answers:
    """The answers of a DNS message that tell of addresses and services."""

    addresses: list[tuple[str, str]] = field(default_factory=list)
    """Name and address."""
    services: list[str] = field(default_factory=list)
    model: str = ""
    vendor: str = ""


def dns(data: bytes) -> Answers | None:
    """The answers of a response; None for questions and what is no DNS."""
    if len(data) < 12 or not data[2] & 0x80 or data[3] & 0x0F:
        return None
    questions, *counts = struct.unpack_from("!HHHH", data, 4)
    if questions > 16 or sum(counts) > 4_096:
        return None
    at, found = 12, Answers()
    for _ in range(questions):
        _, at = name_at(data, at)
        if at < 0 or at + 4 > len(data):
            return None
        at += 4
    for _ in range(min(sum(counts), _RECORDS_MOST)):
        name, at = name_at(data, at)
        if at < 0 or at + 10 > len(data):
            break
        kind, _, _, length = struct.unpack_from("!HHIH", data, at)
        at += 10
        value = data[at : at + length]
        if len(value) < length:
            break
        _record(found, kind, name, value)
        at += length
    return found


def _record(found: Answers, kind: int, name: str, value: bytes) -> None:
    if kind in {1, 28} and (address := ip(value)):
        if host := words.hostname(name):
            found.addresses.append((host, address))
    elif kind == 33 and len(value) > 6:
        service = ".".join(each for each in name.split(".") if each.startswith("_"))
        if service:
            found.services.append(words.clean(f"{service}:{struct.unpack_from('!H', value, 4)[0]}", 80))
    elif kind == 16:
        at = 0
        while at < len(value):
            key, _, text = value[at + 1 : at + 1 + value[at]].decode("utf-8", "replace").partition("=")
            if key.lower() in {"md", "ty", "model", "usb_mdl"}:
                found.model = found.model or words.clean(text, 100)
            elif key.lower() in {"manufacturer", "usb_mfg"}:
                found.vendor = found.vendor or words.clean(text, 100)
            at += 1 + value[at]


@dataclass(slots=True)
class Lease:
    """One DHCP message."""

    type: int
    transaction: bytes
    told: Told
    server: str = ""


def dhcp(data: bytes) -> Lease | None:
    """A DHCPv4 message; None for what is none."""
    if len(data) < 241 or data[236:240] != b"\x63\x82\x53\x63" or data[1:3] != b"\x01\x06":
        return None
    lease = Lease(0, data[4:8], Told(mac=mac(data[28:34])))
    lease.told.address = _given(ip(data[16:20])) or _given(ip(data[12:16]))
    at = 240
    for _ in range(_TLVS_MOST):
        if at + 1 >= len(data) or data[at] == 255:
            break
        if data[at] == 0:
            at += 1
            continue
        code, value = data[at], data[at + 2 : at + 2 + data[at + 1]]
        at += 2 + data[at + 1]
        if code == 53 and value:
            lease.type = value[0]
        elif code == 12:
            lease.told.names |= {words.hostname(value.decode("utf-8", "replace").rstrip("\0"))} - {""}
        elif code == 81 and len(value) > 3:
            lease.told.names |= {words.hostname(value[3:].decode("utf-8", "replace").rstrip("\0"))} - {""}
        elif code == 60:
            lease.told.extra["vendor_class"] = words.clean(value.decode("utf-8", "replace"), 100)
        elif code == 55:
            lease.told.extra["parameters"] = ",".join(map(str, value[:64]))
        elif code == 54:
            lease.server = _given(ip(value))
    return lease


def _given(address: str) -> str:
    return "" if address in {"0.0.0.0", "255.255.255.255"} else address  # noqa: S104 - compared with, not bound to


def ssdp(data: bytes) -> dict[str, str] | None:
    """Headers of a NOTIFY or of an answer to a search; None for searches and noise."""
    if not data.startswith((b"NOTIFY ", b"HTTP/1.1 200")):
        return None
    found: dict[str, str] = {}
    for line in data[:4_096].decode("utf-8", "replace").split("\r\n")[1:40]:
        key, colon, value = line.partition(":")
        if colon and key.lower() in {"server", "location", "usn", "nt", "st"}:
            found[key.lower()] = words.clean(value, 200)
    return found or None


def lldp(data: bytes) -> Told | None:
    """An LLDP frame's payload."""
    told, at = Told(), 0
    for _ in range(_TLVS_MOST):
        if at + 2 > len(data):
            break
        (head,) = struct.unpack_from("!H", data, at)
        kind, length = head >> 9, head & 0x1FF
        value = data[at + 2 : at + 2 + length]
        at += 2 + length
        if kind == 0 or len(value) < length:
            break
        _lldp(told, kind, value)
    return told if told.names or told.mac or told.extra else None


def _lldp(told: Told, kind: int, value: bytes) -> None:
    text = words.clean(value[1:].decode("utf-8", "replace"), 255)
    if kind == 1 and value[:1] == b"\x04":
        told.mac = mac(value[1:])
    elif kind == 1 and value[:1] == b"\x05" and len(value) > 2:
        told.address = told.address or ip(value[2:])
    elif kind == 2:
        told.extra["port"] = value[1:].hex(":") if value[:1] == b"\x03" else text
    elif kind in {4, 6}:
        told.extra["port_description" if kind == 4 else "description"] = words.clean(value.decode("utf-8", "replace"))
    elif kind == 5:
        told.names |= {words.hostname(value.decode("utf-8", "replace"))} - {""}
        told.extra["name"] = words.clean(value.decode("utf-8", "replace"), 255)
    elif kind == 7 and len(value) >= 4:
        told.kind = _capability(struct.unpack_from("!H", value, 2)[0], _LLDP_KINDS)
    elif kind == 8 and len(value) >= 6 and value[0] in {5, 17}:
        told.address = ip(value[2 : 1 + value[0]]) or told.address
    elif kind == 127 and value[:3] == b"\x00\x12\xbb" and len(value) > 4:
        med = words.clean(value[4:].decode("utf-8", "replace"), 64)
        match value[3]:
            case 7:
                told.firmware = med
            case 8:
                told.serial = med
            case 9:
                told.vendor = med
            case 10:
                told.model = med


_LLDP_KINDS: Final = ((0x08, "WAP"), (0x20, "VoIP phone"), (0x10, "router"), (0x04, "switch"))
_CDP_KINDS: Final = ((0x80, "VoIP phone"), (0x01, "router"), (0x08, "switch"), (0x02, "bridge"))


def _capability(bits: int, kinds: tuple[tuple[int, str], ...]) -> str:
    return next((name for bit, name in kinds if bits & bit), "")


def cdp(data: bytes) -> Told | None:
    """A CDP packet after its SNAP header."""
    told, at = Told(vendor="Cisco"), 4
    if len(data) < 8 or data[0] not in {1, 2}:
        return None
    for _ in range(_TLVS_MOST):
        if at + 4 > len(data):
            break
        kind, length = struct.unpack_from("!HH", data, at)
        value = data[at + 4 : at + length]
        if length < 4 or len(value) < length - 4:
            break
        at += length
        text = words.clean(value.decode("utf-8", "replace"), 255)
        if kind == 1:
            told.names |= {words.hostname(text.partition("(")[0])} - {""}
            told.extra["name"] = text
        elif kind in {2, 0x16}:
            told.address = told.address or _cdp_address(value)
        elif kind == 3:
            told.extra["port"] = text
        elif kind == 4 and len(value) == 4:
            told.kind = _capability(int.from_bytes(value, "big"), _CDP_KINDS)
        elif kind == 5:
            told.extra["description"] = text
        elif kind == 6:
            told.model = text[:100]
    return told if told.names or told.model else None


def _cdp_address(value: bytes) -> str:
    """The first IPv4 or IPv6 address of a list of them."""
    at = 4
    for _ in range(min(int.from_bytes(value[:4], "big"), 16)):
        if at + 2 > len(value):
            break
        at += 2 + value[at + 1]
        length = int.from_bytes(value[at : at + 2], "big")
        found = ip(value[at + 2 : at + 2 + length])
        if found:
            return found
        at += 2 + length
    return ""
