"""nmap's XML (`-oX`), streamed: an observation per host that answered and per open port.

Format: nmap.dtd 1.05. Closed and filtered ports are no observations. A DTD that declares entities, a depth beyond any
of nmap's, or more text than nmap writes ends the reading with a `Skipped`; rows before it are kept.
"""

import base64
import binascii
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from ipaddress import ip_address
from typing import BinaryIO, Final
from xml.parsers import expat

from secops.core.clock import Instant
from secops.core.ids import canonical
from secops.core.model import Observation, Skipped, Status, Target, Transport, Value
from secops.intake.interface import Ledger
from secops.intake.nmap_swift import DOUBT, HELD_MOST, Doubt, Said, Swift
from secops.intake.words import host_key

NAME: Final = "nmap@1"
_CHUNK: Final = 1 << 16
_DEPTH_MOST: Final = 12
_PORTS_MOST: Final = 65_536 * 2
_NAMES_MOST: Final = 256
_TEXT_MOST: Final = 1_024
_SCRIPT_MOST: Final = 4_096
_SCRIPTS_MOST: Final = 32
_KEYS: Final = "ssh-hostkey"
"""The script that tells a server's host keys: a table each, its `key` in base64 and its `type`."""
_KEYS_MOST: Final = 8
_KEY_MOST: Final = 4_096
_ATTRIBUTES_MOST: Final = 1 << 20


def sniff(head: bytes) -> bool:
    """Does it begin like nmap's XML?"""
    return b"<nmaprun" in head or (b"<?xml" in head and b"nmap" in head)


def read(
    stream: BinaryIO, site: str, observer: str, run: str, ledger: Ledger | None = None
) -> Iterator[Observation | Skipped]:
    """Observations in the file's order, then `Skipped` for what was left out; never raises for the content."""
    reader = _Reader(site, observer, run, ledger or Ledger())
    parser = _parser(reader)
    swift = Swift((site, observer, run, NAME), _one_port)
    reader.line = lambda: parser.CurrentLineNumber + reader.passed
    held = b""
    try:
        while chunk := stream.read(_CHUNK):
            held += chunk
            end = held.rfind(b"</host>") + 7
            if reader.plain and (end > 6 or len(held) < HELD_MOST):
                body, held = held[:end] if end > 6 else b"", held[end:] if end > 6 else held
                _hosts(body, parser, reader, swift)
            else:
                parser.Parse(held, False)
                held = b""
            yield from reader.take()
        parser.Parse(held, True)
    except _Hostile as fault:
        yield from reader.take()
        yield Skipped(f"line {reader.line()}", str(fault))
        return
    except LookupError as fault:
        yield from reader.take()
        yield Skipped("line 1", f"not well-formed XML: {fault}")
        return
    except expat.ExpatError as fault:
        yield from reader.take()
        cut = reader.depth > 0 and fault.code in _ENDS_EARLY
        reason = "truncated: the file ends before </nmaprun>" if cut else "not well-formed XML"
        place = f"line {fault.lineno + reader.passed}"
        yield Skipped(place, reason if cut else f"{reason}: {expat.ErrorString(fault.code)}")
        return
    yield from reader.take()
    if not reader.rooted:
        yield Skipped("line 1", "no <nmaprun>: not nmap's XML")


def _parser(reader: "_Reader") -> expat.XMLParserType:
    """expat, telling its events to the reader; nothing outside the text is ever read."""
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
    parser.StartElementHandler = reader.begin
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.characters
    parser.EntityDeclHandler = reader.entity
    parser.ExternalEntityRefHandler = reader.external
    parser.StartDoctypeDeclHandler = reader.doctype
    parser.XmlDeclHandler = reader.declaration
    return parser


