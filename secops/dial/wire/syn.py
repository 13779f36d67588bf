"""The raw SYN engine: silent targets asked up to five times, all within leases, every answer proved by its cookie."""

import secrets
from collections.abc import Callable, Iterator
from typing import Final

from secops.core.clock import Clock
from secops.core.errors import Refused, SecopsError
from secops.core.language import say
from secops.dial.budget import Leasing
from secops.dial.finder import DONE, DRAINED, REFUSED, Open, Tally
from secops.dial.wire.account import Account, Settings
from secops.dial.wire.mmsg import capable
from secops.dial.wire.permute import LARGEST
from secops.dial.wire.route import Way, plan
from secops.dial.wire.scan import Scan
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
    ) -> None:
        """`attempts`: times a silent target is asked at most. `patience`: seconds an answer is waited for at most."""
        if pps_per_host <= 0 or not 1 <= attempts <= 16:
            raise ValueError("pps_per_host is positive, attempts lie between 1 and 16")
        self._gate = gate
        self._clock = clock
        self._settings = Settings(pps_per_host, draining, attempts, patience, key or secrets.token_bytes(16))

    def find(self, addresses: IntervalSet, ports: tuple[int, ...], *, seed: int) -> Iterator[Open | Tally]:
        """Each open port once, then one Tally. A refusal of the Gate is told in the Tally, not raised.

        Raises SecopsError when raw packets cannot be sent here, or no target can be reached with them.
        """
        begun = self._clock.monotonic()
        wanted = tuple(dict.fromkeys(ports))
        planned = addresses.count() * len(wanted)
        account = Account()
        ended, detail = DONE, ""
        if planned:
            _check(addresses)
            try:
                for way in self._ways(addresses, len(wanted), account):
                    yield from self._along(way, wanted, seed, account)
            except Refused as refused:
                ended, detail = REFUSED, f"{refused.code}: {refused.what}"
        if ended == DONE and self._settings.draining():
            ended = DRAINED
        left_out = ", ".join(f"{reason}: {number}" for reason, number in sorted(account.left_out.items()))
        yield Tally(
            planned=planned,
            sent=account.sent,
            answered=account.answered,
            refused=account.refused,
            seconds=self._clock.monotonic() - begun,
            ended=ended,
            detail=detail or left_out,
            spoofed=account.spoofed,
        )

    def _ways(self, addresses: IntervalSet, ports: int, account: Account) -> tuple[Way, ...]:
        found = plan(addresses)
        for _, ranges, reason in found.left_out:
            pairs = count(ranges) * ports
            account.refused += pairs
            account.left_out[reason] = account.left_out.get(reason, 0) + pairs
        return found.ways

    def _along(self, way: Way, ports: tuple[int, ...], seed: int, account: Account) -> Iterator[Open]:
        scan = Scan(way, self._gate, self._clock, self._settings, account)
        try:
            for segment in segments(way.ranges, way.width, ports, seed):
                if self._settings.draining():
                    return
                yield from scan.run(segment)
        finally:
            scan.close()


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
