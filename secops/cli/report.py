"""`secops report`: formats, make, verify, template, schedule."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from secops.cli.report_make import app as make
from secops.cli.report_schedule import app as schedule
from secops.cli.show import Column, Format, one, rows
from secops.core.language import say

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help=say(
        "报表：台账、变化、责任、备案等十四种，七种格式，附清单与签名\n\n例：secops report make assets -f xlsx\n\n"
        "例：secops report make changes --from 2026-11-20 -f pdf",
        "Reports: fourteen kinds in seven formats, with manifest and signature\n\n"
        "Example: secops report make assets -f xlsx\n\nExample: secops report make changes --from 2026-11-20 -f pdf",
    ),
)
app.add_typer(make, name="make")
app.add_typer(schedule, name="schedule")
template = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help=say("Word 模板", "Word templates"))
app.add_typer(template, name="template")

Shown = Annotated[Format | None, typer.Option("--format", "-f", metavar="FORMAT", help="table, json, jsonl, csv")]


@app.command(help=say("列出可用的格式", "the formats there are"))
def formats(format: Shown = None) -> None:
    """Write one row per format."""
    from secops.hall.flows.report_kinds import FORMATS

    items = ({"format": name, "title": say(*titles)} for name, titles in FORMATS.items())
    rows(items, [Column("format", say("格式", "format")), Column("title", say("说明", "what"))], format=format)


@app.command(
    help=say(
        "核对报表：与清单的摘要是否一致、签名是否有效；只有公钥、没有工作区也能核对\n\n"
        "退出码：0 相符；3 被改动，签名无效，或给了 --key 却没有签名；5 有签名但手头没有公钥，只核对了摘要",
        "check a report against its manifest and signature; a public key will do, no workspace is needed\n\n"
        "Exit codes: 0 all right; 3 changed, badly signed, or --key is given and nothing is signed; 5 signed, but no "
        "key at hand: the digest alone was checked",
    )
)
def verify(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help=say("报表文件，或它的清单", "the report, or its manifest"))
    ],
    *,
    key: Annotated[
        Path | None,
        typer.Option("--key", help=say("签名人的公钥文件 .pub，不需要工作区", "the signer's public key, .pub")),
    ] = None,
    format: Shown = None,
) -> None:
    """Show what the manifest says; exit code 3 for a changed file or a bad signature, 5 for one nobody could check."""
    from secops.core.errors import Exit
    from secops.hall.flows.report import verify as checked

    found = checked(file, None if key else _trust(), key)
    told = found.manifest
    titles = {
        "file": say("文件", "file"), "title": say("报表", "report"), "filter": say("筛选", "filter"),
        "data_at": say("数据时间", "data as of"), "made_at": say("导出时间", "exported at"),
        "who": say("导出人", "exported by"),
        "account": say("系统帐号", "account"),
        "role": say("角色", "role"), "sensitive": say("敏感字段", "sensitive"), "rows": say("行数", "rows"),
        "sha256": "SHA-256", "program": say("程序", "program"), "signed_by": say("签名人", "signed by"),
    }  # fmt: skip
    row = {name: told.get(name) for name in titles if name != "signed_by"}
    if format is Format.TABLE or (format is None and sys.stdout.isatty()):
        row["sensitive"] = {"clear": say("明文", "in the clear"), "masked": say("已脱敏", "masked")}.get(
            str(row["sensitive"]), row["sensitive"]
        )
        row["data_at"] = str(row["data_at"] or "")[:23].replace("T", " ")  # whole: `--at` is given it
    unsigned = say(
        "（有签名，未核对：用 --key 给出签名人的公钥）", "(signed, not checked: --key names the signer's key)"
    )
    by = found.signer or (unsigned if found.signed else say("（未签名）", "(not signed)"))
    one(row | {"signed_by": by}, titles, format=format)
    if found.signed and not found.signer:
        raise typer.Exit(Exit.INCOMPLETE)


def _trust() -> Path | None:
    """The trust folder of the workspace in force; None outside of any."""
    import os

    from secops.cli.context import workspace
    from secops.core.errors import UsageError

    try:
        return workspace().trust
    except UsageError:
        if os.environ.get("SECOPS_WORKSPACE"):
            raise
        return None


@template.command("list", help=say("有哪些模板、用的是哪个文件", "the templates and which file is in force"))
def template_list(format: Shown = None) -> None:
    """`secops report template list`."""
    from secops.cli.context import open_app
    from secops.hall.flows.report_template import listed

    titles = {"template": say("模板", "template"), "title": say("用于", "for"), "file": say("文件", "file")}
    with open_app() as opened:
        rows(listed(opened), [Column(*each) for each in titles.items()], format=format)


@template.command(
    "copy", help=say("把自带模板放进 templates/，在 Word 里修改", "put a template into templates/ to edit it")
)
def template_copy(
    name: Annotated[str, typer.Argument(metavar="NAME", help=say("report 或报表名", "report, or a kind"))] = "report",
    *,
    force: Annotated[bool, typer.Option("--force", help=say("覆盖已有的", "over an existing one"))] = False,
) -> None:
    """`secops report template copy`."""
    from secops.cli.context import open_app
    from secops.hall.flows.report_template import copied

    with open_app() as opened:
        sys.stdout.write(f"{copied(opened, name, force=force)}\n")
