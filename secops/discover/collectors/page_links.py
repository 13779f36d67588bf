"""Which other sites a page points at: absolute addresses in href, src and action. Hosts only, never paths."""

import re
from ipaddress import ip_address

LINKS_MOST = 50
_PLACES_MOST = 3_000
_ATTRIBUTES = (b"href", b"src", b"action", b"data", b"url")
"""What stands before the address; `url` is that of a refresh."""
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
    seen: set[tuple[str, bytes]] = set()
    at = lowered.find(b"//")
    for _ in range(_PLACES_MOST):
        if at < 0 or len(found) >= LINKS_MOST:
            break
        if meant := _scheme(lowered[max(0, at - 24) : at], scheme):
            match = _AUTHORITY.match(lowered, at + 2, at + 520)
            if match is not None and (meant, match[0]) not in seen:
                seen.add((meant, match[0]))
                if origin := _origin(match[1], match[2] or b"", meant, own):
                    found.setdefault(origin)
        at = lowered.find(b"//", at + 2)
    return tuple(found)


def _scheme(before: bytes, own: str) -> str:
    """The scheme of the address that begins here, if an attribute names it; else empty."""
    scheme = own
    if before.endswith(b":"):
        scheme = "http" if before.endswith(b"http:") else "https" if before.endswith(b"https:") else ""
        before = before[: -len(scheme) - 1]
    rest = before.rstrip(b" \t\r\n\"'")
    return scheme if rest.endswith(b"=") and rest[:-1].rstrip().endswith(_ATTRIBUTES) else ""


def _origin(name: bytes, number: bytes, scheme: str, own: str) -> str:
    host = _host(name)
    if not host or host == own.lower().strip("[]"):
        return ""
    port = int(number) if number else _PORTS[scheme]
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
