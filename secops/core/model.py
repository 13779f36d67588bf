"""The nouns of the path of one fact. All immutable; values are JSON-shaped and bounded where they are made."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from types import MappingProxyType

from secops.core.clock import Instant
from secops.core.ids import canonical, derive
from secops.core.sealed import sealed

Value = None | bool | int | float | str | tuple[str, ...] | tuple[int, ...]
"""What a field may hold. A tuple is a set of values: comparing with it means comparing with any member."""

Facts = Mapping[str, Value]
"""Field name of the dictionary (`core.fields`) -> value."""

EMPTY: Mapping[str, Value] = MappingProxyType({})


class Kind(StrEnum):
    """The seven kinds of asset (七类资产), and the service: one open port of an IP asset."""

    IP = "ip"
    NETWORK = "network"
    SYSTEM = "system"
    WEBSITE = "website"
    DATA = "data"
    HOST = "host"
    DEVICE = "device"
    SERVICE = "service"


ASSET_KINDS = (Kind.IP, Kind.NETWORK, Kind.SYSTEM, Kind.WEBSITE, Kind.DATA, Kind.HOST, Kind.DEVICE)


class State(StrEnum):
    """Where an entity stands in its life, by coverage only: a run that asked and got no answer ages it."""

    ACTIVE = "active"
    STALE = "stale"
    GONE = "gone"
    DECLARED = "declared"
    """Declared by a person, never yet seen."""


class Status(StrEnum):
    """How one attempt at one target ended: a closed set, apart from the data."""

    SUCCESS = "success"
    OPEN = "open"
    REFUSED = "refused"
    TIMEOUT = "timeout"
    UNREACHABLE = "unreachable"
    CLOSED_EARLY = "closed-early"
    PROTOCOL_ERROR = "protocol-error"
    LIMIT = "limit"
    """A bound of ours (bytes, time, depth) was met; what came before it is kept."""
    OUT_OF_SCOPE = "out-of-scope"


class Transport(StrEnum):
    """What carries the service."""

    TCP = "tcp"
    UDP = "udp"


@dataclass(frozen=True, slots=True)
class Target:
    """One place to look at: a canonical IP address, a port (0: the address itself), and the name asked for."""

    address: str
    port: int = 0
    transport: Transport = Transport.TCP
    name: str = ""
    """Host name for SNI and Host header; empty where only the address is known."""

    def __str__(self) -> str:
        host = f"[{self.address}]" if ":" in self.address else self.address
        place = f"{host}:{self.port}/{self.transport}" if self.port else host
        return f"{self.name}@{place}" if self.name else place


@sealed
class Observation:
    """What one collector saw at one target in one run. Its id is derived: the same look is recorded once."""

    site: str
    observer: str
    run: str
    collector: str
    """`name@version`."""
    target: Target
    seen_at: Instant
    status: Status
    facts: Facts = field(default_factory=lambda: EMPTY)
    """Dictionary fields of the service, or (prefixed by no kind) of what the collector's merge rule names."""
    extra: Mapping[str, object] = field(default_factory=dict)
    """What the dictionary has no field for; bounded JSON, kept, not interpreted."""
    raw_digest: str = ""
    """SHA-256 hex of the raw bytes read, empty where nothing was read."""
    in_scope: bool = True
    """False for imported rows outside every trusted scope: kept, flagged, never a target."""

    @property
    def id(self) -> str:
        """Derived from site, run, collector and target."""
        return derive("obs", self.site, self.run, self.collector, str(self.target))

    @property
    def base(self) -> str:
        """The collector without its version: `http@1+hop` is `http+hop`."""
        name, _, rest = self.collector.partition("@")
        _, plus, addition = rest.partition("+")
        return f"{name}+{addition}" if plus else name

    @property
    def look(self) -> str:
        """What this collector's looks at this target have in common, whatever the run."""
        return derive("look", self.site, self.base, str(self.target))


class DecisionType(StrEnum):
    """What a person can decide."""

    DECLARE = "declare"
    MERGE = "merge"
    SPLIT = "split"
    WAIVE = "waive"
    PROPOSE = "propose"
    """What takes effect only when a second person approves it."""
    APPROVE = "approve"
    SETTLE = "settle"
    SAVE = "save"
    """A query kept under a name, or taken away again."""
    CANDIDATE = "candidate"
    """A candidate system confirmed or rejected."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What a person declared, merged, split, waived or approved: who, when, why, and the whole content."""

    site: str
    type: DecisionType
    subject: str
    """What it is about: an organisation or asset key, a finding, a drill step."""
    payload: Mapping[str, object]
    who: str
    at: Instant
    reason: str = ""

    @property
    def id(self) -> str:
        """Derived from the content and the time."""
        return derive("dec", self.site, self.type, self.subject, self.at, self.who, canonical(self.payload))


@dataclass(frozen=True, slots=True)
class Coverage:
    """What one finished block really asked: absence is derived from it and from nothing else."""

    run: str
    block: int
    ranges: tuple[tuple[str, str], ...]
    """First and last address, inclusive, canonical text."""
    ports: tuple[int, ...]
    transport: Transport = Transport.TCP
    asked: int = 0
    """Targets (address, port) asked."""
    answered: int = 0
    refused: int = 0
    """Targets the Gate refused: they were not asked and count as nothing."""
    canary: bool | None = None
    """Did the known-good target answer at the block's end? None: the run had no canary."""


