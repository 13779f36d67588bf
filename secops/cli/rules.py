"""`secops rules`: list, show, lint, test, try."""

from pathlib import Path
from typing import Annotated

import typer

from secops.cli.show import Column, Format, one, rows
from secops.core.language import say

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help=say(
        "规则：查看、检查、试运行\n\n例：secops rules test\n\n例：secops rules try tls-certificate-expired",
        "The rules\n\nExample: secops rules test\n\nExample: secops rules try tls-certificate-expired",
    ),
)

Form = Annotated[Format | None, typer.Option("--format", "-f", metavar="FORMAT", help="table, json, jsonl, csv")]
Out = Annotated[str, typer.Option("--out", "-o", help=say("输出文件，- 为标准输出", "file, - for stdout"))]
Files = Annotated[
    list[Path] | None, typer.Argument(help=say("规则文件，不写为全部", "rule files, all of them if none"))
]
Id = Annotated[str, typer.Argument(help=say("规则编号", "rule id"))]


@app.command("list", help=say("列出规则", "the rules in force"))
def list_(*, format: Form = None, out: Out = "-") -> None:
    """Write a row a rule."""
    from secops.cli.context import open_app
    from secops.hall.flows import rulebook

    with open_app() as opened:
        rows(rulebook.listed(opened), _columns(), format=format, out=out)


@app.command(help=say("查看一条规则", "one rule"))
def show(id: Id, *, format: Form = None, out: Out = "-") -> None:
    """Write one rule."""
    from secops.cli.context import open_app
    from secops.hall.flows import rulebook

    with open_app() as opened:
        one(rulebook.show(opened, id), _titles(), format=format, out=out)


@app.command(help=say("检查规则的写法；有错误时退出码 2", "check how rules are written; exit 2 on errors"))
def lint(files: Files = None, *, format: Form = None, out: Out = "-") -> None:
    """Write a row an issue."""
    from secops.core.errors import Exit
    from secops.hall.flows import rulebook

    found = rulebook.lint(_app(files), files)
    rows(found, _issues(), format=format, out=out)
    if any(each["weight"] == "error" for each in found):
        raise typer.Exit(int(Exit.USAGE))


@app.command(
    "test", help=say("逐条验证规则自带的例子；有不符时退出码 1", "check every rule's examples; exit 1 where one fails")
)
def prove(files: Files = None, *, format: Form = None, out: Out = "-") -> None:
    """Write a row a rule: how many examples hold."""
    from secops.core.errors import Exit
    from secops.hall.flows import rulebook

    found = rulebook.prove(_app(files), files)
    columns = [
        Column("rule", say("规则", "rule")),
        Column("examples", say("例子", "examples")),
        Column("held", say("符合", "held")),
        Column("failed", say("不符的位置", "failed")),
    ]
    rows(found, columns, format=format, out=out)
    if any(each["failed"] for each in found):
        raise typer.Exit(int(Exit.FAILED))


@app.command("try", help=say("试运行：现有哪些资产会命中，不作记录", "which assets would match now; records nothing"))
def try_(
    id: Id,
    *,
    limit: Annotated[int, typer.Option("--limit", min=1, help=say("最多列几个", "at most so many"))] = 20,
    format: Form = None,
    out: Out = "-",
) -> None:
    """Write the matching entities; the counts go to stderr."""
    from secops.cli.context import open_app, talk
    from secops.hall.flows import rulebook

    with open_app() as opened:
        trial = rulebook.attempt(opened, id, limit=limit)
    keys = list(dict.fromkeys(key for each in trial.sample for key in each))
    rows(trial.sample, [Column(key, key) for key in keys or ["entity"]], format=format, out=out)
    talk(
        say(
            f"评判 {trial.asked:,}，命中 {trial.matched:,}（新增 {trial.new:,}），未判定 {trial.undecided:,}",
            f"asked {trial.asked:,}, matched {trial.matched:,} ({trial.new:,} new), undecided {trial.undecided:,}",
        )
    )
    for name, count in trial.missing.items():
        talk(say(f"  未判定：{name} 未知 {count:,}", f"  undecided: {name} unknown {count:,}"))


def _app(files: list[Path] | None):  # type: ignore[no-untyped-def]  # noqa: ANN202 - an App, or None where files are named
    if files:
        return None
    from secops.cli.context import open_app

    return open_app()


def _titles() -> dict[str, str]:
    return {
        "id": say("编号", "id"),
        "title": say("问题", "title"),
        "severity": say("危害程度", "severity"),
        "kind": say("评判对象", "judges"),
        "status": say("状态", "status"),
        "means": say("条件", "condition"),
        "requires": say("所需字段", "requires"),
        "states": say("资产状态", "states"),
        "basis": say("依据", "basis"),
        "dengbao_risk": say("重大风险隐患", "dengbao risk"),
        "risk": say("危害", "risk"),
        "remedy": say("整改建议", "remedy"),
        "references": say("参考", "references"),
        "path": say("文件", "file"),
        "open": say("未决问题", "open findings"),
        "undecided": say("未判定", "undecided"),
        "digest": say("摘要", "digest"),
    }


def _columns() -> list[Column]:
    names = _titles()
    return [Column(each, names[each]) for each in ("id", "severity", "kind", "title", "open", "dengbao_risk")]


def _issues() -> list[Column]:
    return [
        Column("weight", say("程度", "weight")),
        Column("code", say("代码", "code")),
        Column("where", say("位置", "where")),
        Column("what", say("问题", "what")),
        Column("hint", say("建议", "try")),
    ]
