"""What a run needs before its first packet: the Gate over a verified scope, the engine, the resolver."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from io import BytesIO
from ipaddress import ip_address

from secops.core.errors import Refused, SecopsError, UsageError
from secops.core.language import say
from secops.core.model import Observation
from secops.dial import nmap_bridge
from secops.dial.connect import ConnectFinder
from secops.dial.datagram import DatagramFinder
from secops.dial.datagram_loop import DatagramLoop
from secops.dial.finder import Finder
from secops.dial.loop import Loop
from secops.dial.resolver import Resolver, read_hosts
from secops.dial.talk import Bounds
from secops.dial.wire.ping import PingFinder
from secops.dial.wire.route import Leaving
from secops.discover import ports as portlist
from secops.discover.collectors import tls_offer
from secops.discover.collectors.datagrams import PORTS as DATAGRAM_PORTS
from secops.discover.collectors.datagrams import openings, politest
from secops.discover.connectionless import Connectionless
from secops.discover.depth import Depth
from secops.discover.fingerprint.shelf import SHELF
from secops.discover.plan import POLITE_SHARE, Plan, check, labels, shard_of
from secops.discover.probes.ask import Kit
from secops.hall.app import App
from secops.hall.config import Config
from secops.hall.flows import discover_known as known
from secops.hall.flows import discover_probes as probes
from secops.hall.flows.scope import verify
from secops.scope.document import Scope
from secops.scope.gate import Gate
from secops.scope.intervals import IntervalSet
from secops.scope.level import Level
from secops.scope.manners import Manners

_FEW = 512
"""A scope that names at most so many ports is asked for all of them; a wider one for the default list."""
_NAMES_SECONDS = 300.0
_LOOPBACK = IntervalSet.parse(["127.0.0.0/8", "::1"])


def make_plan(
    app: App,
    scope_name: str,
    *,
    engine: str = "",
    ports: str = "",
    deep: tuple[str, ...] = (),
    udp: bool = True,
    ping: bool | None = None,
    shard: str = "",
    delta: bool = False,
    occasion: str = "",
    look: str = "",
) -> Plan:
    """The plan of a verified scope under these options. Raises Refused, InvalidFile, UsageError.

    `ping` None: with the raw engine only. `delta`: the known first, then no more of the rest than the shard.
    """
    scope, depth = admitted(app, scope_name), Depth.of(look)
    whole = depth is Depth.FULL
    if scope.level < Level.GENTLE:
        raise Refused(
            "E3401",
            say("授权书只允许被动观察，不能主动发现", "the scope allows nothing but passive looking"),
            where=scope.id,
        )
    chosen = _engine(engine or app.config.text("discover.engine"), scope.targets)
    plan = Plan(
        scope_id=scope.id,
        scope_digest=scope.digest,
        title=scope.title,
        site=scope.site,
        engine=chosen,
        targets=tuple(scope.targets.networks()),
        names=tuple(sorted(scope.names)),
        ports=_ports(ports, scope),
        deep=_deep(deep, scope),
        pps=scope.pps,
        pps_per_host=scope.pps_per_host,
        level=int(min(scope.level, Level.ACTIVE if whole else Level.GENTLE)),
        collectors=labels(),
        probes=probes.digest(app) if whole else "",
        udp=_udp(ports, scope) if udp and whole else (),
        ping=_ping(chosen) if ping is None else _raw(wanted=ping),
        pps_per_network=scope.pps_per_network,
        fragile=known.fragile_hosts(app, scope.targets),
        shard=shard_of(shard),
        occasion=occasion,
        look=depth,
    )
    check(plan)
    if delta:
        hardy = plan.addresses.minus(IntervalSet.parse(plan.fragile))
        plan = replace(plan, first=known.likely(app, hardy, {"tcp": plan.ports, "udp": plan.udp}))
    return plan


def admitted(app: App, name: str) -> Scope:
    """The verified scope of a file, or the workspace's own by name or id. Raises Refused, InvalidFile, UsageError."""
    scope, _ = verify(app, name)
    if scope.site != app.site:
        raise Refused(
            "E3407",
            say(
                f"授权书属于站点 {scope.site}，本工作区是 {app.site}",
                f"the scope is for site {scope.site}, this workspace is {app.site}",
            ),
            where=scope.path,
            hint="secops config show",
        )
    return scope


