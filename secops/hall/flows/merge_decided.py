"""Machines merged and split by hand, and what a person said of a doubt."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from secops.assets import draft as drafts
from secops.assets.draft import FIRM, Cause, Draft
from secops.assets.evidence import NEWS, Evidence
from secops.assets.machines import KEPT, SHARED, pairs, seniority
from secops.assets.marks import Rules, kind_of
from secops.assets.merge import assign, owner_of
from secops.assets.register import Register
from secops.assets.shape import MERGED, Part, absorb, host_id, release, restore, shape, tell
from secops.assets.work import Merged, Work
from secops.core.model import Decision, DecisionType, Entity, Kind
from secops.hall.flows.merge_hosts import decode, doubts_of, encode, known
from secops.store import entities, evidence, identifiers, looks
from secops.store.grading import Transaction

REVIEW = "review:"
"""What a decision about a doubt is about, before the doubt's id."""
_LIFE = ("gone", "declared", "stale", "active")


def decided(
    connection: Transaction, decision: Decision, cause: Cause, rules: Rules, register: Register
) -> Iterator[tuple[Merged, Mapping[str, Entity]]]:
    """What a decision changes at once; the settling that follows does the rest."""
    told = _Told(connection, decision, cause, rules, register)
    if decision.type is DecisionType.MERGE:
        yield from _merge(told)
    elif decision.type is DecisionType.SPLIT and _texts(decision, "apart"):
        _apart(connection, decision, cause)
    elif decision.type is DecisionType.SPLIT:
        yield from _split(told)
    elif decision.subject.startswith(REVIEW):
        yield from _review(told)


@dataclass(frozen=True, slots=True)
class _Told:
    """A decision at work."""

    connection: Transaction
    decision: Decision
    cause: Cause
    rules: Rules
    register: Register


def current(connection: Transaction, id: str) -> str:
    """The machine in which this one went up, itself where in none."""
    for _ in range(100):
        found = entities.by_ids(connection, [id]).get(id)
        record = found.extra.get(MERGED) if found is not None else None
        if not isinstance(record, Mapping):
            return id
        id = str(record["into"])
    return id


def _merge(told: _Told) -> Iterator[tuple[Merged, Mapping[str, Entity]]]:
    decision, connection = told.decision, told.connection
    if review := str(decision.payload.get("review") or ""):
        identifiers.settle(connection, [review], "accepted", decision.who, decision.reason)
    yield from _unite(told, _texts(decision, "hosts"))


def _unite(told: _Told, hosts: Iterable[str], trusted: str = "") -> Iterator[tuple[Merged, Mapping[str, Entity]]]:
    """These machines are one, as a person said; `trusted`: because this mark is to be trusted, which is theirs then."""
    connection, decision, cause = told.connection, told.decision, told.cause
    site = decision.site
    ids = list(dict.fromkeys(current(connection, each) for each in hosts))
    assets = _known(connection, ids)
    mine = [id for id in ids if id in assets and assets[id].kind is Kind.HOST and assets[id].site == site]
    if len(mine) < 2 and not (mine and trusted):
        return
    held = {id: _own(connection, id) for id in mine if len(mine) > 1}
    survivor = min((assets[id] for id in mine), key=seniority).id
    marks = [
        one | {"host": survivor, "seq": cause.seq} | {"standing": KEPT} for own in held.values() for one in own.values()
    ]
    if trusted:
        row = {"mark": trusted, "host": survivor, "standing": KEPT, "why": decision.reason, "moves": 0}
        marks.append(row | {"seq": cause.seq})
    identifiers.put(connection, site, marks)
    if len(mine) < 2:
        return
    liveliest = max(mine, key=lambda each: (_LIFE.index(str(assets[each].state)), each))
    work = Work(assets)
    why = f"{decision.reason} ({decision.who})"
    own: dict[str, list[str]] = {id: [] for id in mine}
    for each in _rows(connection, mine):
        own[each.host].append(each.look)
    losers = {id: Part(why, list(held[id]), own[id]) for id in mine if id != survivor}
    absorb(work, cause, survivor, losers, own[survivor])
    for id in losers:
        identifiers.together(connection, site, survivor, id)
    keeper = work.get(survivor)
    assert keeper is not None
    keeper.first_seen = min(int(assets[id].first_seen) for id in mine)
    seen = [int(assets[id].last_seen) for id in mine if not assets[id].sources.keys() <= FIRM]
    keeper.last_seen = max(seen, default=keeper.last_seen)  # of when it was declared nobody saw it
    rows = _hand(connection, {look: survivor for looks in own.values() for look in looks})
    shape(keeper, cause, rows)
    drafts.turn(keeper, cause, assets[liveliest].state, "merged")
    _tell(told, keeper, rows, [str(one["mark"]) for one in marks])
    _settle(connection, decision, mine, "accepted")
    yield work.merged(), assets


