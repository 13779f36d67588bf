"""Banners made from patterns: for each pattern texts that should match it, and the same ones damaged."""

import random
import re
from re import _constants as c  # the parser's own names for the parts of a pattern
from re import _parser as parser

_MOST = 6
_SETS = {
    c.CATEGORY_DIGIT: b"0123456789", c.CATEGORY_SPACE: b" \t\r\n", c.CATEGORY_WORD: b"abcXYZ019_",
    c.CATEGORY_NOT_DIGIT: b"az -\xe9", c.CATEGORY_NOT_SPACE: b"aZ9-\xe9", c.CATEGORY_NOT_WORD: b" -./\xff",
}  # fmt: skip


def banner(pattern: bytes, flags: int, rng: random.Random) -> bytes:
    """A text that the pattern is likely to match; look-arounds are taken as empty."""
    groups: dict[int, bytes] = {}
    return _sequence(parser.parse(pattern, flags), rng, groups)


def damaged(text: bytes, rng: random.Random) -> bytes:
    """The text with a byte changed, cut short, or something after it."""
    if not text:
        return b"\x00"
    place = rng.randrange(len(text))
    match rng.randrange(4):
        case 0:
            return text[:place] + bytes([rng.randrange(256)]) + text[place + 1 :]
        case 1:
            return text[:place]
        case 2:
            return text + rng.choice((b"\r\n", b"\n", b" extra", b"\x00", b"<html>"))
    return text[:place] + text[place : place + 3] + text[place:]


def _sequence(parts, rng, groups) -> bytes:
    return b"".join(_part(op, value, rng, groups) for op, value in parts)


def _part(op, value, rng, groups) -> bytes:
    if op is c.LITERAL:
        return bytes([value])
    if op is c.NOT_LITERAL:
        return bytes([value ^ 1 or 65])
    if op is c.ANY:
        return bytes([rng.choice(b"aB3 ./-_\xe9\xff\x00:\"'")])
    if op is c.IN:
        return _one_of(value, rng)
    if op is c.BRANCH:
        return _sequence(rng.choice(value[1]), rng, groups)
    if op is c.SUBPATTERN:
        text = _sequence(value[3], rng, groups)
        if value[0] is not None:
            groups[value[0]] = text
        return text
    if op in {c.MAX_REPEAT, c.MIN_REPEAT, c.POSSESSIVE_REPEAT}:
        low, high, inner = value
        count = rng.randint(low, max(low, min(int(high), low + _MOST)))
        return b"".join(_sequence(inner, rng, groups) for _ in range(count))
    if op is c.GROUPREF:
        return groups.get(value, b"")
    if op is c.ATOMIC_GROUP:
        return _sequence(value, rng, groups)
    return b""


def _one_of(members, rng) -> bytes:
    negated = members[0][0] is c.NEGATE
    allowed: set[int] = set()
    for op, value in members:
        if op is c.LITERAL:
            allowed.add(value)
        elif op is c.RANGE:
            allowed.update(range(value[0], value[1] + 1))
        elif op is c.CATEGORY:
            allowed.update(_SETS[value])
    if negated:
        allowed = {byte for byte in b"aZ5 -_./:<>\r\n\t\x00\xff\xe9" if byte not in allowed} or {1}
    return bytes([rng.choice(sorted(allowed))])


def pattern_flags(match) -> int:
    """The flags of a match for the parser."""
    return (re.IGNORECASE if match.ignore_case else 0) | (re.DOTALL if match.dot_all else 0)
