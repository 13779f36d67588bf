"""What people declared, as one register: for any address, port or website, who answers for it and to which system.

The most specific declaration wins (a port before an address before a network before a wider one; a website's own before
its address's); where it names no unit its system's unit answers. It is a fold of the declare decisions, so a replay
gives the same register.
"""

import heapq
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from secops.assets.identity import website_key_of
from secops.core.address import number, span
from secops.core.language import say
from secops.core.model import Kind, entity_id
from secops.core.names import icp_subject

Span = tuple[int, int]
_ATTRIBUTES: Final = ("org", "system", "zone")
ORGANISATION: Final = "organisation"


@dataclass(frozen=True, slots=True)
class Declared:
    """One declared thing: `subject` is `kind:key`, `payload` what was declared, `seq` the decision."""

    subject: str
    payload: Mapping[str, object]
    seq: int

    def text(self, name: str) -> str:
        """A text of the payload."""
        return str(self.payload.get(name) or "")

    def texts(self, name: str) -> tuple[str, ...]:
        """A list of the payload."""
        found = self.payload.get(name)
        return tuple(str(each) for each in found) if isinstance(found, (list, tuple)) else ()


@dataclass(frozen=True, slots=True)
class Owner:
    """Who answers: unit, system (ids), zone, and the decision that said so (0: nobody did)."""

    org: str = ""
    system: str = ""
    zone: str = ""
    seq: int = 0


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


NOBODY: Final = Owner()


