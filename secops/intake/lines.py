"""Lines and JSON objects of a stream, bounded: a line or an object beyond the bound costs itself and nothing more."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final

from secops.core.model import Skipped

LINE_MOST: Final = 8 << 20
"""Bytes of one line, and of one object over several lines."""
_JOINED_MOST: Final = 1 << 20
_TOKENS: Final = re.compile(rb'"(?:[^"\\]|\\.)*"?|[{}]')
_BETWEEN: Final = re.compile(r"[\s,\]\[]*")
_NESTED_MOST: Final = 64
_FINISHED: Final = re.compile(rb"\{\s*finished\s*:\s*\d+\s*\}")
"""What old versions of masscan wrote last; no JSON, and no record."""


@dataclass(frozen=True, slots=True)
class Record:
    """One JSON object, its place and its bytes."""

    where: str
    value: dict[str, object]
    raw: bytes


def lines(stream: BinaryIO) -> Iterator[tuple[int, bytes | Skipped]]:
    """Each line without its end, with its number."""
    place = 0
    while line := stream.readline(LINE_MOST + 1):
        place += 1
        if len(line) > LINE_MOST:
            while line and not line.endswith(b"\n"):
                line = stream.readline(1 << 20)
            yield place, Skipped(f"line {place}", f"a line longer than {LINE_MOST >> 20} MiB")
            continue
        yield place, line.rstrip(b"\r\n")


def records(stream: BinaryIO) -> Iterator[Record | Skipped]:
    """Every JSON object of JSONL, of an array, of objects with stray commas, or of objects over several lines."""
    held: list[bytes] = []
    depth = size = begun = 0
    for place, line in lines(stream):
        if isinstance(line, Skipped):
            held, depth = [], 0
            yield line
            continue
        text = line.strip(b" \t\r\n,[]\x00" if not held else b"\r\n")
        if place == 1:
            text = text.removeprefix(b"\xef\xbb\xbf").lstrip(b" \t[,")
        if held and line.startswith(b"{"):
            yield Skipped(f"line {begun}", "a JSON object that does not end")
            held, depth, text = [], 0, line.strip(b" \t\r\n,")
        if not held:
            if not text:
                continue
            if text.startswith(b"{") and text.endswith(b"}"):
                yield from _objects(text, f"line {place}")
                continue
            if not text.startswith(b"{"):
                yield Skipped(f"line {place}", "no JSON object")
                continue
            begun, size, depth = place, 0, 0
        depth += _opened(text)
        size += len(text) + 1
        held.append(text)
        if size > _JOINED_MOST or abs(depth) > _NESTED_MOST:
            yield Skipped(f"line {begun}", "a JSON object too large or too deep")
            held = []
        elif depth <= 0:
            yield from _objects(b"\n".join(held).strip(b" \t\r\n,]"), f"line {begun}")
            held = []
    if held:
        yield Skipped(f"line {begun}", "truncated: the file ends within a JSON object")


def _opened(text: bytes) -> int:
    """How many braces this line leaves open; strings never go over lines in JSON."""
    found = 0
    for token in _TOKENS.findall(text):
        found += (token == b"{") - (token == b"}")
    return found


def _objects(data: bytes, where: str) -> Iterator[Record | Skipped]:
    """The objects of one piece of text, mostly one."""
    if _FINISHED.fullmatch(data):
        return
    try:
        value = _DECODE(data.decode("utf-8", "replace"))
    except RecursionError:
        yield Skipped(where, "JSON nested too deep")
        return
    except ValueError as fault:
        if "Extra data" in str(fault):
            yield from _several(data, where)
        else:
            yield Skipped(where, "not well-formed JSON")
        return
    if isinstance(value, dict):
        yield Record(where, value, data)
    else:
        yield Skipped(where, "no JSON object")


def _several(data: bytes, where: str) -> Iterator[Record | Skipped]:
    text = data.decode("utf-8", "replace")
    at = 0
    while at < len(text):
        try:
            value, end = _DECODER.raw_decode(text, at)
        except (ValueError, RecursionError):
            yield Skipped(f"{where}, character {at + 1}", "not well-formed JSON")
            return
        if isinstance(value, dict):
            yield Record(where, value, text[at:end].encode("utf-8", "surrogatepass"))
        else:
            yield Skipped(f"{where}, character {at + 1}", "no JSON object")
        found = _BETWEEN.match(text, end)
        at = found.end() if found else end


def _constant(name: str) -> None:
    """NaN and Infinity are no JSON."""
    del name


_DECODER: Final = json.JSONDecoder(parse_constant=_constant)
_DECODE: Final = _DECODER.decode
