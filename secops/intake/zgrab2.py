"""zgrab2's JSONL: one line an address, one observation per module that answered (http, tls, ssh, banner and others).

Source: zgrab2 module.go, modules/*, zcrypto's JSON of certificates.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import BinaryIO, Final
from urllib.parse import urlsplit

from secops.core.model import Observation, Skipped, Target, Value
from secops.intake import words
from secops.intake.interface import Ledger
from secops.intake.lines import Record, records
from secops.intake.rows import Writer

_MARK: Final = re.compile(
    rb'\s*\{\s*"(?:ip|domain)"\s*:\s*"[^"]*"\s*,\s*(?:"(?:domain|tag|port)"\s*:\s*[^,{]*,\s*)*"data"\s*:\s*\{'
)
_PORTS: Final = {
    "http": 80, "https": 443, "tls": 443, "ssh": 22, "ftp": 21, "smtp": 25, "imap": 143, "pop3": 110, "telnet": 23,
    "mysql": 3306, "postgres": 5432, "mssql": 1433, "oracle": 1521, "redis": 6379, "mongodb": 27017, "smb": 445,
    "modbus": 502, "bacnet": 47808, "fox": 1911, "dnp3": 20000, "siemens": 102, "ntp": 123, "ipp": 631, "amqp091": 5672,
    "mqtt": 1883, "rdp": 3389, "banner": 80,
}  # fmt: skip
_SOFTWARE: Final = re.compile(r"SSH-[\d.]+-([A-Za-z]\w*?)[_-](\d[\w.]*)")
_ANSWERED: Final = frozenset({"success", "application-error", "protocol-error"})


def sniff(head: bytes) -> bool:
    """Does it begin like zgrab2's JSONL?"""
    return _MARK.match(head) is not None


def read(
    stream: BinaryIO, site: str, observer: str, run: str, ledger: Ledger | None = None
) -> Iterator[Observation | Skipped]:
    """An observation per module with success; the others are passed by."""
    ledger = ledger or Ledger()
    writer = Writer(site, observer, run)
    for record in records(stream):
        if isinstance(record, Skipped):
            yield record
        else:
            yield from _grab(record, writer, ledger)


def _grab(record: Record, writer: Writer, ledger: Ledger) -> Iterator[Observation | Skipped]:
    value = record.value
    address, modules = words.address(value.get("ip")), value.get("data")
    if not address or not isinstance(modules, dict):
        yield Skipped(record.where, "no IP address" if not address else "no data of any module")
        return
    ledger.read += 1
    raw, domain = words.digest(record.raw), words.hostname(value.get("domain"))
    rest = words.kept(value, {"ip", "domain", "data", "port"})
    for name, answer in list(modules.items())[:32]:
        if not isinstance(answer, dict):
            continue
        protocol = words.clean(answer.get("protocol"), 24).lower() or words.clean(name, 24).lower()
        given = answer.get("result")
        result = given if isinstance(given, dict) else {}
        if not result or answer.get("status") not in _ANSWERED:
            ledger.pass_by("a module without an answer")
            continue
        port = words.port(answer.get("port")) or words.port(value.get("port")) or _port(result, protocol)
        if not port or not re.fullmatch(r"[a-z0-9_.-]{1,24}", protocol):
            ledger.pass_by("a module whose port is not known")
            continue
        facts, extra = _READERS.get(protocol, _other)(result)
        if answer.get("status") != "success":
            extra["error"] = words.clean(answer.get("error"))
        facts = {field: each for field, each in facts.items() if each not in {"", ()}}
        target = Target(address, port, words.transport("udp" if protocol in {"ntp", "bacnet"} else "tcp"), domain)  # type: ignore[arg-type]  # both words are transports
        at = words.instant(answer.get("timestamp"))
        yield writer.row(f"zgrab2+{protocol}@1", target, at, facts=facts, extra=rest | extra, raw=raw)


def _port(result: Mapping[str, object], protocol: str) -> int:
    """The port of an HTTP answer's own URL, else the module's default."""
    url = _inside(result, "response", "request", "url")
    if isinstance(url, dict):
        try:
            parts = urlsplit(f"{words.clean(url.get('scheme'), 8) or 'http'}://{words.clean(url.get('host'), 300)}")
            return parts.port or _PORTS.get(parts.scheme, 80)
        except ValueError:
            return 0
    return _PORTS.get(protocol, 0)


def _inside(value: object, *path: str) -> object:
    for each in path:
        value = value.get(each) if isinstance(value, dict) else None
    return value