def _hosts(body: bytes, parser: expat.XMLParserType, reader: "_Reader", swift: Swift) -> None:
    """What ends with an end tag of a host: each host by the swift reader where it can be, by expat otherwise."""
    for each in body.split(b"</host>")[:-1]:
        begin = each.find(b"<host ")
        gap = each[:begin] if begin >= 0 else b""
        if gap and (not reader.rooted or not gap.isspace()):
            parser.Parse(gap, False)
            # within a comment or the like, what looks like a host is none, and expat alone knows
            reader.plain &= gap.count(b"<!--") == gap.count(b"-->") and b"<![" not in gap
        else:
            reader.passed += gap.count(b"\n")
        rows = None
        if begin >= 0 and reader.plain and reader.depth == 1 and reader.rooted:
            try:
                rows = swift.host(each[begin:].decode())
            except UnicodeDecodeError:
                rows = None
        if rows is None:
            parser.Parse(each[max(begin, 0) :] + b"</host>", False)
            reader.plain &= reader.depth == 1
        else:
            reader.ledger.read += 1
            reader.passed += each.count(b"\n", begin)
            reader.rows += rows


def _one_port(rest: str) -> Said | Doubt:
    """What one port says: its XML without the start and end tags. A doubt where that is not exactly one port."""
    reader = _Reader("", "", "", Ledger())
    text = f'<nmaprun><host><address addr="192.0.2.1" addrtype="ipv4"/><ports><port protocol="tcp" portid="1">{rest}'
    try:
        _parser(reader).Parse(text.encode() + b"</port></ports></host></nmaprun>", True)
    except (expat.ExpatError, _Hostile, UnicodeEncodeError):
        return DOUBT
    if not 1 <= len(reader.rows) <= 2:
        return DOUBT
    host, row = reader.rows[0], reader.rows[-1]
    if isinstance(host, Skipped) or isinstance(row, Skipped) or len(host.facts) > 1 or host.extra:
        return DOUBT
    if row is host:
        return None
    if row.target.port != 1:
        return DOUBT
    return dict(row.facts), dict(row.extra), row.raw_digest


_ENDS_EARLY: Final = frozenset(
    expat.errors.codes[each]
    for each in (
        expat.errors.XML_ERROR_NO_ELEMENTS,
        expat.errors.XML_ERROR_UNCLOSED_TOKEN,
        expat.errors.XML_ERROR_PARTIAL_CHAR,
        expat.errors.XML_ERROR_UNCLOSED_CDATA_SECTION,
    )
)


class _Hostile(Exception):
    """The file does what nmap never does."""


@dataclass(slots=True)
class _Port:
    """One <port> while it is read."""

    number: int
    transport: str
    open: bool = False
    facts: dict[str, Value] = field(default_factory=dict)
    cpe: list[str] = field(default_factory=list)
    scripts: dict[str, str] = field(default_factory=dict)
    script: str = ""
    """The script being read."""
    keys: list[dict[str, str]] = field(default_factory=list)
    """The host keys that a script told: `key` and `type`."""
    extra: dict[str, object] = field(default_factory=dict)


@dataclass(slots=True)
class _Host:
    """One <host> while it is read."""

    line: int
    ended: str = ""
    up: bool = True
    address: str = ""
    macs: list[str] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    os: str = ""
    device: str = ""
    vendor: str = ""
    ports: list[_Port] = field(default_factory=list)


