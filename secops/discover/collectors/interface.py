"""What a collector is, and what it gives back. Pure: bytes in, a reading out."""

import re
import unicodedata
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field

from secops.core.model import Facts, Status, Target
from secops.dial.conversation import Answer, Command

TEXT_MOST = 512
BANNER_MOST = 1_024
ITEMS_MOST = 100
"""Members of a set of texts that are kept."""
_PASSING = re.compile(rb"(?im)^(?:date|expires|set-cookie|age|etag|x-request-id|x-trace-id|cf-ray):[^\n]{0,4096}\n")
"""Header lines that are another one with each answer."""
_DATES = re.compile(
    rb"(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),? )?\d{1,2} (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4}"
    rb" \d{2}:\d{2}:\d{2}(?: (?:[+-]\d{4}(?: \([A-Z]{1,5}\))?|[A-Z]{1,5}))?"
)
"""Moments as mail servers greet with (RFC 5322)."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What one collector understood of one target."""

    collector: str
    """`name@version`."""
    status: Status
    facts: Facts = field(default_factory=dict)
    extra: Mapping[str, object] = field(default_factory=dict)
    follow: str = ""
    """A redirect to look at as a target of its own, if it lies within scope."""


Talking = Generator[Command, Answer, Reading]


@dataclass(frozen=True, slots=True)
class Collector:
    """One protocol. `sends` is every byte string it may put on the wire, shown by `discover plan`.

    `hear` recognises a greeting (b"" gives None); `ask` begins on a fresh, silent connection; either may be None.
    """

    name: str
    version: int
    zh: str
    en: str
    sends: tuple[str, ...]
    ports: frozenset[int]
    """Where it is asked first, before waiting for a greeting."""
    hear: Callable[[bytes, Target], Reading | None] | None = None
    ask: Callable[[Target], Talking] | None = None

    @property
    def label(self) -> str:
        """`name@version`, as observations carry it."""
        return f"{self.name}@{self.version}"


def steady(data: bytes) -> bytes:
    """An answer without what differs each time it is asked for: dates, cookies, request numbers are no change."""
    return _DATES.sub(b"", _PASSING.sub(b"", data))


def clean(text: str, most: int = TEXT_MOST) -> str:
    """The text on one line, bounded, without control, format or unassigned characters."""
    if text.isascii() and text.isprintable() and "  " not in text:
        return text.strip()[:most]
    spaced = " ".join(text[: most * 4].split())
    if spaced.isprintable():
        return spaced[:most]
    kept = "".join(c for c in spaced if c == " " or unicodedata.category(c)[0] != "C")
    return kept[:most]


def decoded(data: bytes, hint: str = "") -> str:
    """Bytes as text: the hinted charset, else UTF-8, else GB18030 (which holds GBK and GB2312), else Latin-1."""
    for name in (hint, "utf-8", "gb18030"):
        if not name:
            continue
        try:
            return data.decode(_CHARSETS.get(name.lower(), name))
        except (UnicodeDecodeError, LookupError, ValueError):
            continue
    return data.decode("latin-1")


_CHARSETS = {"gb2312": "gb18030", "gbk": "gb18030", "x-gbk": "gb18030", "utf8": "utf-8", "iso-8859-1": "cp1252"}


def bounded(items: tuple[str, ...] | list[str], most: int = ITEMS_MOST) -> tuple[str, ...]:
    """The first `most` distinct, cleaned, non-empty texts, in their order."""
    kept: dict[str, None] = {}
    for each in items:
        text = clean(each, 255)
        if text:
            kept.setdefault(text)
        if len(kept) >= most:
            break
    return tuple(kept)
