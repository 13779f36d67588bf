"""Reads nmap-service-probes as nmap 7 does, one pass, line by line; never shipped, only read where nmap is installed.

Format: nmap.org/book/vscan-fileformat.html; where that is silent, what nmap 7.93 does.
"""

import hashlib
import re
from collections.abc import Callable, Iterable
from pathlib import Path

from secops.core.errors import InvalidFile
from secops.core.language import say
from secops.discover.probes.book import Book, Match, Ports, Probe

PLACES = ("/usr/share/nmap/nmap-service-probes", "/usr/local/share/nmap/nmap-service-probes")
"""Where installed copies of nmap keep the file."""
BYTES_MOST = 32 << 20
LINES_MOST = 400_000
_FALLBACKS_MOST = 20
_WAIT = range(100, 300_001)
_LETTERS = frozenset({"p", "v", "i", "h", "o", "d"})
_NAME = re.compile(r"[A-Za-z0-9]\S*")
_PART = re.compile(rb"\s*([A-Za-z:]+)([^\sA-Za-z:])")
_FLAGS = re.compile(rb"[A-Za-z]*")
_ESCAPES = {48: 0, 97: 7, 98: 8, 102: 12, 110: 10, 114: 13, 116: 9, 118: 11}
_HEX = re.compile(rb"[0-9A-Fa-f]{2}")


class _WrongError(Exception):
    """What is wrong with a line."""


def find(given: str = "") -> str:
    """The path of the file: the configured one, else the installed nmap's, else empty."""
    if given:
        return given if Path(given).is_file() else ""
    return next((each for each in PLACES if Path(each).is_file()), "")


def load(path: str) -> Book:
    """The book of this file. Raises InvalidFile with the line that is wrong, or when it cannot be read."""
    try:
        with Path(path).open("rb") as source:
            data = source.read(BYTES_MOST + 1)
    except OSError as error:
        raise InvalidFile(
            "E1420", say("读不到服务探针文件", "cannot read the service probes"), where=path, why=error.strerror or ""
        ) from error
    if len(data) > BYTES_MOST:
        raise InvalidFile("E1420", say("服务探针文件过大", "the service probes are too large"), where=path)
    return parse(data, path)


def parse(data: bytes, path: str = "nmap-service-probes") -> Book:
    """The book of these bytes. Raises InvalidFile with the line that is wrong."""
    reader = _Reader()
    number = 0
    try:
        for number, line in enumerate(data.split(b"\n"), 1):
            if number > LINES_MOST:
                raise _WrongError("more lines than any such file has")
            if line and line[:1] != b"#" and not line.isspace():
                reader.line(line.rstrip(b"\r"), number)
        number = 0
        null, probes = reader.end()
    except _WrongError as error:
        raise InvalidFile(
            "E1420",
            say("服务探针文件格式不对", "the service probes are not in nmap's format"),
            where=f"{path}:{number}" if number else path,
            why=str(error)[:200],
            hint=say("重新安装 nmap，或在配置里指定另一个文件", "reinstall nmap, or name another file in the settings"),
        ) from error
    tcp, udp = reader.excluded
    return Book(hashlib.sha256(data).hexdigest(), path, probes, null, tcp, udp)


class _Reader:
    """What has been read so far."""

    def __init__(self) -> None:
        self.probes: list[Probe] = []
        self.excluded = (Ports(), Ports())
        self._seen_exclude = False
        self._directives: dict[bytes, Callable[[Probe, bytes], None]] = {
            b"ports": lambda probe, text: setattr(probe, "ports", ports(text)),
            b"sslports": lambda probe, text: setattr(probe, "tls_ports", ports(text)),
            b"rarity": lambda probe, text: setattr(probe, "rarity", _number(text, range(1, 10))),
            b"totalwaitms": lambda probe, text: setattr(probe, "total_wait", _number(text, _WAIT) / 1000),
            b"tcpwrappedms": lambda probe, text: setattr(probe, "wrapped", _number(text, _WAIT) / 1000),
            b"fallback": lambda probe, text: setattr(probe, "fallback", _names(text)),
        }

    def line(self, line: bytes, number: int) -> None:
        """One line that is neither empty nor a comment."""
        word, _, rest = line.partition(b" ")
        if word in {b"match", b"softmatch"}:
            self._owner(word).matches.append(_match(rest, number, soft=word == b"softmatch"))
        elif word == b"Probe":
            self.probes.append(_probe(rest, number))
        elif word == b"Exclude":
            if self._seen_exclude or self.probes:
                raise _WrongError("Exclude stands once, before all probes")
            self._seen_exclude = True
            self.excluded = _excluded(rest)
        elif word in self._directives:
            self._directives[word](self._owner(word), rest)
        else:
            raise _WrongError(f"unknown directive {word[:40]!r}")

    def _owner(self, word: bytes) -> Probe:
        if not self.probes:
            raise _WrongError(f"{word.decode()} before the first Probe")
        return self.probes[-1]

    def end(self) -> tuple[Probe | None, tuple[Probe, ...]]:
        """NULL and the others, with their chains."""
        nulls = [each for each in self.probes if not each.udp and not each.sends]
        if len(nulls) > 1:
            raise _WrongError(f"two NULL probes, the second on line {nulls[1].line}")
        null = nulls[0] if nulls else None
        others = tuple(each for each in self.probes if each is not null)
        by_name = {(each.name, each.udp): each for each in reversed(self.probes)}
        for each in self.probes:
            each.services = frozenset(match.service for match in each.matches)
            chain = [each]
            for name in each.fallback:
                found = by_name.get((name, each.udp)) or by_name.get((name, not each.udp))
                if found is None:
                    raise _WrongError(f"unknown fallback {name!r} of the probe on line {each.line}")
                chain.append(found)
            if null is not None and not each.udp and each is not null:
                chain.append(null)
            each.chain = tuple(chain)
        return null, others


