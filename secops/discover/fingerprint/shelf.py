"""The fingerprints in force: our own set, and a larger one where the settings name it. Loaded on first use."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from secops.core.model import Value
from secops.discover.fingerprint.entry import Hit, Seen
from secops.discover.fingerprint.file import shipped
from secops.discover.fingerprint.match import HITS_MOST, Book
from secops.discover.fingerprint.openset import OpenSet

_NAMES_MOST = 255


class Shelf:
    """Our own book and at most one open set."""

    def __init__(self) -> None:
        self._book: Book | None = None
        self._open: OpenSet | None = None

    @property
    def book(self) -> Book:
        """Our own set."""
        if self._book is None:
            self._book = Book(shipped())
        return self._book

    def add(self, path: str) -> int:
        """Use the open set of this file too (empty: none); how many technologies it has. Raises InvalidFile."""
        self._open = OpenSet.read(Path(path)) if path else None
        return len(self._open.technologies) if self._open else 0

    def match(self, seen: Seen) -> tuple[Hit, ...]:
        """What shows, our own set first; a name both know is told once."""
        own = self.book.match(seen)
        if self._open is None:
            return own
        names = {hit.technology.name.lower() for hit in own}
        more = [hit for hit in self._open.match(seen) if hit.technology.name.lower() not in names]
        return (*own, *more)[:HITS_MOST]


SHELF = Shelf()


def facts_of(hits: Iterable[Hit], facts: Mapping[str, Value]) -> dict[str, Value]:
    """What the hits add to the facts of a page: names, and of what answers on the port the product and its version."""
    told = sorted(hits, key=lambda hit: (not hit.technology.server, hit.technology.name))
    if not told:
        return {}
    before = facts.get("http.technologies")
    names = {hit.technology.name[:_NAMES_MOST] for hit in told} | set(before if isinstance(before, tuple) else ())
    said: dict[str, Value] = {"http.technologies": tuple(sorted(map(str, names)))}
    for hit in told:
        each = hit.technology
        if each.product and "service.product" not in said and (each.server or "service.product" not in facts):
            said["service.product"] = each.product
            if hit.version:
                said["service.version"] = hit.version
        if each.device and "service.device_type" not in facts:
            said.setdefault("service.device_type", each.device)
    return said


def seen_of(
    headers: Iterable[tuple[str, str]], title: str, generator: str, lowered: bytes, icon: int | None = None
) -> Seen:
    """A reply as fingerprints see it; header names are in lower case already."""
    values: dict[str, str] = {}
    cookies: list[str] = []
    for name, value in headers:
        low = value.lower()
        values[name] = f"{values[name]}\n{low}" if name in values else low
        if name == "set-cookie":
            cookies.append(low.partition("=")[0].strip())
    return Seen(title.lower(), generator.lower(), tuple(cookies), lowered, icon, values)
