"""The plan of a run: everything that decides what is sent, fixed before the first packet and hashed.

A resumed run uses the stored plan and no other; a saved plan is refused once scope or program would send otherwise.
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from datetime import datetime

from secops.core.address import WIDTH, unpack
from secops.core.clock import CHINA, Instant
from secops.core.errors import InvalidFile, UsageError
from secops.core.ids import derive, digest
from secops.core.language import say
from secops.core.model import Transport
from secops.discover.collectors import tls_offer
from secops.discover.collectors.datagrams import DATAGRAMS
from secops.discover.collectors.dispatch import COLLECTORS
from secops.discover.depth import Depth
from secops.discover.portions import Portions, spread
from secops.scope.intervals import IntervalSet

VERSION = 1
BLOCK_TARGETS = {"syn": 262_144, "connect": 16_384}
"""(address, port) pairs of one block, at most: what a crash can cost to ask again."""
DATAGRAM_TARGETS = 65_536
"""The same for UDP and for pings, whatever the engine."""
BLOCK_SECONDS = 1
"""A block is no more than this much sending at the scope's rate: what a crash has asked again."""
SHARDS_MOST = 1_024
TARGETS_MOST = 1 << 32
"""More than this is a typing error (an IPv6 /64), not a plan."""
_PACKETS_PER_SERVICE = 12
"""Our packets for one identified service, by count on the lab's servers: for the estimate only."""
_OPEN_SHARE = 0.02
"""Share of asked ports expected open, for the estimate only."""
_DATAGRAM_TRIES = 5
_PING_TRIES = 3
POLITE_SHARE = 4
"""A fragile host gets one packet where others get four."""


