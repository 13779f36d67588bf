"""Multicast DNS asked directly: which services a device offers, under which names. Source: RFC 6762, RFC 6763."""

import ipaddress
from typing import Final

from secops.core.model import Status, Target, Value
from secops.dial.conversation import Failed
from secops.discover.collectors import datagram, dns_message
from secops.discover.collectors.dns_message import INTERNET, PTR, SRV, TXT, A, Message, Record
from secops.discover.collectors.interface import Collector, Reading, Talking, bounded, clean, decoded

LABEL: Final = "mdns@1"
_SERVICES: Final = "_services._dns-sd._udp.local"
_UNICAST: Final = 0x8000
_KINDS_MOST: Final = 8
"""Kinds of service whose instances are asked for."""


def ask(target: Target) -> Talking:
    """The kinds of service offered, then the instances of the first few."""
    first = yield from datagram.asked(_question(target, 0, _SERVICES), lambda data: _fits(data, target, 0))
    if isinstance(first, Failed):
        return Reading(LABEL, first.status)
    records = list(_records(first))
    kinds = [each.texts[0] for each in records if each.kind == PTR and each.texts]
    plain = [kind.decode("ascii") for kind in kinds if _askable(kind)][:_KINDS_MOST]
    for turn, kind in enumerate(dict.fromkeys(plain), 1):
        more = yield from datagram.asked(
            _question(target, turn, kind), lambda data, turn=turn: _fits(data, target, turn), 1.0  # type: ignore[misc]  # a default binds the loop's value
        )  # fmt: skip
        if not isinstance(more, Failed):
            records.extend(_records(more))
    return _reading(plain, records)


def _question(target: Target, turn: int, name: str) -> bytes:
    return dns_message.query(datagram.mark(target, turn), name, PTR, INTERNET | _UNICAST)


def _parsed(data: bytes) -> Message | None:
    return dns_message.parse(data)


def _fits(data: bytes, target: Target, turn: int) -> bool:
    """An answer to us repeats the identity (RFC 6762 section 6.7), as ours does not come from port 5353."""
    message = _parsed(data)
    return message is not None and message.identity == datagram.mark(target, turn)


def _records(data: bytes) -> tuple[Record, ...]:
    message = _parsed(data)
    return message.records if message else ()


def _askable(kind: bytes) -> bool:
    labels = kind.split(b".")
    return kind.isascii() and len(kind) < 200 and kind.startswith(b"_") and all(0 < len(each) < 64 for each in labels)


def _reading(kinds: list[str], records: list[Record]) -> Reading:
    hosts = [decoded(each.texts[0]) for each in records if each.kind == SRV and each.texts]
    hosts += [each.owner for each in records if each.kind == A]
    names = bounded([each.rstrip(".") for each in hosts], 20)
    facts: dict[str, Value] = {"service.name": "mdns", "service.info": clean(" ".join(kinds), 255)}
    if names:
        facts |= {"service.hostname": names[0], "host.names": names}
    for text in (each for record in records if record.kind == TXT for each in record.texts):
        key, _, value = text.partition(b"=")
        if key.lower() in {b"model", b"ty", b"md"} and value and "device.model" not in facts:
            facts["device.model"] = clean(decoded(value), 255)
    instances = [decoded(each.texts[0]) for each in records if each.kind == PTR and each.texts]
    addresses = [str(ipaddress.IPv4Address(r.texts[0])) for r in records if r.kind == A and len(r.texts[0]) == 4]
    extra = {"instances": list(bounded(instances, 50)), "addresses": list(bounded(addresses, 20))}
    return Reading(LABEL, Status.SUCCESS, {name: value for name, value in facts.items() if value}, extra)


COLLECTOR = Collector(
    "mdns", 1, "mDNS 服务与设备名（单播询问）", "mDNS services and names, asked directly",
    ("_services._dns-sd._udp.local PTR, unicast wanted", "PTR of the kinds it names, 8 at most"),
    frozenset({5353}), ask=ask,
)  # fmt: skip
