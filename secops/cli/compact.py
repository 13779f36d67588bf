"""`secops db compact`: a smaller database that answers as before."""

from pathlib import Path
from typing import Annotated

import typer

from secops.cli.show import Format, one
from secops.core.language import say

app = typer.Typer(rich_markup_mode=None)


@app.command(
    "compact",
    help=say(
        "例：secops db compact --plan\n\n例：secops db compact --keep 180 --backup 备份.db\n\n"
        "缩小数据库：合并只是重复的旧观测，删去早已送达的告警回执，归还磁盘空间；"
        "列表、--at、历史、来源、重建的结果都不变。另需与剩余数据同样大的空闲磁盘",
        "Example: secops db compact --plan\n\nExample: secops db compact --keep 180 --backup copy.db\n\n"
        "A smaller database: old looks that only repeat are folded, receipts of old letters dropped, the "
        "space given back; lists, --at, history, sources and a rebuild stay as they are. It needs free disk space as "
        "large as what remains",
    ),
)
def compact(
    *,
    keep: Annotated[
        int | None,
        typer.Option(
            "--keep", min=0, metavar="DAYS", help=say("最近几天的不动，默认 store.keep_days", "days left whole")
        ),
    ] = None,
    plan: Annotated[bool, typer.Option("--plan", help=say("只看能去掉多少", "only tell what could go"))] = False,
    backup: Annotated[
        Path | None,
        typer.Option("--backup", metavar="FILE", help=say("先备份到这个文件", "back up to this file first")),
    ] = None,
    without: Annotated[bool, typer.Option("--no-backup", help=say("不备份就开始", "begin without a backup"))] = False,
    who: Annotated[str, typer.Option("--who", help=say("操作人，默认当前用户", "who; the user unless told"))] = "",
    format: Annotated[
        Format | None, typer.Option("--format", "-f", metavar="FORMAT", help="table, json, jsonl")
    ] = None,
) -> None:
    """Tell what could go, or do it."""
    from secops.cli.context import exit_code, follow, open_app, operator_of, stopping, talk
    from secops.core.errors import UsageError
    from secops.hall.flows.compact import compact as compacted
    from secops.hall.flows.compact import planned

    if not plan and backup is None and not without:
        raise UsageError(
            "E1551",
            say("压缩之前应先备份", "a backup comes before compacting"),
            hint=say("--backup 文件；或 --no-backup 表示不需要", "--backup FILE, or --no-backup where none is wanted"),
        )
    with open_app() as opened, stopping() as stop:
        if plan:
            titles = {
                "before": say("早于", "older than"), "looks": say("可合并的重复观测", "repeated looks to fold"),
                "letters": say("可删去的回执", "receipts to drop"),
                "bytes": say("数据库字节数", "bytes of the database"),
            }  # fmt: skip
            one(planned(opened, keep), titles, format=format)
            return
        going = compacted(opened, keep=keep, copy=backup, who=operator_of(who), stop=stop)
        summary = follow(going, format=format)
        if summary is not None:
            before, after = (int(summary.counts[name]) for name in ("bytes_before", "bytes_after"))
            talk(say(f"磁盘占用：{before:,} → {after:,} 字节", f"on disk: {before:,} -> {after:,} bytes"))
    raise typer.Exit(exit_code(summary, stop))
