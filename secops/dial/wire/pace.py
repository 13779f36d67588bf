"""The rate of a search: as fast as the Gate allows until something is being lost, then half, then slowly up again.

Additive increase, multiplicative decrease (Chiu, Jain 1989) on four signs of trouble, each the share of bad among all.
When half the rate brings half as much through with a sign as bad as it was, rate is not its cause (a network that
always loses 10 %, a router that answers for every address nobody has): that share becomes the sign's norm and the rate
is given back, until that is tried again.
"""

import math
from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

WINDOW: Final = 0.25
"""Seconds between two judgements."""
FLOOR: Final = 50.0
"""Packets a second below which rate is never the cause."""
_BURST: Final = 0.02
_STEP: Final = 0.05
_PROBE: Final = 1.25
_FADE: Final = 0.8
_THROUGH: Final = 0.75
_LESS: Final = 0.5
_SOME: Final = 0.02
_PATIENT: Final = 2 * WINDOW
"""Seconds after a change before canaries tell of it: answers come at once, losses show later."""
_WORSE: Final = 1.3
_ENOUGH: Final = 400
"""Of so many counted after a change the share is what it is."""
_HEAVY: Final = 0.3
_SOON, _LATER, _TRUST = 1.0, 30.0, 16.0
"""Seconds after which a norm is doubted: soon where much is lost, for chance may have called it one; each time twice as
long, up to so many times."""
_SURE: Final = 1.5
"""Standard deviations by which a share must exceed a bound before it counts."""


class Sign(StrEnum):
    """What tells of trouble."""

    LOSS = "loss"
    """Canaries that stayed unanswered."""
    DROPPED = "dropped"
    """Packets the device or our own receive queue dropped, of those sent."""
    UNREACHABLE = "unreachable"
    """ICMP errors, of packets sent."""
    DELAY = "delay"
    """Canaries that took several times the usual."""


_LIMITS: Final = {
    Sign.LOSS: (0.05, 20),
    Sign.DROPPED: (0.01, 200),
    Sign.UNREACHABLE: (0.5, 400),
    Sign.DELAY: (0.5, 20),
}
"""Share from which a sign means trouble, and of how many at least."""
_SAMPLED: Final = frozenset({Sign.LOSS, Sign.DELAY})
"""Told by canaries: late, and of some of the packets only."""


@dataclass(slots=True)
class _Trial:
    """A reduction whose effect is still to be seen."""

    sign: Sign
    share: float
    of: int
    before: float
    speed: float
    bad: int = 0
    good: int = 0
    fastest: float = 0.0


