"""Machines told apart at a marked place of the log: the end of a run, a settling, or what a person decided."""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from secops.assets import draft as drafts
from secops.assets.draft import Cause
from secops.assets.evidence import Answer, Evidence, Known, Machine, Question
from secops.assets.machines import KEPT, SHARED, pairs, resolve
from secops.assets.marks import PAIR, Rules, kind_of
from secops.assets.merge import assign, owner_of
from secops.assets.register import Register
from secops.assets.shape import Part, absorb, drawn, host_id, leave, runs_on, shape, tell
from secops.assets.work import Merged, Work
from secops.core.model import Entity, Kind, Relation, State
from secops.hall.flows.identity_rules import PROGRAM
from secops.hall.flows.merge_proposed import propose
from secops.store import entities, evidence, identifiers, looks
from secops.store.grading import Transaction

Row = Any
"""A row of the store."""
PAGE = 2_000
"""Addresses looked at together, besides what hangs together with them."""


def decode(row: Row) -> Evidence:
    """The evidence of a row."""
    return Evidence(
        row.look, row.site, row.place, row.slot, row.base, row.entity, tuple(json.loads(row.marks)), row.at or 0,
        row.seq, row.host, bool(row.live), row.pending, tuple(json.loads(row.before)),
    )  # fmt: skip


def encode(each: Evidence) -> dict[str, object]:
    """The row of evidence."""
    return evidence.row(
        look=each.look, site=each.site, place=each.place, slot=each.slot, base=each.base, entity=each.entity,
        marks=each.marks, before=each.before, host=each.host, live=each.live, pending=each.pending, seq=each.seq,
    )  # fmt: skip


def keep(connection: Transaction, new: Mapping[str, Evidence], before: Mapping[str, Evidence]) -> None:
    """Write what looks said of machines."""
    stale = {
        (mark, look) for look, each in new.items() if look in before for mark in {*before[look].marks} - {*each.marks}
    }
    fresh = [
        (mark, look)
        for look, each in new.items()
        for mark in sorted({*each.marks} - ({*before[look].marks} if look in before else set()))
    ]
    evidence.put(connection, [encode(each) for each in new.values()], stale)
    evidence.mark(connection, fresh)


def settle(
    connection: Transaction, site: str, cause: Cause, rules: Rules, register: Register, *, started: int = 0
) -> Iterator[tuple[Merged, Mapping[str, Entity]]]:
    """Tell apart everything that is new at this site, some addresses at a time: what moved, and what was known."""
    while places := evidence.pending(connection, site, PAGE):
        yield Settling(connection, site, cause, rules, register).page(places, started)
        propose(connection, register, register.hosts_alone(places), cause)


@dataclass(slots=True)
class _Found:
    """What hangs together."""

    rows: dict[str, Evidence] = field(default_factory=dict)
    index: dict[str, Known] = field(default_factory=dict)
    hosts: set[str] = field(default_factory=set)
    places: set[str] = field(default_factory=set)
    crowded: set[str] = field(default_factory=set)
    asked: set[str] = field(default_factory=set)
    """Marks that were looked up."""
    followed: set[str] = field(default_factory=set)
    """Marks whose addresses were looked up."""


def gather(connection: Transaction, site: str, places: Iterable[str], rules: Rules) -> _Found:
    """Everything that hangs together with these addresses by marks and machines; from each of its addresses the same.

    Every step is one that leads back too: otherwise a later page would come upon what an earlier one has settled, and
    settle it twice. A look that no longer stands and is settled leads nowhere (its machine brings it along).
    """
    found = _Found()
    new_places, new_hosts = set(places), set[str]()
    while new_places or new_hosts:
        found.places |= new_places
        found.hosts |= new_hosts
        rows = [*evidence.at_places(connection, site, new_places), *evidence.of_hosts(connection, new_hosts)]
        fresh = [
            decode(row) for row in rows
            if row.look not in found.rows and (row.live or row.pending or row.host in found.hosts)
        ]  # fmt: skip
        found.rows |= {each.look: each for each in fresh}
        living = [each for each in fresh if each.live]
        owned = {row.mark: known(row) for row in identifiers.of_hosts(connection, new_hosts)}
        shown, weak = {mark for each in living for mark in each.marks}, pairs(living)
        unknown = shown.union(weak, *(each.before for each in living)) - found.asked
        found.asked |= unknown
        found.index |= owned | {row.mark: known(row) for row in identifiers.of_marks(connection, site, unknown)}
        strong = {
            mark for mark in (shown | owned.keys()) - found.followed
            if rules.strong(kind_of(mark)) and (mark not in found.index or found.index[mark].standing != SHARED)
        }  # fmt: skip
        around = _around(connection, site, strong, found, rules)
        around |= {each.place for each in fresh if each.live or each.pending}
        new_places = (around | _homes(connection, site, owned, found.places | around)) - found.places
        owners = {found.index[mark].host for mark in strong | weak if mark in found.index}
        new_hosts = (owners | {each.host for each in fresh}) - found.hosts - {""}
    return found


