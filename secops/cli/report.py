"""`secops report`: formats, make."""

import sys
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from secops.cli.show import Column, Format, rows
from secops.core.language import say

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help=say(
        "报表：资产台账、问题清单\n\n例：secops report make assets -f xlsx\n\n"
        "例：secops report make findings -f html --severity high",
        "Reports: the asset ledger, the list of findings\n\nExample: secops report make assets -f xlsx\n\n"
        "Example: secops report make findings -f html --severity high",
    ),
)
make = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help=say("编制报表", "make a report"))
app.add_typer(make, name="make")

Query = Annotated[str, typer.Argument(help=say("筛选条件，与 inventory list 相同", "filter, as in inventory list"))]
Form = Annotated[str, typer.Option("--format", "-f", help="xlsx, csv, html")]
Out = Annotated[
    str, typer.Option("--out", "-o", help=say("输出文件，默认在 reports/，- 为标准输出", "file, default in reports/"))
]
Sensitive = Annotated[
    bool, typer.Option("--sensitive", help=say("不脱敏联系人等敏感字段", "sensitive fields in the clear"))
]
Unit = Annotated[str, typer.Option("--unit", help=say("封面上的编制单位", "unit named on the cover"))]


@app.command(help=say("列出可用的格式", "the formats there are"))
def formats(
    format: Annotated[
        Format | None, typer.Option("--format", "-f", metavar="FORMAT", help="table, json, jsonl, csv")
    ] = None,
) -> None:
    """Write one row per format."""
    from secops.hall.flows.report import FORMATS

    items = ({"format": name, "title": say(*titles)} for name, titles in FORMATS.items())
    rows(items, [Column("format", say("格式", "format")), Column("title", say("说明", "what"))], format=format)


@make.command(help=say("资产台账：七类资产分表，含责任单位、所属系统、等保级别、问题数", "the asset ledger"))
def assets(
    query: Query = "",
    *,
    format: Form = "xlsx",
    out: Out = "",
    sensitive: Sensitive = False,
    unit: Unit = "",
) -> None:
    """Write the ledger."""
    from secops.hall.flows.report import Wanted

    _make("assets", format, Wanted(query, sensitive=sensitive, unit=unit), out)


@make.command(help=say("问题清单：危害程度、依据、风险、整改建议", "the findings, gravest first"))
def findings(
    query: Query = "",
    *,
    format: Form = "xlsx",
    out: Out = "",
    severity: Annotated[
        list[str] | None, typer.Option("--severity", help=say("危害程度，可多次", "severity, repeatable"))
    ] = None,
    resolved: Annotated[bool, typer.Option("--resolved", help=say("含已整改的", "resolved ones too"))] = False,
    sensitive: Sensitive = False,
    unit: Unit = "",
) -> None:
    """Write the list."""
    from secops.hall.flows.report import Wanted

    _make("findings", format, Wanted(query, tuple(severity or ()), resolved, sensitive, unit), out)


def _make(what: str, format: str, wanted: object, out: str) -> None:
    from secops.cli.context import open_app, talk
    from secops.hall.flows import report

    assert isinstance(wanted, report.Wanted)
    with open_app() as opened, tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / f"{what}.{format}" if out == "-" else Path(out) if out else None
        made = report.make(opened, what, format, wanted, target)
        if out == "-":
            sys.stdout.buffer.write(made.path.read_bytes())
            sys.stdout.buffer.flush()
            return
    talk(say(f"共 {made.rows} 行，{made.sheets} 张表，{made.digest}", f"{made.rows} rows, {made.sheets} sheets"))
    sys.stdout.write(f"{made.path}\n")
