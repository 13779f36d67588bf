"""What people declared, as one register: for any address, port or website, who answers for it and to which system.

The most specific declaration wins (a port before an address before a network before a wider one; a website's own before
its address's); where it names no unit its system's unit answers. It is a fold of the declare decisions, so a replay
gives the same register.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from secops.assets.identity import website_key_of
from secops.assets.register_index import Claim, Index, Said, Span
from secops.core.address import number, span
from secops.core.language import say
from secops.core.model import Kind, entity_id
from secops.core.names import icp_subject

_LYING: Final = {Kind.SYSTEM, Kind.IP, Kind.NETWORK}
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


NOBODY: Final = Owner()


class Register:
    """The declarations of one site in force.

    What they say of places and names is indexed when it is asked for, and then kept as declarations come: anew only
    where a unit or system that others stand under is another.
    """

    def __init__(self, site: str, declared: Iterable[Declared] = ()) -> None:
        self.site = site
        self.things: dict[str, Declared] = {}
        self._index: Index | None = None
        self._cache: dict[tuple[int, int], Owner] = {}
        self._dissolved: set[str] = set()
        self._under: Counter[str] = Counter()
        """How many declarations name the unit or system: `organisation:KEY` or `system:KEY`."""
        self._alone: dict[int, set[str]] = {}
        """Place -> keys of the hosts declared with this one address."""
        for each in declared:
            self.apply(each)

    def apply(self, each: Declared) -> Declared | None:
        """Take in one declaration; gives what it replaces. A withdrawn one leaves nothing."""
        before = self.things.get(each.subject)
        new = None if each.payload.get("withdrawn") else each
        kind, _, key = each.subject.partition(":")
        if self._leads(kind, key, before, new):
            self._index = None
        self._cache = {}
        self._count(before, -1)
        if self._index is not None and before is not None:
            self._index.remove(self._said(before))
        self.things.pop(each.subject, None)
        if kind == Kind.HOST:
            if (place := place_of(only_address(before))) is not None:
                self._alone[place].discard(key)
            if (place := place_of(only_address(new))) is not None:
                self._alone.setdefault(place, set()).add(key)
        if kind == ORGANISATION:
            (self._dissolved.discard if new else self._dissolved.add)(key)
        if new is not None:
            self.things[each.subject] = new
            self._count(new, 1)
            if self._index is not None:
                self._index.add(self._said(new))
        return before

    def _leads(self, kind: str, key: str, before: Declared | None, new: Declared | None) -> bool:
        """Whether other declarations say another thing once this one counts."""
        if not self._under[f"{kind}:{key}"]:
            return False
        if kind == ORGANISATION:
            return (key in self._dissolved) is (new is not None)
        return kind == Kind.SYSTEM and (before.text("org") if before else "") != (new.text("org") if new else "")

    def _count(self, each: Declared | None, step: int) -> None:
        for kind, name in ((ORGANISATION, "org"), (str(Kind.SYSTEM), "system")):
            if each is not None and (key := each.text(name)):
                self._under[f"{kind}:{key}"] += step

    def hosts_alone(self, places: Iterable[str]) -> set[str]:
        """Keys of the hosts declared with one of these addresses and no other."""
        if not self._alone:
            return set()
        return set().union(*(self._alone.get(number(each), ()) for each in places))

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
        return self._indexed().called(name) if name else ""

    def org_filed(self, icp: str) -> str:
        """The one unit that declared this ICP filing number (its unit's part); empty for none or several."""
        return self._indexed().filed(icp) if icp else ""

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
        return self._indexed().elsewhere(system_id, place)

    def zone_around(self, place: int) -> str:
        """The zone of the narrowest declared network around the place."""
        claim = self._indexed().around(place)
        return claim.zone if claim is not None else ""

    def system_id(self, code: str) -> str:
        """The id of the system with this code; empty for none."""
        return entity_id(self.site, Kind.SYSTEM, code) if code else ""

    def at(self, place: int, port: int = 0) -> Owner:
        """Who answers for this place on the address line, and this port of it."""
        index = self._indexed()
        key = (place, port if index.has_port(place, port) else 0)
        found = self._cache.get(key)
        if found is None:
            claims = index.claims(*key)
            chosen = {name: str(getattr(claim, name)) for name, claim in claims.items()}
            seq = max((claim.seq for claim in claims.values()), default=0)
            found = self._cache[key] = Owner(seq=seq, **chosen) if chosen else NOBODY
        return found

    def website(self, key: str, place: int | None, port: int) -> Owner:
        """Who answers for a website: its own declaration, its host's, else that of its address."""
        behind = self.at(place, port) if place is not None else NOBODY
        claim = self._indexed().site(key, key.partition("://")[2].rpartition(":")[0])
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
        for _, each in sorted(self.things.items()):
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

    def _indexed(self) -> Index:
        if self._index is None:
            self._index = Index()
            for each in self.things.values():
                self._index.add(self._said(each))
        return self._index

    def _said(self, each: Declared) -> Said:
        """All that a declaration says, as units and systems now stand."""
        kind, _, key = each.subject.partition(":")
        system = key if each.text("kind") == Kind.SYSTEM else each.text("system")
        sites = [
            (site_key(url), Claim(0, 0, self.org_of(each), self.system_id(system), "", each.seq, each.subject))
            for url in self.websites_of(each)
        ]
        lies_in = self.system_id(key if kind == Kind.SYSTEM else each.text("system")) if kind in _LYING else ""
        called: dict[str, str] = {}
        filed: dict[str, str] = {}
        if kind == ORGANISATION:
            called[each.text("name")] = key
            filed = {icp_subject(number): key for number in each.texts("icp")}
        elif kind == Kind.WEBSITE and (org := self.org_of(each)):
            facts = each.payload.get("facts")
            numbers = facts.get("http.icp") if isinstance(facts, Mapping) else None
            filed = {icp_subject(str(one)): org for one in (numbers if isinstance(numbers, (list, tuple)) else ())}
        return Said(tuple(self.claims_of(each)), tuple(sites), lies_in, kind == Kind.SYSTEM, called, filed)


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


def only_address(host: Declared | None) -> str:
    """The one address that a host is declared with; empty where it is several or none."""
    addresses = host.texts("addresses") if host is not None else ()
    return addresses[0] if len(addresses) == 1 else ""


def site_key(url: str) -> str:
    """How a website's claim is looked up: its origin, or a bare host name."""
    return website_key_of(url) if "://" in url else url.lower().rstrip(".")