class Register:
    """The declarations of one site in force."""

    def __init__(self, site: str, declared: Iterable[Declared] = ()) -> None:
        self.site = site
        self.things: dict[str, Declared] = {}
        self._lines: dict[str, tuple[list[int], list[Claim | None]]] = {}
        self._ports: dict[tuple[int, int], Claim] = {}
        self._sites: dict[str, Claim] = {}
        self._cache: dict[tuple[int, int], Owner] = {}
        self._holders = Holders()
        self._dissolved: set[str] = set()
        self._fresh = False
        for each in declared:
            self.apply(each)

    def apply(self, each: Declared) -> Declared | None:
        """Take in one declaration; gives what it replaces. A withdrawn one leaves nothing."""
        self._fresh = False
        before = self.things.pop(each.subject, None)
        gone = bool(each.payload.get("withdrawn"))
        if not gone:
            self.things[each.subject] = each
        kind, _, key = each.subject.partition(":")
        if kind == ORGANISATION:
            (self._dissolved.add if gone else self._dissolved.discard)(key)
        return before

    def get(self, kind: str, key: str) -> Declared | None:
        """What is declared under this kind and key."""
        return self.things.get(f"{kind}:{key}")

    def org_of(self, each: Declared) -> str:
        """The unit of a declared thing: its own, else its system's. A dissolved unit answers for nothing."""
        if (own := each.text("org")) and own not in self._dissolved:
            return own
        system = self.things.get(f"system:{each.text('system')}")
        org = system.text("org") if system is not None and system is not each else ""
        return "" if org in self._dissolved else org

    def org_called(self, name: str) -> str:
        """The one unit of this name; empty for none or several."""
        self._index()
        return self._holders.called.get(name, "") if name else ""

    def org_filed(self, icp: str) -> str:
        """The one unit that declared this ICP filing number (its unit's part); empty for none or several."""
        self._index()
        return self._holders.filed.get(icp, "") if icp else ""

    def related(self, one: str, two: str) -> bool:
        """Whether the units are one, or one stands above the other."""
        return one in self.above(two) or two in self.above(one)

    def above(self, org: str) -> list[str]:
        """The unit and those above it, nearest first; a circle ends where it closes."""
        path: list[str] = []
        while org and org not in path:
            path.append(org)
            found = self.things.get(f"{ORGANISATION}:{org}")
            org = found.text("parent") if found is not None else ""
        return path

    def elsewhere(self, system_id: str, place: int) -> bool:
        """Whether the system declares addresses or networks and this place is in none of them."""
        self._index()
        spans = self._holders.spans.get(system_id)
        return spans is not None and not any(first <= place <= last for first, last in spans)

    def zone_around(self, place: int) -> str:
        """The zone of the narrowest declared network around the place."""
        self._index()
        claim = _covering(self._lines["around"], place)
        return claim.zone if claim is not None else ""

    def system_id(self, code: str) -> str:
        """The id of the system with this code; empty for none."""
        return entity_id(self.site, Kind.SYSTEM, code) if code else ""

    def at(self, place: int, port: int = 0) -> Owner:
        """Who answers for this place on the address line, and this port of it."""
        self._index()
        key = (place, port if (place, port) in self._ports else 0)
        found = self._cache.get(key)
        if found is None:
            found = self._cache[key] = self._resolve(*key)
        return found

    def website(self, key: str, place: int | None, port: int) -> Owner:
        """Who answers for a website: its own declaration, its host's, else that of its address."""
        self._index()
        behind = self.at(place, port) if place is not None else NOBODY
        host = key.partition("://")[2].rpartition(":")[0]
        claim = self._sites.get(key) or self._sites.get(host)
        if claim is None:
            return behind
        return Owner(claim.org or behind.org, claim.system or behind.system, behind.zone, claim.seq)

    def spans(self, each: Declared) -> list[Span]:
        """The addresses a declaration speaks of."""
        return [(claim.first, claim.last) for claim, _ in self.claims_of(each)]

    def hosts(self, each: Declared) -> tuple[list[str], list[str]]:
        """The website keys and the bare host names a declaration speaks of."""
        keys: list[str] = []
        names: list[str] = []
        for url in self.websites_of(each):
            (keys if "://" in url else names).append(site_key(url))
        return keys, names

    def contradictions(self) -> list[str]:
        """Declarations equally specific that name different units or systems, in words."""
        seen: dict[tuple[int, int, int], Claim] = {}
        found = []
        for each in self.things.values():
            for claim, port in self.claims_of(each):
                other = seen.setdefault((claim.first, claim.last, port), claim)
                for what, title in (("org", say("责任单位", "unit")), ("system", say("系统", "system"))):
                    one, two = getattr(other, what), getattr(claim, what)
                    if one and two and one != two:
                        found.append(
                            say(
                                f"{other.subject} 与 {claim.subject} 对同一地址登记了不同的{title}，以前者为准",
                                f"{other.subject} and {claim.subject} name different {title}s; the first stands",
                            )
                        )
        return sorted(found)

    def websites_of(self, each: Declared) -> tuple[str, ...]:
        """The websites a declaration names."""
        own = (each.subject.partition(":")[2],) if each.text("kind") == Kind.WEBSITE else ()
        return own + each.texts("websites")

    def claims_of(self, each: Declared) -> list[tuple[Claim, int]]:
        """What a declaration says of addresses, and of which port of them (0: all)."""
        kind, key = each.text("kind"), each.subject.partition(":")[2]
        org = self.org_of(each)
        system = key if kind == Kind.SYSTEM else each.text("system")
        zone = each.text("zone")
        places = [*each.texts("networks"), *each.texts("addresses")]
        if kind in {Kind.NETWORK, Kind.IP}:
            places.append(key)
        found = []
        for text in places:
            place, port = split_place(text)
            first, last = span(place)
            found.append((Claim(first, last, org, self.system_id(system), zone, each.seq, each.subject), port))
        return found

    def _index(self) -> None:
        if self._fresh:
            return
        self._ports, self._sites, self._cache = {}, {}, {}
        ranges: list[Claim] = []
        for each in sorted(self.things.values(), key=lambda one: one.subject):
            for claim, port in self.claims_of(each):
                if port:
                    self._ports.setdefault((claim.first, port), claim)
                else:
                    ranges.append(claim)
            for url in self.websites_of(each):
                system = each.subject.partition(":")[2] if each.text("kind") == Kind.SYSTEM else each.text("system")
                claim = Claim(0, 0, self.org_of(each), self.system_id(system), "", each.seq, each.subject)
                self._sites.setdefault(site_key(url), claim)
        self._lines = {name: _flatten([each for each in ranges if getattr(each, name)]) for name in _ATTRIBUTES}
        self._lines["around"] = _flatten([each for each in ranges if each.zone and each.subject.startswith("network:")])
        self._holders = _holders(self)
        self._fresh = True

    def _resolve(self, place: int, port: int) -> Owner:
        chosen: dict[str, str] = {}
        seq = 0
        exact = self._ports.get((place, port))
        for name in _ATTRIBUTES:
            claim = exact if exact is not None and getattr(exact, name) else _covering(self._lines[name], place)
            if claim is not None:
                chosen[name] = getattr(claim, name)
                seq = max(seq, claim.seq)
        return Owner(seq=seq, **chosen) if chosen else NOBODY


