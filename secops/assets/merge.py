"""Observations become entities. Pure: what is known and some log entries in, what is known now and why out.

Same entries, same outcome; within a run their order does not matter (see `draft`); sites never meet, because the site
is part of every id. Changes follow the log's order and name the entry that caused them.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from secops.assets import draft as drafts
from secops.assets.contradiction import contradict
from secops.assets.draft import DECLARE, INHERENT, PROTOCOLS, Cause, Draft
from secops.assets.identity import (
    HELLO,
    MANY,
    PAGES,
    TLS,
    identifiers,
    ip_id,
    is_asset,
    service_id,
    service_key,
    website_key,
    website_key_of,
)
from secops.assets.register import NOBODY, Owner, Register, place_of
from secops.assets.work import Merged, Work
from secops.core.clock import Instant
from secops.core.fields import facts_of
from secops.core.model import (
    Entity,
    Kind,
    Logged,
    Observation,
    RelationType,
    State,
    Status,
    Target,
    Transport,
    Value,
    entity_id,
)

_SERVICE = facts_of(Kind.SERVICE) - INHERENT
_IP = facts_of(Kind.IP) - INHERENT
_WEBSITE = facts_of(Kind.WEBSITE) - INHERENT
_KNOWN = _SERVICE | _IP | _WEBSITE
_SILENT = frozenset({Status.REFUSED, Status.TIMEOUT, Status.UNREACHABLE, Status.OUT_OF_SCOPE})
"""How a look ends that does not show the port to be open."""
_ADDRESSES_MOST = 256
_LINKS_MOST = 50
_LATER = Instant(1 << 62)
"""After everything that was ever seen."""
_OUTSIDE = "out_of_scope"
_HOSTS = "hosts"


def linked(entity: Entity) -> set[str]:
    """Ids of the machines an ip asset is known to run on: they may lose it."""
    hosts = entity.extra.get(_HOSTS)
    return {str(each) for each in hosts.values()} if isinstance(hosts, dict) else set()


def merge(known: Mapping[str, Entity], entries: Iterable[Logged], register: Register | None = None) -> Merged:
    """Fold observations into what is known; other entries are passed by (see `declared`, `lifecycle`)."""
    work = Work(known)
    registers: dict[str, Register] = {register.site: register} if register else {}
    for logged in entries:
        if isinstance(logged.entry, Observation):
            site = logged.entry.site
            if site not in registers:
                registers[site] = Register(site)
            _observe(work, logged, logged.entry, registers[site])
    merged = work.merged()
    merged.cold |= _telling(work, merged, registers)
    return merged


def _telling(work: Work, merged: Merged, registers: Mapping[str, Register]) -> set[str]:
    """Looks whose repetition would do more than move times: each is read once more, as if it came later still."""
    again = Work({**work.known, **merged.entities})
    found: set[str] = set()
    for id, before in work.looks.items():
        logged = work.read[id]
        assert isinstance(logged.entry, Observation)
        seen = replace(logged.entry, seen_at=_LATER)
        _observe(again, logged, seen, registers[seen.site])
        look = again.looks.get(id)
        if look is None or look.touched != before.touched or any(each.dirty for each in again.drafts.values()):
            found.add(id)
        again.drafts.clear()
    return found


def _observe(work: Work, logged: Logged, seen: Observation, register: Register) -> None:
    place = place_of(seen.target.address)
    if place is None or not is_asset(seen.target.address):
        return
    cause = Cause(logged.seq, seen.seen_at, run=seen.run, reason=seen.collector, look=logged.look or seen.look)
    base = seen.base
    facts = {f: v for f, raw in seen.facts.items() if f in _KNOWN and (v := drafts.normal(f, raw)) is not None}
    if seen.status in _SILENT and not facts:
        _unanswered(work, seen, base)
        return
    ip = _ip(work, seen, cause, register.at(place))
    if not seen.target.port:
        drafts.look(ip, cause, base, seen.seen_at, {f: v for f, v in facts.items() if f in _IP})
    else:
        service = _service(work, seen, cause, ip.id, register.at(place, seen.target.port))
        _read(service, seen, cause, base, facts)
        own = {f: v for f, v in facts.items() if f in _IP and f not in _SERVICE}
        if own or f"{base}:{seen.target.port}" in ip.sources:
            drafts.look(ip, cause, f"{base}:{seen.target.port}", seen.seen_at, own)
        _websites(work, seen, cause, facts, service=service, register=register)
    _machine(work, seen, cause, ip, register)
    for id in cause.touched:
        touched = work.drafts.get(id)
        if touched is not None and touched.dirty:
            contradict(touched, cause, register)
    work.looked(cause, logged)


def _ip(work: Work, seen: Observation, cause: Cause, owner: Owner) -> Draft:
    ip = work.get(ip_id(seen.site, seen.target.address))
    if ip is None:
        ip = work.add(drafts.born(Kind.IP, seen.site, seen.target.address, cause, seen.seen_at))
        drafts.put(ip, cause, "address", seen.target.address)
        assign(ip, cause, owner)
    _seen(ip, seen, cause)
    return ip


def _service(work: Work, seen: Observation, cause: Cause, parent: str, owner: Owner) -> Draft:
    target = seen.target
    service = work.get(service_id(seen.site, target))
    if service is None:
        key = service_key(target.address, target.port, target.transport)
        service = work.add(drafts.born(Kind.SERVICE, seen.site, key, cause, seen.seen_at))
        service.parent = parent
        drafts.put(service, cause, "address", target.address)
        drafts.put(service, cause, "port", target.port)
        drafts.put(service, cause, "transport", str(target.transport))
        assign(service, cause, owner)
    _seen(service, seen, cause)
    return service


def _seen(draft: Draft, seen: Observation, cause: Cause) -> None:
    """Somebody was there: times move, the missing come back with the same id."""
    at = seen.seen_at
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


def _read(service: Draft, seen: Observation, cause: Cause, base: str, facts: Mapping[str, Value]) -> None:
    """What a look says of the service, and what it therefore ends."""
    suffix = f"@{seen.target.name}" if seen.target.name else ""
    at = seen.seen_at
    said = {f: v for f, v in facts.items() if f in _SERVICE}
    if base == "port":
        drafts.look(service, cause, base + suffix, at, {})
        why = str(seen.extra.get("identified") or "")[:100]
        if why == Status.PROTOCOL_ERROR:
            _end(service, cause, at, [each + suffix for each in (*PROTOCOLS, *TLS)])
        if why and "service.name" not in service.facts and service.unknown.get("service.name") != why:
            service.unknown["service.name"] = why
            service.dirty = True
        return
    if base in PROTOCOLS:
        rivals = [each + suffix for each in PROTOCOLS - {base}]
        if any(each in service.sources and service.sources[each][0] > at for each in rivals):
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


def _end(service: Draft, cause: Cause, at: int, sources: Iterable[str]) -> None:
    for each in sources:
        if each in service.sources and service.sources[each][0] < at:
            drafts.forget(service, cause, each)


def _unanswered(work: Work, seen: Observation, base: str) -> None:
    """A look that met silence says why a service is not understood, and nothing else."""
    service = work.get(service_id(seen.site, seen.target)) if seen.target.port else None
    if service is not None and "service.name" not in service.facts and base != "port":
        service.unknown["service.name"] = str(seen.status)
        service.dirty = True


def _websites(
    work: Work,
    seen: Observation,
    cause: Cause,
    facts: Mapping[str, Value],
    *,
    service: Draft,
    register: Register,
) -> None:
    base, ip = seen.base, service.parent
    target, site, at = seen.target, seen.site, seen.seen_at
    host = target.name or target.address
    suffix = f"@{target.address}" if target.name else ""
    asked = f"@{target.name}" if target.name else ""
    said = {f: v for f, v in facts.items() if f in _WEBSITE}
    if base in TLS:
        website = work.get(entity_id(site, Kind.WEBSITE, website_key("https", host, target.port)))
        if website is not None and website.sources.keys() & {f"http{suffix}", f"http+hop{suffix}"}:
            if base == "tls":
                _end(website, cause, at, [HELLO + suffix])
            drafts.look(website, cause, base + suffix, at, said)
        return
    scheme = "https" if facts.get("tls.enabled") is True else "http"
    website = work.get(entity_id(site, Kind.WEBSITE, website_key(scheme, host, target.port)))
    if base not in PAGES or ("http.status_code" not in facts and website is None):
        return
    if website is None:
        website = work.add(drafts.born(Kind.WEBSITE, site, website_key(scheme, host, target.port), cause, at))
    _place(website, cause, target, ip, register)
    _seen(website, seen, cause)
    drafts.look(website, cause, base + suffix, at, said)
    for each in TLS if scheme == "https" else ():
        if each + suffix not in website.sources and each + asked in service.sources:
            shown = {f: v for f, v in drafts.said(service, each + asked).items() if f in _WEBSITE}
            before = service.sources[each + asked]
            drafts.look(website, cause, each + suffix, before[0], shown, seen=before)
    work.relate(website, RelationType.RUNS_ON, ip, cause, base)
    if target.name:
        work.relate(website, RelationType.RESOLVES_TO, ip, cause, "dns")
    _links(work, website, cause, facts)


def _links(work: Work, website: Draft, cause: Cause, facts: Mapping[str, Value]) -> None:
    """Relate a page to the sites it points at, known or not yet: who comes first must not matter.

    Readers pass by a relation whose other end is not there.
    """
    links = facts.get("http.links")
    for each in links[:_LINKS_MOST] if isinstance(links, tuple) else ():
        try:
            target = entity_id(website.site, Kind.WEBSITE, website_key_of(str(each)))
        except ValueError:
            continue
        if target != website.id:
            work.relate(website, RelationType.CONNECTS_TO, target, cause, "link")


def _place(website: Draft, cause: Cause, target: Target, ip: str, register: Register) -> None:
    """Where a website was last found: of several addresses the lowest, so that order does not matter."""
    known = place_of(website.facts.get("address"))
    place = place_of(target.address)
    if known is None or (place is not None and place < known):
        drafts.put(website, cause, "address", target.address)
        drafts.put(website, cause, "port", target.port)
        website.parent = ip
        assign(website, cause, register.website(website.key, place, target.port))


def _machine(work: Work, seen: Observation, cause: Cause, ip: Draft, register: Register) -> None:
    """The machine behind a strong identifier, and the address it runs under."""
    slot = str(seen.target.port) if seen.target.transport is Transport.TCP else f"{seen.target.port}/udp"
    hosts = dict(ip.extra[_HOSTS]) if isinstance(ip.extra.get(_HOSTS), dict) else {}  # type: ignore[call-overload]  # JSON of our own
    marks = identifiers(seen.facts.get("ssh.host_key"), seen.facts.get("host.mac"))
    if not marks:
        return
    before = hosts.get(slot)
    place = f":{ip.key}:{slot}"
    known = work.get(before) if before else None
    if known is not None and any(at > seen.seen_at for s, (at, _, _) in known.sources.items() if s.endswith(place)):
        return
    host = _host(work, seen, cause, marks[0])
    if before != host.id:
        hosts[slot] = host.id
        ip.extra[_HOSTS] = hosts
        ip.dirty = True
        if known is not None:
            _part(known, place)
    if before and before != host.id and before not in hosts.values():
        _leave(work, before, cause, ip.key)
    _join(host, cause, ip.key)
    own = {f: v for f in ("ssh.host_key", "host.mac") if (v := drafts.normal(f, seen.facts.get(f))) is not None}
    drafts.look(host, cause, f"{seen.base}:{ip.key}:{slot}", seen.seen_at, own)
    assign(host, cause, _shared_owner(host, register))
    reason = "shared identifier" if host.extra.get("shared") else marks[0].partition(":")[0]
    work.relate(ip, RelationType.RUNS_ON, host.id, cause, reason)


def _host(work: Work, seen: Observation, cause: Cause, mark: str) -> Draft:
    host = work.get(entity_id(seen.site, Kind.HOST, mark))
    if host is None:
        host = work.add(drafts.born(Kind.HOST, seen.site, mark, cause, seen.seen_at))
        host.facts["host.addresses"] = ()
    _seen(host, seen, cause)
    return host


def _join(host: Draft, cause: Cause, address: str) -> None:
    now = host.facts.get("host.addresses")
    addresses = {str(each) for each in now} if isinstance(now, tuple) else set()
    if address not in addresses and len(addresses) < _ADDRESSES_MOST:
        drafts.put(host, cause, "host.addresses", tuple(sorted({*addresses, address})))
        if len(addresses) + 1 > MANY:
            host.extra["shared"] = True


def _part(host: Draft, place: str) -> None:
    """The looks at this place speak of another machine from now on: their times no longer move this one's."""
    for source, (at, seq, look) in host.sources.items():
        if look and source.endswith(place):
            host.sources[source] = (at, seq, "")
            host.replaced.add(look)
            host.dirty = True


def _leave(work: Work, host_id: str, cause: Cause, address: str) -> None:
    host = work.get(host_id)
    if host is None:
        return
    now = host.facts.get("host.addresses")
    left = tuple(str(each) for each in now if each != address) if isinstance(now, tuple) else ()
    drafts.put(host, cause, "host.addresses", left)
    if len(left) <= MANY:
        host.extra.pop("shared", None)
    if not left:
        drafts.turn(host, cause, State.GONE, "its last address shows another identifier")


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
