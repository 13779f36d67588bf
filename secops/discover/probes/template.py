"""Fills templates from what a pattern caught, as nmap does: `$1`, `$P(1)`, `$SUBST(1,"_",".")`, `$I(1,">")`.

A template that cannot be filled (a group that took no part, a result too long) is left out, the others stay.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from secops.discover.collectors.interface import decoded
from secops.discover.probes.book import Match

Groups = Sequence[bytes | None]
"""The groups of a match, the first being `$1`; None where a group took no part."""

_ROOM = {"p": 80, "v": 80, "i": 256, "h": 80, "o": 32, "d": 32, "cpe": 80}
"""nmap's buffers: a result must be shorter by two."""
_COMMAND = re.compile(rb"\$(?:(\d)|([A-Z]{1,15})\(([^)]*)\))")
_ARGUMENT = re.compile(rb'\s*(?:(\d{1,9})|"((?:[^"\\]|\\.){0,127})")\s*(?:,|$)')
_CPE_MARKS = frozenset(b":/?#[]@!$&'()*+,;=%<>\"")
_ESCAPE = re.compile(rb"\\(.)", re.DOTALL)
_SPACES = b" \t\n\r\f\v"
_SHOWN = bytes(byte if 0x20 <= byte != 0x7F else 0x2E for byte in range(256))


@dataclass(frozen=True, slots=True)
class Filled:
    """What a match says of a service; empty texts where it says nothing."""

    service: str
    soft: bool
    product: str = ""
    version: str = ""
    info: str = ""
    hostname: str = ""
    os: str = ""
    device_type: str = ""
    cpe: tuple[str, ...] = ()


class _EmptyError(Exception):
    """The template cannot be filled."""


_Piece = bytes | tuple[str, int, bytes, bytes]
"""Literal text, or (command, group, first argument, second argument)."""


def fill(match: Match, groups: Groups) -> Filled:
    """The answer of this match."""
    told: dict[str, str] = {}
    cpes: dict[str, str] = {}
    for letter, template in match.templates:
        try:
            text = decoded(_filled(template, groups, letter))
        except _EmptyError:
            text = ""
        if letter != "cpe":
            told[letter] = text
        elif text and text[:1] in {"a", "h", "o"}:
            cpes[text[0]] = f"cpe:/{text}"
    return Filled(
        service=match.service,
        soft=match.soft,
        product=told.get("p", ""),
        version=told.get("v", ""),
        info=told.get("i", ""),
        hostname=told.get("h", ""),
        os=told.get("o", ""),
        device_type=told.get("d", ""),
        cpe=tuple(cpes[part] for part in "aho" if part in cpes),
    )


def _filled(template: bytes, groups: Groups, letter: str) -> bytes:
    room = _ROOM[letter] - (5 if letter == "cpe" else 0)  # nmap's buffer holds "cpe:/" as well
    out = b""
    for piece in _pieces(template):
        if isinstance(piece, bytes):
            out += piece
            continue
        caught = _caught(piece, groups).partition(b"\0")[0]
        out += _for_cpe(caught) if letter == "cpe" else caught
        if len(out) >= room - 1:
            raise _EmptyError
    if len(out) >= room:
        raise _EmptyError
    return out.rstrip(_SPACES + b",").translate(_SHOWN)


@lru_cache(maxsize=4_096)
def _pieces(template: bytes) -> tuple[_Piece, ...]:
    """The template taken apart. Raises _EmptyError for a command nobody knows."""
    found: list[_Piece] = []
    place = 0
    for command in _COMMAND.finditer(template):
        found.append(template[place : command.start()])
        place = command.end()
        if command[1]:
            found.append(("", int(command[1]), b"", b""))
        else:
            found.append(_command(command[2].decode(), command[3]))
    rest = template[place:]
    if b"$" in rest or any(b"$" in each for each in found if isinstance(each, bytes)):
        raise _EmptyError
    return tuple(each for each in (*found, rest) if each != b"")


def _command(name: str, text: bytes) -> _Piece:
    arguments: list[int | bytes] = []
    place = 0
    while place < len(text):
        each = _ARGUMENT.match(text, place)
        if each is None:
            raise _EmptyError
        arguments.append(int(each[1]) if each[1] else _ESCAPE.sub(rb"\1", each[2]))
        place = each.end()
    shape = tuple(type(each) for each in arguments)
    if (name, shape) not in {("P", (int,)), ("I", (int, bytes)), ("SUBST", (int, bytes, bytes))}:
        raise _EmptyError
    group, *texts = arguments
    assert isinstance(group, int)
    words = [each for each in texts if isinstance(each, bytes)] + [b"", b""]
    if name == "I" and words[0] not in {b">", b"<"}:
        raise _EmptyError
    return name, group, words[0], words[1]


def _caught(piece: tuple[str, int, bytes, bytes], groups: Groups) -> bytes:
    command, number, first, second = piece
    if not 0 < number <= min(9, len(groups)):
        raise _EmptyError
    value = groups[number - 1]
    if value is None:
        if not any(each is not None for each in groups[number:]):
            raise _EmptyError  # nmap counts groups up to the last one that took part
        value = b""
    if command == "P":
        return bytes(b for b in value if 0x20 <= b < 0x7F)
    if command == "SUBST":
        return value.replace(first, second) if first else value
    if command == "I":
        if len(value) > 8:
            raise _EmptyError
        return str(int.from_bytes(value, "big" if first == b">" else "little")).encode()
    return value


def _for_cpe(text: bytes) -> bytes:
    """The text as it may stand within a CPE URI, section 5.4 of CPE 2.2: escaped, lower-case, spaces as underscores."""
    out = b""
    for byte in text:
        if byte in _CPE_MARKS:
            out += b"%%%02X" % byte
        elif byte in _SPACES:
            out += b"_"
        else:
            out += bytes([byte]).lower()
    return out
