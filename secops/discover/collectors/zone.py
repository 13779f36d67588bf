"""Zone transfers: does a name server give its whole zone to anybody? Level ACTIVE, over TCP. Source: RFC 5936."""

import ipaddress
from collections.abc import Iterable
from typing import Final

from secops.core.model import Status, Target, Value
from secops.dial.conversation import Failed, Redial
from secops.discover.collectors import datagram, dns_message
from secops.discover.collectors.dns_message import AAAA, AXFR, SOA, A, Record
from secops.discover.collectors.exchange import Heard, exactly, framed
from secops.discover.collectors.interface import Reading, Talking, bounded, clean

LABEL: Final = "zone@1"
SENDS: Final = "AXFR"
ZONES_MOST: Final = 4
_MESSAGES_MOST: Final = 3
_RECORDS_KEPT: Final = 100
_NAME_MOST: Final = 200


def zones(target: Target, names: Iterable[str], hostname: str = "") -> tuple[str, ...]:
    """The zones worth asking this server for: those of the scope's names and of its own, and of its own network."""
    found: dict[str, None] = {}
    for name in (hostname, *names):
        _, _, parent = name.lower().strip(".").partition(".")
        if "." in parent and parent.isascii() and len(parent) < _NAME_MOST and all(parent.split(".")):
            found.setdefault(parent)
    address = ipaddress.ip_address(target.address)
    if address.version == 4:
        found.setdefault(address.reverse_pointer.partition(".")[2])
    return tuple(found)[:ZONES_MOST]


def ask(target: Target, wanted: tuple[str, ...]) -> Talking:
    """Each zone in turn until one is given. A refusal of all is told as such; silence is not."""
    answered = False
    for turn, zone in enumerate(wanted):
        if turn and isinstance((yield Redial()), Failed):
            break
        identity = datagram.mark(target, 100 + turn)
        heard = yield from _transfer(identity, zone)
        if isinstance(heard, Failed):
            if not turn:
                return Reading(LABEL, heard.status)
            continue
        first = dns_message.parse(heard)
        if first is None or first.identity != identity:
            continue
        answered = True
        records = list(first.records)
        if first.code or not records or records[0].kind != SOA:
            continue
        for _ in range(_MESSAGES_MOST - 1):
            if len(records) > 1:
                break
            more = yield from _next()
            message = None if isinstance(more, Failed) else dns_message.parse(more)
            records += message.records if message is not None else ()
        if len(records) > 1:
            return _reading(zone, records)
    if not answered:
        return Reading(LABEL, Status.PROTOCOL_ERROR)
    return Reading(LABEL, Status.SUCCESS, {"service.name": "domain", "dns.zone_transfer": False})


def _transfer(identity: int, zone: str) -> Heard:
    """The first message of the answer."""
    query = dns_message.query(identity, zone, AXFR)
    got = yield from framed(len(query).to_bytes(2, "big") + query, 2, slice(0, 2), most=65_535)
    return got if isinstance(got, Failed) else got[2:]


def _next() -> Heard:
    """A further message."""
    head = yield from exactly(2)
    if isinstance(head, Failed):
        return head
    return (yield from exactly(int.from_bytes(head, "big")))


def _reading(zone: str, records: list[Record]) -> Reading:
    facts: dict[str, Value] = {"service.name": "domain", "dns.zone_transfer": True}
    told = []
    for each in records:
        size = {A: 4, AAAA: 16}.get(each.kind)
        if size is not None and len(each.texts[0]) == size:
            told.append(f"{clean(each.owner, 128)} {ipaddress.ip_address(each.texts[0])}")
    return Reading(LABEL, Status.SUCCESS, facts, {"zone": zone, "records": list(bounded(told, _RECORDS_KEPT))})
