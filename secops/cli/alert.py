"""`secops alert`: list, push, retry, dead."""

from typing import Annotated

import typer

from secops.cli.show import Column, Format, rows
from secops.core.language import say

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help=say(
        "告警：查看、推送、重试\n\n例：secops alert list --severity high --state queued\n\n"
        "例：secops alert push --wait 120",
        "Alerts and their delivery\n\nExample: secops alert list --severity high --state queued\n\n"
        "Example: secops alert push --wait 120",
    ),
)

Severities = Annotated[
    list[str] | None, typer.Option("--severity", help=say("危害程度，可多次", "severity, repeatable"))
]
Orgs = Annotated[
    list[str] | None, typer.Option("--org", help=say("责任单位编号，可多次", "organisation id, repeatable"))
]
Rules = Annotated[list[str] | None, typer.Option("--rule", help=say("规则编号，可多次", "rule id, repeatable"))]
Sinks = Annotated[list[str] | None, typer.Option("--sink", help=say("去向，可多次", "sink, repeatable"))]
States = Annotated[list[str] | None, typer.Option("--state", help="queued, unknown, delivered, dead")]
Streams = Annotated[
    list[str] | None, typer.Option("--stream", help=say("alerts（默认）, findings", "alerts (default), findings"))
]
Ids = Annotated[list[str] | None, typer.Argument(help=say("文档编号", "document ids"))]
Limit = Annotated[
    int, typer.Option("--limit", min=0, help=say("最多几行，0 为全部", "at most so many rows, 0 for all"))
]
Form = Annotated[Format | None, typer.Option("--format", "-f", metavar="FORMAT", help="table, json, jsonl, csv")]
Out = Annotated[str, typer.Option("--out", "-o", help=say("输出文件，- 为标准输出", "file, - for stdout"))]


def _columns() -> list[Column]:
    return [
        Column("id", say("编号", "id")),
        Column("sink", say("去向", "sink")),
        Column("state", say("投递状态", "delivery")),
        Column("severity", say("危害程度", "severity")),
        Column("step", say("变化", "step")),
        Column("rule", say("规则", "rule")),
        Column("org_id", say("责任单位", "organisation")),
        Column("at", say("时间", "at")),
        Column("reason", say("说明", "reason")),
    ]


@app.command("list", help=say("列出告警及其投递状态", "alerts and where their delivery stands"))
def list_(
    *,
    severity: Severities = None,
    org: Orgs = None,
    rule: Rules = None,
    state: States = None,
    sink: Sinks = None,
    stream: Streams = None,
    limit: Limit = 0,
    format: Form = None,
    out: Out = "-",
) -> None:
    """Write the matching letters."""
    from secops.cli.context import open_app
    from secops.hall.flows import alert

    which = alert.wanted(
        severities=tuple(severity or ()),
        orgs=tuple(org or ()),
        rules=tuple(rule or ()),
        states=tuple(state or ()),
        sinks=tuple(sink or ()),
        streams=tuple(stream or ("alerts",)),
    )
    with open_app() as opened:
        rows(alert.listed(opened, which, limit=limit), _columns(), format=format, out=out)


@app.command(help=say("列出不可投递的告警及原因", "letters no sink will take, with the reason"))
def dead(
    *,
    severity: Severities = None,
    org: Orgs = None,
    rule: Rules = None,
    sink: Sinks = None,
    limit: Limit = 0,
    format: Form = None,
    out: Out = "-",
) -> None:
    """Write the dead letters of every stream."""
    from secops.cli.context import open_app
    from secops.hall.flows import alert

    which = alert.wanted(
        severities=tuple(severity or ()),
        orgs=tuple(org or ()),
        rules=tuple(rule or ()),
        states=("dead",),
        sinks=tuple(sink or ()),
    )
    with open_app() as opened:
        rows(alert.listed(opened, which, limit=limit), _columns(), format=format, out=out)


@app.command(
    help=say("把队列中的告警送往各去向；有剩余时退出码 5", "send what waits; exit code 5 while something is left")
)
def push(
    *,
    sink: Sinks = None,
    wait: Annotated[
        float,
        typer.Option("--wait", min=0, help=say("没有进展时最多重试多少秒", "seconds of retrying without progress")),
    ] = 30.0,
    format: Form = None,
) -> None:
    """Pump until nothing waits or nothing moves."""
    from secops.cli.context import exit_code, follow, open_app, stopping
    from secops.hall.flows import alert

    with open_app() as opened, stopping() as stop:
        summary = follow(alert.push(opened, only=tuple(sink or ()), wait=wait, stop=stop), format=format)
        raise typer.Exit(exit_code(summary, stop))


@app.command(help=say("让不可投递的与等待中的告警立即重试", "queue dead letters again and let waiting ones go at once"))
def retry(
    *,
    ids: Ids = None,
    severity: Severities = None,
    org: Orgs = None,
    rule: Rules = None,
    sink: Sinks = None,
    everything: Annotated[
        bool, typer.Option("--all", help=say("不加筛选时必须写明", "needed where nothing is chosen"))
    ] = False,
) -> None:
    """Revive the matching dead letters; `alert push` sends them."""
    from secops.cli.context import open_app, talk
    from secops.core.errors import UsageError
    from secops.hall.flows import alert

    chosen = [tuple(each or ()) for each in (ids, severity, org, rule, sink)]
    if not any(chosen) and not everything:
        raise UsageError(
            "E6003",
            say("没有说明要重试哪些告警", "nothing was chosen"),
            hint=say("给出编号或筛选条件，或用 --all", "give ids or filters, or --all"),
        )
    names = ("ids", "severities", "orgs", "rules", "sinks")
    which = alert.wanted(**dict(zip(names, chosen, strict=True)))
    with open_app() as opened:
        count = alert.retry(opened, which)
    talk(say(f"{count} 条将重试；运行 secops alert push", f"{count} will be tried again: secops alert push"))
