"""Declarations become entities, relations and owners. All decisions of one `inventory declare` are taken in as one."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from secops.assets import draft as drafts
from secops.assets.contradiction import contradict
from secops.assets.draft import DECLARE, FIRM, INHERENT, Cause, Draft
from secops.assets.merge import assign, owner_of
from secops.assets.record import supply
from secops.assets.register import ORGANISATION, Declared, Register, place_of
from secops.assets.register_index import Span
from secops.assets.value import normal
from secops.assets.work import Merged, Work
from secops.core.clock import Instant
from secops.core.fields import facts_of
from secops.core.model import (
    Decision,
    Entity,
    Kind,
    Logged,
    Organisation,
    Relation,
    RelationType,
    State,
    Value,
    entity_id,
    thing_id,
)
from secops.core.standing import OFFLINE

_FOUND = frozenset({Kind.IP, Kind.SERVICE, Kind.WEBSITE})


@dataclass(slots=True)
class Group:
    """One declaration: what it says, and which entities it may concern."""

    things: list[tuple[Declared, Decision, Declared | None]] = field(default_factory=list)
    """What is declared now, by which decision, and what it replaces."""
    ids: set[str] = field(default_factory=set)
    spans: list[Span] = field(default_factory=list)
    hosts: set[str] = field(default_factory=set)
    organisations: list[Organisation] = field(default_factory=list)
    dissolved: list[str] = field(default_factory=list)
    holders: bool = False
    """Whose names and filing numbers are may be another: every website is concerned."""


def thing(seq: int, decision: Decision) -> Declared:
    """The declaration in a decision."""
    return Declared(decision.subject, decision.payload, seq)


def take(register: Register, entries: Sequence[Logged]) -> Group:
    """Put the decisions into the register; gives what they may concern."""
    group = Group()
    for logged in entries:
        assert isinstance(logged.entry, Decision)
        new = thing(logged.seq, logged.entry)
        before = register.apply(new)
        group.things.append((new, logged.entry, before))
        for each in (new, before):
            if each is not None:
                _concern(group, register, each)
        if new.text("kind") == ORGANISATION:
            _organisation(group, new, logged.entry.site)
        group.holders |= _holding(new) != _holding(before)
    _units(group, register)
    codes = {new.subject.partition(":")[2] for new, _, _ in group.things if new.text("kind") == Kind.SYSTEM}
    for each in register.things.values() if codes else ():
        if each.text("system") in codes:
            _concern(group, register, each)
    group.spans = sorted(set(group.spans))
    return group


def settle(known: Mapping[str, Entity], group: Group, register: Register) -> Merged:
    """What the declaration makes of what is known."""
    work = Work(known)
    last = max(new.seq for new, _, _ in group.things)
    decision = group.things[-1][1]
    for new, by, before in group.things:
        if new.text("kind") != ORGANISATION:
            cause = Cause(new.seq, by.at, who=by.who, reason=by.reason or "declared")
            had = known.get(entity_id(register.site, Kind(new.text("kind")), new.subject.partition(":")[2]))
            draft = _asset(work, register, new, cause)
            if draft is not None:
                _relations(work, draft, new, before, cause)
            if draft is not None and draft.kind is Kind.SYSTEM:
                supply(work, draft, had.facts.get("system.suppliers") if had is not None else None, cause)
    for id in list(known):
        work.get(id)
    for draft in list(work.drafts.values()):
        if draft.kind in {*_FOUND, Kind.HOST}:
            owner = owner_of(draft, register)
            seq = owner.seq if owner.seq >= group.things[0][0].seq else last
            assign(draft, Cause(seq, decision.at, who=decision.who, reason="declared"), owner)
        own = register.get(draft.kind, draft.key)
        seq = own.seq if own is not None and own.seq >= group.things[0][0].seq else last
        cause = Cause(seq, decision.at, who=decision.who, reason="declared")
        if own is not None and draft.kind not in {*_FOUND, Kind.HOST}:
            _answer(draft, register, own, cause)
        contradict(draft, cause, register)
    return work.merged()


def _concern(group: Group, register: Register, each: Declared) -> None:
    group.spans.extend(register.spans(each))
    keys, names = register.hosts(each)
    group.ids.update(entity_id(register.site, Kind.WEBSITE, key) for key in keys)
    group.hosts.update(names)
    kind, _, key = each.subject.partition(":")
    if kind != ORGANISATION:
        group.ids.add(entity_id(register.site, Kind(kind), key))


def _holding(each: Declared | None) -> object:
    """What of a declaration says whose a name or a filing number is."""
    if each is None or each.payload.get("withdrawn"):
        return None
    if each.text("kind") == ORGANISATION:
        return each.text("name"), each.text("parent"), each.texts("icp")
    facts = each.payload.get("facts")
    filed = facts.get("http.icp") if isinstance(facts, Mapping) else None
    return (each.text("org"), filed) if filed else None


def _units(group: Group, register: Register) -> None:
    """What belongs to units that came or went is concerned, and what is in their systems."""
    units = {
        new.subject.partition(":")[2]
        for new, _, before in group.things
        if new.text("kind") == ORGANISATION and (before is None) != bool(new.payload.get("withdrawn"))
    }
    if not units:
        return
    things = list(register.things.values())
    theirs = {each.subject for each in things if each.text("org") in units}
    for each in things:
        if each.subject in theirs or f"{Kind.SYSTEM}:{each.text('system')}" in theirs:
            _concern(group, register, each)


def _organisation(group: Group, new: Declared, site: str) -> None:
    id = new.subject.partition(":")[2]
    if new.payload.get("withdrawn"):
        group.dissolved.append(id)
        return
    group.organisations.append(organisation(new, site))


def organisation(new: Declared, site: str) -> Organisation:
    """The unit that a declaration describes."""
    id = new.subject.partition(":")[2]
    return Organisation(id=id, site=site, name=new.text("name"), parent=new.text("parent"),
                        credit_code=new.text("credit_code"), contact=new.text("contact"), phone=new.text("phone"),
                        email=new.text("email"))  # fmt: skip


def _asset(work: Work, register: Register, new: Declared, cause: Cause) -> Draft | None:
    kind_word, _, key = new.subject.partition(":")
    kind = Kind(kind_word)
    draft = work.get(entity_id(register.site, kind, key))
    if new.payload.get("withdrawn"):
        if draft is not None:
            drafts.forget(draft, cause, DECLARE)
            if draft.declared:
                draft.declared = False
                drafts.note(draft, cause, "declared", old=True, new=False)
            _answer(draft, register, new, cause)
            if draft.state is State.DECLARED:
                drafts.turn(draft, cause, State.GONE, "withdrawn")
        return draft
    if draft is None:
        draft = work.add(drafts.born(kind, register.site, key, cause, cause.at))
        draft.state = State.DECLARED
        if kind is Kind.IP:
            drafts.put(draft, cause, "address", key)
    elif draft.state is State.GONE and not draft.declared:
        drafts.turn(draft, cause, State.DECLARED, "declared again")
    if not draft.declared:
        draft.declared = True
        if not drafts.is_new(draft, cause):
            drafts.note(draft, cause, "declared", old=False, new=True)
    facts = dict(_facts(kind, new))
    if facts.get("register.status") == OFFLINE:
        facts.setdefault("register.offline_on", cause.at)
    drafts.look(draft, cause, DECLARE, cause.at, facts)
    if kind is Kind.NETWORK:
        drafts.put(draft, cause, "network.zone", normal("network.zone", new.text("zone")))
    if kind in {Kind.HOST, Kind.DEVICE} and draft.sources.keys() <= FIRM:  # else what is seen of it says where it is
        drafts.put(draft, cause, "host.addresses", normal("host.addresses", new.texts("addresses")))
    _answer(draft, register, new, cause)
    return draft


def _answer(draft: Draft, register: Register, new: Declared, cause: Cause) -> None:
    """The owner of what has no address of its own: as its declaration says."""
    if draft.kind in _FOUND:
        return
    gone = bool(new.payload.get("withdrawn"))
    drafts.point(draft, cause, "org_id", "" if gone else register.org_of(new))
    system = "" if gone or draft.kind is Kind.SYSTEM else register.system_id(new.text("system"))
    drafts.point(draft, cause, "system_id", system)


def _facts(kind: Kind, new: Declared) -> Iterator[tuple[str, Value]]:
    allowed = facts_of(kind) - INHERENT
    raw = new.payload.get("facts")
    for name, value in raw.items() if isinstance(raw, Mapping) else ():
        if name in allowed:
            item = tuple(value) if isinstance(value, list) else value
            if (known := normal(name, item)) is not None:
                yield name, known


def _relations(work: Work, draft: Draft, new: Declared, before: Declared | None, cause: Cause) -> None:
    at = Instant(cause.at)
    now = set() if new.payload.get("withdrawn") else set(_drawn(draft, new))
    for source, type, target in sorted(now):
        work.draw(draft.site, (source, RelationType(type), target), cause, "declared")
    if before is not None:
        for source, type, target in sorted(set(_drawn(draft, before)) - now):
            work.drop(Relation(draft.site, source, RelationType(type), target, "", at, at), cause)


def _drawn(draft: Draft, each: Declared) -> Iterator[tuple[str, str, str]]:
    """The relations a declaration draws: source, type, target."""
    found = each.payload.get("relations")
    for item in found if isinstance(found, (list, tuple)) else ():
        type, kind, key, *backward = map(str, item)
        other = thing_id(draft.site, kind, key)
        yield (other, type, draft.id) if backward else (draft.id, type, other)
    if draft.kind in {Kind.HOST, Kind.DEVICE}:
        for address in each.texts("addresses"):
            if place_of(address) is not None:
                yield draft.id, str(RelationType.CONNECTS_TO), entity_id(draft.site, Kind.IP, address)
