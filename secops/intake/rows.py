"""Rows of an import: observations made with the names of one run, and many records gathered into one endpoint."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from secops.core.clock import Instant
from secops.core.model import Observation, Status, Target, Value

_ENDPOINTS_MOST: Final = 20_000
"""Endpoints gathered at once; beyond them the oldest are told and forgotten."""
_CLIENTS_MOST: Final = 1_000
_MEMBERS_MOST: Final = 100
_EVENTS_MOST: Final = 32


@dataclass(frozen=True, slots=True)
class Writer:
    """Makes the observations of one run."""

    site: str
    observer: str
    run: str

    def row(
        self,
        collector: str,
        target: Target,
        at: Instant,
        *,
        facts: Mapping[str, Value],
        extra: Mapping[str, object],
        raw: str,
    ) -> Observation:
        """Something was seen there: open where a port is named, success for the address itself."""
        status = Status.OPEN if target.port else Status.SUCCESS
        return Observation(self.site, self.observer, self.run, collector, target, at, status, facts, extra, raw)


@dataclass(slots=True)
class Endpoint:
    """What all records of one source say of one place."""

    first: int = 0
    last: int = 0
    records: int = 0
    facts: dict[str, Value] = field(default_factory=dict)
    extra: dict[str, object] = field(default_factory=dict)
    events: dict[str, dict[str, object]] = field(default_factory=dict)
    """Things that happened there (alerts), by key."""
    clients: set[str] = field(default_factory=set)
    to_server: int = 0
    to_client: int = 0
    raw: str = ""
    """Digest of the first record."""

    def see(self, at: int, facts: Mapping[str, Value] | None = None, raw: str = "") -> None:
        """One more record: sets grow, of single values the newest stands."""
        newer = at >= self.last
        self.records += 1
        if at:
            self.first = min(self.first or at, at)
            self.last = max(self.last, at)
        self.raw = self.raw or raw
        for name, value in (facts or {}).items():
            before = self.facts.get(name)
            if value is None:
                continue
            if isinstance(value, tuple) and isinstance(before, tuple):
                if not set(value) <= set(before):
                    self.facts[name] = tuple(sorted({*map(str, before), *map(str, value)})[:_MEMBERS_MOST])
            elif newer or before is None:
                self.facts[name] = value

    def flow(self, client: str, to_server: int, to_client: int) -> None:
        """Traffic of one conversation with it."""
        if len(self.clients) < _CLIENTS_MOST:
            self.clients.add(client)
        self.to_server += to_server
        self.to_client += to_client

    def event(self, key: str, told: Mapping[str, object]) -> None:
        """Something that happened there, counted by its key."""
        if key not in self.events and len(self.events) < _EVENTS_MOST:
            self.events[key] = {**told, "count": 0}
        if key in self.events:
            self.events[key]["count"] = int(str(self.events[key]["count"])) + 1

    def add(self, name: str, text: str) -> None:
        """One more member of a bounded set in `extra`."""
        held = self.extra.setdefault(name, []) if text else None
        if isinstance(held, list) and text not in held and len(held) < _EVENTS_MOST:
            held.append(text)

    def told(self) -> dict[str, object]:
        """Its extra."""
        extra = dict(self.extra)
        extra["records"] = self.records
        if self.first:
            extra["first_seen"] = self.first
        if self.clients:
            extra |= {"clients": len(self.clients), "clients_sample": sorted(self.clients)[:10]}
            extra |= {"bytes_to_server": self.to_server, "bytes_to_client": self.to_client}
        if self.events:
            extra["alerts"] = [self.events[each] for each in sorted(self.events)]
        return extra


class Gather:
    """Endpoints by source and place, at most so many at a time; told when there are too many, the rest at the end."""

    def __init__(self, writer: Writer, most: int = _ENDPOINTS_MOST) -> None:
        self.writer = writer
        self.most = most
        self.held: dict[tuple[str, Target], Endpoint] = {}
        self._told: list[Observation] = []

    def at(self, collector: str, target: Target) -> Endpoint:
        """The endpoint of this source at this place."""
        found = self.held.get((collector, target))
        if found is None:
            if len(self.held) >= self.most:
                for each in list(self.held)[: max(1, self.most // 10)]:
                    self._told.append(self._row(each, self.held.pop(each)))
            found = self.held[collector, target] = Endpoint()
        return found

    def take(self) -> list[Observation]:
        """Rows of endpoints that had to make room."""
        told, self._told = self._told, []
        return told

    def rest(self) -> Iterator[Observation]:
        """Every row not told yet, in the order they were first seen."""
        yield from self.take()
        while self.held:
            key = next(iter(self.held))
            yield self._row(key, self.held.pop(key))

    def _row(self, key: tuple[str, Target], seen: Endpoint) -> Observation:
        collector, target = key
        return self.writer.row(collector, target, Instant(seen.last), facts=seen.facts, extra=seen.told(), raw=seen.raw)
