"""Observations become entities. Pure: what is known and some log entries in, what is known now and why out.

Same entries, same outcome; within a run their order does not matter (see `draft`); sites never meet, because the site
is part of every id. Changes follow the log's order and name the entry that caused them.
"""

from collections.abc import Iterable, Mapping

from secops.assets import draft as drafts
from secops.assets.contradiction import contradict
from secops.assets.draft import DECLARE, PROTOCOLS, Cause, Draft
from secops.assets.evidence import NEWS, REPLACED, Evidence
from secops.assets.identity import HELLO, PAGES, TLS, service_key, website_key
from secops.assets.marks import Rules, kind_of
from secops.assets.reading import Reading, read, website_part
from secops.assets.register import NOBODY, Owner, Register, place_of
from secops.assets.repetition import plain
from secops.assets.work import Merged, Work
from secops.core.clock import Instant
from secops.core.model import Entity, Kind, Logged, Observation, RelationType, State, Status, Transport

_LATER = Instant(1 << 62)
"""After everything that was ever seen."""
_OUTSIDE = "out_of_scope"


def merge(
    known: Mapping[str, Entity],
    entries: Iterable[Logged],
    register: Register | None = None,
    *,
    rules: Rules | None = None,
    evidence: Mapping[str, Evidence] | None = None,
    times: Mapping[str, int] | None = None,
) -> Merged:
    """Fold observations into what is known; other entries are passed by (see `declared`, `lifecycle`).

    `evidence`: of looks with marks what they showed before; `times`: when looks without marks so far were last.
    Without `rules` nothing is kept of machines.
    """
    return fold(Work(known, rules, evidence, times), read(entries), register)


def fold(work: Work, readings: Iterable[Reading], register: Register | None = None) -> Merged:
    """Fold what looks say into the entities at work."""
    registers: dict[str, Register] = {register.site: register} if register else {}
    for reading in readings:
        site = reading.seen.site
        if site not in registers:
            registers[site] = Register(site)
        work.meet(reading)
        cause = _observe(work, reading, reading.seen.seen_at, registers[site])
        if cause is not None:
            work.looked(cause, reading)
    merged = work.merged()
    merged.cold |= _telling(work, merged, registers)
    return merged


def _telling(work: Work, merged: Merged, registers: Mapping[str, Register]) -> set[str]:
    """Looks whose repetition would do more than move times: each is taken in once more, as if it came later still."""
    known, shown = {**work.known, **merged.entities}, {**work.evidence, **work.rows}
    again = Work(known, work.rules, shown, work.times, work.calm)
    found: set[str] = set()
    for id, before in work.looks.items():
        reading = work.read[id]
        if plain(work, reading, before):
            continue
        cause = _observe(again, reading, _LATER, registers[reading.seen.site])
        row = again.rows.pop(id, None)
        dirty = row is not None and row.dirty
        if cause is None or cause.touched != before.touched or dirty or any(e.dirty for e in again.drafts.values()):
            found.add(id)
        again.drafts.clear()
    return found


def _observe(work: Work, reading: Reading, at: Instant, register: Register) -> Cause | None:
    """Take in one look, as it was at this time; None where it met silence."""
    seen, port = reading.seen, reading.seen.target.port
    cause = Cause(reading.logged.seq, at, run=seen.run, reason=seen.collector, look=reading.look)
    if reading.silent:
        _unanswered(work, reading)
        return None
    ip = None if reading.ip in work.calm else _ip(work, reading, cause, register)
    if ip is None:
        work.again(reading.ip, cause)
    elif not port or reading.of_ip or reading.source in ip.sources:
        drafts.look(ip, cause, reading.source, at, reading.of_ip)
    if port:
        service = _service(work, reading, cause, register)
        _read(service, reading, cause)
        _websites(work, reading, cause, service, register)
    _machine(work, reading, cause)
    for id in cause.touched:
        touched = work.drafts.get(id)
        if touched is not None and touched.dirty:
            contradict(touched, cause, register)
    return cause


def _ip(work: Work, reading: Reading, cause: Cause, register: Register) -> Draft:
    seen = reading.seen
    ip = work.get(reading.ip)
    if ip is None:
        ip = work.add(drafts.born(Kind.IP, seen.site, seen.target.address, cause, cause.at))
        drafts.put(ip, cause, "address", seen.target.address)
        assign(ip, cause, register.at(reading.place))
    _seen(ip, seen, cause)
    return ip