def _split(told: _Told) -> Iterator[tuple[Merged, Mapping[str, Entity]]]:
    connection, decision, cause = told.connection, told.decision, told.cause
    site, host = decision.site, str(decision.payload.get("host") or "")
    loser = str(decision.payload.get("from") or "")
    assets = _known(connection, [host, loser] if loser else [host])
    keeper_entity = assets.get(host)
    if keeper_entity is None or keeper_entity.site != site or (loser and loser not in assets):
        return
    held = _own(connection, host)
    record = assets[loser].extra.get(MERGED) if loser else None
    if loser and (not isinstance(record, Mapping) or record.get("into") != host):
        return
    leaving = (
        set(_listed(record.get("marks")) if isinstance(record, Mapping) else _texts(decision, "marks")) & held.keys()
    )
    if not leaving and not loser:
        return
    work = Work(assets)
    rows = _rows(connection, [host])
    if isinstance(record, Mapping):
        survivor = record.get("survivor")
        back, stayed = (
            set(_listed(record.get("looks"))),
            set(_listed(survivor["looks"]) if isinstance(survivor, Mapping) else ()),
        )
        known_looks = {row.look for row in rows}
        lost = (decode(each) for each in evidence.of_looks(connection, (back | stayed) - known_looks))
        rows += [row for row in lost if not row.host]
        mine = [row for row in rows if row.look in back or (row.look not in stayed and _shows(row, leaving))]
    else:
        mine = [row for row in rows if _shows(row, leaving) and not _shows(row, held.keys() - leaving)]
    if loser:
        release(work, cause, host, loser)
        other = work.get(loser)
    else:
        other = _new(connection, work, cause, (site, min(leaving, key=told.rules.rank)), mine)
    keeper = work.get(host)
    assert keeper is not None
    assert other is not None
    kept = {row.look for row in mine}
    rows = _hand(connection, {row.look: other.id if row.look in kept else host for row in rows})
    marks = [
        one | {"host": other.id if one["mark"] in leaving else host, "seq": cause.seq} | {"standing": KEPT}
        for one in held.values()
    ]
    identifiers.put(connection, site, marks)
    if loser:
        _anybodys(told, rows, kept, held.keys() - leaving)
    identifiers.keep_apart(connection, site, (host, other.id), {kind_of(each) for each in held}, cause.seq)
    staying = [row for row in rows if row.look not in kept]
    if isinstance(record, Mapping):
        restore(keeper, cause, record.get("survivor"), staying)
    else:
        drafts.note(keeper, cause, "split", old=None, new=other.id)
    shape(keeper, cause, staying)
    if not staying and not loser:
        drafts.put(keeper, cause, "host.addresses", ())
    going = [row for row in rows if row.look in kept]
    shape(other, cause, going)
    for draft, own, marks_of in ((keeper, staying, held.keys() - leaving), (other, going, leaving)):
        _tell(told, draft, own, marks_of)
    _settle(connection, decision, [host, other.id], "rejected")
    yield work.merged(), assets


def _anybodys(told: _Told, rows: Iterable[Evidence], leaving: Collection[str], staying: Iterable[str]) -> None:
    """Marks that both parts show after all identify nobody: that answers, too, whether they can be trusted."""
    decision = told.decision
    shown: tuple[set[str], set[str]] = set(), set()
    for row in rows:
        shown[row.look in leaving].update(row.marks if row.live else ())
    strong = {each for each in shown[0] & shown[1] if told.rules.strong(kind_of(each))}
    for mark in sorted(strong.intersection(staying)):
        put = {"mark": mark, "host": "", "standing": SHARED, "why": decision.reason, "moves": 0}
        identifiers.put(told.connection, decision.site, [put | {"seq": told.cause.seq}])
        id = identifiers.review_id(decision.site, "shared", [mark])
        identifiers.settle(told.connection, [id], "accepted", decision.who, decision.reason)