def _engine(wanted: str, targets: IntervalSet) -> str:
    from secops.dial.wire.mmsg import capable

    if wanted not in {"auto", "syn", "connect"}:
        raise UsageError(
            "E1407", say(f"不认识的引擎：{wanted}", f"unknown engine: {wanted}"), hint="auto, syn, connect"
        )
    if wanted == "auto":
        return "connect" if capable() or targets.intersect(_LOOPBACK) else "syn"
    if wanted == "syn" and (reason := capable()):
        raise UsageError("E1408", say("这里不能使用 SYN 引擎", "the SYN engine cannot run here"), why=reason)
    return wanted


def _ports(wanted: str, scope: Scope) -> tuple[int, ...]:
    allowed = scope.ports
    if not wanted:
        few = allowed.count() <= _FEW
        return tuple(n for n in (allowed if few else portlist.defaults()) if n in allowed and not portlist.forbidden(n))
    try:
        chosen = portlist.parse(wanted)
    except ValueError as error:
        raise UsageError(
            "E1409",
            say(f"看不懂的端口写法：{error}", f"not a port, range or group: {error}"),
            where=f"--ports {wanted[:80]}",
            hint="80,443,8000-8010,default,web,database",
        ) from error
    if not chosen:
        text, reason = say("没有可以询问的端口", "no port that may be asked"), portlist.left_alone(wanted)
        raise UsageError("E1409", text, where=f"--ports {wanted[:80]}", why=reason)
    outside = [n for n in chosen if n not in allowed]
    if outside:
        raise Refused(
            "E3402",
            say(f"端口 {outside[0]} 等 {len(outside)} 个不在授权内", f"{len(outside)} ports are not in the scope"),
            where=scope.id,
            why=", ".join(map(str, outside[:20])),
        )
    return chosen


def _udp(wanted: str, scope: Scope) -> tuple[int, ...]:
    """The UDP ports there is a collector for, where the scope allows them and `--ports` names them or nothing."""
    named = set(_ports(wanted, scope)) if wanted else set(DATAGRAM_PORTS)
    return tuple(n for n in DATAGRAM_PORTS if n in scope.ports and n in named and not portlist.forbidden(n))


def _ping(engine: str) -> bool:
    return engine == "syn"


def _raw(*, wanted: bool) -> bool:
    """Raises UsageError where addresses shall be pinged and cannot be."""
    from secops.dial.wire.mmsg import capable

    if wanted and (reason := capable()):
        raise UsageError("E1408", say("这里不能发送 ICMP 与 ARP", "no ICMP or ARP can be sent here"), why=reason)
    return wanted


def _deep(addresses: tuple[str, ...], scope: Scope) -> tuple[str, ...]:
    if not addresses:
        return ()
    try:
        wanted = IntervalSet.parse(addresses)
    except ValueError as error:
        raise UsageError("E1410", say("看不懂的地址", "not an address"), where="--deep", why=str(error)) from error
    if wanted.minus(scope.targets):
        raise Refused(
            "E3403",
            say("深入查看的地址不在授权内", "an address of --deep is not in the scope"),
            where=str(wanted.minus(scope.targets))[:200],
        )
    if wanted.count() > 1_024:
        raise UsageError("E1411", say("深入查看最多 1024 台", "--deep takes at most 1,024 hosts"))
    if scope.level < Level.ACTIVE:
        raise Refused("E3404", say("授权书不允许深入查看", "the scope does not allow a deep look"), where=scope.id)
    if not nmap_bridge.available():
        raise UsageError("E3301", say("没有安装 nmap", "nmap is not installed"), hint="apt install nmap")
    return tuple(wanted.addresses())


