"""A real Gate for the lab, on a scope made here."""

from pathlib import Path

from secops.core.clock import DAY_MS, Instant, SystemClock
from secops.scope.audit import Audit
from secops.scope.document import Scope
from secops.scope.epoch import Epoch
from secops.scope.gate import Gate
from secops.scope.intervals import IntervalSet
from secops.scope.level import Level
from secops.scope.ports import PortSet

CLOCK = SystemClock()


def scope(targets: list[str], ports: list[str], *, pps: int = 100_000, seconds: float | None = None) -> Scope:
    """A scope that counts as signed, valid for a day or so many seconds from now."""
    now = CLOCK.now()
    return Scope(
        id="scp-lab", digest="0" * 64, title="lab", site="lab", basis="test", document="lab-1", issuer="lab",
        not_before=Instant(now - 1000),
        not_after=Instant(now + (DAY_MS if seconds is None else round(seconds * 1000))),
        targets=IntervalSet.parse(targets), ports=PortSet.parse(ports), level=Level.GENTLE, operators=("lab",),
        pps=pps, pps_per_host=pps, signed_by="lab",
    )  # fmt: skip


def gate(folder: Path, allowed: Scope) -> tuple[Gate, Epoch]:
    """The Gate of that scope, and its stop switch."""
    state = folder / "state"
    state.mkdir(exist_ok=True)
    epoch = Epoch(state)
    return Gate(allowed, clock=CLOCK, audit=Audit(folder / "audit.jsonl", CLOCK), epoch=epoch, operator="lab"), epoch
