"""What servers say at the beginning of a TCP conversation, read off the wire: TLS, HTTP, SSH. Bytes in, facts out.

Sources: RFC 8446, 5246 (handshake), JA3S (salesforce/ja3, BSD), RFC 9112, RFC 4253.
"""

import re
from dataclasses import dataclass, field
from hashlib import md5
from typing import Final

from secops.core.model import Value
from secops.intake import words

OPENING_MOST: Final = 24_576
"""Bytes of a conversation's beginning that are looked at in each direction."""
_CERTIFICATES_MOST: Final = 10
_VERSIONS: Final = {0x0300: "SSLv3", 0x0301: "TLSv1", 0x0302: "TLSv1.1", 0x0303: "TLSv1.2", 0x0304: "TLSv1.3"}
_REQUEST: Final = re.compile(rb"(?:GET|POST|HEAD|PUT|OPTIONS|DELETE|PATCH|CONNECT) \S{1,4096} HTTP/1\.[01]\r?\n")
_STATUS: Final = re.compile(rb"HTTP/1\.[01] (\d{3})[ \r\n]")
_SOFTWARE: Final = re.compile(r"SSH-[\d.]+-([A-Za-z]\w*?)[_-](\d[\w.]*)")


@dataclass(slots=True)
class Tls:
    """What a server's flight says; `chain` holds its certificates where they went in the clear (TLS 1.2 and before)."""

    facts: dict[str, Value] = field(default_factory=dict)
    chain: tuple[bytes, ...] = ()
    whole: bool = False
    """Nothing more is to be learnt from this flight."""


def handshake(data: bytes) -> tuple[bytes, bool]:
    """The handshake messages inside TLS records, and whether records of another kind follow."""
    found, at = bytearray(), 0
    while at + 5 <= len(data):
        kind, length = data[at], int.from_bytes(data[at + 3 : at + 5], "big")
        if kind != 22 or data[at + 1] != 3 or length > 18_432:
            return bytes(found), True
        found += data[at + 5 : at + 5 + length]
        at += 5 + length
    return bytes(found), False


def server_name(data: bytes) -> str | None:
    """The name a ClientHello asks for, nothing where it names none; None for what is no ClientHello."""
    held, _ = handshake(data)
    if len(held) < 40 or held[0] != 1:
        return None
    at = 38
    at += 1 + held[at]
    at += 2 + int.from_bytes(held[at : at + 2], "big")
    if at >= len(held):
        return None
    at += 1 + held[at]
    for kind, value in _extensions(held, at, len(held)):
        if kind == 0 and len(value) > 5 and value[2] == 0:
            return words.hostname(value[5 : 5 + int.from_bytes(value[3:5], "big")].decode("ascii", "replace"))
    return ""


def _extensions(data: bytes, at: int, end: int) -> list[tuple[int, bytes]]:
    found: list[tuple[int, bytes]] = []
    bound = min(end, at + 2 + int.from_bytes(data[at : at + 2], "big"))
    at += 2
    while at + 4 <= bound and len(found) < 64:
        length = int.from_bytes(data[at + 2 : at + 4], "big")
        found.append((int.from_bytes(data[at : at + 2], "big"), data[at + 4 : at + 4 + length]))
        at += 4 + length
    return found


def server_flight(data: bytes) -> Tls | None:
    """A server's first flight as far as it came; None for what is none."""
    held, over = handshake(data)
    if len(held) < 42 or held[0] != 2:
        return None
    size = int.from_bytes(held[1:4], "big")
    version, at = int.from_bytes(held[4:6], "big"), 38
    at += 1 + held[at]
    if at + 3 > len(held) or size > 4_096:
        return None
    suite = int.from_bytes(held[at : at + 2], "big")
    extensions = _extensions(held, at + 3, 4 + size) if at + 5 <= min(len(held), 4 + size) else []
    spoken = next((int.from_bytes(v[:2], "big") for k, v in extensions if k == 43), version)
    marks = f"{version},{suite},{'-'.join(str(kind) for kind, _ in extensions)}"
    tls = Tls({"tls.enabled": True, "tls.cipher": f"0x{suite:04x}"})
    if len(held) >= 4 + size:
        tls.facts["tls.ja3s"] = md5(marks.encode(), usedforsecurity=False).hexdigest()
    if spoken in _VERSIONS:
        tls.facts["tls.version"] = _VERSIONS[spoken]
    place = 4 + size
    if spoken == 0x0304 or over:
        tls.whole = True
    while place + 4 <= len(held):
        kind, length = held[place], int.from_bytes(held[place + 1 : place + 4], "big")
        body = held[place + 4 : place + 4 + length]
        if len(body) < length:
            break
        if kind == 11:
            tls.chain = _certificates(body)
            tls.whole = True
        elif kind == 14:
            tls.whole = True
        place += 4 + length
    return tls


def _certificates(body: bytes) -> tuple[bytes, ...]:
    found: list[bytes] = []
    at = 3
    while at + 3 <= len(body) and len(found) < _CERTIFICATES_MOST:
        length = int.from_bytes(body[at : at + 3], "big")
        if not length or at + 3 + length > len(body):
            break
        found.append(body[at + 3 : at + 3 + length])
        at += 3 + length
    return tuple(found)


def request(data: bytes) -> tuple[str, str] | None:
    """Host and User-Agent of an HTTP request; None for what is none."""
    if _REQUEST.match(data, 0, 4_200) is None:
        return None
    headers = _headers(data)
    return words.hostname(headers.get("host", "").partition(":")[0]), words.clean(headers.get("user-agent", ""), 200)


def response(data: bytes) -> tuple[int, dict[str, Value]] | None:
    """Status and facts of an HTTP response's head; None for what is none or not whole yet."""
    found = _STATUS.match(data)
    if found is None or (b"\r\n\r\n" not in data and b"\n\n" not in data and len(data) < 8_192):
        return None
    headers = _headers(data)
    status = int(found[1])
    facts: dict[str, Value] = {"service.name": "http", "http.status_code": status, "tls.enabled": False}
    for name, place in (("server", "http.server"), ("x-powered-by", "http.powered_by"), ("location", "http.location")):
        if text := words.clean(headers.get(name, "")):
            facts[place] = text
    facts |= words.product(str(facts.get("http.server", "")))
    return status, facts


def _headers(data: bytes) -> dict[str, str]:
    found: dict[str, str] = {}
    for line in data[:8_192].partition(b"\r\n\r\n")[0].split(b"\n")[1:101]:
        name, colon, value = line.partition(b":")
        if colon:
            found.setdefault(name.strip().decode("latin-1").lower(), value.strip().decode("utf-8", "replace"))
    return found


def ssh(data: bytes) -> dict[str, Value] | None:
    """Facts of an SSH server's identification line; None for what is none or not whole yet."""
    if not data.startswith(b"SSH-") or b"\n" not in data[:256]:
        return None
    said = words.clean(data[:256].partition(b"\n")[0].decode("utf-8", "replace"), 255)
    facts: dict[str, Value] = {"service.name": "ssh", "service.banner": said}
    if found := _SOFTWARE.match(said):
        facts |= {"service.product": found[1], "service.version": found[2]}
    return facts
