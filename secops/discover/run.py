"""One block: find open ports, ask each what it is, follow redirects within scope; tell it as observations."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Protocol
from urllib.parse import urlsplit

from secops.core.clock import Clock
from secops.core.model import Coverage, Observation, Status, Target, Transport
from secops.dial.finder import AnswersAll, Finder, Open, Tally
from secops.dial.talk import Job, Outcome
from secops.discover import fragile
from secops.discover.brake import Brake
from secops.discover.collectors import tls, tls_offer
from secops.discover.collectors.dispatch import follow
from secops.discover.collectors.interface import Reading
from secops.discover.crowd import collapse
from secops.discover.depth import Depth, look
from secops.discover.plan import Block
from secops.discover.probes.ask import Kit
from secops.scope.intervals import IntervalSet
from secops.scope.level import Level

HOPS = 3
_PORT_LABEL = "port@1"
_CROWD_LABEL = "crowd@1"
_FRONT_PAGE = ("http.status_code", "http.location", "http.body_sha256", "http.headers")
"""What only the front page may say of a service; of a redirect's target it is kept beside the facts."""


class Jobs(Protocol):
    """What is used of the loop."""

    def run(self, jobs: Iterator[Job]) -> Iterator[Outcome]: ...


class Names(Protocol):
    """What is used of the resolver."""

    def resolve(self, name: str) -> tuple[str, ...]: ...


@dataclass(slots=True)
class Done:
    """The end of a block: its coverage, unless it was left unfinished."""

    coverage: Coverage | None
    tally: Tally
    ended: str


@dataclass(frozen=True, slots=True)
class Found:
    """How many open ports so far, for the progress line."""

    open: int


class Restraint(Protocol):
    """What is used of `scope.manners`."""

    def among(self, addresses: "IntervalSet | list[str]") -> None: ...

    def spare(self, address: str) -> None: ...

    @property
    def spared(self) -> IntervalSet: ...


class Beside(Protocol):
    """What runs the blocks that are not TCP."""

    def block(self, block: Block, seed: int) -> "Iterator[Found | Observation | Done]": ...


