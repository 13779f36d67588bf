"""`secops inventory edit | bulk`: one asset changed by hand, or every asset a query meets."""

from typing import Annotated

import typer

from secops.cli.show import Format
from secops.core.language import say

app = typer.Typer(rich_markup_mode=None)

Who = Annotated[str, typer.Option("--who", help=say("经办人，默认当前用户", "who; the user unless told"))]
Reason = Annotated[str, typer.Option("--reason", help=say("事由", "why"))]
Values = Annotated[
    list[str],
    typer.Argument(
        metavar="COLUMN=VALUE...",
        help=say("列=值，空值清除，+= 添加，-= 去掉", "column=value, = clears, += adds, -= drops"),
    ),
]


@app.command(
    "edit", help=say("修改一个资产或单位的登记内容，历史留下何人、为何", "change what is declared of one asset or unit")
)
def edit(
    kind: Annotated[
        str, typer.Argument(metavar="KIND", help="system, website, network, host, device, data, ip, organisation")
    ],
    key: Annotated[str, typer.Argument(metavar="KEY", help=say("标识、名称或编号", "its key, name or id"))],
    values: Values,
    *,
    new: Annotated[bool, typer.Option("--new", help=say("没有就新登记", "declare it if it is not there"))] = False,
    who: Who = "",
    reason: Reason = "",
) -> None:
    """`secops inventory edit`."""
    from secops.cli.context import open_app, operator_of
    from secops.cli.register import told
    from secops.hall.flows.asset_edit import edit as changed

    with open_app() as opened:
        told(changed(opened, kind, key, values, who=operator_of(who), reason=reason, new=new))


@app.command("bulk", help=say("把同一修改用于查询到的每个资产；先预览", "the same change to every asset a query meets"))
def bulk(
    query: Annotated[str, typer.Argument(help=say("查询语句", "query"))],
    values: Values,
    *,
    plan: Annotated[bool, typer.Option("--plan", help=say("只预览，不写入", "only tell, write nothing"))] = False,
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help=say("不再询问，也不限数量", "ask nothing, any number"))
    ] = False,
    who: Who = "",
    reason: Reason = "",
    format: Annotated[
        Format | None, typer.Option("--format", "-f", metavar="FORMAT", help="table, json, jsonl, csv")
    ] = None,
    out: Annotated[str, typer.Option("--out", "-o", help=say("预览写到文件", "the preview into a file"))] = "-",
) -> None:
    """`secops inventory bulk`."""
    from secops.cli.context import open_app, operator_of
    from secops.cli.inventory_import import carried
    from secops.hall.flows.asset_bulk import planned

    with open_app() as opened:
        made = planned(opened, query, values, who=operator_of(who), reason=reason, capped=not (yes or plan))
        with made as found:
            code = carried(found, plan=plan, yes=yes, format=format, out=out)
    raise typer.Exit(code)
