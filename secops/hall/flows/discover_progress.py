"""How far a run is: rate and time left as measured, and who is stuck when nothing moves."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Self

from secops.core.clock import Clock
from secops.core.events import Note, Progress
from secops.core.language import say

Live = Callable[[Progress | Note], None]
"""Told beside the events of a flow, also while the flow has none. May be called from another thread."""
STUCK_SECONDS = 30.0
"""Without a packet, an answer or an observation for so long, a run says what it waits for."""
_EVERY = 0.2
_UNKNOWN = -1.0
_NEARLY = 0.99
"""Share of a block that is told at most before its end."""


def quiet(_: Progress | Note) -> None:
    """Nobody listens."""


@dataclass(slots=True)
class Pulse:
    """Targets done against time, of this process alone: what came before a resume is no measure of speed."""

    clock: Clock
    total: int = 0
    done: int = 0
    begun: float = 0.0
    skipped: int = 0
    """Targets that an earlier process did."""
    rested: float = 0.0
    """Seconds waited for the scope's hours."""
    told: float = float("-inf")
    packets: int = 0
    """Packets of the whole at most."""
    behind: int = 0
    """Of these, those of the blocks this process finished or found finished."""
    passed_over: int = 0
    """Of these, those of blocks it found finished."""
    block: tuple[int, int] = (0, 0)
    """Targets and packets of the block being asked."""
    share: float = 0.0
    """How much of that block was asked."""

    def start(self, targets: int, packets: int) -> None:
        """Begin to measure: nothing is done."""
        self.total, self.packets = targets, packets
        self.done = self.skipped = self.behind = self.passed_over = 0
        self.begun, self.rested = self.clock.monotonic(), 0.0
        self.enter(0, 0)

    def enter(self, targets: int, packets: int) -> None:
        """A block begins."""
        self.block, self.share = (targets, packets), 0.0

    def sent(self, packets: int) -> None:
        """So many packets of this block are sent; it is done when it ends, not before."""
        self.share = min(_NEARLY, packets / self.block[1]) if self.block[1] else 0.0

    def leave(self, *, skipped: bool = False) -> None:
        """The block is done, by an earlier process where `skipped`."""
        targets, packets = self.block
        self.done += targets
        self.behind += packets
        if skipped:
            self.skipped += targets
            self.passed_over += packets
        self.enter(0, 0)

    def reached(self) -> int:
        """Targets done, those of the block being asked by its share."""
        return min(self.total, self.done + int(self.block[0] * self.share))

    def _passed(self) -> float:
        return self.clock.monotonic() - self.begun - self.rested

    def rate(self) -> float:
        """Targets a second, identification included; 0 until something is sent."""
        passed = self._passed()
        return max(0, self.reached() - self.skipped) / passed if passed > 0 else 0.0

    def left(self) -> float:
        """Seconds left, by packets: pings and ports are not equally dear. Below zero while nothing is measured."""
        passed, now = self._passed(), self.behind + self.block[1] * self.share
        made = now - self.passed_over
        return (self.packets - now) * passed / made if made > 0 and passed > 0 else _UNKNOWN

    def progress(self, stage: str, found: int) -> Progress:
        """What the door shows."""
        unit = say("目标", "targets")
        return Progress(stage, self.reached(), self.total, unit, self.rate(), found, self.left())

    def due(self) -> bool:
        """Five times a second at most."""
        now = self.clock.monotonic()
        if now - self.told < _EVERY:
            return False
        self.told = now
        return True


@dataclass(slots=True)
class Guard:
    """A thread that sees that nothing moves, and says what was being done. Use as a context."""

    signs: Callable[[], object]
    """Changes whenever anything moves."""
    doing: Callable[[], str]
    """What is being waited for."""
    clock: Clock
    live: Live
    after: float = STUCK_SECONDS
    stuck: list[str] = field(default_factory=list)
    """What was told, for the summary."""
    _seen: object = None
    _since: float = 0.0
    _told: bool = False
    _end: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        self._since = self.clock.monotonic()
        self._thread = threading.Thread(target=self._watch, name="hang-watch", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        if self._thread is not None:
            self._thread.join(5)

    def look(self) -> None:
        """One look; tells once per standstill."""
        now, signs = self.clock.monotonic(), self.signs()
        if signs != self._seen:
            self._seen, self._since, self._told = signs, now, False
        elif now - self._since >= self.after and not self._told:
            self._told = True
            text = say(
                f"{now - self._since:.0f} 秒没有进展：{self.doing()}",
                f"nothing moved for {now - self._since:.0f} s: {self.doing()}",
            )
            self.stuck.append(text)
            self.live(Note(text, warning=True))

    def _watch(self) -> None:
        while not self._end.wait(1.0):
            self.look()
