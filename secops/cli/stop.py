"""`secops stop --all`: the switch first; it needs no server and no database."""

from typing import Annotated

import typer

from secops.core.language import say

app = typer.Typer(
    rich_markup_mode=None,
    help=say("立即停止一切对外动作", "stop everything that sends"),
)


@app.command(
    help=say(
        "立即停止这个工作区的一切对外动作\n\n例：secops stop --all\n\n例：secops -w 工作区 stop --all",
        "Stop everything that sends from this workspace\n\nExample: secops stop --all\n\n"
        "Example: secops -w DIR stop --all",
    )
)
def stop(
    *,
    all: Annotated[bool, typer.Option("--all", help=say("全部", "everything"))] = False,
    operator: Annotated[str, typer.Option("--operator", envvar="SECOPS_OPERATOR")] = "",
) -> None:
    """Press the switch, then write the stop into every open run."""
    from secops.cli.context import open_app, operator_of, talk, workspace
    from secops.cli.show import line
    from secops.core.errors import UsageError
    from secops.hall.flows.drill_stop import stop_all

    if not all:
        raise UsageError("E7203", say("请写明 --all", "say --all"), hint="secops stop --all; secops drill stop RUN")
    epoch, runs, trouble = stop_all(workspace(), open_app, who=operator_of(operator))
    import sys

    sys.stdout.write(line({"type": "stopped", "epoch": epoch, "drills": runs}))
    talk(say("已停止：1 秒内不再发出任何动作", "stopped: within a second nothing more is sent"))
    if trouble:
        talk(
            say(f"! 演练记录暂未写入，恢复执行时会按已停止处理: {trouble}", f"! the ledger was not written: {trouble}")
        )
