"""The rows of a large xlsx sheet read as a stream: what is held is the row at hand and where each shared text lies.

The library that reads the others holds a sheet whole: a million rows of twenty columns take more than two gigabytes.
Values are those the library gives.
"""

import mmap
import re
import tempfile
import zipfile
from array import array
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, time, timedelta
from typing import IO, Any, Final
from xml.parsers import expat

from secops.intake import sheet_marks
from secops.intake.sheet import CELL_MOST, COLUMNS_MOST, Cell, Row

LARGE: Final = 96 << 20
"""Bytes of XML from which a sheet is read as a stream."""
_READ: Final = 1 << 18
_TEXT_MOST: Final = 2 * CELL_MOST
_MERGE: Final = re.compile(
    rb"<(?:\w+:)?mergeCell\s[^<>]{0,200}?\bref=[\"']([A-Z]{1,3})(\d{1,7}):([A-Z]{1,3})(\d{1,7})[\"']"
)
_MERGES: Final = 200_000
_ESCAPED: Final = re.compile("_x([0-9A-Fa-f]{4})_")
_DIGITS: Final = "0123456789"
_DATED: Final = frozenset({*range(14, 23), 45, 47})
_LASTING: Final = 46
_FIRST: Final = date(1899, 12, 30)
_LATE: Final = 1462
"""Days between the two epochs."""
_MS: Final = 86_400_000

Span = tuple[int, int, int, int]


def large(path: str) -> dict[str, str]:
    """Sheet's name -> its part, of those that are to be read as a stream."""
    try:
        with zipfile.ZipFile(path) as archive:
            parts = sheet_marks.book(archive).parts
            sizes = {each.filename: each.file_size for each in archive.infolist()}
    except Exception:  # noqa: BLE001 - whatever is wrong with it, the library will say so
        return {}
    return {name: part for name, part in parts.items() if sizes.get(part, 0) > LARGE}


class Stream:
    """A workbook's shared parts, and the rows of its sheets. Raises what zipfile, zlib and expat do."""

    def __init__(self, path: str) -> None:
        self._archive = zipfile.ZipFile(path)
        names = set(self._archive.namelist())
        self._late = sheet_marks.book(self._archive).from_1904
        self._kinds = self._styles() if "xl/styles.xml" in names else ()
        self._strings = _Strings()
        if "xl/sharedStrings.xml" in names:
            with self._archive.open("xl/sharedStrings.xml") as source:
                _Texts(self._strings.add).parse(source)

    def close(self) -> None:
        """Let go of the file."""
        self._archive.close()
        self._strings.close()

    def merges(self, part: str) -> list[Span]:
        """The merged cells of a sheet: first row, first column, last row, last column, from 0."""
        found: list[Span] = []
        rest = b""
        with self._archive.open(part) as source:
            while (data := source.read(_READ)) and len(found) < _MERGES:
                text = rest + data
                end = 0
                for each in _MERGE.finditer(text):
                    top, bottom = int(each[2]) - 1, int(each[4]) - 1
                    found.append((top, _column(each[1].decode()), bottom, _column(each[3].decode())))
                    end = each.end()
                rest = text[max(end, len(text) - 300) :]
        return found[:_MERGES]

    def rows(self, part: str) -> Iterator[Row]:
        """The rows of a sheet that hold anything, in their order."""
        reader = _Cells(self._value)
        with self._archive.open(part) as source:
            yield from reader.read(source)

    def _value(self, kind: str, style: str, text: str) -> Cell:
        """The cell as the library tells it."""
        if kind in {"inlineStr", "str"}:
            return _told(text) or None
        if not text:
            return None
        if kind == "s":
            return self._strings.get(int(text)) or None
        if kind == "b":
            return text != "0"
        if kind == "e":
            return None
        if kind == "d":
            return _iso(text)
        number = float(text)
        what = self._kinds[int(style)] if style and int(style) < len(self._kinds) else ""
        return _moment(number, what, late=self._late) if what else number

    def _styles(self) -> Sequence[str]:
        """For each style what its numbers are: `date`, `duration` or nothing special."""
        formats: dict[int, str] = {}
        used: list[int] = []
        inside = [False]

        def start(name: str, attributes: dict[str, str]) -> None:
            local = name.rpartition(":")[2]
            if local == "numFmt":
                formats[int(attributes.get("numFmtId", -1))] = attributes.get("formatCode", "")
            elif local == "cellXfs":
                inside[0] = True
            elif local == "xf" and inside[0]:
                used.append(int(attributes.get("numFmtId", 0)))

        def end(name: str) -> None:
            if name.rpartition(":")[2] == "cellXfs":
                inside[0] = False

        with self._archive.open("xl/styles.xml") as source:
            _parse(source, start, end, lambda _: None)
        return tuple(kind_of(formats[each]) if each in formats else _built_in(each) for each in used)


