"""httpx's JSONL (`-json`), names with dashes (before 1.2) or underscores: a website where an address is known.

Source: projectdiscovery/httpx runner/types.go.
"""

from collections.abc import Iterator, Mapping
from typing import BinaryIO, Final
from urllib.parse import urlsplit

from secops.core.model import Observation, Skipped, Target, Value
from secops.intake import words
from secops.intake.interface import Ledger
from secops.intake.lines import Record, records
from secops.intake.rows import Writer

NAME: Final = "httpx@1"
_DEFAULT: Final = {"http": 80, "https": 443}
_VERSIONS: Final = {"ssl30": "SSLv3", "tls10": "TLSv1", "tls11": "TLSv1.1", "tls12": "TLSv1.2", "tls13": "TLSv1.3"}
_MAPPED: Final = frozenset(
    {"timestamp", "port", "url", "title", "scheme", "webserver", "status_code", "tech", "technologies", "favicon",
     "host_ip", "location", "tls", "tls_grab"}
)  # fmt: skip


def sniff(head: bytes) -> bool:
    """Does it begin like httpx's JSONL?"""
    return (
        head.lstrip(b" \t\r\n[").startswith(b"{")
        and b'"url":' in head
        and b'"input":' in head
        and b'"template' not in head
        and any(each in head for each in (b'"status_code":', b'"status-code":', b'"webserver":', b'"failed":'))
    )


def read(
    stream: BinaryIO, site: str, observer: str, run: str, ledger: Ledger | None = None
) -> Iterator[Observation | Skipped]:
    """An observation per answer; failed ones are passed by."""
    ledger = ledger or Ledger()
    writer = Writer(site, observer, run)
    for record in records(stream):
        if isinstance(record, Skipped):
            yield record
        elif record.value.get("failed") is True:
            ledger.read += 1
            ledger.pass_by("a request that failed")
        else:
            yield _row(record, writer, ledger)


def _row(record: Record, writer: Writer, ledger: Ledger) -> Observation | Skipped:
    value = {name.replace("-", "_"): each for name, each in record.value.items()}
    try:
        parts = urlsplit(str(value.get("url", ""))[:4_096])
        port = parts.port or words.port(value.get("port")) or _DEFAULT.get(parts.scheme, 0)
        host = parts.hostname or ""
    except ValueError:
        return Skipped(record.where, "a URL that is none")
    answers = value.get("a")
    first = answers[0] if isinstance(answers, list) and answers else ""
    address = next(
        (found for each in (value.get("host_ip"), value.get("host"), host, first) if (found := words.address(each))), ""
    )
    if not address or not port:
        return Skipped(record.where, "no IP address" if not address else "no port")
    ledger.read += 1
    facts = _facts(value, secure=parts.scheme == "https")
    target = Target(address, port, name=words.hostname(host))
    extra = words.kept(value, _MAPPED) | {"url": words.clean(value.get("url"))}
    at, raw = words.instant(value.get("timestamp")), words.digest(record.raw)
    return writer.row(NAME, target, at, facts=facts, extra=extra, raw=raw)


def _facts(value: Mapping[str, object], *, secure: bool) -> dict[str, Value]:
    facts: dict[str, Value] = {"service.name": "http", "tls.enabled": secure}
    for name, field in (("title", "http.title"), ("webserver", "http.server"), ("location", "http.location")):
        if text := words.clean(value.get(name)):
            facts[field] = text
    facts |= words.product(str(facts.get("http.server", "")))
    if 100 <= (status := words.number(value.get("status_code"))) < 1_000:
        facts["http.status_code"] = status
    if found := words.texts(value.get("tech") or value.get("technologies")):
        facts["http.technologies"] = tuple(sorted(found))
    icon = str(value.get("favicon", ""))[:16]
    if icon.removeprefix("-").isdigit() and icon.isascii():
        facts["http.favicon_hash"] = int(icon)
    hashes = value.get("hash")
    if isinstance(hashes, dict) and (text := words.clean(hashes.get("body_sha256"), 64)):
        facts["http.body_sha256"] = text
    tls = value.get("tls") or value.get("tls_grab")
    if secure and isinstance(tls, dict):
        facts |= certificate(tls)
    return facts


def certificate(tls: Mapping[str, object]) -> dict[str, Value]:
    """What tlsx (inside httpx) says of the handshake and the first certificate."""
    facts: dict[str, Value] = {}
    version = str(tls.get("tls_version", ""))
    if version in _VERSIONS:
        facts["tls.version"] = _VERSIONS[version]
    pairs = (("cipher", "tls.cipher"), ("subject_dn", "tls.subject"), ("issuer_dn", "tls.issuer"))
    facts |= {field: text for name, field in pairs if (text := words.clean(tls.get(name)))}
    names = (*words.texts(tls.get("subject_cn")), *words.texts(tls.get("subject_an")))
    if names:
        facts["tls.names"] = tuple(sorted(set(names)))[:100]
    for name, field in (("not_before", "tls.not_before"), ("not_after", "tls.not_after")):
        if moment := words.instant(tls.get(name)):
            facts[field] = int(moment)
    if isinstance(tls.get("self_signed"), bool):
        facts["tls.self_signed"] = tls["self_signed"] is True
    prints = tls.get("fingerprint_hash")
    if isinstance(prints, dict) and len(text := words.clean(prints.get("sha256"), 64)) == 64:
        facts["tls.fingerprint"] = text.lower()
    return facts
