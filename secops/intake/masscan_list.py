"""masscan's list (`-oL`): `open tcp 80 198.18.0.1 1700000000`, `banner tcp 80 198.18.0.1 1700000000 http ...`.

Source: masscan src/out-text.c.
"""

import re
from collections.abc import Iterator
from typing import BinaryIO, Final

from secops.core.model import Observation, Skipped, Target
from secops.intake import words
from secops.intake.interface import Ledger
from secops.intake.lines import lines
from secops.intake.masscan_json import NAME, banner
from secops.intake.rows import Writer

_MARK: Final = re.compile(rb"\s*(?:#masscan\b|(?:open|closed|banner) (?:tcp|udp|sctp|icmp) \d{1,5} [0-9a-fA-F.:]+ \d+)")
_BYTE: Final = re.compile(r"\\x([0-9a-fA-F]{2})")


def sniff(head: bytes) -> bool:
    """Does it begin like masscan's list?"""
    return _MARK.match(head) is not None


def read(
    stream: BinaryIO, site: str, observer: str, run: str, ledger: Ledger | None = None
) -> Iterator[Observation | Skipped]:
    """An observation per open port and per banner."""
    ledger = ledger or Ledger()
    writer = Writer(site, observer, run)
    for place, line in lines(stream):
        if isinstance(line, Skipped):
            yield line
            continue
        text = line.decode("utf-8", "replace")
        if not text.strip() or text.startswith("#"):
            continue
        parts = text.split(" ", 6)
        if len(parts) < 5 or parts[0] not in {"open", "closed", "banner"}:
            yield Skipped(f"line {place}", "no line of masscan's list")
            continue
        port, transport, address = words.port(parts[2]), words.transport(parts[1]), words.address(parts[3])
        if not address:
            yield Skipped(f"line {place}", "no IP address")
            continue
        ledger.read += 1
        if not port or transport is None:
            ledger.pass_by("a port or protocol that is no service")
            continue
        at, raw = words.instant(parts[4]), words.digest(line)
        target = Target(address, port, transport)
        if parts[0] == "open":
            yield writer.row(NAME, target, at, facts={}, extra={}, raw=raw)
        elif parts[0] == "closed":
            ledger.pass_by("a port that is not open")
        else:
            shown = _BYTE.sub(lambda found: chr(int(found[1], 16)), parts[6][:8_192] if len(parts) > 6 else "")
            label, facts, extra = banner(words.clean(parts[5] if len(parts) > 5 else "", 64), shown)
            yield writer.row(label, target, at, facts=facts, extra=extra, raw=raw)
