"""Active, stale, gone: by what complete runs asked and nobody answered, and by nothing else.

One covered miss makes an open port stale, `gone_after` in a row make it gone; seen again it is the same asset with the
same id. An address is as alive as its liveliest port, a machine as its liveliest address; an address without a living
port ages by the pings it did not answer. An unfinished run, a run that heard nobody at all (it may have been deaf
itself), a block whose canary did not answer, and a port nobody asked for age nothing.
"""

from bisect import bisect_right
from collections.abc import Iterable
from typing import Final

from secops.assets import draft as drafts
from secops.assets.draft import Cause, Draft
from secops.assets.register import place_of
from secops.core.address import number
from secops.core.model import Coverage, Entity, Kind, State

GONE_AFTER: Final = 3
LIVING: Final = frozenset({State.ACTIVE, State.STALE})
_LIFE: Final = {State.ACTIVE: 3, State.STALE: 2, State.DECLARED: 1, State.GONE: 0}


class Covered:
    """What a run really asked: for each set of ports the addresses, as merged ranges."""

    def __init__(self, blocks: Iterable[Coverage]) -> None:
        ranges: dict[tuple[tuple[int, ...], str], list[tuple[int, int]]] = {}
        known = list(blocks)
        heard = any(each.canary or each.answered for each in known)
        for each in known if heard else ():
            if each.canary is not False:
                spans = ranges.setdefault((each.ports, str(each.transport)), [])
                spans.extend((number(first), number(last)) for first, last in each.ranges)
        self._lines = [(frozenset(ports), transport, *_merged(spans)) for (ports, transport), spans in ranges.items()]

    def __bool__(self) -> bool:
        return bool(self._lines)

    @property
    def addresses(self) -> bool:
        """Whether the run asked for addresses themselves (echo, ARP): port 0 of its coverage."""
        return any(0 in ports for ports, *_ in self._lines)

    def asked(self, entity: Entity) -> bool:
        """Whether the run asked for this service or website, or for this address itself."""
        place = place_of(entity.facts.get("address"))
        port = 0 if entity.kind is Kind.IP else entity.facts.get("port")
        carried = entity.facts.get("transport", "tcp")
        if place is None:
            return False
        for ports, transport, firsts, lasts in self._lines:
            if port in ports and transport == carried:
                at = bisect_right(firsts, place) - 1
                if at >= 0 and place <= lasts[at]:
                    return True
        return False


def miss(draft: Draft, cause: Cause, gone_after: int = GONE_AFTER) -> None:
    """A complete run asked for it and got no answer."""
    draft.misses += 1
    draft.dirty = True
    reason = f"{draft.misses} complete runs in a row without answer"
    drafts.turn(draft, cause, State.GONE if draft.misses >= gone_after else State.STALE, reason)


def settle(draft: Draft, cause: Cause, parts: Iterable[State]) -> None:
    """As alive as the liveliest of its parts; without parts it stays as it is."""
    states = list(parts)
    if states and draft.state is not State.DECLARED:
        drafts.turn(draft, cause, max(states, key=_LIFE.__getitem__), "with its ports or addresses")


def addresses(entity: Entity) -> tuple[str, ...]:
    """The addresses a machine is known to use."""
    found = entity.facts.get("host.addresses")
    return tuple(str(each) for each in found) if isinstance(found, tuple) else ()


def _merged(spans: list[tuple[int, int]]) -> tuple[list[int], list[int]]:
    firsts: list[int] = []
    lasts: list[int] = []
    for first, last in sorted(spans):
        if lasts and first <= lasts[-1] + 1:
            lasts[-1] = max(lasts[-1], last)
        else:
            firsts.append(first)
            lasts.append(last)
    return firsts, lasts
