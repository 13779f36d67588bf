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

    def rate(self) -> float:
        """Targets a second, identification included; 0 until a block is finished."""
        passed = self.clock.monotonic() - self.begun - self.rested
        return (self.done - self.skipped) / passed if passed > 0 else 0.0

    def left(self) -> float:
        """Seconds left at that rate; below zero while nothing is measured."""
        rate = self.rate()
        return (self.total - self.done) / rate if rate > 0 else _UNKNOWN

    def progress(self, stage: str, found: int) -> Progress:
        """What the door shows."""
        unit = say("目标", "targets")
        return Progress(stage, min(self.done, self.total), self.total, unit, self.rate(), found, self.left())

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
