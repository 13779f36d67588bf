"""DNS servers: what they call themselves, whether they resolve for anybody. Source: RFC 1035, RFC 4892."""

import re
from typing import Final

from secops.core.model import Status, Target, Transport, Value
from secops.dial.conversation import Failed
from secops.discover.collectors import datagram, dns_message
from secops.discover.collectors.dns_message import CHAOS, INTERNET, NS, TXT, Message
from secops.discover.collectors.interface import Collector, Reading, Talking, clean, decoded

LABEL: Final = "dns@1"
REFUSED: Final = 5
_PRODUCTS: Final = (
    (re.compile(r"^dnsmasq-(\S+)$"), "dnsmasq"),
    (re.compile(r"^unbound (\S+)$", re.IGNORECASE), "Unbound"),
    (re.compile(r"^PowerDNS (?:Authoritative Server|Recursor) (\S+)"), "PowerDNS"),
    (re.compile(r"^Served by PowerDNS"), "PowerDNS"),
    (re.compile(r"^Knot DNS (\S+)"), "Knot DNS"),
    (re.compile(r"^NSD (\S+)"), "NSD"),
    (re.compile(r"^CoreDNS-(\S+)"), "CoreDNS"),
    (re.compile(r"^Microsoft DNS (\S+)"), "Microsoft DNS"),
    (re.compile(r"^(?:BIND )?(9\.\d+\.\d+\S*?)(?:-Debian|-Ubuntu)?$"), "ISC BIND"),
)
_QUESTIONS: Final = ((".", NS, INTERNET), ("version.bind", TXT, CHAOS), ("hostname.bind", TXT, CHAOS))


def ask(target: Target) -> Talking:
    """The root's name servers, then version and host name (CHAOS).

    Recursion is not asked for: an answer says whether it is offered, and nobody else is troubled by our question.
    """
    replies: list[Message | None] = []
    for turn, (name, kind, klass) in enumerate(_QUESTIONS):
        identity = datagram.mark(target, turn)
        question = dns_message.query(identity, name, kind, klass)
        heard = yield from datagram.asked(question, lambda data, identity=identity: _fits(data, identity))  # type: ignore[misc]  # a default binds the loop's value
        if isinstance(heard, Failed):
            if not turn:
                return Reading(LABEL, heard.status)
            replies.append(None)
        else:
            replies.append(dns_message.parse(heard))
    return _reading(target, *replies)


def _fits(data: bytes, identity: int) -> bool:
    message = dns_message.parse(data)
    return message is not None and message.identity == identity


def _reading(target: Target, root: Message | None, version: Message | None, name: Message | None) -> Reading:
    facts: dict[str, Value] = {"service.name": "domain"}
    if target.transport is Transport.UDP and root is not None:
        facts["dns.recursion"] = root.recursion and root.code != REFUSED
    said = _text(version)
    if said:
        facts["service.banner"] = said
        facts |= product(said)
    if host := _text(name):
        facts["service.hostname"] = host
    extra = {"rcodes": [None if each is None else each.code for each in (root, version, name)]}
    return Reading(LABEL, Status.SUCCESS, facts, extra)


def product(said: str) -> dict[str, Value]:
    """Product and version by the text a server gives for version.bind; its owner may have put any words there."""
    facts: dict[str, Value] = {}
    for pattern, name in _PRODUCTS:
        if found := pattern.match(said):
            facts["service.product"] = name
            if pattern.groups:
                facts["service.version"] = found[1]
            break
    return facts


def _text(message: Message | None) -> str:
    texts = [each for r in (message.records if message else ()) if r.kind == TXT for each in r.texts]
    return clean(decoded(b" ".join(texts)), 255)


COLLECTOR = Collector(
    "dns", 1, "DNS 版本、主机名、是否开放递归", "DNS version, host name, open recursion",
    (". IN NS", "version.bind CH TXT", "hostname.bind CH TXT"), frozenset({53}), ask=ask,
)  # fmt: skip