def _service(work: Work, reading: Reading, cause: Cause, register: Register) -> Draft:
    seen, target = reading.seen, reading.seen.target
    service = work.get(reading.service)
    if service is None:
        key = service_key(target.address, target.port, target.transport)
        service = work.add(drafts.born(Kind.SERVICE, seen.site, key, cause, cause.at))
        service.parent = reading.ip
        drafts.put(service, cause, "address", target.address)
        drafts.put(service, cause, "port", target.port)
        drafts.put(service, cause, "transport", str(target.transport))
        assign(service, cause, register.at(reading.place, target.port))
    _seen(service, seen, cause)
    return service


def _seen(draft: Draft, seen: Observation, cause: Cause) -> None:
    """Somebody was there: times move, the missing come back with the same id."""
    at = cause.at
    cause.touched.add(draft.id)
    if draft.state is State.DECLARED:
        draft.last_seen = at
        draft.moved = True
        drafts.turn(draft, cause, State.ACTIVE, "seen")
    elif at > draft.last_seen:
        draft.last_seen = at
        draft.moved = True
        if draft.misses:
            draft.misses = 0
            draft.dirty = True
        drafts.turn(draft, cause, State.ACTIVE, "seen again")
    if at < draft.first_seen:
        draft.first_seen = at
        draft.dirty = True
    if seen.in_scope:
        draft.dirty = draft.extra.pop(_OUTSIDE, None) is not None or draft.dirty
    elif drafts.is_new(draft, cause):
        draft.extra[_OUTSIDE] = True


def _read(service: Draft, reading: Reading, cause: Cause) -> None:
    """What a look says of the service, and what it therefore ends."""
    seen, base, said, at = reading.seen, reading.base, reading.of_service, cause.at
    suffix = f"@{seen.target.name}" if seen.target.name else ""
    spoken = [each for each in service.sources if _protocol(each, seen.target.name)]
    if base == "port":
        drafts.look(service, cause, base + suffix, at, {})
        why = str(seen.extra.get("identified") or "")[:100]
        if why == Status.PROTOCOL_ERROR:
            _end(service, cause, at, [*spoken, *(each + suffix for each in TLS)])
        if why and "service.name" not in service.facts and service.unknown.get("service.name") != why:
            service.unknown["service.name"] = why
            service.dirty = True
        return
    if base in PROTOCOLS:
        rivals = [each for each in spoken if each != base + suffix]
        if any(service.sources[each][0] > at for each in rivals):
            return
        _end(service, cause, at, [*rivals, f"port{suffix}"])
        if said.get("tls.enabled") is False:
            _end(service, cause, at, [each + suffix for each in TLS])
    if base == "tls":
        _end(service, cause, at, [HELLO + suffix])
    if (said or base + suffix in service.sources) and drafts.look(service, cause, base + suffix, at, said):
        group = f"{'tls' if base in TLS else 'http' if base.startswith('http') else 'service'}.*"
        before = service.unknown.get(group)
        if seen.status in {Status.SUCCESS, Status.OPEN}:
            service.unknown.pop(group, None)
        else:
            service.unknown[group] = str(seen.status)
        service.dirty = service.dirty or before != service.unknown.get(group)


def _protocol(source: str, name: str) -> bool:
    """Whether this is a look at what a port speaks under that name."""
    base, _, asked = source.partition("@")
    return base in PROTOCOLS and asked == name


def _end(service: Draft, cause: Cause, at: int, sources: Iterable[str]) -> None:
    for each in sorted(sources):
        if each in service.sources and service.sources[each][0] < at:
            drafts.forget(service, cause, each)


def _unanswered(work: Work, reading: Reading) -> None:
    """A look that met silence says why a service is not understood, and nothing else."""
    service = work.get(reading.service) if reading.service else None
    if service is not None and "service.name" not in service.facts and reading.base != "port":
        service.unknown["service.name"] = str(reading.seen.status)
        service.dirty = True


def _websites(work: Work, reading: Reading, cause: Cause, service: Draft, register: Register) -> None:
    seen, base, target, at = reading.seen, reading.base, reading.seen.target, cause.at
    suffix = f"@{target.address}" if target.name else ""
    asked = f"@{target.name}" if target.name else ""
    if base in TLS:
        website = work.get(reading.website)
        if website is not None and website.sources.keys() & {f"http{suffix}", f"http+hop{suffix}"}:
            if base == "tls":
                _end(website, cause, at, [HELLO + suffix])
            drafts.look(website, cause, base + suffix, at, reading.of_website)
        return
    if base not in PAGES:
        return
    website = work.get(reading.website)
    if website is None:
        if "http.status_code" not in reading.facts:
            return
        key = website_key("https" if reading.encrypted else "http", target.name or target.address, target.port)
        website = work.add(drafts.born(Kind.WEBSITE, seen.site, key, cause, at))
    _place(website, cause, reading, register)
    _seen(website, seen, cause)
    drafts.look(website, cause, base + suffix, at, reading.of_website)
    for each in TLS if reading.encrypted else ():
        if each + suffix not in website.sources and each + asked in service.sources:
            shown = website_part(drafts.said(service, each + asked))
            before = service.sources[each + asked]
            drafts.look(website, cause, each + suffix, before[0], shown, seen=before)
    work.relate(website, RelationType.RUNS_ON, reading.ip, cause, base)
    if target.name:
        work.relate(website, RelationType.RESOLVES_TO, reading.ip, cause, "dns")
    for each in reading.links:  # known or not yet: who comes first must not matter, readers pass by what is not there
        if each != website.id:
            work.relate(website, RelationType.CONNECTS_TO, each, cause, "link")