class Pace:
    """How fast to send now. Times are monotonic seconds; `note` what happens, `allow` before sending."""

    def __init__(self) -> None:
        self.rate = math.inf
        self.lowest = 0.0
        """The lowest rate fallen back to; 0: none was needed."""
        self.slowed: Counter[str] = Counter()
        self.since = float("-inf")
        """What was sent before this moment says nothing about the present rate."""
        self._good: Counter[Sign] = Counter()
        self._bad: Counter[Sign] = Counter()
        self._norm = dict.fromkeys(Sign, 0.0)
        self._doubt = dict.fromkeys(Sign, float("inf"))
        """When a norm is put to the test again."""
        self._trust = dict.fromkeys(Sign, 1.0)
        self._trial: _Trial | None = None
        self._top = 0.0
        self._fastest = 0.0
        self._bound = False
        """Has the rate held anything back of late?"""
        self._sent = 0
        self._judged = float("-inf")
        self._tokens = 0.0
        self._filled = float("-inf")

    def begin(self) -> None:
        """Count reductions anew; the rate stays what it is."""
        self.slowed = Counter()
        self.lowest = 0.0 if math.isinf(self.rate) else self.rate

    def allow(self, want: int, now: float) -> int:
        """How many of these packets may go now."""
        if math.isinf(self.rate):
            return want
        most = max(1.0, self.rate * _BURST)
        self._tokens = min(most, self._tokens + max(0.0, now - self._filled) * self.rate)
        self._filled = now
        granted = min(want, int(self._tokens))
        self._bound |= granted < want
        self._tokens -= granted
        return granted

    def unused(self, number: int) -> None:
        """So many of those allowed did not go."""
        self._tokens += max(0, number)

    def sent(self, number: int) -> None:
        """So many packets went out."""
        self._sent += number

    def note(self, sign: Sign, bad: int, of: int) -> None:
        """So many bad of so many."""
        self._bad[sign] += bad
        self._good[sign] += of

    def judge(self, now: float) -> bool:
        """Once a window: go slower, go on or go faster. True when it went slower just now."""
        if self._judged == float("-inf"):
            self._judged = now
        passed = now - self._judged
        if passed < self.window:
            return False
        measured = self._sent / passed
        self._judged, self._sent = now, 0
        if not measured:
            return False
        self._fastest = max(measured, self._fastest * _FADE)
        if self._trial is not None:
            self._trial.fastest = max(self._trial.fastest, measured)
        worst, seen = self._worst(now)
        if worst is not None and self._trial is None:
            return self._slow(*worst, now)
        if seen and worst is None and self._trial is None and self._bound:
            self.rate = self.rate + max(FLOOR, self._top * _STEP) if self.rate < self._top else self.rate * _PROBE
        self._bound = False
        return False

    @property
    def window(self) -> float:
        """Seconds between two judgements: less while it is to be seen whether drops, counted at once, become fewer."""
        return WINDOW / 8 if self._trial is not None and self._trial.sign is Sign.DROPPED else WINDOW

    @property
    def trying(self) -> bool:
        """Is it still to be seen whether going slower helped?"""
        return self._trial is not None

    def _worst(self, now: float) -> tuple[tuple[Sign, float, int] | None, bool]:
        """The sign that tells most of trouble, and whether any told anything."""
        worst: tuple[Sign, float, int] | None = None
        seen = False
        for sign, (limit, least) in _LIMITS.items():
            count = self._good[sign]
            if count < least or (sign in _SAMPLED and now - self.since < _PATIENT):
                continue
            share = min(1.0, self._bad[sign] / count)
            if self._trial is not None and self._trial.sign is sign:
                self._settle(self._trial, min(self._bad[sign], count), count, now)
            self._bad[sign] = self._good[sign] = 0
            seen = True
            norm = self._norm[sign] if now < self._doubt[sign] else 0.0
            bound = max(limit, min(norm * _WORSE, 1 - (1 - norm) * _THROUGH))
            if share > bound + _SURE * math.sqrt(bound / count) and (worst is None or share > worst[1]):
                worst = sign, share, count
        return worst, seen

    def _slow(self, sign: Sign, share: float, of: int, now: float) -> bool:
        speed = min(self._fastest, self.rate)
        if speed <= FLOOR:
            return False
        self._trial = _Trial(sign, share, of, self.rate, speed)
        self._top = speed
        self.rate = max(FLOOR, speed / 2)
        self.lowest = min(self.lowest or math.inf, self.rate)
        self.slowed[str(sign)] += 1
        self.since = self._filled = now
        self._tokens = self._fastest = 0.0
        self._good.clear()
        self._bad.clear()
        return True

    def _settle(self, trial: _Trial, bad: int, of: int, at: float) -> None:
        """Did going slower help? While that may be chance, the rate stays low and more is counted."""
        trial.bad += bad
        trial.good += of - bad
        counted = trial.bad + trial.good
        share = trial.bad / counted
        before, after = max(_SOME, 1 - trial.share), max(_SOME, 1 - share)
        now = min(trial.fastest, self.rate)
        gained = math.log(after * now / (before * trial.speed * _THROUGH))
        chance = _SURE * math.sqrt((1 - before) / before / trial.of + (1 - after) / after / counted)
        if share >= trial.share * _LESS and abs(gained) < chance and counted < _ENOUGH:
            return
        if share >= trial.share * _LESS and gained < -chance:
            self._norm[trial.sign] = max(share, trial.share)
            if trial.sign in _SAMPLED:
                self._doubt[trial.sign] = at + self._trust[trial.sign] * (_SOON if share > _HEAVY else _LATER)
                self._trust[trial.sign] = min(2 * self._trust[trial.sign], _TRUST)
            self.rate = trial.before
        self._trial = None
