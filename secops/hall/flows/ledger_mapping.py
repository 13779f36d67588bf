"""The workspace's saved mappings: how each ledger people keep is read. One file each, mappings/NAME.yaml."""

import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from secops.core.errors import InvalidFile, StoreError, UsageError
from secops.core.language import say
from secops.hall.app import App
from secops.intake import sheet_mapping, sheet_open
from secops.intake.declared_sections import sections
from secops.intake.sheet_heading import Headings, candidates, column_of, normal
from secops.intake.sheet_mapping import SheetMapping
from secops.intake.sheet_rows import Table
from secops.scope.yaml_source import Source, nearest

_NAME: Final = re.compile(r"[\w\-]{1,64}")


def folder(app: App) -> Path:
    """Where they are kept."""
    return app.workspace.root / "mappings"


def every(app: App) -> list[SheetMapping]:
    """All of them that can be read, sorted by name."""
    found = []
    for path in sorted(folder(app).glob("*.yaml")):
        try:
            found.append(sheet_mapping.read(path.stem, Source.read(path)))
        except InvalidFile:
            continue  # `mapping show` tells what is wrong with it; a broken one reads nothing
    return found


def listed(app: App) -> Iterator[dict[str, object]]:
    """Each mapping in a line, broken ones with what is wrong."""
    for path in sorted(folder(app).glob("*.yaml")):
        row: dict[str, object] = {"name": path.stem}
        try:
            each = sheet_mapping.read(path.stem, Source.read(path))
        except InvalidFile as error:
            yield row | {"section": "", "columns": 0, "headings": "", "fault": f"{error.where}: {error.what}"}
            continue
        taken = [heading for heading, column in each.columns.items() if column]
        yield row | {
            "section": each.section, "columns": len(taken), "headings": "、".join(taken), "fault": "",
        }  # fmt: skip


def named(app: App, name: str) -> SheetMapping:
    """The mapping of this name. Raises UsageError, InvalidFile."""
    path = _path(app, name)
    if not path.is_file():
        guess = nearest(name, [each.stem for each in folder(app).glob("*.yaml")])
        raise UsageError(
            "E1380",
            say(f"没有映射 {name[:40]}", f"no mapping {name[:40]}"),
            where=str(folder(app)),
            hint=say(f"是否想写 {guess}？", f"did you mean {guess}?") if guess else "secops inventory mapping list",
        )
    return sheet_mapping.read(name, Source.read(path))


def recognised(app: App, path: Path, *, sheet: str = "", section: str = "", words: Sequence[str] = ()) -> Table:
    """How a file's first table that is recognised would be read. Raises UsageError, InvalidFile.

    `words`: as `save` takes them; where no headings are known, the row that holds those they name counts as such.
    """
    unread = []
    sheets = sheet_open.opened(path, sheet)
    said = {normal(heading): column for heading, _, column in (each.partition("=") for each in words) if heading}
    said = {heading: column for heading, column in said.items() if column}
    for each in sheet_open.tables(sheets, every(app), only=section, said=said):
        if isinstance(each, Table):
            return each
        unread.append(f"{each.where}: {each.reason}")
    wanted = {normal(heading) for each in words if (heading := each.partition("=")[0])}
    for one in sheets if wanted and section else ():
        for rows, titles in candidates(one):
            if wanted <= {normal(title) for title in titles if title}:
                return Table(one, Headings(section, rows, titles, {}, 0.0, ()), SheetMapping("", section, {}))
    raise UsageError(
        "E1374", say("没有认出可以导入的表", "no table was recognised"), where=str(path), why="; ".join(unread)[:1_000],
        hint=say("加 --as systems 之类指明是什么，并写 列标题=列名", "say what it is with --as, and HEADING=COLUMN"),
    )  # fmt: skip


def save(app: App, name: str, table: Table, words: Sequence[str] = ()) -> tuple[Path, SheetMapping]:
    """Keep how a table is read, changed by `heading=column` and `=column=value` words.

    Raises UsageError, StoreError.
    """
    section = table.section
    columns = {
        title: table.headings.columns.get(place, "") for place, title in enumerate(table.headings.titles) if title
    }
    constants = dict(table.mapping.constants)
    for word in words:
        heading, mark, column = word.partition("=")
        if not heading and mark:  # =column=value: what every row says
            column, mark, value = column.partition("=")
            constants[_column(section.name, column, word)] = value
            continue
        title = next((each for each in columns if normal(each) == normal(heading)), "")
        if not title or not mark:
            guess = nearest(heading, list(columns))
            raise UsageError(
                "E1381", say(f"表里没有列标题 {heading[:40]}", f"the table has no heading {heading[:40]}"),
                where=word[:80],
                hint=say(f"是否想写 {guess}？", f"did you mean {guess}?") if guess else "、".join(columns)[:300],
            )  # fmt: skip
        columns[title] = _column(section.name, column, word) if column else ""
    old = table.mapping
    new = SheetMapping(
        name, section.name, columns, header=() if len(table.headings.rows) == 1 else table.headings.rows,
        constants=constants, words=old.words, dates=old.dates, month=old.month, epoch=old.epoch,
    )  # fmt: skip
    path = _path(app, name)
    try:
        path.parent.mkdir(exist_ok=True)
        part = path.with_suffix(".part")
        with part.open("w", encoding="utf-8") as handle:
            handle.write(new.text())
            handle.flush()
            os.fsync(handle.fileno())
        part.replace(path)
    except OSError as error:
        raise StoreError(
            "E1301", say("无法写出文件", "the file cannot be written"), where=str(path), why=str(error)
        ) from error
    return path, new


def _column(section: str, word: str, whole: str) -> str:
    slots = sections()[section].slots
    if name := column_of(sections()[section], word):
        return name
    others = [each for each in sections().values() if column_of(each, word)][:6]
    instead = "、".join(f"--as {each.name}（{each.title}）" for each in others)
    guess = nearest(word, [one for name, slot in slots.items() for one in (name, slot.zh)])
    raise UsageError(
        "E1381",
        say(f"{sections()[section].title}没有列 {word[:40]}", f"{section} has no column {word[:40]}"),
        where=whole[:80],
        why=say(f"表当作“{sections()[section].title}”读", f"the table is read as {sections()[section].title}"),
        hint=(say(f"是否想写 {guess}？", f"did you mean {guess}?") if guess else "、".join(slots))
        + (say(f"有这一列的：{instead}", f" it is a column of: {instead}") if instead else ""),
    )


def _path(app: App, name: str) -> Path:
    if not _NAME.fullmatch(name):
        raise UsageError(
            "E1380", say(f"映射的名称不合格：{name[:40]}", f"not a name for a mapping: {name[:40]}"),
            hint=say("用字母、数字、汉字、- 和 _", "letters, digits, - and _"),
        )  # fmt: skip
    return folder(app) / f"{name}.yaml"
