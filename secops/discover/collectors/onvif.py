"""ONVIF: a camera's hardware, name and addresses by WS-Discovery, asked of the one address (SOAP over UDP, port 3702).

ONVIF Core Specification 7.3; one Probe for NetworkVideoTransmitter, never sent to the multicast group.
"""

import re
from urllib.parse import unquote

from secops.core.ids import derive
from secops.core.model import Status, Target, Value
from secops.dial.conversation import Failed
from secops.discover.collectors.exchange import asked
from secops.discover.collectors.interface import Collector, Reading, Talking, bounded, clean, decoded

LABEL = "onvif@1"
_MOST = 16_384
_PROBE = (
    '<?xml version="1.0" encoding="UTF-8"?><e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope"'
    ' xmlns:w="http://schemas.xmlsoap.org/ws/2004/08/addressing"'
    ' xmlns:d="http://schemas.xmlsoap.org/ws/2005/04/discovery"'
    ' xmlns:dn="http://www.onvif.org/ver10/network/wsdl"><e:Header><w:MessageID>uuid:{id}</w:MessageID>'
    "<w:To>urn:schemas-xmlsoap-org:ws:2005:04:discovery</w:To>"
    "<w:Action>http://schemas.xmlsoap.org/ws/2005/04/discovery/Probe</w:Action></e:Header>"
    "<e:Body><d:Probe><d:Types>dn:NetworkVideoTransmitter</d:Types></d:Probe></e:Body></e:Envelope>"
)
_SCOPE = re.compile(r"onvif://www\.onvif\.org/(hardware|name|location|type|Profile)/([^\s<\"]{1,200})", re.IGNORECASE)
_ADDRESS = re.compile(r"https?://[^\s<\"]{1,200}")


def ask(target: Target) -> Talking:
    """Hardware and name out of the scopes a ProbeMatch lists. The XML is searched, not parsed: no entity is opened."""
    got = yield from asked(_PROBE.format(id=_uuid(target)).encode(), _MOST)
    if isinstance(got, Failed):
        return Reading(LABEL, got.status)
    text = decoded(got)
    if "ProbeMatch" not in text:
        return Reading(LABEL, Status.PROTOCOL_ERROR)
    told: dict[str, list[str]] = {}
    for word, value in _SCOPE.findall(text)[:40]:
        told.setdefault(word.lower(), []).append(clean(unquote(value).replace("_", " "), 128))
    facts: dict[str, Value] = {"service.name": "ws-discovery", "service.device_type": "webcam"}
    if told.get("hardware"):
        facts["service.product"] = told["hardware"][0]
    if told.get("name"):
        facts["service.info"] = told["name"][0]
    body = text.partition("XAddrs>")[2].partition("</")[0]
    extra: dict[str, object] = {f"onvif.{word}": bounded(values) for word, values in told.items()}
    return Reading(LABEL, Status.SUCCESS, facts, extra | {"addresses": bounded(_ADDRESS.findall(body)[:10])})


def _uuid(target: Target) -> str:
    """A message id that is the same for the same target: answers are matched by address anyway."""
    digits = (derive("onvif", str(target)).encode().hex() + "0" * 32)[:32]
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


COLLECTOR = Collector(
    "onvif", 1, "网络摄像机的 ONVIF 自述", "what an ONVIF camera tells of itself",
    ("WS-Discovery Probe dn:NetworkVideoTransmitter",), frozenset({3702}), ask=ask,
)  # fmt: skip
