"""CSV and TSV as spreadsheet programs and people leave them: the encoding told by strict decoding, never by chance."""

import codecs
import contextlib
import csv
import io
import re
from collections import Counter, deque
from collections.abc import Iterator
from itertools import chain, islice
from pathlib import Path
from typing import Final

from secops.core.errors import InvalidFile
from secops.core.language import say
from secops.intake.sheet import CELL_MOST, COLUMNS_MOST, HEAD, ROWS_MOST, Cell, Row, Sheet, too_long

BYTES_MOST: Final = 1 << 30
_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)  # fmt: skip
_PART: Final = 1 << 20
_SEP: Final = re.compile(r"sep=(.)\r?\n?", re.IGNORECASE)
_END: Final = "\ue000\ue001"
"""Read after the last line: it ends a row, or stands in a cell whose quote was never closed."""
MIXED: Final = "utf-8+gb18030"


def sheet(path: Path) -> Sheet:
    """The file's table. Raises InvalidFile."""
    encoding, told = encoding_of(path)
    mark, skipped = _parted(path, encoding)

    def rows() -> Iterator[Row]:
        return _rows(path, encoding, mark, skipped)

    if _quotes(path):
        _closed(rows())
    shown = {"\t": say("制表符", "tab")}.get(mark, mark)
    notes = (say(f"编码 {told}，以 {shown} 分列", f"encoding {told}, parted by {shown}"),)
    return Sheet(path.name, "", rows, tuple(islice(rows(), HEAD)), notes=notes)


def encoding_of(path: Path) -> tuple[str, str]:
    """The encoding that decodes the whole file strictly, and how to say it. Raises InvalidFile where none does."""
    with path.open("rb") as stream:
        head = stream.read(4096)
    for mark, name in _MARKS:
        if head.startswith(mark):
            _whole(path, name)
            return name, {"utf-8-sig": say("UTF-8（带 BOM）", "UTF-8 with BOM")}.get(name, name.upper())
    if (wide := _wide(head)) and _whole(path, wide, strict=False):
        return wide, wide.upper()
    for name in ("utf-8", "gb18030"):
        if _whole(path, name, strict=False) and (name == "utf-8" or not _both(path)):
            return name, name.upper()
    if _both(path):
        return MIXED, say("混用：部分行 UTF-8，部分行 GB18030", "mixed: some lines UTF-8, some GB18030")
    raise _undecodable(path)


def _wide(head: bytes) -> str:
    """UTF-16 without its mark: every other byte of what is Latin is nought."""
    even, odd = head[0::2].count(0), head[1::2].count(0)
    if max(even, odd) * 10 < len(head) // 2 or min(even, odd) * 10 > max(even, odd):
        return ""
    return "utf-16-be" if even > odd else "utf-16-le"


def _whole(path: Path, encoding: str, *, strict: bool = True) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    done = 0
    try:
        with path.open("rb") as stream:
            while part := stream.read(_PART):
                done += len(part)
                if done > BYTES_MOST:
                    raise InvalidFile(
                        "E1372", say(f"文件超过 {BYTES_MOST >> 20} MB", f"larger than {BYTES_MOST >> 20} MB"),
                        where=str(path), hint=say("拆成几个文件", "split it"),
                    )  # fmt: skip
                decoder.decode(part)
            decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        if strict:
            raise _undecodable(path) from error
        return False
    return True


def _undecodable(path: Path) -> InvalidFile:
    line, at = 1, 0
    with path.open("rb") as stream:
        for line, each in enumerate(stream, 1):
            if len(each) > BYTES_MOST or _line(each) is None:
                break
            at = line
    return InvalidFile(
        "E1371",
        say("认不出文件的编码", "the file's encoding is not known"),
        where=f"{path}:{max(line, at)}",
        why=say("既不是 UTF-8、UTF-16，也不是 GB18030", "neither UTF-8, UTF-16 nor GB18030"),
        hint=say("在表格程序里另存为“CSV UTF-8”", "save it as CSV UTF-8"),
    )


def _both(path: Path) -> bool:
    """Whether some lines are surely UTF-8 and others surely not, all of them readable."""
    sure = other = False
    with path.open("rb") as stream:
        for each in stream:
            if each.isascii():
                continue
            if _is_utf8(each):
                sure = True
            elif _line(each) is None:
                return False
            else:
                other = True
    return sure and other


def _is_utf8(line: bytes) -> bool:
    """UTF-8 whose characters are those Chinese tables hold: two bytes of GB18030 can look like other letters."""
    try:
        text = line.decode()
    except UnicodeDecodeError:
        return False
    return all(ord(each) < 0x80 or ord(each) >= 0x2000 or each in "·×÷°±§" for each in text)


