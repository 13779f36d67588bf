"""What one look says, read once: the facts that the dictionary knows, by whom they tell of, and whom it points at."""

from collections.abc import Iterable
from functools import lru_cache

from secops.assets.draft import INHERENT
from secops.assets.identity import PAGES, TLS, ip_id, is_asset, service_id, website_id, website_key_of
from secops.assets.marks import Rules, carries, marks
from secops.assets.register import place_of
from secops.assets.value import NORMAL
from secops.core.fields import facts_of
from secops.core.model import Kind, Logged, Observation, Status, Value, entity_id

_SERVICE = facts_of(Kind.SERVICE) - INHERENT
_IP = facts_of(Kind.IP) - INHERENT
_WEBSITE = facts_of(Kind.WEBSITE) - INHERENT
_IP_ALONE = _IP - _SERVICE
_KNOWN = {field: (field, NORMAL[field]) for field in _SERVICE | _IP | _WEBSITE}
"""What gives the value of a field; and its name, which is one text for all looks and so found faster."""
_SILENT = frozenset({Status.REFUSED, Status.TIMEOUT, Status.UNREACHABLE, Status.OUT_OF_SCOPE})
"""How a look ends that does not show the port to be open."""
_LINKS_MOST = 50


class Reading:
    """One entry of the log and what it says.

    `place`: of the address, on the line. `of_service`, `of_ip`, `of_website`: what it says of the port, of the address
    (a look at a port does not tell what ports have too), of the website. `encrypted`: whether it tells of TLS at this
    port. `silent`: whether nobody answered. `carrying`: whether it may have marks.
    `ip`, `service`, `website`: ids of what it is a look at; empty where it is none.
    """

    __slots__ = (
        "_links", "_marks", "base", "carrying", "encrypted", "facts", "ip", "logged", "look", "of_ip", "of_service",
        "of_website", "place", "seen", "service", "silent", "website",
    )  # fmt: skip

    def __init__(self, logged: Logged, seen: Observation, place: int) -> None:
        self.logged = logged
        self.seen = seen
        self.place = place
        self.look = logged.look or seen.look
        self.base = seen.base
        self.facts: dict[str, Value] = {
            known[0]: value
            for field, raw in seen.facts.items()
            if (known := _KNOWN.get(field)) is not None and (value := known[1](raw)) is not None
        }
        facts = self.facts
        of_service, of_ip, of_website = _parted(tuple(facts), bool(seen.target.port))
        self.of_service = facts if of_service is None else {field: facts[field] for field in of_service}
        self.of_ip = facts if of_ip is None else {field: facts[field] for field in of_ip}
        self.of_website = facts if of_website is None else {field: facts[field] for field in of_website}
        self.encrypted = self.base in TLS or facts.get("tls.enabled") is True
        self.silent = seen.status in _SILENT and not facts
        self.ip = ip_id(seen.site, seen.target.address)
        self.service = service_id(seen.site, seen.target) if seen.target.port else ""
        page = seen.target.port and (self.base in TLS or self.base in PAGES)
        self.website = website_id(seen, encrypted=self.encrypted) if page else ""
        self.carrying = carries(seen)
        self._marks: tuple[str, ...] | None = None
        self._links: tuple[str, ...] | None = None

    @property
    def concerned(self) -> list[str]:
        """Ids of the entities to know beforehand."""
        return [each for each in (self.ip, self.service, self.website) if each]

    @property
    def source(self) -> str:
        """Under which name an address keeps what this look says of it."""
        port = self.seen.target.port
        return f"{self.base}:{port}" if port else self.base

    @property
    def links(self) -> tuple[str, ...]:
        """Ids of the websites that the page points at, whether they are known or not."""
        if self._links is None:
            told = self.facts.get("http.links")
            keys = map(_site, told[:_LINKS_MOST]) if isinstance(told, tuple) else ()
            self._links = tuple(entity_id(self.seen.site, Kind.WEBSITE, each) for each in dict.fromkeys(keys) if each)
        return self._links

    def marks(self, rules: Rules) -> tuple[str, ...]:
        """What may tell its machine from others."""
        if self._marks is None:
            self._marks = marks(self.seen, rules) if self.carrying else ()
        return self._marks


_Part = tuple[str, ...] | None


@lru_cache(maxsize=1 << 10)
def _parted(fields: tuple[str, ...], port: bool) -> tuple[_Part, _Part, _Part]:
    """Those of the fields that tell of a service, an address, a website; None for all of them."""
    kinds = (_SERVICE, _IP_ALONE if port else _IP, _WEBSITE)
    parts = (tuple(field for field in fields if field in kind) for kind in kinds)
    of_service, of_ip, of_website = (None if part == fields else part for part in parts)
    return of_service, of_ip, of_website


def read(entries: Iterable[Logged]) -> list[Reading]:
    """What the observations among these entries say, but for those whose address can be no asset."""
    found: list[Reading] = []
    for logged in entries:
        if isinstance(seen := logged.entry, Observation):
            place = place_of(seen.target.address)
            if place is not None and is_asset(seen.target.address):
                found.append(Reading(logged, seen, place))
    return found


def _site(url: object) -> str:
    """The key of the website this URL lies in; empty for none."""
    try:
        return website_key_of(str(url))
    except ValueError:
        return ""


def website_part(facts: dict[str, Value]) -> dict[str, Value]:
    """Those of the facts that a website has."""
    return {field: value for field, value in facts.items() if field in _WEBSITE}