class _Reader:
    """Hears the parser's events and keeps finished rows until they are taken."""

    def __init__(self, site: str, observer: str, run: str, ledger: Ledger) -> None:
        self.ledger = ledger
        self.site, self.observer, self.run = site, observer, run
        self.depth = 0
        self.rooted = False
        self.plain = True
        """May hosts be read without expat?"""
        self.passed = 0
        """Lines that expat did not see."""
        self.started = Instant(0)
        self.host: _Host | None = None
        self.port: _Port | None = None
        self.text = False
        self.element = ""
        """Which element of a host key's table is being read."""
        self.rows: list[Observation | Skipped] = []
        self.line: Callable[[], int] = lambda: 0

    def take(self) -> list[Observation | Skipped]:
        """The rows finished since the last call."""
        rows, self.rows = self.rows, []
        return rows

    def characters(self, text: str) -> None:
        """Text between tags: only <cpe> of a port and a host key have any that counts."""
        if self.element and self.port is not None and self.port.keys:
            told = self.port.keys[-1]
            told[self.element] = (told.get(self.element, "") + text)[:_KEY_MOST]
        elif self.text and self.port is not None and len(self.port.cpe) < _SCRIPTS_MOST:
            self.port.cpe.append(text[:_TEXT_MOST])

    def entity(self, name: str, *_: object) -> None:
        raise _Hostile(f"declares an XML entity ({name[:40]}); entities are not followed")

    def external(self, *_: object) -> int:
        raise _Hostile("refers to an external entity; nothing outside the file is read")

    def doctype(self, *words: object) -> None:
        """A document type: one with declarations of its own is for expat alone."""
        self.plain &= not words[3]

    def declaration(self, _version: str, encoding: str | None, _standalone: int) -> None:
        """The XML declaration: another encoding than UTF-8 is for expat alone."""
        self.plain &= (encoding or "utf-8").lower() in {"utf-8", "us-ascii"}

    def begin(self, name: str, attributes: dict[str, str]) -> None:
        """An element opens."""
        self.depth += 1
        if self.depth > _DEPTH_MOST:
            raise _Hostile(f"elements nested deeper than {_DEPTH_MOST}")
        if sum(map(len, attributes.values())) > _ATTRIBUTES_MOST:
            raise _Hostile("more attribute text than nmap writes")
        if self.depth == 1:
            if name != "nmaprun":
                raise _Hostile(f"begins with <{name[:40]}>, not <nmaprun>")
            self.rooted = True
            self.started = _seconds(attributes.get("start", ""))
            return
        if not self.rooted:
            return
        if name == "host" and self.depth == 2:
            self.host = _Host(self.line(), attributes.get("endtime") or attributes.get("starttime", ""))
        elif self.host is not None:
            self.text = name == "cpe"
            self._inside(self.host, name, attributes)

    def end(self, name: str) -> None:
        """An element closes."""
        self.depth -= 1
        self.text, self.element = False, ""
        if name == "port" and self.host is not None and self.port is not None:
            if self.port.open:
                if len(self.host.ports) >= _PORTS_MOST:
                    raise _Hostile(f"a host with more than {_PORTS_MOST} ports")
                self.host.ports.append(self.port)
            self.port = None
        elif name == "host" and self.host is not None and self.depth == 1:
            self._finish(self.host)
            self.host = None

    def _inside(self, host: _Host, name: str, given: dict[str, str]) -> None:
        port = self.port
        if name == "address":
            kind, text = given.get("addrtype", ""), given.get("addr", "")
            if kind == "mac":
                host.macs.append(text[:_TEXT_MOST])
                host.vendor = given.get("vendor", "")[:_TEXT_MOST]
            elif not host.address:
                host.address = text
        elif name == "status" and port is None:
            host.up = given.get("state", "up") == "up"
        elif name == "hostname" and len(host.names) < _NAMES_MOST:
            host.names.append(given.get("name", "")[:253].lower().rstrip("."))
        elif name == "port":
            self._port(given)
        elif name == "state" and port is not None:
            port.open = given.get("state") == "open"
        elif name == "service" and port is not None:
            _service(port, given)
        elif name == "script" and port is not None:
            port.script = given.get("id", "")[:64]
            if len(port.scripts) < _SCRIPTS_MOST:
                port.scripts[port.script] = given.get("output", "")[:_SCRIPT_MOST]
        elif name == "table" and port is not None and port.script == _KEYS and len(port.keys) < _KEYS_MOST:
            port.keys.append({})
        elif name == "elem" and port is not None and port.script == _KEYS and given.get("key") in {"key", "type"}:
            self.element = given["key"]
        elif name == "osmatch" and not host.os:
            host.os = given.get("name", "")[:_TEXT_MOST]
        elif name == "osclass" and not host.device:
            host.device = given.get("type", "")[:_TEXT_MOST]

    def _port(self, given: dict[str, str]) -> None:
        number, transport = given.get("portid", ""), given.get("protocol", "")
        if transport in set(Transport) and number.isascii() and number.isdigit() and 0 < int(number[:6]) < 65_536:
            self.port = _Port(int(number), transport)
        else:
            self.port = None
            self.rows.append(Skipped(f"line {self.line()}", f"port {number[:12]!r}/{transport[:12]!r} is none we know"))

    def _finish(self, host: _Host) -> None:
        self.ledger.read += 1
        try:
            address = str(ip_address(host.address))
        except ValueError:
            self.rows.append(Skipped(f"line {host.line}", f"host without an IP address ({host.address[:60]!r})"))
            return
        if not host.up and not host.ports:
            self.ledger.pass_by("a host that did not answer")
            return
        at = _seconds(host.ended) or self.started
        facts: dict[str, Value] = {"address": address}
        if names := tuple(sorted({each for each in host.names if each})):
            facts["host.names"] = names
        if host.macs:
            facts["host.mac"] = tuple(sorted({each.lower() for each in host.macs}))
        if host.os:
            facts["host.os"] = host.os
        if host.device:
            facts["device.type"] = host.device
        extra: dict[str, object] = {"mac_vendor": host.vendor} if host.vendor else {}
        self.rows.append(self.row(Target(address), at, Status.SUCCESS, facts, extra))
        for port in host.ports:
            target = Target(address, port.number, Transport(port.transport))
            if port.cpe:
                port.facts["service.cpe"] = tuple(sorted(set(port.cpe)))
            port.facts |= _host_keys(port.keys)
            if port.scripts:
                port.extra["scripts"] = port.scripts
            self.rows.append(self.row(target, at, Status.OPEN, port.facts, port.extra))

    def row(
        self, target: Target, at: Instant, status: Status, facts: dict[str, Value], extra: dict[str, object]
    ) -> Observation:
        """One observation; its digest is that of what was said."""
        raw = sha256(canonical([facts, extra]).encode("utf-8", "surrogatepass")).hexdigest()
        return Observation(self.site, self.observer, self.run, NAME, target, at, status, facts, extra, raw)


