"""HTTP: one GET each of the front page and the icon, of a site also of robots.txt and security.txt.

Nothing compressed is asked for, no redirect is followed here.
"""

import hashlib
import re
from collections.abc import Generator
from functools import lru_cache

from secops.core.model import Status, Target, Value
from secops.dial.conversation import Answer, Command, Failed, Receive, Received, Redial, Send
from secops.discover.collectors import page_looks
from secops.discover.collectors.favicon import favicon_hash
from secops.discover.collectors.http_reply import BODY_MOST, HEAD_MOST, Head, parse_head, unchunk
from secops.discover.collectors.interface import BANNER_MOST, Collector, Reading, Talking, bounded, clean
from secops.discover.collectors.page import read_page
from secops.discover.collectors.tls import secure
from secops.discover.fingerprint.entry import Hit
from secops.discover.fingerprint.shelf import SHELF, facts_of, seen_of

LABEL = "http@1"
AGENT = "secops (authorised inventory)"
ICON_MOST = 131_072
_SECONDS = 8.0
_PRODUCT = re.compile(r"([A-Za-z][A-Za-z0-9 ._+-]{0,60}?)(?:[/ ]v?(\d[A-Za-z0-9._+-]{0,40}))?(?=$|[ (;,])")


def exchange(target: Target, path: str = "/") -> Generator[Command, Answer, tuple[Head | None, bytes, Status, bytes]]:
    """One GET on the connection as it stands: head, body as far as it came, status, first bytes as read."""
    sent = yield Send(request(target, path))
    if isinstance(sent, Failed):
        return None, b"", sent.status, b""
    got = yield _HEAD
    if not isinstance(got, Received):
        return None, b"", got.status if isinstance(got, Failed) else Status.PROTOCOL_ERROR, b""
    data = got.data
    head = parse_head(data)
    if head is None:
        status = Status.CLOSED_EARLY if not data else Status.PROTOCOL_ERROR
        return None, b"", status, data[:BANNER_MOST]
    split = -1 if data.endswith(b"\r\n\r\n") else data.find(b"\n\n")
    start = data[:BANNER_MOST]
    length = head.length
    if head.status in {204, 304} or (length == 0 and not head.chunked):
        return head, b"", Status.SUCCESS, start
    begun = data[split + 2 :] if split >= 0 else b""
    if head.chunked or length is None or begun or got.ended:
        body, status = yield from _body(None if head.chunked else length, begun, chunked=head.chunked, ended=got.ended)
        return head, body, status, start
    answer = yield Receive(min(length, BODY_MOST), _SECONDS, _UNTIL_END)
    body = answer.data if isinstance(answer, Received) else b""
    whole = isinstance(answer, Received) and (answer.ended or len(body) == length < BODY_MOST)
    return head, body, Status.SUCCESS if whole else Status.LIMIT, start


def _body(
    length: int | None, begun: bytes, *, chunked: bool, ended: bool
) -> Generator[Command, Answer, tuple[bytes, Status]]:
    """The body as far as it comes: `length` bytes, whole chunks, or until the peer ends."""
    data = bytearray(begun)
    wanted = BODY_MOST if length is None else min(length, BODY_MOST)
    status = Status.SUCCESS
    while not ended and len(data) < wanted:
        if chunked and unchunk(bytes(data))[1]:
            break
        answer = yield Receive(wanted - len(data), _SECONDS, b"\r\n0\r\n\r\n" if chunked else _UNTIL_END)
        if not isinstance(answer, Received):
            status = Status.LIMIT
            break
        data += answer.data
        ended = answer.ended or not answer.data
        if not ended and len(data) < wanted and not (chunked and unchunk(bytes(data))[1]):
            status = Status.LIMIT  # the time ran out, not the page
            break
    if len(data) >= BODY_MOST:
        status = Status.LIMIT
    body = bytes(data[:BODY_MOST])
    return unchunk(body)[0] if chunked else body, status


_HEAD = Receive(HEAD_MOST, _SECONDS, b"\r\n\r\n")
_UNTIL_END = b"\x00\xff\x00 never sent \xff\x00\xff"
"""A mark no page holds: reads on until enough, the end, or the time."""


def request(target: Target, path: str) -> bytes:
    """The GET that is sent; HTTP/1.1, the connection closed after it, no compression."""
    host = target.name or (f"[{target.address}]" if ":" in target.address else target.address)
    host = host if target.port in {80, 443} else f"{host}:{target.port}"
    return (
        f"GET {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: {AGENT}\r\nAccept: */*\r\n"
        "Accept-Encoding: identity\r\nConnection: close\r\n\r\n"
    ).encode("ascii", "replace")


def describe(head: Head, body: bytes, status: Status, *, tls: bool, host: str = "") -> Reading:
    """The reading of one reply; `host` is whom the page came from, for the links to others."""
    page = read_page(body, head.first("content-type"), "https" if tls else "http", host)
    facts: dict[str, Value] = {
        "service.name": "http",
        "tls.enabled": tls,
        "http.status_code": head.status,
        "http.body_sha256": hashlib.sha256(body).hexdigest(),
        "http.headers": _names(head.names),
        "http.cookies_insecure": _insecure(head.all("set-cookie"), tls=tls),
        **page.facts,
    }
    if tls:
        facts["http.hsts"] = bool(head.first("strict-transport-security"))
    if server := clean(head.first("server")):
        facts["http.server"] = server
        facts |= _product(server)
    if powered := clean(head.first("x-powered-by")):
        facts["http.powered_by"] = powered
    location = head.first("location") if 300 <= head.status < 400 else ""
    if location:
        facts["http.location"] = clean(location)
    extra: dict[str, object] = {"bytes": len(body), **page.extra}
    if realm := clean(head.first("www-authenticate"), 200):
        extra["authenticate"] = realm
        facts["service.auth_required"] = True
    title, generator = str(facts.get("http.title", "")), str(facts.get("http.generator", ""))
    _name(facts, extra, SHELF.match(seen_of(head.headers, title, generator, page.lowered)))
    return Reading(LABEL, status, facts, extra, location[:2_048])


