"""What each log of Zeek says of assets: line in, endpoints gathered; a reason where it says nothing."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from secops.core.model import Target, Transport, Value
from secops.intake import words
from secops.intake.rows import Endpoint, Gather

_SERVICES: Final = {
    "http": "http", "ssh": "ssh", "dns": "domain", "smtp": "smtp", "ftp": "ftp", "imap": "imap", "pop3": "pop3",
    "ssl": "", "rdp": "ms-wbt-server", "smb": "microsoft-ds", "mysql": "mysql", "postgresql": "postgresql",
    "redis": "redis", "ldap": "ldap", "ldap_tcp": "ldap", "krb": "kerberos-sec", "krb_tcp": "kerberos-sec",
    "ntp": "ntp", "snmp": "snmp", "sip": "sip", "modbus": "modbus", "dnp3_tcp": "dnp3", "mqtt": "mqtt",
    "radius": "radius", "syslog": "syslog", "dhcp": "dhcps", "irc": "irc", "quic": "quic",
}  # fmt: skip
_ANSWERED: Final = frozenset({"SF", "S1", "S2", "S3", "RSTO", "RSTR", "SHR"})
"""conn_state: the responder took the connection. RSTR after data only."""
_TLS: Final = {"SSLv3": "SSLv3", "TLSv10": "TLSv1", "TLSv11": "TLSv1.1", "TLSv12": "TLSv1.2", "TLSv13": "TLSv1.3"}
_MOST_VALUES: Final = 100


@dataclass(frozen=True, slots=True)
class Line:
    """One line: field -> value; sets and vectors of TSV are text with `members` between."""

    values: Mapping[str, object]
    raw: str
    members: str = ","

    def text(self, name: str, most: int = 512) -> str:
        """A field as cleaned text."""
        return words.clean(self.values.get(name), most)

    def number(self, name: str) -> int:
        """A field as a number, 0 where it is none."""
        return words.number(self.values.get(name))

    def many(self, name: str) -> list[str]:
        """A set or vector as texts."""
        value = self.values.get(name)
        if isinstance(value, str):
            return value.split(self.members, _MOST_VALUES)[:_MOST_VALUES]
        return [str(each) for each in value[:_MOST_VALUES]] if isinstance(value, list) else []

    def flag(self, name: str) -> bool:
        """A bool of TSV (`T`) or JSON."""
        return self.values.get(name) in {"T", True}

    @property
    def at(self) -> int:
        """Its time."""
        return int(words.instant(self.values.get("ts")))

    def server(self, address: str = "id.resp_h", port: str = "id.resp_p") -> Target | None:
        """The responder as a target, None where it is none."""
        host, number = words.address(self.values.get(address)), words.port(self.values.get(port))
        transport = words.transport(self.values.get("proto", self.values.get("port_proto", "tcp")))
        return Target(host, number, transport) if host and number and transport is not None else None


def kind_of(value: Mapping[str, object]) -> str:
    """Which log a JSON object or a list of fields belongs to: `_path`, else by its own fields."""
    path = value.get("_path")
    if isinstance(path, str):
        return words.clean(path, 40)
    for kind, marks in _MARKS.items():
        if all(each in value for each in marks):
            return kind
    return ""


_MARKS: Final = {
    "known_services": ("port_num", "port_proto"),
    "known_certs": ("port_num", "subject"),
    "dhcp": ("msg_types",),
    "conn": ("conn_state",),
    "dns": ("id.resp_h", "query"),
    "http": ("id.resp_h", "method"),
    "ssh": ("id.resp_h", "auth_attempts"),
    "ssl": ("id.resp_h", "established"),
    "software": ("software_type",),
}


def _seen(gather: Gather, line: Line, log: str, target: Target, facts: Mapping[str, Value]) -> Endpoint:
    """The endpoint, having seen this line."""
    found = gather.at(f"zeek+{log}@1", target)
    found.see(line.at, facts, line.raw)
    return found


def _conn(gather: Gather, line: Line) -> str:
    target = line.server()
    if target is None:
        return "a protocol without ports"
    state = line.text("conn_state", 8)
    sent, got = line.number("orig_bytes"), line.number("resp_bytes")
    answered = (
        state in _ANSWERED and (state not in {"RSTR", "SHR"} or got) if target.transport is Transport.TCP else got > 0
    )
    if not answered:
        return "a connection without an answer"
    names = [found for each in line.many("service") if (found := _SERVICES.get(each))]
    facts: dict[str, Value] = {"service.name": names[0]} if names else {}
    if "ssl" in line.many("service"):
        facts["tls.enabled"] = True
    seen = _seen(gather, line, "conn", target, facts)
    client = words.address(line.values.get("id.orig_h"))
    if client:
        seen.flow(client, sent, got)
        if line.flag("local_orig") or words.is_private(client):
            gather.at("zeek+conn@1", Target(client)).see(line.at, raw=line.raw)
    return ""


def _ssl(gather: Gather, line: Line) -> str:
    target = line.server()
    if target is None:
        return "a protocol without ports"
    if not line.flag("established") and not line.text("version"):
        return "a connection without an answer"
    facts: dict[str, Value] = {"tls.enabled": True}
    version = line.text("version", 16)
    pairs = (("tls.version", _TLS.get(version, version)), ("tls.cipher", line.text("cipher", 80)),
             ("tls.subject", line.text("subject")), ("tls.issuer", line.text("issuer")),
             ("tls.ja3s", line.text("ja3s", 32)))  # fmt: skip
    facts |= {name: value for name, value in pairs if value}
    prints = line.many("cert_chain_fps")
    if prints and len(prints[0]) == 64:
        facts["tls.fingerprint"] = prints[0].lower()
        facts["tls.chain_length"] = len(prints)
    found = _seen(gather, line, "ssl", target, facts)
    if name := words.hostname(line.values.get("server_name")):
        found.add("server_names", name)
    if status := line.text("validation_status", 100):
        found.extra["validation_status"] = status
    return ""


def _http(gather: Gather, line: Line) -> str:
    target = line.server()
    if target is None:
        return "a protocol without ports"
    status = line.number("status_code")
    if not status:
        return "a request without an answer"
    facts: dict[str, Value] = {"service.name": "http"}
    if server := line.text("server_header") or line.text("server"):
        facts |= {"http.server": server} | words.product(server)
    found = _seen(gather, line, "http", target, facts)
    if name := words.hostname(line.text("host", 260).partition(":")[0]):
        found.add("hosts", name)
    found.add("status_codes", str(status))
    for mime in line.many("resp_mime_types"):
        found.add("content_types", words.clean(mime, 80))
    return ""


def _ssh(gather: Gather, line: Line) -> str:
    target = line.server()
    said = line.text("server", 255)
    if target is None or not said:
        return "a connection without an answer"
    facts: dict[str, Value] = {"service.name": "ssh", "service.banner": said}
    software, _, version = said.removeprefix("SSH-2.0-").removeprefix("SSH-1.99-").partition("_")
    if software.isalnum() and version[:1].isdigit():
        facts |= {"service.product": software, "service.version": version.split(" ")[0][:64]}
    found = _seen(gather, line, "ssh", target, facts)
    for name in ("host_key", "host_key_alg", "hasshServer"):
        if text := line.text(name, 128):
            found.extra[name] = text
    return ""


def _dhcp(gather: Gather, line: Line) -> str:
    address = words.address(line.values.get("assigned_addr")) or words.address(line.values.get("client_addr"))
    if not address or address == "0.0.0.0":  # noqa: S104 - the unspecified address, compared with
        return "a lease without an address"
    if "NAK" in line.many("msg_types"):
        return "a lease that was refused"
    facts: dict[str, Value] = {"address": address}
    if mac := line.text("mac", 17).lower():
        facts["host.mac"] = (mac,)
    names = {words.hostname(line.values.get(each)) for each in ("host_name", "client_fqdn")} - {""}
    if names:
        facts["host.names"] = tuple(sorted(names))
    found = _seen(gather, line, "dhcp", Target(address), facts)
    for name in ("domain", "client_software", "vendor_class", "lease_time"):
        if text := line.text(name, 128):
            found.extra[name] = text
    if server := words.address(line.values.get("server_addr")):
        found.extra["dhcp_server"] = server
        _seen(gather, line, "dhcp", Target(server, 67, Transport.UDP), {"service.name": "dhcps"})
    return ""


def _dns(gather: Gather, line: Line) -> str:
    query, answers = words.hostname(line.values.get("query")), line.many("answers")
    if not answers:
        return "a question without an answer"
    if (target := line.server()) is not None:
        _seen(gather, line, "dns", target, {"service.name": "domain"})
    if query and line.text("qtype_name", 8) in {"A", "AAAA", ""}:
        for each in answers:
            if address := words.address(each):
                gather.at("zeek+dns@1", Target(address)).see(line.at, {"host.names": (query,)}, line.raw)
    return ""


def _known_service(gather: Gather, line: Line) -> str:
    target = line.server("host", "port_num")
    if target is None:
        return "a protocol without ports"
    names = [found for each in line.many("service") if (found := _SERVICES.get(each.lower()))]
    gather.at("zeek+known@1", target).see(line.at, {"service.name": names[0]} if names else {}, line.raw)
    return ""


def _known_cert(gather: Gather, line: Line) -> str:
    target = line.server("host", "port_num")
    if target is None:
        return "a protocol without ports"
    pairs = (("tls.subject", line.text("subject")), ("tls.issuer", line.text("issuer_subject")))
    facts: dict[str, Value] = {"tls.enabled": True} | {name: value for name, value in pairs if value}
    found = gather.at("zeek+known_certs@1", target)
    found.see(line.at, facts, line.raw)
    found.extra["serial"] = line.text("serial", 64)
    return ""


def _known_host(gather: Gather, line: Line) -> str:
    address = words.address(line.values.get("host"))
    if not address:
        return "a line without an address"
    gather.at("zeek+known@1", Target(address)).see(line.at, raw=line.raw)
    return ""


def _software(gather: Gather, line: Line) -> str:
    address, port = words.address(line.values.get("host")), words.port(line.values.get("host_p"))
    name = line.text("name", 64)
    if not address or not name:
        return "a line without an address"
    parts = [line.text(f"version.{each}", 16) for each in ("major", "minor", "minor2")]
    version = ".".join(each for each in parts if each)
    if port and line.text("software_type", 40).endswith("SERVER"):
        facts: dict[str, Value] = {"service.product": name, "service.version": version or None}
        gather.at("zeek+software@1", Target(address, port)).see(line.at, facts, line.raw)
    else:
        found = gather.at("zeek+software@1", Target(address))
        found.see(line.at, raw=line.raw)
        found.add("software", f"{name} {version}".strip())
    return ""


LOGS: Final[Mapping[str, Callable[[Gather, Line], str]]] = {
    "conn": _conn, "ssl": _ssl, "http": _http, "ssh": _ssh, "dhcp": _dhcp, "dns": _dns,
    "known_services": _known_service,
    "known_certs": _known_cert, "known_hosts": _known_host, "software": _software,
}  # fmt: skip
"""Log -> how a line of it is read."""