@dataclass(slots=True)
class Opened:
    """An open Gate and what works under it."""

    app: App
    plan: Plan
    gate: Gate
    resolver: Resolver
    named: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    left_out: Mapping[str, int] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    kit: Kit | None = None
    """nmap's probes, where they are installed."""
    without_ipv6: frozenset[str] = frozenset()
    """Names known to have no IPv6 address."""

    looked_up: float = 0.0
    manners: Manners = field(init=False)
    """The Gate, narrowed: what every finder and loop is given."""

    def __post_init__(self) -> None:
        self.manners = Manners(self.gate, self.app.clock, self.plan.pps_per_network or self.plan.pps)

    def names(self) -> Mapping[str, tuple[str, ...]]:
        """Address -> host names of the scope, asked for again when they are older than five minutes."""
        now = self.app.clock.monotonic()
        if now - self.looked_up > _NAMES_SECONDS and self.plan.names:
            self.looked_up = now
            self.named, _ = _look_up(self.resolver, self.plan.names, self.gate.scope.targets)
        return self.named

    def finder(self, draining: Callable[[], bool], *, polite: bool = False) -> Finder:
        """The engine of the plan; polite: a quarter of a host's rate, asked once."""
        pps = self.plan.pps_per_host / (POLITE_SHARE if polite else 1)
        if self.plan.engine == "syn":
            from secops.dial.wire.syn import ATTEMPTS, SynFinder

            finder = SynFinder(
                self.manners, self.app.clock, pps_per_host=pps, draining=draining, leaving=leaving(self.app.config),
                attempts=1 if polite else ATTEMPTS,
            )  # fmt: skip
            finder.survey(self.plan.addresses)
            return finder
        bounds = Bounds(concurrency=self.app.config.number("discover.concurrency"), per_host=16)
        if polite:
            bounds = replace(bounds, per_host=1)
        return ConnectFinder(
            self.manners, self.app.clock, pps_per_host=pps, bounds=bounds, draining=draining,
            tick=lambda: _ignore(draining()),
        )  # fmt: skip

    def beside(self, run: str, draining: Callable[[], bool], tick: Callable[[], None]) -> Connectionless:
        """What runs the blocks of UDP ports and of addresses themselves."""
        pps = self.plan.pps_per_host
        return Connectionless(
            run=run,
            site=self.plan.site,
            observer=self.app.observer,
            asker=DatagramFinder(self.manners, self.app.clock, pps_per_host=pps, payloads=openings, draining=draining),
            pinger=PingFinder(self.manners, self.app.clock, pps_per_host=pps, draining=draining),
            loop=lambda: DatagramLoop(self.manners, self.app.clock, pps_per_host=pps, tick=tick),
            clock=self.app.clock,
            draining=draining,
            names=self.plan.names,
            active=(lambda: self.loop(tick)) if self.plan.level >= Level.ACTIVE else None,
            probing=self._probing(tick) if self.plan.level >= Level.ACTIVE else None,
            kit=self.kit,
            polite=DatagramFinder(
                self.manners, self.app.clock, pps_per_host=pps / POLITE_SHARE, draining=draining, attempts=1,
                payloads=politest, canaries=0,
            ),
        )  # fmt: skip

    def _probing(self, tick: Callable[[], None]) -> Callable[[], DatagramLoop]:
        level, bounds = Level(self.plan.level), Bounds(seconds=120.0, commands=400)
        return lambda: DatagramLoop(
            self.manners, self.app.clock, pps_per_host=self.plan.pps_per_host, level=level, bounds=bounds, tick=tick
        )

    def polite(self, tick: Callable[[], None]) -> Loop:
        """The loop for fragile hosts: slow, one connection at a time, none a second time."""
        bounds = Bounds(concurrency=64, per_host=1, redials=0)
        pps = self.plan.pps_per_host / POLITE_SHARE
        return Loop(self.manners, self.app.clock, pps_per_host=pps, level=Level.GENTLE, bounds=bounds, tick=tick)

    def loop(self, tick: Callable[[], None]) -> Loop:
        """The loop that identifies. At level ACTIVE silence takes thirty probes, TLS a connection a suite."""
        concurrency = self.app.config.number("discover.concurrency")
        bounds = Bounds(concurrency=concurrency)
        if self.plan.level >= Level.ACTIVE:
            bounds = Bounds(concurrency=concurrency, seconds=300.0, commands=1_000, redials=tls_offer.QUESTIONS_MOST)
        return Loop(
            self.manners, self.app.clock, pps_per_host=self.plan.pps_per_host, level=Level(self.plan.level),
            bounds=bounds, tick=tick,
        )  # fmt: skip

    def deep(self, run: str, app: App) -> Iterator[list[Observation] | str]:
        """Look with nmap at the chosen hosts, a batch at a time: observations, or why none. Raises Refused."""
        from secops.intake.nmap_xml import read

        for v6 in (False, True):
            hosts = [each for each in self.plan.deep if (":" in each) == v6]
            for start in range(0, len(hosts), nmap_bridge.HOSTS_MOST):
                batch = tuple(hosts[start : start + nmap_bridge.HOSTS_MOST])
                try:
                    answer = nmap_bridge.look(batch, self.plan.ports, self.manners, app.clock, pps=self.plan.pps)
                    seen = list(read(BytesIO(answer.xml.encode()), self.plan.site, app.observer, run))
                except Refused:
                    raise
                except SecopsError as error:
                    yield str(error)
                    continue
                yield [each for each in seen if isinstance(each, Observation)]
                if not answer.complete:
                    yield say(f"nmap 没有跑完：{answer.detail}", f"nmap did not finish: {answer.detail}")

    def close(self) -> None:
        """Flush the audit summary, end the matcher's processes."""
        if self.kit is not None:
            self.kit.matcher.close()
        self.gate.close()


