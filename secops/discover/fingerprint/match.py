"""Compares a reply with all technologies of a set: a look into a few tables, one pass over the page."""

import re
from collections.abc import Iterable
from functools import lru_cache

from secops.discover.fingerprint.entry import Hit, Seen, Sign, Technology
from secops.discover.fingerprint.literals import Literals

HITS_MOST = 40
_WINDOW = 300
_SMALL = 4_096
"""Pages up to this are remembered: the default pages of servers come by the thousand."""
Entry = tuple[Technology, Sign, bool, str]
"""With whether the index alone decides (the sign has a single part), and the part it is told by."""


class Book:
    """Technologies, indexed by the part of each sign that is cheapest to look up."""

    def __init__(self, technologies: Iterable[Technology]) -> None:
        self.technologies = tuple(technologies)
        self._by_name = {each.name: each for each in self.technologies}
        self._server: list[Entry] = []
        self._title: list[Entry] = []
        self._generator: list[Entry] = []
        self._prefixes: list[tuple[str, Entry]] = []
        self._headers: dict[str, list[tuple[str, Entry]]] = {}
        self._cookies: dict[str, list[Entry]] = {}
        self._icons: dict[int, list[Entry]] = {}
        self._bodies: list[Entry] = []
        texts: dict[bytes, list[Entry]] = {}
        for technology in self.technologies:
            for sign in technology.signs:
                self._place((technology, sign, single(sign), _told_by(sign)), texts)
        self._texts = list(texts.values())
        self._literals = Literals(texts)
        self._of_server = lru_cache(maxsize=512)(self._served)
        self._of_title = lru_cache(maxsize=512)(self._titled)
        self._of_small = lru_cache(maxsize=512)(self._literals.find)

    def _place(self, entry: Entry, texts: dict[bytes, list[Entry]]) -> None:
        sign = entry[1]
        if sign.icon is not None:
            self._icons.setdefault(sign.icon, []).append(entry)
        elif sign.cookie.endswith("*"):
            self._prefixes.append((sign.cookie[:-1], entry))
        elif sign.cookie:
            self._cookies.setdefault(sign.cookie, []).append(entry)
        elif sign.server:
            self._server.append(entry)
        elif sign.headers or sign.realm or sign.location:
            name, text = sign.headers[0] if sign.headers else ("", "")
            name = name or ("www-authenticate" if sign.realm else "location")
            self._headers.setdefault(name, []).append((text or sign.realm or sign.location, entry))
        elif sign.title:
            self._title.append(entry)
        elif sign.generator:
            self._generator.append(entry)
        else:
            for form in forms(max(sign.body, key=len)):
                texts.setdefault(form, []).append(entry)

    def match(self, seen: Seen) -> tuple[Hit, ...]:
        """Every technology that shows, with those it implies, each once, in the order of the set; at most 40."""
        found: dict[str, Hit] = {}
        for technology, sign, decided, by in self._candidates(seen):
            known = found.get(technology.name)
            if known is not None and (known.version or sign.version is None):
                continue
            if decided or holds(sign, seen):
                hit = Hit(technology, _version(sign, seen) if sign.version else "", by)
                if known is None or hit.version:
                    found[technology.name] = hit
        for hit in tuple(found.values()):
            for name in hit.technology.implies:
                found.setdefault(name, Hit(self._by_name[name], "", f"implied by {hit.technology.name}"))
        return tuple(sorted(found.values(), key=lambda hit: hit.technology.name)[:HITS_MOST])

    def by_icon(self, number: int) -> tuple[Hit, ...]:
        """Technologies told by the icon alone."""
        entries = self._icons.get(number, ())
        return tuple(Hit(technology, "", "icon") for technology, _, decided, _ in entries if decided)

    def _candidates(self, seen: Seen) -> Iterable[Entry]:
        yield from self._of_server(seen.values.get("server", ""))
        for name, value in seen.values.items():
            for text, entry in self._headers.get(name, ()):
                if text in value:
                    yield entry
        for cookie in seen.cookies:
            yield from self._cookies.get(cookie, ())
            for prefix, entry in self._prefixes:
                if cookie.startswith(prefix):
                    yield entry
        if seen.title:
            yield from self._of_title(seen.title)
        if seen.generator:
            for entry in self._generator:
                if entry[1].generator in seen.generator:
                    yield entry
        if seen.icon is not None:
            yield from self._icons.get(seen.icon, ())
        small = len(seen.body) <= _SMALL
        for number in self._of_small(seen.body) if small else self._literals.find(seen.body):
            yield from self._texts[number]

    def _served(self, server: str) -> tuple[Entry, ...]:
        return tuple(entry for entry in self._server if server and entry[1].server in server)

    def _titled(self, title: str) -> tuple[Entry, ...]:
        return tuple(entry for entry in self._title if entry[1].title in title)


def single(sign: Sign) -> bool:
    """Has the sign one part only?"""
    parts = (sign.server, sign.cookie, sign.title, sign.generator, sign.location, sign.realm, sign.icon is not None)
    return sum(map(bool, parts)) + len(sign.headers) + len(sign.body) == 1


def holds(sign: Sign, seen: Seen) -> bool:
    """Does every part of the sign hold?"""
    values = seen.values
    return (
        sign.server in values.get("server", "")
        and all(name in values and text in values[name] for name, text in sign.headers)
        and sign.title in seen.title
        and sign.generator in seen.generator
        and (not sign.location or sign.location in values.get("location", ""))
        and (not sign.realm or sign.realm in values.get("www-authenticate", ""))
        and (not sign.cookie or any(_cookie(sign.cookie, each) for each in seen.cookies))
        and (sign.icon is None or sign.icon == seen.icon)
        and all(any(form in seen.body for form in forms(text)) for text in sign.body)
    )


def _cookie(wanted: str, name: str) -> bool:
    return name.startswith(wanted[:-1]) if wanted.endswith("*") else name == wanted


@lru_cache(maxsize=8_192)
def forms(text: str) -> tuple[bytes, ...]:
    """The bytes of a text as pages carry it, in lower case as pages are compared: UTF-8 and, of Chinese, GB18030."""
    first = text.encode().lower()
    return (first,) if text.isascii() else (first, text.encode("gb18030").lower())


def _told_by(sign: Sign) -> str:
    return next(
        (part for part in ("server", "headers", "cookie", "title", "generator", "location", "realm", "icon")
         if getattr(sign, part) not in {"", (), None}),
        "body",
    ).rstrip("s")  # fmt: skip


def _version(sign: Sign, seen: Seen) -> str:
    if sign.version is None:
        return ""
    match = sign.version.search(_where(sign, seen))
    return match[1][:40] if match and match[1] else ""


def _where(sign: Sign, seen: Seen) -> str:
    """What the sign's first part was found in."""
    if sign.server:
        return seen.values.get("server", "")[:512]
    if sign.headers:
        return seen.values.get(sign.headers[0][0], "")[:512]
    if sign.title:
        return seen.title
    if sign.generator:
        return seen.generator
    if not sign.body:
        return ""
    at = max(seen.body.find(form) for form in forms(sign.body[0]))
    return re.sub(r"\s+", " ", seen.body[at : at + _WINDOW].decode("utf-8", "replace"))
