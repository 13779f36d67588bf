"""`secops report schedule`: add, list, run, remove."""

import sys
from typing import Annotated

import typer

from secops.cli.show import Column, Format, rows
from secops.core.language import say

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help=say(
        "定期报表：按 cron 或 RFC 5545 的时间安排编制，错过的补做一次",
        "reports by schedule (cron or RFC 5545); what was missed is made once",
    ),
)
Name = Annotated[str, typer.Argument(metavar="NAME", help=say("名字", "name"))]
Form = Annotated[Format | None, typer.Option("--format", "-f", metavar="FORMAT", help="table, json, jsonl, csv")]


@app.command("add", help=say("新增一份定期报表，写在 schedules/NAME.yaml", "add one: schedules/NAME.yaml"))
def add(
    name: Name,
    report: Annotated[str, typer.Argument(metavar="KIND", help=say("报表，见 report make", "kind, see report make"))],
    schedule: Annotated[str, typer.Argument(metavar="WHEN", help=say("cron 五段或 RRULE:…", "cron, or RRULE:..."))],
    *,
    format: Annotated[
        str, typer.Option("--format", "-f", show_default=False, help="xlsx, docx, html, pdf, csv, jsonl, parquet")
    ] = "xlsx",
    query: Annotated[str, typer.Option("--query", help=say("筛选条件", "filter"))] = "",
    org: Annotated[str, typer.Option("--org", help=say("只含这个单位", "only this organisation"))] = "",
    split: Annotated[str, typer.Option("--split", help=say("org：每个单位一个文件", "org: a file for each unit"))] = "",
    type: Annotated[str, typer.Option("--type", help=say("register 报表的台账", "the register of `register`"))] = "",
    role: Annotated[str, typer.Option("--role", help=say("以此角色导出", "export as this role"))] = "",
    within: Annotated[
        int, typer.Option("--within", hidden=True, help=say("几天内到期算将到期", "days in which it runs out"))
    ] = 90,
    keep: Annotated[int, typer.Option("--keep", help=say("保留最近几份，0 为全部", "how many are kept, 0: all"))] = 26,
    sign: Annotated[str, typer.Option("--sign", help=say("签名密钥", "signing key"))] = "",
    passphrase_file: Annotated[str, typer.Option("--passphrase-file", help=say("口令文件", "passphrase file"))] = "",
) -> None:
    """`secops report schedule add`."""
    from secops.cli.context import open_app
    from secops.hall.flows.report_schedule import added

    given: dict[str, object] = {"report": report, "format": format, "schedule": schedule, "keep": keep}
    more = {"query": query, "org": org, "split": split, "type": type, "role": role, "sign": sign,
            "passphrase_file": passphrase_file}  # fmt: skip
    given |= {key: value for key, value in more.items() if value}
    if within != 90:
        given["within"] = within
    with open_app() as opened:
        sys.stdout.write(f"{added(opened, name, given)}\n")


@app.command(
    "list", help=say("列出定期报表：时间安排、下次、已做份数", "the schedules, what is next, how many were made")
)
def list_(format: Form = None) -> None:
    """`secops report schedule list`."""
    from secops.cli.context import open_app
    from secops.hall.flows.report_schedule import listed

    titles = {
        "name": say("名字", "name"), "report": say("报表", "report"), "format": say("格式", "format"),
        "schedule": say("时间安排", "schedule"), "due": say("到期", "due"), "next": say("下次", "next"),
        "made": say("已做份数", "made"), "last": say("最近一份", "last"),
    }  # fmt: skip
    with open_app() as opened:
        rows(listed(opened), [Column(*each) for each in titles.items()], format=format)


@app.command("run", help=say("到期就编制，直到结束；--once 供 cron 调用", "make what falls due; --once for cron"))
def run(
    *,
    once: Annotated[bool, typer.Option("--once", help=say("做完到期的就结束", "end after what is due"))] = False,
    now: Annotated[str, typer.Option("--now", metavar="NAME", help=say("立即做这一份", "make this one at once"))] = "",
    who: Annotated[str, typer.Option("--who", help=say("导出人，默认当前用户", "who; the user unless told"))] = "",
    format: Form = None,
) -> None:
    """`secops report schedule run`."""
    from secops.cli.context import exit_code, follow, open_app, operator_of, stopping
    from secops.hall.flows.report_schedule import run as going

    with open_app() as opened, stopping() as stop:
        events = going(opened, who=operator_of(who), stop=stop, once=once, now=now)
        raise typer.Exit(exit_code(follow(events, format=format), stop))


@app.command("remove", help=say("取消一份定期报表，已做的留着", "take one away; what was made stays"))
def remove(name: Name) -> None:
    """`secops report schedule remove`."""
    from secops.cli.context import open_app
    from secops.hall.schedules import remove as removed

    with open_app() as opened:
        sys.stdout.write(f"{removed(opened.workspace, name)}\n")