def _around(connection: Transaction, site: str, strong: set[str], found: _Found, rules: Rules) -> set[str]:
    """The addresses that show these marks; of a mark on too many none, unless a person said whose it is."""
    found.followed |= strong
    kept = {mark for mark in strong if mark in found.index and found.index[mark].standing == KEPT}
    around, crowded = evidence.carriers(connection, site, strong - kept, rules.limits["interfaces"])
    found.crowded |= crowded
    return around | evidence.carriers(connection, site, kept)[0]


def _homes(connection: Transaction, site: str, owned: Iterable[str], beside: set[str]) -> set[str]:
    """Addresses besides these that show one of these pairs."""
    wanted: dict[str, set[str]] = {}
    for mark in owned:
        if kind_of(mark) == PAIR and (place := _place_of(mark)) not in beside:
            wanted.setdefault(place, set()).add(mark)
    rows = map(decode, evidence.at_places(connection, site, wanted))
    return {each.place for each in rows if not wanted[each.place].isdisjoint(pairs([each]))}


def _place_of(pair: str) -> str:
    """The address of a pair."""
    return pair[len(PAIR) + 1 :].partition("|")[0].partition("#")[0]


def known(row: Row) -> Known:
    """What is known of a mark."""
    return Known(row.mark, row.host, row.standing, row.why, row.moves, row.seq)