def _new(connection: Transaction, work: Work, cause: Cause, key: tuple[str, str], rows: list[Evidence]) -> Draft:
    site, mark = key
    generation = 1
    while entities.existing(connection, [host_id(site, mark, generation)]):
        generation += 1
    first = min((row.at for row in rows), default=cause.at)
    draft = work.add(drafts.born(Kind.HOST, site, mark, cause, first, generation=generation))
    draft.last_seen = max((row.at for row in rows), default=first)
    return draft


def _apart(connection: Transaction, decision: Decision, cause: Cause) -> None:
    ids = _texts(decision, "apart")[:2]
    if len(ids) == 2:
        kinds = {kind_of(mark) for id in ids for mark in _own(connection, id)}
        identifiers.keep_apart(connection, decision.site, (ids[0], ids[1]), kinds, cause.seq)
        _settle(connection, decision, ids, "rejected")


def _review(told: _Told) -> Iterator[tuple[Merged, Mapping[str, Entity]]]:
    """What was said of a mark: rejected, it is not shared, so that the machines which show it are one."""
    connection, decision = told.connection, told.decision
    state = str(decision.payload.get("state") or "")
    id = decision.subject.removeprefix(REVIEW)
    if state not in {"accepted", "rejected"}:
        return
    identifiers.settle(connection, [id], state, decision.who, decision.reason)
    for mark in _texts(decision, "marks") if state == "rejected" else ():
        hosts = sorted(evidence.showing(connection, decision.site, mark))
        if hosts:
            yield from _unite(told, hosts, mark)
        else:
            row = {"mark": mark, "host": "", "standing": KEPT, "why": decision.reason, "moves": 0}
            identifiers.put(connection, decision.site, [row | {"seq": told.cause.seq}])
        evidence.again_for(connection, decision.site, {mark})


def _texts(decision: Decision, name: str) -> list[str]:
    return _listed(decision.payload.get(name))


def _listed(found: object) -> list[str]:
    return [str(each) for each in found] if isinstance(found, (list, tuple)) else []


def _known(connection: Transaction, ids: list[str]) -> dict[str, Entity]:
    return looks.timed(connection, entities.by_ids(connection, ids))


def _own(connection: Transaction, host: str) -> dict[str, dict[str, object]]:
    """Marks of a machine, as rows to write."""
    return {
        row.mark: {"mark": row.mark, "host": row.host, "standing": row.standing, "why": row.why, "moves": row.moves,
                   "seq": row.seq}
        for row in identifiers.of_hosts(connection, [host])
    }  # fmt: skip


def _rows(connection: Transaction, hosts: list[str]) -> list[Evidence]:
    return [decode(row) for row in evidence.of_hosts(connection, hosts)]


def _shows(row: Evidence, marks: Iterable[str]) -> bool:
    wanted = set(marks)
    return not wanted.isdisjoint(row.marks) or not wanted.isdisjoint(pairs([replace(row, live=True)]))


def _hand(connection: Transaction, owners: Mapping[str, str]) -> list[Evidence]:
    """These looks belong to these machines from now on; who is at their addresses is asked anew."""
    rows = [decode(row) for row in evidence.of_looks(connection, list(owners))]
    for row in rows:
        row.host, row.pending = owners[row.look], max(row.pending, NEWS)
    evidence.put(connection, [encode(row) for row in rows], ())
    return rows


def _tell(told: _Told, draft: Draft, rows: list[Evidence], marks: Collection[str]) -> None:
    """What is in doubt about the machine, and who answers for where it is now."""
    shown = {mark for row in rows for mark in row.marks}
    index = {row.mark: known(row) for row in identifiers.of_marks(told.connection, draft.site, shown)}
    tell(draft, told.cause, marks, doubts_of(rows, marks, index, told.rules))
    assign(draft, told.cause, owner_of(draft, told.register))


def _settle(connection: Transaction, decision: Decision, hosts: list[str], state: str) -> None:
    ids = {
        identifiers.review_id(decision.site, "same", sorted((one, other)))
        for at, one in enumerate(hosts) for other in hosts[at + 1 :]
    }  # fmt: skip
    identifiers.settle(connection, ids, state, decision.who, decision.reason)
