"""A service on any port is recognised: what the port suggests, then its greeting, then TLS, HTTP, Redis, PostgreSQL.

Returns every reading that says something; the first is the outermost layer. A new collector is a line in COLLECTORS.
"""

from collections.abc import Generator

from secops.core.model import Status, Target
from secops.dial.conversation import Answer, Command, Failed, Receive, Received, Redial
from secops.discover.collectors import greeting, http, postgres, redis, ssh, tls
from secops.discover.collectors.interface import Collector, Reading, Talking

COLLECTORS: tuple[Collector, ...] = (
    ssh.COLLECTOR,
    greeting.COLLECTOR,
    tls.COLLECTOR,
    http.COLLECTOR,
    redis.COLLECTOR,
    postgres.COLLECTOR,
)

GREETING_SECONDS = 2.0
_SETTLE = 0.4
_TLS_SIGNS = (b"\x15\x03", b"HTTP/1.1 400", b"HTTP/1.0 400")
_REDIS_SIGNS = (b"-ERR", b"-NOAUTH", b"-DENIED")

Identifying = Generator[Command, Answer, tuple[Reading, ...]]


def identify(target: Target) -> Identifying:
    """Every reading of this open port, successful ones first; the last resort is the reason nothing was understood."""
    failures: list[Reading] = []
    fresh = True
    hinted = by_port(target.port)
    if hinted == "http":
        readings, first = yield from _web(target)
        if readings:
            return readings
        fresh = False
        if first.startswith(_REDIS_SIGNS):
            return ((yield from _again(target, redis.COLLECTOR)),)
    elif hinted in {"redis", "postgres"}:
        collector = next(each for each in COLLECTORS if each.name == hinted)
        assert collector.ask is not None
        reading = yield from collector.ask(target)
        if reading.status is Status.SUCCESS:
            return (reading,)
        failures.append(reading)
        fresh = False
    if not fresh and isinstance((yield Redial()), Failed):
        return tuple(failures) or (Reading("port@1", Status.CLOSED_EARLY),)
    if hinted != "tls":
        found = yield from _greeted(target, GREETING_SECONDS * (2 if hinted in {"greeting", "ssh"} else 1))
        if found:
            return found
    found = yield from _inside_tls(target, first_try=hinted == "tls")
    if found:
        return found
    if hinted == "http" or isinstance((yield Redial()), Failed):
        return tuple(failures) or (Reading("port@1", Status.PROTOCOL_ERROR),)
    readings, first = yield from _web(target)
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
    return next((each.name for each in COLLECTORS if port in each.ports), "")


def _web(target: Target) -> Generator[Command, Answer, tuple[tuple[Reading, ...], bytes]]:
    """HTTP in the clear; where the server says it wanted TLS, that instead."""
    reading, first = yield from http.page_and_icon(target, tls=False)
    code = reading.facts.get("http.status_code")
    wants_tls = first.startswith(_TLS_SIGNS[0]) or (code == 400 and b"HTTPS" in first.upper() + _page(reading))
    if wants_tls and not isinstance((yield Redial()), Failed):
        found = yield from _inside_tls(target, first_try=True)
        if found:
            return found, first
    return ((reading,) if "http.status_code" in reading.facts else ()), first


def _page(reading: Reading) -> bytes:
    return str(reading.facts.get("http.title", "")).upper().encode()


def _greeted(target: Target, seconds: float) -> Identifying:
    answer = yield Receive(4_096, seconds)
    if not isinstance(answer, Received) or not answer.data:
        return ()
    data = answer.data
    if not answer.ended and not data.endswith(b"\n") and not greeting.whole(data):
        more = yield Receive(4_096, _SETTLE, b"\n")  # a greeting may come in pieces
        data += more.data if isinstance(more, Received) else b""
    if ssh.begins(data):
        return ((yield from ssh.converse(data)),)
    reading = greeting.hear(data, target)
    return (reading,) if reading is not None else ()


def _inside_tls(target: Target, *, first_try: bool) -> Identifying:
    outer, stands = yield from tls.secure(target, 6.0 if first_try else 3.0)
    if not stands:
        return (outer,) if outer.status is Status.LIMIT else ()
    if target.port in {465, 993, 995}:
        inner = yield from _greeted(target, GREETING_SECONDS)
        return (outer, *inner)
    page, first = yield from http.page_and_icon(target, tls=True)
    if "http.status_code" in page.facts:
        return outer, page
    if first:
        spoken = greeting.hear(first, target)
        return (outer, spoken) if spoken else (outer,)
    return (outer,)


def _again(target: Target, collector: Collector) -> Talking:
    if isinstance((yield Redial()), Failed) or collector.ask is None:
        return Reading(collector.label, Status.CLOSED_EARLY)
    return (yield from collector.ask(target))
