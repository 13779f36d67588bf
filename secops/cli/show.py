"""Rows to stdout or a file, as table, json, jsonl or csv; what came from the network is escaped before eyes meet it."""

import csv
import io
import json
import os
import sys
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TextIO

from secops.cli import words
from secops.core.errors import StoreError
from secops.core.language import say

CELL = 48
"""Widest cell of a table, in columns of the terminal."""


class Format(StrEnum):
    """How results are written; `table` is for eyes and may change, the others are stable."""

    TABLE = "table"
    JSON = "json"
    JSONL = "jsonl"
    CSV = "csv"


@dataclass(frozen=True, slots=True)
class Column:
    """A key of the row and the title people read."""

    key: str
    title: str
    varied: bool = False
    """A table shows it only where rows differ in it."""


def chosen(wanted: Format | None, out: str = "-") -> Format:
    """What was asked, else what the file's name says, else table on a terminal and jsonl elsewhere."""
    if wanted is not None:
        return wanted
    suffix = Path(out).suffix.lstrip(".")
    if out != "-" and suffix in set(Format):
        return Format(suffix)
    return Format.TABLE if out == "-" and sys.stdout.isatty() else Format.JSONL


@contextmanager
def opened(out: str) -> Iterator[TextIO]:
    """Stdout for `-`; else FILE.part, renamed to FILE when all went well and removed otherwise. Raises StoreError."""
    if out == "-":
        yield sys.stdout
        sys.stdout.flush()
        return
    path, part = Path(out), Path(out + ".part")
    try:
        with part.open("w", encoding="utf-8", newline="") as handle:
            yield handle
            handle.flush()
            os.fsync(handle.fileno())
        part.replace(path)
    except BaseException as error:
        part.unlink(missing_ok=True)
        if not isinstance(error, OSError):
            raise
        raise StoreError(
            "E1301", say("无法写出文件", "the file cannot be written"), where=out, why=str(error)
        ) from error


def rows(
    items: Iterable[Mapping[str, object]],
    columns: Sequence[Column],
    *,
    format: Format | None = None,
    out: str = "-",
) -> int:
    """Write the rows and return how many. Machine formats hold every key of the row, tables only the columns."""
    style = chosen(format, out)
    with opened(out) as stream:
        if style is Format.TABLE:
            return _table(items, columns, stream)
        if style is Format.CSV:
            return _csv(items, columns, stream, bom=out != "-")
        if style is Format.JSON:
            return _json(items, stream)
        count = 0
        for count, item in enumerate(items, 1):
            stream.write(line(item))
        return count


def line(item: Mapping[str, object]) -> str:
    """One JSON line."""
    return json.dumps(item, ensure_ascii=False, default=_plain) + "\n"


def one(
    item: Mapping[str, object], titles: Mapping[str, str] | None = None, *, format: Format | None = None, out: str = "-"
) -> None:
    """Write one record: key and value a line for eyes, one JSON document for machines."""
    style = chosen(format, out)
    with opened(out) as stream:
        if style is not Format.TABLE:
            stream.write(
                json.dumps(item, ensure_ascii=False, default=_plain, indent=2 if style is Format.JSON else None) + "\n"
            )
            return
        names = {key: (titles or {}).get(key, key) for key in item}
        wide = max((width(name) for name in names.values()), default=0)
        for key in item:
            stream.write(f"{pad(names[key], wide)}  {visible(_read(key, item))}\n")


def plain_text(value: object) -> str:
    """A value as people read it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return say("是" if value else "否", "yes" if value else "no")
    if isinstance(value, Mapping):
        return json.dumps(value, ensure_ascii=False, default=_plain)
    if isinstance(value, (list, tuple, set, frozenset)):
        return ", ".join(plain_text(each) for each in value)
    return str(value)


def visible(text: str) -> str:
    """The text with every control, format and line-breaking character spelled out: a terminal obeys none of it."""
    return "".join(c if unicodedata.category(c)[0] not in "CZ" or c == " " else _spelled(c) for c in text)


def width(text: str) -> int:
    """Columns the text takes on a terminal; East Asian wide characters take two."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 0 if unicodedata.combining(c) else 1 for c in text)


def pad(text: str, wide: int) -> str:
    """The text filled with spaces to `wide` columns."""
    return text + " " * max(0, wide - width(text))


def cut(text: str, wide: int) -> str:
    """The text, shortened with an ellipsis to at most `wide` columns."""
    if width(text) <= wide:
        return text
    kept = ""
    for c in text:
        if width(kept) + width(c) > wide - 1:
            break
        kept += c
    return kept + "…"


def unformula(text: str) -> str:
    """The text with a quote before it where a spreadsheet would take it for a formula."""
    return "'" + text if text[:1] in {"=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"} else text


def _table(items: Iterable[Mapping[str, object]], columns: Sequence[Column], stream: TextIO) -> int:
    items = list(items)
    columns = [each for each in columns if not each.varied or len({_read(each.key, item) for item in items}) > 1]
    body = [[cut(visible(_read(each.key, item)), CELL) for each in columns] for item in items]
    head = [each.title for each in columns]
    wide = [max([width(head[i]), *(width(row[i]) for row in body)]) for i in range(len(columns))]
    for row in [head, *body]:
        stream.write("  ".join(pad(cell, wide[i]) for i, cell in enumerate(row)).rstrip() + "\n")
    return len(body)


def _read(key: str, item: Mapping[str, object]) -> str:
    return words.value(key, plain_text(item.get(key)))


def _csv(items: Iterable[Mapping[str, object]], columns: Sequence[Column], stream: TextIO, *, bom: bool) -> int:
    if bom:
        stream.write("\ufeff")
    writer = csv.writer(stream, lineterminator="\r\n")
    writer.writerow([each.key for each in columns])
    count = 0
    for count, item in enumerate(items, 1):
        writer.writerow([_cell(item.get(each.key)) for each in columns])
    return count


def _cell(value: object) -> object:
    if value is None or isinstance(value, (bool, int, float)):
        return value
    return unformula(plain_text(value))


def _json(items: Iterable[Mapping[str, object]], stream: TextIO) -> int:
    count = 0
    stream.write("[")
    for count, item in enumerate(items, 1):
        stream.write(("," if count > 1 else "") + "\n" + line(item).rstrip("\n"))
    stream.write("\n]\n" if count else "]\n")
    return count


def _spelled(c: str) -> str:
    return f"\\x{ord(c):02x}" if ord(c) < 0x100 else f"\\u{ord(c):04x}"


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, (set, frozenset)):
        return sorted(value, key=str)
    if isinstance(value, (io.IOBase, bytes)):
        raise TypeError(f"no JSON form for {type(value).__name__}")
    return str(value)
