"""ClientHellos of our own and what servers answer them in the clear. No key is ever computed; nothing is sent after it.

Sources: RFC 5246 and 8446 (records, hellos), RFC 8446 4.1.3 (downgrade marks), GB/T 38636-2020 6.4 (TLCP, 0x0101).
JA3S is the MD5 of `version,suite,extensions` of the ServerHello; it depends on the hello it answers, which is why only
hellos made here are used for it: they never change.
"""

import hashlib
import os
from collections.abc import Generator
from dataclasses import dataclass, field

from secops.core.model import Status
from secops.dial.conversation import Answer, Command, Failed, Receive, Received, Send

SSL30, TLS10, TLS11, TLS12, TLS13, TLCP = 0x0300, 0x0301, 0x0302, 0x0303, 0x0304, 0x0101
VERSION_NAMES = {SSL30: "SSLv3", TLS10: "TLSv1", TLS11: "TLSv1.1", TLS12: "TLSv1.2", TLS13: "TLSv1.3", TLCP: "TLCPv1.1"}
FLIGHT_MOST = 1_000_000
"""Bytes of one server flight that are read."""
CHAIN_MOST = 10
_PART = 16_384 + 5
_HANDSHAKE, _ALERT = 22, 21
_SERVER_HELLO, _CERTIFICATE = 2, 11
_ABOVE = {b"DOWNGRD\x01": TLS13, b"DOWNGRD\x00": TLS12}
_RETRY = bytes.fromhex("cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c")
"""The random of a HelloRetryRequest, RFC 8446 4.1.3."""
_GROUPS = (29, 23, 24, 25, 30, 41, 256)
"""x25519, P-256, P-384, P-521, x448, curveSM2 (RFC 8998), ffdhe2048."""
_SIGNATURES = (
    *(0x0403, 0x0503, 0x0603, 0x0807, 0x0808, 0x0804, 0x0805, 0x0806, 0x0401, 0x0501, 0x0601, 0x0809, 0x080A, 0x080B),
    *(0x0708, 0x0301, 0x0303, 0x0302, 0x0203, 0x0201, 0x0202, 0x0101),
)
_POINT = bytes([9, *bytes(31)])
"""A valid x25519 public value; the key it would lead to is never used."""
_NEVER = b"\x00\xff\x00 whole \xff\x00\xff"
CLOSE = bytes.fromhex("15030300020100")
"""close_notify: we leave politely."""


def client_hello(version: int, suites: tuple[int, ...], server_name: str = "") -> bytes:
    """The record of one ClientHello that offers `version` at most (TLS 1.3: only it) and these suites."""
    legacy = min(version, TLS12)
    extensions = b"" if version in {SSL30, TLCP} and not server_name else _extensions(version, server_name)
    body = (
        legacy.to_bytes(2, "big")
        + os.urandom(32)
        + (b"\x20" + os.urandom(32) if version == TLS13 else b"\x00")
        + _sized(b"".join(each.to_bytes(2, "big") for each in suites), 2)
        + b"\x01\x00"
        + (_sized(extensions, 2) if extensions else b"")
    )
    outer = TLCP if version == TLCP else SSL30 if version == SSL30 else TLS10
    return b"\x16" + outer.to_bytes(2, "big") + _sized(b"\x01" + _sized(body, 3), 2)


def _extensions(version: int, server_name: str) -> bytes:
    name = server_name.encode("ascii", "ignore")[:253]
    parts = [_extension(0, _sized(b"\x00" + _sized(name, 2), 2))] if name else []
    if version in {SSL30, TLCP}:
        return b"".join(parts)
    groups = b"".join(each.to_bytes(2, "big") for each in _GROUPS)
    signatures = b"".join(each.to_bytes(2, "big") for each in _SIGNATURES)
    parts += [_extension(10, _sized(groups, 2)), _extension(11, b"\x01\x00")]
    if version >= TLS12:
        parts.append(_extension(13, _sized(signatures, 2)))
    if version == TLS13:
        parts.append(_extension(43, b"\x02\x03\x04"))
        parts.append(_extension(51, _sized(b"\x00\x1d" + _sized(_POINT, 2), 2)))
    else:
        parts += [_extension(23, b""), _extension(0xFF01, b"\x00")]
    return b"".join(parts)


def _extension(kind: int, data: bytes) -> bytes:
    return kind.to_bytes(2, "big") + _sized(data, 2)


def _sized(data: bytes, width: int) -> bytes:
    return len(data).to_bytes(width, "big") + data


@dataclass(frozen=True, slots=True)
class Hello:
    """What a server answered in the clear."""

    version: int
    """Negotiated."""
    suite: int
    best: int
    """The highest version the server is known to speak by this one answer."""
    ja3s: str
    chain: tuple[bytes, ...] = ()
    """DER, as sent, at most 10; empty where none came in the clear (TLS 1.3, anonymous suites)."""
    retry: bool = False


