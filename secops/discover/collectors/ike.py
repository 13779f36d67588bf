"""IKE gateways: the first message of IKEv2 and of IKEv1, well-formed; nothing is ever negotiated to its end.

Source: RFC 7296, RFC 2408, RFC 2409.
"""

import struct
from typing import Final

from secops.core.model import Status, Target, Value
from secops.dial.conversation import Failed
from secops.discover.collectors import datagram
from secops.discover.collectors.interface import Collector, Reading, Talking

LABEL: Final = "ike@1"
_HEADER: Final = 28
_SA_1, _VENDOR_1, _NOTIFY_1 = 1, 13, 11
_SA_2, _KE_2, _NONCE_2, _NOTIFY_2, _VENDOR_2 = 33, 34, 40, 41, 43
_PAYLOADS_MOST: Final = 32
VENDORS: Final = (
    ("882fe56d6fd20dbc2251613b2ebe5beb", "strongSwan", "strongSwan"),
    ("1e2b516905991c7d7c96fcbfb587e461", "Windows", "Microsoft"),
    ("f4ed19e0c114eb516faaac0ee37daf28", "Check Point VPN", "Check Point"),
    ("12f5f28c457168a9702d9fe274cc", "Cisco Unity", "Cisco"),
    ("4f4570", "Openswan", ""),
    ("afcad71368a1f1c96b8696fc7757", "", ""),
)
"""Beginning of a vendor id, product, maker. The last (dead peer detection) tells nobody apart."""


def ask(target: Target) -> Talking:
    """IKE_SA_INIT, then main mode: which versions answer, and which vendor ids and refusals they carry."""
    versions: list[str] = []
    vendors: list[str] = []
    notices: list[int] = []
    status = Status.TIMEOUT
    for turn, question in enumerate((_second(target), _first(target))):
        cookie = question[:8]
        heard = yield from datagram.asked(question, lambda data, cookie=cookie: _fits(data, cookie))  # type: ignore[misc]  # a default binds the loop's value
        if isinstance(heard, Failed):
            status = heard.status
            continue
        if heard[17] >> 4 == 2 - turn:
            versions.append(f"IKEv{2 - turn}")
        for kind, body in _payloads(heard):
            if kind in {_VENDOR_1, _VENDOR_2}:
                vendors.append(body[:32].hex())
            elif kind == _NOTIFY_2 and len(body) >= 4:
                notices.append(int.from_bytes(body[2:4], "big"))
            elif kind == _NOTIFY_1 and len(body) >= 8:
                notices.append(int.from_bytes(body[6:8], "big"))
        if not versions:
            versions.append(f"IKEv{heard[17] >> 4}")  # it answers, in another version
    if not versions:
        return Reading(LABEL, status)
    facts: dict[str, Value] = {"service.name": "isakmp", "service.info": " ".join(dict.fromkeys(versions))}
    for begins, product, maker in VENDORS:
        if product and any(each.startswith(begins) for each in vendors):
            facts["service.product"] = product
            if maker in {"Check Point", "Cisco"}:
                facts["device.vendor"] = maker
            break
    return Reading(LABEL, Status.SUCCESS, facts, {"vendor_ids": vendors[:20], "notifications": notices[:20]})


def _second(target: Target) -> bytes:
    """IKE_SA_INIT: AES-CBC-256, HMAC-SHA2-256, X25519. Any 32 bytes are a point of that curve (RFC 7748)."""
    transforms = (
        struct.pack(">BxHBxHHH", 3, 12, 1, 12, 0x800E, 256)
        + struct.pack(">BxHBxH", 3, 8, 2, 5)
        + struct.pack(">BxHBxH", 3, 8, 3, 12)
        + struct.pack(">BxHBxH", 0, 8, 4, 31)
    )
    proposal = struct.pack(">BxHBBBB", 0, 8 + len(transforms), 1, 1, 0, 4) + transforms
    point = b"".join(datagram.mark(target, 10 + part, 8).to_bytes(8, "big") for part in range(4))
    nonce = b"".join(datagram.mark(target, 20 + part, 8).to_bytes(8, "big") for part in range(4))
    body = (
        _payload(_KE_2, proposal)
        + _payload(_NONCE_2, struct.pack(">Hxx", 31) + point)
        + _payload(0, nonce)
    )  # fmt: skip
    return _header(target, 0, first=_SA_2, version=0x20, exchange=34, flags=0x08, size=len(body)) + body


def _first(target: Target) -> bytes:
    """Main mode: AES-256 with SHA-256 and group 14, AES-128 with SHA and group 2, triple DES with SHA and group 2."""
    offers = ((7, 4, 14, 256), (7, 2, 2, 128), (5, 2, 2, 0))
    transforms = b""
    for number, (cipher, digest, group, bits) in enumerate(offers, 1):
        values = [(1, cipher), (2, digest), (3, 1), (4, group), (11, 1), (12, 28_800)] + ([(14, bits)] if bits else [])
        attributes = b"".join(struct.pack(">HH", 0x8000 | kind, value) for kind, value in values)
        more = 3 if number < len(offers) else 0
        transforms += struct.pack(">BxHBBxx", more, 8 + len(attributes), number, 1) + attributes
    proposal = struct.pack(">BxHBBBB", 0, 8 + len(transforms), 1, 1, 0, len(offers)) + transforms
    body = _payload(0, struct.pack(">II", 1, 1) + proposal)
    return _header(target, 1, first=_SA_1, version=0x10, exchange=2, flags=0, size=len(body)) + body


def _header(target: Target, turn: int, *, first: int, version: int, exchange: int, flags: int, size: int) -> bytes:
    cookie = datagram.mark(target, turn, 8) | 1  # never zero
    return struct.pack(">QQBBBBII", cookie, 0, first, version, exchange, flags, 0, _HEADER + size)


def _payload(following: int, body: bytes) -> bytes:
    return struct.pack(">BxH", following, 4 + len(body)) + body


def _fits(data: bytes, cookie: bytes) -> bool:
    return len(data) >= _HEADER and data[:8] == cookie and data[17] >> 4 in {1, 2} and data != cookie


def _payloads(data: bytes) -> list[tuple[int, bytes]]:
    """(type, body) of the payloads, as far as they hold together."""
    found: list[tuple[int, bytes]] = []
    kind, place = data[16], _HEADER
    while kind and place + 4 <= len(data) and len(found) < _PAYLOADS_MOST:
        following, size = data[place], int.from_bytes(data[place + 2 : place + 4], "big")
        if size < 4 or place + size > len(data):
            break
        found.append((kind, data[place + 4 : place + size]))
        kind, place = following, place + size
    return found


COLLECTOR = Collector(
    "ike", 1, "IKE 版本与厂商标识", "IKE versions and vendor ids",
    ("IKEv2 IKE_SA_INIT, one proposal", "IKEv1 main mode, one proposal"), frozenset({500}), ask=ask,
)  # fmt: skip
