"""What a machine's entity shows of the evidence that is its own, and how two become one and two again."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from secops.assets import draft as drafts
from secops.assets.draft import FIRM, Cause, Draft
from secops.assets.evidence import Evidence
from secops.assets.identity import ip_id
from secops.assets.marks import CERTIFICATES, kind_of
from secops.assets.work import Work
from secops.core.clock import Instant
from secops.core.model import Kind, Relation, RelationType, State, Value, entity_id, relation_id

ADDRESSES_MOST: Final = 256
MERGED: Final = "merged"
"""In a machine that went up in another: which, why, and what was before."""
MERGES: Final = "merges"
"""In a machine that took others in: which, why, when."""
_MERGES_MOST: Final = 50
_SEVERAL: Final = ("host.mac", "ssh.host_key", "host.names")
_VALUES_MOST: Final = 256
_KEPT_MOST: Final = 1_000
_MOST: Final = 4
"""Reasons of a merge kept with it."""


def facts_of(row: Evidence) -> dict[str, Value]:
    """What a look's marks say of its machine."""
    found: dict[str, set[str]] = {}
    for mark in row.marks:
        kind, _, value = mark.partition(":")
        if kind == "mac":
            found.setdefault("host.mac", set()).add(value)
        elif kind == "ssh":
            found.setdefault("ssh.host_key", set()).add(value)
        elif kind == "name" and row.base not in CERTIFICATES:  # a certificate's names are none of the machine
            found.setdefault("host.names", set()).add(value)
        elif kind == "cloud":
            found.setdefault("cloud.instance_id", set()).add(value)
    return {
        name: min(values) if name == "cloud.instance_id" else tuple(sorted(values)) for name, values in found.items()
    }


def _together(wanted: Mapping[str, Evidence]) -> dict[str, dict[str, Value]]:
    """What the newest look of each source says; where a machine is seen at several places each tells all its marks."""
    facts = {source: facts_of(row) for source, row in wanted.items()}
    living = [facts[source] for source, row in wanted.items() if row.live]
    for name in _SEVERAL if len(living) > 1 else ():
        telling = [each for each in living if name in each]
        whole = tuple(sorted({value for each in telling for value in _texts(each[name])})[:_VALUES_MOST])
        for each in telling:
            each[name] = whole
    return facts


def shape(draft: Draft, cause: Cause, rows: Iterable[Evidence]) -> None:
    """Show what these looks say and nothing else."""
    own = sorted(rows, key=lambda each: (each.at, each.source, each.look))
    wanted = {each.source: each for each in own}
    newer = False
    for source, facts in sorted(_together(wanted).items()):
        row, held = wanted[source], draft.sources.get(source)
        seen = (row.at, row.seq, row.look)
        if held is None or held[2] != row.look or drafts.said(draft, source) != facts:
            drafts.look(draft, cause, source, max(row.at, held[0] if held else 0), facts, seen=seen)
    for source in [each for each in draft.sources if each not in FIRM and each not in wanted]:
        drafts.forget(draft, cause, source)
    live = [each for each in own if each.live]
    if own:
        places = sorted({each.place for each in own})[:ADDRESSES_MOST]
        drafts.put(draft, cause, "host.addresses", tuple(places))
        last = max(each.at for each in own)
        newer = last > draft.last_seen
        if newer:
            draft.last_seen = last
            draft.moved = draft.dirty = True
    if live and newer and draft.state is not State.ACTIVE:
        drafts.turn(draft, cause, State.ACTIVE, "seen again")
    if live and newer and draft.misses:
        draft.misses = 0
        draft.dirty = True


def leave(draft: Draft, cause: Cause) -> None:
    """Its last address shows somebody else."""
    shape(draft, cause, ())
    drafts.put(draft, cause, "host.addresses", ())
    drafts.turn(draft, cause, State.GONE, "its last address shows another identifier")


def tell(draft: Draft, cause: Cause, marks: Iterable[str], doubts: Iterable[str]) -> None:
    """How many marks it has, and what is in doubt about them."""
    count = sum(1 for each in marks if kind_of(each) != "pair")
    drafts.put(draft, cause, "host.identifiers", count)
    drafts.put(draft, cause, "host.doubts", tuple(sorted(set(doubts))) or None)


