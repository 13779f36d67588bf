"""Entities being worked on while some log entries are folded in, and what became of them."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

from secops.assets.draft import Cause, Draft
from secops.assets.evidence import Evidence
from secops.assets.look import Look
from secops.assets.marks import Rules
from secops.assets.reading import Reading
from secops.core.clock import Instant
from secops.core.model import Change, Entity, Relation, RelationType, relation_id


@dataclass(slots=True)
class Merged:
    """What became of some log entries; `entities` are those that moved."""

    entities: dict[str, Entity] = field(default_factory=dict)
    relations: dict[str, Relation] = field(default_factory=dict)
    sighted: dict[str, int] = field(default_factory=dict)
    """When relations drawn before, and calm addresses, were seen again."""
    dropped: list[str] = field(default_factory=list)
    """Ids of relations whose declaration was withdrawn."""
    ended: dict[str, Cause] = field(default_factory=dict)
    """Of these: by which entry of the log."""
    changes: list[Change] = field(default_factory=list)
    seen_again: set[str] = field(default_factory=set)
    """Entities of which nothing but `last_seen` (and when their sources last looked) is new."""
    looks: dict[str, Look] = field(default_factory=dict)
    evidence: dict[str, Evidence] = field(default_factory=dict)
    """What looks said of machines, where it is new."""
    cold: set[str] = field(default_factory=set)
    """Looks that must not be taken for a repetition next time, whatever they say."""


class Work:
    """Entities being worked on: known ones are copied when first touched."""

    def __init__(
        self,
        known: Mapping[str, Entity],
        rules: Rules | None = None,
        evidence: Mapping[str, Evidence] | None = None,
        times: Mapping[str, int] | None = None,
        calm: Collection[str] = (),
    ) -> None:
        self.known = known
        self.rules = rules
        self.evidence: Mapping[str, Evidence] = evidence or {}
        """Of looks with marks, what they showed before."""
        self.times: Mapping[str, int] = times or {}
        self.rows: dict[str, Evidence] = {}
        """The same at work."""
        self.calm = calm
        """Addresses that are known, and of which the looks at work say nothing but that they are there as before."""
        self.drafts: dict[str, Draft] = {}
        self.relations: dict[str, Relation] = {}
        self.sighted: dict[str, int] = {}
        self.dropped: list[str] = []
        self.ended: dict[str, Cause] = {}
        self.looks: dict[str, Look] = {}
        self.read: dict[str, Reading] = {}
        """What each of these looks said."""
        self.met: dict[str, int] = {}
        """How many looks told of this port or website."""

    def get(self, id: str) -> Draft | None:
        """The working copy of this entity, None where there is none."""
        found = self.drafts.get(id)
        if found is None and (entity := self.known.get(id)) is not None:
            found = self.drafts[id] = Draft.of(entity, id)
        return found

    def add(self, draft: Draft) -> Draft:
        """Take in a new entity."""
        self.drafts[draft.id] = draft
        return draft

    def meet(self, reading: Reading) -> None:
        """Remember whom this look tells of, whatever it says."""
        for id in (reading.service, reading.website):
            self.met[id] = self.met.get(id, 0) + 1

    def row(self, look: str) -> Evidence | None:
        """The working copy of what this look showed."""
        found = self.rows.get(look)
        if found is None and (before := self.evidence.get(look)) is not None:
            found = self.rows[look] = replace(before, dirty=False)
        return found

    def relate(self, source: Draft, type: RelationType, target: str, cause: Cause, reason: str) -> None:
        """Draw a relation, or see it again."""
        self.draw(source.site, (source.id, type, target), cause, reason)

    def draw(self, site: str, ends: tuple[str, RelationType, str], cause: Cause, reason: str) -> None:
        """Draw this relation, or see it again."""
        id = relation_id(site, *ends)
        at = Instant(cause.at)
        old = self.relations.get(id)
        if old is None:
            self.relations[id] = Relation(site, *ends, reason, at, at, cause.seq)
        elif not old.first_seen <= at <= old.last_seen:
            self.relations[id] = replace(old, first_seen=min(old.first_seen, at), last_seen=max(old.last_seen, at))
        cause.touched.add(id)

    def sight(self, site: str, ends: tuple[str, RelationType, str], cause: Cause) -> None:
        """See a relation again that was drawn before: since when it holds is not this look's to say."""
        self.again(relation_id(site, *ends), cause)

    def again(self, id: str, cause: Cause) -> None:
        """See something again of which nothing else is new."""
        self.sighted[id] = max(cause.at, self.sighted.get(id, 0))
        cause.touched.add(id)

    def drop(self, relation: Relation, cause: Cause) -> None:
        """Nobody declares this relation any more."""
        self.dropped.append(relation.id)
        self.ended[relation.id] = cause

    def looked(self, cause: Cause, reading: Reading) -> None:
        """Remember which entities this look touched; the newest of a look stands."""
        last = self.looks.get(cause.look)
        if last is None or last.at <= cause.at:
            digest = reading.logged.digest
            self.looks[cause.look] = Look(cause.look, digest, cause.at, cause.seq, frozenset(cause.touched))
            self.read[cause.look] = reading

    def merged(self) -> Merged:
        """What moved, frozen."""
        out = Merged(
            relations=self.relations, sighted=self.sighted, dropped=self.dropped, ended=self.ended, looks=self.looks
        )
        out.evidence = {look: each for look, each in self.rows.items() if each.dirty}
        for id, each in self.drafts.items():
            if each.dirty or each.moved:
                out.entities[id] = each.entity()
                out.changes.extend(each.changes)
                if each.dirty:
                    out.cold |= self._upset(each)
                else:
                    out.seen_again.add(id)
        out.cold.discard("")
        out.changes.sort(key=lambda change: (change.seq, change.entity, change.field))
        return out

    def _upset(self, draft: Draft) -> set[str]:
        """Looks that may mean something else when they are repeated, because of what happened to this entity."""
        return {look for _, _, look in draft.sources.values() if look not in self.looks} | draft.replaced
