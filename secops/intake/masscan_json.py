"""masscan's JSON (`-oJ`), in every form its versions wrote: commas before, after, and one too many at the end.

Source: masscan src/out-json.c. A record is one address with one port, open or with a banner.
"""

import re
from collections.abc import Iterator, Mapping
from typing import BinaryIO, Final

from secops.core.model import Observation, Skipped, Target, Value
from secops.intake import words
from secops.intake.interface import Ledger
from secops.intake.lines import Record, records
from secops.intake.rows import Writer

NAME: Final = "masscan@1"
_MARK: Final = re.compile(
    rb'\s*\[?[\s,]*\{\s*"ip"\s*:\s*"[0-9a-fA-F.:]+"\s*,\s*"timestamp"\s*:\s*"?\d*"?\s*,\s*"ports"\s*:'
)
_NAMES: Final = {
    "ssh": "ssh", "http": "http", "ftp": "ftp", "smtp": "smtp", "pop": "pop3", "imap": "imap", "imap4": "imap",
    "telnet": "telnet", "vnc": "vnc", "rdp": "rdp", "memcached": "memcached", "snmp": "snmp", "ntp": "ntp",
    "dns-ver": "domain", "smb": "microsoft-ds", "nbtstat": "netbios-ns", "mc": "minecraft", "redis": "redis",
}  # fmt: skip
_SERVER: Final = re.compile(r"(?im)^server:[ \t]*(.+?)[ \t]*$")
_LABEL: Final = re.compile(r"[a-z0-9][a-z0-9_.-]{0,23}")


def sniff(head: bytes) -> bool:
    """Does it begin like masscan's JSON?"""
    return _MARK.match(head.removeprefix(b"\xef\xbb\xbf")) is not None


def read(
    stream: BinaryIO, site: str, observer: str, run: str, ledger: Ledger | None = None
) -> Iterator[Observation | Skipped]:
    """An observation per open port and per banner; ports that are not open are passed by."""
    ledger = ledger or Ledger()
    writer = Writer(site, observer, run)
    for record in records(stream):
        if isinstance(record, Skipped):
            yield record
        elif set(record.value) == {"finished"}:
            ledger.read += 1
        else:
            yield from _ports(record, writer, ledger)


def _ports(record: Record, writer: Writer, ledger: Ledger) -> Iterator[Observation | Skipped]:
    value = record.value
    address, listed = words.address(value.get("ip")), value.get("ports")
    if not address or not isinstance(listed, list):
        yield Skipped(record.where, "no IP address" if not address else "no list of ports")
        return
    ledger.read += 1
    at, raw = words.instant(value.get("timestamp")), words.digest(record.raw)
    rest = words.kept(value, {"ip", "timestamp", "ports"})
    for each in listed[:65_536]:
        port, transport = (
            (words.port(each.get("port")), words.transport(each.get("proto"))) if isinstance(each, dict) else (0, None)
        )
        if not port or transport is None:
            ledger.pass_by("a port or protocol that is no service")
            continue
        target = Target(address, port, transport)
        service = each.get("service")
        if isinstance(service, dict):
            label, facts, extra = banner(words.clean(service.get("name"), 64), service.get("banner"))
            rest_of_it = words.kept(service, {"name", "banner"})
            yield writer.row(label, target, at, facts=facts, extra=rest | extra | rest_of_it, raw=raw)
        elif each.get("status", "open") == "open":
            extra = rest | words.kept(each, {"port", "proto", "status"})
            yield writer.row(NAME, target, at, facts={}, extra=extra, raw=raw)
        else:
            ledger.pass_by("a port that is not open")


def banner(name: str, text: object) -> tuple[str, Mapping[str, Value], dict[str, object]]:
    """Collector, facts and extra of one banner; each kind of banner is a collector of its own."""
    shown = words.clean(text, 1_024)
    facts: dict[str, Value] = {}
    extra: dict[str, object] = {"banner_type": name}
    lower = name.lower()
    if lower in {"title", "html-title"}:
        facts["http.title"] = shown
    elif lower in {"ssl", "x509", "tls"}:
        facts["tls.enabled"] = True
        extra["banner"] = shown[: words.TEXT_MOST]
    elif lower in _NAMES:
        facts["service.name"] = _NAMES[lower]
        if shown:
            facts["service.banner"] = shown
        if lower == "http" and isinstance(text, str) and (found := _SERVER.search(text.replace("\r", "")[:8_192])):
            facts["http.server"] = words.clean(found[1])
    elif shown:
        facts["service.banner"] = shown
    kind = lower if _LABEL.fullmatch(lower) else "banner"
    return f"masscan+{kind}@1", {field: value for field, value in facts.items() if value != ""}, extra
