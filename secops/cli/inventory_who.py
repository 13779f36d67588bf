"""`secops inventory who | organisations`: who must act, and what each unit answers for."""

from collections.abc import Mapping
from typing import Annotated

import typer

from secops.cli.inventory_show import elsewhere
from secops.cli.inventory_time import AT_HELP
from secops.cli.show import Column, Format, chosen, rows
from secops.core.language import say
from secops.core.model import Kind

app = typer.Typer(rich_markup_mode=None)

Form = Annotated[Format | None, typer.Option("--format", "-f", metavar="FORMAT", help="table, json, jsonl, csv")]
Out = Annotated[str, typer.Option("--out", "-o", help=say("输出文件，- 为标准输出", "file, - for stdout"))]


@app.command(
    "who",
    help=say(
        "由谁负责：一个资产逐步说明依据，一条查询逐个列出",
        "who must act, step by step, or for each of a query",
    ),
)
def who(
    word: Annotated[
        str, typer.Argument(metavar="ID|QUERY", help=say("编号、标识或查询语句，空为全部", "an id, a key or a query"))
    ] = "",
    *,
    kind: Annotated[
        Kind | None, typer.Option("--kind", metavar="KIND", help=say("只看这一类", "only this kind"))
    ] = None,
    format: Form = None,
    out: Out = "-",
) -> None:
    """Resolve who answers."""
    from secops.cli.context import open_app
    from secops.hall.flows.responsible import listed, one_asset, steps

    with open_app() as opened:
        if word and kind is None and one_asset(opened, word):
            found = steps(opened, word)
            elsewhere(opened, word)
            rows(map(_worded, found), _steps(), format=format, out=out)
            return
        rows(listed(opened, word, kind=kind), _answers(), format=format, out=out)


@app.command(
    "organisations",
    help=say(
        "单位树，资产按状态、登记核对与类别逐级汇总",
        "the tree of units, their assets rolled up",
    ),
)
def organisations(
    *, at: Annotated[str, typer.Option("--at", help=AT_HELP)] = "", format: Form = None, out: Out = "-"
) -> None:
    """List the tree."""
    from secops.cli.context import open_app
    from secops.hall.flows.moment import instant
    from secops.hall.flows.responsible import tree

    with open_app() as opened:
        then = instant(opened, at) if at else None
        table = chosen(format, out) is Format.TABLE
        found = map(_indented, tree(opened, at=then)) if table else tree(opened, at=then)
        names = ("name", "assets", "own", "active", "stale", "gone", "declared", "undeclared", "vanished",
                 "contradicting", "ip", "website", "system")  # fmt: skip
        more = () if table else ("id", "parent", "depth", "network", "data", "host", "device")
        titles = _titles()
        site = Column("site", say("站点", "site"), varied=True)
        rows(found, [site, *(Column(each, titles[each]) for each in (*names, *more))], format=format, out=out)


def _indented(row: Mapping[str, object]) -> dict[str, object]:
    return {**row, "name": "  " * int(str(row["depth"])) + str(row["name"])}


def _titles() -> dict[str, str]:
    from secops.core.standing import Standing

    return {
        "id": say("编号", "id"), "name": say("单位", "unit"), "parent": say("上级", "parent"),
        "depth": say("层级", "depth"), "assets": say("资产合计", "assets"), "own": say("本级", "own"),
        "active": say("在线", "active"), "stale": say("待核", "stale"), "gone": say("消失", "gone"),
        "declared": say("未曾发现", "never seen"), "ip": "IP", "website": say("网站", "websites"),
        "system": say("系统", "systems"), "network": say("网段", "networks"), "data": say("数据", "data"),
        "host": say("主机", "hosts"), "device": say("设备", "devices"),
        **{each.value: each.shown for each in Standing},
    }  # fmt: skip


def _worded(row: Mapping[str, object]) -> dict[str, object]:
    words = {
        "port": say("端口登记", "port"), "address": say("地址登记", "address"), "network": say("网段登记", "network"),
        "website": say("网站登记", "website"), "own": say("自身登记", "declaration"), "unit": say("责任单位", "unit"),
        "above": say("上级单位", "unit above"), "duty": say("责任台账", "duty"), "act": say("结论", "so"),
        "contradiction": say("矛盾", "contradiction"),
        "nobody": say("缺口", "gap"), "escalation": say("上报", "escalation"),
    }  # fmt: skip
    return {**row, "title": words[str(row["step"])]}


def _steps() -> list[Column]:
    return [
        Column("title", say("步骤", "step")),
        Column("organisation", say("单位", "unit")),
        Column("says", say("内容", "says")),
        Column("subject", say("依据", "by")),
        Column("who", say("何人登记", "declared by")),
        Column("at", say("时间", "at")),
    ]


def _answers() -> list[Column]:
    return [
        Column("site", say("站点", "site"), varied=True),
        Column("key", say("标识", "key")),
        Column("organisation", say("责任单位", "unit")),
        Column("person", say("责任人", "person")),
        Column("phone", say("电话", "phone")),
        Column("role", say("身份", "role")),
        Column("via", say("依据", "by")),
        Column("letter_expired", say("责任书过期", "letter run out")),
        Column("escalate", say("上报单位", "escalate to")),
        Column("escalate_why", say("上报依据", "why")),
        Column("system", say("系统", "system")),
        Column("id", say("编号", "id")),
    ]
