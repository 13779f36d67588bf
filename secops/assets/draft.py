"""An entity being worked on, and how looks fold into it: each source's latest look counts, whatever the order.

Of every source (a collector, at a port, under a name; or a person's declaration) the newest look stands and older ones
change nothing. Where sources disagree the one of higher rank is shown and the other's value waits behind it (kept in
`extra.shadows`), so that a value comes back when the one before it is withdrawn. The outcome is a function of the
newest look of each source, not of the order in which they came.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from secops.core.clock import Instant
from secops.core.model import Change, Entity, Kind, State, Value, entity_id

INHERENT: Final = frozenset(
    {
        *("address", "port", "transport", "network.zone", "host.addresses", "register.conflicts"),
        *("host.identifiers", "host.doubts"),
    }
)
"""Facts that come with the key or from the register, not from a look."""
DECLARE: Final = "declare"
BORN: Final = "born"
"""The source of what came with the key."""
REGISTER: Final = "register"
"""The source of what a declared network says of the addresses in it."""
FIRM: Final = frozenset({BORN, DECLARE, REGISTER, "records"})
"""Sources that are no looks."""
SHADOWS: Final = "shadows"
PROTOCOLS: Final = frozenset(
    {
        "ssh",
        "greeting",
        "http",
        "redis",
        "postgres",
        "smb",
        "rdp",
        "ldap",
        "mssql",
        "oracle",
        "mongodb",
        "memcached",
        "cassandra",
        "amqp",
        "mqtt",
        "rtsp",
        "s7",
        "modbus",
        "enip",
        "opcua",
        "iec104",
        "rpcbind",
        "dns",
        "ntp",
        "netbios",
        "snmp",
        "ike",
        "ssdp",
        "onvif",
        "mdns",
        "bacnet",
    }
)
"""A port speaks one of these: when another is understood there, what the former said is over."""
_RANKS: Final = {
    DECLARE: 100, "records": 90, "nmap": 20, "http+hop": 15, "tls": 50, "tls+hello": 51, "service": 30, "port": 5,
    "masscan": 12, "naabu": 12, "nuclei": 10, "httpx": 22, "zgrab2": 24, "zeek": 18, "suricata": 18, "passive": 26,
}  # fmt: skip
"""Own looks 40; what other tools and the wire said comes behind, whatever their part after the plus."""


class Draft:
    """The working copy of one entity.

    `dirty`: what is known of it changed; `moved`: it did, or was only seen again. `born`: of which log entry, -1 where
    it was known before. `own`: whether `facts` and `origin`, which only `put` writes, are its own and not the entity's.
    """

    __slots__ = (
        "born", "changed_seq", "changes", "declared", "dirty", "extra", "facts", "first_seen", "generation", "id",
        "key", "kind", "last_seen", "misses", "moved", "org_id", "origin", "own", "parent", "replaced", "site",
        "sources", "state", "system_id", "unknown",
    )  # fmt: skip

    def __init__(self, kind: Kind, site: str, key: str, at: int, generation: int = 1) -> None:
        self.kind = kind
        self.site = site
        self.key = key
        self.generation = generation
        self.id = entity_id(site, kind, key, generation)
        self.first_seen = at
        self.last_seen = at
        self.state = State.ACTIVE
        self.declared = False
        self.parent = ""
        self.org_id = ""
        self.system_id = ""
        self.misses = 0
        self.changed_seq = 0
        self.facts: dict[str, Value] = {}
        self.unknown: dict[str, str] = {}
        self.origin: dict[str, str] = {}
        self.sources: dict[str, tuple[int, int, str]] = {}
        self.replaced: set[str] = set()
        self.extra: dict[str, object] = {}
        self.changes: list[Change] = []
        self.born = -1
        self.own = True
        self.dirty = True
        self.moved = True

    @classmethod
    def of(cls, entity: Entity, id: str) -> "Draft":
        """A working copy of a known entity."""
        self = cls.__new__(cls)
        self.kind = entity.kind
        self.site = entity.site
        self.key = entity.key
        self.generation = entity.generation
        self.id = id
        self.first_seen = entity.first_seen
        self.last_seen = entity.last_seen
        self.state = entity.state
        self.declared = entity.declared
        self.parent = entity.parent
        self.org_id = entity.org_id
        self.system_id = entity.system_id
        self.misses = entity.misses
        self.changed_seq = entity.changed_seq
        self.facts = entity.facts  # type: ignore[assignment]  # not to be written before `_own`
        self.unknown = dict(entity.unknown) if entity.unknown else {}
        self.origin = entity.origin  # type: ignore[assignment]
        self.sources = dict(entity.sources)
        self.replaced = set()
        self.extra = dict(entity.extra) if entity.extra else {}
        self.changes = []
        self.born = -1
        self.own = False
        self.dirty = False
        self.moved = False
        return self

    def entity(self) -> Entity:
        """What is known now, frozen."""
        return Entity(
            kind=self.kind, site=self.site, key=self.key, first_seen=Instant(self.first_seen),
            last_seen=Instant(self.last_seen), state=self.state, declared=self.declared, parent=self.parent,
            org_id=self.org_id, system_id=self.system_id, misses=self.misses, generation=self.generation,
            facts=self.facts, unknown=self.unknown, origin=self.origin, extra=self.extra, sources=self.sources,
            changed_seq=self.changed_seq,
        )  # fmt: skip


class Cause:
    """The log entry at work: what every change made now names. `look`: of an observation, which."""

    __slots__ = ("at", "look", "reason", "run", "seq", "touched", "who")

    def __init__(self, seq: int, at: int, *, run: str = "", who: str = "", reason: str = "", look: str = "") -> None:
        self.seq = seq
        self.look = look
        self.touched: set[str] = set()
        self.at = at
        self.run = run
        self.who = who
        self.reason = reason


def note(draft: Draft, cause: Cause, field: str, *, old: Value, new: Value, reason: str = "") -> None:
    """Record one change of the draft."""
    draft.dirty = True
    draft.changed_seq = max(draft.changed_seq, cause.seq)
    draft.changes.append(
        Change(draft.id, draft.kind, draft.site, field, old, new, Instant(cause.at), cause.seq,
               reason or cause.reason, cause.run, cause.who)
    )  # fmt: skip


def born(kind: Kind, site: str, key: str, cause: Cause, at: int, *, reason: str = "", generation: int = 1) -> Draft:
    """A new entity; its birth is its first change and stands for all its first facts."""
    draft = Draft(kind, site, key, at, generation)
    draft.born = cause.seq
    draft.sources[BORN] = (0, cause.seq, "")
    note(draft, cause, "born", old=None, new=key, reason=reason)
    return draft


def is_new(draft: Draft, cause: Cause) -> bool:
    """Whether the entity was born of this very entry: its first facts are no changes."""
    return draft.born == cause.seq


def put(draft: Draft, cause: Cause, field: str, value: Value, *, origin: str = BORN) -> None:
    """Give a fact its value (None: none) as this source says it, with the change where it is another."""
    old = draft.facts.get(field)
    if value is None:
        if old is None:
            return
        _own(draft)
        del draft.facts[field]
        draft.origin.pop(field, None)
    else:
        if draft.origin.get(field) != origin:
            _own(draft)
            draft.origin[field] = origin
            draft.dirty = True
        if draft.unknown.pop(field, None) is not None:
            draft.dirty = True
        if old == value and type(old) is type(value):
            return
        _own(draft)
        draft.facts[field] = value
    if is_new(draft, cause):
        draft.dirty = True
    else:
        note(draft, cause, field, old=old, new=value)


def _own(draft: Draft) -> None:
    """Facts of its own, to be written: most entities at work were only seen again."""
    if not draft.own:
        draft.facts = dict(draft.facts)
        draft.origin = dict(draft.origin)
        draft.own = True


def point(draft: Draft, cause: Cause, field: str, value: str) -> None:
    """Set `org_id`, `system_id` or `parent`, with the change where it is another."""
    old = getattr(draft, field)
    if old == value:
        return
    setattr(draft, field, value)
    draft.dirty = True
    if not is_new(draft, cause):
        note(draft, cause, field, old=old or None, new=value or None)


def turn(draft: Draft, cause: Cause, state: State, reason: str = "") -> None:
    """Move to another state of life."""
    if draft.state is not state:
        old, draft.state = draft.state, state
        draft.dirty = True
        if not is_new(draft, cause):
            note(draft, cause, "state", old=str(old), new=str(state), reason=reason)


@lru_cache(maxsize=1 << 12)
def rank(source: str) -> tuple[int, str]:
    """Which of two sources is shown where both know a field; looks without a name before looks under one."""
    base, _, name = source.partition("@")
    tool = base.partition(":")[0]
    return _RANKS.get(tool, _RANKS.get(tool.partition("+")[0], 40)) - (30 if name else 0), source


def look(
    draft: Draft,
    cause: Cause,
    source: str,
    at: int,
    facts: Mapping[str, Value],
    *,
    seen: tuple[int, int, str] | None = None,
) -> bool:
    """Fold one look of one source; False if a newer look of the same source stands already.

    `seen` (when, log entry, look) is where the facts come from, where it is not the entry at work.
    """
    seen = (at, cause.seq, cause.look) if seen is None else seen
    last = draft.sources.get(source)
    if last is not None and at < last[0]:
        return False
    if last is None or last[2] != seen[2] or not seen[2]:
        draft.dirty = True
        if last is not None and last[2] != seen[2]:
            draft.replaced.add(last[2])
    shadows = _shadows(draft)
    shadows.pop(source, None)
    draft.sources[source] = seen
    draft.moved = True
    if last is not None:
        told = [f for f, owner in draft.origin.items() if owner == source and f not in facts and f not in INHERENT]
        for field in told:
            _uncover(draft, cause, field, shadows)
    known, origin, unknown = draft.facts, draft.origin, draft.unknown  # of fields to come they tell, whatever is put
    for field, value in facts.items():
        owner = origin.get(field)
        if owner == source and (old := known.get(field)) == value and type(old) is type(value) and field not in unknown:
            continue  # said again
        if owner is None or owner == source or owner not in draft.sources or field in INHERENT:
            put(draft, cause, field, value, origin=source)
        elif rank(source) > rank(owner):
            shadows.setdefault(owner, {})[field] = known[field]
            put(draft, cause, field, value, origin=source)
        else:
            shadows.setdefault(source, {})[field] = value
    _keep(draft, shadows)
    return True


def forget(draft: Draft, cause: Cause, source: str) -> None:
    """Withdraw all that a source said."""
    if source in draft.sources:
        seen = draft.sources[source]
        look(draft, cause, source, seen[0], {}, seen=seen)
        del draft.sources[source]
        draft.replaced.add(seen[2])
        draft.dirty = True


def said(draft: Draft, source: str) -> dict[str, Value]:
    """The facts of this source's newest look, shown or not."""
    shown = {f: draft.facts[f] for f, owner in draft.origin.items() if owner == source and f not in INHERENT}
    return shown | _shadows(draft).get(source, {})


def _shadows(draft: Draft) -> dict[str, dict[str, Value]]:
    """What sources say behind those that are shown."""
    found = draft.extra.get(SHADOWS)
    return {k: {f: _back(w) for f, w in v.items()} for k, v in found.items()} if isinstance(found, dict) else {}


def _back(value: object) -> Value:
    """A value as it was before it went through JSON."""
    if isinstance(value, list):
        return tuple(value)
    assert value is None or isinstance(value, (bool, int, float, str, tuple))
    return value


def _uncover(draft: Draft, cause: Cause, field: str, shadows: dict[str, dict[str, Value]]) -> None:
    """The value behind a withdrawn one, if any source still says one."""
    waiting = [each for each, facts in shadows.items() if field in facts]
    if not waiting:
        put(draft, cause, field, None)
        return
    best = max(waiting, key=rank)
    value = shadows[best].pop(field)
    put(draft, cause, field, value, origin=best)


def _keep(draft: Draft, shadows: dict[str, dict[str, Value]]) -> None:
    kept = {source: facts for source, facts in shadows.items() if facts}
    if kept == _shadows(draft):
        return
    draft.dirty = True
    if kept:
        draft.extra[SHADOWS] = kept
    else:
        draft.extra.pop(SHADOWS, None)
