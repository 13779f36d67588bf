"""Workbooks (xlsx, xlsm, xls, xlsb, ods) read in a process of its own, within bounds of memory and time.

The library that reads them is native code and holds a sheet whole: two cells at opposite corners make it ask for
half a terabyte and abort. Such a file ends the child, not the program.
"""

import contextlib
import multiprocessing
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from importlib.util import find_spec
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final

from secops.core.errors import InvalidFile, UsageError
from secops.core.language import say
from secops.intake import sheet_child, sheet_marks
from secops.intake.sheet import ROWS_MOST, Row, Sheet, too_long

BYTES_MOST: Final = 512 << 20
MEMORY: Final = 6 << 30
"""Of addresses, for the child; a million rows of twenty texts take about two thirds of it."""
SECONDS: Final = 300.0
"""Without a sign from the child."""
_ZIP: Final = b"PK\x03\x04"
_OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_LOCKED: Final = "EncryptedPackage".encode("utf-16-le")


def is_book(head: bytes) -> bool:
    """Whether a file that begins so is a workbook."""
    return head.startswith((_ZIP, _OLE))


def sheets(path: Path) -> list[Sheet]:
    """The sheets of a workbook that hold anything. Raises InvalidFile, UsageError."""
    if find_spec("python_calamine") is None:
        raise UsageError(
            "E1370",
            say("读工作簿需要 python-calamine", "reading workbooks needs python-calamine"),
            where=str(path),
            hint="pip install 'yuedun-secops[sheets]'",
        )
    if path.stat().st_size > BYTES_MOST:
        raise InvalidFile(
            "E1372", say(f"文件超过 {BYTES_MOST >> 20} MB", f"larger than {BYTES_MOST >> 20} MB"), where=str(path)
        )
    with path.open("rb") as stream:
        head = stream.read(8)
        locked = head.startswith(_OLE) and _LOCKED in stream.read(1 << 20)
    if locked:
        raise _encrypted(path)
    marks, book = _marked(path) if head.startswith(_ZIP) else ({}, sheet_marks.BookMarks())
    found = []
    for each in _child(path, "survey", ""):
        sheet = _sheet(path, each, book, marks.get(each["name"]))
        if sheet.head:
            found.append(sheet)
    return found


def _marked(path: Path) -> tuple[dict[str, sheet_marks.Marks], sheet_marks.BookMarks]:
    sheet_marks.checked(str(path))
    try:
        with zipfile.ZipFile(path) as archive:
            if "xl/workbook.xml" not in archive.namelist():
                return {}, sheet_marks.BookMarks(
                    macros=any("vbaproject" in each.lower() for each in archive.namelist())
                )
            book = sheet_marks.book(archive)
            return {name: sheet_marks.sheet(archive, part) for name, part in book.parts.items()}, book
    except KeyError:
        return {}, sheet_marks.BookMarks()  # a chart's or dialog's sheet; its values are read or refused by the child
    except Exception as error:  # zlib, expat, bad archives: whatever a damaged file makes them raise
        raise sheet_marks.damaged(str(path), str(error)) from error


def _sheet(path: Path, told: dict[str, Any], book: sheet_marks.BookMarks, marks: sheet_marks.Marks | None) -> Sheet:
    name = str(told["name"])
    whole = told["rows"]
    notes = []
    if told["hidden"]:
        notes.append(say("这张表是隐藏的，照读", "this sheet is hidden; it is read all the same"))
    if book.macros:
        notes.append(say("含宏：宏不执行，只读值", "it holds macros: none is run, only values are read"))
    if not told["merges_known"]:
        notes.append(
            say(
                "这种格式看不出合并单元格，只有左上格有值",
                "merged cells are not told in this format: only the first has a value",
            )
        )
    if marks is not None:
        notes += _odd(marks)
    if book.from_1904:
        notes.append(say("日期从 1904 年起算", "days count from 1904"))
    read: Callable[[], Iterator[Row]]
    if whole is not None:
        kept: list[Row] = whole

        def read() -> Iterator[Row]:
            return iter(kept)
    else:

        def read() -> Iterator[Row]:
            return _streamed(path, name)

    faults = {spot: _fault(text) for spot, text in marks.faults.items()} if marks else {}
    sheet = Sheet(path.name, name, read, tuple(told["head"]), bool(told["hidden"]), tuple(notes), book.from_1904)
    return replace(sheet, faults=faults)


def _odd(marks: sheet_marks.Marks) -> Iterator[str]:
    if marks.hidden_rows or marks.hidden_columns:
        rows, columns = marks.hidden_rows, marks.hidden_columns
        yield say(
            f"有 {rows} 行、{columns} 组列是隐藏的，照读",
            f"{rows} rows and {columns} column groups are hidden; read all the same",
        )
    if marks.formulas:
        yield say(f"{marks.formulas} 个公式，取保存的值", f"{marks.formulas} formulas: their saved values are taken")
    if not marks.scanned:
        yield say("表太大，没有查公式错误与隐藏行", "too large to look for formula errors and hidden rows")


def _fault(text: str) -> str:
    if text:
        return say(f"公式出错 {text}", f"a formula's error {text}")
    return say(
        "公式没有保存的值；在表格程序里打开并保存一次", "a formula without a saved value; open and save the file once"
    )


def _streamed(path: Path, name: str) -> Iterator[Row]:
    for part in _child(path, "rows", name):
        for number, cells in part:
            if number > ROWS_MOST:
                raise InvalidFile("E1372", too_long(), where=f"{path}!{name}")
            yield number, cells


def _child(path: Path, what: str, name: str) -> Iterator[Any]:
    """What the child sends, until it says that it is done. Raises InvalidFile."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=sheet_child.serve, args=(theirs, str(path), what, name, MEMORY), daemon=True)
    process.start()
    theirs.close()
    try:
        while True:
            kind, value = _word(ours, path)
            if kind == "done":
                return
            if kind == "locked":
                raise _encrypted(path)
            if kind == "error":
                raise sheet_marks.damaged(str(path), str(value))
            yield value
    finally:
        process.kill()
        process.join(5)
        with contextlib.suppress(OSError):
            ours.close()


def _word(line: "Connection[Any, Any]", path: Path) -> tuple[str, Any]:
    try:
        if line.poll(SECONDS):
            kind, value = line.recv()
            return str(kind), value
        why = say(f"{SECONDS:.0f} 秒没有进展", f"nothing for {SECONDS:.0f} seconds")
    except (EOFError, OSError):
        why = say(
            f"文件损坏，或要占用超过 {MEMORY >> 30} GB 内存（例如表的尽头有一个单元格）",
            f"it is damaged, or needs more than {MEMORY >> 30} GB of memory (as when a cell stands at the far end)",
        )
    raise sheet_marks.damaged(str(path), why)


def _encrypted(path: Path) -> InvalidFile:
    return InvalidFile(
        "E1375",
        say("工作簿加了密码", "the workbook is encrypted"),
        where=str(path),
        hint=say("在表格程序里去掉打开密码，另存后再导入", "remove the password in a spreadsheet program and save it"),
    )
