"""The filters that people put to an inventory, each with who asks it and why; and some that nobody prepares for."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Asked:
    """One filter, of services where only they have its fields."""

    query: str
    why: str
    services: bool = False


USUAL = (
    Asked("", "the front page of the inventory"),
    Asked("kind:website", "the list of websites, the first sheet every unit is asked for"),
    Asked("kind:system", "the list of systems"),
    Asked("net:10.0.5.0/24", "who sits in the subnet an alarm came from"),
    Asked("ip:10.3.7.9", "whose address is it"),
    Asked("org:财政局", "what belongs to a unit"),
    Asked("state:gone", "what vanished"),
    Asked("declared:false kind:website", "websites that nobody registered"),
    Asked("kind:host os:CentOS", "machines whose system is out of support"),
    Asked("kind:device vendor:海康威视", "cameras of a maker an advisory names"),
    Asked("grade>=3", "what belongs to systems of level three and more"),
    Asked("tag:关基", "critical information infrastructure"),
    Asked("title:登录 kind:website", "pages with a login, for weak passwords"),
    Asked("ports:3306", "addresses with a database open"),
    Asked("seen>30d", "not seen for a month"),
    Asked("port:6379 state:active", "Redis in use, after an advisory", services=True),
    Asked("service:ssh version<8", "old SSH", services=True),
    Asked("product:nginx version<1.20", "old nginx", services=True),
    Asked("tls:true expires<2026-12-31", "certificates that run out this year", services=True),
    Asked("issuer:localhost", "certificates nobody issued", services=True),
)
"""Twenty, first page of fifty."""

OTHER = (
    Asked("title:*预算*财政* status:403", "two words somewhere in a title", services=True),
    Asked("banner:*ready* -service:ssh zone:视频专网", "a word in a greeting", services=True),
    Asked("tls.fingerprint:*00ff*", "a piece of a digest", services=True),
    Asked("http.headers:set-cookie -http.cookies_insecure:JSESSIONID", "sets of names", services=True),
    Asked("kind:ip -ports:443 -ports:80 ports:22 -org:*", "what has this and not that"),
    Asked("name:*水情* -org:水务局", "a word in a name, not of a unit"),
    Asked("mac:00:1b:21:0a*", "the beginning of a MAC address"),
    Asked("on:(kind:ip zone:办公区) kind:website", "websites on addresses of a zone"),
    Asked("services:(service:redis) -org:*", "addresses nobody owns that run Redis"),
    Asked("owner.phone:13800012345", "one value in a million that no index has"),
)
"""Whatever comes to mind; no index is made for these."""

FACETS = (
    ("http.server", True), ("port", True), ("service.name", True), ("service.version", True), ("tls.issuer", True),
    ("http.technologies", True), ("http.headers", True), ("seen.age", True),
    ("kind", False), ("org.name", False), ("system.grade", False),
    ("services.names", False), ("services.ports", False), ("host.os", False), ("state", False),
)  # fmt: skip
"""Field, and whether of services."""