@dataclass(frozen=True, slots=True)
class Group:
    """Addresses and the ports they are known for: what a delta run asks before the rest."""

    targets: tuple[str, ...]
    ports: tuple[int, ...]
    transport: str = "tcp"


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run will do. JSON-shaped; equal plans have equal hashes."""

    scope_id: str
    scope_digest: str
    title: str
    site: str
    engine: str
    """`syn` or `connect`: `auto` is decided when the plan is made."""
    targets: tuple[str, ...]
    """CIDRs and ranges, canonical."""
    names: tuple[str, ...]
    ports: tuple[int, ...]
    deep: tuple[str, ...]
    """Addresses nmap looks at after the rest."""
    pps: int
    pps_per_host: int
    level: int
    collectors: tuple[str, ...]
    probes: str = ""
    """SHA-256 of the nmap-service-probes in use; empty: our own few probes alone."""
    udp: tuple[int, ...] = ()
    """UDP ports asked at every address."""
    ping: bool = False
    """Are the addresses themselves asked, by echo, ARP and ND?"""
    pps_per_network: int = 0
    """To one /24 or /64; 0: no bound but the overall one."""
    fragile: tuple[str, ...] = ()
    """Addresses known to be printers, controllers, medical devices or old agents: asked last, slowly, once."""
    shard: tuple[int, int] = (1, 1)
    """Which part of how many: the parts of all machines together are the whole plan, none twice."""
    first: tuple[Group, ...] = ()
    """What a delta run asks first, likeliest to have changed at the front; the shard of the rest follows."""
    occasion: str = ""
    """What began it: a watch and the moment it was due; empty: a person."""
    look: str = Depth.FULL
    """How closely open ports are looked at: the value of a `Depth`."""
    version: int = VERSION

    @property
    def hash(self) -> str:
        """SHA-256 over everything above."""
        return digest(self.document())

    @property
    def seed(self) -> int:
        """What permutes the order of asking."""
        return int(self.hash[:8], 16)

    @property
    def addresses(self) -> IntervalSet:
        """The targets as a set."""
        return IntervalSet.parse(self.targets)

    def document(self) -> dict[str, object]:
        """The plan as JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Block:
    """A bounded part of a plan: what is asked, acknowledged and, after a crash, asked again as a whole."""

    number: int
    addresses: IntervalSet
    ports: tuple[int, ...]
    """(0,): the addresses themselves."""
    transport: Transport = Transport.TCP
    polite: bool = False
    """Fragile hosts: a quarter of a host's rate, no second attempt."""

    @property
    def targets(self) -> int:
        """(address, port) pairs."""
        return self.addresses.count() * len(self.ports)

    @property
    def ranges(self) -> tuple[tuple[str, str], ...]:
        """First and last address of each run of neighbours."""
        return tuple((_text(first), _text(last)) for first, last in self.addresses.line)


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a plan would send and how long that takes, roughly."""

    addresses: int
    targets: int
    blocks: int
    packets: int
    seconds: int


def _no_shard(text: str) -> UsageError:
    hint = say("如 2/5：五份中的第二份", "such as 2/5: the second of five")
    return UsageError("E1431", say("分片写法不对", "not a shard"), where=f"--shard {text[:40]}", hint=hint)


def shard_of(text: str) -> tuple[int, int]:
    """`2/5` as numbers. Raises UsageError."""
    part, _, parts = (text or "1/1").partition("/")
    if part.isdecimal() and parts.isdecimal() and len(text) < 12:
        return int(part), int(parts)
    raise _no_shard(text)


def check(plan: Plan) -> None:
    """Raises UsageError for a plan that asks nothing or absurdly much."""
    count = plan.addresses.count() * (len(plan.ports) + len(plan.udp) + plan.ping)
    if not 1 <= plan.shard[0] <= plan.shard[1] <= SHARDS_MOST:
        raise _no_shard("/".join(map(str, plan.shard)))
    if not count:
        raise UsageError(
            "E1401",
            say("计划里没有任何目标或端口", "the plan asks nothing"),
            where=plan.title,
            hint=say("检查授权书的网段与端口", "look at the scope's networks and ports"),
        )
    if count > TARGETS_MOST:
        raise UsageError(
            "E1402",
            say(f"目标过多：{count:,} 个地址与端口组合", f"too many targets: {count:,} address and port pairs"),
            where=plan.title,
            why=say(f"上限 {TARGETS_MOST:,}", f"the most is {TARGETS_MOST:,}"),
            hint=say("缩小网段，或用 --ports 指定端口", "narrow the networks, or name --ports"),
        )


def blocks(plan: Plan) -> Iterator[Block]:
    """The blocks, always the same for the same plan: consecutive addresses, all ports of each.

    First what a delta run asks first; then the addresses themselves where the plan says so, TCP, UDP; then the fragile
    hosts. Within each, blocks that follow one another lie far apart, so that no network bears a run's whole rate.
    Numbers run through all shards: a shard has its own numbers and no other's.
    """
    number = 0
    part, parts = plan.shard
    for group in plan.first:
        each = _part(plan, group)
        row = Portions(IntervalSet.parse(group.targets), each.size)
        for place in range(len(row)):
            yield Block(number + place, row[place], each.ports, each.transport)
        number += len(row)
    fragile = IntervalSet.parse(plan.fragile)
    for addresses, polite in ((plan.addresses.minus(fragile), False), (plan.addresses.intersect(fragile), True)):
        for each in _parts(plan, addresses.count()):
            row = Portions(addresses, each.size)
            for place in spread(len(row)):
                if (number + place) % parts == part - 1:
                    yield Block(number + place, row[place], each.ports, each.transport, polite)
            number += len(row)


@dataclass(frozen=True, slots=True)
class _Part:
    """What is asked of every address, `size` addresses a block."""

    ports: tuple[int, ...]
    transport: Transport
    size: int


def _parts(plan: Plan, addresses: int) -> Iterator[_Part]:
    """What is asked of each of so many addresses: no shard stays without its share."""
    for ports, transport, targets in (
        ((0,) if plan.ping else (), Transport.TCP, DATAGRAM_TARGETS),
        (plan.ports, Transport.TCP, BLOCK_TARGETS[plan.engine]),
        (plan.udp, Transport.UDP, DATAGRAM_TARGETS),
    ):
        if ports and addresses:
            size = min(_size(plan, ports, targets), -(-addresses // plan.shard[1]))
            yield _Part(ports, transport, max(1, size))


def _part(plan: Plan, group: Group) -> _Part:
    udp = group.transport == "udp"
    most = DATAGRAM_TARGETS if udp else BLOCK_TARGETS[plan.engine]
    return _Part(group.ports, Transport(group.transport), _size(plan, group.ports, most))


def _size(plan: Plan, ports: tuple[int, ...], targets: int) -> int:
    """Addresses of one block."""
    hosts = plan.pps // max(1, plan.pps_per_host)  # fewer could not take the whole rate
    return max(1, min(targets, max(plan.pps * BLOCK_SECONDS, hosts * len(ports))) // len(ports))


def estimate(plan: Plan) -> Estimate:
    """Packets and time; silent hosts cost retries, so this is the upper end. By arithmetic: a /8 takes no longer."""
    found = Estimate(plan.addresses.count(), 0, 0, 0, 5)
    for group in plan.first:
        number = IntervalSet.parse(group.targets).count()
        found = _more(plan, found, number, _part(plan, group))
    slow = plan.addresses.intersect(IntervalSet.parse(plan.fragile)).count()
    for number, pace in ((found.addresses - slow, 1), (slow, POLITE_SHARE)):
        share = number * plan.shard[0] // plan.shard[1] - number * (plan.shard[0] - 1) // plan.shard[1]
        for part in _parts(plan, number):
            found = _more(plan, found, share, part, pace)
    return found


def _more(plan: Plan, found: Estimate, addresses: int, part: "_Part", pace: int = 1) -> Estimate:
    """The estimate with these addresses added, of which this part is asked."""
    ports, size = part.ports, part.size
    tries = _PING_TRIES if ports == (0,) else _DATAGRAM_TRIES
    if part.transport is Transport.TCP and ports != (0,):
        tries = 5 if plan.engine == "syn" else 3
    targets, number = addresses * len(ports), -(-addresses // size)
    services = int(targets * _OPEN_SHARE) * _PACKETS_PER_SERVICE
    rate = min(plan.pps, (plan.pps_per_network or plan.pps) * max(1.0, min(size, addresses) / 256))
    host = plan.pps_per_host / pace
    seconds = max((targets * tries + services) / rate, number * len(ports) * tries / max(1.0, host))
    return Estimate(
        found.addresses,
        found.targets + targets,
        found.blocks + number,
        found.packets + targets * tries + services,
        found.seconds + round(seconds),
    )


def weight(plan: Plan, block: Block) -> int:
    """Packets this block takes at most, by the estimate's own measure: what is left is told by it."""
    tries = _PING_TRIES if block.ports == (0,) else _DATAGRAM_TRIES
    if block.transport is Transport.TCP and block.ports != (0,):
        tries = 5 if plan.engine == "syn" else 3
    return block.targets * tries + int(block.targets * _OPEN_SHARE) * _PACKETS_PER_SERVICE


