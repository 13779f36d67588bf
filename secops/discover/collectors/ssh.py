"""SSH: the banner and the host key, by the key exchange every client begins with. No authentication is ever begun.

Sources: RFC 4253 (packets, KEXINIT), RFC 5656 and RFC 8731 (ECDH_INIT/REPLY with curve25519-sha256).
"""

import base64
import hashlib
import re
from collections.abc import Generator

from secops.core.model import Status, Target, Value
from secops.dial.conversation import Answer, Command, Failed, Receive, Received, Send
from secops.discover.collectors.interface import Collector, Reading, Talking, clean, decoded

LABEL = "ssh@1"
IDENT = b"SSH-2.0-secops_inventory\r\n"
_PACKET_MOST = 35_000
_KEXINIT, _ECDH_INIT, _ECDH_REPLY, _IGNORE, _DEBUG = 20, 30, 31, 2, 4
_KEX = b"curve25519-sha256,curve25519-sha256@libssh.org,ecdh-sha2-nistp256"
_KEYS = (
    b"ssh-ed25519,ecdsa-sha2-nistp256,ecdsa-sha2-nistp384,ecdsa-sha2-nistp521,rsa-sha2-512,rsa-sha2-256,ssh-rsa,ssh-dss"
)
_CIPHERS = b"chacha20-poly1305@openssh.com,aes256-gcm@openssh.com,aes256-ctr,aes128-ctr,aes128-cbc,3des-cbc"
_MACS = b"hmac-sha2-256,hmac-sha2-512,hmac-sha1,hmac-md5"
_POINT_25519 = bytes([9, *bytes(31)])
"""The base point: a valid public value whose secret is 1; nothing is ever encrypted with it."""
_POINT_P256 = bytes.fromhex(
    "04"
    "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
    "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5"
)
_BANNER = re.compile(rb"SSH-(\d\.\d+)-([^\r\n]{1,240})")
_SOFTWARE = re.compile(
    r"(OpenSSH|dropbear|libssh|Cisco|HUAWEI|Comware|RGOS|ROSSSH)[-_ ]?(\d[\w.]{0,30})?", re.IGNORECASE
)


def begins(greeting: bytes) -> bool:
    """Is this an SSH identification, with or without lines before it?"""
    return _BANNER.search(greeting[:4_096]) is not None


def tell(greeting: bytes) -> Reading:
    """The reading of the identification alone."""
    found = _BANNER.search(greeting[:4_096])
    if found is None:
        return Reading(LABEL, Status.PROTOCOL_ERROR)
    text = clean(decoded(found[0]), 255)
    facts: dict[str, Value] = {"service.name": "ssh", "service.banner": text}
    if software := _SOFTWARE.search(text):
        facts["service.product"] = software[1]
        if software[2]:
            facts["service.version"] = software[2]
    return Reading(LABEL, Status.SUCCESS, facts, {"protocol": found[1].decode()})


def converse(greeting: bytes) -> Talking:
    """Go on after the identification: exchange keys as far as the host key, then leave."""
    told = tell(greeting)
    if told.status is not Status.SUCCESS or told.extra.get("protocol") not in {"2.0", "1.99"}:
        return told
    sent = yield Send(IDENT + packet(_kexinit()))
    if isinstance(sent, Failed):
        return told
    theirs = yield from _next(_KEXINIT)
    if theirs is None:
        return told
    offered = name_lists(theirs[17:])
    if len(offered) < 2:
        return told
    kex = next((each for each in _KEX.decode().split(",") if each in offered[0]), "")
    extra = dict(told.extra) | {"kex": offered[0][:30], "host_key_algorithms": offered[1][:20]}
    if not kex:
        return Reading(LABEL, told.status, told.facts, extra)
    point = _POINT_P256 if "nistp256" in kex else _POINT_25519
    sent = yield Send(packet(bytes([_ECDH_INIT]) + string(point)))
    if isinstance(sent, Failed):
        return Reading(LABEL, told.status, told.facts, extra)
    reply = yield from _next(_ECDH_REPLY)
    key = take_string(reply[1:]) if reply else b""
    kind = take_string(key)
    if not key or not kind or len(kind) > 64:
        return Reading(LABEL, told.status, told.facts, extra)
    mark = "SHA256:" + base64.b64encode(hashlib.sha256(key).digest()).decode().rstrip("=")
    return Reading(
        LABEL,
        told.status,
        dict(told.facts) | {"ssh.host_key": (mark,), "ssh.host_key_type": (clean(decoded(kind), 64),)},
        extra,
    )