@lru_cache(maxsize=1_024)
def _product(server: str) -> dict[str, Value]:
    found = _PRODUCT.match(server)
    if found is None:
        return {}
    facts: dict[str, Value] = {"service.product": clean(found[1], 64)}
    if found[2]:
        facts["service.version"] = clean(found[2], 64)
    return facts


@lru_cache(maxsize=1_024)
def _names(names: tuple[str, ...]) -> tuple[str, ...]:
    """Servers of one make send the same names."""
    return bounded(names)


def _insecure(cookies: tuple[str, ...], *, tls: bool) -> tuple[str, ...]:
    """Names of cookies without HttpOnly, or without Secure where the page came over TLS."""
    if not cookies:
        return ()
    weak = []
    for each in cookies[:50]:
        name, _, rest = each.partition("=")
        flags = {part.strip().lower() for part in rest.split(";")[1:]}
        if "httponly" not in flags or (tls and "secure" not in flags):
            weak.append(name.strip())
    return bounded(weak)


def page_and_icon(target: Target, *, tls: bool, path: str = "/") -> Generator[Command, Answer, tuple[Reading, bytes]]:
    """The front page, its icon and, of a site, robots.txt and security.txt; the reading, the first bytes read."""
    head, body, status, first = yield from exchange(target, path)
    if head is None:
        return Reading(LABEL, status), first
    reading = describe(head, body, status, tls=tls, host=target.name or target.address)
    if head.status >= 500 or path != "/":
        return reading, first
    facts, extra = dict(reading.facts), dict(reading.extra)
    icon = yield from _fetch(target, "/favicon.ico", tls=tls)
    if icon is not None and (number := _icon(*icon)) is not None:
        facts["http.favicon_hash"] = number
        _name(facts, extra, SHELF.book.by_icon(number))
    if icon is not None and page_looks.is_site(head.status, head.first("content-type"), body):
        for place, read in ((page_looks.ROBOTS, page_looks.robots), (page_looks.SECURITY, page_looks.security)):
            found = yield from _fetch(target, place, tls=tls)
            if found is None:
                break
            facts, extra = page_looks.merged(facts, extra, read(found[0].status, found[1]))
    return Reading(LABEL, reading.status, facts, extra, reading.follow), first


def _fetch(target: Target, path: str, *, tls: bool) -> Generator[Command, Answer, tuple[Head, bytes, Status] | None]:
    """One more GET on a new connection; None where the server does not answer it."""
    if isinstance((yield Redial()), Failed):
        return None
    if tls:
        _, stands = yield from secure(target)
        if not stands:
            return None
    head, body, status, _ = yield from exchange(target, path)
    return None if head is None else (head, body, status)


def _icon(head: Head, body: bytes, status: Status) -> int | None:
    """The hash of what is an icon."""
    if head.status != 200 or status is not Status.SUCCESS or "html" in head.first("content-type").lower():
        return None
    return favicon_hash(body) if 0 < len(body) <= ICON_MOST else None


def _name(facts: dict[str, Value], extra: dict[str, object], hits: tuple[Hit, ...]) -> None:
    """Add the technologies that show."""
    if hits:
        facts |= facts_of(hits, facts)
        told = extra.get("technologies")
        extra["technologies"] = ([*told] if isinstance(told, list) else []) + [hit.told() for hit in hits]


def grab(target: Target, *, tls: bool = False) -> Talking:
    """One GET of the front page and nothing more: what a sweep of many hosts asks. On the connection as it stands."""
    head, body, status, _ = yield from exchange(target)
    return (
        Reading(LABEL, status)
        if head is None
        else describe(head, body, status, tls=tls, host=target.name or target.address)
    )


def ask(target: Target) -> Talking:
    """HTTP in the clear."""
    reading, _ = yield from page_and_icon(target, tls=False)
    return reading


COLLECTOR = Collector(
    "http",
    1,
    "网页：状态、标题、响应头、正文摘要、图标哈希",
    "web page: status, title, headers, body digest, icon hash",
    ("GET / HTTP/1.1", "GET /favicon.ico HTTP/1.1", f"GET {page_looks.ROBOTS}", f"GET {page_looks.SECURITY}"),
    frozenset(
        {80, 81, 82, 88, 2082, 2375, 3000, 4848, 5000, 5601, 5985, 6041, 6848, 6888, 6900, 7001, 7474}
        | {8000, 8001, 8008, 8060, 8080, 8081, 8082, 8083, 8085, 8086, 8087, 8088, 8089, 8090, 8123, 8161, 8500}
        | {8848, 8880, 8888, 9000, 9001, 9060, 9080, 9090, 9200, 9990, 10000, 10080, 15672, 18080, 50070}
    ),
    ask=ask,
)