def _text(place: int) -> str:
    return unpack(place.to_bytes(WIDTH, "big"))


def run_id(plan: Plan, at: Instant) -> str:
    """`YYYYmmdd-HHMMSS-` (Chinese standard time) and six characters of the plan and the moment."""
    stamp = datetime.fromtimestamp(at / 1000, CHINA).strftime("%Y%m%d-%H%M%S")
    return f"{stamp}-{derive('run', plan.hash, int(at))[4:10]}"


def labels() -> tuple[str, ...]:
    """The collectors this program would use."""
    return (*(each.label for each in (*COLLECTORS, *DATAGRAMS)), tls_offer.LABEL)


def decode(document: Mapping[str, object], where: str) -> Plan:
    """The plan of a document. Raises InvalidFile."""
    known = {each.name for each in fields(Plan)}
    wrong = sorted(set(document) ^ known)
    if document.get("version") != VERSION or wrong:
        raise InvalidFile(
            "E1403",
            say("不是本版本的计划文件", "not a plan of this version"),
            where=where,
            why=", ".join(wrong[:5]) or f"version {document.get('version')!r}",
            hint=say("用 secops discover plan -o 重新生成", "make it again: secops discover plan -o"),
        )
    try:
        values = {
            name: tuple(value) if isinstance(value, list) else value  # JSON has no tuples
            for name, value in document.items()
        }
        values["first"] = tuple(_group(each) for each in document["first"])  # type: ignore[attr-defined]  # TypeError is caught
        plan = Plan(**values)  # type: ignore[arg-type]  # checked one by one below
        _checked(plan)
    except (TypeError, ValueError) as error:
        raise InvalidFile(
            "E1403", say("计划文件内容不对", "the plan does not hold together"), where=where, why=str(error)[:200]
        ) from error
    return plan


def _group(value: object) -> Group:
    if not isinstance(value, dict) or set(value) != {"targets", "ports", "transport"}:
        raise TypeError("first")
    group = Group(tuple(value["targets"]), tuple(value["ports"]), str(Transport(value["transport"])))
    IntervalSet.parse(group.targets)
    ports: tuple[object, ...] = group.ports
    if not ports or not all(isinstance(n, int) and 1 <= n <= 65_535 for n in ports):
        raise ValueError("first")
    return group


def _checked(plan: Plan) -> None:
    values: dict[str, object] = plan.document()
    for name in ("scope_id", "scope_digest", "title", "site", "engine", "probes", "occasion"):
        if not isinstance(values[name], str):
            raise TypeError(name)
    if plan.engine not in BLOCK_TARGETS:
        raise ValueError(f"engine {plan.engine!r}")
    shard: tuple[object, ...] = tuple(plan.shard)
    if len(shard) != 2 or not all(isinstance(n, int) for n in shard):
        raise TypeError("shard")
    for name in ("pps", "pps_per_host", "pps_per_network", "level"):
        if not isinstance(values[name], int):
            raise TypeError(name)
    for name in ("ports", "udp"):
        ports = values[name]
        if not isinstance(ports, (tuple, list)) or not all(isinstance(n, int) and 1 <= n <= 65_535 for n in ports):
            raise ValueError(name)
    if not isinstance(values["ping"], bool):
        raise TypeError("ping")
    for name in ("targets", "names", "deep", "collectors", "fragile"):
        value = values[name]
        if not isinstance(value, (tuple, list)) or not all(isinstance(each, str) for each in value):
            raise TypeError(name)
    IntervalSet.parse(plan.targets)
    IntervalSet.parse(plan.deep)
    IntervalSet.parse(plan.fragile)


def differences(old: Plan, new: Plan) -> tuple[str, ...]:
    """What changed, a line each: `field: old -> new`."""
    before, after = old.document(), new.document()
    return tuple(
        f"{name}: {str(before[name])[:80]} -> {str(after[name])[:80]}" for name in before if before[name] != after[name]
    )
