"""`secops grade`: run, list, show, explain."""

from typing import Annotated

import typer

from secops.cli.inventory_time import AT_HELP
from secops.cli.show import Column, Format, one, rows
from secops.core.language import say

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help=say(
        "按规则评判资产\n\n例：secops grade run\n\n例：secops grade explain fnd-…",
        "Judge assets by the rules\n\nExample: secops grade run\n\nExample: secops grade explain fnd-…",
    ),
)

Form = Annotated[Format | None, typer.Option("--format", "-f", metavar="FORMAT", help="table, json, jsonl, csv")]
Out = Annotated[str, typer.Option("--out", "-o", help=say("输出文件，- 为标准输出", "file, - for stdout"))]
Names = Annotated[list[str] | None, typer.Option("--rule", help=say("规则编号，可多次", "rule id, repeatable"))]
Grades = Annotated[list[str] | None, typer.Option("--severity", help=say("危害程度，可多次", "severity, repeatable"))]
_GRADES = ("critical", "high", "medium", "low", "info")


@app.command(help=say("评判有变化的资产；--full 评判全部", "judge what changed; --full judges everything"))
def run(
    *,
    full: Annotated[bool, typer.Option("--full", help=say("重新评判全部资产", "judge everything again"))] = False,
    rule: Names = None,
    fail_on: Annotated[
        str, typer.Option("--fail-on", help=say("有此程度以上的未决问题时退出码 6", "exit 6 at this severity or above"))
    ] = "",
    format: Form = None,
) -> None:
    """Follow the flow to its summary."""
    from secops.cli.context import exit_code, follow, open_app, stopping
    from secops.core.errors import Exit
    from secops.hall.flows.grade import grade

    failing = _from(fail_on)
    with open_app() as opened, stopping(at_once=True) as stop:
        summary = follow(grade(opened, full, rule, stop=stop), format=format)
    code = exit_code(summary, stop)
    if code == Exit.DONE and summary and any(summary.counts.get(f"open_{each}", 0) for each in failing):
        code = int(Exit.THRESHOLD)
    raise typer.Exit(code)


@app.command("list", help=say("列出未决问题；--all 含已解决的", "open findings; --all with resolved ones"))
def list_(
    *,
    rule: Names = None,
    severity: Grades = None,
    org: Annotated[list[str] | None, typer.Option("--org", help=say("责任单位编号", "organisation id"))] = None,
    every: Annotated[bool, typer.Option("--all", help=say("含已解决的", "resolved ones too"))] = False,
    limit: Annotated[int, typer.Option("--limit", min=0, help=say("最多几行，0 为全部", "at most, 0 for all"))] = 0,
    at: Annotated[str, typer.Option("--at", help=AT_HELP)] = "",
    format: Form = None,
    out: Out = "-",
) -> None:
    """Write the findings."""
    from secops.cli.context import open_app
    from secops.hall.flows import judgement
    from secops.hall.flows.moment import instant

    with open_app() as opened:
        wanted = judgement.wanted(rule or (), severity or (), org or (), every=every)
        then = instant(opened, at) if at else None
        rows(judgement.listed(opened, wanted, limit=limit, at=then), _columns(), format=format, out=out)


@app.command(help=say("查看一个问题：证据、依据、整改建议、经过", "one finding: evidence, basis, remedy, history"))
def show(
    id: Annotated[str, typer.Argument(help=say("问题编号（可只写开头）", "finding id, or its beginning"))],
    *,
    format: Form = None,
    out: Out = "-",
) -> None:
    """Write one finding."""
    from secops.cli.context import open_app
    from secops.hall.flows import judgement

    with open_app() as opened:
        one(judgement.show(opened, id), _titles(), format=format, out=out)


@app.command(
    help=say("说明为什么：逐条条件、遇到的值、出自哪次观测", "why: each condition, its value, its observation")
)
def explain(
    id: Annotated[
        str, typer.Argument(help=say("问题编号，或规则编号（后接资产）", "finding id, or rule id then entity"))
    ],
    entity: Annotated[str, typer.Argument(help=say("资产编号或标识", "entity id or key"))] = "",
    *,
    format: Form = None,
    out: Out = "-",
) -> None:
    """Write the explanation: a line a condition for eyes, one record for machines."""
    from secops.cli.context import open_app
    from secops.cli.show import chosen
    from secops.hall.flows import judgement

    with open_app() as opened:
        answer = judgement.explained(opened, id, entity)
    if chosen(format, out) in {Format.JSON, Format.JSONL}:
        one(answer, format=format, out=out)
        return
    lines = answer["lines"]
    assert isinstance(lines, list)
    if chosen(format, out) is Format.TABLE:
        shown = {name: answer[name] for name in ("rule", "title", "key", "outcome", "missing") if answer[name]}
        one(shown, _titles(), format=Format.TABLE)
    table = [each | {"field": "  " * each["depth"] + (each["field"] or each["kind"])} for each in lines]
    rows(table, _why(), format=format, out=out)


def _from(word: str) -> tuple[str, ...]:
    from secops.core.errors import UsageError

    if word and word not in _GRADES:
        raise UsageError("E4034", say(f"没有危害程度 {word}", f"no severity {word}"), hint=", ".join(_GRADES))
    return _GRADES[: _GRADES.index(word) + 1] if word else ()


def _titles() -> dict[str, str]:
    return {
        "id": say("编号", "id"),
        "severity": say("危害程度", "severity"),
        "rule": say("规则", "rule"),
        "title": say("问题", "title"),
        "entity": say("资产编号", "entity"),
        "kind": say("类别", "kind"),
        "key": say("资产", "asset"),
        "open": say("未决", "open"),
        "opened_at": say("发现时间", "opened"),
        "changed_at": say("变化时间", "changed"),
        "org_id": say("责任单位", "organisation"),
        "system_id": say("业务系统", "system"),
        "case": say("通报", "case"),
        "site": say("站点", "site"),
        "evidence": say("证据", "evidence"),
        "risk": say("危害", "risk"),
        "remedy": say("整改建议", "remedy"),
        "basis": say("依据", "basis"),
        "history": say("经过", "history"),
        "outcome": say("结论", "outcome"),
        "missing": say("未知字段", "unknown fields"),
    }


def _columns() -> list[Column]:
    names = _titles()
    return [Column(each, names[each]) for each in ("severity", "title", "key", "org_id", "opened_at", "id")]


def _why() -> list[Column]:
    return [
        Column("field", say("条件", "condition")),
        Column("op", say("比较", "op")),
        Column("wanted", say("要求", "wanted")),
        Column("met", say("实际", "met")),
        Column("held", say("成立", "held")),
        Column("source", say("来源", "source")),
        Column("unknown", say("未知原因", "why unknown")),
    ]
