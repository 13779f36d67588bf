"""LDAP: what a directory tells everybody, its root entry (RFC 4512 section 5.1), read without a bind."""

from secops.core.model import Status, Target, Value
from secops.dial.conversation import Failed, Receive, Received
from secops.discover.collectors.exchange import asked
from secops.discover.collectors.interface import Collector, Reading, Talking, bounded

LABEL = "ldap@1"
_ASKED = (
    "namingContexts",
    "defaultNamingContext",
    "dnsHostName",
    "vendorName",
    "vendorVersion",
    "supportedLDAPVersion",
)
_KNOWN = {each.lower(): each for each in _ASKED}
_MOST = 32_768
_MESSAGE, _ENTRY, _DONE = 0x30, 0x64, 0x65


def _tlv(tag: int, value: bytes) -> bytes:
    size = len(value)
    head = bytes((size,)) if size < 128 else b"\x82" + size.to_bytes(2, "big")
    return bytes((tag,)) + head + value


def _question() -> bytes:
    """SearchRequest: base object "", scope base, filter (objectClass=*), the attributes above."""
    body = _tlv(4, b"") + b"\x0a\x01\x00" + b"\x0a\x01\x00" + b"\x02\x01\x01" + b"\x02\x01\x05" + b"\x01\x01\x00"
    body += _tlv(0x87, b"objectClass") + _tlv(0x30, b"".join(_tlv(4, each.encode()) for each in _ASKED))
    return _tlv(_MESSAGE, b"\x02\x01\x01" + _tlv(0x63, body))


def ask(_target: Target) -> Talking:
    """Naming contexts, host name and vendor; a directory that tells nothing is still a directory."""
    got = yield from asked(_question(), _MOST)
    if isinstance(got, Failed):
        return Reading(LABEL, got.status)
    if not _is_answer(got):
        return Reading(LABEL, Status.PROTOCOL_ERROR)
    if not _complete(got):
        more = yield Receive(_MOST - len(got) or 1, 1.0)
        got += more.data if isinstance(more, Received) else b""
    told = _entry(got)
    facts: dict[str, Value] = {"service.name": "ldap"}
    for name, field in (("vendorName", "service.product"), ("vendorVersion", "service.version"),
                        ("dnsHostName", "service.hostname")):  # fmt: skip
        if values := told.get(name):
            facts[field] = values[0]
    extra = {name: values for name, values in told.items() if name in {"namingContexts", "supportedLDAPVersion"}}
    return Reading(LABEL, Status.SUCCESS, facts, extra)


def _is_answer(data: bytes) -> bool:
    """An LDAP message with number 1 holding a search entry or its end."""
    head = _head(data, 0, len(data))
    if head is None or head[0] != _MESSAGE:
        return False
    number = _head(data, head[1], len(data))
    if number is None or number[0] != 2 or data[number[1] : number[2]] != b"\x01":
        return False
    return number[2] < len(data) and data[number[2]] in {_ENTRY, _DONE}


def _complete(data: bytes) -> bool:
    head = _head(data, 0, len(data))
    return head is not None and head[3] <= len(data)


def _head(data: bytes, place: int, end: int) -> tuple[int, int, int, int] | None:
    """Tag, begin, end within the data and stated end of the BER element at this place; None where there is none."""
    if place + 2 > end:
        return None
    tag, size = data[place], data[place + 1]
    place += 2
    if size & 0x80:
        count = size & 0x7F
        if not 1 <= count <= 4 or place + count > end:
            return None
        size = int.from_bytes(data[place : place + count], "big")
        place += count
    return tag, place, min(end, place + size), place + size


def _inside(data: bytes, begin: int, end: int) -> list[tuple[int, int, int]]:
    """Tag, begin and end of the elements in this span, at most 200."""
    found: list[tuple[int, int, int]] = []
    while len(found) < 200 and (head := _head(data, begin, end)) is not None:
        found.append(head[:3])
        begin = head[2]
    return found


def _entry(data: bytes) -> dict[str, tuple[str, ...]]:
    """Attribute -> values of the first search entry, names as asked."""
    told: dict[str, tuple[str, ...]] = {}
    message = _head(data, 0, len(data))
    parts = _inside(data, message[1], message[2]) if message else []
    entry = next(((begin, end) for tag, begin, end in parts if tag == _ENTRY), None)
    if entry is None:
        return told
    for tag, begin, end in _inside(data, *entry)[1:2]:
        for each in _inside(data, begin, end) if tag == 0x30 else []:
            fields = _inside(data, each[1], each[2])
            if len(fields) != 2:
                continue
            name = _KNOWN.get(data[fields[0][1] : fields[0][2]].decode("utf-8", "replace").lower())
            if name:
                values = [data[b:e].decode("utf-8", "replace")[:255] for _, b, e in _inside(data, *fields[1][1:])]
                told[name] = bounded(values[:20])
    return {name: values for name, values in told.items() if values}


COLLECTOR = Collector(
    "ldap", 1, "目录服务的根条目（匿名可读）", "the root entry a directory shows to everybody",
    ("LDAP SearchRequest rootDSE",), frozenset({389}), ask=ask,
)  # fmt: skip
