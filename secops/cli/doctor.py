"""`secops doctor`."""

import os
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from secops.cli.show import Column, Format, rows
from secops.core.language import say

app = typer.Typer(rich_markup_mode=None)


@app.command(
    help=say(
        "例：secops doctor\n\n例：secops doctor -f json\n\n"
        "检查本机与工作区是否就绪，每项给出办法；有不可用的项时退出码 1",
        "Example: secops doctor\n\nExample: secops doctor -f json\n\n"
        "Is this machine ready? Each check says what to try; exit code 1 where something will not work",
    )
)
def doctor(
    *,
    format: Annotated[
        Format | None, typer.Option("--format", "-f", metavar="FORMAT", help="table, json, jsonl, csv")
    ] = None,
) -> None:
    """Print the checks."""
    from secops.core.errors import UsageError
    from secops.hall.flows.doctor import BAD, checks
    from secops.hall.workspace import Workspace, find

    named = os.environ.get("SECOPS_WORKSPACE")
    try:
        workspace = Workspace(Path(named).resolve()) if named else find(Path.cwd())
    except UsageError:
        workspace = None
    found = [asdict(each) for each in checks(workspace)]
    titles = (
        ("name", say("项目", "check")),
        ("state", say("结果", "state")),
        ("found", say("现状", "found")),
        ("hint", say("办法", "try")),
    )
    rows(found, [Column(key, title) for key, title in titles], format=format)
    if any(each["state"] == BAD for each in found):
        raise typer.Exit(1)