@dataclass(slots=True)
class Look:
    """Runs blocks. `admits` is the Gate's static check, for redirects; `names` answers within scope's resolvers."""

    run: str
    site: str
    observer: str
    finder: Finder
    loop: Callable[[], Jobs]
    clock: Clock
    admits: Callable[[str, int], bool]
    names: Names
    draining: Callable[[], bool]
    named: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Address -> host names of the scope that resolve to it."""
    beside: Beside | None = None
    """Takes the blocks of UDP ports and of addresses themselves."""
    level: Level = Level.GENTLE
    depth: Depth = Depth.FULL
    kit: Kit | None = None
    """nmap's probes, where they are installed."""
    manners: Restraint | None = None
    """Narrows what the finder and the loops may send."""
    slow: Finder | None = None
    """Finds the open ports of fragile hosts."""
    polite: Callable[[], Jobs] | None = None
    """The loop for fragile hosts: slow, one connection at a time."""
    brake: Brake = field(default_factory=Brake)
    fragile: dict[str, None] = field(default_factory=dict)
    """Hosts that got one polite look only."""
    waiting: dict[Target, float] = field(default_factory=dict)
    """What is being looked at, and since when."""

    def block(self, block: Block, seed: int) -> Iterator[Found | Observation | Done]:
        """Everything of one block, Done last. Raises `core.errors.Refused` when the Gate ends the run."""
        self.waiting.clear()
        if self.manners is not None:
            self.manners.among(block.addresses)
        if self.beside is not None and (block.transport is not Transport.TCP or block.ports == (0,)):
            yield from self._beside(self.beside, block, seed)
            return
        opened: list[Open] = []
        told: list[AnswersAll] = []
        tally: Tally | None = None
        finder = self.slow if block.polite and self.slow is not None else self.finder
        for event in finder.find(block.addresses, block.ports, seed=seed + block.number):
            if isinstance(event, Tally):
                tally = event
            elif isinstance(event, AnswersAll):
                told.append(event)
            else:
                opened.append(event)
                yield Found(len(opened))
        assert tally is not None
        if tally.ended == "refused":
            yield Done(None, tally, tally.ended)
            return
        asked, loud = collapse(opened, told, len(block.ports))
        for address, each in loud:
            yield self._crowd(address, each)
        weak = (
            frozenset(each.address for each in asked)
            if block.polite
            else fragile.hosts((each.address, each.port) for each in opened)
        )
        if self.manners is not None and asked:
            self.manners.among([each.address for each in asked])
        yield from self._identify(self._targets([each for each in asked if each.address not in weak]))
        yield from self._politely([each for each in asked if each.address in weak])
        if tally.ended != "done" or self.draining():
            yield Done(None, tally, "drained")
            return
        coverage = Coverage(
            run=self.run,
            block=block.number,
            ranges=replace(block, addresses=block.addresses.minus(self._unseen(tally))).ranges,
            ports=block.ports,
            asked=max(0, block.targets - tally.refused - tally.unrouted),
            answered=tally.answered,
            refused=tally.refused,
            canary=tally.alive,
        )
        yield Done(coverage, tally, "done")

    def _beside(self, beside: Beside, block: Block, seed: int) -> Iterator[Found | Observation | Done]:
        """A block that is not TCP; hosts left alone meanwhile are no part of its coverage."""
        for event in beside.block(block, seed):
            if isinstance(event, Done) and event.coverage is not None:
                looked_at = replace(block, addresses=block.addresses.minus(self._unseen(event.tally)))
                event.coverage = replace(event.coverage, ranges=looked_at.ranges)
            yield event

    def _unseen(self, tally: Tally) -> IntervalSet:
        """Addresses that were not looked at to the end: their silence means nothing."""
        return tally.left if self.manners is None else tally.left.union(self.manners.spared)

    def _politely(self, opened: list[Open]) -> Iterator[Observation]:
        """One look at each of a fragile host's ports, one after the other."""
        if not opened:
            return
        self.fragile |= dict.fromkeys(each.address for each in opened)
        targets = self._until_drained(Target(each.address, each.port) for each in opened)
        jobs = (Job(each, partial(fragile.polite, each)) for each in targets)
        for outcome in (self.polite or self.loop)().run(jobs):
            yield from self._observations(outcome, [])

    def _targets(self, opened: list[Open]) -> Iterator[Target]:
        for each in opened:
            yield Target(each.address, each.port)
            for name in self.named.get(each.address, ()):
                yield Target(each.address, each.port, name=name)

    def _identify(self, targets: Iterator[Target]) -> Iterator[Observation]:
        hops: list[tuple[Target, str, bool]] = []
        offers: dict[Target, bool] = {}
        if self.depth is Depth.PORT:
            yield from (self._port(each, Status.OPEN, {}) for each in targets if not each.name)
            return
        jobs = (Job(each, partial(look, self.depth, each, self.kit)) for each in self._until_drained(targets))
        for outcome in self.loop().run(jobs):
            yield from self._observations(outcome, hops)
            if (secure := _speaks_tls(outcome)) is not None:
                offers[outcome.target] = secure
        if self.depth is not Depth.FULL:
            return
        yield from self._offers(offers)
        seen: set[str] = set()
        for _ in range(HOPS):
            now = [each for each in hops if f"{each[0]}{each[1]}" not in seen]
            if not now:
                return
            hops = []
            seen.update(f"{target}{path}" for target, path, _ in now)
            paths = {str(target): path for target, path, _ in now}
            more = (Job(t, partial(follow, t, p, secure=s)) for t, p, s in now if not self.draining())
            for outcome in self.loop().run(more):
                yield from self._observations(outcome, hops, paths.get(str(outcome.target), "/"))

    def _offers(self, offers: dict[Target, bool]) -> Iterator[Observation]:
        """What the ports that speak TLS, or nothing understood, would agree to."""
        thorough = self.level >= Level.ACTIVE
        targets = self._until_drained(iter(offers))
        jobs = (Job(t, partial(tls_offer.ask, t, thorough=thorough, secure=offers[t])) for t in targets)
        for outcome in self.loop().run(jobs):
            self.waiting.pop(outcome.target, None)
            told = outcome.result
            if isinstance(told, Reading) and told.facts:
                yield Observation(
                    site=self.site,
                    observer=self.observer,
                    run=self.run,
                    collector=told.collector,
                    target=outcome.target,
                    seen_at=self.clock.now(),
                    status=told.status,
                    facts=told.facts,
                    extra=told.extra,
                    raw_digest=outcome.raw_digest,
                )

    def _observations(
        self, outcome: Outcome, hops: list[tuple[Target, str, bool]], path: str = ""
    ) -> Iterator[Observation]:
        self.waiting.pop(outcome.target, None)
        if outcome.status is Status.OUT_OF_SCOPE:
            if outcome.target.address in self.brake.hosts and not path:
                yield self._port(outcome.target, Status.OPEN, {"identified": str(Status.LIMIT), "why": "braked"})
            return
        if not path and self.brake.silences(outcome) and self.manners is not None:
            self.manners.spare(outcome.target.address)
        readings = outcome.result if isinstance(outcome.result, tuple) else ()
        good = [each for each in readings if each.facts]
        if not good:
            last = readings[-1] if readings else None
            word = "identified" if self.depth is Depth.FULL else self.depth  # a sweep not answered ends nothing known
            extra: dict[str, object] = {word: str(last.status if last else outcome.status)}
            extra |= dict(last.extra) if last else {}
            if outcome.detail:
                extra["detail"] = outcome.detail
            if not path:
                yield self._port(outcome.target, Status.OPEN, extra, outcome.raw_digest)
            return
        secure = any(each.facts.get("tls.enabled") is True for each in good)
        for reading in good:
            facts = dict(reading.facts)
            if reading.follow:
                outside = self._redirect(outcome.target, reading, secure, hops)
                facts |= {} if path and not any(outside.values()) else outside
            extra = dict(reading.extra)
            if path:
                extra |= {"path": path} | {name: facts.pop(name) for name in _FRONT_PAGE if facts.get(name) is not None}
            yield Observation(
                site=self.site,
                observer=self.observer,
                run=self.run,
                collector=f"{reading.collector}+hop" if path else reading.collector,
                target=outcome.target,
                seen_at=self.clock.now(),
                status=reading.status,
                facts=facts,
                extra=extra,
                raw_digest=outcome.raw_digest,
            )

    def _redirect(
        self, target: Target, reading: Reading, secure: bool, hops: list[tuple[Target, str, bool]]
    ) -> dict[str, bool]:
        """Is the redirect's target within scope? If so it is remembered as a target of its own."""
        try:
            place = urlsplit(reading.follow)
            port = place.port
            host = place.hostname or ""
        except ValueError:
            return {}
        if not place.scheme and not host:
            path = _path(place.path if place.path.startswith("/") else "/" + place.path, place.query)
            if path != "/":
                hops.append((target, path, secure))
            return {"http.redirect_out_of_scope": False}
        if place.scheme not in {"http", "https", ""}:
            return {"http.redirect_out_of_scope": True}
        to_tls = place.scheme == "https" or (not place.scheme and secure)
        port = port or (443 if to_tls else 80)
        if host in {target.name, target.address}:
            addresses: tuple[str, ...] = (target.address,)
        else:
            addresses = self.names.resolve(host)
        inside = [each for each in addresses if self.admits(each, port)]
        if not inside:
            return {"http.redirect_out_of_scope": True}
        name = host if host not in inside else ""
        hops.append((Target(inside[0], port, name=name), _path(place.path or "/", place.query), to_tls))
        return {"http.redirect_out_of_scope": False}

    def _port(self, target: Target, status: Status, extra: dict[str, object], raw_digest: str = "") -> Observation:
        return Observation(
            site=self.site,
            observer=self.observer,
            run=self.run,
            collector=_PORT_LABEL,
            target=target,
            seen_at=self.clock.now(),
            status=status,
            extra=extra,
            raw_digest=raw_digest,
        )

    def _crowd(self, address: str, told: AnswersAll) -> Observation:
        """One observation for all that a host or a network claims to have open."""
        return Observation(
            site=self.site,
            observer=self.observer,
            run=self.run,
            collector=_CROWD_LABEL,
            target=Target(address),
            seen_at=self.clock.now(),
            status=Status.SUCCESS,
            facts={"ip.answers_all": True},
            extra={"network": told.network, "ports": told.ports, "whole": told.whole},
        )

    def oldest(self) -> str:
        """What has been looked at for longest, for whoever wonders why nothing moves. From any thread."""
        waiting = list(self.waiting.items())
        if not waiting:
            return ""
        target, since = min(waiting, key=lambda each: each[1])
        return f"{target} ({self.clock.monotonic() - since:.0f} s)"

    def _until_drained(self, targets: Iterator[Target]) -> Iterator[Target]:
        for each in targets:
            if self.draining():
                return
            self.waiting[each] = self.clock.monotonic()
            yield each


def _path(path: str, query: str) -> str:
    """A path fit for a request line: printable ASCII, bounded."""
    whole = (path + ("?" + query if query else ""))[:1_024]
    return "".join(c if 0x21 <= ord(c) < 0x7F else "%3F" for c in whole) or "/"


def _speaks_tls(outcome: Outcome) -> bool | None:
    """Is TLS spoken at this port? False where nothing is understood, which TLCP may be; None: not worth asking.

    What a server offers is asked for at its address, not once more under each name.
    """
    if outcome.target.name or not isinstance(outcome.result, tuple):
        return None
    if any(each.collector == tls.LABEL and each.facts.get("tls.enabled") is True for each in outcome.result):
        return True
    odd = {Status.PROTOCOL_ERROR, Status.CLOSED_EARLY}
    silent = not any(each.facts for each in outcome.result)
    return False if silent and outcome.result and outcome.result[-1].status in odd else None
