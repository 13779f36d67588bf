"""The unprivileged engine: ordinary connects, the kernel's own retransmission, and a second round for the silent."""

from collections import Counter
from collections.abc import Callable, Iterator

from secops.core.clock import Clock
from secops.core.errors import Refused
from secops.core.model import Status, Target
from secops.dial.budget import Leasing
from secops.dial.finder import DONE, DRAINED, REFUSED, Open, Tally
from secops.dial.loop import Loop
from secops.dial.talk import Bounds, Job
from secops.scope.intervals import IntervalSet
from secops.scope.level import Level

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

    def find(self, addresses: IntervalSet, ports: tuple[int, ...], *, seed: int) -> Iterator[Open | Tally]:
        """Each open port once, then one Tally. A refusal of the Gate is told in the Tally, not raised."""
        begun = self._clock.monotonic()
        planned = addresses.count() * len(ports)
        heard: Counter[Status] = Counter()
        alive: set[str] = set()
        silent: list[Target] = []
        sent = 0
        ended, detail = DONE, ""
        try:
            for again in (False, True):
                if again:
                    targets = (
                        each for each in silent if each.address in alive or len(ports) < _FEW_PORTS
                    )  # read at once: `silent` is not added to in this round
                else:
                    targets = (Target(address, port) for address, port in permuted(addresses, ports, seed))
                loop = Loop(
                    self._gate,
                    self._clock,
                    pps_per_host=self._pps_per_host,
                    level=Level.GENTLE,
                    bounds=self._bounds,
                    tick=self._tick,
                )
                for outcome in loop.run(Job(each) for each in self._until_drained(targets)):
                    if outcome.status is Status.TIMEOUT and not again:
                        silent.append(outcome.target)
                        continue
                    heard[outcome.status] += 1
                    if outcome.status in {Status.OPEN, Status.REFUSED}:
                        alive.add(outcome.target.address)
                    if outcome.status is Status.OPEN:
                        yield Open(outcome.target.address, outcome.target.port)
                sent += loop.spent
            if self._draining():
                ended = DRAINED
        except Refused as refused:
            ended, detail = REFUSED, f"{refused.code}: {refused.what}"
            sent += loop.spent
        yield Tally(
            planned=planned,
            sent=sent,
            answered=heard[Status.OPEN] + heard[Status.REFUSED],
            refused=heard[Status.OUT_OF_SCOPE],
            seconds=self._clock.monotonic() - begun,
            ended=ended,
            detail=detail,
        )

    def _until_drained(self, targets: Iterator[Target]) -> Iterator[Target]:
        for each in targets:
            if self._draining():
                return
            yield each


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