def _http(result: Mapping[str, object]) -> tuple[dict[str, Value], dict[str, object]]:
    response = result.get("response")
    if not isinstance(response, dict):
        return {}, words.kept(result)
    facts: dict[str, Value] = {"service.name": "http"}
    if 100 <= (status := words.number(response.get("status_code"))) < 1_000:
        facts["http.status_code"] = status
    given = response.get("headers")
    headers = given if isinstance(given, dict) else {}
    first = {
        str(k).lower(): words.clean(v[0] if isinstance(v, list) and v else v) for k, v in list(headers.items())[:100]
    }
    for header, field in (
        ("server", "http.server"),
        ("x_powered_by", "http.powered_by"),
        ("location", "http.location"),
    ):
        facts[field] = first.get(header, "")
    facts |= words.product(first.get("server", ""))
    facts["http.headers"] = tuple(sorted(each.replace("_", "-")[:128] for each in first if each != "unknown"))
    body = response.get("body")
    if isinstance(body, str) and (found := re.search(r"(?is)<title[^>]{0,200}>([^<]{0,2000})", body[:65_536])):
        facts["http.title"] = words.clean(found[1])
    facts["http.body_sha256"] = words.clean(response.get("body_sha256"), 64)
    tls = _inside(response, "request", "tls_log")
    facts["tls.enabled"] = isinstance(tls, dict)
    if isinstance(tls, dict):
        facts |= _handshake(tls)
    return facts, words.kept(response, {"headers", "body", "status_code", "body_sha256", "request"})


def _tls(result: Mapping[str, object]) -> tuple[dict[str, Value], dict[str, object]]:
    return {"tls.enabled": True} | _handshake(result), words.kept(result, {"handshake_log"})


def _handshake(log: Mapping[str, object]) -> dict[str, Value]:
    hello = _inside(log, "handshake_log", "server_hello")
    facts: dict[str, Value] = {
        "tls.version": words.clean(_inside(hello, "version", "name"), 16),
        "tls.cipher": words.clean(_inside(hello, "cipher_suite", "name"), 80),
    }
    held = _inside(log, "handshake_log", "server_certificates")
    if not isinstance(held, dict):
        return facts
    chain = held.get("chain")
    facts["tls.chain_length"] = 1 + (len(chain) if isinstance(chain, list) else 0)
    parsed = _inside(held, "certificate", "parsed")
    if not isinstance(parsed, dict):
        return facts
    facts["tls.subject"] = words.clean(parsed.get("subject_dn"))
    facts["tls.issuer"] = words.clean(parsed.get("issuer_dn"))
    facts["tls.fingerprint"] = words.clean(parsed.get("fingerprint_sha256"), 64).lower()
    for name, field in (("start", "tls.not_before"), ("end", "tls.not_after")):
        if moment := words.instant(_inside(parsed, "validity", name)):
            facts[field] = int(moment)
    names = _inside(parsed, "extensions", "subject_alt_name", "dns_names") or parsed.get("names")
    facts["tls.names"] = tuple(sorted(words.texts(names)))
    facts["tls.key_type"] = words.clean(_inside(parsed, "subject_key_info", "key_algorithm", "name"), 32).lower()
    facts["tls.key_bits"] = words.number(
        _inside(parsed, "subject_key_info", "rsa_public_key", "length")
    ) or words.number(_inside(parsed, "subject_key_info", "ecdsa_public_key", "length"))
    facts["tls.signature"] = words.clean(_inside(parsed, "signature_algorithm", "name"), 64)
    signed = _inside(parsed, "signature", "self_signed")
    if isinstance(signed, bool):
        facts["tls.self_signed"] = signed
    return {field: each for field, each in facts.items() if each not in {"", (), 0} or isinstance(each, bool)}


def _ssh(result: Mapping[str, object]) -> tuple[dict[str, Value], dict[str, object]]:
    said = words.clean(_inside(result, "server_id", "raw"), 255)
    facts: dict[str, Value] = {"service.name": "ssh", "service.banner": said}
    if found := _SOFTWARE.match(said):
        facts["service.product"], facts["service.version"] = found[1], found[2]
    key = _inside(result, "key_exchange", "server_host_key")
    text = words.clean(_inside(key, "fingerprint_sha256"), 64)
    try:
        mark = words.host_key(bytes.fromhex(text)) if len(text) == 64 else ""
    except ValueError:
        mark = ""
    if mark:
        facts["ssh.host_key"] = (mark,)
        facts["ssh.host_key_type"] = words.texts(_inside(key, "algorithm"))
    return facts, words.kept(result, {"key_exchange"})


def _other(result: Mapping[str, object]) -> tuple[dict[str, Value], dict[str, object]]:
    """Any other module: its banner, and the rest kept."""
    facts: dict[str, Value] = {"service.banner": words.clean(result.get("banner"), 1_024)}
    return facts, words.kept(result, {"banner"})


_READERS: Final[dict[str, Callable[[Mapping[str, object]], tuple[dict[str, Value], dict[str, object]]]]] = {
    "http": _http, "tls": _tls, "ssh": _ssh, "banner": _other,
}  # fmt: skip
