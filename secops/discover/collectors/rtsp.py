"""RTSP: OPTIONS, which cameras and recorders answer with their server's name (RFC 2326, 10.1). No stream is opened."""

import re

from secops.core.model import Status, Target, Value
from secops.dial.conversation import Failed
from secops.discover.collectors.exchange import asked
from secops.discover.collectors.interface import Collector, Reading, Talking, clean, decoded

LABEL = "rtsp@1"
_FIRST = re.compile(rb"RTSP/1\.\d (\d{3})")
_PRODUCT = re.compile(r"([A-Za-z][\w .+()-]{0,60}?)[ /]v?(\d[\w.]{0,30})")


def ask(target: Target) -> Talking:
    """Status, Server and Public headers."""
    host = f"[{target.address}]" if ":" in target.address else target.address
    question = f"OPTIONS rtsp://{host}:{target.port}/ RTSP/1.0\r\nCSeq: 1\r\nUser-Agent: secops\r\n\r\n"
    got = yield from asked(question.encode(), 4_096, until=b"\r\n\r\n")
    if isinstance(got, Failed):
        return Reading(LABEL, got.status)
    first = _FIRST.match(got)
    if first is None:
        return Reading(LABEL, Status.PROTOCOL_ERROR)
    headers = _headers(decoded(got))
    facts: dict[str, Value] = {"service.name": "rtsp", "service.banner": clean(decoded(got.splitlines()[0]))}
    if server := headers.get("server"):
        facts["service.info"] = server
        if found := _PRODUCT.match(server):
            facts |= {"service.product": found[1].strip(), "service.version": found[2]}
        else:
            facts["service.product"] = server
    if first[1] == b"401" or "www-authenticate" in headers:
        facts["service.auth_required"] = True
    extra: dict[str, object] = {
        name: headers[name] for name in ("public", "www-authenticate", "date") if name in headers
    }
    return Reading(LABEL, Status.SUCCESS, facts, extra)


def _headers(text: str) -> dict[str, str]:
    """The first of each header, names in lower case, at most 40."""
    found: dict[str, str] = {}
    for line in text.splitlines()[1:41]:
        name, colon, value = line.partition(":")
        if colon and name.strip():
            found.setdefault(clean(name.strip().lower(), 64), clean(value))
    return found


COLLECTOR = Collector(
    "rtsp", 1, "摄像机与录像机的 RTSP 选项", "RTSP options of cameras and recorders",
    ("OPTIONS rtsp://host:port/ RTSP/1.0",), frozenset({554, 8554}), ask=ask,
)  # fmt: skip
