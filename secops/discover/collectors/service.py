"""What nmap's probes and patterns say of a port, as one reading beside those of our own collectors: `service@1`."""

from dataclasses import replace
from functools import lru_cache

from secops.core.model import Status, Value
from secops.discover.collectors.interface import Collector, Reading, bounded, clean, decoded, steady
from secops.discover.probes.ask import Kit, State, Verdict
from secops.discover.probes.book import Book, Probe
from secops.discover.probes.template import Filled

LABEL = "service@1"
_BANNER_MOST = 512
DEEPER = {
    "http": "http", "http-proxy": "http", "https": "http", "ssh": "ssh", "redis": "redis", "postgresql": "postgres",
    "microsoft-ds": "smb", "netbios-ssn": "smb", "ms-wbt-server": "rdp", "mongodb": "mongodb", "mqtt": "mqtt",
    "amqp": "amqp", "ldap": "ldap", "ms-sql-s": "mssql", "oracle-tns": "oracle", "oracle": "oracle", "rtsp": "rtsp",
    "cassandra": "cassandra", "cassandra-native": "cassandra", "rpcbind": "rpcbind",
}  # fmt: skip
"""nmap's name for a service -> our collector that knows more of it."""
_SCRIPTED = frozenset({"rpcbind", "amqp"})


def describe(verdict: Verdict) -> Reading:
    """The reading of a verdict; without facts where nothing was recognised."""
    extra: dict[str, object] = {"asked": len(verdict.asked)}
    if verdict.service and verdict.filled is not None:
        extra |= {"probe": verdict.probe, "certain": verdict.state is State.HARD}
        return Reading(
            LABEL, Status.SUCCESS, _facts(verdict.filled, verdict.service, verdict.heard, verdict.tls), extra
        )
    if verdict.tls:
        return Reading(LABEL, Status.SUCCESS, {"service.name": "ssl", "tls.enabled": True}, extra)
    if verdict.heard:
        extra["reply"] = clean(decoded(verdict.heard), _BANNER_MOST)
    match verdict.state:
        case State.WRAPPED:
            return Reading(LABEL, Status.CLOSED_EARLY, {}, extra | {"tcpwrapped": True})
        case State.EXCLUDED:
            return Reading(LABEL, Status.LIMIT, {}, extra | {"why": "excluded by nmap-service-probes"})
        case State.CUT:
            return Reading(LABEL, Status.CLOSED_EARLY, {}, extra)
    return Reading(LABEL, Status.PROTOCOL_ERROR if verdict.heard else Status.TIMEOUT, {}, extra)


def completed(told: Reading, deeper: tuple[Reading, ...]) -> Reading:
    """The reading with what nmap too learns by asking further: by its scripts rpcinfo and amqp-info."""
    if told.facts.get("service.name") not in _SCRIPTED:
        return told
    facts = dict(told.facts)
    for each in deeper:
        if each.facts.get("service.name") == facts["service.name"]:
            wanted = ("service.product", "service.version", "service.info")
            facts |= {field: each.facts[field] for field in wanted if field in each.facts}
    return replace(told, facts=facts)


def hear(kit: Kit | None, probe: str, data: bytes, *, tls: bool = False) -> tuple[Reading, ...]:
    """What the patterns of this probe say of an answer another collector got; nothing is sent. Hard matches only."""
    asked = named(kit.book, probe) if kit is not None and data else None
    if kit is None or asked is None:
        return ()
    hit = kit.matcher.first(asked, data)
    if hit is None or hit.match.soft or hit.match.service == "ssl":
        return ()
    filled = hit.filled()
    name = filled.service.removeprefix("ssl/")
    tls = tls or filled.service.startswith("ssl/")
    return (Reading(LABEL, Status.SUCCESS, _facts(filled, name, data, tls), {"probe": probe, "asked": 0}),)


@lru_cache(maxsize=64)
def named(book: Book, name: str) -> Probe | None:
    """The TCP probe of this name."""
    if book.null is not None and book.null.name == name:
        return book.null
    return next((each for each in book.tcp if each.name == name), None)


def _facts(filled: Filled, name: str, heard: bytes, tls: bool) -> dict[str, Value]:
    facts: dict[str, Value] = {"service.name": clean(name, 64), "tls.enabled": tls}
    for field, text in (
        ("service.product", filled.product),
        ("service.version", filled.version),
        ("service.info", filled.info),
        ("service.hostname", filled.hostname),
        ("service.os", filled.os),
        ("service.device_type", filled.device_type),
        ("service.banner", decoded(steady(heard[:_BANNER_MOST]))),
    ):
        if kept := clean(text):
            facts[field] = kept
    if filled.cpe:
        facts["service.cpe"] = bounded(filled.cpe)
    return facts


COLLECTOR = Collector(
    "service",
    1,
    "用本机 nmap 的探针与指纹识别服务、版本、CPE",
    "services, versions and CPE by the installed nmap's probes",
    (),
    frozenset(),
)
