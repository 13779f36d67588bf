"""How what is declared of an asset and what is found of it stand to each other. The store computes the same in SQL."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Final

from secops.core.language import say
from secops.core.model import Kind, State


class Standing(StrEnum):
    """Declared against found, in one word."""

    REGISTERED = "registered"
    """Declared itself or claimed by a declared system, and nothing found speaks against it."""
    UNDECLARED = "undeclared"
    """未登记: found, and neither declared itself nor part of a declared system."""
    VANISHED = "vanished"
    """登记未发现: declared, not planned or out of use, and not (or no longer) found."""
    CONTRADICTING = "contradicting"
    """与登记不符: `register.conflicts` says in what, or it answers though declared out of use."""

    @property
    def shown(self) -> str:
        """The word people read, in the language in force."""
        return say(*_TITLES[self])


_TITLES: Final = {
    Standing.REGISTERED: ("登记相符", "agrees with the register"),
    Standing.UNDECLARED: ("未登记", "undeclared"),
    Standing.VANISHED: ("登记未发现", "declared, not found"),
    Standing.CONTRADICTING: ("与登记不符", "contradicts the register"),
}

LIVING: Final = frozenset({State.ACTIVE, State.STALE})
PLANNED: Final = "planned"
OFFLINE: Final = "offline"
ON_PAPER: Final = frozenset({Kind.NETWORK, Kind.DATA})
"""Kinds that no scan finds: they are what was declared."""
BY_PARTS: Final = frozenset({Kind.SYSTEM, Kind.HOST, Kind.DEVICE})
"""Kinds that are there as long as a part is: a system's members, a declared machine's addresses."""

Sight = tuple[State, int]
"""State and when last seen."""


def standing(
    kind: Kind,
    own: Sight,
    *,
    declared: bool,
    system: bool,
    conflicts: object = None,
    status: object = None,
    offline_on: int | None = None,
    parts: Sequence[Sight] = (),
) -> Standing:
    """The asset's standing. `system`: it belongs to a declared one; `parts`: of `BY_PARTS`, what it consists of."""
    sights = [] if kind in ON_PAPER else [own, *(parts if kind in BY_PARTS else ())]
    late = offline_on is not None and any(state in LIVING and seen > offline_on for state, seen in sights)
    if conflicts is not None or late:
        return Standing.CONTRADICTING
    expected = declared and offline_on is None and status != PLANNED and kind not in ON_PAPER
    if expected and not any(state in LIVING for state, _ in sights):
        return Standing.VANISHED
    return Standing.REGISTERED if declared or system else Standing.UNDECLARED