def ask(target: Target) -> Talking:
    """Wait for the identification, then go on."""
    del target
    got = yield Receive(4_096, 5.0, b"\n")
    if not isinstance(got, Received):
        return Reading(LABEL, got.status if isinstance(got, Failed) else Status.PROTOCOL_ERROR)
    if not begins(got.data):
        return Reading(LABEL, Status.PROTOCOL_ERROR)
    return (yield from converse(got.data))


def packet(payload: bytes) -> bytes:
    """An unencrypted binary packet, RFC 4253 section 6."""
    padding = 8 - (len(payload) + 5) % 8
    padding += 8 if padding < 4 else 0
    return (len(payload) + padding + 1).to_bytes(4, "big") + bytes([padding]) + payload + bytes(padding)


def string(data: bytes) -> bytes:
    """Length and bytes, RFC 4251 section 5."""
    return len(data).to_bytes(4, "big") + data


def take_string(data: bytes) -> bytes:
    """The string at the start, empty when it is cut short."""
    size = int.from_bytes(data[:4], "big") if len(data) >= 4 else 0
    return data[4 : 4 + size] if size <= len(data) - 4 else b""


def name_lists(data: bytes) -> list[tuple[str, ...]]:
    """The name lists of a KEXINIT as far as they are whole, each bounded."""
    lists: list[tuple[str, ...]] = []
    while len(data) >= 4 and len(lists) < 10:
        size = int.from_bytes(data[:4], "big")
        if size > len(data) - 4:
            break
        names = data[4 : 4 + size].decode("ascii", "replace").split(",")
        lists.append(tuple(clean(each, 64) for each in names[:60]))
        data = data[4 + size :]
    return lists


def _kexinit() -> bytes:
    lists = (_KEX, _KEYS, _CIPHERS, _CIPHERS, _MACS, _MACS, b"none", b"none", b"", b"")
    return bytes([_KEXINIT]) + bytes(16) + b"".join(map(string, lists)) + bytes(5)


def _next(wanted: int) -> Generator[Command, Answer, bytes | None]:
    """The payload of the next packet of this kind; None when it does not come."""
    for _ in range(6):
        head = yield from _exactly(5)
        if head is None:
            return None
        size = int.from_bytes(head[:4], "big")
        if not 2 <= size <= _PACKET_MOST:
            return None
        rest = yield from _exactly(size - 1)
        if rest is None:
            return None
        payload = rest[: max(0, len(rest) - head[4])]
        if payload[:1] == bytes([wanted]):
            return payload
        if payload[:1] not in {bytes([_IGNORE]), bytes([_DEBUG])}:
            return None
    return None


def _exactly(count: int) -> Generator[Command, Answer, bytes | None]:
    data = b""
    for _ in range(4):
        answer = yield Receive(count - len(data), 4.0, b"\x00\xff\x00 whole \xff\x00\xff")
        if not isinstance(answer, Received) or not answer.data:
            return None
        data += answer.data
        if len(data) >= count:
            return data
    return None


COLLECTOR = Collector(
    "ssh",
    1,
    "SSH 标语与主机密钥（不登录）",
    "SSH banner and host key, no login",
    ("SSH-2.0-secops_inventory", "KEXINIT", "KEX_ECDH_INIT"),
    frozenset({22, 2222}),
    ask=ask,
)
