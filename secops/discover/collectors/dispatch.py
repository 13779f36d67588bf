"""A service on any port is recognised: what the port suggests, then its greeting, then TLS, HTTP, Redis, PostgreSQL.

Returns every reading that says something; the first is the outermost layer. A new collector is a line in COLLECTORS.
"""

import contextlib
from collections.abc import Generator

from secops.core.model import Status, Target
from secops.dial.conversation import Answer, Command, Failed, Receive, Received, Redial, Send
from secops.discover.collectors import (
    amqp,
    cassandra,
    enip,
    greeting,
    http,
    iec104,
    ldap,
    memcached,
    modbus,
    mongodb,
    mqtt,
    mssql,
    opcua,
    oracle,
    postgres,
    rdp,
    redis,
    rpcbind,
    rtsp,
    s7,
    service,
    smb,
    ssh,
    tls,
)
from secops.discover.collectors.interface import Collector, Reading, Talking
from secops.discover.probes.ask import Kit, State, Verdict, ask
from secops.discover.probes.book import Book, Probe

COLLECTORS: tuple[Collector, ...] = (
    ssh.COLLECTOR,
    greeting.COLLECTOR,
    tls.COLLECTOR,
    http.COLLECTOR,
    redis.COLLECTOR,
    postgres.COLLECTOR,
    smb.COLLECTOR,
    rdp.COLLECTOR,
    ldap.COLLECTOR,
    mssql.COLLECTOR,
    oracle.COLLECTOR,
    mongodb.COLLECTOR,
    memcached.COLLECTOR,
    cassandra.COLLECTOR,
    amqp.COLLECTOR,
    mqtt.COLLECTOR,
    rtsp.COLLECTOR,
    rpcbind.COLLECTOR,
    s7.COLLECTOR,
    modbus.COLLECTOR,
    enip.COLLECTOR,
    opcua.COLLECTOR,
    iec104.COLLECTOR,
    service.COLLECTOR,
)

GREETING_SECONDS = 2.0
_SETTLE = 0.4
_TLS_SIGNS = (b"\x15\x03", b"HTTP/1.1 400", b"HTTP/1.0 400")
_REDIS_SIGNS = (b"-ERR", b"-NOAUTH", b"-DENIED")
_LISTENERS = frozenset({"ssh", "greeting", "tls"})
"""Collectors whose ports are first listened to, or met with TLS, rather than asked."""
ANYWHERE = frozenset({"ssh", "greeting", "tls", "http", "redis", "postgres"})
"""Collectors that any port may meet; the others are asked on their own ports, and where nmap's probes named them."""
_GENERAL = frozenset({"GenericLines", "GetRequest", "HTTPOptions", "SSLSessionReq"})
"""nmap's probes that our own look asks as well."""
_NAMED = {each.name: each for each in COLLECTORS}
_PORTS = {port: each.name for each in reversed(COLLECTORS) for port in each.ports}

Identifying = Generator[Command, Answer, tuple[Reading, ...]]


def identify(target: Target, kit: Kit | None = None) -> Identifying:
    """Every reading of this open port, successful ones first; the last resort is the reason nothing was understood.

    With a kit nmap's probes are asked too: all of them at level ACTIVE, at most the port's own one otherwise, and
    whatever our own collectors hear is matched against nmap's patterns without sending anything more.
    """
    if kit is None:
        return (yield from _own(target, None))
    if kit.book.excludes(target.port):
        return (service.describe(Verdict(State.EXCLUDED)),)
    if target.name or (kit.only_first and own_probe(kit.book, target.port) is None):
        return (yield from _own(target, kit))  # under a name only what the name may change: the address was probed
    verdict = yield from ask(target, kit)
    told = service.describe(verdict)
    if told.facts:
        deeper = yield from _deeper(target, verdict)
        told = service.completed(told, deeper)
        return (*deeper[:1], told, *deeper[1:]) if verdict.secured else (told, *deeper)
    if verdict.state is State.WRAPPED or isinstance((yield Redial()), Failed):
        return (told,)
    found = yield from _own(target, kit)
    return found if any(each.facts for each in found) else (*found, told)


def own_probe(book: Book, port: int) -> Probe | None:
    """The one probe of the file that is asked at level GENTLE: the port's first, where our own look has none for it."""
    listed = book.listed(port)
    return listed[0] if listed and not by_port(port) and listed[0].name not in _GENERAL else None


def _deeper(target: Target, verdict: Verdict) -> Identifying:
    """What our own collectors add to what is known of the service, asking nothing twice."""
    found: list[Reading] = []
    if verdict.secured is not None:
        found.append(tls.describe(verdict.secured))
    name = service.DEEPER.get(verdict.service, "")
    if name == "ssh" and verdict.asked == ("NULL",) and ssh.begins(verdict.heard):
        found.append((yield from ssh.converse(verdict.heard)))  # the connection still stands where the greeting ended
    elif name == "http":
        if isinstance((yield Redial()), Failed):
            return tuple(found)
        if verdict.tls:
            outer, stands = yield from tls.secure(target)
            found = [outer]
            if not stands:
                return tuple(found)
        page, _ = yield from http.page_and_icon(target, tls=verdict.tls)
        found.append(page)
    elif name and not verdict.tls:
        found.append((yield from _again(target, _NAMED[name])))
    elif verdict.probe == "NULL" and (spoken := greeting.hear(verdict.heard, target)) is not None:
        found.append(spoken)
    return tuple(each for each in found if each.facts)


