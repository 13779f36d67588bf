"""Candidate systems: sites that belong together by what they share, each with its evidence and the sum it comes to.

Pure and deterministic: pairs in, components out. A pair whose evidence sums up to the table's threshold is a bond; the
strongest bonds join first, a component never grows beyond the table's size, and two declared systems never meet in
one. A candidate is worth its weakest joining bond.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from secops.assets.candidate_table import CandidateTable
from secops.core.ids import derive
from secops.core.model import Kind
from secops.core.names import icp_subject

FIELDS: Final = {
    "police_filing": "http.police_filing", "site_code": "http.gov_code", "icp": "http.icp",
    "certificate": "tls.fingerprint", "wildcard": "tls.fingerprint", "redirect": "http.location", "title": "http.title",
    "host": "key", "address": "address", "suffix": "key", "link": "http.links", "icp_subject": "http.icp",
    "other_unit": "org_id",
}  # fmt: skip
"""The field that each kind of evidence is read from."""
_NUMBERED: Final = frozenset({"icp", "police_filing", "site_code"})
Mark = tuple[str, str]
"""Kind of evidence, and the shared value."""
Pairs = Mapping[tuple[str, str], Mapping[str, str]]
"""Two ids in order -> what they share: kind -> value."""


@dataclass(frozen=True, slots=True)
class Member:
    """A website, or a port with a certificate that is no website."""

    id: str
    kind: Kind
    key: str
    address: str = ""
    port: int = 0
    org: str = ""
    system: str = ""
    title: str = ""
    icp: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    subject: str = ""

    @property
    def host(self) -> str:
        """The host name of a website; empty for an address or a port."""
        host = self.key.partition("://")[2].rpartition(":")[0]
        return "" if host.startswith("[") or host.replace(".", "").isdigit() else host


@dataclass(frozen=True, slots=True)
class Evidence:
    """One thing that two members share, or that parts them (a negative score)."""

    kind: str
    value: str
    score: int


@dataclass(frozen=True, slots=True)
class Bond:
    """Two members and all that speaks for and against their being one system."""

    one: str
    two: str
    evidence: tuple[Evidence, ...]

    @property
    def score(self) -> int:
        """The sum."""
        return sum(each.score for each in self.evidence)

    @property
    def sum(self) -> str:
        """The arithmetic as people read it."""
        told = " + ".join(f"{each.kind} {each.score}" for each in self.evidence).replace(
            "+ other_unit -", "- other_unit "
        )
        return f"{told} = {self.score}"


@dataclass(frozen=True, slots=True)
class Candidate:
    """Members that look like one system. `system`: the id of the declared one that some of them belong to."""

    id: str
    members: tuple[Member, ...]
    bonds: tuple[Bond, ...]
    """Those that joined it, strongest first."""
    system: str = ""

    @property
    def score(self) -> int:
        """Of its weakest joining bond, at most 100."""
        return min(100, *(each.score for each in self.bonds))

    @property
    def marks(self) -> frozenset[Mark]:
        """Every positive piece of evidence."""
        return frozenset((e.kind, e.value) for bond in self.bonds for e in bond.evidence if e.score > 0)

    @property
    def kinds(self) -> frozenset[str]:
        """What sorts of evidence it rests on."""
        return frozenset(kind for kind, _ in self.marks)

    @property
    def open(self) -> tuple[Member, ...]:
        """Members that belong to no declared system yet."""
        return tuple(each for each in self.members if not each.system)


def candidates(
    pairs: Pairs,
    members: Mapping[str, Member],
    table: CandidateTable,
    *,
    crowded: frozenset[str] = frozenset(),
    related: Callable[[str, str], bool] = lambda one, two: one == two,
    site: str = "",
) -> list[Candidate]:
    """What these pairs come to, best first. `crowded`: addresses with too many sites to mean anything."""
    bonds = [
        bond
        for (one, two), shared in pairs.items()
        if one in members and two in members
        for bond in (_bond(members[one], members[two], shared, table, crowded=crowded, related=related),)
        if bond.score >= table.threshold
    ]
    bonds.sort(key=lambda each: (-each.score, each.one, each.two))
    groups = _Groups(members, table.together)
    joined = [each for each in bonds if groups.join(each.one, each.two)]
    parts: dict[str, list[Bond]] = {}
    for each in joined:
        parts.setdefault(groups.top(each.one), []).append(each)
    found = []
    taken: set[str] = set()
    for part in sorted(parts.values(), key=lambda each: min(bond.one for bond in each)):
        ids = sorted({end for bond in part for end in (bond.one, bond.two)})
        mine = tuple(members[id] for id in ids)
        system = next((each.system for each in mine if each.system), "")
        if all(each.system for each in mine):
            continue
        found.append(Candidate(_name(site, part, system, ids, taken), mine, tuple(part), system))
    return sorted(found, key=lambda each: (-each.score, -len(each.members), each.id))


def _name(site: str, part: Iterable[Bond], system: str, ids: list[str], taken: set[str]) -> str:
    """An id that stays while the best evidence stays: of the system it joins, else of its strongest value."""
    marks = {(-e.score, e.kind, e.value) for bond in part for e in bond.evidence if e.score > 0}
    _, kind, value = min(marks)
    id = derive("cand", site, "system", system) if system else derive("cand", site, kind, value)
    if id in taken:
        id = derive("cand", site, kind, value, *ids)
    taken.add(id)
    return id


def _bond(
    one: Member,
    two: Member,
    shared: Mapping[str, str],
    table: CandidateTable,
    *,
    crowded: frozenset[str],
    related: Callable[[str, str], bool],
) -> Bond:
    found = dict(_shared(one, two, shared, table, crowded))
    if one.org and two.org and not related(one.org, two.org):
        found["other_unit"] = f"{min(one.org, two.org)} / {max(one.org, two.org)}"
    told = (Evidence(kind, value, table.scores[kind]) for kind, value in found.items())
    return Bond(one.id, two.id, tuple(sorted(told, key=lambda each: (-each.score, each.kind))))


def _shared(
    one: Member, two: Member, shared: Mapping[str, str], table: CandidateTable, crowded: frozenset[str]
) -> Iterator[Mark]:
    for kind, value in shared.items():
        if kind == "address" or (kind in _NUMBERED and not _numbered(value)):
            continue  # an address is looked at below, whatever else they share
        if kind == "certificate":
            if worth := table.certificate(one.subject, one.names):
                yield worth, value
        elif kind == "icp" and icp_subject(value) == value:
            yield "icp_subject", value
        elif kind != "title" or table.telling_title(value):
            yield kind, value
    if one.host and one.host == two.host:
        yield "host", one.host
    elif (suffix := _suffix(one.host)) and suffix == _suffix(two.host) and not table.whole(suffix):
        yield "suffix", suffix
    if one.address and one.address == two.address and one.address not in crowded:
        yield "address", one.address
    if "icp" not in shared:
        subjects = {icp_subject(each) for each in one.icp} & {icp_subject(each) for each in two.icp}
        subjects = set(filter(_numbered, subjects))
        if subjects:
            yield "icp_subject", min(subjects)


def _numbered(value: str) -> bool:
    """Whether a filing's number is one: a template's zeros or nines are not."""
    return len(set(re.sub(r"\D", "", icp_subject(value)))) > 1


def _suffix(host: str) -> str:
    return host.partition(".")[2]


class _Groups:
    """Members joined so far: union by id, bounded, and at most one declared system in each."""

    def __init__(self, members: Mapping[str, Member], most: int) -> None:
        self._above: dict[str, str] = {}
        self._size: dict[str, int] = {}
        self._members = members
        self._system: dict[str, str] = {}
        self._most = most

    def top(self, id: str) -> str:
        """The member that stands for its group."""
        path = []
        while (above := self._above.get(id, id)) != id:
            path.append(id)
            id = above
        for each in path:
            self._above[each] = id
        return id

    def join(self, one: str, two: str) -> bool:
        """Join the groups of both; False where they are one already, or may not be."""
        first, second = sorted((self.top(one), self.top(two)))
        if first == second:
            return False
        systems = {found for each in (first, second) if (found := self._system.get(each, self._members[each].system))}
        size = self._size.get(first, 1) + self._size.get(second, 1)
        if len(systems) > 1 or size > self._most:
            return False
        self._above[second] = first
        self._size[first] = size
        self._system[first] = next(iter(systems), "")
        return True
