"""Which declarations speak of an address, a port or a website, the narrowest first: the trace behind `Register.at`."""

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass

from secops.assets.register import Declared, Register, site_key
from secops.core.model import Kind


@dataclass(frozen=True, slots=True)
class Found:
    """A declaration that speaks of a place. `level`: website, port, address or network."""

    level: str
    thing: Declared
    org: str
    """The unit that answers by it, its own or its system's; empty where it names none."""
    system: str
    """The code of the system it names or is."""
    size: int = 0
    """Of how many addresses it speaks."""


class Claims:
    """Every declaration of a register by what it speaks of. Spans are powers of two, so looking up is a few masks."""

    def __init__(self, register: Register) -> None:
        self._ports: dict[tuple[int, int], list[Found]] = {}
        self._spans: dict[tuple[int, int], list[Found]] = {}
        self._sites: dict[str, list[Found]] = {}
        for _, each in sorted(register.things.items()):
            kind, _, key = each.subject.partition(":")
            org, system = register.org_of(each), key if kind == Kind.SYSTEM else each.text("system")
            for claim, port in register.claims_of(each):
                size = claim.last - claim.first + 1
                level = "port" if port else "address" if size == 1 else "network"
                place = self._ports.setdefault((claim.first, port), []) if port else self._spans.setdefault(
                    (claim.first, size), []
                )  # fmt: skip
                place.append(Found(level, each, org, system, size))
            for url in register.websites_of(each):
                self._sites.setdefault(site_key(url), []).append(Found("website", each, org, system))
        self._sizes = sorted({size for _, size in self._spans})
        self._owned = sorted(span for span, found in self._spans.items() if any(each.org for each in found))

    def around(self, place: int, port: int = 0) -> Iterator[Found]:
        """What speaks of this place, the narrowest first."""
        if port:
            yield from self._ports.get((place, port), ())
        for size in self._sizes:
            yield from self._spans.get((place & -size, size), ())

    def website(self, key: str) -> Iterator[Found]:
        """What speaks of this website, its origin before its host name."""
        yield from self._sites.get(key, ())
        yield from self._sites.get(key.partition("://")[2].rpartition(":")[0], ())

    def beside(self, place: int, widest: int) -> Found | None:
        """The declaration with a unit that shares the longest beginning with this place, within `widest` addresses.

        In order of their first address it is one of the two neighbours.
        """
        at = bisect_left(self._owned, (place,))
        near = [(max(1 << (first ^ place).bit_length(), size), first, size)
                for first, size in self._owned[max(at - 1, 0) : at + 1]]  # fmt: skip
        apart, first, size = min(near, default=(widest + 1, 0, 0))
        return next(each for each in self._spans[first, size] if each.org) if apart <= widest else None
