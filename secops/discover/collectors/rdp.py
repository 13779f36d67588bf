"""RDP: which security layers it accepts, its certificate, and what it tells of itself before any login.

[MS-RDPBCGR] 2.2.1.1 (X.224 connection request with RDP_NEG_REQ), [MS-CSSP] 2.2.1 (TSRequest) ended at the challenge.
"""

import struct
from collections.abc import Generator

from secops.core.model import Status, Target, Value
from secops.dial.conversation import Answer, Command, Failed, Redial, Secured, StartTls
from secops.discover.collectors import ntlm, tls
from secops.discover.collectors.exchange import asked, framed
from secops.discover.collectors.interface import Collector, Reading, Talking

LABEL = "rdp@1"
_LAYERS = {0: "rdp", 1: "tls", 2: "nla"}
"""Requested protocol -> its word: standard RDP security, TLS, CredSSP."""
_MOST = 4_096


def ask(_target: Target) -> Talking:
    """Each security layer asked for alone, the strongest first; then TLS and the first step of CredSSP."""
    facts: dict[str, Value] = {}
    accepted: list[str] = []
    understood = False
    failure = Status.PROTOCOL_ERROR
    for count, layer in enumerate(sorted(_LAYERS, reverse=True)):
        if count and isinstance((yield Redial()), Failed):
            break
        got = yield from framed(_request(layer), 4, slice(2, 4), most=_MOST, extra=-4)
        if isinstance(got, Failed):
            failure = got.status
            if not understood:
                break
            continue
        answer = _chosen(got)
        if answer is None:
            break
        understood = True
        if answer == layer:
            accepted.append(_LAYERS[layer])
            if layer and "tls.enabled" not in facts:
                facts |= yield from _inside(layer)
    if not understood:
        return Reading(LABEL, failure)
    facts |= {"service.name": "ms-wbt-server", "rdp.security": tuple(accepted)}
    return Reading(LABEL, Status.SUCCESS, facts)


def _request(layer: int) -> bytes:
    asks = struct.pack("<BBHI", 1, 0, 8, layer)
    connect = b"\xe0" + bytes(5)
    return (
        struct.pack(">BBH", 3, 0, 4 + 1 + len(connect) + len(asks))
        + bytes((len(connect) + len(asks),))
        + connect
        + asks
    )


def _chosen(frame: bytes) -> int | None:
    """The layer of a connection confirm, -1 where the server refuses; None where this is no RDP."""
    if frame[0] != 3 or len(frame) < 11 or frame[5] != 0xD0:
        return None
    if len(frame) < 19:
        return 0  # an old server: no negotiation, standard security
    kind, _flags, _size, value = struct.unpack_from("<BBHI", frame, 11)
    if kind == 2:
        return int(value)
    return -1 if kind == 3 else None


def _inside(layer: int) -> Generator[Command, Answer, dict[str, Value]]:
    shaken = yield StartTls("")
    if not isinstance(shaken, Secured):
        return {}
    facts = dict(tls.describe(shaken).facts)
    if layer == 2:
        got = yield from asked(_ts_request(ntlm.NEGOTIATE), _MOST)
        if isinstance(got, bytes):
            facts |= ntlm.challenge(got)
    return facts


def _ts_request(token: bytes) -> bytes:
    """TSRequest version 6 with one negotiation token."""
    tokens = _der(0xA1, _der(0x30, _der(0x30, _der(0xA0, _der(0x04, token)))))
    return _der(0x30, _der(0xA0, b"\x02\x01\x06") + tokens)


def _der(tag: int, value: bytes) -> bytes:
    return bytes((tag, len(value))) + value if len(value) < 128 else bytes((tag, 0x81, len(value))) + value


COLLECTOR = Collector(
    "rdp",
    1,
    "远程桌面的安全层、证书与主机自述（不登录）",
    "RDP security layers, certificate, what the host tells before login",
    ("X.224 CR nla | tls | rdp", "TLS ClientHello", "CredSSP NTLMSSP_NEGOTIATE"),
    frozenset({3389}),
    ask=ask,
)
