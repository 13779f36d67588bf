"""Natural keys: an address, a network, a URL origin and an open port are their own.

A machine (host) has none and is known by its marks: which identify is told by rules (`marks`), who is who by
`machines`.
"""

from typing import Final
from urllib.parse import urlsplit

from secops.core.address import number
from secops.core.model import Kind, Observation, Target, Transport, entity_id

_DEFAULT_PORTS: Final = {"http": 80, "https": 443}
PAGES = frozenset({"http", "http+hop", "httpx", "zgrab2+http", "passive+http"})
"""Looks that tell of a web page: websites come of them."""
HELLO = "tls+hello"
"""A sweep's look at a certificate: a full handshake that comes later ends what it said, and knows more."""
TLS = ("tls", "tls+offer", HELLO)


def bracketed(host: str) -> str:
    """The host as it stands before a port: IPv6 in brackets."""
    return f"[{host}]" if ":" in host else host


def service_key(address: str, port: int, transport: Transport | str = Transport.TCP) -> str:
    """The key of an open port."""
    return f"{bracketed(address)}:{port}/{transport}"


def website_key(scheme: str, host: str, port: int) -> str:
    """The key of a website: its origin with the port always written."""
    return f"{scheme}://{bracketed(host.lower().rstrip('.'))}:{port}"


def website_key_of(url: str) -> str:
    """The key of the website this URL lies in. Raises ValueError for what is no http or https URL."""
    parts = urlsplit(url.strip() if "//" in url else f"http://{url.strip()}")
    if parts.scheme not in _DEFAULT_PORTS or not parts.hostname or parts.username is not None:
        raise ValueError(f"no http or https origin: {url[:80]!r}")
    return website_key(parts.scheme, parts.hostname, parts.port or _DEFAULT_PORTS[parts.scheme])


def ip_id(site: str, address: str) -> str:
    """The id of the ip asset of this address."""
    return entity_id(site, Kind.IP, address)


def service_id(site: str, target: Target) -> str:
    """The id of the service at this address and port, whatever the name asked for."""
    return entity_id(site, Kind.SERVICE, service_key(target.address, target.port, target.transport))


def is_asset(address: str) -> bool:
    """Whether the address can be an asset: not multicast, unspecified or the limited broadcast. Raises ValueError."""
    place = number(address)
    four = place - 0xFFFF_0000_0000
    if 0 <= four <= 0xFFFF_FFFF:
        return 0 < four >> 24 < 224 and four != 0xFFFF_FFFF
    return place > 0 and place >> 120 != 0xFF


def website_id(seen: Observation, *, encrypted: bool) -> str:
    """The id of the website that this is a look at."""
    target = seen.target
    key = website_key("https" if encrypted else "http", target.name or target.address, target.port)
    return entity_id(seen.site, Kind.WEBSITE, key)
