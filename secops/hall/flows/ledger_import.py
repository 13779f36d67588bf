"""Ledgers people keep become decisions: told first, row by row, then recorded as one, with who and from which cell."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from secops.core.errors import InvalidFile, SecopsError, UsageError, why_not
from secops.core.events import Note
from secops.core.language import say
from secops.core.model import Skipped
from secops.hall.app import App
from secops.hall.flows import ledger_bill as bill
from secops.hall.flows.discover_import import digest
from secops.hall.flows.ledger_batch import Batch
from secops.hall.flows.ledger_change import Work
from secops.hall.flows.ledger_mapping import every, named
from secops.hall.flows.ledger_missing import Seen
from secops.hall.flows.ledger_settle import settle
from secops.hall.flows.ledger_spool import Spool
from secops.intake import sheet_open
from secops.intake.declared_names import meant
from secops.intake.declared_sections import Section, sections
from secops.intake.sheet import letters
from secops.intake.sheet_mapping import SheetMapping
from secops.intake.sheet_rows import Table
from secops.scope.yaml_source import nearest
from secops.store import decisions

KIND: Final = "ledger"
_ORDER: Final = (
    "organisations", "networks", "suppliers", "systems", "repositories", "hosts", "devices", "addresses", "websites",
    "data",
)  # fmt: skip
"""What others refer to comes first, so that each declaration stands on what it names."""


@dataclass(frozen=True, slots=True)
class Options:
    """How files are to be read."""

    section: str = ""
    sheet: str = ""
    mapping: str = ""
    clear: bool = False
    """An empty cell clears what is declared."""
    create: bool = False
    """Organisations that nobody declared are declared."""
    reason: str = ""
    system: str = ""
    """Of which system a bill of materials is."""
    repository: str = ""


def opened(app: App, files: Sequence[Path], options: Options, *, who: str) -> Batch:
    """Read the files and settle their rows against each other and what is declared. Raises InvalidFile, UsageError."""
    begun = app.clock.monotonic()
    section = section_of(options.section)
    mapping = named(app, options.mapping) if options.mapping else None
    digests = {path: _digest(path) for path in files}
    bills = [path for path in files if bill.is_bill(path)]
    of = bill.about(options.system, options.repository, bills) if bills else {}
    spool = Spool()
    try:
        notes: list[Note] = []
        tables: list[Table] = []
        unread = 0
        ledgers = [path for path in files if path not in bills]
        for each in _tables(app, ledgers, options, section.name if section else "", mapping):
            if isinstance(each, Table):
                tables.append(each)
                notes += [Note(text) for text in _about(each)]
            else:
                unread += 1
                notes.append(Note(f"{each.where}: {each.reason}", warning=True))
        if not tables and not bills:
            raise _nothing(files, notes)
        for table in sorted(tables, key=lambda one: _rank(one.section)):
            _fill(spool, table, options, notes)
        notes += [bill.fill(spool, path, of, digests[path]) for path in bills]
        with app.database.read() as connection:
            seen = decisions.last(connection)
        work = _work(app, spool, options, of, notes, who=who)
        told = {"files": [{"file": path.name, "sha256": digests[path]} for path in files]}
        return Batch(app, work, KIND, "inventory.import", told, seen, notes, unread=unread, begun=begun)
    except BaseException:
        spool.close()
        raise


def _work(app: App, spool: Spool, options: Options, of: Mapping[str, str], notes: list[Note], *, who: str) -> Work:
    settled = settle(app, spool, create=options.create)
    work = Work(spool, settled, who, options.reason or "inventory import")
    work.seen = None if of else Seen()
    if of:
        found = bill.replaced(app, spool, settled, of)
        settled.held = found.held
        work.gone = found.gone
        notes += found.notes
    return work


def _digest(path: Path) -> str:
    try:
        return digest(path)
    except OSError as error:
        raise InvalidFile(
            "E1417", say("文件读不了", "the file cannot be read"), where=str(path), why=why_not(error)
        ) from error


def _tables(
    app: App, files: Iterable[Path], options: Options, only: str, mapping: SheetMapping | None
) -> Iterator[Table | sheet_open.Unread]:
    known = every(app)
    for path in files:
        yield from sheet_open.tables(sheet_open.opened(path, options.sheet), known, only=only, mapping=mapping)


def section_of(word: str) -> Section | None:
    """The section of this name, kind or title; None for no word. Raises UsageError."""
    if not word:
        return None
    found = meant(word)
    if len(found) == 1:
        return found[0]
    if found:
        raise several(word, found)
    guess = nearest(word, [one for each in sections().values() for one in (each.name, each.kind, each.zh)])
    raise UsageError(
        "E1378",
        say(f"没有这一类登记内容：{word[:40]}", f"nothing is declared as {word[:40]}"),
        hint=say(f"是否想写 {guess}？", f"did you mean {guess}?") if guess else "、".join(sections()),
    )


def several(word: str, found: Sequence[Section]) -> UsageError:
    """The error for a word that means several lists."""
    told = "、".join(f"{each.title}（{each.name}）" for each in found)
    return UsageError(
        "E1378", say(f"{word[:40]} 指的不止一类", f"{word[:40]} means several"), why=told,
        hint=say("写全名或括号里的代号", "write the whole name, or the one in brackets"),
    )  # fmt: skip


def _rank(section: Section) -> int:
    return _ORDER.index(section.name) if section.name in _ORDER else len(_ORDER)


def _fill(spool: Spool, table: Table, options: Options, notes: list[Note]) -> None:
    """Read a table's rows; where it cannot be read on, what was read stays and the rest is told."""
    try:
        for each in table.read(clear=options.clear):
            spool.add(each)
    except SecopsError as error:
        why = error.what + (f"：{error.why}" if error.why else "")
        spool.add(Skipped(error.where or table.sheet.file, why))
        notes.append(Note(f"{error.where}: {why}", warning=True))


def _about(table: Table) -> Iterator[str]:
    sheet, section, found = table.sheet, table.section, table.headings
    rows = "、".join(map(str, found.rows))
    place = "!".join(each for each in (sheet.file, sheet.name) if each)
    yield say(
        f"{place}: 作为“{section.title}”读，列标题在第 {rows} 行",
        f"{place}: read as {section.title}, headings in row {rows}",
    ) + (f"（{'；'.join(table.reasons)}）" if table.reasons else "")
    named = [f"{found.titles[at]} → {section.slots[column].title}" for at, column in sorted(found.columns.items())]
    yield "  " + "，".join(named)
    unused = [f"{found.titles[at]}（{letters(at)}）" for at in found.unused()]
    if unused:
        yield "  " + say("没有采纳的列：", "columns not taken: ") + "、".join(unused)
    for note in sheet.notes:
        yield f"  {note}"


def _nothing(files: Sequence[Path], notes: Sequence[Note]) -> UsageError:
    return UsageError(
        "E1374",
        say("没有认出可以导入的表", "no table was recognised"),
        where=", ".join(str(each) for each in files[:5]),
        why="; ".join(each.text for each in notes if each.warning)[:1_000],
        hint=say(
            "用 --as 指明是什么，或存一份映射：secops inventory mapping save",
            "say what it is with --as, or save a mapping",
        ),
    )