def leaving(config: Config) -> Leaving:
    """How raw packets leave, as `[wire]` says. Raises UsageError."""
    gateways, source, vlan = config.texts("wire.gateway"), config.texts("wire.source"), config.number("wire.vlan")
    try:
        families = [[ip_address(each).version for each in chosen] for chosen in (gateways, source)]
        if not 0 <= vlan <= 4094 or any(len(set(each)) < len(each) for each in families):
            raise ValueError(f"vlan {vlan}, {', '.join((*gateways, *source))}")
    except ValueError as error:
        raise UsageError(
            "E3209",
            say("[wire] 配置不对", "a [wire] setting is wrong"),
            why=str(error),
            hint=say("VLAN 号 0 至 4094；每族地址至多一个", "a VLAN is 0 to 4094; one address a family at most"),
        ) from error
    return Leaving(config.text("wire.interface"), gateways, source, vlan)


def _ignore(_: bool) -> None:
    """Called for what it does."""


def open_run(app: App, plan: Plan, operator: str) -> Opened:
    """Verify the scope again, compare it with the plan's, open the Gate, look up the names. Raises Refused."""
    scope = admitted(app, plan.scope_id)
    if scope.digest != plan.scope_digest:
        raise Refused(
            "E3405",
            say("授权书在计划之后改过", "the scope changed after the plan was made"),
            where=plan.scope_id,
            hint=say("重新生成计划", "make the plan again"),
        )
    if plan.collectors != labels():
        raise Refused(
            "E3406",
            say("程序的采集器与计划不同", "this program's collectors are not those of the plan"),
            why=f"{', '.join(plan.collectors)} -> {', '.join(labels())}",
            hint=say("重新生成计划", "make the plan again"),
        )
    warnings: list[str] = []
    kit = probes.kit(app, plan, warnings)
    larger = app.config.text("discover.fingerprints")
    SHELF.add(str(app.workspace.root / larger) if larger else "")
    gate = Gate(scope, clock=app.clock, audit=app.audit, epoch=app.epoch, operator=operator)
    gate.give_back(gate.lease(Level.GENTLE, 1).budget)
    hosts = read_hosts(app.workspace.root / scope.hosts) if scope.hosts else {}
    resolver = Resolver(scope.resolvers, app.clock, hosts=hosts)
    named, unknown = _look_up(resolver, plan.names, scope.targets)
    left = {say("域名解析不到授权内的地址", "names without an address in scope"): unknown} if unknown else {}
    lacking = frozenset(each for each in plan.names if "*" not in each and resolver.lacks_ipv6(each))
    return Opened(app, plan, gate, resolver, named, left, warnings, kit, lacking, app.clock.monotonic())


def _look_up(
    resolver: Resolver, names: tuple[str, ...], targets: IntervalSet
) -> tuple[dict[str, tuple[str, ...]], int]:
    """Address -> names, and how many names have no address among the targets."""
    named: dict[str, tuple[str, ...]] = {}
    unknown = 0
    for name in names:
        addresses = [] if "*" in name else [each for each in resolver.resolve(name) if each in targets]
        unknown += not addresses and "*" not in name
        for each in addresses:
            named[each] = (*named.get(each, ()), name)
    return named, unknown