class _Strings:
    """Shared texts in a nameless file: a million of them are a number each in memory."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - closed by `close`
        self._ends = array("Q", [0])
        self._map: mmap.mmap | None = None

    def add(self, text: str) -> None:
        data = text.encode("utf-8", "replace")
        self._file.write(data)
        self._ends.append(self._ends[-1] + len(data))

    def get(self, number: int) -> str:
        """The text of this number; empty where there is none."""
        if not 0 <= number < len(self._ends) - 1 or not self._ends[-1]:
            return ""
        if self._map is None:
            self._file.flush()
            self._map = mmap.mmap(self._file.fileno(), 0, access=mmap.ACCESS_READ)
        return self._map[self._ends[number] : self._ends[number + 1]].decode()

    def close(self) -> None:
        if self._map is not None:
            self._map.close()
        self._file.close()


class _Texts:
    """Reads `si` elements: the text of their runs, without how it is pronounced."""

    def __init__(self, take: Callable[[str], None]) -> None:
        self._take = take
        self._parts: list[str] = []
        self._inside = False
        self._aside = 0

    def parse(self, source: IO[bytes]) -> None:
        _parse(source, self._start, self._end, self._text)

    def _start(self, name: str, _: dict[str, str]) -> None:
        local = name.rpartition(":")[2]
        if local == "t":
            self._inside = not self._aside
        elif local == "si":
            self._parts = []
        elif local == "rPh":
            self._aside += 1

    def _end(self, name: str) -> None:
        local = name.rpartition(":")[2]
        if local == "t":
            self._inside = False
        elif local == "si":
            self._take(_told("".join(self._parts)[:_TEXT_MOST]))
        elif local == "rPh":
            self._aside -= 1

    def _text(self, data: str) -> None:
        if self._inside:
            self._parts.append(data)


class _Cells:
    """Reads the rows of one sheet."""

    def __init__(self, value: Callable[[str, str, str], Cell]) -> None:
        self._value = value
        self._done: list[Row] = []
        self._row: list[Cell] = []
        self._number = 0
        self._column = -1
        self._columns: dict[str, int] = {}
        self._kind = self._style = ""
        self._parts: list[str] = []
        self._length = 0
        self._inside = False
        self._aside = 0

    def read(self, source: IO[bytes]) -> Iterator[Row]:
        parser = _parser(self._start, self._end, self._text)
        while data := source.read(_READ):
            parser.Parse(data, False)
            yield from self._done
            self._done.clear()
        parser.Parse(b"", True)
        yield from self._done

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if ":" in name:
            name = name.rpartition(":")[2]
        if name == "c":
            at = attributes.get("r", "").rstrip(_DIGITS)
            if at:
                column = self._columns.get(at)
                if column is None:
                    column = self._columns[at] = _column(at)
                self._column = column
            else:
                self._column += 1
            self._kind, self._style = attributes.get("t", ""), attributes.get("s", "")
            if self._parts:
                self._parts = []
            self._length = 0
        elif name in {"v", "t"}:
            self._inside = not self._aside
        elif name == "row":
            number = attributes.get("r", "")
            self._number = max(self._number + 1, int(number) if number.isascii() and number.isdigit() else 0)
            self._row, self._column = [], -1
        elif name == "rPh":
            self._aside += 1

    def _end(self, name: str) -> None:
        if ":" in name:
            name = name.rpartition(":")[2]
        if name in {"v", "t"}:
            self._inside = False
        elif name == "c":
            self._put()
        elif name == "row":
            if self._row:
                self._done.append((self._number, self._row))
        elif name == "rPh":
            self._aside -= 1

    def _put(self) -> None:
        if not self._parts or not 0 <= self._column < COLUMNS_MOST:
            return
        text = self._parts[0] if len(self._parts) == 1 else "".join(self._parts)
        try:
            value = self._value(self._kind, self._style, text)
        except (ValueError, OverflowError):
            value = text
        if value is not None:
            row = self._row
            row.extend([None] * (self._column + 1 - len(row)))
            row[self._column] = value

    def _text(self, data: str) -> None:
        if self._inside and self._length < _TEXT_MOST:
            self._parts.append(data[:_TEXT_MOST])
            self._length += len(data)


def _parse(
    source: IO[bytes], start: Callable[[str, dict[str, str]], None], end: Callable[[str], None],
    text: Callable[[str], None],
) -> None:  # fmt: skip
    parser = _parser(start, end, text)
    while data := source.read(_READ):
        parser.Parse(data, False)
    parser.Parse(b"", True)


def _parser(
    start: Callable[[str, dict[str, str]], None], end: Callable[[str], None], text: Callable[[str], None]
) -> Any:
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.buffer_size = 1 << 16
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = text
    parser.StartDoctypeDeclHandler = sheet_marks.refuse
    return parser


def _column(letters: str) -> int:
    """The column's number from 0."""
    found = 0
    for each in letters[:4]:
        found = found * 26 + ord(each) - 64
    return found - 1


