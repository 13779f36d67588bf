"""Blocks that need no connection: UDP ports with their collectors, and the addresses themselves (echo, ARP, ND)."""

from collections import Counter
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Protocol

from secops.core.clock import Clock
from secops.core.model import Coverage, Observation, Status, Target, Transport, Value
from secops.dial.datagram import Answered
from secops.dial.datagram_loop import DatagramJob
from secops.dial.finder import Tally
from secops.dial.talk import Job, Outcome
from secops.dial.wire.ping import Alive
from secops.discover.collectors import service, zone
from secops.discover.collectors.datagrams import conversation, openings, overheard
from secops.discover.collectors.interface import Reading
from secops.discover.hardware import vendor
from secops.discover.plan import Block
from secops.discover.probes.ask import Kit, Verdict, ask
from secops.discover.run import Done, Found
from secops.scope.intervals import IntervalSet

_PORT_LABEL = "port@1"
DNS = 53
_SHARED = 16
"""More addresses than this behind one hardware address: a router that answers for them, no machine."""

_Searching = Generator[Found | Observation, None, Tally]


class Asker(Protocol):
    """What is used of the finder of UDP ports."""

    def find(self, addresses: IntervalSet, ports: tuple[int, ...], *, seed: int) -> Iterator[Answered | Tally]: ...


class Pinger(Protocol):
    """What is used of the finder of addresses."""

    def find(self, addresses: IntervalSet, *, seed: int) -> Iterator[Alive | Tally]: ...


class Jobs(Protocol):
    """What is used of the loop."""

    def run(self, jobs: Iterator[Job]) -> Iterator[Outcome]: ...


