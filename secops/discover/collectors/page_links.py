"""Which other sites a page points at: absolute addresses in href, src and action. Hosts only, never paths."""

import re
from ipaddress import ip_address

LINKS_MOST = 50
_PLACES_MOST = 3_000
_BEFORE = re.compile(rb"(?:href|src|action|data|content)\s{0,4}=\s{0,4}[\"']?\s{0,4}(?:\d{1,3};\s?url=)?(https?:|)\Z")
_AUTHORITY = re.compile(
    rb"(?:[^@/?#\"'<>\s\\]{0,200}@)?(\[[0-9a-f:.]{2,45}\]|[^/?#\"'<>\s\\:@\[\]]{1,253})(?::(\d{1,5}))?(?=[/?#\"'>\s\\]|\Z)"
)
_NAME = re.compile(r"(?=.{1,253}\Z)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z0-9-]{2,63}\Z")
_PORTS = {"http": 80, "https": 443}


def links(lowered: bytes, scheme: str, own: str) -> tuple[str, ...]:
    """Origins (`https://host`, the port only where unusual) the page points at, other than `own`, at most 50.

    `lowered` is the page in lower case; `scheme` is what `//host/` means here; `own` the host name the page came from.
    """
    found: dict[str, None] = {}
    at = lowered.find(b"//")
    for _ in range(_PLACES_MOST):
        if at < 0:
            break
        before = _BEFORE.search(lowered, max(0, at - 40), at)
        if before is not None and (origin := _origin(lowered, at + 2, before[1][:-1].decode() or scheme, own)):
            found.setdefault(origin)
            if len(found) >= LINKS_MOST:
                break
        at = lowered.find(b"//", at + 2)
    return tuple(found)


def _origin(lowered: bytes, at: int, scheme: str, own: str) -> str:
    match = _AUTHORITY.match(lowered, at, at + 520)
    if match is None:
        return ""
    host = _host(match[1])
    if not host or host == own.lower().strip("[]"):
        return ""
    port = int(match[2]) if match[2] else _PORTS[scheme]
    if not 0 < port < 65_536:
        return ""
    shown = f"[{host}]" if ":" in host else host
    return f"{scheme}://{shown}" + ("" if port == _PORTS[scheme] else f":{port}")


def _host(data: bytes) -> str:
    """A canonical address or a name; Chinese names in their ASCII form; empty for what is neither."""
    try:
        text = data.decode().strip("[]").rstrip(".")
        if not text.isascii():
            text = text.encode("idna").decode()
    except (UnicodeError, ValueError):
        return ""
    if _NAME.match(text) and not text.rpartition(".")[2].isdigit():
        return text
    try:
        return str(ip_address(text))
    except ValueError:
        return ""
