"""`secops db mirror`: the columnar copy of the inventory that facets, long filters and full grading are asked of."""

from typing import Annotated

import typer

from secops.cli.show import Format, one
from secops.core.errors import Exit
from secops.core.language import say

app = typer.Typer(
    rich_markup_mode=None,
    no_args_is_help=True,
    help=say(
        "例：secops db mirror refresh\n\n例：secops db mirror status\n\n"
        "列式镜像：台账的列式副本，统计、筛选与全量评判由它回答",
        "Example: secops db mirror refresh\n\nExample: secops db mirror status\n\n"
        "The columnar mirror: a copy of the inventory by columns that answers counts, filters and full grading",
    ),
)
Form = Annotated[Format | None, typer.Option("--format", "-f", metavar="FORMAT", help="table, json, jsonl, csv")]


def _titles() -> dict[str, str]:
    return {
        "exists": say("已建", "made"),
        "path": say("文件", "file"),
        "size": say("字节数", "bytes"),
        "rows": say("行数", "rows"),
        "refreshed_at": say("最近更新", "brought up"),
        "behind": say("落后的日志条数", "log entries behind"),
        "usable": say("可用", "usable"),
        "whole": say("全部重建", "made anew"),
        "seconds": say("用时（秒）", "seconds"),
        "assets": say("资产不一致的行", "assets that differ"),
        "services": say("服务不一致的行", "services that differ"),
        "anew": say("重新生成", "made anew"),
        "unusable": say("原有文件已损坏", "the file was damaged"),
    }


@app.command(
    help=say(
        "例：secops db mirror status\n\n例：secops db mirror status -f json\n\n镜像的状态：行数、大小、落后多少",
        "Example: secops db mirror status\n\nExample: secops db mirror status -f json\n\n"
        "How the mirror stands: rows, size, how far behind",
    )
)
def status(format: Form = None) -> None:
    """Show the state of the mirror."""
    from secops.cli.context import open_app, talk
    from secops.hall.flows import mirror

    with open_app() as opened:
        found = mirror.status(opened)
        one(found, _titles(), format=format)
        if found["exists"] and not found["usable"]:
            talk(
                say(
                    "镜像已过时（台账重建过）或读不出来，下次使用时自动重新生成",
                    "the mirror is of another history (a rebuild) or unreadable: the next use makes it anew",
                )
            )
        elif not found["exists"]:
            talk(say("还没有镜像：secops db mirror refresh", "no mirror yet: secops db mirror refresh"))


@app.command(
    help=say(
        "例：secops db mirror refresh\n\n例：secops db mirror refresh --anew\n\n"
        "建立镜像或按变化更新；此后每次使用时自动更新",
        "Example: secops db mirror refresh\n\nExample: secops db mirror refresh --anew\n\n"
        "Make the mirror or bring it up by what changed; from then on it is kept current whenever used",
    )
)
def refresh(
    *,
    anew: Annotated[bool, typer.Option("--anew", help=say("全部重建", "make it anew"))] = False,
    format: Form = None,
) -> None:
    """Make it or bring it up, and say what was done."""
    from secops.cli.context import Meter, open_app
    from secops.hall.flows import mirror

    with open_app() as opened:
        one(mirror.refresh(opened, anew=anew, live=Meter().live), _titles(), format=format)


@app.command(
    help=say(
        "例：secops db mirror verify\n\n例：secops db mirror verify -f json\n\n"
        "逐行与数据库核对；不一致时退出码 1，原有文件已损坏（随即重新生成）时 5",
        "Example: secops db mirror verify\n\nExample: secops db mirror verify -f json\n\n"
        "Hold each row against the database; exit code 1 where any differs, 5 where the file was damaged",
    )
)
def verify(format: Form = None) -> None:
    """Compare, and say how many rows differ."""
    from secops.cli.context import open_app, talk
    from secops.hall.flows import mirror

    with open_app() as opened:
        found = mirror.verify(opened)
        wrong = any(found.differing.values())
        one({**found.differing, "anew": found.anew, "unusable": found.unusable}, _titles(), format=format)
        if found.unusable:
            talk(
                say(
                    "原有的镜像文件已损坏，读不出来，已重新生成",
                    "the file there was could not be read and was made anew",
                )
            )
        elif found.anew:
            talk(say("此前没有可用的镜像（没有建过或已过时），已生成", "there was none of this history: it was made"))
        talk(
            say("镜像与数据库不一致：secops db mirror refresh --anew", "they differ: secops db mirror refresh --anew")
            if wrong
            else say("镜像与数据库一致", "mirror and database are equal")
        )
    if wrong or found.unusable:
        raise typer.Exit(Exit.FAILED if wrong else Exit.INCOMPLETE)


@app.command(
    help=say(
        "例：secops db mirror drop\n\n例：secops -w 工作区 db mirror drop\n\n删除镜像；数据库不受影响",
        "Example: secops db mirror drop\n\nExample: secops -w DIR db mirror drop\n\n"
        "Delete the mirror; the database keeps everything",
    )
)
def drop() -> None:
    """Delete the file."""
    from secops.cli.context import open_app, talk
    from secops.hall.flows import mirror

    with open_app() as opened:
        mirror.drop(opened)
    talk(say("镜像已删除", "the mirror is gone"))
