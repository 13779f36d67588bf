"""The brake: a host whose open ports fall silent while it is looked at is left alone for the rest of the run."""

from collections import Counter

from secops.core.model import Status
from secops.dial.talk import Outcome

SILENCES = 3
"""Open ports of one host, one after the other, that no longer answer a connect: each was asked three times by then."""
_TOLD_MOST = 10_000


class Brake:
    """Counts silences per host."""

    def __init__(self) -> None:
        self._silent: Counter[str] = Counter()
        self.hosts: dict[str, None] = {}
        """Those left alone, in the order it happened."""

    def silences(self, outcome: Outcome) -> bool:
        """Take in how a look at an open port ended; True when its host is to be left alone from now on."""
        address = outcome.target.address
        if outcome.status is not Status.TIMEOUT or outcome.result is not None:
            self._silent.pop(address, None)
            return False
        self._silent[address] += 1
        if self._silent[address] < SILENCES or address in self.hosts or len(self.hosts) >= _TOLD_MOST:
            return False
        self.hosts[address] = None
        return True
