"""An HTTP/1 reply taken apart: tolerant of what servers do wrong, bounded in every direction. Source: RFC 9112."""

import re
from dataclasses import dataclass, field

HEAD_MOST = 32_768
BODY_MOST = 262_144
_HEADERS_MOST = 100
_STATUS = re.compile(rb"HTTP/(\d\.\d) (\d{3})(?: |\r?\n|$)")


@dataclass(frozen=True, slots=True)
class Head:
    """Status line and headers; names in lower case, in order, repeated ones kept."""

    version: str
    status: int
    headers: tuple[tuple[str, str], ...]
    _first: dict[str, str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_first", dict(reversed(self.headers)))

    def first(self, name: str) -> str:
        """The first header of this name, or empty."""
        return self._first.get(name, "")

    @property
    def names(self) -> tuple[str, ...]:
        """Of all headers, in order."""
        return tuple([name for name, _ in self.headers])

    def all(self, name: str) -> tuple[str, ...]:
        """Every header of this name."""
        return tuple(value for key, value in self.headers if key == name) if name in self._first else ()

    @property
    def length(self) -> int | None:
        """Content-Length, None where absent or absurd."""
        text = self.first("content-length").strip()
        return int(text) if text.isascii() and text.isdigit() and len(text) < 15 else None

    @property
    def chunked(self) -> bool:
        """Is the body sent in chunks?"""
        return "chunked" in self.first("transfer-encoding").lower()


def parse_head(data: bytes) -> Head | None:
    """The head at the start of `data`; None when this is not HTTP."""
    found = _STATUS.match(data, 0, 64)
    if found is None:
        return None
    end = data.find(b"\r\n\r\n")
    if end < 0:
        end = data.find(b"\n\n")
    top = data if end < 0 else data[:end]
    try:
        lines = top.decode().split("\n", _HEADERS_MOST + 1)
    except UnicodeDecodeError:
        lines = [text(each) for each in top.split(b"\n", _HEADERS_MOST + 1)]
    headers = []
    for line in lines[1 : _HEADERS_MOST + 1]:
        name, colon, value = line.partition(":")
        name = name.strip()
        if colon and name:
            headers.append((name.lower()[:128], value.strip()[:4_096]))
    return Head(found[1].decode(), int(found[2]), tuple(headers))


def text(data: bytes) -> str:
    """Header bytes as text: UTF-8 where they are, Latin-1 otherwise."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode("latin-1")


def unchunk(data: bytes) -> tuple[bytes, bool]:
    """The body of chunks as far as they came, and whether the last one was seen. Broken chunking ends it."""
    body = bytearray()
    place = 0
    while True:
        end = data.find(b"\n", place, place + 256)
        if end < 0:
            return bytes(body), False
        size_text = data[place:end].partition(b";")[0].strip()
        try:
            size = int(size_text, 16) if size_text and len(size_text) < 12 and size_text.isalnum() else -1
        except ValueError:
            size = -1
        if size < 0:
            return bytes(body), True
        if size == 0:
            return bytes(body), True
        body += data[end + 1 : end + 1 + size]
        place = end + 1 + size
        if place >= len(data):
            return bytes(body), False
        if data[place : place + 2] == b"\r\n":
            place += 2
        elif data[place : place + 1] == b"\n":
            place += 1
