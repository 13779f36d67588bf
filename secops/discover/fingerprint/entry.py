"""What a fingerprint is: a technology, and the ways in which it shows."""

import re
from dataclasses import dataclass, field
from typing import Final

CATEGORIES: Final = frozenset(
    {
        "web-server", "middleware", "language", "framework", "javascript", "cms", "government", "oa", "erp", "bi",
        "mail", "database", "cache", "queue", "search", "storage", "monitoring", "devops", "configuration",
        "virtualisation", "container", "panel", "security", "network", "camera", "printer", "industrial", "identity",
        "collaboration", "remote-access", "big-data",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Sign:
    """One way a technology shows; every part that is given must hold. Texts are in lower case, found anywhere."""

    server: str = ""
    """In the Server header."""
    headers: tuple[tuple[str, str], ...] = ()
    """Header name and what is in its value; an empty text: the header is there."""
    cookie: str = ""
    """Name of a cookie that is set; with `*` at its end the beginning of one."""
    title: str = ""
    generator: str = ""
    location: str = ""
    """In the address of a redirect."""
    realm: str = ""
    """In WWW-Authenticate."""
    icon: int | None = None
    """Hash of the icon, as `http.favicon_hash`."""
    body: tuple[str, ...] = ()
    """All of these are in the page."""
    version: re.Pattern[str] | None = None
    """Where the version stands in what the first part given was found in; of the page 300 characters from there on."""


@dataclass(frozen=True, slots=True)
class Technology:
    """A product, a framework, a device, and what it implies."""

    name: str
    category: str
    signs: tuple[Sign, ...]
    vendor: str = ""
    product: str = ""
    """`service.product` where the Server header does not say better; of a server (see `server`) it always counts."""
    server: bool = False
    """It is what answers on the port, not what runs inside."""
    device: str = ""
    """`service.device_type`, in nmap's words."""
    cpe: str = ""
    """`part:vendor:product` of CPE 2.2, as `a:apache:tomcat`."""
    domestic: bool = False
    """Made in China (信创 reviews ask for it)."""
    implies: tuple[str, ...] = ()
    """Names of other technologies of the set that must then be there."""
    source: str = ""
    """Where the signs come from."""
    verified: bool = False
    """Somebody saw the signs on the real product; otherwise 未核实."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What one reply shows, as signs are compared with it: everything in lower case."""

    title: str = ""
    generator: str = ""
    cookies: tuple[str, ...] = ()
    body: bytes = b""
    icon: int | None = None
    values: dict[str, str] = field(default_factory=dict)
    """Header name -> all its values joined."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A technology that shows; `by` names the part it was told by."""

    technology: Technology
    version: str = ""
    by: str = ""

    def told(self) -> dict[str, object]:
        """The hit as bounded JSON, for what stands beside the facts."""
        each = self.technology
        said: dict[str, object] = {"name": each.name, "category": each.category, "by": self.by}
        cpe = f"cpe:/{each.cpe}{':' + self.version if self.version else ''}" if each.cpe else ""
        more = {"version": self.version, "vendor": each.vendor, "cpe": cpe}
        said |= {key: value for key, value in more.items() if value}
        if each.domestic:
            said["domestic"] = True
        if not each.verified:
            said["verified"] = False
        return said