@dataclass(frozen=True, slots=True)
class Holders:
    """Whose a name or filing number is, and where each system says it lies."""

    called: Mapping[str, str] = field(default_factory=dict)
    filed: Mapping[str, str] = field(default_factory=dict)
    spans: Mapping[str, list[Span]] = field(default_factory=dict)


def _holders(register: "Register") -> Holders:
    called: dict[str, str] = {}
    filed: dict[str, str] = {}
    spans: dict[str, list[Span]] = {}
    for subject, each in sorted(register.things.items()):
        kind, _, key = subject.partition(":")
        if kind == ORGANISATION:
            _one(called, each.text("name"), key)
            for number in each.texts("icp"):
                _one(filed, icp_subject(number), key)
        elif kind == Kind.WEBSITE and (org := register.org_of(each)):
            facts = each.payload.get("facts")
            numbers = facts.get("http.icp") if isinstance(facts, Mapping) else None
            for number in numbers if isinstance(numbers, (list, tuple)) else ():
                _one(filed, icp_subject(str(number)), org)
        elif kind == Kind.SYSTEM and (found := register.spans(each)):
            spans[register.system_id(key)] = found
        if kind in {Kind.IP, Kind.NETWORK} and (system := register.system_id(each.text("system"))):
            spans.setdefault(system, []).extend(register.spans(each))
    return Holders(_sure(called), _sure(filed), spans)


def _one(found: dict[str, str], word: str, org: str) -> None:
    """Note whose the word is; a word of several units is nobody's."""
    if word:
        found[word] = org if found.get(word, org) == org else ""


def _sure(found: Mapping[str, str]) -> dict[str, str]:
    return {word: org for word, org in found.items() if org}


def split_place(text: str) -> tuple[str, int]:
    """Address or network and port (0: all): `198.18.0.5:8443`, `[2001:db8::5]:443`, `198.18.0.0/24`."""
    if text.startswith("["):
        host, _, rest = text[1:].partition("]")
        return host, int(rest[1:]) if rest else 0
    if text.count(":") == 1:
        host, _, port = text.partition(":")
        return host, int(port)
    return text, 0


def place_of(address: object) -> int | None:
    """The address's place on the line, None for what is none."""
    try:
        return number(address) if isinstance(address, str) else None
    except ValueError:
        return None


def site_key(url: str) -> str:
    """How a website's claim is looked up: its origin, or a bare host name."""
    return website_key_of(url) if "://" in url else url.lower().rstrip(".")


def _flatten(claims: list[Claim]) -> tuple[list[int], list[Claim | None]]:
    """Segments of the line, each with the narrowest claim on it (of equals the first by subject)."""
    claims.sort(key=lambda each: each.first)
    edges = sorted({edge for each in claims for edge in (each.first, each.last + 1)})
    winners: list[Claim | None] = []
    heap: list[tuple[int, str, int, Claim]] = []
    at = 0
    for edge in edges:
        while at < len(claims) and claims[at].first <= edge:
            heapq.heappush(heap, (claims[at].size, claims[at].subject, at, claims[at]))
            at += 1
        while heap and heap[0][3].last < edge:
            heapq.heappop(heap)
        winners.append(heap[0][3] if heap else None)
    return edges, winners


def _covering(line: tuple[list[int], list[Claim | None]], place: int) -> Claim | None:
    edges, winners = line
    found = bisect_right(edges, place) - 1
    return winners[found] if found >= 0 else None