@dataclass(slots=True)
class Connectionless:
    """Runs the blocks of a plan that are not TCP."""

    run: str
    site: str
    observer: str
    asker: Asker
    pinger: Pinger
    loop: Callable[[], Jobs]
    clock: Clock
    draining: Callable[[], bool]
    names: tuple[str, ...] = ()
    """Host names of the scope: their zones are asked for."""
    active: Callable[[], Jobs] | None = None
    """A loop of TCP at level ACTIVE, where the plan goes so far: for zone transfers."""
    probing: Callable[[], Jobs] | None = None
    """A loop of UDP at level ACTIVE, where the plan goes so far: for nmap's probes."""
    kit: Kit | None = None
    """nmap's probes, where they are installed."""
    polite: Asker | None = None
    """Asks fragile hosts: once, slowly, with the first question only."""

    def block(self, block: Block, seed: int) -> Iterator[Found | Observation | Done]:
        """Everything of one block, Done last. Raises `core.errors.Refused` when the Gate ends the run."""
        tally = yield from (self._ports if block.transport is Transport.UDP else self._addresses)(block, seed)
        if tally.ended == "refused":
            yield Done(None, tally, tally.ended)
        elif tally.ended != "done" or self.draining():
            yield Done(None, tally, "drained")
        else:
            coverage = Coverage(
                run=self.run,
                block=block.number,
                ranges=replace(block, addresses=block.addresses.minus(tally.left)).ranges,
                ports=block.ports,
                transport=block.transport,
                asked=max(0, block.targets - tally.refused - tally.unrouted),
                answered=tally.answered,
                refused=tally.refused,
                canary=tally.alive,
            )
            yield Done(coverage, tally, "done")

    def _ports(self, block: Block, seed: int) -> _Searching:
        """Who answers at all, then a conversation with each of them; of fragile hosts the first answer is all."""
        answered: list[Answered] = []
        tally: Tally | None = None
        asker = self.polite if block.polite and self.polite is not None else self.asker
        for event in asker.find(block.addresses, block.ports, seed=seed + block.number):
            if isinstance(event, Tally):
                tally = event
            else:
                answered.append(event)
                yield Found(len(answered))
        assert tally is not None
        if block.polite:
            yield from (self._overheard(each) for each in answered)
        elif tally.ended != "refused":
            servers: dict[str, str] = {}
            for outcome in self.loop().run(self._job(each) for each in answered if not self.draining()):
                if outcome.status is not Status.OUT_OF_SCOPE:
                    seen = self._understood(outcome)
                    if seen.facts.get("service.name") == "domain":
                        servers[seen.target.address] = str(seen.facts.get("service.hostname", ""))
                    yield seen
            yield from self._transfers(servers)
            yield from self._probed(answered)
        return tally

    def _overheard(self, each: Answered) -> Observation:
        target = Target(each.address, each.port, Transport.UDP)
        outcome = Outcome(target, Status.SUCCESS, "", overheard(target, each.data))
        return self._understood(outcome)

    def _probed(self, answered: list[Answered]) -> Iterator[Observation]:
        """What nmap's probes make of the ports that answered."""
        kit = self.kit
        if kit is None or self.probing is None:
            return
        targets = (Target(each.address, each.port, Transport.UDP) for each in answered)
        jobs = (DatagramJob(each, partial(ask, each, kit)) for each in targets if not self.draining())
        for outcome in self.probing().run(jobs):
            if isinstance(outcome.result, Verdict) and (told := service.describe(outcome.result)).facts:
                yield self._seen(
                    told.collector, outcome.target, told.status, dict(told.facts),
                    extra=told.extra, digest=outcome.raw_digest,
                )  # fmt: skip

    def _transfers(self, servers: dict[str, str]) -> Iterator[Observation]:
        """Does any of these name servers (address -> what it calls itself) give away a zone?"""
        if self.active is None or not servers:
            return
        jobs = (self._transfer(address, name) for address, name in servers.items() if not self.draining())
        for outcome in self.active().run(jobs):
            if isinstance(outcome.result, Reading) and outcome.result.facts:
                yield self._understood(outcome)

    def _transfer(self, address: str, hostname: str) -> Job:
        target = Target(address, DNS)
        return Job(target, partial(zone.ask, target, zone.zones(target, self.names, hostname)))

    def _addresses(self, block: Block, seed: int) -> _Searching:
        """Which addresses answer to an echo, or on our own link to ARP or ND."""
        behind: Counter[str] = Counter()
        for event in self.pinger.find(block.addresses, seed=seed + block.number):
            if isinstance(event, Tally):
                return event
            facts: dict[str, Value] = {}
            extra: dict[str, object] = {}
            if event.hardware:
                behind[event.hardware] += 1
                if behind[event.hardware] > _SHARED:
                    extra["shared_hardware"] = event.hardware
                else:
                    facts["host.mac"] = (event.hardware,)
                    if maker := vendor(event.hardware):
                        facts["device.vendor"] = maker
            yield self._seen(f"{event.how}@1", Target(event.address), Status.SUCCESS, facts, extra=extra)
        raise AssertionError("a finder ends with its tally")

    def _job(self, each: Answered) -> Job:
        target = Target(each.address, each.port, Transport.UDP)
        known = dict.fromkeys(openings(target), each.data) if each.data else {}
        return DatagramJob(target, partial(conversation, target), known)

    def _understood(self, outcome: Outcome) -> Observation:
        """The reading, or that something unknown answers there."""
        reading = outcome.result
        if isinstance(reading, Reading) and reading.facts:
            return self._seen(
                reading.collector, outcome.target, reading.status, dict(reading.facts),
                extra=reading.extra, digest=outcome.raw_digest,
            )  # fmt: skip
        why = reading.status if isinstance(reading, Reading) else outcome.status
        extra: dict[str, object] = {"identified": str(why)}
        if outcome.detail:
            extra["detail"] = outcome.detail
        return self._seen(_PORT_LABEL, outcome.target, Status.OPEN, {}, extra=extra, digest=outcome.raw_digest)

    def _seen(
        self,
        collector: str,
        target: Target,
        status: Status,
        facts: dict[str, Value],
        *,
        extra: Mapping[str, object],
        digest: str = "",
    ) -> Observation:
        return Observation(
            site=self.site,
            observer=self.observer,
            run=self.run,
            collector=collector,
            target=target,
            seen_at=self.clock.now(),
            status=status,
            facts=facts,
            extra=extra,
            raw_digest=digest,
        )