@dataclass(slots=True)
class Flight:
    """Bytes of the server's flight as they come: records joined to messages, bounded."""

    data: bytearray = field(default_factory=bytearray)
    alert: int = -1
    broken: bool = False
    _messages: bytearray = field(default_factory=bytearray)
    _at: int = 0
    server_hello: bytes = b""
    certificate: bytes | None = None
    done: bool = False

    def feed(self, data: bytes) -> None:
        """Take what arrived."""
        self.data += data
        while not self.over and len(self.data) - self._at >= 5:
            kind = self.data[self._at]
            size = int.from_bytes(self.data[self._at + 3 : self._at + 5], "big")
            if kind not in {20, 21, 22, 23} or self.data[self._at + 1] > 3 or size > 18_432:
                self.broken = True
                return
            if kind not in {_HANDSHAKE, _ALERT}:
                self.done = True
                return
            if len(self.data) - self._at - 5 < size:
                return
            part = self.data[self._at + 5 : self._at + 5 + size]
            self._at += 5 + size
            if kind == _ALERT:
                self.alert = part[1] if len(part) > 1 else 0
                return
            self._messages += part
            self._walk()

    @property
    def over(self) -> bool:
        """Nothing more is needed, or nothing more can be understood."""
        return self.done or self.broken or self.alert >= 0

    @property
    def missing(self) -> int:
        """Bytes that must still come, at the least, before more can be told."""
        have = len(self.data) - self._at
        if have < 5:
            return 5 - have
        size = int.from_bytes(self.data[self._at + 3 : self._at + 5], "big")
        held = len(self._messages)
        more = 4 + int.from_bytes(self._messages[1:4], "big") - held - size if held >= 4 else 0
        return 5 + size - have + (5 + more if more > 0 else 0)

    def _walk(self) -> None:
        messages, at = self._messages, 0
        while len(messages) - at >= 4:
            size = int.from_bytes(messages[at + 1 : at + 4], "big")
            if size > FLIGHT_MOST:
                self.broken = True
                break
            if len(messages) - at - 4 < size:
                break
            kind, body = messages[at], bytes(messages[at + 4 : at + 4 + size])
            at += 4 + size
            if kind == _SERVER_HELLO and not self.server_hello:
                self.server_hello = body
            elif kind == _CERTIFICATE and self.certificate is None:
                self.certificate = body
            if kind != _SERVER_HELLO or (self.server_hello and _selected(self.server_hello) == TLS13):
                self.done = True  # what comes after the certificate tells nothing, or is encrypted
                break
        del messages[:at]


def converse(hello: bytes, seconds: float = 5.0) -> Generator[Command, Answer, Hello | Failed]:
    """Send this hello on the connection as it stands, read the answer, say goodbye. Failed tells why there is none.

    Failed.detail is `alert N` where the server refused in words of TLS.
    """
    sent = yield Send(hello)
    if isinstance(sent, Failed):
        return sent
    flight = Flight()
    got = yield Receive(_PART, seconds)
    while isinstance(got, Received):
        flight.feed(got.data)
        if got.ended or flight.over or len(flight.data) >= FLIGHT_MOST:
            break
        wanted = min(flight.missing, FLIGHT_MOST - len(flight.data))
        got = yield Receive(wanted, seconds, _NEVER)
        if isinstance(got, Received) and len(got.data) < wanted and not got.ended:
            return Failed(Status.LIMIT, "slow")
    if not isinstance(got, Received):
        failed = got if isinstance(got, Failed) else Failed(Status.PROTOCOL_ERROR)
        return failed if not flight.data else Failed(Status.LIMIT, "cut short")
    if flight.alert >= 0:
        return Failed(Status.PROTOCOL_ERROR, f"alert {flight.alert}")
    heard = read_hello(flight.server_hello, flight.certificate)
    if heard is None:
        if not flight.data:
            return Failed(Status.CLOSED_EARLY)
        status = Status.LIMIT if len(flight.data) >= FLIGHT_MOST else Status.PROTOCOL_ERROR
        return Failed(status, "not TLS" if flight.broken else "no ServerHello")
    yield Send(CLOSE)
    return heard


def read_hello(body: bytes, certificate: bytes | None) -> Hello | None:
    """A ServerHello and the body of a Certificate message taken apart; None where the first is malformed."""
    if len(body) < 38 or len(body) < 38 + body[34]:
        return None
    legacy = int.from_bytes(body[:2], "big")
    at = 35 + body[34]
    suite = int.from_bytes(body[at : at + 2], "big")
    kinds = [kind for kind, _ in _server_extensions(body)]
    version = _selected(body)
    words = f"{legacy},{suite},{'-'.join(map(str, kinds))}"
    return Hello(
        version=version,
        suite=suite,
        best=max(version, _ABOVE.get(body[26:34], 0)) if version != TLCP else version,
        ja3s=hashlib.md5(words.encode(), usedforsecurity=False).hexdigest(),
        chain=read_chain(certificate) if certificate else (),
        retry=body[2:34] == _RETRY,
    )


def _server_extensions(body: bytes) -> list[tuple[int, bytes]]:
    at = 38 + body[34]
    end = at + 2 + int.from_bytes(body[at : at + 2], "big") if len(body) >= at + 2 else at
    at += 2
    found: list[tuple[int, bytes]] = []
    while at + 4 <= min(end, len(body)) and len(found) < 64:
        size = int.from_bytes(body[at + 2 : at + 4], "big")
        found.append((int.from_bytes(body[at : at + 2], "big"), body[at + 4 : at + 4 + size]))
        at += 4 + size
    return found


def _selected(body: bytes) -> int:
    """The version in force: TLS 1.3 hides it in an extension."""
    if len(body) < 38 or len(body) < 38 + body[34]:
        return 0
    for kind, data in _server_extensions(body):
        if kind == 43 and len(data) == 2:
            return int.from_bytes(data, "big")
    return int.from_bytes(body[:2], "big")


def read_chain(body: bytes) -> tuple[bytes, ...]:
    """The certificates of a Certificate message of TLS 1.2 and older or of TLCP, at most 10."""
    end = min(len(body), 3 + int.from_bytes(body[:3], "big"))
    at = 3
    found: list[bytes] = []
    while at + 3 <= end and len(found) < CHAIN_MOST:
        size = int.from_bytes(body[at : at + 3], "big")
        if not size or at + 3 + size > end:
            break
        found.append(body[at + 3 : at + 3 + size])
        at += 3 + size
    return tuple(found)