def ports(text: bytes) -> Ports:
    """`21-25,53,80`. Raises the reader's own error, told with the line."""
    found: list[tuple[int, int]] = []
    for part in text.split(b","):
        first, dash, last = part.strip().partition(b"-")
        if not first.isdigit() or (dash and not last.isdigit()):
            if not part.strip() and found:
                continue  # nmap takes a comma at the end
            raise _WrongError(f"not a port list: {part[:40]!r}")
        low, high = int(first), int(last) if dash else int(first)
        if not 0 <= low <= high <= 65_535:
            raise _WrongError(f"not a range of ports: {part[:40]!r}")
        found.append((low, high))
    return Ports(tuple(found))


def _excluded(text: bytes) -> tuple[Ports, Ports]:
    """`T:9100-9107,U:53,80`: without a letter a part is for both."""
    tcp: list[tuple[int, int]] = []
    udp: list[tuple[int, int]] = []
    now = (tcp, udp)
    for part in text.split(b","):
        letter, colon, rest = part.strip().partition(b":")
        if colon:
            now = {b"T": (tcp, []), b"U": ([], udp)}.get(letter.upper(), ([], []))
        for each in now:
            each.extend(ports(rest if colon else letter).ranges)
    return Ports(tuple(tcp)), Ports(tuple(udp))


def _probe(text: bytes, number: int) -> Probe:
    protocol, _, rest = text.partition(b" ")
    if protocol not in {b"TCP", b"UDP"}:
        raise _WrongError(f"protocol {protocol[:20]!r}: TCP or UDP")
    name, _, string = rest.partition(b" ")
    if not _NAME.fullmatch(name.decode("latin-1")):
        raise _WrongError("bad probe name")
    if string[:1] != b"q" or len(string) < 3:
        raise _WrongError("the probe's string begins with q")
    end = string.find(string[1:2], 2)
    if end < 0:
        raise _WrongError("no end of the probe's string")
    return Probe(name.decode("latin-1"), protocol == b"UDP", unescape(string[2:end]), number)


def _match(text: bytes, number: int, *, soft: bool) -> Match:
    service, _, rest = text.lstrip().partition(b" ")
    if not service:
        raise _WrongError("no service name")
    letters, pattern, flags, place = _part(rest, 0)
    if letters != b"m" or not pattern:
        raise _WrongError("after the service name stands m and a pattern")
    if flags.strip(b"is"):
        raise _WrongError(f"unknown option of the pattern: {flags!r}")
    templates: list[tuple[str, bytes]] = []
    while place < len(rest) and not rest[place:].isspace():
        letters, template, _, place = _part(rest, place)
        letter = letters.decode("latin-1")
        if letter not in _LETTERS and letter != "cpe:":
            raise _WrongError(f"unknown template {letter!r}")
        templates.append((letter.rstrip(":"), template))
    return Match(
        service.decode("latin-1"), pattern, b"i" in flags, b"s" in flags, soft, number, tuple(templates)
    )  # fmt: skip


def _part(text: bytes, place: int) -> tuple[bytes, bytes, bytes, int]:
    """`x/text/flags` at this place: letters, text, flags, where it ends."""
    found = _PART.match(text, place)
    if found is None:
        raise _WrongError(f"not understood: {text[place : place + 40]!r}")
    end = text.find(found[2], found.end())
    if end < 0:
        raise _WrongError(f"no closing {found[2]!r}")
    flags = _FLAGS.match(text, end + 1)
    assert flags is not None
    return found[1], text[found.end() : end], flags[0], flags.end()


def unescape(text: bytes) -> bytes:
    r"""C-style escapes as nmap knows them: \0 \a \b \f \n \r \t \v \xHH, and any sign for itself."""
    if b"\\" not in text:
        return text
    out = bytearray()
    place = 0
    while place < len(text):
        byte = text[place]
        place += 1
        if byte != 0x5C:
            out.append(byte)
            continue
        if place >= len(text):
            raise _WrongError("a backslash at the end")
        letter = text[place]
        place += 1
        if letter == 0x78:
            if not _HEX.fullmatch(text, place, place + 2):
                raise _WrongError("two hexadecimal digits follow \\x")
            out.append(int(text[place : place + 2], 16))
            place += 2
        elif letter in _ESCAPES:
            out.append(_ESCAPES[letter])
        elif bytes([letter]).isalnum():
            raise _WrongError(f"unknown escape \\{chr(letter)}")
        else:
            out.append(letter)
    return bytes(out)


def _number(text: bytes, allowed: range) -> int:
    if not text.strip().isdigit() or int(text) not in allowed:
        raise _WrongError(f"not a number from {allowed[0]} to {allowed[-1]}: {text[:20]!r}")
    return int(text)


def _names(text: bytes) -> tuple[str, ...]:
    names = tuple(each for each in re.split(r"[,\s]+", text.decode("latin-1")) if each)
    if not names or len(names) > _FALLBACKS_MOST:
        raise _WrongError("one to 20 names of probes")
    return names


def sends(probes: Iterable[Probe]) -> tuple[str, ...]:
    """What each probe puts on the wire, one line each, for the plan."""
    return tuple(f"{each.name}: {shown(each.sends)}" for each in probes)


def shown(data: bytes) -> str:
    """Bytes as people read them: what cannot be printed escaped, at most 120."""
    text = data[:120].decode("latin-1").encode("unicode_escape").decode()
    return text + ("…" if len(data) > 120 else "")
