"""Alerts as lines of a file: the embedded default. A line is on disk before its receipt is given.

Idempotent by id across restarts: doubtful letters are looked for in the file before they are appended. A last line torn
by a crash is cut off (its letter has no receipt and comes again).
"""

import json
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from secops.core.errors import SinkError
from secops.core.language import say
from secops.core.letter import Letter, Outcome, Receipt

BLOCK = 1 << 20
_EVENT_ID = re.compile(rb'"event":\{[^{}]{0,500}?"id":"([^"\\]{1,200})"')
"""Where our own writer puts the id; any other line is parsed."""


class JsonlSink:
    """Appends one ECS document per line to `path`."""

    def __init__(self, path: Path, *, name: str = "jsonl") -> None:
        self.name = name
        self.path = path
        self._handle: BinaryIO | None = None

    def open(self) -> Sequence[str]:
        """Open the file for appending and mend its end. Raises SinkError."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._handle = self.path.open("a+b", buffering=0)
            cut = _mend(self._handle)
        except OSError as error:
            raise self._refused(error) from error
        if not cut:
            return ()
        return (say(f"{self.path.name} 末行不完整，已去掉 {cut} 字节", f"cut {cut} bytes of a torn last line"),)

    def send(self, letters: Sequence[Letter]) -> Sequence[Receipt]:
        """Append what is not there yet, then sync. Raises SinkError with the file as it was before."""
        if self._handle is None:
            self.open()
        handle = self._handle
        assert handle is not None
        doubtful = {each.id for each in letters if each.doubtful}
        try:
            there = self._present(doubtful) if doubtful else set()
            fresh = [each for each in letters if each.id not in there]
            before = handle.seek(0, os.SEEK_END)
            try:
                _write(handle, "".join(each.body + "\n" for each in fresh).encode())
                os.fsync(handle.fileno())
            except OSError:
                handle.truncate(before)
                raise
        except OSError as error:
            raise self._refused(error) from error
        return [Receipt(each.seq, Outcome.DELIVERED) for each in letters]

    def close(self) -> None:
        """Close the file."""
        if self._handle is not None:
            self._handle.close()
            self._handle = None

    def _present(self, wanted: set[str]) -> set[str]:
        """Which of these ids the file holds; looked for from the end, where a crash leaves them."""
        missing = {each.encode() for each in wanted}
        found: set[str] = set()
        with self.path.open("rb") as handle:
            for line in _backwards(handle):
                id = _id(line)
                if id in missing:
                    missing.discard(id)
                    found.add(id.decode())
                    if not missing:
                        break
        return found

    def _refused(self, error: OSError) -> SinkError:
        return SinkError(
            "E6202",
            say(
                "无法写入告警文件，稍后重试，告警仍在队列中",
                "the alerts file cannot be written; the alerts stay queued",
            ),
            where=str(self.path),
            why=error.strerror or str(error),
            hint=say("检查磁盘空间与权限", "check space and permissions"),
        )


def _write(handle: BinaryIO, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[handle.write(view) :]


def _mend(handle: BinaryIO) -> int:
    """Make the file end with a whole line; gives how many bytes were cut."""
    end = handle.seek(0, os.SEEK_END)
    start = end
    tail = b""
    while start > 0 and b"\n" not in tail:
        start = max(0, start - BLOCK)
        handle.seek(start)
        tail = handle.read(min(BLOCK, end - start)) + tail
    torn = tail[tail.rfind(b"\n") + 1 :]
    if not torn:
        return 0
    try:
        json.loads(torn)
    except ValueError:
        handle.truncate(end - len(torn))
        os.fsync(handle.fileno())
        return len(torn)
    handle.write(b"\n")
    return 0


def _backwards(handle: BinaryIO) -> Iterator[bytes]:
    """The lines from the last to the first, holding one block and one line."""
    place = handle.seek(0, os.SEEK_END)
    rest = b""
    while place > 0:
        size = min(BLOCK, place)
        place -= size
        handle.seek(place)
        lines = (handle.read(size) + rest).split(b"\n")
        rest = lines[0]
        yield from reversed(lines[1:])
    if rest:
        yield rest


def _id(line: bytes) -> bytes:
    found = _EVENT_ID.search(line)
    if found:
        return found[1]
    try:
        return str(json.loads(line)["event"]["id"]).encode()
    except (ValueError, KeyError, TypeError):
        return b""