def _line(line: bytes) -> str | None:
    if line.isascii() or _is_utf8(line):
        return line.decode()
    try:
        return line.decode("gb18030")
    except UnicodeDecodeError:
        return None


def _lines(path: Path, encoding: str) -> Iterator[str]:
    if encoding == MIXED:
        with path.open("rb") as raw:
            for each in raw:
                yield from io.StringIO(_line(each) or "", newline="")  # a lone carriage return ends a line too
        return
    with path.open(encoding=encoding, newline="") as stream:
        yield from stream


def _parted(path: Path, encoding: str) -> tuple[str, int]:
    """What parts the columns, and how many lines before the table say so."""
    lines = list(islice(_lines(path, encoding), HEAD))
    if lines and (said := _SEP.fullmatch(lines[0].lstrip("\ufeff"))):
        return said[1], 1
    best, mark = (0, 0), ","
    for each in (",", "\t", ";", "|", "，"):
        widths = _widths(lines, each)
        width, times = max(widths.items(), key=lambda item: (item[1] * (item[0] - 1), item[0]), default=(0, 0))
        if (found := (times * (width - 1), width)) > best:
            best, mark = found, each
    return mark, 0


def _widths(lines: list[str], mark: str) -> Counter[int]:
    found: Counter[int] = Counter()
    with contextlib.suppress(csv.Error):  # told when the rows are read
        found.update(len(row) for row in csv.reader(lines, delimiter=mark) if len(row) > 1)
    return found


def _rows(path: Path, encoding: str, mark: str, skipped: int) -> Iterator[Row]:
    csv.field_size_limit(max(csv.field_size_limit(), 4 * CELL_MOST))
    lines = _Lines(chain(islice(_lines(path, encoding), skipped, None), (_END,)), skipped)
    number, width = skipped, 0
    reader = csv.reader(lines, delimiter=mark)
    while True:
        number += 1
        lines.begin()
        try:
            found = next(reader)
        except csv.Error as error:
            raise _unread(f"{path}:{lines.first}", str(error)) from error
        if found == [_END]:
            return
        if found and found[-1].endswith(_END):
            raise _open(path, lines.first, found)
        if len(lines.held) > 1 and _swallowed(lines.held, found, mark, width):
            raise _open(path, lines.first, found[: 1 + next(at for at, each in enumerate(found) if "\n" in each)])
        if number > ROWS_MOST:
            raise InvalidFile("E1372", too_long(), where=str(path))
        if number == 1 and found:
            found[0] = found[0].lstrip("\ufeff")
        width = width or len(found)
        yield number, list[Cell](found[:COLUMNS_MOST])


class _Lines:
    """Lines handed on, with those that the row in the making is made of."""

    def __init__(self, lines: Iterator[str], done: int) -> None:
        self._lines = lines
        self._done = done
        self.first = done + 1
        self.held: list[str] = []

    def begin(self) -> None:
        """A new row."""
        self.first, self.held = self._done + 1, []

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = next(self._lines)
        self._done += 1
        self.held.append(line)
        return line


def _swallowed(lines: list[str], found: list[str], mark: str, width: int) -> bool:
    """Whether a cell with line breaks holds rows of the table: a quote that opened by mistake met another one."""
    try:
        list(csv.reader(lines, delimiter=mark, strict=True))
    except csv.Error:
        return True
    inner = (line for each in found if "\n" in each for line in each.split("\n")[1:])
    return width > 2 and any(line.count(mark) >= width - 1 for line in inner)


def _open(path: Path, first: int, found: list[str]) -> InvalidFile:
    """The error for a quote in the last of these cells of a row that begins at the line `first`."""
    line = first + sum(each.count("\n") for each in found[:-1])
    return _unread(f"{path}:{line}", say("引号在这一行打开，没有收尾", "a quote opens there and never closes"))


def _unread(where: str, why: str) -> InvalidFile:
    return InvalidFile(
        "E1373",
        say("表格读不下去，这个文件没有导入", "the table cannot be read on, nothing of it is taken"),
        where=where,
        why=say(f"单元格过长，或引号没有收尾：{why}", f"a cell too long, or a quote never closed: {why}"),
        hint=say(
            "检查这一行的英文引号：多余的删掉，要保留的写成两个", "look at that line's quotes: double those to keep"
        ),
    )


def _quotes(path: Path) -> bool:
    """Whether there is a quote in the file at all."""
    with path.open("rb") as stream:
        return any(b'"' in part for part in iter(lambda: stream.read(_PART), b""))


def _closed(rows: Iterator[Row]) -> None:
    """Look at every row once: a quote left open makes of rows what nobody wrote. Raises InvalidFile."""
    try:
        deque(rows, maxlen=0)
    except InvalidFile as error:
        if error.code != "E1372":  # the rows before that one are read
            raise