def _service(port: _Port, given: dict[str, str]) -> None:
    """What <service> says; names nmap only guessed from the port number are no facts."""
    if given.get("method") == "probed":
        for attribute, field_ in (
            ("name", "service.name"), ("product", "service.product"), ("version", "service.version"),
        ):  # fmt: skip
            if given.get(attribute):
                port.facts[field_] = given[attribute][:_TEXT_MOST]
        if given.get("tunnel") == "ssl":
            port.facts["tls.enabled"] = True
    elif given.get("name"):
        port.extra["guessed"] = given["name"][:_TEXT_MOST]
    for attribute in ("extrainfo", "hostname", "ostype", "devicetype"):
        if given.get(attribute):
            port.extra[attribute] = given[attribute][:_TEXT_MOST]


def _host_keys(told: list[dict[str, str]]) -> dict[str, Value]:
    """The fingerprints of host keys, and the keys' types."""
    marks, types = set(), set()
    for each in told:
        try:
            key = base64.b64decode(each.get("key", ""), validate=True)
        except (binascii.Error, ValueError):
            continue
        if key:
            marks.add(host_key(sha256(key).digest()))
            types |= {each["type"][:64]} if each.get("type") else set()
    return {"ssh.host_key": tuple(sorted(marks)), "ssh.host_key_type": tuple(sorted(types))} if marks else {}


def _seconds(text: str) -> Instant:
    """The Unix seconds nmap writes as an Instant; 0 for what is none."""
    return Instant(int(text) * 1000) if text.isascii() and text.isdigit() and len(text) < 12 else Instant(0)
