"""`secops config show`."""

import os
from pathlib import Path
from typing import Annotated

import typer

from secops.cli.show import Column, Format, rows
from secops.core.language import say

app = typer.Typer(
    rich_markup_mode=None,
    no_args_is_help=True,
    help=say(
        "例：secops config show --origin\n\n例：secops config show -f json\n\n查看配置及其来源",
        "Example: secops config show --origin\n\nExample: secops config show -f json\n\nSettings and their origin",
    ),
)


@app.callback()
def _group() -> None:
    """Keeps `show` a word of its own."""


@app.command(
    help=say(
        "例：secops config show --origin\n\n例：secops config show -f json\n\n列出生效的配置",
        "Example: secops config show --origin\n\nExample: secops config show -f json\n\nThe settings in force",
    )
)
def show(
    *,
    origin: Annotated[bool, typer.Option("--origin", help=say("显示每项来自哪里", "where each comes from"))] = False,
    format: Annotated[
        Format | None, typer.Option("--format", "-f", metavar="FORMAT", help="table, json, jsonl, csv")
    ] = None,
) -> None:
    """Write one row a setting; secrets are never settings."""
    from secops.core.errors import UsageError
    from secops.core.url import shown
    from secops.hall.config import SETTINGS, load
    from secops.hall.workspace import Workspace, find

    named = os.environ.get("SECOPS_WORKSPACE")
    try:
        file = (Workspace(Path(named).resolve()) if named else find(Path.cwd())).config
    except UsageError:
        file = None
    config = load(file)
    items = [
        {
            "name": each.name,
            "value": shown(value) if isinstance(value := config.values[each.name], str) else value,
            **({"origin": config.origins[each.name]} if origin else {}),
            "about": say(each.zh, each.en),
        }
        for each in SETTINGS
    ]
    columns = [Column("name", say("配置项", "setting")), Column("value", say("值", "value"))]
    if origin:
        columns.append(Column("origin", say("来源", "origin")))
    rows(items, [*columns, Column("about", say("含义", "meaning"))], format=format)
