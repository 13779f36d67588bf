"""The unprivileged engine: ordinary connects, the kernel's own retransmission, and a second round for the silent."""

import random
from collections import Counter, deque
from collections.abc import Callable, Iterator
from ipaddress import ip_address

from secops.core.clock import Clock
from secops.core.errors import Refused
from secops.core.model import Status, Target
from secops.dial.budget import Leasing
from secops.dial.finder import DONE, DRAINED, REFUSED, AnswersAll, Found, Open, Tally
from secops.dial.loop import Loop
from secops.dial.talk import Bounds, Job
from secops.dial.wire.canary import Canaries
from secops.scope.intervals import IntervalSet
from secops.scope.level import Level

_MANY = 24
"""Open ports of a host from which it is asked on ports nobody listens on, to see whether it answers for all."""
_SHARE = 0.6
_ASKS, _PROOFS = 8, 6
_WITNESSES, _LOOKS = 8, 2
_FEW_PORTS = 4
"""Below so many ports a wholly silent host is asked again: losing all its answers is still thinkable."""


class ConnectFinder:
    """Finds open ports by connecting. A target silent in the first round is asked once more when its host lives."""

    name = "connect"

    def __init__(
        self,
        gate: Leasing,
        clock: Clock,
        *,
        pps_per_host: float,
        bounds: Bounds | None = None,
        draining: Callable[[], bool] = lambda: False,
        tick: Callable[[], None] = lambda: None,
    ) -> None:
        self._gate = gate
        self._clock = clock
        self._pps_per_host = pps_per_host
        self._bounds = bounds or Bounds(per_host=16)
        self._draining = draining
        self._tick = tick
        self._canaries = Canaries(pps_per_host)

    def find(self, addresses: IntervalSet, ports: tuple[int, ...], *, seed: int) -> Iterator[Found]:
        """Each open port once, then one Tally. A refusal of the Gate is told in the Tally, not raised."""
        begun = self._clock.monotonic()
        search = _Search(len(ports), self._canaries, self._clock, random.Random(seed))  # noqa: S311  no secret
        before = self._canaries.asked, self._canaries.lost
        ended, detail = DONE, ""
        try:
            search.spare = self._unlikely(ports, search.lot)
            first = (Target(address, port) for address, port in permuted(addresses, ports, seed))
            yield from self._round(search, first)
            search.again = True
            few = len(ports) < _FEW_PORTS
            yield from self._round(search, (each for each in search.silent if few or each.address in search.alive))
            yield from self._last(search)
            if self._draining():
                ended = DRAINED
        except Refused as refused:
            ended, detail = REFUSED, f"{refused.code}: {refused.what}"
        yield Tally(
            planned=addresses.count() * len(ports),
            sent=search.sent,
            answered=search.heard[Status.OPEN] + search.heard[Status.REFUSED],
            refused=search.heard[Status.OUT_OF_SCOPE],
            seconds=self._clock.monotonic() - begun,
            ended=ended,
            detail=detail,
            unreachable=search.heard[Status.UNREACHABLE],
            canaries=max(0, self._canaries.asked - before[0]),
            canaries_lost=max(0, self._canaries.lost - before[1]),
            alive=search.living,
        )

    def _round(self, search: "_Search", targets: Iterator[Target]) -> Iterator[Found]:
        loop = Loop(
            self._gate,
            self._clock,
            pps_per_host=self._pps_per_host,
            level=Level.GENTLE,
            bounds=self._bounds,
            tick=self._tick,
        )
        try:
            for outcome in loop.run(Job(each) for each in self._until_drained(search.among(targets))):
                yield from search.take(outcome.target, outcome.status)
        finally:
            search.sent += loop.spent

    def _last(self, search: "_Search") -> Iterator[Found]:
        """Doubts still open, and whether targets that answered before still answer."""
        yield from self._round(search, iter(()))
        before, asked = self._canaries.lost, 0
        for _ in range(_LOOKS):
            if not len(self._canaries) or self._draining():
                return
            asked += search.last(_WITNESSES)
            yield from self._round(search, iter(()))
            search.living = self._canaries.lost - before < max(1, asked // 2)
            if search.living:
                return

    def _unlikely(self, ports: tuple[int, ...], lot: random.Random) -> tuple[int, ...]:
        """Ports of the lease that nobody asked for, where hardly anybody listens."""
        lease = self._gate.lease(Level.GENTLE, 1)
        if lease.budget:
            self._gate.give_back(lease.budget)
        drawn = {lot.randrange(20_000, 60_000) for _ in range(8 * _ASKS)}
        return tuple(sorted(port for port in drawn.difference(ports) if port in lease.ports))

    def _until_drained(self, targets: Iterator[Target]) -> Iterator[Target]:
        for each in targets:
            if self._draining():
                return
            yield each


class _Search:
    """What one `find` has heard: whom to doubt, whom to ask again."""

    def __init__(self, ports: int, canaries: Canaries, clock: Clock, lot: random.Random) -> None:
        self._ports = ports
        self._canaries = canaries
        self._clock = clock
        self.lot = lot
        self.spare: tuple[int, ...] = ()
        self.heard: Counter[Status] = Counter()
        self.alive: set[str] = set()
        self.silent: list[Target] = []
        self.again = False
        """Is it the second round?"""
        self.sent = 0
        self.living: bool | None = None
        self._open: Counter[str] = Counter()
        self._shut: Counter[str] = Counter()
        self._doubts: dict[Target, str] = {}
        self._proofs: Counter[str] = Counter()
        self._loud: set[str] = set()
        self._watching: set[Target] = set()
        self._beside: deque[Target] = deque()

    def among(self, targets: Iterator[Target]) -> Iterator[Target]:
        """The targets, and between them canaries and doubts; hosts that answer for all are left out."""
        for each in targets:
            yield from self._asides()
            if each.address not in self._loud:
                self._canaries.sent(1)
                self._watch(self._canaries.due(self._clock.monotonic()))
                yield each
        yield from self._asides()

    def _asides(self) -> Iterator[Target]:
        while self._beside:
            yield self._beside.popleft()

    def _watch(self, questions: list[tuple[bytes, int]]) -> None:
        targets = [Target(str(ip_address(address)), port) for address, port in questions]
        self._watching.update(targets)
        self._beside.extend(targets)

    def last(self, most: int) -> int:
        """Ask so many canaries once more; how many."""
        questions = self._canaries.last(self._clock.monotonic(), most)
        self._watch(questions)
        return len(questions)

    def take(self, target: Target, status: Status) -> Iterator[Found]:
        """An outcome: of a canary, of a doubt, or of a target."""
        if target in self._watching:
            self._watching.discard(target)
            packed = ip_address(target.address).packed
            if status is Status.OPEN:
                self._canaries.heard(packed, target.port, self._clock.monotonic())
            else:
                self._canaries.silent(packed)
            return
        if target in self._doubts:
            self._proofs[self._doubts.pop(target)] += status is Status.OPEN
            if self._proofs[target.address] >= _PROOFS and target.address not in self._loud:
                self._loud.add(target.address)
                self._canaries.forget(ip_address(target.address).packed)
                yield AnswersAll(target.address, (), whole=True)
            return
        if status is Status.TIMEOUT and not self.again:
            self.silent.append(target)
            return
        self.heard[status] += 1
        if status is Status.REFUSED:
            self.alive.add(target.address)
            self._shut[target.address] += 1
        if status is Status.OPEN:
            self.alive.add(target.address)
            self._canaries.learn(ip_address(target.address).packed, target.port, self._clock.monotonic())
            self._doubt(target.address)
            if target.address not in self._loud:
                yield Open(target.address, target.port)

    def _doubt(self, address: str) -> None:
        self._open[address] += 1
        share = self._open[address] / (self._open[address] + self._shut[address])
        if self._open[address] == _MANY and share >= _SHARE and len(self.spare) >= _ASKS:
            for port in self.lot.sample(self.spare, _ASKS):
                self._doubts[Target(address, port)] = address
                self._beside.append(Target(address, port))


def permuted(addresses: IntervalSet, ports: tuple[int, ...], seed: int) -> Iterator[tuple[str, int]]:
    """Every (address, port) exactly once, neighbours far apart: a full-cycle linear congruence over the pairs.

    Hull-Dobell: modulus a power of two not below the count, increment odd, multiplier = 1 mod 4; numbers beyond the
    count are stepped over (at most as many again).
    """
    hosts = list(addresses.addresses())
    total = len(hosts) * len(ports)
    if not total:
        return
    modulus = 1 << max(2, (total - 1).bit_length())
    increment = (seed * 2 + 1) % modulus | 1
    multiplier = (((seed >> 16) * 8 + 0x9E3779B5) & ~3 | 1) % modulus | 1
    state = seed % modulus
    for _ in range(modulus):
        if state < total:
            port, host = divmod(state, len(hosts))
            yield hosts[host], ports[port]
        state = (state * multiplier + increment) % modulus
