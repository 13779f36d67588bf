"""`secops inventory mapping`: list, show, save: how each ledger people keep is read."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from secops.cli.show import Column, Format, rows
from secops.core.language import say

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help=say(
        "台账的列映射：哪个列标题是哪一列\n\n例：secops inventory mapping save 科室台账 台账.xlsx '经办人=owner'\n\n"
        "例：secops inventory mapping list\n\n"
        "文件 mappings/映射名.yaml 的键（都可改）：section 哪一类；columns 列标题: 列名；"
        "words 列名: {写的: 意思}，如 organisation: {财政局: 东江市财政局}；constants 列名: 每行都填的值；"
        "sheet 只用于这张工作表；header 列标题的行号；dates 日期次序 ymd、dmy、mdy；"
        "month 只写到月的取 first 或 last；epoch 日期数字的起点 1900、1904",
        "How ledgers are read: which heading is which column\n\n"
        "Example: secops inventory mapping save mine ledger.xlsx 'Keeper=owner'\n\n"
        "Example: secops inventory mapping list\n\n"
        "Keys of mappings/NAME.yaml: section; columns {heading: column}; words {column: {written: meant}};"
        " constants {column: value}; sheet; header (row numbers); dates (ymd, dmy, mdy);"
        " month (first, last: of a month without a day); epoch (1900, 1904: of bare numbers)",
    ),
)

Name = Annotated[str, typer.Argument(metavar="NAME", help=say("映射名", "the mapping's name"))]
Form = Annotated[Format | None, typer.Option("--format", "-f", metavar="FORMAT", help="table, json, jsonl, csv")]


@app.command("list", help=say("已存的映射", "the saved mappings"))
def list_(format: Form = None) -> None:
    """`secops inventory mapping list`."""
    from secops.cli.context import open_app
    from secops.hall.flows.ledger_mapping import listed

    titles = {
        "name": say("映射", "mapping"), "section": say("内容", "section"), "columns": say("列数", "columns"),
        "headings": say("列标题", "headings"), "fault": say("问题", "fault"),
    }  # fmt: skip
    with open_app() as opened:
        rows(listed(opened), [Column(*each) for each in titles.items()], format=format)


@app.command(
    "show", help=say("一份映射的全文，可直接编辑 mappings/映射名.yaml", "a mapping whole; its file may be edited")
)
def show(name: Name) -> None:
    """`secops inventory mapping show`."""
    from secops.cli.context import open_app, talk
    from secops.hall.flows.ledger_mapping import folder, named

    with open_app() as opened:
        found = named(opened, name)
        talk(str(folder(opened) / f"{name}.yaml"))
    sys.stdout.write(found.text())


@app.command(
    "save",
    help=say(
        "按一个文件存一份映射：列标题=列名 改一列，列标题= 不要一列，=列名=值 每行都填这个值",
        "save how a file is read: HEADING=COLUMN maps one, HEADING= leaves one out, =COLUMN=VALUE for every row",
    ),
)
def save(
    name: Name,
    file: Annotated[Path, typer.Argument(metavar="FILE", help=say("有这些列标题的文件", "a file with such headings"))],
    words: Annotated[
        list[str] | None, typer.Argument(metavar="HEADING=COLUMN...", help=say("列标题=列名", "heading=column"))
    ] = None,
    *,
    section: Annotated[str, typer.Option("--as", metavar="SECTION", help=say("当作哪一类", "what its rows are"))] = "",
    sheet: Annotated[str, typer.Option("--sheet", help=say("这张工作表", "this sheet"))] = "",
) -> None:
    """`secops inventory mapping save`."""
    from secops.cli.context import open_app, talk
    from secops.hall.flows.ledger_import import section_of
    from secops.hall.flows.ledger_mapping import recognised
    from secops.hall.flows.ledger_mapping import save as kept

    with open_app() as opened:
        meant = section_of(section)
        table = recognised(opened, file, sheet=sheet, section=meant.name if meant else "", words=words or [])
        path, found = kept(opened, name, table, words or [])
    talk(say(f"作为“{table.section.title}”读（--as 可改）", f"read as {table.section.title} (--as says otherwise)"))
    talk(str(path))
    sys.stdout.write(found.text())