@dataclass(frozen=True, slots=True)
class Part:
    """A machine that goes up in another: why, and what was its own."""

    why: str
    marks: Collection[str] = ()
    looks: Collection[str] = ()


def absorb(work: Work, cause: Cause, survivor: str, losers: Mapping[str, Part], looks: Collection[str]) -> None:
    """`losers` go up in the survivor, which had these looks; what all of them were is kept with the losers."""
    keeper = work.get(survivor)
    assert keeper is not None
    taken: list[str] = []
    told = keeper.extra.get(MERGES)
    merges = list(told) if isinstance(told, list) else []
    for id, part in sorted(losers.items()):
        loser = work.get(id)
        if loser is None or MERGED in loser.extra:
            continue
        loser.extra[MERGED] = {
            "into": survivor, "why": part.why[:500], "seq": cause.seq, "was": str(loser.state),
            "marks": sorted(part.marks)[:_KEPT_MOST], "looks": sorted(part.looks)[:_KEPT_MOST],
            "survivor": {
                "first_seen": int(keeper.first_seen), "last_seen": int(keeper.last_seen),
                "state": str(keeper.state), "misses": keeper.misses,
                "addresses": list(_texts(keeper.facts.get("host.addresses"))),
                "looks": sorted(looks)[:_KEPT_MOST],
            },
        }  # fmt: skip
        drafts.note(loser, cause, MERGED, old=None, new=survivor, reason=part.why[:500])
        shape(loser, cause, ())
        drafts.turn(loser, cause, State.GONE, "merged into another machine")
        taken.append(id)
        merges.append({"from": id, "key": loser.key, "why": part.why[:500], "seq": cause.seq})
    if taken:
        keeper.extra[MERGES] = merges[-_MERGES_MOST:]
        whys = "; ".join(losers[each].why for each in taken[:_MOST])
        drafts.note(keeper, cause, MERGED, old=None, new=tuple(taken), reason=whys[:500])


def release(work: Work, cause: Cause, survivor: str, loser: str) -> None:
    """What went up in another machine is one of its own again."""
    keeper, draft = work.get(survivor), work.get(loser)
    assert keeper is not None
    assert draft is not None
    record = draft.extra.pop(MERGED, None)
    told = keeper.extra.get(MERGES)
    left = [each for each in told if each.get("from") != loser] if isinstance(told, list) else []
    if left:
        keeper.extra[MERGES] = left
    else:
        keeper.extra.pop(MERGES, None)
    drafts.note(draft, cause, MERGED, old=survivor, new=None)
    drafts.note(keeper, cause, MERGED, old=(loser,), new=None)
    if isinstance(record, Mapping):
        drafts.turn(draft, cause, State(str(record.get("was") or State.ACTIVE)), "split again")


def restore(keeper: Draft, cause: Cause, snapshot: object, rows: Iterable[Evidence]) -> None:
    """What the machine was before another went up in it, where its own looks say nothing newer."""
    if isinstance(snapshot, Mapping):
        keeper.first_seen = int(str(snapshot.get("first_seen", keeper.first_seen)))
        keeper.last_seen = int(str(snapshot["last_seen"]))
        if not (own := list(rows)):
            drafts.put(keeper, cause, "host.addresses", _texts(snapshot.get("addresses")))
        alive = any(each.live and each.at > keeper.last_seen for each in own)
        keeper.misses = int(str(snapshot["misses"]))
        keeper.dirty = True
        if not alive:
            drafts.turn(keeper, cause, State(str(snapshot["state"])), "split again")


def _texts(value: object) -> tuple[str, ...]:
    return tuple(map(str, value)) if isinstance(value, (list, tuple)) else ()


def runs_on(row: Evidence, host: str) -> str:
    """The id of the relation of a look's address to its machine."""
    return relation_id(row.site, ip_id(row.site, row.place), RelationType.RUNS_ON, host)


def drawn(row: Evidence, reason: str, since: int, last: int) -> Relation:
    """That relation, from when it holds until it was last seen; the look is why."""
    ends = (ip_id(row.site, row.place), RelationType.RUNS_ON, row.host)
    return Relation(row.site, *ends, reason, Instant(since), Instant(last), row.seq)


def host_id(site: str, mark: str, generation: int) -> str:
    """The id of the machine whose key is this mark."""
    return entity_id(site, Kind.HOST, mark, generation)
