"""SMB: the versions a server speaks, whether it demands signing, and what it says of itself before any login.

[MS-SMB2] 2.2.3 NEGOTIATE and 2.2.5 SESSION_SETUP (ended at the server's challenge); [MS-CIFS] 2.2.4.52 for SMB 1.
"""

import struct
from collections.abc import Generator

from secops.core.model import Status, Target, Value
from secops.dial.conversation import Answer, Command, Failed, Redial
from secops.discover.collectors import ntlm
from secops.discover.collectors.exchange import framed
from secops.discover.collectors.interface import Collector, Reading, Talking

LABEL = "smb@1"
_MOST = 65_536
_DIALECTS = {0x0202: "2.0.2", 0x0210: "2.1", 0x0300: "3.0", 0x0302: "3.0.2", 0x0311: "3.1.1"}
_SIGNING_REQUIRED = 2
_OID_SPNEGO = bytes.fromhex("06062b0601050502")
_OID_NTLM = bytes.fromhex("060a2b06010401823702020a")


def ask(_target: Target) -> Talking:
    """Each version alone, newest first; then SMB 1; with the newest spoken, the challenge of a session never begun."""
    facts: dict[str, Value] = {}
    spoken: list[str] = []
    failure = Status.PROTOCOL_ERROR
    for count, dialect in enumerate(sorted(_DIALECTS, reverse=True)):
        if count and isinstance((yield Redial()), Failed):
            break
        got = yield from framed(_negotiate(dialect), 4, slice(1, 4), most=_MOST)
        if isinstance(got, Failed):
            failure = got.status
            if not spoken and got.status in {Status.TIMEOUT, Status.PROTOCOL_ERROR}:
                break  # not SMB 2 at all: the other versions would only wait again
            continue
        mode = _agreed(got, dialect)
        if mode is None:
            continue
        if not spoken:
            facts["smb.signing_required"] = bool(mode & _SIGNING_REQUIRED)
            facts |= yield from _session()
        spoken.append(_DIALECTS[dialect])
    if not isinstance((yield Redial()), Failed):
        old = yield from framed(_negotiate_smb1(), 4, slice(1, 4), most=_MOST)
        if isinstance(old, bytes) and old[4:9] == b"\xffSMBr" and old[9:13] == bytes(4) and old[37:39] == b"\0\0":
            spoken.append("1.0")
    if not spoken:
        return Reading(LABEL, failure)
    facts |= {"service.name": "microsoft-ds", "smb.dialects": tuple(spoken)}
    return Reading(LABEL, Status.SUCCESS, facts)


def _agreed(frame: bytes, dialect: int) -> int | None:
    """The security mode of an answer that agrees on this dialect; None for any other answer."""
    if len(frame) < 4 + 64 + 6 or frame[4:8] != b"\xfeSMB" or frame[12:16] != bytes(4):
        return None
    _size, mode, spoken = struct.unpack_from("<HHH", frame, 4 + 64)
    return int(mode) if spoken == dialect else None


def _session() -> Generator[Command, Answer, dict[str, Value]]:
    """Begin SESSION_SETUP, read the challenge, leave it there."""
    got = yield from framed(_setup(), 4, slice(1, 4), most=_MOST)
    return ntlm.challenge(got) if isinstance(got, bytes) else {}


def _frame(message: bytes) -> bytes:
    return struct.pack(">I", len(message)) + message


def _header(command: int, number: int) -> bytes:
    head = struct.pack("<4sHHIHHIIQIIQ", b"\xfeSMB", 64, 1, 0, command, 1, 0, 0, number, 0, 0, 0)
    return head + bytes(16)


def _negotiate(dialect: int) -> bytes:
    """One dialect; 3.1.1 with its preauthentication and encryption contexts."""
    contexts = b""
    place, count = 0, 0
    if dialect == 0x0311:
        integrity = struct.pack("<HHIHHH", 1, 38, 0, 1, 32, 1) + bytes(32)
        encryption = struct.pack("<HHIHHH", 2, 6, 0, 2, 2, 1)
        contexts = integrity + bytes(-len(integrity) % 8) + encryption
        place, count = 64 + 36 + 2 + 2, 2
    body = struct.pack("<HHHHI", 36, 1, 1, 0, 0x7F) + bytes(16)
    body += struct.pack("<IHH", place, count, 0) if count else bytes(8)
    body += struct.pack("<H", dialect)
    return _frame(_header(0, 0) + body + (bytes(2) + contexts if count else b""))


def _setup() -> bytes:
    token = _der(0x60, _OID_SPNEGO + _der(0xA0, _der(0x30, _der(0xA0, _der(0x30, _OID_NTLM))
                 + _der(0xA2, _der(0x04, ntlm.NEGOTIATE)))))  # fmt: skip
    body = struct.pack("<HBBIIHHQ", 25, 0, 1, 0, 0, 64 + 24, len(token), 0)
    return _frame(_header(1, 1) + body + token)


def _der(tag: int, value: bytes) -> bytes:
    size = len(value)
    return bytes((tag, size)) + value if size < 128 else bytes((tag, 0x81, size)) + value


def _negotiate_smb1() -> bytes:
    head = b"\xffSMBr" + bytes(4) + b"\x18\x01\x28" + bytes(12) + struct.pack("<HHHH", 0, 0x2F4B, 0, 0xC55E)
    dialects = b"\x02NT LM 0.12\0"
    return _frame(head + struct.pack("<BH", 0, len(dialects)) + dialects)


COLLECTOR = Collector(
    "smb",
    1,
    "SMB 版本、签名要求与主机自述（不登录）",
    "SMB versions, signing, what the host tells before login",
    (
        f"SMB2 NEGOTIATE {' | '.join(sorted(_DIALECTS.values(), reverse=True))}",
        "SMB2 SESSION_SETUP NTLMSSP_NEGOTIATE",
        "SMB1 NEGOTIATE NT LM 0.12",
    ),
    frozenset({445}),
    ask=ask,
)
