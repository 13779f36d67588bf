"""`secops audit`: verify, export."""

from typing import Annotated

import typer

from secops.cli.show import Column, Format, one, rows
from secops.core.language import say

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    add_completion=False,
    help=say(
        "审计日志：核验、导出\n\n例：secops audit verify\n\n例：secops audit export --event gate. -f csv -o 审计.csv",
        "The audit log\n\nExample: secops audit verify\n\nExample: secops audit export --event gate. -o audit.csv",
    ),
)
Form = Annotated[Format | None, typer.Option("--format", "-f", metavar="FORMAT", help="table, json, jsonl, csv")]
Out = Annotated[str, typer.Option("--out", "-o", help=say("输出文件，- 为标准输出", "file, - for stdout"))]


@app.command(
    help=say(
        "例：secops audit verify\n\n例：secops audit verify -f json\n\n核验整条散列链；有断处则指出第一处，退出码 1",
        "Example: secops audit verify\n\n"
        "Example: secops audit verify -f json\n\n"
        "check the whole chain; the first broken place, exit 1",
    )
)
def verify(*, format: Form = None) -> None:
    """Say that the log is whole, or fail with the place."""
    from secops.cli.context import open_app, talk
    from secops.hall.flows import audit as flow

    with open_app() as opened:
        told = flow.verified(opened)
        if told["torn_bytes"]:
            talk(say("! 最后一行没有写完（上次异常中断），下次写入时会记录在案",
                     "! the last line is unfinished (a crash); the next append will record it"))  # fmt: skip
        titles = {"records": say("记录数", "records"), "last_hash": say("末条散列", "last hash"),
                  "torn_bytes": say("未写完字节", "unfinished bytes"), "file": say("文件", "file")}  # fmt: skip
        one(told, titles, format=format)


@app.command(
    help=say(
        "例：secops audit export --event scope.\n\n"
        "例：secops audit export --since 2026-11-01 -o audit.csv\n\n"
        "导出记录，可按事件与时间筛选",
        "Example: secops audit export --event scope.\n\n"
        "Example: secops audit export --since 2026-11-01 -o audit.csv\n\n"
        "the records, by event and time",
    )
)
def export(
    *,
    event: Annotated[
        str, typer.Option("--event", help=say("事件名的开头，如 gate.", "how the event's name begins"))
    ] = "",
    since: Annotated[str, typer.Option("--since", help=say("自此时起", "from this time on"))] = "",
    until: Annotated[str, typer.Option("--until", help=say("到此时为止（不含）", "before this time"))] = "",
    format: Form = None,
    out: Out = "-",
) -> None:
    """Write the matching records, oldest first."""
    from secops.cli.context import open_app
    from secops.core.errors import UsageError
    from secops.hall.flows import audit as flow

    columns = [
        Column("seq", say("序号", "seq")),
        Column("at", say("时间", "at")),
        Column("event", say("事件", "event")),
        Column("data", say("内容", "data")),
        Column("hash", say("散列", "hash")),
    ]
    with open_app() as opened:
        try:
            rows(flow.exported(opened, event=event, since=since, until=until), columns, format=format, out=out)
        except ValueError as error:
            what = say("看不懂的时间", "a time that cannot be read")
            raise UsageError("E1419", what, why=str(error), hint="2026-11-30") from error