def _own(target: Target, kit: Kit | None) -> Identifying:
    """Our own small probe set: what the port suggests, its greeting, TLS, HTTP, Redis, PostgreSQL."""
    failures: list[Reading] = []
    fresh = True
    hinted = by_port(target.port)
    if hinted == "http":
        readings, first = yield from _web(target, kit)
        if readings:
            return readings
        fresh = False
        if first.startswith(_REDIS_SIGNS):
            return ((yield from _again(target, redis.COLLECTOR)),)
    elif hinted and hinted not in _LISTENERS:
        asking = _NAMED[hinted].ask
        assert asking is not None
        reading = yield from asking(target)
        if reading.status is Status.SUCCESS:
            return (reading,)
        failures.append(reading)
        fresh = False
    if not fresh and isinstance((yield Redial()), Failed):
        return tuple(failures) or (Reading("port@1", Status.CLOSED_EARLY),)
    if hinted != "tls":
        found = yield from _greeted(target, kit, GREETING_SECONDS * (2 if hinted in {"greeting", "ssh"} else 1))
        if found:
            return found
    found = yield from _inside_tls(target, kit, first_try=hinted == "tls")
    if found:
        return found
    if hinted == "http" or isinstance((yield Redial()), Failed):
        return tuple(failures) or (Reading("port@1", Status.PROTOCOL_ERROR),)
    readings, first = yield from _web(target, kit)
    if readings:
        return readings
    if not first or first.startswith(_REDIS_SIGNS):
        for collector in (redis.COLLECTOR, postgres.COLLECTOR):
            if collector.name != hinted:
                reading = yield from _again(target, collector)
                if reading.status is Status.SUCCESS:
                    return (reading,)
                failures.append(reading)
    extra: dict[str, object] = {"reply": greeting.banner(first)} if first else {}
    return (*failures, Reading("port@1", Status.PROTOCOL_ERROR if first else Status.TIMEOUT, extra=extra))


def follow(target: Target, path: str, *, secure: bool) -> Identifying:
    """One page of a redirect within scope."""
    readings: tuple[Reading, ...] = ()
    if secure:
        outer, stands = yield from tls.secure(target)
        readings = (outer,)
        if not stands:
            return readings
    page, _ = yield from http.page_and_icon(target, tls=secure, path=path)
    return (*readings, page)


def by_port(port: int) -> str:
    """The collector this port suggests, empty where it suggests none."""
    return _PORTS.get(port, "")


def opening(collector: Collector, target: Target) -> bytes:
    """What this collector says first at this target, before anything is heard; what is drawn by lot differs each time.

    Empty where it only listens or begins with TLS.
    """
    said = b""
    if collector.ask is None:
        return said
    talk = collector.ask(target)
    with contextlib.suppress(StopIteration):
        command = next(talk)
        while isinstance(command, Send):
            said += command.data
            command = talk.send(Received(b""))
    talk.close()
    return said


def _web(target: Target, kit: Kit | None) -> Generator[Command, Answer, tuple[tuple[Reading, ...], bytes]]:
    """HTTP in the clear; where the server says it wanted TLS, that instead."""
    reading, first = yield from http.page_and_icon(target, tls=False)
    code = reading.facts.get("http.status_code")
    wants_tls = first.startswith(_TLS_SIGNS[0]) or (code == 400 and b"HTTPS" in first.upper() + _page(reading))
    if wants_tls and not isinstance((yield Redial()), Failed):
        found = yield from _inside_tls(target, kit, first_try=True)
        if found:
            return found, first
    if "http.status_code" not in reading.facts:
        return (), first
    return (reading, *service.hear(kit, "GetRequest", first)), first


def _page(reading: Reading) -> bytes:
    return str(reading.facts.get("http.title", "")).upper().encode()


def _greeted(target: Target, kit: Kit | None, seconds: float, *, secured: bool = False) -> Identifying:
    answer = yield Receive(4_096, seconds)
    if not isinstance(answer, Received) or not answer.data:
        return ()
    data = answer.data
    if not answer.ended and not data.endswith(b"\n") and not greeting.whole(data):
        more = yield Receive(4_096, _SETTLE, b"\n")  # a greeting may come in pieces
        data += more.data if isinstance(more, Received) else b""
    known = service.hear(kit, "NULL", data, tls=secured)
    if ssh.begins(data):
        return (yield from ssh.converse(data)), *known
    reading = greeting.hear(data, target)
    return (reading, *known) if reading is not None else known


def _inside_tls(target: Target, kit: Kit | None, *, first_try: bool) -> Identifying:
    outer, stands = yield from tls.secure(target, 6.0 if first_try else 3.0)
    if not stands:
        return (outer,) if outer.status is Status.LIMIT else ()
    if target.port in {465, 993, 995}:
        inner = yield from _greeted(target, kit, GREETING_SECONDS, secured=True)
        return (outer, *inner)
    page, first = yield from http.page_and_icon(target, tls=True)
    if "http.status_code" in page.facts:
        return outer, page, *service.hear(kit, "GetRequest", first, tls=True)
    if first:
        spoken = greeting.hear(first, target)
        known = service.hear(kit, "GetRequest", first, tls=True)
        return (outer, spoken, *known) if spoken else (outer, *known)
    return (outer,)


def _again(target: Target, collector: Collector) -> Talking:
    if isinstance((yield Redial()), Failed) or collector.ask is None:
        return Reading(collector.label, Status.CLOSED_EARLY)
    return (yield from collector.ask(target))
