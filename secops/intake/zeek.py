"""Zeek's logs, one a file, as TSV with its `#fields` or as JSON: conn, ssl, http, dhcp, dns, ssh, software, known_*.

Many lines tell of one service: they are gathered into one observation per kind of log and place. What was not answered
shows no service and is passed by. Source: Zeek's book of logs; base/protocols/*/main.zeek.
"""

import re
from collections.abc import Iterator
from typing import BinaryIO, Final

from secops.core.model import Observation, Skipped
from secops.intake import words
from secops.intake.interface import Ledger
from secops.intake.lines import lines, records
from secops.intake.rows import Gather, Writer
from secops.intake.zeek_logs import LOGS, Line, kind_of

_FIELDS_MOST: Final = 256
_JSON: Final = re.compile(rb'"(?:id\.orig_h|_path|client_addr|assigned_addr|port_num)"\s*:')


def sniff(head: bytes) -> bool:
    """Does it begin like a log of Zeek?"""
    if head.startswith((b"#separator", b"#fields\t", b"#path\t")):
        return True
    return head.lstrip().startswith(b"{") and b'"ts"' in head and _JSON.search(head) is not None


def read(
    stream: BinaryIO, site: str, observer: str, run: str, ledger: Ledger | None = None
) -> Iterator[Observation | Skipped]:
    """An observation per kind of log and place, told when the file ends or memory asks for it."""
    ledger = ledger or Ledger()
    gather = Gather(Writer(site, observer, run))
    first = stream.peek(1)[:1] if hasattr(stream, "peek") else b""
    for each in _json(stream) if first == b"{" else _either(stream):
        if isinstance(each, Skipped):
            yield each
            continue
        kind, line = each
        reader = LOGS.get(kind)
        ledger.read += 1
        if reader is None:
            ledger.pass_by(
                f"a log that tells of no asset: {kind}" if kind in _OTHERS else "a log that tells of no asset"
            )
        elif reason := reader(gather, line):
            ledger.pass_by(reason)
        if told := gather.take():
            yield from told
    yield from gather.rest()


_OTHERS: Final = frozenset(
    {"files", "weird", "notice", "x509", "ocsp", "stats", "loaded_scripts", "packet_filter", "pe"}
)


def _json(stream: BinaryIO) -> Iterator[tuple[str, Line] | Skipped]:
    for record in records(stream):
        if isinstance(record, Skipped):
            yield record
        else:
            yield kind_of(record.value), Line(record.value, words.digest(record.raw))


def _either(stream: BinaryIO) -> Iterator[tuple[str, Line] | Skipped]:
    """TSV; where the stream cannot be looked into beforehand, lines of JSON too."""
    separator, unset, empty, members, kind = "\t", "-", "(empty)", ",", ""
    fields: list[str] = []
    for place, raw in lines(stream):
        if isinstance(raw, Skipped):
            yield raw
            continue
        if raw.startswith(b"{"):
            for record in records(_Single(raw)):  # type: ignore[arg-type]  # one line is all that is read of it
                yield record if isinstance(record, Skipped) else (
                    kind_of(record.value), Line(record.value, words.digest(record.raw))
                )  # fmt: skip
            continue
        text = raw.decode("utf-8", "replace")
        if text.startswith("#"):
            name, _, value = text[1:].partition(" " if text.startswith("#separator") else separator)
            if name == "separator" and (found := re.fullmatch(r"\\x([0-9a-fA-F]{2})", value.strip())):
                separator = chr(int(found[1], 16))
            elif name == "fields":
                fields = value.split(separator)[:_FIELDS_MOST]
                kind = kind or kind_of(dict.fromkeys(fields))
            elif name == "path":
                kind = words.clean(value, 40)
            elif name in {"unset_field", "empty_field", "set_separator"}:
                unset, empty, members = (
                    value if name == "unset_field" else unset,
                    value if name == "empty_field" else empty,
                    value or "," if name == "set_separator" else members,
                )
            continue
        if not text:
            continue
        values = text.split(separator, _FIELDS_MOST)
        if not fields or len(values) != len(fields):
            yield Skipped(f"line {place}", "a line of another number of fields" if fields else "no #fields before it")
            continue
        known = {name: each for name, each in zip(fields, values, strict=True) if each not in {unset, empty}}
        yield kind, Line(known, words.digest(raw), members)


class _Single:
    """A stream of one line."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    def readline(self, most: int) -> bytes:
        """The line, then nothing."""
        data, self.data = self.data[:most], b""
        return data
