"""Tells machines apart: a function of the evidence as it stands, of whom each mark belonged to, and of the rules.

A strong mark joins what shows it to the machine that had it; two weak ones (a name at an address) do where nothing
speaks against it. What speaks against it (two serial numbers, two host keys at once, a key that was replaced with no
hardware to vouch for it, a person's word) is never overruled: the case is told as a doubt instead. A machine keeps its
id; of two that are one the declared one stays, else the older.
"""

from collections.abc import Iterable
from ipaddress import ip_address, ip_network

from secops.assets.cluster import Cluster, Clusters, Node
from secops.assets.evidence import REPLACED, Answer, Doubt, Evidence, Known, Machine, Question
from secops.assets.marks import PAIR, Rules, kind_of
from secops.core.model import Entity

SHARED = "shared"
KEPT = "kept"
_WITNESSES = {"mac": ("serial", "cloud", "engine", "ssh")}
_WITNESS = ("serial", "cloud", "mac")
"""What must be the same at every address of a mark that stands on many: one machine with many interfaces."""
_ALONE = frozenset({"serial", "cloud"})


def pairs(rows: Iterable[Evidence]) -> set[str]:
    """Every pair of an address with another mark that these rows could make."""
    return {
        pair(place, mark)
        for each in rows if each.live
        for mark in each.marks
        for place in (each.place, f"{each.place}#{each.slot}")
    }  # fmt: skip


def pair(place: str, mark: str) -> str:
    """The mark of two weak ones: an address (of several machines, a port of it) with a name or a shared mark."""
    return f"{PAIR}:{place}|{mark.partition(':')[2] if mark.startswith('name:') else mark}"


def resolve(question: Question, rules: Rules) -> Answer:
    """Who is who."""
    return _Resolution(question, rules).answer()