def _place(website: Draft, cause: Cause, reading: Reading, register: Register) -> None:
    """Where a website was last found: of several addresses the lowest, so that order does not matter."""
    target = reading.seen.target
    shown = website.facts.get("address")
    known = reading.place if shown == target.address else place_of(shown)
    if known is None or reading.place < known:
        drafts.put(website, cause, "address", target.address)
        drafts.put(website, cause, "port", target.port)
        website.parent = reading.ip
        assign(website, cause, register.website(website.key, reading.place, target.port))


def _machine(work: Work, reading: Reading, cause: Cause) -> None:
    """Keep what the look says of its machine; who it is comes out later (see `machines`)."""
    rules, seen, at = work.rules, reading.seen, cause.at
    if rules is None:
        return
    row = work.row(cause.look)
    shown = reading.marks(rules)
    if row is None:
        if not shown or work.times.get(cause.look, at) > at:
            return
        base = reading.base + (f"@{seen.target.name}" if seen.target.name else "")
        slot = str(seen.target.port) if seen.target.transport is Transport.TCP else f"{seen.target.port}/udp"
        work.rows[cause.look] = Evidence(
            cause.look, seen.site, seen.target.address, slot, base, reading.service or reading.ip, shown, at,
            cause.seq, pending=NEWS, dirty=True,
        )  # fmt: skip
        return
    if at < row.at:
        return
    row.at = at
    if shown == row.marks and row.live:
        host = work.get(row.host) if row.host and not row.pending else None
        if host is not None:
            _seen(host, seen, cause)
            work.sight(seen.site, (reading.ip, RelationType.RUNS_ON, host.id), cause)
        return
    if shown != row.marks:
        if not row.pending:
            row.before = row.marks
        if _replaced(row.before, shown, rules):
            row.pending = REPLACED
        row.marks, row.seq = shown, cause.seq
    row.live = True
    row.pending = max(row.pending, NEWS)
    row.dirty = True


def _replaced(before: tuple[str, ...], now: tuple[str, ...], rules: Rules) -> bool:
    """Whether strong marks of one kind stand where others stood."""
    old = {each for each in before if rules.strong(kind_of(each))}
    new = {each for each in now if rules.strong(kind_of(each))}
    return bool(old) and bool(new) and old.isdisjoint(new)


def _shared_owner(host: Draft, register: Register) -> Owner:
    """A machine's owner is the one its addresses agree on."""
    now = host.facts.get("host.addresses")
    places = [place for each in (now if isinstance(now, tuple) else ()) if (place := place_of(each)) is not None]
    owners = {(found.org, found.system) for place in places for found in (register.at(place),)}
    return Owner(*next(iter(owners)), seq=register.at(places[0]).seq) if len(owners) == 1 else NOBODY


def assign(draft: Draft, cause: Cause, owner: Owner) -> None:
    """Point an entity at who answers for it, unless its own declaration already says so."""
    if DECLARE in draft.sources and draft.kind not in {Kind.IP, Kind.WEBSITE, Kind.SERVICE}:
        return
    drafts.point(draft, cause, "org_id", owner.org)
    drafts.point(draft, cause, "system_id", owner.system)
    if draft.kind in {Kind.IP, Kind.SERVICE} and draft.facts.get("network.zone") != (owner.zone or None):
        if owner.zone:
            draft.sources[drafts.REGISTER] = (0, owner.seq, "")
        else:
            draft.sources.pop(drafts.REGISTER, None)
        drafts.put(draft, cause, "network.zone", owner.zone or None, origin=drafts.REGISTER)


def owner_of(draft: Draft, register: Register) -> Owner:
    """Who answers for an entity by the register as it stands."""
    place = place_of(draft.facts.get("address"))
    port = draft.facts.get("port")
    match draft.kind:
        case Kind.IP:
            return register.at(place) if place is not None else NOBODY
        case Kind.SERVICE:
            return register.at(place, int(port) if isinstance(port, int) else 0) if place is not None else NOBODY
        case Kind.WEBSITE:
            return register.website(draft.key, place, int(port) if isinstance(port, int) else 0)
        case _:
            return _shared_owner(draft, register)
