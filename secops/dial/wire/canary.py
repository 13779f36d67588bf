"""Canaries: targets that answered once, asked again all through a search. What they leave unanswered is lost.

No answer of an unknown target tells a closed door from a lost packet; a door known to be open does.
"""

from collections import deque
from dataclasses import dataclass
from typing import Final

MOST: Final = 128
"""Canaries known at a time, each of another host."""
EVERY: Final = 0.5
"""Seconds between two questions to the same one, at least."""
SHARE: Final = 0.02
"""Of all packets at most; five times as much while it is to be seen what a lower rate does."""
_PATIENT: Final = 64
"""Questions that may wait for their answer at a time."""
_AT_ONCE: Final = 4
"""Spread among the other packets: a burst of them would measure itself."""
_ENOUGH: Final = 50
_OUT: Final = 6
"""Silent so often in a row while most others answer: the host went, not the packets."""


@dataclass(slots=True)
class _Canary:
    address: bytes
    port: int
    asked: float = float("-inf")
    waiting: bool = False
    missed: int = 0


class Canaries:
    """The canaries of one way. Times are monotonic seconds."""

    def __init__(self, pps_per_host: float) -> None:
        self._every = max(EVERY, 20 / pps_per_host)
        self._known: dict[bytes, _Canary] = {}
        self._turn: list[_Canary] = []
        self._credit = 0.0
        self._quickest = float("inf")
        self._answered: deque[float] = deque()
        self.asked = 0
        self.lost = 0

    def __len__(self) -> int:
        return len(self._known)

    def learn(self, address: bytes, port: int, now: float) -> None:
        """This target just answered that it is open."""
        if len(self._known) < MOST and address not in self._known:
            self._known[address] = _Canary(address, port, asked=now)
            self._turn.append(self._known[address])

    def forget(self, address: bytes) -> None:
        """This one is no witness: it answers for everything."""
        gone = self._known.pop(address, None)
        if gone is not None:
            self._turn.remove(gone)

    def sent(self, number: int, *, curious: bool = False) -> None:
        """So many packets went to other targets: what canaries may cost is a share of them."""
        self._credit = min(float(_PATIENT), self._credit + number * SHARE * (5 if curious else 1))

    def due(self, now: float) -> list[tuple[bytes, int]]:
        """Whom to ask now; they count as asked."""
        room = min(int(self._credit), _AT_ONCE, _PATIENT - self.waiting)
        chosen = [each for each in self._turn if not each.waiting and now - each.asked >= self._every][: max(0, room)]
        self._credit -= len(chosen)
        return self._ask(chosen, now)

    def last(self, now: float, most: int) -> list[tuple[bytes, int]]:
        """Whom to ask at the end, however recently they were asked."""
        return self._ask([each for each in self._turn if not each.waiting][:most], now)

    def _ask(self, chosen: list[_Canary], now: float) -> list[tuple[bytes, int]]:
        for each in chosen:
            each.asked, each.waiting = now, True
            self._turn.remove(each)
            self._turn.append(each)
        self.asked += len(chosen)
        return [(each.address, each.port) for each in chosen]

    def unsent(self, address: bytes) -> None:
        """The question did not go out after all."""
        each = self._known.get(address)
        if each is not None and each.waiting:
            each.waiting = False
            self.asked -= 1

    def heard(self, address: bytes, port: int, now: float) -> float | None:
        """It answered; when it had been asked, or None when nobody had asked."""
        each = self._known.get(address)
        if each is None or each.port != port or not each.waiting:
            return None
        each.waiting, each.missed = False, 0
        self._quickest = min(self._quickest, now - each.asked)
        self._answered.append(each.asked)
        return each.asked

    def slow(self, seconds: float) -> bool:
        """Is that several times the quickest answer?"""
        return seconds > 0.05 + 5 * self._quickest

    def missed(self, attempts: int) -> float:
        """Share of answers lost in so many attempts, by the upper end of what was measured; 1.0 when little was."""
        settled = self.asked - self.waiting
        return min(1.0, (self.lost + 3) / settled) ** attempts if settled >= _ENOUGH else 1.0

    @property
    def waiting(self) -> int:
        """Questions without an answer yet."""
        return sum(each.waiting for each in self._turn)

    def overdue(self, now: float, patience: float) -> tuple[list[float], list[float]]:
        """Questions given up, and questions answered, that are so old by now: the moments they were asked.

        An answer is told no sooner than a loss can be: of those asked at one time both are counted together.
        """
        given_up = [each for each in self._turn if each.waiting and now - each.asked >= patience]
        for each in given_up:
            self.silent(each.address)
        answered = []
        while self._answered and now - self._answered[0] >= patience:
            answered.append(self._answered.popleft())
        return [each.asked for each in given_up], answered

    def silent(self, address: bytes) -> None:
        """This one will not answer its question any more."""
        each = self._known.get(address)
        if each is None or not each.waiting:
            return
        each.waiting = False
        each.missed += 1
        self.lost += 1
        silent = sum(each.missed > 0 for each in self._turn)
        if each.missed >= _OUT and silent * 4 <= len(self._turn):
            self.lost -= each.missed
            self.asked -= each.missed
            self.forget(each.address)
