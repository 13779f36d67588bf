"""What two more polite looks at a site say: /robots.txt (RFC 9309) and /.well-known/security.txt (RFC 9116)."""

from collections.abc import Mapping

from secops.core.model import Value
from secops.discover.collectors.interface import bounded, clean, decoded

ROBOTS, SECURITY = "/robots.txt", "/.well-known/security.txt"
_READ_MOST = 65_536
_LINES_MOST = 2_000
_KEPT_MOST = 30
_FIELDS = frozenset(
    {"expires", "policy", "canonical", "preferred-languages", "encryption", "acknowledgments", "hiring"}
)
Said = tuple[dict[str, Value], dict[str, object]]


def is_site(status: int, content_type: str, body: bytes) -> bool:
    """Did the front page answer as a site that people visit, rather than as an interface or an error?"""
    if 300 <= status < 400:
        return True
    return status < 300 and ("html" in content_type.lower() or body[:512].lstrip()[:1] == b"<")


def robots(status: int, body: bytes) -> Said:
    """Is there a robots.txt, and what does it ask robots to leave alone?"""
    if status in {404, 410}:
        return {"http.robots": False}, {}
    if status != 200 or not body:
        return {}, {}
    if _is_page(body):
        return {"http.robots": False}, {}
    rules = [(name, value) for name, value in _lines(body) if name in {"user-agent", "disallow", "allow", "sitemap"}]
    if not rules:
        return {"http.robots": False}, {}
    hidden = bounded([value.partition("#")[0] for name, value in rules if name == "disallow"], _KEPT_MOST)
    return {"http.robots": True}, ({"robots_disallow": hidden} if hidden else {})


def security(status: int, body: bytes) -> Said:
    """Whom to tell of a vulnerability; nothing where the file is missing or is a page in disguise."""
    if status != 200 or not body or _is_page(body):
        return {}, {}
    fields = list(_lines(body))
    contacts = bounded([value for name, value in fields if name == "contact"], 20)
    if not contacts:
        return {}, {}
    more: dict[str, object] = {}
    for name, value in fields:
        if name in _FIELDS:
            more.setdefault(name, clean(value, 200))
    return {"http.security_txt": contacts}, ({"security_txt": more} if more else {})


def _is_page(body: bytes) -> bool:
    """By the bytes, not by Content-Type: servers without a table of types call every file text/html."""
    return body[:512].removeprefix(b"\xef\xbb\xbf").lstrip()[:1] in {b"<", b"{"}


def _lines(body: bytes) -> list[tuple[str, str]]:
    """`Name: value` lines; those that begin with `#` are comments."""
    found = []
    for line in decoded(body[:_READ_MOST]).removeprefix("\ufeff").splitlines()[:_LINES_MOST]:
        name, colon, value = line.partition(":")
        if colon and value.strip() and not name.lstrip().startswith("#"):
            found.append((name.strip().lower(), value.strip()))
    return found


def merged(facts: Mapping[str, Value], extra: Mapping[str, object], said: Said) -> Said:
    """Facts and extra of a reading with what a further look adds."""
    return {**facts, **said[0]}, {**extra, **said[1]}
