"""`secops discover events | watch`: discovery that goes on by itself, and what it tells."""

from typing import Annotated

import typer

from secops.cli.show import Column, Format, rows
from secops.core.language import say

app = typer.Typer(rich_markup_mode=None)

Operator = Annotated[
    str,
    typer.Option("--operator", envvar="SECOPS_OPERATOR", help=say("操作人，须在授权书内", "named operator")),
]
Form = Annotated[Format | None, typer.Option("--format", "-f", metavar="FORMAT", help="table, json, jsonl, csv")]


@app.command(
    help=say(
        "列出一次任务发现的变化：新增、变化、消失、端口关闭、重现",
        "what a run found new, changed, vanished, closed, reopened",
    )
)
def events(
    run: Annotated[str, typer.Argument(help=say("任务编号，空为最近一次", "run id, empty for the latest"))] = "",
    *,
    kind: Annotated[
        str, typer.Option("--class", help="new, changed, vanished, closed, reopened", metavar="CLASS")
    ] = "",
    format: Form = None,
    out: Annotated[str, typer.Option("--out", "-o", help=say("输出文件", "file"))] = "-",
) -> None:
    """List the events of a run."""
    from secops.cli.context import open_app
    from secops.hall.flows.discover_events import of_run

    with open_app() as app_:
        columns = [
            Column("class", say("事件", "event")),
            Column("kind", say("类别", "kind")),
            Column("key", say("对象", "what")),
            Column("service", say("服务", "service")),
            Column("at", say("时间", "when")),
            Column("changes", say("变化", "changes")),
        ]
        rows(of_run(app_, run, kind), columns, format=format, out=out)


@app.command(
    help=say(
        "按 watches/*.yaml 的时间安排反复发现；停机期间错过的补做一次",
        "discover again by the schedules of watches/*.yaml; what was missed is caught up once",
    )
)
def watch(
    *,
    list_: Annotated[bool, typer.Option("--list", help=say("只列出安排", "list the schedules only"))] = False,
    once: Annotated[bool, typer.Option("--once", help=say("做完到期的就结束", "end after what is due"))] = False,
    operator: Operator = "",
    format: Form = None,
) -> None:
    """Run what falls due until told to end."""
    from secops.cli.context import Meter, exit_code, follow, open_app, operator_of, stopping
    from secops.hall.flows.discover_watch import listed, watch

    with open_app() as app_, stopping() as stop:
        if list_:
            columns = [
                Column("watch", say("例行任务", "watch")),
                Column("schedule", say("时间安排", "schedule")),
                Column("due", say("到期", "due")),
                Column("next", say("下次", "next")),
                Column("runs", say("已做次数", "runs")),
                Column("run", say("最近任务", "last run")),
            ]
            rows(listed(app_), columns, format=format)
            return
        meter = Meter()
        going = watch(app_, operator=operator_of(operator), stop=stop, live=meter.live, once=once)
        raise typer.Exit(exit_code(follow(going, format=format, meter=meter), stop))
