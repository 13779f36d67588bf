"""Servers that speak first: recognised by their greeting on whatever port they listen."""

import re
from dataclasses import dataclass

from secops.core.model import Status, Target, Value
from secops.discover.collectors.interface import BANNER_MOST, Collector, Reading, clean, decoded, steady

LABEL = "greeting@1"


@dataclass(frozen=True, slots=True)
class _Shape:
    """A greeting, the service it belongs to, and where product and version stand in it."""

    service: str
    start: re.Pattern[bytes]
    product: re.Pattern[str] | None = None


_V = r"[ /_-]?v?(\d[\w.+-]{0,40})?"
_SHAPES = (
    _Shape("ftp", re.compile(rb"220[ -](?!.{0,200}(SMTP|ESMTP|Postfix|Exim|sendmail|Mail))", re.IGNORECASE),
           re.compile(rf"\(?\b(vsFTPd|ProFTPD|Pure-FTPd|FileZilla Server|Serv-U FTP Server|Microsoft FTP Service){_V}",
                      re.IGNORECASE)),
    _Shape("smtp", re.compile(rb"(220|554)[ -]"),
           re.compile(rf"\b(Postfix|Exim|Sendmail|Coremail|Microsoft ESMTP MAIL Service|Richmail){_V}", re.IGNORECASE)),
    _Shape("pop3", re.compile(rb"\+OK[ \r\n]"), re.compile(rf"\b(Dovecot|Coremail|Courier){_V}", re.IGNORECASE)),
    _Shape("imap", re.compile(rb"\* (OK|PREAUTH|BYE)[ \r\n]"),
           re.compile(rf"\b(Dovecot|Coremail|Cyrus|Courier){_V}", re.IGNORECASE)),
    _Shape("vnc", re.compile(rb"RFB \d{3}\.\d{3}\n")),
    _Shape("rsync", re.compile(rb"@RSYNCD: \d")),
    _Shape("telnet", re.compile(rb"\xff[\xfb-\xfe][\x00-\x31]|[^\x00]{0,200}(login|username|password)\s{0,3}:\s*$",
                                re.IGNORECASE | re.DOTALL)),
    _Shape("zookeeper", re.compile(rb"Zookeeper version")),
)  # fmt: skip


def hear(greeting: bytes, _target: Target) -> Reading | None:
    """The reading of a greeting that came unasked; an unknown one gives the banner alone."""
    if not greeting:
        return None
    if (reading := _mysql(greeting)) is not None:
        return reading
    for shape in _SHAPES:
        if shape.start.match(greeting[:BANNER_MOST]):
            return _reading(shape, greeting)
    return Reading(LABEL, Status.SUCCESS, {"service.banner": banner(greeting)})


def whole(data: bytes) -> bool:
    """Is this a binary greeting that has come completely?"""
    return _mysql(data) is not None and len(data) >= 4 + int.from_bytes(data[:3], "little")


def banner(data: bytes) -> str:
    """The bytes as one bounded line of text without control characters."""
    return clean(decoded(steady(data[:BANNER_MOST])), BANNER_MOST // 2)


def _reading(shape: _Shape, greeting: bytes) -> Reading:
    text = banner(greeting)
    facts: dict[str, Value] = {"service.name": shape.service, "service.banner": text}
    if shape.product and (found := shape.product.search(text)):
        facts["service.product"] = clean(found[1], 64)
        if found[2]:
            facts["service.version"] = found[2].rstrip(".")
    return Reading(LABEL, Status.SUCCESS, facts)


def _mysql(data: bytes) -> Reading | None:
    """A MySQL initial handshake (protocol 10) or its refusal; MariaDB, TiDB and OceanBase speak the same."""
    if len(data) < 6 or data[3] not in {0, 1} or data[4] not in {0x0A, 0xFF}:
        return None
    size = int.from_bytes(data[:3], "little")
    if not 5 <= size <= BANNER_MOST:
        return None
    if data[4] == 0xFF:
        words = data[7 : 4 + size]
        if b"Host" not in words and b"#" not in words and b"connect" not in words:
            return None
        return Reading(LABEL, Status.SUCCESS, {"service.name": "mysql", "service.banner": banner(words)})
    version, nul, _ = data[5 : 4 + size].partition(b"\0")
    if not nul or not re.match(rb"\d", version):
        return None
    text = clean(decoded(version), 80)
    facts: dict[str, Value] = {"service.name": "mysql", "service.product": "MySQL", "service.banner": text}
    number = re.match(r"\d+(\.\d+)*", text)
    facts["service.version"] = number[0] if number else text
    for mark, product in (("mariadb", "MariaDB"), ("tidb", "TiDB"), ("oceanbase", "OceanBase")):
        if found := re.search(rf"{mark}[-_v]*(\d+(?:\.\d+)*)?", text, re.IGNORECASE):
            facts["service.product"] = product
            if found[1]:
                facts["service.version"] = found[1]
    if text.startswith("5.5.5-") and (old := re.match(r"5\.5\.5-(\d+(?:\.\d+)*)-MariaDB", text, re.IGNORECASE)):
        facts["service.version"] = old[1]
    elif facts["service.product"] == "MariaDB" and (own := re.match(r"(\d+(?:\.\d+)*)-MariaDB", text, re.IGNORECASE)):
        facts["service.version"] = own[1]
    return Reading(LABEL, Status.SUCCESS, facts)


COLLECTOR = Collector(
    "greeting",
    1,
    "先发言的服务的标语",
    "greetings of servers that speak first",
    (),
    frozenset({21, 23, 25, 110, 143, 587, 873, 3306, 4000, 5900, 5901, 2881, 2883}),
    hear=hear,
)
