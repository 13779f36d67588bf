"""`secops inventory fields`: the field dictionary, from which filters, tables, forms, files and schemas derive."""

from collections.abc import Iterator
from typing import Annotated

import typer

from secops.cli.show import Column, Format, rows
from secops.core.language import say
from secops.core.model import Kind

app = typer.Typer(rich_markup_mode=None)


@app.command("fields", help=say("有哪些字段：名称、简写、类型、适用类别、敏感程度", "every field there is"))
def fields(
    kind: Annotated[
        Kind | None, typer.Option("--kind", metavar="KIND", help=say("只看这一类的", "only those of this kind"))
    ] = None,
    format: Annotated[
        Format | None, typer.Option("--format", "-f", metavar="FORMAT", help="table, json, jsonl, csv")
    ] = None,
    out: Annotated[str, typer.Option("--out", "-o", help=say("输出文件，- 为标准输出", "file, - for stdout"))] = "-",
) -> None:
    """Write one row per field."""
    columns = [
        Column("name", say("字段", "field")),
        Column("alias", say("简写", "short")),
        Column("title", say("名称", "title")),
        Column("type", say("类型", "type")),
        Column("kinds", say("适用类别", "kinds")),
        Column("sensitivity", say("敏感程度", "sensitivity")),
        Column("computed", say("推算方式", "computed")),
        Column("help", say("说明", "help")),
    ]
    rows(_told(kind), columns, format=format, out=out)


def _told(kind: Kind | None) -> Iterator[dict[str, object]]:
    from secops.core.fields import FIELDS

    for each in FIELDS:
        if kind is None or kind in each.kinds:
            yield {
                "name": each.name,
                "alias": each.alias or None,
                "title": each.title,
                "type": str(each.type),
                "kinds": sorted(map(str, each.kinds)),
                "sensitivity": str(each.sensitivity),
                "computed": str(each.derived.how) if each.derived else None,
                "help": each.help or None,
            }
