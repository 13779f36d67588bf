"""UPnP devices: one M-SEARCH sent to the device itself. Its description is left to the web collector.

Source: UPnP Device Architecture 1.1, section 1.3.2.
"""

from typing import Final

from secops.core.model import Status, Target, Value
from secops.dial.conversation import Failed
from secops.discover.collectors import datagram
from secops.discover.collectors.interface import Collector, Reading, Talking, clean, decoded

LABEL: Final = "ssdp@1"
_HEADERS_MOST: Final = 32


def ask(target: Target) -> Talking:
    """One search for root devices."""
    host = f"[{target.address}]" if ":" in target.address else target.address
    lines = (
        "M-SEARCH * HTTP/1.1",
        f"HOST: {host}:{target.port}",
        'MAN: "ssdp:discover"',
        "MX: 1",
        "ST: upnp:rootdevice",
    )
    question = "".join(f"{each}\r\n" for each in (*lines, "")).encode("ascii")
    heard = yield from datagram.asked(question, lambda data: data.startswith((b"HTTP/1.1 200", b"HTTP/1.0 200")))
    return Reading(LABEL, heard.status) if isinstance(heard, Failed) else _reading(heard)


def _reading(data: bytes) -> Reading:
    head: dict[str, str] = {}
    for line in data.split(b"\r\n\r\n", 1)[0].split(b"\n")[1:_HEADERS_MOST]:
        name, colon, value = line.partition(b":")
        if colon:
            head.setdefault(clean(decoded(name), 40).lower(), clean(decoded(value)))
    facts: dict[str, Value] = {"service.name": "upnp"}
    if server := head.get("server", ""):
        facts["service.banner"] = server
        tokens = server.replace(",", " ").split()
        product, _, version = tokens[-1].partition("/") if tokens else ("", "", "")
        if product and not product.upper().startswith("UPNP"):
            facts["service.product"] = product[:255]
            if version:
                facts["service.version"] = version[:255]
        if len(tokens) > 1 and "/" in tokens[0]:
            facts["service.os"] = tokens[0].replace("/", " ")[:255]
    extra = {name: head[name][:255] for name in ("location", "usn", "st") if head.get(name)}
    return Reading(LABEL, Status.SUCCESS, facts, extra)


COLLECTOR = Collector(
    "ssdp", 1, "UPnP 设备（单播询问）", "UPnP devices, asked directly", ("M-SEARCH upnp:rootdevice",),
    frozenset({1900}), ask=ask,
)  # fmt: skip
