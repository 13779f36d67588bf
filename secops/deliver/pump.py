"""The pump: moves letters from the outbox to the sinks until all are delivered or dead, or time is up.

Every letter is marked UNKNOWN on disk before it is handed over and gets its receipt after; a letter found UNKNOWN is
looked for before it is sent again. So each arrives at least once, and exactly once by id. One sink's trouble holds back
no other. Pure scheduling: the outbox, the sinks and the clock are given.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from secops.core.clock import Clock, Instant
from secops.core.errors import SinkError
from secops.core.letter import Letter, Outbox, Outcome, Receipt
from secops.deliver.interface import Sink

SLICE = 0.2
"""Longest sleep between two looks at `stop`, in seconds."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How hard the pump tries. Times in seconds."""

    batch: int = 2000
    first: float = 0.5
    """Wait after the first failure; doubled after each further one."""
    longest: float = 60.0

    def wait(self, failures: int, key: str) -> float:
        """The wait after so many failures in a row: half of it fixed, half drawn from `key`."""
        full = min(self.longest, self.first * 2.0 ** min(failures - 1, 30))
        share = int.from_bytes(hashlib.sha256(key.encode()).digest()[:4], "big") / 2**32
        return full * (0.5 + share / 2)


@dataclass(frozen=True, slots=True)
class Sent:
    """What one batch came to."""

    sink: str
    delivered: int = 0
    dead: int = 0
    retried: int = 0
    unknown: int = 0
    reason: str = ""
    """Of the first letter not delivered, or why the sink could not be opened."""
    remarks: tuple[str, ...] = ()


@dataclass(slots=True)
class _Lane:
    sink: Sink
    outbox: Outbox
    clock: Clock
    pace: Pace
    ready: float
    opened: bool = False
    failures: int = 0
    finished: bool = False
    remarks: list[str] = field(default_factory=list)


def pump(
    outbox: Outbox,
    sinks: Sequence[Sink],
    clock: Clock,
    *,
    pace: Pace = Pace(),
    until: Callable[[], float] = lambda: float("inf"),
    stop: Callable[[], bool] = lambda: False,
) -> Iterator[Sent]:
    """Send what waits; yields after each batch.

    Ends when nothing waits, when `stop()` says so, or when the next attempt would lie beyond `until()` (monotonic
    seconds): what still waits then is the outbox's to tell.
    """
    lanes = [_Lane(sink, outbox, clock, pace, clock.monotonic()) for sink in sinks]
    while not stop():
        waiting = [lane for lane in lanes if not lane.finished]
        if not waiting:
            return
        soonest = min(lane.ready for lane in waiting)
        now = clock.monotonic()
        if soonest > now:
            if soonest > until():
                return
            clock.sleep(min(SLICE, soonest - now))
            continue
        for lane in waiting:
            if lane.ready <= clock.monotonic() and not stop():
                sent = _turn(lane)
                if sent is not None:
                    yield sent


def _turn(lane: _Lane) -> Sent | None:
    name, outbox, clock = lane.sink.name, lane.outbox, lane.clock
    if not lane.opened:
        if outbox.next_due(name) is None:
            lane.finished = True
            return None
        try:
            lane.remarks = list(lane.sink.open())
        except SinkError as error:
            _hold(lane)
            return Sent(name, reason=_told(error))
        lane.opened = True
    letters = outbox.claim(name, lane.pace.batch, clock.now())
    if not letters:
        due = outbox.next_due(name)
        lane.finished = due is None
        if due is not None:
            lane.ready = clock.monotonic() + max(0, due - clock.now()) / 1000
        return None
    receipts = _send(lane.sink, letters)
    _schedule(lane, letters, receipts)
    return _summary(lane, receipts)


def _send(sink: Sink, letters: Sequence[Letter]) -> list[Receipt]:
    """A receipt for every letter, whatever the sink does."""
    try:
        given = {each.seq: each for each in sink.send(letters)}
    except SinkError as error:
        kind = Outcome.UNKNOWN
        return [Receipt(each.seq, kind if each.doubtful else Outcome.RETRY, _told(error)) for each in letters]
    except Exception as error:  # noqa: BLE001 - one sink's fault must not end the others; nothing is known of the batch
        return [Receipt(each.seq, Outcome.UNKNOWN, f"{type(error).__name__}: {error}") for each in letters]
    silent = "the sink gave no receipt"
    return [given.get(each.seq) or Receipt(each.seq, Outcome.UNKNOWN, silent) for each in letters]


def _schedule(lane: _Lane, letters: Sequence[Letter], receipts: Sequence[Receipt]) -> None:
    """Write the receipts. A batch in which nothing went through holds the sink back, else only its own letters wait."""
    now = lane.clock.now()
    stuck = bool(letters) and not any(each.outcome in {Outcome.DELIVERED, Outcome.DEAD} for each in receipts)
    asked = max((each.after for each in receipts), default=0.0)
    due: list[Instant] = []
    for letter, receipt in zip(letters, receipts, strict=True):
        own = lane.pace.wait(letter.attempts + 1, f"{letter.seq}:{letter.attempts}")
        wait = 0.0 if stuck else max(receipt.after, own)
        due.append(Instant(now + round(wait * 1000)))
    lane.outbox.settle(receipts, now, due)
    if stuck:
        _hold(lane, asked)
    else:
        lane.failures = 0


def _hold(lane: _Lane, asked: float = 0.0) -> None:
    lane.failures += 1
    own = lane.pace.wait(lane.failures, f"{lane.sink.name}:{lane.clock.now()}")
    lane.ready = lane.clock.monotonic() + max(asked, own)


def _summary(lane: _Lane, receipts: Sequence[Receipt]) -> Sent:
    tally = dict.fromkeys(Outcome, 0)
    for each in receipts:
        tally[each.outcome] += 1
    reason = next((each.reason for each in receipts if each.outcome is not Outcome.DELIVERED), "")
    remarks, lane.remarks = tuple(lane.remarks), []
    return Sent(
        lane.sink.name,
        tally[Outcome.DELIVERED],
        tally[Outcome.DEAD],
        tally[Outcome.RETRY],
        tally[Outcome.UNKNOWN],
        reason,
        remarks,
    )


def _told(error: SinkError) -> str:
    return f"{error}: {error.why}" if error.why else str(error)
