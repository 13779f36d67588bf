"""The filter that needs nothing installed: most patterns begin with fixed bytes, which are cheap to compare.

It only ever leaves out patterns that cannot match; what it keeps is confirmed by a real engine.
"""

import re

from secops.discover.probes.book import Match

HEAD_MOST = 24
_QUANTIFIERS = b"*?{"
_META = b"\\^$.|?*+()[]{}"
_LETTERS = {ord("r"): 13, ord("n"): 10, ord("t"): 9, ord("f"): 12}
_HEX = re.compile(rb"[0-9A-Fa-f]{2}")


def head(match: Match) -> bytes:
    """Bytes every text this pattern matches begins with; empty where that cannot be told at a glance."""
    pattern = match.pattern
    if match.ignore_case or pattern[:1] != b"^" or (b"|" in pattern and _alternates(pattern)):
        return b""
    out = bytearray()
    place = 1
    while place < len(pattern) and len(out) < HEAD_MOST:
        byte, after = _literal(pattern, place)
        if byte < 0 or pattern[after : after + 1] in {b"*", b"?", b"{"}:
            break
        out.append(byte)
        place = after
        if pattern[place : place + 1] == b"+":
            break
    return bytes(out)


def _literal(pattern: bytes, place: int) -> tuple[int, int]:
    """The one byte that stands here and where it ends; -1 where it is no single byte."""
    byte = pattern[place]
    if byte not in _META:
        return byte, place + 1
    if byte != 0x5C or place + 1 >= len(pattern):
        return -1, place
    letter = pattern[place + 1]
    if letter in _LETTERS:
        return _LETTERS[letter], place + 2
    if letter == ord("x") and _HEX.match(pattern, place + 2):
        return int(pattern[place + 2 : place + 4], 16), place + 4
    if letter == ord("0") and not pattern[place + 2 : place + 3].isdigit():
        return 0, place + 2
    return (-1, place) if bytes([letter]).isalnum() else (letter, place + 2)


def _alternates(pattern: bytes) -> bool:
    """Is there a `|` outside every bracket?"""
    depth = place = 0
    while place < len(pattern):
        byte = pattern[place]
        if byte == 0x5C:
            place += 1
        elif byte == 0x5B:
            place = _class_end(pattern, place)
        elif byte == 0x28:
            depth += 1
        elif byte == 0x29:
            depth -= 1
        elif byte == 0x7C and depth <= 0:
            return True
        place += 1
    return False


def _class_end(pattern: bytes, place: int) -> int:
    """Where the `]` of the class that begins here stands."""
    place += 2 if pattern[place + 1 : place + 2] == b"^" else 1
    first = place
    while place < len(pattern):
        if pattern[place] == 0x5C:
            place += 1
        elif pattern[place] == 0x5D and place > first:
            return place
        place += 1
    return place


class Heads:
    """The matches of one probe sorted by how they begin."""

    __slots__ = ("_any", "_by_length", "_lengths")

    def __init__(self, matches: list[Match]) -> None:
        self._any: list[int] = []
        self._by_length: dict[int, dict[bytes, list[int]]] = {}
        for number, match in enumerate(matches):
            begin = head(match)
            if begin:
                self._by_length.setdefault(len(begin), {}).setdefault(begin, []).append(number)
            else:
                self._any.append(number)
        self._lengths = sorted(self._by_length)

    def candidates(self, data: bytes) -> list[int]:
        """Numbers of the matches that may match, in file order."""
        found = list(self._any)
        for length in self._lengths:
            found += self._by_length[length].get(data[:length], ())
        found.sort()
        return found
