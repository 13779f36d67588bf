"""The first match of an answer: what one is, and what finds them. The finders themselves are in `matchers`."""

from dataclasses import dataclass
from typing import Protocol

from secops.discover.probes.book import Match, Probe
from secops.discover.probes.template import Filled, Groups, fill

DATA_MOST = 12_288
"""Bytes of an answer that are looked at: as much as the conversation ever gathers."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A match, and the probe whose it is: the asked one, a fallback, or NULL."""

    probe: Probe
    match: Match
    groups: Groups

    def filled(self) -> Filled:
        """What it says."""
        return fill(self.match, self.groups)


class Matcher(Protocol):
    """Tests answers. Close it to end its processes."""

    name: str

    def first(self, probe: Probe, data: bytes) -> Hit | None:
        """The first match, in file order, of the probe's own, its fallbacks' and NULL's."""
        ...

    def close(self) -> None: ...