def _built_in(number: int) -> str:
    return "date" if number in _DATED else "duration" if number == _LASTING else ""


def kind_of(format: str) -> str:
    """What a number of this format is: a `date`, a `duration`, or nothing special."""
    escaped = quoted = halves = lasting = False
    brackets, before = 0, " "
    for each in format:
        if escaped:
            escaped = False
        elif quoted:
            quoted = each != '"'
        elif each in "_\\":
            escaped = True
        elif each == '"':
            quoted = True
        elif each == ";":
            return ""
        elif each == "[":
            brackets += 1
        elif each == "]" and brackets == 1 and lasting:
            return "duration"
        elif each == "]":
            brackets = max(0, brackets - 1)
        elif not brackets and not halves and each in "aA":
            halves = True
        elif not brackets and (each in "pm/PM" if halves else each in "dmhysDMHYS"):
            return "date"
        elif not (lasting and each.lower() == before.lower()):
            lasting = before == "[" and each in "mhsMHS"
        before = each
    return ""


def _moment(number: float, what: str, *, late: bool) -> Cell:
    if what == "duration":
        return timedelta(milliseconds=round(number * _MS))
    whole = number + (_LATE if late else 0)
    if not late and whole < 60:
        whole += 1
    found = datetime.combine(_FIRST, time()) + timedelta(milliseconds=round(whole * _MS))
    if number < 1:
        return found.time()
    return found.date() if found.time() == time() else found


def _told(text: str) -> str:
    """The text with what XML cannot hold: `_x000D_` is a carriage return."""
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text) if "_x" in text else text


def _iso(text: str) -> Cell:
    for read in (date.fromisoformat, datetime.fromisoformat, time.fromisoformat):
        try:
            return read(text)
        except ValueError:
            continue
    return text
