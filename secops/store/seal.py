"""What a database file held when it was written, kept behind its last page, where SQLite does not look.

The seal is the SHA-256 of every block of the pages, then their size, the SHA-256 over both, and a word to know it by.
It is in the file it tells of: a file has all of it or, cut short, is seen to lack it.
"""

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final

from secops.core.language import say

BLOCK: Final = 1 << 20
_WORD: Final = b"secops sealed 1\n"
_DIGEST: Final = 32
_END: Final = 8 + _DIGEST + len(_WORD)
_HEAD: Final = 100
_MOST: Final = 3
"""Places named of a file that differs in many."""


def put(path: Path) -> None:
    """Seal a file that is nothing but pages, sync it and hold it, read from the disk, against what was sealed.

    Raises OSError where it cannot be, or is not what was written.
    """
    with path.open("r+b") as file:
        size = file.seek(0, os.SEEK_END)
        digests = b"".join(_digests(file, size))
        text = digests + size.to_bytes(8, "big")
        file.seek(size)
        file.write(text + hashlib.sha256(text).digest() + _WORD)
        file.flush()
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    if (why := broken(path)) or why is None:
        raise OSError(why or "no seal")


def broken(path: Path) -> str | None:
    """How the file differs from what was sealed, empty where it does not; None where nobody sealed it."""
    with path.open("rb") as file:
        whole = file.seek(0, os.SEEK_END)
        file.seek(max(0, whole - _END))
        end = file.read(_END)
        size = int.from_bytes(end[:8], "big")
        if not end.endswith(_WORD) or size > whole:
            return _over(file, whole)
        file.seek(size)
        text = file.read(whole - size - _END) + end[:8]
        if hashlib.sha256(text).digest() != end[8 : 8 + _DIGEST]:
            return say("记在文件末尾的校验值本身已损坏", "the digests at its end are damaged")
        wanted = (text[at : at + _DIGEST] for at in range(0, len(text) - 8, _DIGEST))
        pairs = zip(_digests(file, size), wanted, strict=True)
        return _told([place for place, (found, noted) in enumerate(pairs) if found != noted], size)


def _digests(file: BinaryIO, size: int) -> Iterator[bytes]:
    for start in range(0, size, BLOCK):
        file.seek(start)
        yield hashlib.sha256(file.read(min(BLOCK, size - start))).digest()


def _over(file: BinaryIO, whole: int) -> str | None:
    """Of a file whose end is no seal: whether there is more of it than its pages, or less."""
    file.seek(0)
    head = file.read(_HEAD)
    page = int.from_bytes(head[16:18], "big")
    pages = (65_536 if page == 1 else page) * int.from_bytes(head[28:32], "big")
    if len(head) < _HEAD or head[24:28] != head[92:96] or whole == pages:
        return None
    return say(f"应有 {pages:,} 字节，实有 {whole:,} 字节", f"{pages:,} bytes of pages, {whole:,} bytes are there")


def _told(places: list[int], size: int) -> str:
    if not places:
        return ""
    parts = [f"{each * BLOCK:,}-{min((each + 1) * BLOCK, size) - 1:,}" for each in places[:_MOST]]
    more = say(f" 等 {len(places)} 处", f" and others, {len(places)} in all") if len(places) > _MOST else ""
    named = ", ".join(parts) + more
    return say(
        f"内容与备份时的 SHA-256 不符，差在第 {named} 字节", f"not the SHA-256 it was written with, in bytes {named}"
    )
