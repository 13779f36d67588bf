"""naabu's JSONL (`-json`), with the port as a number or, in version 2.0, as an object.

Source: naabu v2/pkg/runner/output.go.
"""

import re
from collections.abc import Iterator
from typing import BinaryIO, Final

from secops.core.model import Observation, Skipped, Target, Transport
from secops.intake import words
from secops.intake.interface import Ledger
from secops.intake.lines import Record, records
from secops.intake.rows import Writer

NAME: Final = "naabu@1"
_MARK: Final = re.compile(
    rb'\s*\{\s*(?:"host"\s*:\s*"[^"]*"\s*,\s*)?"ip"\s*:\s*"[^"]*"\s*,\s*'
    rb'(?:"(?:timestamp|cdn-name|protocol|cdn|tls|mac_address|os_fingerprint)"\s*:\s*[^,{]*,\s*)*"port"\s*:'
)


def sniff(head: bytes) -> bool:
    """Does it begin like naabu's JSONL?"""
    return _MARK.match(head) is not None


def read(
    stream: BinaryIO, site: str, observer: str, run: str, ledger: Ledger | None = None
) -> Iterator[Observation | Skipped]:
    """An observation per open port; its host name is that of the address."""
    ledger = ledger or Ledger()
    writer = Writer(site, observer, run)
    for record in records(stream):
        yield record if isinstance(record, Skipped) else _row(record, writer, ledger)


def _row(record: Record, writer: Writer, ledger: Ledger) -> Observation | Skipped:
    value = record.value
    address, host = words.address(value.get("ip")), words.hostname(value.get("host"))
    address = address or words.address(value.get("host"))
    given = value.get("port")
    inner = given if isinstance(given, dict) else {"Port": given, "Protocol": value.get("protocol", "tcp")}
    port = words.port(inner.get("Port"))
    protocol = inner.get("Protocol", "tcp")
    transport = words.transport(protocol) or {0: Transport.TCP, 1: Transport.UDP}.get(words.number(protocol))
    if not address or not port or transport is None:
        return Skipped(record.where, "no IP address" if not address else "no port")
    ledger.read += 1
    extra = words.kept(value, {"ip", "port", "protocol", "timestamp"})
    facts = {"host.names": (host,)} if host else {}
    target = Target(address, port, transport)
    at, raw = words.instant(value.get("timestamp")), words.digest(record.raw)
    return writer.row(NAME, target, at, facts=facts, extra=extra, raw=raw)
