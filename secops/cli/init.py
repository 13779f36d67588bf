"""`secops init`."""

from pathlib import Path
from typing import Annotated

import typer

from secops.core.language import say

app = typer.Typer(rich_markup_mode=None)


@app.command(
    help=say(
        "例：secops init 我的工作区\n\n例：secops init . --site 某市政务外网\n\n"
        "新建工作区：配置、目录、示例台账；不覆盖已有文件",
        "Example: secops init work\n\nExample: secops init . --site my-extranet\n\n"
        "Make a workspace: settings, folders, example inventory; existing files stay",
    )
)
def init(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help=say("目录", "folder"))],
    *,
    site: Annotated[str, typer.Option("--site", help=say("站点名", "site name"))] = "default",
) -> None:
    """Make the workspace and say what to do next."""
    from secops.cli.context import talk
    from secops.hall.flows.init import make

    workspace = make(folder, {"site": site})
    talk(say(f"已建立工作区 {workspace.root}", f"made the workspace {workspace.root}"))
    talk(say("接下来：", "next:"))
    for each in ("secops scope new", "secops doctor", "secops demo"):
        talk(f"  {each} --help" if each == "secops scope new" else f"  {each}")
