"""What decides whether a pattern matches: pcre2 with nmap's own limits, or the standard library's `re`."""

import re
from typing import Any, Protocol

from secops.discover.probes.book import Match
from secops.discover.probes.extras import pcre2
from secops.discover.probes.template import Groups

MATCH_LIMIT = 100_000
"""Steps of pcre2 for one pattern, as in nmap 7.93; beyond it the pattern does not match."""
DEPTH_LIMIT = 10_000


class Engine(Protocol):
    """Confirms one pattern on one text."""

    def search(self, match: Match, data: bytes) -> Groups | None:
        """What the groups caught, None where the pattern does not match."""
        ...


class Pcre:
    """pcre2: nmap's own dialect, bounded by steps. Compiles a pattern when it is first asked about."""

    def __init__(self) -> None:
        self._made: dict[int, Any] = {}
        self._limit = f"(*LIMIT_MATCH={MATCH_LIMIT})(*LIMIT_DEPTH={DEPTH_LIMIT})".encode()

    def search(self, match: Match, data: bytes) -> Groups | None:
        """What the groups caught; None also where the limit was met."""
        pattern = self._made.get(id(match))
        if pattern is None:
            flags = (pcre2.I if match.ignore_case else 0) | (pcre2.S if match.dot_all else 0)
            pattern = self._made[id(match)] = pcre2.compile(self._limit + match.pattern, flags)
        try:
            found = pattern.search(data)
        except pcre2.LibraryError:
            return None
        return None if found is None else found.groups()


class Plain:
    """The standard library's `re`, made to mean what PCRE means. It knows no limit: run it where it can be killed."""

    def __init__(self) -> None:
        self._made: dict[int, re.Pattern[bytes] | None] = {}

    def search(self, match: Match, data: bytes) -> Groups | None:
        """What the groups caught; None also where `re` cannot compile the pattern."""
        if id(match) not in self._made:
            flags = (re.IGNORECASE if match.ignore_case else 0) | (re.DOTALL if match.dot_all else 0)
            try:
                self._made[id(match)] = re.compile(rewritten(match.pattern), flags)
            except re.error:
                self._made[id(match)] = None
        pattern = self._made[id(match)]
        found = None if pattern is None else pattern.search(data)
        return None if found is None else found.groups()


_SLOW = re.compile(rb"\(\?:\[\^<\]\+\|<\(\?!/head>\)\)")
_TWICE = re.compile(rb"(\((?:\?:)?\[[^\]\[]+\]\+\))\+")
"""`([a-z]+)+`: the second plus adds nothing but time."""
_END = re.compile(rb"(\\.)", re.DOTALL)


def rewritten(pattern: bytes) -> bytes:
    r"""The pattern for `re`: `\Z` as PCRE means it, and the two shapes that take `re` for ever made linear."""
    pattern = _SLOW.sub(rb"(?:[^<]|<(?!/head>))", pattern)
    pattern = _TWICE.sub(rb"\1", pattern)
    if rb"\Z" in pattern:
        pattern = _END.sub(lambda found: rb"(?=\n?\Z)" if found[1] == rb"\Z" else found[1], pattern)
    return pattern
