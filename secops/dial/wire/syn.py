"""The raw SYN engine: silent targets asked up to five times, all within leases, every answer proved by its cookie."""

import secrets
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Final

from secops.core.clock import Clock
from secops.core.errors import Refused, SecopsError
from secops.core.language import say
from secops.dial.budget import Leasing
from secops.dial.finder import DONE, DRAINED, REFUSED, Found, Tally
from secops.dial.wire.account import Account, Memory, Settings
from secops.dial.wire.canary import Canaries
from secops.dial.wire.link import down, up
from secops.dial.wire.mmsg import capable
from secops.dial.wire.permute import LARGEST
from secops.dial.wire.route import Leaving, Link, Plan, Way, hopeless, plan
from secops.dial.wire.scan import Heard, Scan
from secops.dial.wire.segment import segments
from secops.scope.intervals import IntervalSet
from secops.scope.ranges import count

ATTEMPTS: Final = 5
PATIENCE: Final = 1.0


class SynFinder:
    """Finds open ports with raw SYN probes. Needs CAP_NET_RAW: see `wire.mmsg.capable`."""

    name = "syn"

    def __init__(
        self,
        gate: Leasing,
        clock: Clock,
        *,
        pps_per_host: float,
        draining: Callable[[], bool] = lambda: False,
        attempts: int = ATTEMPTS,
        patience: float = PATIENCE,
        key: bytes = b"",
        leaving: Leaving | None = None,
    ) -> None:
        """`attempts`: times a silent target is asked at most. `patience`: seconds an answer is waited for at most.

        `leaving`: by which interface, gateway or VLAN, where the kernel's routes are not to be followed.
        """
        if pps_per_host <= 0 or not 1 <= attempts <= 16:
            raise ValueError("pps_per_host is positive, attempts lie between 1 and 16")
        self._gate = gate
        self._clock = clock
        self._leaving = leaving or Leaving()
        key = key or secrets.token_bytes(16)
        self._settings = Settings(pps_per_host, draining, attempts, patience, key, self._leaving.vlan)
        self._memory: dict[tuple[Link, bytes, bytes], Memory] = {}
        self._reached = False

    def survey(self, addresses: IntervalSet) -> None:
        """Look which of these there is a way to; from then on a `find` without any way is told in its Tally.

        Raises SecopsError when there is no way to any.
        """
        _check(addresses)
        if addresses:
            self._reached = bool(self._plan(addresses).ways)

    def _plan(self, addresses: IntervalSet) -> Plan:
        found = plan(addresses, self._leaving)
        if addresses and not found.ways and not self._reached:
            raise hopeless(found.left_out)
        return found

    def find(self, addresses: IntervalSet, ports: tuple[int, ...], *, seed: int) -> Iterator[Found]:
        """Each open port once, then one Tally. A refusal of the Gate is told in the Tally, not raised.

        Raises SecopsError when raw packets cannot be sent here, no target can be reached with them, or the interface
        goes down meanwhile.
        """
        begun = self._clock.monotonic()
        wanted = tuple(dict.fromkeys(ports))
        planned = addresses.count() * len(wanted)
        account, left = Account(), IntervalSet()
        before = self._canaries()
        for each in self._memory.values():
            each.pace.begin()
        ended, detail = DONE, ""
        if planned:
            _check(addresses)
            self._standing()
            found = self._plan(addresses)
            self._reached = True
            left = _left_out(found, len(wanted), account)
            try:
                for way in found.ways:
                    yield from self._along(way, wanted, seed, account)
            except Refused as refused:
                ended, detail = REFUSED, f"{refused.code}: {refused.what}"
            self._standing()
        if ended == DONE and self._settings.draining():
            ended = DRAINED
        asked, lost = self._canaries()
        yield Tally(
            planned=planned,
            sent=account.sent,
            answered=account.answered,
            refused=account.refused,
            seconds=self._clock.monotonic() - begun,
            ended=ended,
            detail=detail or ", ".join(f"{reason}: {number}" for reason, number in sorted(account.left_out.items())),
            spoofed=account.spoofed,
            unrouted=account.unrouted,
            left=left,
            unreachable=account.unreachable,
            canaries=max(0, asked - before[0]),
            canaries_lost=max(0, lost - before[1]),
            alive=account.alive,
            slowest=min((each.pace.lowest for each in self._memory.values() if each.pace.lowest), default=0.0),
            slowed=sum((each.pace.slowed for each in self._memory.values()), Counter[str]()),
        )

    def _canaries(self) -> tuple[int, int]:
        """Asked and lost, of all ways."""
        known = [each.canaries for each in self._memory.values()]
        return sum(each.asked - each.waiting for each in known), sum(each.lost for each in known)

    def _standing(self) -> None:
        """Raises SecopsError E3207 when an interface in use is gone: what it left unanswered says nothing."""
        for link, _, _ in self._memory:
            if not up(link):
                raise down(link)

    def _along(self, way: Way, ports: tuple[int, ...], seed: int, account: Account) -> Iterator[Heard]:
        memory = self._memory.setdefault(
            (way.link, way.source, way.gateway), Memory(Canaries(self._settings.pps_per_host))
        )
        scan = Scan(way, self._gate, self._clock, settings=self._settings, account=account, memory=memory)
        try:
            for segment in segments(way.ranges, way.width, ports, seed):
                if self._settings.draining():
                    return
                yield from scan.run(segment, ports, seed)
            yield from scan.finish()
        finally:
            scan.close()


def _left_out(found: Plan, ports: int, account: Account) -> IntervalSet:
    """The addresses there is no way to, counted in the account."""
    left = IntervalSet()
    for width, ranges, reason in found.left_out:
        pairs = count(ranges) * ports
        account.unrouted += pairs
        account.left_out[reason] = account.left_out.get(reason, 0) + pairs
        left = left.union(IntervalSet(v4=ranges) if width == 4 else IntervalSet(v6=ranges))
    return left


def _check(addresses: IntervalSet) -> None:
    reason = capable()
    if reason:
        raise SecopsError("E3201", say("这里不能发原始报文", "raw packets cannot be sent here"), why=reason)
    if addresses.count() > LARGEST:
        raise SecopsError(
            "E3204",
            say(f"{addresses.count()} 个地址，逐个探测走不完", f"{addresses.count()} addresses are too many to walk"),
            hint=say("IPv6 请给出已知的主机或小网段", "for IPv6 give known hosts or small ranges"),
        )
