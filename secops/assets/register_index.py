"""What declarations say of each address, port, website and name, kept current as they come and go one by one."""

import heapq
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeVar

Span = tuple[int, int]
K = TypeVar("K")
ATTRIBUTES: Final = ("org", "system", "zone")
_AROUND: Final = "around"
_NETWORK: Final = "network:"


@dataclass(frozen=True, slots=True)
class Claim:
    """What one declaration says of one stretch of the address line."""

    first: int
    last: int
    org: str
    system: str
    zone: str
    seq: int
    subject: str

    @property
    def size(self) -> int:
        return self.last - self.first


@dataclass(frozen=True, slots=True)
class Said:
    """All that one declaration says. `lies_in`: the system its addresses are of; `own`: it is that system itself."""

    claims: tuple[tuple[Claim, int], ...] = ()
    sites: tuple[tuple[str, Claim], ...] = ()
    lies_in: str = ""
    own: bool = False
    called: Mapping[str, str] = field(default_factory=dict)
    filed: Mapping[str, str] = field(default_factory=dict)
    """Name or filing number -> whose it is."""


@dataclass(slots=True)
class _Lies:
    """Where a system says it lies: by its own declaration, else by those of its addresses and networks."""

    own: list[Span] = field(default_factory=list)
    places: Counter[int] = field(default_factory=Counter)
    spans: Counter[Span] = field(default_factory=Counter)


class Index:
    """Answers about places, websites and names. Of declarations equally narrow the first by subject answers."""

    def __init__(self) -> None:
        self._ports: dict[tuple[int, int], tuple[Claim, ...]] = {}
        self._points: dict[int, tuple[Claim, ...]] = {}
        self._sites: dict[str, tuple[Claim, ...]] = {}
        self._ranges: Counter[Claim] = Counter()
        self._lines: dict[str, tuple[list[int], list[Claim | None]]] | None = None
        self._lies: dict[str, _Lies] = {}
        self._called: dict[str, Counter[str]] = {}
        self._filed: dict[str, Counter[str]] = {}

    def add(self, said: Said) -> None:
        """One more declaration."""
        for claim, port in said.claims:
            if port:
                _put(self._ports, (claim.first, port), claim)
            elif claim.size:
                self._ranges[claim] += 1
                self._lines = None
            else:
                _put(self._points, claim.first, claim)
        for site, claim in said.sites:
            _put(self._sites, site, claim)
        self._lie(said, 1)
        self._name(said, 1)

    def remove(self, said: Said) -> None:
        """One that was added is gone."""
        for claim, port in said.claims:
            if port:
                _drop(self._ports, (claim.first, port), claim)
            elif claim.size:
                _count(self._ranges, claim, -1)
                self._lines = None
            else:
                _drop(self._points, claim.first, claim)
        for site, claim in said.sites:
            _drop(self._sites, site, claim)
        self._lie(said, -1)
        self._name(said, -1)

    def has_port(self, place: int, port: int) -> bool:
        """Whether anything speaks of just this port."""
        return (place, port) in self._ports

    def claims(self, place: int, port: int) -> Mapping[str, Claim]:
        """For each attribute the narrowest claim upon the place, and the port of it, that names one."""
        exact = self._ports.get((place, port), ())[:1]
        near = (*exact, *self._points.get(place, ()))
        found: dict[str, Claim] = {}
        for name in ATTRIBUTES:
            claim = next((each for each in near if getattr(each, name)), None) or self._covering(name, place)
            if claim is not None:
                found[name] = claim
        return found

    def around(self, place: int) -> Claim | None:
        """The narrowest declared network around the place that names a zone."""
        point = (each for each in self._points.get(place, ()) if each.zone and each.subject.startswith(_NETWORK))
        return next(point, None) or self._covering(_AROUND, place)

    def site(self, *keys: str) -> Claim | None:
        """What speaks of the first of these origins and host names that anything speaks of."""
        return next((found[0] for key in keys if (found := self._sites.get(key))), None)

    def called(self, name: str) -> str:
        """The one unit of this name; empty for none or several."""
        return _only(self._called.get(name))

    def filed(self, number: str) -> str:
        """The one unit with this filing number; empty for none or several."""
        return _only(self._filed.get(number))

    def elsewhere(self, system: str, place: int) -> bool:
        """Whether it is said where the system lies, and the place is not there."""
        found = self._lies.get(system)
        if found is None:
            return False
        if found.own:
            return not any(first <= place <= last for first, last in found.own)
        return place not in found.places and not any(first <= place <= last for first, last in found.spans)

    def _lie(self, said: Said, step: int) -> None:
        if not said.lies_in or not said.claims:
            return
        found = self._lies.setdefault(said.lies_in, _Lies())
        spans = [(claim.first, claim.last) for claim, _ in said.claims]
        if said.own:
            found.own = spans if step > 0 else []
        else:
            for first, last in spans:
                if first == last:
                    _count(found.places, first, step)
                else:
                    _count(found.spans, (first, last), step)
        if not (found.own or found.places or found.spans):
            del self._lies[said.lies_in]

    def _name(self, said: Said, step: int) -> None:
        for known, words in ((self._called, said.called), (self._filed, said.filed)):
            for word, org in words.items():
                if word:
                    _count(known.setdefault(word, Counter()), org, step)

    def _covering(self, name: str, place: int) -> Claim | None:
        if self._lines is None:
            ranges = sorted(self._ranges, key=lambda each: each.subject)
            self._lines = {each: _flatten([one for one in ranges if getattr(one, each)]) for each in ATTRIBUTES}
            networks = [each for each in ranges if each.zone and each.subject.startswith(_NETWORK)]
            self._lines[_AROUND] = _flatten(networks)
        edges, winners = self._lines[name]
        found = bisect_right(edges, place) - 1
        return winners[found] if found >= 0 else None


def _put(known: dict[K, tuple[Claim, ...]], key: K, claim: Claim) -> None:
    before = known.get(key)
    known[key] = (claim,) if before is None else tuple(sorted((*before, claim), key=lambda each: each.subject))


def _drop(known: dict[K, tuple[Claim, ...]], key: K, claim: Claim) -> None:
    left = list(known[key])
    left.remove(claim)
    if left:
        known[key] = tuple(left)
    else:
        del known[key]


def _count(known: Counter[K], key: K, step: int) -> None:
    known[key] += step
    if not known[key]:
        del known[key]


def _only(found: Counter[str] | None) -> str:
    return next(iter(found)) if found is not None and len(found) == 1 else ""


def _flatten(claims: Iterable[Claim]) -> tuple[list[int], list[Claim | None]]:
    """Segments of the line, each with the narrowest claim on it (of equals the first by subject)."""
    ordered = sorted(claims, key=lambda each: each.first)
    edges = sorted({edge for each in ordered for edge in (each.first, each.last + 1)})
    winners: list[Claim | None] = []
    heap: list[tuple[int, str, int, Claim]] = []
    at = 0
    for edge in edges:
        while at < len(ordered) and ordered[at].first <= edge:
            heapq.heappush(heap, (ordered[at].size, ordered[at].subject, at, ordered[at]))
            at += 1
        while heap and heap[0][3].last < edge:
            heapq.heappop(heap)
        winners.append(heap[0][3] if heap else None)
    return edges, winners
