"""Deadlines of thousands of talks: set, moved and dropped at the cost of a dictionary entry; met within 20 ms."""

from typing import Generic, Protocol, TypeVar

SLOT = 0.02
"""Seconds: how late an alarm may be."""
_PER_SECOND = 50


class Timed(Protocol):
    """What has a deadline. `slot` belongs to `Alarms`: 0 where no alarm is set."""

    deadline: float
    slot: int


T = TypeVar("T", bound=Timed)


class Alarms(Generic[T]):
    """Who is to be woken when. A deadline moved later costs nothing until its old alarm goes off."""

    def __init__(self) -> None:
        self._slots: dict[int, dict[T, None]] = {}
        self._seen = 0

    def __bool__(self) -> bool:
        return bool(self._slots)

    def watch(self, each: T) -> None:
        """Wake it at its deadline, or as soon as possible after."""
        slot = int(each.deadline * _PER_SECOND) + 1
        if each.slot:
            if slot >= each.slot:
                return
            self.drop(each)
        each.slot = slot
        held = self._slots.get(slot)
        if held is None:
            held = self._slots[slot] = {}
        held[each] = None

    def drop(self, each: T) -> None:
        """No alarm for it any more."""
        if each.slot:
            held = self._slots.get(each.slot)
            if held is not None:
                held.pop(each, None)
            each.slot = 0

    def due(self, now: float) -> list[T]:
        """Those whose deadline has passed; they have no alarm any more."""
        at = int(now * _PER_SECOND)
        if at <= self._seen:
            return []
        self._seen = at
        late: list[T] = []
        for slot in [each for each in self._slots if each <= at]:
            for each in self._slots.pop(slot):
                each.slot = 0
                if each.deadline <= now:
                    late.append(each)
                else:
                    self.watch(each)
        return late
