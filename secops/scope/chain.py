"""The hash chain of the audit log: what a line is, and what is wrong with a file of them.

A line is canonical JSON (`core.ids.canonical`) of seq, at, event, data, prev and hash; `hash` is the SHA-256 of the
same object without it, `prev` the hash of the line before (64 zeros for the first). `<log>.head` keeps the last number
and hash, so that lines cut off the end are missed too. Format for readers without this program: tests/verify_audit.py.
"""

import fcntl
import hashlib
import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from secops.core.ids import canonical
from secops.core.language import say

ZERO: Final = "0" * 64
LONGEST: Final = 1 << 16
"""Bytes of a line at most, its newline included."""
_HEAD: Final = re.compile(rb"([0-9]{20}) ([0-9a-f]{64})\n")


@dataclass(frozen=True, slots=True)
class Head:
    """The last number and hash; 0 and zeros before the first line."""

    seq: int = 0
    hash: str = ZERO

    def render(self) -> bytes:
        """What the head file holds: 86 bytes, always as many, so that it is replaced in place."""
        return b"%020d %s\n" % (self.seq, self.hash.encode())

    @classmethod
    def parse(cls, data: bytes) -> "Head | None":
        """The head a file holds; an empty file is the beginning, anything else None."""
        if not data:
            return cls()
        told = _HEAD.fullmatch(data)
        return cls(int(told[1]), told[2].decode()) if told else None


def seal(at: str, event: str, data: Mapping[str, object], before: Head) -> tuple[bytes, Head]:
    """The line to write, newline included, and the head after it."""
    body: dict[str, object] = {"seq": before.seq + 1, "at": at, "event": event, "data": data, "prev": before.hash}
    digest = hashlib.sha256(_plain(body)).hexdigest()
    return _plain({**body, "hash": digest}) + b"\n", Head(before.seq + 1, digest)


def check(line: bytes, before: Head) -> Head | str:
    """The head after this line (newline included), or what is wrong with it."""
    body = _parse(line)
    if body is None:
        return say("不是一条审计记录", "it is no audit record")
    told = body.pop("hash")
    if told != hashlib.sha256(_plain(body)).hexdigest() or _plain({**body, "hash": told}) + b"\n" != line:
        return say("内容与自身的散列不符", "its content does not match its own hash")
    if body["seq"] != before.seq + 1:
        return say(f"序号应为 {before.seq + 1}", f"its number should be {before.seq + 1}")
    if body["prev"] != before.hash:
        return say("与上一行接不上", "it does not continue the line before")
    return Head(before.seq + 1, told)


def claimed(line: bytes) -> Head | None:
    """Number and hash of a line that agrees with itself, wherever it stands."""
    body = _parse(line)
    if body is None:
        return None
    after = check(line, Head(body["seq"] - 1, body["prev"]))
    return after if isinstance(after, Head) else None


@dataclass(frozen=True, slots=True)
class Fault:
    """The first broken place: line of the file (from 1), and what is wrong there."""

    line: int
    what: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a whole file is worth. `torn`: bytes of an unfinished last line, which the next append will tell of."""

    head: Head
    fault: Fault | None = None
    torn: int = 0


def verify(log: Path, head: Path) -> Verdict:
    """Read the log, as far as it goes now, against itself and against its head file. Raises OSError."""
    with log.open("rb") as stream:
        fcntl.flock(stream, fcntl.LOCK_SH)
        size = os.fstat(stream.fileno()).st_size
        kept = head.read_bytes()[:200] if head.exists() else b""
        fcntl.flock(stream, fcntl.LOCK_UN)
        known = Head.parse(kept)
        last = Head()
        line = 1
        while left := size - stream.tell():
            data = stream.readline(min(LONGEST, left))
            if not data.endswith(b"\n") and len(data) < LONGEST:
                return Verdict(last, _against(known, last, line), torn=len(data))
            after = check(data, last)
            if isinstance(after, str):
                return Verdict(last, Fault(line, after))
            last = after
            if known is not None and known.seq == last.seq and known.hash != last.hash:
                return Verdict(
                    last, Fault(line, say("与 .head 文件记录的散列不符", "not the hash its .head file keeps"))
                )
            line += 1
    return Verdict(last, _against(known, last, line))


def _against(known: Head | None, last: Head, line: int) -> Fault | None:
    if known is None:
        return Fault(line, say("同名 .head 文件内容不合格", "the .head file beside it is malformed"))
    if known.seq > last.seq:
        gone = f"{last.seq + 1}–{known.seq}"
        return Fault(line, say(f"末尾缺少第 {gone} 条", f"records {gone} are cut off the end"))
    if known.seq < last.seq - 1:
        return Fault(line, say(f".head 文件只到第 {known.seq} 条", f"the .head file only knows {known.seq} records"))
    return None


def entries(log: Path) -> Iterator[dict[str, Any]]:
    """Every whole record, in order, as it is written; what is no record is left out. Raises OSError."""
    with log.open("rb") as stream:
        while line := stream.readline(LONGEST):
            body = _parse(line)
            if body is not None:
                yield body


def _parse(line: bytes) -> dict[str, Any] | None:
    try:
        body = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(body, dict) or set(body) != {"seq", "at", "event", "data", "prev", "hash"}:
        return None
    told = type(body["seq"]) is int and isinstance(body["prev"], str) and isinstance(body["hash"], str)
    return body if told else None


def _plain(body: Mapping[str, object]) -> bytes:
    """Canonical bytes; a lone surrogate becomes its JSON escape, which reads back as itself."""
    return canonical(body).encode("utf-8", "backslashreplace")
