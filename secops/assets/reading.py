"""What one look says, read once: the facts that the dictionary knows, by whom they tell of, and whom it points at."""

from functools import cached_property

from secops.assets import draft as drafts
from secops.assets.draft import INHERENT
from secops.assets.identity import TLS, ip_id, is_asset, service_id, website_id, website_key_of
from secops.assets.marks import Rules, carries, marks
from secops.assets.register import place_of
from secops.core.fields import facts_of
from secops.core.model import Kind, Logged, Observation, Status, Value, entity_id

_SERVICE = facts_of(Kind.SERVICE) - INHERENT
_IP = facts_of(Kind.IP) - INHERENT
_WEBSITE = facts_of(Kind.WEBSITE) - INHERENT
_KNOWN = _SERVICE | _IP | _WEBSITE
_SILENT = frozenset({Status.REFUSED, Status.TIMEOUT, Status.UNREACHABLE, Status.OUT_OF_SCOPE})
"""How a look ends that does not show the port to be open."""
_LINKS_MOST = 50


class Reading:
    """One entry of the log and what it says."""

    def __init__(self, logged: Logged, seen: Observation, place: int) -> None:
        self.logged = logged
        self.seen = seen
        self.place = place
        """Of the address, on the line."""
        self.look = logged.look or seen.look
        self.base = seen.base
        self.facts: dict[str, Value] = {
            field: value
            for field, raw in seen.facts.items()
            if field in _KNOWN and (value := drafts.normal(field, raw)) is not None
        }
        self.ip = ip_id(seen.site, seen.target.address)
        self.service = service_id(seen.site, seen.target) if seen.target.port else ""
        self._marks: tuple[str, ...] | None = None

    @property
    def silent(self) -> bool:
        """Whether nobody answered."""
        return self.seen.status in _SILENT and not self.facts

    @cached_property
    def of_service(self) -> dict[str, Value]:
        """What it says of the port."""
        return {field: value for field, value in self.facts.items() if field in _SERVICE}

    @cached_property
    def of_ip(self) -> dict[str, Value]:
        """What it says of the address: of what ports have too, a look at a port does not tell."""
        port = bool(self.seen.target.port)
        return {f: value for f, value in self.facts.items() if f in _IP and not (port and f in _SERVICE)}

    @cached_property
    def of_website(self) -> dict[str, Value]:
        """What it says of the website."""
        return website_part(self.facts)

    @cached_property
    def encrypted(self) -> bool:
        """Whether it tells of TLS at this port."""
        return self.base in TLS or self.facts.get("tls.enabled") is True

    @cached_property
    def website(self) -> str:
        """The id of the website that it would be a look at."""
        return website_id(self.seen, encrypted=self.encrypted)

    @cached_property
    def links(self) -> tuple[str, ...]:
        """Ids of the websites that the page points at, whether they are known or not."""
        told = self.facts.get("http.links")
        found: dict[str, None] = {}
        for each in told[:_LINKS_MOST] if isinstance(told, tuple) else ():
            try:
                found[entity_id(self.seen.site, Kind.WEBSITE, website_key_of(str(each)))] = None
            except ValueError:
                continue
        return tuple(found)

    def marks(self, rules: Rules) -> tuple[str, ...]:
        """What may tell its machine from others."""
        if self._marks is None:
            self._marks = marks(self.seen, rules) if carries(self.seen) else ()
        return self._marks


def read(logged: Logged, seen: Observation) -> Reading | None:
    """What this entry says; None where its address can be no asset."""
    place = place_of(seen.target.address)
    return None if place is None or not is_asset(seen.target.address) else Reading(logged, seen, place)


def website_part(facts: dict[str, Value]) -> dict[str, Value]:
    """Those of the facts that a website has."""
    return {field: value for field, value in facts.items() if field in _WEBSITE}
