"""A plan between making and running: told to a person, saved to a file, read back with its hash."""

import json
from pathlib import Path

from secops.core.errors import InvalidFile
from secops.core.language import say
from secops.core.model import Target, Transport
from secops.discover.collectors import tls_offer
from secops.discover.collectors.datagrams import collector_of, openings
from secops.discover.collectors.dispatch import ANYWHERE, COLLECTORS, opening
from secops.discover.collectors.interface import Collector
from secops.discover.collectors.service import DEEPER
from secops.discover.connectionless import DNS
from secops.discover.depth import Depth
from secops.discover.plan import Plan, decode, estimate
from secops.discover.ports import left_alone
from secops.discover.probes.file import shown
from secops.scope.intervals import IntervalSet
from secops.scope.level import Level
from secops.scope.ports import PortSet

__all__ = ["Plan", "described", "left_alone", "load", "saved"]

_NETWORKS_MOST = 20
_MOST = 64 << 20
"""Bytes of a plan file."""


def saved(made: Plan) -> str:
    """The text of the plan's file."""
    document = {"secops": "discover-plan", "hash": made.hash, "plan": made.document()}
    return json.dumps(document, default=list, ensure_ascii=False, indent=1) + "\n"


def load(path: Path) -> Plan:
    """The saved plan. Raises InvalidFile."""
    try:
        if path.stat().st_size > _MOST:
            raise ValueError("too large")
        document = json.loads(path.read_text(encoding="utf-8"))
        plan_part, stated = document["plan"], document["hash"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InvalidFile(
            "E1403", say("不是计划文件", "not a plan file"), where=str(path), why=str(error)[:200]
        ) from error
    if not isinstance(plan_part, dict):
        raise InvalidFile("E1403", say("不是计划文件", "not a plan file"), where=str(path))
    made = decode(plan_part, str(path))
    if made.hash != stated:
        raise InvalidFile("E1405", say("计划内容与其摘要不符", "the plan does not match its hash"), where=str(path))
    return made


def described(made: Plan, probes: tuple[str, ...] = ()) -> dict[str, object]:
    """Everything a person should know before saying yes. `probes`: nmap's, as `discover_probes.shown` tells them."""
    guess = estimate(made)
    return {
        "scope": made.scope_id,
        "title": made.title,
        "engine": made.engine,
        "addresses": guess.addresses,
        "ports": str(PortSet.parse(made.ports)),
        "udp": str(PortSet.parse(made.udp)),
        "ping": made.ping,
        "targets": guess.targets,
        "blocks": guess.blocks,
        "packets": guess.packets,
        "seconds": guess.seconds,
        "rate": f"{made.pps}/{made.pps_per_network or made.pps}/{made.pps_per_host} pps",
        "networks": _networks(made),
        "shard": f"{made.shard[0]}/{made.shard[1]}",
        "first": sum(IntervalSet.parse(each.targets).count() * len(each.ports) for each in made.first),
        "fragile": made.fragile,
        "look": made.look,
        "level": Level(made.level).title,
        "intrusive": _intrusive(made),
        "sends": (*_sends(made), *probes),
        "deep": made.deep,
        "cannot_predict": (
            say("开放端口的数量，因而识别报文数", "how many ports are open, hence the packets of identification"),
            *((say("nmap 服务识别所发的内容", "what nmap's service probes send"),) if made.deep else ()),
        ),
        "hash": made.hash,
    }


def _networks(made: Plan) -> tuple[str, ...]:
    """Addresses and packets of each network of the scope, the largest first, where there are several."""
    if len(made.targets) < 2:
        return ()
    whole = estimate(made)
    sized = sorted(((IntervalSet.parse([each]).count(), each) for each in made.targets), key=lambda each: -each[0])
    told = [
        f"{each}: {count:,} {say('个地址', 'addresses')}, ≤ {whole.packets * count // max(1, whole.addresses):,}"
        f" {say('个报文', 'packets')}"
        for count, each in sized[:_NETWORKS_MOST]
    ]
    rest = sum(count for count, _ in sized[_NETWORKS_MOST:])
    more = len(sized) - _NETWORKS_MOST
    return (*told, *((say(f"另 {more} 个网段，{rest:,} 个地址", f"{more} more, {rest:,} addresses"),) if rest else ()))


def _intrusive(made: Plan) -> str:
    """What the targets will notice, in one sentence."""
    if made.level >= Level.ACTIVE:
        return say(
            "会建立连接、读问候语、取首页、做 TLS 握手，并发送服务识别探针；目标日志里会有记录，不登录、不写入",
            "connects, greetings, front pages, TLS handshakes and service probes; targets will log it; "
            "no logins, nothing written",
        )
    return say(
        "只做普通客户端会做的事：建立连接、读问候语、取一次首页、TLS 握手；不登录、不写入",
        "only what any client does: connects, greetings, one front page, a TLS handshake; no logins, nothing written",
    )


def _possible(each: Collector, made: Plan) -> bool:
    """Can this collector be asked under the plan: on any port, on one of the plan's, or after nmap's probes?"""
    if not made.ports:
        return False
    deeper = made.level >= Level.ACTIVE and bool(made.probes) and each.name in DEEPER.values()
    return each.name in ANYWHERE or deeper or not each.ports.isdisjoint(made.ports)


def _first(each: Collector) -> str:
    said = opening(each, Target("192.0.2.1", min(each.ports, default=1)))
    return f"; {say('首包', 'first')} {shown(said)}" if said else ""


def _swept(depth: Depth) -> tuple[str, ...]:
    """What a sweep sends."""
    if depth is Depth.PORT:
        return (say("只确认端口开放，不与服务交谈", "whether the port is open and nothing more"),)
    if depth is Depth.CERTIFICATE:
        return (f"tls@1: {tls_offer.SENDS[0]}; ClientHello (TLS 1.0-1.3)",)
    return ("http@1: GET / HTTP/1.1", "tls@1: ClientHello (TLS 1.0-1.3)")


def _sends(made: Plan) -> tuple[str, ...]:
    """What each collector may put on the wire and the bytes it begins with; over UDP in hexadecimal, marks included."""
    if made.look != Depth.FULL:
        return _swept(Depth(made.look)) if made.ports else ()
    told = [
        f"{each.label}: {'; '.join(each.sends) or say('只听', 'listens')}{_first(each)}"
        for each in COLLECTORS
        if each.name != "service" and _possible(each, made)
    ]
    if made.ports:
        hellos = (tls_offer.SENDS_ACTIVE,) if made.level >= Level.ACTIVE else tls_offer.SENDS
        most = tls_offer.QUESTIONS_MOST if made.level >= Level.ACTIVE else len(hellos) + 1
        where = say(
            f"说 TLS 或听不懂的端口，每个至多 {most} 次连接",
            f"where TLS or nothing known is spoken, {most} times at most",
        )
        told.append(f"{tls_offer.LABEL}: {'; '.join(hellos)} ({where})")
    for port in made.udp:
        collector = collector_of(port)
        if collector is not None:
            first = " | ".join(each.hex() for each in openings(Target("192.0.2.1", port, Transport.UDP)))
            told.append(f"{collector.label} udp/{port}: {'; '.join(collector.sends)}; {say('首包', 'first')} {first}")
    if DNS in made.udp and made.level >= Level.ACTIVE:
        told.append(
            say("zone@1 tcp/53：AXFR，每台服务器至多四个区", "zone@1 tcp/53: AXFR, four zones a server at most")
        )
    if made.probes:
        told.append(
            say(
                f"service@1: 本机 nmap 的服务探针，SHA-256 {made.probes}",
                f"service@1: the installed nmap's probes, SHA-256 {made.probes}",
            )
        )
    if made.ping:
        told.append(say("ping@1: ICMP 回显，20 字节随机标记", "ping@1: ICMP echo, 20 random bytes"))
        told.append(
            say("arp@1: 本网段 ARP 询问、IPv6 邻居请求", "arp@1: ARP and neighbour solicitation on our own links")
        )
    return tuple(told)
