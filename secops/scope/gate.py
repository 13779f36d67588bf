"""The Gate: the only source of leases. Nothing is sent to a target but under one.

Each lease asks anew: stopped? revoked? valid now? within hours? not too intrusive? an operator the document names? Time
never runs backwards here: the wall clock is taken as the later of what it says and what the monotonic clock makes of
the moment the Gate was opened, so setting the clock back prolongs nothing.
"""

import ipaddress
import threading
from collections import Counter
from collections.abc import Mapping
from typing import Final, Protocol, Self

from secops.core.clock import Clock, render
from secops.core.errors import Refused
from secops.core.language import say
from secops.scope import denied, hours
from secops.scope.budget import Shared
from secops.scope.document import Scope
from secops.scope.epoch import Epoch
from secops.scope.lease import LONGEST, Lease
from secops.scope.level import Level

WINDOW: Final = 10.0
"""Seconds of leases told in one audit line, which is written before the first of them."""
MOST_REFUSALS: Final = 500
"""Networks and reasons counted one by one; further ones are counted together."""
_TOLD: Final = 100


class Recorder(Protocol):
    """What is used of the audit log."""

    def append(self, event: str, data: Mapping[str, object]) -> int:
        """Write one line, synced."""
        ...


class Gate:
    """Leave to send, for one scope and one operator. Close it to write the last summary. Safe between threads."""

    def __init__(self, scope: Scope, *, clock: Clock, audit: Recorder, epoch: Epoch, operator: str) -> None:
        """Raises Refused where no lease could be given at all; StoreError where the audit log cannot be written."""
        self.scope = scope
        self.targets = scope.targets
        self.ports = scope.ports.minus(denied.PORTS)
        self._clock = clock
        self._audit = audit
        self._epoch = epoch
        self._operator = operator
        self._lock = threading.Lock()
        self._wall = int(clock.now())
        self._start = clock.monotonic()
        self._refused: Counter[tuple[str, str]] = Counter()
        self._leases: Counter[int] = Counter()
        self._packets = 0
        self._window_end = self._start
        self._closed = False
        if not scope.signed_by:
            raise Refused(
                "E2101", say("授权书未经核验签名", "the scope's signature was not verified"), where=scope.path
            )
        self._opened = epoch.read()
        self._standing(Level.PASSIVE)
        if not self.targets or not self.ports:
            raise Refused("E2117", say("没有可触碰的目标或端口", "no target or no port is left"), where=scope.path)
        self._bucket = Shared(epoch.account(scope.id), scope.pps, self._start)
        audit.append("gate.opened", self._names() | {"epoch": self._opened, "digest": scope.digest})

    def lease(self, level: Level, want: int = 1) -> Lease:
        """A lease now, good for at most 0.1 s; its budget may be 0. Raises Refused, StoreError."""
        with self._lock:
            left = self._standing(level)
            now = self._clock.monotonic()
            if now >= self._window_end:
                self._tell("gate.leasing", {"seconds": WINDOW, "level": int(level)})
                left = self._standing(level)  # writing may have waited for the lock on the log
                now = self._clock.monotonic()
                self._window_end = now + WINDOW
            budget = self._bucket.take(want, now)
            self._leases[int(level)] += 1
            self._packets += budget
            expires = now + min(LONGEST, left / 1000)
            return Lease(self.targets, self.ports, budget, level, expires, self._opened, self.scope.id)

    def admits(self, address: str, port: int) -> bool:
        """May this target be touched at all? For planning: takes no budget, gives no leave."""
        return port in self.ports and address in self.targets

    def refuse(self, address: str, port: int, reason: str) -> None:
        """Count a target that was left alone, for the audit's summary by network and reason."""
        with self._lock:
            place = _network(address)
            key = (place, "denied-port" if port in denied.PORTS else reason[:80])
            if key not in self._refused and len(self._refused) >= MOST_REFUSALS:
                key = ("", "other")
            self._refused[key] += 1

    def give_back(self, count: int) -> None:
        """Return packets of a lease that were not sent."""
        with self._lock:
            self._packets -= self._bucket.give_back(count)

    @property
    def refusals(self) -> Mapping[str, int]:
        """Reason -> how many since the last summary."""
        with self._lock:
            total: Counter[str] = Counter()
            for (_, reason), count in self._refused.items():
                total[reason] += count
            return total

    def close(self) -> None:
        """Write the last summary. Once; a closed Gate gives no lease."""
        with self._lock:
            if not self._closed:
                self._closed = True
                self._bucket.close()
                self._tell("gate.closed", {})

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _now(self) -> float:
        return max(float(self._clock.now()), self._wall + (self._clock.monotonic() - self._start) * 1000)

    def _standing(self, level: Level) -> float:
        """Milliseconds the authorisation holds from now. Raises Refused when it does not."""
        scope = self.scope
        if self._closed:
            raise Refused("E2110", say("通道已关闭", "the Gate is closed"), where=scope.path)
        if self._epoch.revoked(scope.id):
            raise revoked(scope)
        if self._epoch.read() != self._opened:
            raise Refused("E2110", say("已按停止指令停下", "stopped by order"), where=scope.path,
                          hint=say("确认可以继续后重新启动", "start anew once it is fit to go on"))  # fmt: skip
        now = self._now()
        valid(scope, now)
        if level > scope.level:
            what = say(
                f"动作级别 {int(level)} 高于授权的 {int(scope.level)}",
                f"level {int(level)} is above {int(scope.level)}",
            )
            raise Refused("E2112", what, where=scope.path, why=Level(level).title)
        if self._operator not in scope.operators:
            what = say(
                f"操作人 {self._operator!r} 不在授权书中", f"operator {self._operator!r} is not named in the scope"
            )
            raise Refused("E2113", what, where=scope.path, hint=", ".join(scope.operators))
        open_for = hours.left(scope.hours, int(now))
        if open_for <= 0:
            raise closed_now(scope, int(now))
        return min(open_for, scope.not_after - now)

    def _names(self) -> dict[str, object]:
        return {"scope": self.scope.id, "title": self.scope.title, "operator": self._operator, "site": self.scope.site}

    def _tell(self, event: str, extra: Mapping[str, object]) -> None:
        """Write what was leased and refused since the last line, and begin anew."""
        most = self._refused.most_common(_TOLD)
        rest = sum(self._refused.values()) - sum(count for _, count in most)
        told = [{"network": network, "reason": reason, "count": count} for (network, reason), count in most]
        if rest:
            told.append({"network": "", "reason": "other", "count": rest})
        leases = {str(level): count for level, count in sorted(self._leases.items())}
        before = {"leases": leases, "packets": self._packets, "refused": told}
        self._audit.append(event, {**self._names(), "before": before, **extra})
        self._refused.clear()
        self._leases.clear()
        self._packets = 0


