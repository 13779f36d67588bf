"""What nmap-service-probes says, as read: probes in file order, each with its matches. Nothing is compiled here."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

TOTAL_WAIT_MS = 5_000
"""nmap's default for the answer to one probe."""
TCP_WRAPPED_MS = 2_000
RARITY = 5
"""Of a probe that does not say."""


@dataclass(frozen=True, slots=True)
class Ports:
    """Ports as ranges, both ends inclusive."""

    ranges: tuple[tuple[int, int], ...] = ()

    def __contains__(self, port: int) -> bool:
        return any(first <= port <= last for first, last in self.ranges)

    def __iter__(self) -> Iterator[int]:
        for first, last in self.ranges:
            yield from range(first, last + 1)


@dataclass(frozen=True, slots=True)
class Match:
    """One `match` or `softmatch` line. Templates stay as written and are filled by `template.fill`."""

    service: str
    pattern: bytes
    ignore_case: bool
    dot_all: bool
    soft: bool
    line: int
    templates: tuple[tuple[str, bytes], ...]
    """(`p`, `v`, `i`, `h`, `o`, `d` or `cpe`, template); where a letter stands twice the last one counts."""


@dataclass(slots=True)
class Probe:
    """One `Probe` and all that belongs to it."""

    name: str
    udp: bool
    sends: bytes
    line: int
    ports: Ports = field(default_factory=Ports)
    tls_ports: Ports = field(default_factory=Ports)
    rarity: int = RARITY
    total_wait: float = TOTAL_WAIT_MS / 1000
    """Seconds for the whole answer."""
    wrapped: float = TCP_WRAPPED_MS / 1000
    """A close without a word sooner than this, in seconds, means a wrapper stands before the service."""
    fallback: tuple[str, ...] = ()
    matches: list[Match] = field(default_factory=list)
    services: frozenset[str] = frozenset()
    """What its own matches can name: after a soft match only probes that can name it are asked."""
    chain: tuple["Probe", ...] = ()
    """Whose matches an answer is tested against, in this order: its own, its fallbacks', for TCP those of NULL."""

    def lists(self, port: int, *, tls: bool) -> bool:
        """Does the file name this port for this probe?"""
        return port in (self.tls_ports if tls else self.ports)


@dataclass(eq=False)
class Book:
    """A whole file. `digest` is the SHA-256 of its bytes: it stands in the plan, and names the caches."""

    digest: str
    path: str
    probes: tuple[Probe, ...]
    """All but NULL, in file order."""
    null: Probe | None
    excluded_tcp: Ports
    excluded_udp: Ports

    def excludes(self, port: int, *, udp: bool = False) -> bool:
        """Ports the file's author never probes (printers)."""
        return port in (self.excluded_udp if udp else self.excluded_tcp)

    @cached_property
    def tcp(self) -> tuple[Probe, ...]:
        """The TCP probes that send something."""
        return tuple(each for each in self.probes if not each.udp)

    @cached_property
    def udp(self) -> tuple[Probe, ...]:
        """The UDP probes."""
        return tuple(each for each in self.probes if each.udp)

    def listed(self, port: int, *, udp: bool = False, tls: bool = False) -> tuple[Probe, ...]:
        """Probes the file names for this port, in its order, whatever their rarity."""
        key = (port, udp, tls)
        found = self._listed.get(key)
        if found is None:
            found = tuple(each for each in (self.udp if udp else self.tcp) if each.lists(port, tls=tls))
            self._listed[key] = found
        return found

    @cached_property
    def _listed(self) -> dict[tuple[int, bool, bool], tuple[Probe, ...]]:
        return {}

    def counts(self) -> dict[str, int]:
        """Probes, matches, soft matches and services, for whoever wants to see them."""
        whole = [*self.probes, *([self.null] if self.null else [])]
        lines = [match for probe in whole for match in probe.matches]
        return {
            "probes": len(whole),
            "matches": sum(not each.soft for each in lines),
            "softmatches": sum(each.soft for each in lines),
            "services": len({each.service for each in lines}),
        }
