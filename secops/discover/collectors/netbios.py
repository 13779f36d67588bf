"""NetBIOS name service: one node status request, answered with names and the adapter's address. Source: RFC 1002."""

from typing import Final

from secops.core.model import Status, Target, Value
from secops.dial.conversation import Failed
from secops.discover.collectors import datagram
from secops.discover.collectors.interface import Collector, Reading, Talking, clean, decoded

LABEL: Final = "netbios@1"
_NODE_STATUS: Final = b"\x00\x21\x00\x01"
_ANYBODY: Final = b"\x20CK" + b"A" * 30 + b"\0"
"""The name `*`, in first-level encoding (RFC 1001 section 14.1)."""
_WORKSTATION, _SERVER = 0x00, 0x20
_GROUP: Final = 0x80
_ENTRY: Final = 18


def ask(target: Target) -> Talking:
    """One node status request (RFC 1002 section 4.2.17)."""
    identity = datagram.mark(target, 0).to_bytes(2, "big")
    question = identity + b"\0\0\0\x01\0\0\0\0\0\0" + _ANYBODY + _NODE_STATUS
    heard = yield from datagram.asked(question, lambda data: _fits(data, identity))
    return Reading(LABEL, heard.status) if isinstance(heard, Failed) else _reading(heard)


def _fits(data: bytes, identity: bytes) -> bool:
    return data[:2] == identity and len(data) >= 57 and data[2] & 0x80 == 0x80 and data[46:50] == _NODE_STATUS


def _reading(data: bytes) -> Reading:
    count = data[56]
    names: list[tuple[str, int, bool]] = []
    for place in range(57, min(57 + count * _ENTRY, len(data) - _ENTRY + 1), _ENTRY):
        entry = data[place : place + _ENTRY]
        names.append((clean(decoded(entry[:15].rstrip(b" \0"))), entry[15], bool(entry[16] & _GROUP)))
    facts: dict[str, Value] = {"service.name": "netbios-ns"}
    own = next((name for name, kind, group in names if not group and kind in {_WORKSTATION, _SERVER} and name), "")
    domain = next((name for name, kind, group in names if group and kind == _WORKSTATION and name), "")
    if own:
        facts |= {"service.hostname": own, "host.names": (own,)}
    if domain:
        facts["smb.domain"] = domain
    at = 57 + count * _ENTRY
    hardware = data[at : at + 6]
    if len(hardware) == 6 and any(hardware):
        facts["host.mac"] = (hardware.hex(":"),)
    return Reading(LABEL, Status.SUCCESS, facts, {"names": [f"{name}<{kind:02x}>" for name, kind, _ in names[:50]]})


COLLECTOR = Collector(
    "netbios", 1, "NetBIOS 名称、域与网卡地址", "NetBIOS names, domain, adapter address",
    ("node status request",), frozenset({137}), ask=ask,
)  # fmt: skip
