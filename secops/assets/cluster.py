"""Nodes (an address, or a port of one) and known machines gathered into one each, where nothing speaks against it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from secops.assets.evidence import Evidence, Machine
from secops.assets.marks import PAIR, Rules, kind_of


@dataclass(slots=True)
class Node:
    """What is seen now at one address (or, where several machines answer there, at one port of it)."""

    number: int
    place: str
    rows: list[Evidence]
    split: bool
    """It is a port: its address belongs to several."""
    strong: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()

    def of(self, kind: str) -> set[str]:
        """Its strong marks of this kind."""
        return {each for each in self.strong if kind_of(each) == kind}


@dataclass(slots=True)
class Cluster:
    """What is held to be one machine."""

    nodes: set[int] = field(default_factory=set)
    hosts: set[str] = field(default_factory=set)
    places: set[str] = field(default_factory=set)
    live: dict[str, set[str]] = field(default_factory=dict)
    """Of kinds that can speak against a union, marks seen now."""
    known: dict[str, set[str]] = field(default_factory=dict)
    """The same -> marks its known machines ever had."""
    frozen: bool = False
    declared: bool = False
    reasons: list[tuple[str, str, str]] = field(default_factory=list)
    """Two known machines held to be one, and why."""


class Clusters:
    """Union-find over nodes and machines, with what speaks against a union."""

    def __init__(
        self,
        nodes: Iterable[Node],
        hosts: Iterable[Machine],
        rules: Rules,
        apart: Mapping[frozenset[str], frozenset[str]],
        void: frozenset[str],
    ) -> None:
        self._rules = rules
        self._apart = apart
        self._exclusive = {kind: rule.exclusive for kind, rule in rules.kinds.items() if rule.exclusive}
        self._hardware = [kind for kind, rule in rules.kinds.items() if rule.bridges]
        tracked = {*self._exclusive, *self._hardware}
        self._of: dict[int | str, Cluster] = {}
        for node in nodes:
            live = {kind: marks for kind in tracked if (marks := node.of(kind))}
            self._of[node.number] = Cluster({node.number}, set(), {node.place}, live)
        for host in hosts:
            known: dict[str, set[str]] = {}
            for mark in host.marks - void:
                if kind_of(mark) in tracked:
                    known.setdefault(kind_of(mark), set()).add(mark)
            self._of[host.id] = Cluster(set(), {host.id}, set(), {}, known, host.frozen, host.declared)

    def of(self, member: int | str) -> Cluster:
        """The cluster of a node or machine."""
        return self._of[member]

    def has(self, member: int | str) -> bool:
        """Whether it is among them."""
        return member in self._of

    def every(self) -> list[Cluster]:
        """Each cluster once, in order of their first nodes; those without a node last."""
        found = {id(each): each for each in self._of.values()}
        return sorted(found.values(), key=lambda each: (min(each.nodes, default=1 << 60), min(each.hosts, default="")))

    def against(self, one: Cluster, other: Cluster, kind: str) -> str:
        """What speaks against their being one machine because of a mark of this kind; empty where nothing does."""
        for each, how in self._exclusive.items():
            if _differ(one.live.get(each), other.live.get(each)):
                return "live"
            if how == "always" and _differ(_all(one, each), _all(other, each)):
                return "always"
            if how == "moment" and each != kind and not self._bridges(kind):
                if _differ(one.live.get(each), other.known.get(each)) and not other.live.get(each):
                    return "changed"
                if _differ(other.live.get(each), one.known.get(each)) and not one.live.get(each):
                    return "changed"
        if not self._bridges(kind) and kind not in self._exclusive and self._other_hardware(one, other):
            return "changed"
        for a in one.hosts:
            for b in other.hosts:
                kinds = self._apart.get(frozenset((a, b)))
                if kinds is not None and (kind in kinds or kind == PAIR):
                    return "apart"
        if one.hosts and other.hosts and (one.frozen or other.frozen):
            return "many"
        if one.declared and other.declared:
            return "declared"
        if kind == PAIR and one.places | other.places and len(one.places | other.places) > 1:
            return "elsewhere"
        return ""

    def unite(self, one: Cluster, other: Cluster, why: str) -> Cluster:
        """Make one of them."""
        if one is other:
            return one
        if one.hosts and other.hosts:
            one.reasons.append((min(one.hosts), min(other.hosts), why))
        one.reasons += other.reasons
        one.nodes |= other.nodes
        one.hosts |= other.hosts
        one.places |= other.places
        one.frozen = one.frozen or other.frozen
        one.declared = one.declared or other.declared
        for mine, theirs in ((one.live, other.live), (one.known, other.known)):
            for kind, marks in theirs.items():
                mine.setdefault(kind, set()).update(marks)
        self._of |= dict.fromkeys(other.nodes, one)
        self._of |= dict.fromkeys(other.hosts, one)
        return one

    def _other_hardware(self, one: Cluster, other: Cluster) -> bool:
        """Whether either shows hardware of a kind of which the other has another."""
        return any(
            _differ(one.live.get(each), _all(other, each)) or _differ(other.live.get(each), _all(one, each))
            for each in self._hardware
        )

    def _bridges(self, kind: str) -> bool:
        rule = self._rules.kinds.get(kind)
        return rule is not None and rule.bridges


def _differ(one: set[str] | None, other: set[str] | None) -> bool:
    return bool(one) and bool(other) and one.isdisjoint(other)  # type: ignore[union-attr,arg-type]  # both are there


def _all(cluster: Cluster, kind: str) -> set[str]:
    return cluster.live.get(kind, set()) | cluster.known.get(kind, set())
