"""`secops inventory filter`: save, list, show, history, remove."""

from typing import Annotated

import typer

from secops.cli.show import Column, Format, one, rows
from secops.core.language import say

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help=say(
        "常用筛选：保存的查询，在任何查询里写作 saved:名字\n\n"
        "例：secops inventory filter save 三级网站 'kind:website grade>=3'\n\n"
        "例：secops inventory list 'saved:三级网站 -tls:true'",
        "Saved filters, written saved:NAME inside any query\n\n"
        "Example: secops inventory filter save exposed 'kind:ip port:3389'\n\n"
        "Example: secops inventory list 'saved:exposed seen<7d'",
    ),
)

Name = Annotated[str, typer.Argument(metavar="NAME", help=say("名字", "its name"))]
Who = Annotated[str, typer.Option("--who", help=say("何人，默认当前用户", "who; the user unless told"))]
Reason = Annotated[str, typer.Option("--reason", help=say("事由", "why"))]
Form = Annotated[Format | None, typer.Option("--format", "-f", metavar="FORMAT", help="table, json, jsonl, csv")]


@app.command(
    "save", help=say("保存一个查询；同名的换成新的", "keep a query under a name; one of that name is replaced")
)
def save(
    name: Name,
    query: Annotated[str, typer.Argument(metavar="QUERY", help=say("查询语句", "the query"))],
    *,
    who: Who = "",
    reason: Reason = "",
) -> None:
    """`secops inventory filter save`."""
    from secops.cli.context import open_app, operator_of, talk
    from secops.hall.flows.saved import save as kept

    with open_app() as opened:
        new = kept(opened, name, query, who=operator_of(who), reason=reason)
    talk(say(f"已保存 saved:{name}", f"saved:{name}") if new else say("没有变化", "nothing changed"))


@app.command("list", help=say("列出保存的筛选", "the saved filters"))
def list_(format: Form = None) -> None:
    """`secops inventory filter list`."""
    from secops.cli.context import open_app
    from secops.hall.flows.saved import listed

    with open_app() as opened:
        rows(listed(opened), [*_columns("name", "query", "who", "at", "reason")], format=format)


@app.command("show", help=say("一个保存的筛选", "one saved filter"))
def show(name: Name, format: Form = None) -> None:
    """`secops inventory filter show`."""
    from secops.cli.context import open_app
    from secops.hall.flows.saved import show as shown

    with open_app() as opened:
        found = shown(opened, name)
    one(
        found,
        {each.key: each.title for each in _columns("name", "query", "who", "at", "reason", "uses")},
        format=format,
    )


@app.command("history", help=say("一个筛选历次的内容：何时、何人、改成什么", "every version of a saved filter"))
def history(name: Name, format: Form = None) -> None:
    """`secops inventory filter history`."""
    from secops.cli.context import open_app
    from secops.hall.flows.saved import history as told

    with open_app() as opened:
        rows(told(opened, name), [*_columns("at", "who", "what", "query", "reason")], format=format)


@app.command("remove", help=say("删除一个筛选，历史保留", "take a filter away; its history stays"))
def remove(name: Name, *, who: Who = "", reason: Reason = "") -> None:
    """`secops inventory filter remove`."""
    from secops.cli.context import open_app, operator_of, talk
    from secops.hall.flows.saved import remove as undone

    with open_app() as opened:
        undone(opened, name, who=operator_of(who), reason=reason)
    talk(say(f"已删除 {name}", f"{name} removed"))


def _columns(*names: str) -> tuple[Column, ...]:
    titles = {
        "name": say("名字", "name"),
        "query": say("查询", "query"),
        "who": say("何人", "who"),
        "at": say("时间", "at"),
        "reason": say("事由", "reason"),
        "uses": say("用到", "uses"),
        "what": say("动作", "what"),
    }
    return tuple(Column(each, titles[each]) for each in names)
