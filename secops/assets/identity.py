"""What makes two sights one asset: natural keys, strong identifiers, and the things that never identify anything.

An address, a network, a URL origin and an open port are their own keys. A machine (host) is known by a
strong identifier only: an SSH host key or a global unicast MAC. Addresses, names, banners, icons and certificates
(wildcard and default ones above all) are no identity.
"""

import re
from typing import Final
from urllib.parse import urlsplit

from secops.core.address import number
from secops.core.model import Kind, Observation, Target, Transport, entity_id

MANY: Final = 3
"""More live addresses than this with one identifier: it is shared (cloned images, clusters) and proves nothing."""

_MAC = re.compile(r"[0-9a-f]{12}")
_VIRTUAL: Final = (
    "00005e0001", "00005e0002",  # VRRP, RFC 5798
    "00000c07ac", "00000c9ff", "0005735fa",  # HSRP versions 1 and 2, IPv6
    "0007b4",  # GLBP
    "000569", "000c29", "001c14", "005056",  # VMware: cloned with the image
    "00155d", "080027", "525400", "0a0027", "001c42",  # Hyper-V, VirtualBox, QEMU, Parallels
    "0242",  # Docker
    "000000000000", "ffffffffffff",
)  # fmt: skip
_HOST_KEY = re.compile(r"SHA256:[A-Za-z0-9+/]{43}")
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


def mac(text: str) -> str:
    """The MAC as `aa:bb:cc:dd:ee:ff` if it identifies one machine, else nothing."""
    digits = re.sub(r"[^0-9a-f]", "", text.lower())
    if not _MAC.fullmatch(digits) or digits.startswith(_VIRTUAL):
        return ""
    if int(digits[:2], 16) & 0b11:  # group, or locally administered
        return ""
    return ":".join(digits[at : at + 2] for at in range(0, 12, 2))


def host_key(mark: str) -> str:
    """The SSH host key's fingerprint if it is one, else nothing."""
    return mark if _HOST_KEY.fullmatch(mark) else ""


def is_asset(address: str) -> bool:
    """Whether the address can be an asset: not multicast, unspecified or the limited broadcast. Raises ValueError."""
    place = number(address)
    four = place - 0xFFFF_0000_0000
    if 0 <= four <= 0xFFFF_FFFF:
        return 0 < four >> 24 < 224 and four != 0xFFFF_FFFF
    return place > 0 and place >> 120 != 0xFF


def identifiers(facts_key: object, facts_mac: object) -> tuple[str, ...]:
    """Strong identifiers in a look's facts, best first: `ssh:SHA256:…`, `mac:…`."""
    keys = facts_key if isinstance(facts_key, tuple) else ()
    macs = facts_mac if isinstance(facts_mac, tuple) else ()
    found = [f"ssh:{host_key(str(each))}" for each in sorted(map(str, keys)) if host_key(str(each))]
    return (*found, *(f"mac:{mac(str(each))}" for each in sorted(map(str, macs)) if mac(str(each))))


def touches(entry: Observation) -> set[str]:
    """Ids of the entities this observation may concern: what `merge` wants to know beforehand."""
    site, target = entry.site, entry.target
    found = {ip_id(site, target.address)}
    if target.port:
        found.add(service_id(site, target))
        base = entry.base
        if base in TLS or base in PAGES:
            host = target.name or target.address
            found.update(
                entity_id(site, Kind.WEBSITE, website_key(scheme, host, target.port)) for scheme in ("http", "https")
            )
    found.update(
        entity_id(site, Kind.HOST, each)
        for each in identifiers(entry.facts.get("ssh.host_key"), entry.facts.get("host.mac"))
    )
    return found
