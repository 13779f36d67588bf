"""What an xlsx says that its values do not: hidden rows, errors, formulas never calculated, macros, the 1904 epoch.

The archive's sizes are looked at before anything is unpacked, and XML with a document type is refused.
"""

import posixpath
import re
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import IO, Final
from xml.parsers import expat

from secops.core.errors import InvalidFile
from secops.core.language import say

UNPACKED_MOST: Final = 2 << 30
RATIO_MOST: Final = 400
"""A part that unpacks to more times its size is a bomb once it is larger than `_SMALL`."""
_SMALL: Final = 64 << 20
_PARTS_MOST: Final = 10_000
_SCANNED_MOST: Final = 96 << 20
"""A sheet with more XML is read without these marks: they would take longer than its values."""
_MARKS_MOST: Final = 20_000
_READ: Final = 1 << 18
_CELL: Final = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")


@dataclass(slots=True)
class Marks:
    """What is odd about one sheet. Rows and columns count from 1."""

    hidden_rows: int = 0
    hidden_columns: int = 0
    formulas: int = 0
    faults: dict[tuple[int, int], str] = field(default_factory=dict)
    scanned: bool = True


@dataclass(slots=True)
class BookMarks:
    """What is odd about a workbook."""

    macros: bool = False
    from_1904: bool = False
    parts: dict[str, str] = field(default_factory=dict)
    """Sheet's name -> its part of the archive."""


def checked(path: str) -> None:
    """Refuse an archive that unpacks to more than is sensible. Raises InvalidFile."""
    try:
        with zipfile.ZipFile(path) as archive:
            parts = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise damaged(path, str(error)) from error
    whole = sum(each.file_size for each in parts)
    bomb = any(each.file_size > _SMALL and each.file_size > RATIO_MOST * max(each.compress_size, 1) for each in parts)
    if whole > UNPACKED_MOST or len(parts) > _PARTS_MOST or bomb:
        raise InvalidFile(
            "E1372",
            say("工作簿解开后过大", "the workbook unpacks to too much"),
            where=path,
            why=say(f"{len(parts):,} 个部件，共 {whole:,} 字节", f"{len(parts):,} parts, {whole:,} bytes"),
            hint=say("拆成几个文件，或另存为 CSV", "split it, or save it as CSV"),
        )


def damaged(path: str, why: str) -> InvalidFile:
    """The error for a workbook that cannot be opened."""
    return InvalidFile(
        "E1373",
        say("工作簿打不开", "the workbook cannot be opened"),
        where=path,
        why=why[:300],
        hint=say("在表格程序里打开，另存为 xlsx 再试", "open it in a spreadsheet program and save it as xlsx"),
    )


def book(archive: zipfile.ZipFile) -> BookMarks:
    """The workbook's own marks. Raises InvalidFile, KeyError and expat's errors."""
    found = BookMarks(macros=any(each.lower().endswith("vbaproject.bin") for each in archive.namelist()))
    sheets: dict[str, str] = {}
    targets: dict[str, str] = {}

    def start(name: str, attributes: dict[str, str]) -> None:
        local = name.rpartition(":")[2]
        if local == "workbookPr":
            found.from_1904 = attributes.get("date1904") in {"1", "true"}
        elif local == "sheet":
            link = next((value for key, value in attributes.items() if key.rpartition(":")[2] == "id"), "")
            sheets[link] = attributes.get("name", "")
        elif local == "Relationship":
            targets[attributes.get("Id", "")] = attributes.get("Target", "")

    for part in ("xl/workbook.xml", "xl/_rels/workbook.xml.rels"):
        with archive.open(part) as stream:
            _parse(stream, start)
    for link, name in sheets.items():
        target = targets.get(link, "")
        found.parts[name] = target.lstrip("/") if target.startswith("/") else posixpath.normpath(f"xl/{target}")
    return found


def sheet(archive: zipfile.ZipFile, part: str) -> Marks:
    """The marks of one sheet. Raises KeyError and expat's errors."""
    marks = Marks()
    if archive.getinfo(part).file_size > _SCANNED_MOST:
        marks.scanned = False
        return marks
    scan = _Scan(marks)
    with archive.open(part) as stream:
        _parse(stream, scan.start, scan.end, scan.text)
    return marks


class _Scan:
    def __init__(self, marks: Marks) -> None:
        self._marks = marks
        self._at = ""
        self._formula = self._value = self._error = False
        self._text = ""
        self._inside = False

    def start(self, name: str, attributes: dict[str, str]) -> None:
        local = name.rpartition(":")[2]
        if local == "c":
            self._at, self._text = attributes.get("r", ""), ""
            self._formula = self._value = False
            self._error = attributes.get("t") == "e"
        elif local == "f":
            self._formula = True
        elif local == "v":
            self._inside = True
        elif local == "row":
            self._marks.hidden_rows += attributes.get("hidden") in {"1", "true"}
        elif local == "col" and attributes.get("hidden") in {"1", "true"}:
            self._marks.hidden_columns += 1

    def text(self, data: str) -> None:
        if self._inside:
            self._value = True
            if self._error and len(self._text) < 20:
                self._text += data

    def end(self, name: str) -> None:
        local = name.rpartition(":")[2]
        if local == "v":
            self._inside = False
        elif local == "c":
            self._marks.formulas += self._formula
            place = _CELL.fullmatch(self._at)
            if place is None or len(self._marks.faults) >= _MARKS_MOST:
                return
            spot = int(place[2]), _number(place[1])
            if self._error:
                self._marks.faults[spot] = self._text
            elif self._formula and not self._value:
                self._marks.faults[spot] = ""


def _number(name: str) -> int:
    found = 0
    for each in name:
        found = found * 26 + ord(each) - 64
    return found


def _parse(
    stream: IO[bytes],
    start: Callable[[str, dict[str, str]], None],
    end: Callable[[str], None] | None = None,
    text: Callable[[str], None] | None = None,
) -> None:
    parser = expat.ParserCreate()
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = text
    parser.StartDoctypeDeclHandler = refuse
    while part := stream.read(_READ):
        parser.Parse(part, False)
    parser.Parse(b"", True)


def refuse(*_: object) -> None:
    """The handler of a document type. Raises ValueError."""
    raise ValueError(say("不接受带 DOCTYPE 的 XML", "XML with a document type is not accepted"))
