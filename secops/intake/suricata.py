"""Suricata's EVE JSONL: flow, tls, http, ssh, dhcp, dns, alert. Events of one place are gathered into one observation.

An alert is Suricata's opinion: it stays in `extra`, counted by its signature. Source: Suricata's user guide, EVE.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import BinaryIO, Final

from secops.core.model import Observation, Skipped, Target, Transport, Value
from secops.intake import words
from secops.intake.interface import Ledger
from secops.intake.lines import records
from secops.intake.rows import Endpoint, Gather, Writer

_SERVICES: Final = {
    "http": "http", "http2": "http", "ssh": "ssh", "dns": "domain", "smtp": "smtp", "ftp": "ftp", "imap": "imap",
    "smb": "microsoft-ds", "rdp": "ms-wbt-server", "mqtt": "mqtt", "modbus": "modbus", "dnp3": "dnp3", "snmp": "snmp",
    "ntp": "ntp", "sip": "sip", "nfs": "nfs", "tftp": "tftp", "krb5": "kerberos-sec", "ike": "isakmp", "enip": "enip",
    "rfb": "vnc", "pgsql": "postgresql", "telnet": "telnet", "ldap": "ldap", "bittorrent-dht": "",
}  # fmt: skip
_VERSIONS: Final = {"TLS 1.0": "TLSv1", "TLS 1.1": "TLSv1.1", "TLS 1.2": "TLSv1.2", "TLS 1.3": "TLSv1.3"}
_IGNORED: Final = frozenset({"fileinfo", "stats", "anomaly", "drop", "packet", "files", "netflow", "frame", "engine"})
_SYN_ACK: Final = 0x12


def sniff(head: bytes) -> bool:
    """Does it begin like EVE JSON?"""
    return head.lstrip().startswith(b"{") and b'"event_type"' in head and b'"timestamp"' in head


def read(
    stream: BinaryIO, site: str, observer: str, run: str, ledger: Ledger | None = None
) -> Iterator[Observation | Skipped]:
    """An observation per kind of event and place."""
    ledger = ledger or Ledger()
    gather = Gather(Writer(site, observer, run))
    for record in records(stream):
        if isinstance(record, Skipped):
            yield record
            continue
        kind = record.value.get("event_type")
        if not isinstance(kind, str):
            yield Skipped(record.where, "no event_type")
            continue
        ledger.read += 1
        reader = _EVENTS.get(kind)
        if reader is None:
            ledger.pass_by(
                f"an event that tells of no asset: {kind}" if kind in _IGNORED else "an event of another kind"
            )
        elif reason := reader(gather, record.value, words.digest(record.raw)):
            ledger.pass_by(reason)
        if told := gather.take():
            yield from told
    yield from gather.rest()


def _inner(event: Mapping[str, object], name: str) -> Mapping[str, object]:
    found = event.get(name)
    return found if isinstance(found, dict) else {}


def _server(event: Mapping[str, object]) -> Target | None:
    address, port = words.address(event.get("dest_ip")), words.port(event.get("dest_port"))
    transport = words.transport(event.get("proto"))
    return Target(address, port, transport) if address and port and transport is not None else None


def _at(event: Mapping[str, object]) -> int:
    return int(words.instant(event.get("timestamp")))


def _seen(
    gather: Gather, event: Mapping[str, object], raw: str, kind: str, facts: Mapping[str, Value], *,
    target: Target | None = None,
) -> Endpoint | None:  # fmt: skip
    place = target or _server(event)
    if place is None:
        return None
    found = gather.at(f"suricata+{kind}@1", place)
    found.see(_at(event), {name: value for name, value in facts.items() if value not in {"", ()}}, raw)
    return found


_NOWHERE: Final = "an event without an address and port"


def _flow(gather: Gather, event: Mapping[str, object], raw: str) -> str:
    flow, tcp = _inner(event, "flow"), _inner(event, "tcp")
    target = _server(event)
    if target is None:
        return "a protocol without ports"
    flags = str(tcp.get("tcp_flags_tc", ""))[:4]
    try:
        shaken = int(flags or "0", 16) & _SYN_ACK == _SYN_ACK
    except ValueError:
        shaken = False
    answered = words.number(flow.get("pkts_toclient")) > 0 and words.number(flow.get("bytes_toclient")) > 0
    if not answered or (target.transport is Transport.TCP and not shaken and flow.get("state") != "established"):
        return "a flow without an answer"
    protocol = str(event.get("app_proto", ""))
    facts: dict[str, Value] = {"service.name": _SERVICES.get(protocol, "")}
    if protocol == "tls":
        facts["tls.enabled"] = True
    found = _seen(gather, event, raw, "flow", facts, target=target)
    client = words.address(event.get("src_ip"))
    if found is not None and client:
        found.flow(client, words.number(flow.get("bytes_toserver")), words.number(flow.get("bytes_toclient")))
        if words.is_private(client):
            gather.at("suricata+flow@1", Target(client)).see(_at(event), raw=raw)
    return ""


def _tls(gather: Gather, event: Mapping[str, object], raw: str) -> str:
    tls = _inner(event, "tls")
    version = words.clean(tls.get("version"), 16)
    facts: dict[str, Value] = {
        "tls.enabled": True,
        "tls.version": _VERSIONS.get(version, "" if version == "UNDETERMINED" else version),
        "tls.subject": words.clean(tls.get("subject")),
        "tls.issuer": words.clean(tls.get("issuerdn")),
        "tls.ja3s": words.clean(_inner(tls, "ja3s").get("hash"), 32),
        "tls.names": tuple(sorted(words.texts(tls.get("subjectaltname") or []))),
    }
    for name, field in (("notbefore", "tls.not_before"), ("notafter", "tls.not_after")):
        if moment := words.instant(tls.get(name)):
            facts[field] = int(moment)
    found = _seen(gather, event, raw, "tls", facts)
    if found is None:
        return _NOWHERE
    found.add("server_names", words.hostname(tls.get("sni")))
    found.extra |= words.kept({name: tls[name] for name in ("serial", "fingerprint") if name in tls})
    return ""


def _http(gather: Gather, event: Mapping[str, object], raw: str) -> str:
    http = _inner(event, "http")
    if not (status := words.number(http.get("status"))):
        return "a request without an answer"
    listed = http.get("response_headers")
    headers = {
        str(each.get("name", "")).lower(): each.get("value")
        for each in (listed[:100] if isinstance(listed, list) else [])
        if isinstance(each, dict)
    }
    server = words.clean(http.get("server") or headers.get("server"))
    facts: dict[str, Value] = {"service.name": "http", "http.server": server, **words.product(server)}
    found = _seen(gather, event, raw, "http", facts)
    if found is None:
        return _NOWHERE
    found.add("hosts", words.hostname(str(http.get("hostname", ""))[:260].partition(":")[0]))
    found.add("status_codes", str(status))
    found.add("content_types", words.clean(http.get("http_content_type"), 80))
    return ""


def _ssh(gather: Gather, event: Mapping[str, object], raw: str) -> str:
    server = _inner(_inner(event, "ssh"), "server")
    version, software = words.clean(server.get("proto_version"), 8), words.clean(server.get("software_version"), 200)
    if not software:
        return "a connection without an answer"
    name, _, number = software.partition("_")
    facts: dict[str, Value] = {"service.name": "ssh", "service.banner": f"SSH-{version or '2.0'}-{software}"}
    if name.isalnum() and number[:1].isdigit():
        facts |= {"service.product": name, "service.version": number.split(" ")[0][:64]}
    found = _seen(gather, event, raw, "ssh", facts)
    if found is not None:
        found.extra |= words.kept({"hassh": server.get("hassh")})
    return "" if found is not None else _NOWHERE


def _dhcp(gather: Gather, event: Mapping[str, object], raw: str) -> str:
    dhcp = _inner(event, "dhcp")
    if dhcp.get("dhcp_type") not in {"ack", "request", "inform", None} or dhcp.get("type") == "request":
        return "a lease that is not granted yet"
    address = words.address(dhcp.get("assigned_ip")) or words.address(dhcp.get("client_ip"))
    if not address or address == "0.0.0.0":  # noqa: S104 - the unspecified address, compared with
        address = words.address(dhcp.get("client_ip"))
    if not address or address == "0.0.0.0":  # noqa: S104 - as above
        return "a lease without an address"
    mac, name = words.clean(dhcp.get("client_mac"), 17).lower(), words.hostname(dhcp.get("hostname"))
    facts: dict[str, Value] = {"address": address}
    facts |= ({"host.mac": (mac,)} if mac else {}) | ({"host.names": (name,)} if name else {})
    found = _seen(gather, event, raw, "dhcp", facts, target=Target(address))
    if found is not None:
        mapped = {"client_mac", "hostname", "assigned_ip", "client_ip", "id"}
        found.extra |= words.kept(dhcp, mapped)
    return ""


def _dns(gather: Gather, event: Mapping[str, object], raw: str) -> str:
    dns = _inner(event, "dns")
    given = dns.get("answers")
    answers = [each for each in given[:100] if isinstance(each, dict)] if isinstance(given, list) else []
    if not answers and words.address(dns.get("rdata")):
        answers = [dict(dns)]
    found = 0
    for each in answers:
        address, name = words.address(each.get("rdata")), words.hostname(each.get("rrname"))
        if address and name and each.get("rrtype") in {"A", "AAAA"}:
            found += 1
            _seen(gather, event, raw, "dns", {"host.names": (name,)}, target=Target(address))
    return "" if found else "a DNS event without addresses"


def _alert(gather: Gather, event: Mapping[str, object], raw: str) -> str:
    alert, flow = _inner(event, "alert"), _inner(event, "flow")
    inner = {name: flow.get(name) for name in ("dest_ip", "dest_port")}
    place = _server({**event, **inner}) if words.address(inner["dest_ip"]) else _server(event)
    place = place or (Target(found) if (found := words.address(event.get("dest_ip"))) else None)
    if place is None:
        return _NOWHERE
    seen = _seen(gather, event, raw, "alert", {}, target=Target(place.address))
    if seen is not None:
        told = words.kept(alert, {"metadata", "rule"}) | {
            "port": place.port,
            "client": words.address(event.get("src_ip")),
        }
        seen.event(f"{alert.get('signature_id')}:{place.port}"[:40], told)
    return ""


_EVENTS: Final[Mapping[str, Callable[[Gather, Mapping[str, object], str], str]]] = {
    "flow": _flow, "tls": _tls, "http": _http, "ssh": _ssh, "dhcp": _dhcp, "dns": _dns, "alert": _alert,
}  # fmt: skip