def valid(scope: Scope, now: float) -> None:
    """Raises Refused E2106 or E2107 outside the scope's validity."""
    if now < scope.not_before:
        why = say(f"自 {render(scope.not_before)} 起有效", f"valid from {render(scope.not_before)}")
        raise Refused("E2106", say("授权书尚未生效", "the scope is not yet valid"), where=scope.path, why=why)
    if now >= scope.not_after:
        why = say(f"有效期至 {render(scope.not_after)}", f"valid until {render(scope.not_after)}")
        hint = say("向签发单位申请续期", "ask its issuer for a new one")
        raise Refused("E2107", say("授权书已过期", "the scope has expired"), where=scope.path, why=why, hint=hint)


def closed_now(scope: Scope, now: int) -> Refused:
    """The refusal outside the hours, with the moment they begin again."""
    begins = hours.opens(scope.hours, now)
    hint = "" if begins is None else say(f"下次开放：{render(begins)}", f"they begin at {render(begins)}")
    return Refused(
        "E2114",
        say("现在不在授权时段内", "outside the scope's hours"),
        where=scope.path,
        why=render(now),
        hint=hint,
    )


def revoked(scope: Scope) -> Refused:
    """The refusal of a withdrawn scope."""
    hint = say("撤销不可恢复；需要时重新签发", "a revocation is for good; have a new one issued")
    return Refused("E2108", say("授权书已撤销", "the scope is revoked"), where=scope.path, hint=hint)


def _network(address: str) -> str:
    """The /24 or /64 an address lies in; what is no address is told as such."""
    try:
        wide = 64 if ":" in address else 24
        return str(ipaddress.ip_network(f"{address}/{wide}", strict=False))
    except ValueError:
        return "not-an-address"