class _Resolution:
    """One question being answered."""

    def __init__(self, question: Question, rules: Rules) -> None:
        self.q = question
        self.rules = rules
        self.out = Answer()
        self.rows = sorted(question.rows, key=lambda each: (each.place, each.slot, each.base, each.look))
        self.nodes: list[Node] = []
        self.moved: list[tuple[str, str, Cluster, str]] = []
        """A mark that left a machine: the mark, the machine, who shows it now, what spoke against their being one."""

    def answer(self) -> Answer:
        for mark in sorted(self.q.crowded):
            self._share(mark, f"on more than {self.rules.limits['interfaces']} addresses at once")
        self._alternating()
        self._successors()
        self._gather()
        usable = self._usable()
        clusters = Clusters(
            self.nodes, self.q.hosts.values(), self.rules, self.q.apart,
            frozenset(mark for mark, one in self.q.index.items() if self._void(mark, one)),
        )  # fmt: skip
        for mark in sorted(usable, key=lambda each: (self._known(each).standing != KEPT, self.rules.rank(each))):
            self._link(clusters, mark, usable[mark])
        weak = self._pairs()
        for mark in sorted(weak):
            self._link(clusters, mark, weak[mark])
        self._name(clusters, usable, weak)
        return self.out

    def _known(self, mark: str) -> Known:
        return self.out.marks.get(mark) or self.q.index.get(mark) or Known(mark)

    def _void(self, mark: str, before: Known) -> bool:
        now = self._known(mark)
        return now.standing == SHARED or now.host != before.host

    def _learn(self, mark: str, **new: object) -> Known:
        old = self._known(mark)
        values = {"host": old.host, "standing": old.standing, "why": old.why, "moves": old.moves, "seq": old.seq}
        known = Known(mark, **(values | new))  # type: ignore[arg-type]  # fields of its own
        self.out.marks[mark] = known
        return known

    def _share(self, mark: str, why: str, place: str = "") -> None:
        """From now on the mark identifies nobody."""
        if self._known(mark).standing == KEPT:
            return
        self._learn(mark, host="", standing=SHARED, why=why)
        self.out.doubts.append(Doubt("shared", (mark,), (mark,), f"{why} {place}".strip()))

    def _alternating(self) -> None:
        """An address whose host key came back after another: a balancer; what vouched for both belongs to neither."""
        for row in self.rows:
            if row.pending != REPLACED or not row.live:
                continue
            new = [each for each in row.marks if kind_of(each) == "ssh"]
            old = [each for each in row.before if kind_of(each) == "ssh" and each not in row.marks]
            owners = {self._known(each).host for each in new} - {""}
            if not new or not old or not owners & {self._known(each).host for each in old}:
                continue
            for each in old:
                if self._known(each).host in owners:
                    self._learn(each, host="")
            for other in self.rows:
                if other.place == row.place and other.live:
                    for each in other.marks:
                        rule = self.rules.kinds.get(kind_of(each))
                        if rule is not None and rule.bridges and rule.strong:
                            self._share(each, "host keys alternate at its address", row.place)

    def _successors(self) -> None:
        """Looks older than the machine that is now at their address say nothing of it."""
        at_place: dict[str, list[Evidence]] = {}
        for row in self.rows:
            if row.live:
                at_place.setdefault(row.place, []).append(row)
        for own in at_place.values():
            owners = {row.host for row in own if row.host}
            fresh = [row for row in own if row.pending and self._arrived(row, owners)]
            if not fresh or len(own) == len(fresh):
                continue
            moment = self.rules.limits["moment_minutes"] * 60_000
            began = self.q.started
            epoch = min(began if began and row.at >= began else row.at - moment for row in fresh)
            for row in own:
                if row not in fresh and row.at < epoch:
                    row.live = False
                    self.out.ended.add(row.look)

    def _arrived(self, row: Evidence, owners: set[str]) -> bool:
        if row.pending == REPLACED:
            return True
        holders = {self._known(each).host for each in row.marks if self.rules.strong(kind_of(each))} - {""}
        return bool(holders) and bool(owners) and holders.isdisjoint(owners)

    def _gather(self) -> None:
        """One node an address; where it shows two machines, one a port."""
        at_place: dict[str, dict[str, list[Evidence]]] = {}
        for row in self.rows:
            if row.live and row.marks:
                at_place.setdefault(row.place, {}).setdefault(row.slot, []).append(row)
        for place, slots in sorted(at_place.items()):
            if len(slots) > 1 and self._several(slots):
                for slot in sorted(slots):
                    self._node(place, slots[slot], split=True)
            else:
                self._node(place, [row for slot in sorted(slots) for row in slots[slot]], split=False)

    def _node(self, place: str, rows: list[Evidence], *, split: bool) -> None:
        marks = {mark for row in rows for mark in row.marks}
        strong = frozenset(each for each in marks if self.rules.strong(kind_of(each)))
        self.nodes.append(Node(len(self.nodes), place, rows, split, strong, frozenset(marks - strong)))

    def _several(self, slots: dict[str, list[Evidence]]) -> bool:
        sets = [{mark for row in rows for mark in row.marks} for rows in slots.values()]
        kept = {self._known(mark).host for marks in sets for mark in marks if self._known(mark).standing == KEPT}
        if len(kept - {""}) > 1:
            return True
        place = next(iter(slots.values()))[0].place
        for kind, rule in self.rules.kinds.items():
            if not rule.exclusive:
                continue
            own = [found for marks in sets if (found := {each for each in marks if kind_of(each) == kind})]
            if any(one.isdisjoint(other) for at, one in enumerate(own) for other in own[at + 1 :]):
                holders = {self._known(mark).host for marks in own for mark in marks}
                if len(holders) > 1 or "" in holders:
                    every = tuple(sorted(set().union(*own)))
                    why = f"several machines answer at {place}: address translation, or a container"
                    self.out.doubts.append(Doubt("several", (place,), every[:10], why))
                return True
        return False

    def _usable(self) -> dict[str, list[Node]]:
        """Strong marks that identify, and the nodes that show them."""
        found: dict[str, list[Node]] = {}
        for node in self.nodes:
            for mark in node.strong:
                found.setdefault(mark, []).append(node)
        for mark in sorted(found):
            if self._known(mark).standing == SHARED:
                continue
            if len({node.place for node in found[mark]}) > self.rules.limits["addresses"]:
                if not self._one_body(mark, found[mark]):
                    self._share(mark, f"on {len({node.place for node in found[mark]})} addresses at once")
            elif self._cloned(mark, found[mark]):
                self._share(mark, "in one network under different hardware: a cloned image")
        return {mark: nodes for mark, nodes in found.items() if self._known(mark).standing != SHARED}

    def _one_body(self, mark: str, nodes: list[Node]) -> bool:
        """Whether most of these addresses show the same hardware and none another: interfaces of one machine."""
        kind = kind_of(mark)
        if kind in _ALONE or self._known(mark).standing == KEPT:
            return True
        for witness in _WITNESSES.get(kind, _WITNESS):
            told = [found for node in nodes if (found := node.of(witness))]
            common = set.intersection(*told) if 2 * len(told) > len(nodes) else set[str]()
            if any(self._known(each).standing != SHARED for each in common):
                return True
        return False

    def _cloned(self, mark: str, nodes: list[Node]) -> bool:
        """Neighbours in one network with one key but different cards: copies of an image."""
        if kind_of(mark) not in {"ssh", "engine", "cert"} or self._known(mark).standing == KEPT:
            return False
        own = [(_network(node.place), macs) for node in nodes if (macs := node.of("mac"))]
        return any(
            one[0] == other[0] and one[1].isdisjoint(other[1]) for at, one in enumerate(own) for other in own[at + 1 :]
        )

    def _pairs(self) -> dict[str, list[Node]]:
        """An address together with a name, or with a mark that alone proves nothing any more."""
        found: dict[str, list[Node]] = {}
        for node in self.nodes:
            place = f"{node.place}#{node.rows[0].slot}" if node.split else node.place
            for mark in (*node.names, *(each for each in node.strong if self._known(each).standing == SHARED)):
                found.setdefault(pair(place, mark), []).append(node)
        return found

    def _link(self, clusters: Clusters, mark: str, nodes: list[Node]) -> None:
        """Join what shows the mark, and whom it belonged to, unless something speaks against it."""
        known = self._known(mark)
        kind, kept = kind_of(mark), known.standing == KEPT
        if known.standing == SHARED:
            return
        showing = [clusters.of(node.number) for node in nodes]
        each = list({id(one): one for one in showing}.values())
        for at, one in enumerate(each):
            if not kept and any(clusters.against(one, other, kind) in {"live", "always"} for other in each[at + 1 :]):
                self._share(
                    mark, "under different serial numbers or keys at once: a cloned image or a shared certificate"
                )
                return
        forced = kept and kind != PAIR
        each.sort(key=lambda one: not self._free(one, known.host))
        whole = each[0]
        why = self._why(mark, nodes) if len(each) > 1 else ""
        for other in each[1:]:
            said = forced and self._free(whole, known.host) and self._free(other, known.host)
            if said or not clusters.against(whole, other, kind):
                whole = clusters.unite(whole, other, why)
        if not known.host or not clusters.has(known.host):
            return
        holder = clusters.of(known.host)
        if holder is whole:
            return
        against = clusters.against(whole, holder, kind)
        if kept and self._free(whole, known.host) and (forced or not whole.hosts):
            against = ""  # a person said so; an address with a name counts where nothing better is seen there
        if not against:
            clusters.unite(whole, holder, self._why(mark, nodes))
            return
        moves = known.moves + (against != "elsewhere")
        if kind == "cert" and moves > self.rules.limits["moves"]:
            self._share(mark, "it moves between machines")
            return
        self._learn(mark, host="", moves=moves)
        if against != "elsewhere" and (kind, against) != (PAIR, "live"):
            self.moved.append((mark, known.host, whole, against))

    def _free(self, cluster: Cluster, host: str) -> bool:
        """Whether what it shows belonged to this machine or to none before."""
        return all(row.host in {"", host} for number in cluster.nodes for row in self.nodes[number].rows)

    def _why(self, mark: str, nodes: list[Node]) -> str:
        seen = "; ".join(
            f"{row.place}:{row.slot} {row.look}" for node in nodes for row in node.rows if mark in row.marks
        )
        return f"{mark} ({seen[:300]})" if seen else mark

    def _name(self, clusters: Clusters, usable: dict[str, list[Node]], weak: dict[str, list[Node]]) -> None:
        """Give every cluster its machine, and every mark its owner."""
        shown: dict[int, set[str]] = {}
        for found in (usable, weak):
            for mark, nodes in found.items():
                if self._known(mark).standing != SHARED:
                    for node in nodes:
                        shown.setdefault(node.number, set()).add(mark)
        hosts: dict[int, str] = {}
        gone: dict[str, str] = {}
        owners: dict[str, list[str]] = {}
        for cluster in clusters.every():
            marks = set().union(*(shown.get(number, set()) for number in cluster.nodes))
            name = self._owner(cluster, marks)
            for loser in cluster.hosts - {name}:
                gone[loser] = name
                whys = [why for one, other, why in cluster.reasons if loser in {one, other}] or [
                    why for *_, why in cluster.reasons
                ]
                self.out.merges.append((name, loser, whys[0] if whys else ""))
            for number in cluster.nodes:
                hosts[number] = name
            for mark in marks if name else ():
                owners.setdefault(mark, []).append(name)
        for mark, names in owners.items():
            held = self._known(mark).host
            if gone.get(held, held) not in names and not (not held and self._full(names[0])):
                self._learn(mark, host=names[0])
        for mark, known in self.q.index.items():
            if known.host in gone and self._known(mark).host in gone:
                self._learn(mark, host=gone[known.host])
        self._rows(hosts, gone)
        for mark, host, whole, against in self.moved:
            now = hosts.get(min(whole.nodes), "")
            old = gone.get(host, host)
            if now and now != old:
                self.out.doubts.append(Doubt("same", tuple(sorted((old, now))), (mark,), _AGAINST[against]))

    def _full(self, host: str) -> bool:
        """Whether the machine has too many marks to take another."""
        return host in self.q.hosts and self.q.hosts[host].frozen

    def _owner(self, cluster: Cluster, marks: set[str]) -> str:
        if cluster.hosts:
            return min((self.q.hosts[each] for each in cluster.hosts), key=seniority).id
        if not marks:
            return ""
        name = f"new:{len(self.out.born)}"
        self.out.born[name] = min(marks, key=self.rules.rank)
        return name

    def _rows(self, hosts: dict[int, str], gone: dict[str, str]) -> None:
        """Which look belongs to whom; an address that fell silent leaves a machine that lives elsewhere."""
        for node in self.nodes:
            for row in node.rows:
                self.out.hosts[row.look] = hosts.get(node.number, "")
        living: dict[str, set[str]] = {}
        for node in self.nodes:
            living.setdefault(hosts.get(node.number, ""), set()).add(node.place)
        before: set[str] = set()
        kept: set[str] = set()
        for row in self.rows:
            owner = gone.get(row.host, row.host)
            before.add(owner)
            if row.look not in self.out.hosts:
                left = owner in living and row.place not in living[owner]
                away = row.live or row.look in self.out.ended or left
                self.out.hosts[row.look] = "" if away else owner
            kept.add(self.out.hosts[row.look])
        self.out.lost = sorted(before - kept - {""})


_AGAINST = {
    "live": "the mark moved to what shows another host key or serial number",
    "always": "the mark appears under another serial number: moved to new hardware?",
    "changed": "same name or certificate, another host key: reinstalled, or replaced?",
    "apart": "a person split these two",
    "many": "it has too many marks already",
    "declared": "both are declared",
}


def seniority(machine: Machine | Entity) -> tuple[bool, int, str]:
    """Of machines that are one, the least of these stays: one that is declared, of several the oldest."""
    return not machine.declared, int(machine.first_seen), machine.id


def _network(place: str) -> object:
    address = ip_address(place)
    return ip_network((place, 24 if address.version == 4 else 64), strict=False)
