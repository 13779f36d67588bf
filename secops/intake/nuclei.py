"""nuclei's JSONL (`-jsonl`) and JSON export: each result an observation with its template, severity and matcher.

A result is what nuclei thinks, not a fact of the service: it stays in `extra`, under a collector of its own per
template and place, so that a port keeps all of them. Source: nuclei pkg/output/output.go.
"""

import re
from collections.abc import Iterator
from hashlib import sha256
from typing import BinaryIO, Final
from urllib.parse import urlsplit

from secops.core.model import Observation, Skipped, Target
from secops.intake import words
from secops.intake.interface import Ledger
from secops.intake.lines import Record, records
from secops.intake.rows import Writer

_TEMPLATE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")
_DEFAULT: Final = {"http": 80, "https": 443, "ssh": 22, "ftp": 21}
_BULKY: Final = frozenset(
    {"request", "response", "template-encoded", "curl-command", "info", "timestamp", "ip", "port"}
)


def sniff(head: bytes) -> bool:
    """Does it begin like nuclei's JSONL?"""
    return head.lstrip(b" \t\r\n[").startswith(b"{") and (
        b'"template-id"' in head or b'"templateID"' in head or b'"template-path"' in head or b'"template-url"' in head
    )


def read(
    stream: BinaryIO, site: str, observer: str, run: str, ledger: Ledger | None = None
) -> Iterator[Observation | Skipped]:
    """An observation per result that names an address."""
    ledger = ledger or Ledger()
    writer = Writer(site, observer, run)
    for record in records(stream):
        if isinstance(record, Skipped):
            yield record
        elif record.value.get("matcher-status") is False:
            ledger.read += 1
            ledger.pass_by("a template that did not match")
        else:
            yield _row(record, writer, ledger)


def _row(record: Record, writer: Writer, ledger: Ledger) -> Observation | Skipped:
    value = record.value
    template = words.clean(value.get("template-id") or value.get("templateID"), 100)
    if not _TEMPLATE.fullmatch(template):
        return Skipped(record.where, "no template id")
    host, port, scheme = _place(value)
    address = words.address(value.get("ip")) or words.address(host)
    if not address:
        return Skipped(record.where, "no IP address")
    ledger.read += 1
    given = value.get("info")
    info = given if isinstance(given, dict) else {}
    extra = words.kept(value, _BULKY | {"template", "template-id", "templateID"})
    extra |= {
        "template": template,
        "severity": words.clean(info.get("severity"), 16).lower() or "unknown",
        "info": words.kept(info, {"severity"}),
    }
    place = f"{value.get('matched-at')}\0{value.get('matcher-name')}\0{value.get('extractor-name')}"
    mark = sha256(place.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    target = Target(address, port or _DEFAULT.get(scheme, 0), name=words.hostname(host))
    at = words.instant(value.get("timestamp"))
    label = f"nuclei+{template}:{mark}@1"
    return writer.row(label, target, at, facts={}, extra=extra, raw=words.digest(record.raw))


def _place(value: dict[str, object]) -> tuple[str, int, str]:
    """Host, port and scheme, from the result's own words or from where it matched."""
    port = words.port(value.get("port"))
    host, scheme = "", words.clean(value.get("scheme"), 16)
    for name in ("matched-at", "matched", "url", "host"):
        text = words.clean(value.get(name), 2_048)
        if not text:
            continue
        try:
            parts = urlsplit(text if "//" in text else f"//{text}")
            host, scheme = host or parts.hostname or "", scheme or parts.scheme
            port = port or parts.port or 0
        except ValueError:
            continue
    return host, port, scheme
