"""In which encoding a page is written. Source: the WHATWG encoding standard's order, bent to what servers really do.

Byte order mark, Content-Type, <meta>, then what the bytes themselves allow: UTF-8, else GB18030 (holds GBK and GB2312).
A declaration the bytes contradict does not count; neither does ISO-8859-1, which servers declare without looking.
"""

import codecs
import re
from dataclasses import dataclass

_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16le"), (codecs.BOM_UTF16_BE, "utf-16be"))
_HEADER = re.compile(r"charset\s{0,5}=\s{0,5}[\"']?\s{0,5}([A-Za-z0-9_.:-]{2,24})", re.IGNORECASE)
_META = re.compile(rb"<meta[^>]{0,300}charset\s{0,5}=\s{0,5}[\"']?\s{0,5}([a-z0-9_.:-]{2,24})")
_META_WITHIN = 8_192
_DEFAULTS = frozenset({"iso-8859-1", "latin1", "latin-1", "us-ascii", "ascii", "iso8859-1"})
_CODECS = {"gb2312": "gb18030", "gb_2312-80": "gb18030", "gbk": "gb18030", "x-gbk": "gb18030", "cp936": "gb18030",
           "gb18030": "gb18030", "hz-gb-2312": "hz", "utf8": "utf-8", "utf-8": "utf-8", "big5": "big5hkscs",
           "big5-hkscs": "big5hkscs", "x-big5": "big5hkscs", "utf-16": "utf-16-le", "utf-16le": "utf-16-le",
           "utf-16be": "utf-16-be", "iso-8859-1": "cp1252", "latin1": "cp1252", "windows-1252": "cp1252"}  # fmt: skip
"""Names on the wire -> Python codecs; each the widest of its family."""
_NAMES = {
    "utf8": "utf-8",
    "x-gbk": "gbk",
    "cp936": "gbk",
    "gb_2312-80": "gb2312",
    "x-big5": "big5",
    "utf-16": "utf-16le",
}
_TEXTUAL = re.compile(r"[a-z0-9_.-]{2,24}\Z")


@dataclass(frozen=True, slots=True)
class Decoded:
    """A page as text."""

    text: str
    charset: str
    """What it was read as; empty for plain ASCII that declares nothing."""
    declared: str = ""
    """What it declares where that was not believed."""


def read_text(body: bytes, lowered: bytes, content_type: str) -> Decoded:
    """The page as text and its encoding. `lowered` is `body.lower()`, which callers have at hand."""
    for mark, name in _MARKS:
        if body.startswith(mark):
            return Decoded(body[len(mark) :].decode(_CODECS[name], "replace"), name)
    declared = _declared(lowered, content_type)
    if body.isascii() and not any(each.startswith(("utf-16", "hz")) for each in declared):
        return Decoded(body.decode("ascii"), _NAMES.get(declared[0], declared[0]) if declared else "")
    first = declared[0] if declared else ""
    for name in _order(declared):
        text = _strict(body, name)
        if text is None:
            continue
        if name.startswith("gb") and name in declared and _really_utf8(body):
            return Decoded(body.decode("utf-8", "ignore"), "utf-8", first)
        charset = _NAMES.get(name, name)
        return Decoded(text, charset, first if _NAMES.get(first, first) != charset else "")
    return _least_bad(body, declared)


def _declared(lowered: bytes, content_type: str) -> list[str]:
    """The encodings declared, believed most first."""
    found = []
    if header := _HEADER.search(content_type):
        found.append(header[1].lower())
    if (at := lowered.find(b"charset", 0, _META_WITHIN)) >= 0 and (meta := _META.search(lowered, 0, at + 320)):
        name = meta[1].decode()
        found.append("utf-8" if name.startswith("utf-16") else name)  # a meta that can be read is not in UTF-16
    real = [each for each in found if each not in _DEFAULTS and _known(each)]
    return real + [each for each in found if each in _DEFAULTS]


def _known(name: str) -> bool:
    if not _TEXTUAL.match(name):
        return False
    try:
        return codecs.lookup(_CODECS.get(name, name))._is_text_encoding  # noqa: SLF001 - keeps out `zlib`, `hex`, `rot13`
    except (LookupError, ValueError):
        return False


def _order(declared: list[str]) -> list[str]:
    real = [each for each in declared if each not in _DEFAULTS]
    return list(dict.fromkeys((*real, "utf-8", "gb18030")))


def _strict(body: bytes, name: str) -> str | None:
    """The text if every byte fits; a character cut off at the end is let go."""
    try:
        return codecs.getincrementaldecoder(_CODECS.get(name, name))("strict").decode(body)
    except (UnicodeError, LookupError, ValueError):
        return None


def _really_utf8(body: bytes) -> bool:
    """Declared as GBK, yet Chinese in UTF-8? Three-byte characters seldom come about by accident."""
    text = _strict(body, "utf-8")
    return text is not None and sum(0x4E00 <= ord(c) <= 0x9FFF for c in text[:20_000]) > 1


def _least_bad(body: bytes, declared: list[str]) -> Decoded:
    """Nothing fits: the reading that loses the fewest characters, on the first 64 KiB."""
    head = body[:65_536]
    names = dict.fromkeys((*[each for each in declared if each not in _DEFAULTS], "utf-8", "gb18030"))
    lost = {name: head.decode(_CODECS.get(name, name), "replace").count("\ufffd") for name in names}
    best = min(lost, key=lambda name: lost[name])
    if lost[best] * 20 > len(head):
        return Decoded(body.decode("latin-1"), "", declared[0] if declared else "")
    return Decoded(body.decode(_CODECS.get(best, best), "replace"), _NAMES.get(best, best))