@dataclass(frozen=True, slots=True)
class RunEnd:
    """The end of a run. Only a complete one ages what its coverage asked and nobody answered."""

    run: str
    site: str
    at: Instant
    complete: bool
    started: Instant = Instant(0)  # noqa: RUF009 - a NewType of int, immutable
    """When it began: what was last seen before then was missed. 0 ages nothing."""


@sealed
class Logged:
    """An entry of the truth with its place in the one order that `rebuild` replays."""

    seq: int
    entry: Observation | Decision | RunEnd
    digest: bytes = b""
    """Of an observation: equal for looks that say the same, empty where it is not known."""
    look: str = ""
    """Of an observation: its `look`, where it is at hand."""


@sealed
class Entity:
    """An asset of the seven kinds, or a service of an IP asset, as it is known now."""

    kind: Kind
    site: str
    key: str
    """Natural key within site and kind: an address, a CIDR, a URL origin, `address:port/tcp`, a declared code."""
    first_seen: Instant
    last_seen: Instant
    state: State = State.ACTIVE
    declared: bool = False
    parent: str = ""
    """Of a service: the id of its IP asset."""
    org_id: str = ""
    """The responsible organisation, empty where nobody is declared."""
    system_id: str = ""
    """The business system (业务系统) it belongs to, empty where none is declared."""
    misses: int = 0
    """Complete runs in a row that asked for it and got no answer."""
    generation: int = 1
    """Counts the assets born of the same key, so that ids stay derived when one key changes hands."""
    facts: Facts = field(default_factory=lambda: EMPTY)
    unknown: Mapping[str, str] = field(default_factory=dict)
    """Field -> why it is not known though somebody looked."""
    origin: Mapping[str, str] = field(default_factory=dict)
    """Field -> the source (below) whose value it shows."""
    extra: Mapping[str, object] = field(default_factory=dict)
    sources: Mapping[str, tuple[int, int, str]] = field(default_factory=dict)
    """Collector (or `declare`, `born`, `register`) -> when it last looked, the seq its facts come from, which look."""
    changed_seq: int = 0
    """The log entry of its last change."""

    @property
    def id(self) -> str:
        """Derived from site, kind, key and generation."""
        return entity_id(self.site, self.kind, self.key, self.generation)

    @property
    def provenance(self) -> dict[str, int]:
        """Field -> seq of the log entry that gave its present value."""
        return {name: self.sources[source][1] for name, source in self.origin.items() if source in self.sources}

    def why_unknown(self, field: str) -> str:
        """Why the field is not known though somebody looked; empty where nobody did. Keys may be groups: `tls.*`."""
        return self.unknown.get(field) or self.unknown.get(field.partition(".")[0] + ".*", "")


@lru_cache(maxsize=1 << 16)
def entity_id(site: str, kind: Kind, key: str, generation: int = 1) -> str:
    """The id of the entity with this natural key; sites are separate universes."""
    return derive(str(kind), site, key, generation)


def thing_id(site: str, kind: str, key: str) -> str:
    """The id of what is declared under this key: an asset, or a register's row such as a supplier."""
    return entity_id(site, Kind(kind), key) if kind in _KINDS else derive(kind, site, key)


_KINDS = frozenset(Kind)


class RelationType(StrEnum):
    """How two assets hang together."""

    RUNS_ON = "runs-on"
    SERVES = "serves"
    BELONGS_TO = "belongs-to"
    CONNECTS_TO = "connects-to"
    DEPENDS_ON = "depends-on"
    STORES = "stores"
    SUPPLIED_BY = "supplied-by"
    RESOLVES_TO = "resolves-to"


@sealed
class Relation:
    """`source` type `target`, with the reason it was drawn (`identifier`, `declared`, `dns`, ...)."""

    site: str
    source: str
    type: RelationType
    target: str
    reason: str
    first_seen: Instant
    last_seen: Instant
    seq: int = 0
    """The log entry it was first drawn from."""

    @property
    def id(self) -> str:
        """Derived from the two ends and the type."""
        return relation_id(self.site, self.source, self.type, self.target)


@lru_cache(maxsize=1 << 16)
def relation_id(site: str, source: str, type: RelationType, target: str) -> str:
    """The id of the relation between these two."""
    return derive("rel", site, source, type, target)


@sealed
class Change:
    """One field of one entity from old to new. `field` may also be `state`, `org_id`, `system_id`, `born`, `merged`."""

    entity: str
    kind: Kind
    site: str
    field: str
    old: Value
    new: Value
    at: Instant
    seq: int
    """The log entry that caused it."""
    reason: str = ""
    run: str = ""
    who: str = ""


@dataclass(frozen=True, slots=True)
class Organisation:
    """A unit that answers for assets. Declared only; `id` is the code its declarer gave it."""

    id: str
    site: str
    name: str
    parent: str = ""
    credit_code: str = ""
    """统一社会信用代码, GB 32100."""
    contact: str = ""
    phone: str = ""
    email: str = ""


@dataclass(frozen=True, slots=True)
class Skipped:
    """A row of a file that was left out, with its place and the reason; the rest went on."""

    where: str
    reason: str