@dataclass(slots=True)
class Settling:
    """One page of addresses being settled."""

    connection: Transaction
    site: str
    cause: Cause
    rules: Rules
    register: Register

    def page(self, places: Collection[str], started: int = 0) -> tuple[Merged, Mapping[str, Entity]]:
        """Tell apart what shows at these addresses and write it but for what the caller writes (entities, changes)."""
        found = gather(self.connection, self.site, places, self.rules)
        assets = looks.timed(self.connection, entities.by_ids(self.connection, found.hosts))
        hosts = {id: self._machine(each, id, found.index) for id, each in assets.items()}
        apart = identifiers.kept_apart(self.connection, self.site, found.hosts)
        rows = [replace(each) for each in found.rows.values()]
        question = Question(self.site, rows, found.index, hosts, frozenset(found.crowded), apart, started)
        answer = resolve(question, self.rules)
        ids = self._born(answer)
        return self._write(found, {each.look: each for each in rows}, answer, ids, assets), assets

    def _machine(self, entity: Entity, id: str, index: Mapping[str, Known]) -> Machine:
        marks = frozenset(mark for mark, each in index.items() if each.host == id)
        count = sum(kind_of(each) != PAIR for each in marks)
        full = count >= self.rules.limits["identifiers"]
        return Machine(id, int(entity.first_seen), marks, full, entity.declared)

    def _born(self, answer: Answer) -> dict[str, tuple[str, int]]:
        """Key and generation of each new machine: the key may have had machines before."""
        found: dict[str, tuple[str, int]] = {}
        left = {mark: name for name, mark in answer.born.items()}
        generation = 1
        while left:
            wanted = {host_id(self.site, mark, generation): mark for mark in left}
            taken = entities.existing(self.connection, wanted)
            for id, mark in wanted.items():
                if id not in taken:
                    found[left.pop(mark)] = (mark, generation)
            generation += 1
        return found

    def _write(
        self, found: _Found, rows: Mapping[str, Evidence], answer: Answer, born: Mapping[str, tuple[str, int]],
        known: Mapping[str, Entity],
    ) -> Merged:  # fmt: skip
        ids = {name: host_id(self.site, mark, generation) for name, (mark, generation) in born.items()}

        def named(host: str) -> str:
            return ids.get(host, host)

        touched: dict[str, tuple[set[str], set[str]]] = {}
        shown: dict[str, list[Evidence]] = {}
        dropped: set[str] = set()
        written: dict[str, Evidence] = {}
        affected = {named(each) for each in (*answer.born, *answer.lost, *(survivor for survivor, *_ in answer.merges))}
        for look, row in rows.items():
            before, host = found.rows[look], named(answer.hosts.get(look, ""))
            if (host, row.live, 0, ()) == (before.host, before.live, before.pending, before.before):
                continue
            old = runs_on(before, before.host) if before.host else ""
            row.host, row.pending, row.before = host, 0, ()
            written[look] = row
            affected |= {before.host, host} - {""}
            drop = {before.host, old} - {"", host}
            add: set[str] = set()
            if host:
                id = runs_on(row, host)
                shown.setdefault(id, []).append(row)
                add = {host, id}
            if old and old not in add:
                dropped.add(old)
            touched[look] = (add, drop - add)
        own: dict[str, list[Evidence]] = {}
        for row in rows.values():
            if row.host:
                own.setdefault(row.host, []).append(row)
        if dropped:
            dropped -= {runs_on(row, row.host) for row in rows.values() if row.host}
        index = found.index | {
            mark: Known(mark, named(each.host), each.standing, each.why, each.moves, self.cause.seq)
            for mark, each in answer.marks.items()
        }
        for mark, owned in answer.marks.items():
            affected |= {named(owned.host), found.index[mark].host if mark in found.index else ""}
        affected.discard("")
        held = {look: each.host for look, each in found.rows.items() if each.host}
        merged = self._shape(_Settled(known, answer, born, own, affected, index, found.index, held))
        merged.relations |= {id: self._drawn(looks) for id, looks in shown.items()}
        merged.dropped += sorted(dropped)
        merged.ended |= dict.fromkeys(sorted(dropped), self.cause)
        evidence.put(self.connection, [encode(each) for each in written.values()], ())
        identifiers.put(self.connection, self.site, [_row(index[mark]) for mark in sorted(answer.marks)])
        evidence.touched(self.connection, touched)
        ended = {look for look in answer.ended if look in rows}
        merged.cold |= ended
        for each in answer.doubts:
            about = sorted(map(named, each.about)) if each.kind == "same" else [*each.about]
            self.doubt(each.kind, about, each.marks, each.why)
        return merged

    def _shape(self, settled: "_Settled") -> Merged:
        known, answer, born, own = settled.known, settled.answer, settled.born, settled.own
        affected, index, before = settled.affected, settled.index, settled.before
        work = Work(known)
        for mark, generation in born.values():
            id = host_id(self.site, mark, generation)
            first = min((each.at for each in own.get(id, ())), default=int(self.cause.at))
            work.add(drafts.born(Kind.HOST, self.site, mark, self.cause, first, generation=generation))
        marks: dict[str, list[str]] = {}
        for mark, each in index.items():
            marks.setdefault(each.host, []).append(mark)
        losers: dict[str, dict[str, Part]] = {}
        looks_of: dict[str, list[str]] = {}
        for look, host in settled.looks.items():
            looks_of.setdefault(host, []).append(look)
        for survivor, loser, why in answer.merges:
            mine = [mark for mark, each in before.items() if each.host == loser]
            losers.setdefault(survivor, {})[loser] = Part(why, mine, looks_of.get(loser, ()))
        for survivor, taken in losers.items():
            absorb(work, self.cause, survivor, taken, looks_of.get(survivor, ()))
        gone = {loser for _, loser, _ in answer.merges}
        lost = set(answer.lost)
        for id in sorted(affected - gone):
            draft = work.get(id)
            if draft is None:
                continue
            if id in lost and id not in own:
                leave(draft, self.cause)
            else:
                shape(draft, self.cause, own.get(id, ()))
            doubts = doubts_of(own.get(id, ()), marks.get(id, ()), index, self.rules)
            tell(draft, self.cause, marks.get(id, ()), doubts)
            if "many" in doubts:
                count = sum(kind_of(each) != PAIR for each in marks.get(id, ()))
                self.doubt("many", [id], [], f"{count} identifiers")
            assign(draft, self.cause, owner_of(draft, self.register))
        merged = work.merged()
        asleep = {id for id, each in merged.entities.items() if each.state is not State.ACTIVE}
        merged.cold = {
            row.look for id in asleep for row in own.get(id, ())
        }  # a repetition moves the others' times only
        return merged

    def _drawn(self, rows: Sequence[Evidence]) -> Relation:
        """The relation of these looks' address to their machine: it holds from now on.

        The first of them is why, unless a person said so.
        """
        first = min(rows, key=lambda each: (each.at, each.seq, each.look))
        relation = drawn(first, self._reason(first), self.cause.at, max(each.at for each in rows))
        return relation if self.cause.who in {"", PROGRAM} else replace(relation, seq=self.cause.seq)

    def _reason(self, row: Evidence) -> str:
        strong = [each for each in row.marks if self.rules.strong(kind_of(each))]
        return kind_of(min(strong or row.marks, key=self.rules.rank)) if row.marks else "seen"

    def doubt(self, kind: str, about: list[str], marks: Iterable[str], why: str) -> None:
        """Put something on the list that a person should look at."""
        entry = identifiers.Entry(self.site, kind, about, list(marks), why, self.cause.seq, int(self.cause.at))
        identifiers.doubt(self.connection, entry)


def doubts_of(rows: Iterable[Evidence], marks: Iterable[str], index: Mapping[str, Known], rules: Rules) -> set[str]:
    """What is in doubt about a machine with these looks and marks."""
    shown = {mark for row in rows if row.live for mark in row.marks}
    found = {SHARED} if any(mark in index and index[mark].standing == SHARED for mark in shown) else set()
    if sum(kind_of(each) != PAIR for each in marks) >= rules.limits["identifiers"]:
        found.add("many")
    return found


@dataclass(frozen=True, slots=True)
class _Settled:
    """An answer with what it is about."""

    known: Mapping[str, Entity]
    answer: Answer
    born: Mapping[str, tuple[str, int]]
    """New machine -> key and generation."""
    own: Mapping[str, list[Evidence]]
    """Machine -> its looks now."""
    affected: set[str]
    index: Mapping[str, Known]
    before: Mapping[str, Known]
    looks: Mapping[str, str]
    """Look -> the machine it belonged to."""


def _row(each: Known) -> dict[str, object]:
    return {"mark": each.mark, "host": each.host, "standing": each.standing, "why": each.why, "moves": each.moves,
            "seq": each.seq}  # fmt: skip
