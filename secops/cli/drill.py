"""`secops drill`: lint, plan, apply, resume, approve, status, stop, export."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from secops.cli.show import Column, Format, one, rows
from secops.core.language import say

if TYPE_CHECKING:
    from secops.hall.flows.drill import Made
    from secops.hall.workspace import Workspace

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help=say(
        "攻防演练剧本\n\n例：secops drill plan yuedun-opening --scope scopes/我的授权.yaml "
        "--var target=http://10.1.2.3 -o 开场.plan\n\n"
        "例：secops drill apply 开场.plan",
        "Exercises\n\nExample: secops drill plan yuedun-opening --scope scopes/mine.yaml "
        "--var target=http://10.1.2.3 -o my.plan\n\n"
        "Example: secops drill apply my.plan",
    ),
)

Run = Annotated[str, typer.Argument(help=say("演练编号", "run id"))]
Form = Annotated[Format | None, typer.Option("--format", "-f", metavar="FORMAT", help="table, json, jsonl, csv")]
Out = Annotated[str, typer.Option("--out", "-o", help=say("输出文件", "file"))]
Operator = Annotated[
    str,
    typer.Option(
        "--operator", envvar="SECOPS_OPERATOR", help=say("操作人，须在授权书内", "operator named in the scope")
    ),
]
Wait = Annotated[bool, typer.Option("--wait", help=say("等待人工答复，不退出", "stay while a person is asked"))]


@app.command(help=say("检查剧本，逐处指出行列", "check a playbook; every finding with line and column"))
def lint(
    file: Annotated[str, typer.Argument(help=say("剧本文件或名称", "playbook file or name"))],
    *,
    format: Form = None,
    out: Out = "-",
) -> None:
    """One row a finding; exit 2 when one of them is an error."""
    from secops.cli.context import talk
    from secops.core.errors import Exit
    from secops.hall.flows.drill import examine, locate

    _, problems = examine(locate(_workspace(), file))
    columns = [
        Column("where", say("位置", "where")),
        Column("level", say("级别", "level")),
        Column("code", say("代码", "code")),
        Column("message", say("问题", "finding")),
        Column("hint", say("建议", "try")),
    ]
    told = [
        {
            "where": each.where,
            "level": str(each.weight),
            "code": each.code,
            "message": each.what,
            "hint": each.hint,
        }
        for each in problems
    ]
    rows(told, columns, format=format, out=out)
    wrong = sum(each.weight == "error" for each in problems)
    talk(
        say(f"{wrong} 处错误，{len(told) - wrong} 处提醒", f"{wrong} errors, {len(told) - wrong} warnings")
        if told
        else say("没有问题", "nothing wrong")
    )
    raise typer.Exit(int(Exit.USAGE) if wrong else 0)


@app.command(help=say("列出会做什么；不发送任何数据", "what would be done; sends nothing"))
def plan(
    playbook: Annotated[str, typer.Argument(help=say("剧本文件或名称", "playbook file or name"))],
    *,
    scope: Annotated[str, typer.Option("--scope", help=say("授权书文件或编号", "scope file or id"))],
    var: Annotated[
        list[str] | None, typer.Option("--var", help=say("外部变量 名=值，可多次", "external variable NAME=VALUE"))
    ] = None,
    operator: Operator = "",
    format: Form = None,
    out: Annotated[str, typer.Option("--out", "-o", help=say("把计划存为文件", "save the plan"))] = "",
) -> None:
    """Show each step's effect, and save the plan where asked."""
    import json

    from secops.cli.context import open_app, operator_of, talk
    from secops.cli.show import opened
    from secops.hall.flows.drill import make

    with open_app() as app_:
        made = make(app_, playbook, scope, _values(var or []), operator=operator_of(operator))
    rows(_lines(made), _plan_columns(), format=format)
    if out:
        with opened(out) as stream:
            json.dump(made.plan.record(), stream, ensure_ascii=False, indent=1)
            stream.write("\n")
        talk(say(f"计划已存为 {out}；执行: secops drill apply {out}", f"saved; carry it out: secops drill apply {out}"))
    refused = [each.step for each in made.lines if each.prediction.refused]
    if refused:
        talk(say(f"! 会被拒绝的步骤: {', '.join(refused)}", f"! steps that would be refused: {', '.join(refused)}"))


@app.command(help=say("执行存好的计划；等待人工时返回", "carry out a saved plan; returns when a person is asked"))
def apply(
    plan: Annotated[Path, typer.Argument(help=say("计划文件", "plan file"))],
    *,
    wait: Wait = False,
    operator: Operator = "",
    format: Form = None,
) -> None:
    """Only this and resume send anything."""
    from secops.cli.context import exit_code, follow, open_app, operator_of, stopping
    from secops.hall.flows.drill import apply as applied
    from secops.hall.flows.drill import read_plan

    with open_app() as app_, stopping() as stop:
        events = applied(app_, read_plan(plan), operator=operator_of(operator), stop=stop, wait=wait)
        raise typer.Exit(exit_code(follow(events, format=format), stop))


@app.command(help=say("继续未结束的演练", "go on with a run"))
def resume(run: Run, *, wait: Wait = False, operator: Operator = "", format: Form = None) -> None:
    """Steps whose outcome is unknown are probed or left to a person, never sent again blindly."""
    from secops.cli.context import exit_code, follow, open_app, operator_of, stopping
    from secops.hall.flows.drill import resume as resumed

    with open_app() as app_, stopping() as stop:
        events = resumed(app_, run, operator=operator_of(operator), stop=stop, wait=wait)
        raise typer.Exit(exit_code(follow(events, format=format), stop))


@app.command(help=say("答复人工步骤，或裁定结果未知的步骤；不发送", "answer a step; sends nothing"))
def approve(
    run: Run,
    step: Annotated[str, typer.Argument(help=say("步骤名", "step"))],
    *,
    answer: Annotated[
        str,
        typer.Option(
            "--answer", help=say("yes、no；未知结果: done、failed、not-done", "yes, no; done, failed, not-done")
        ),
    ],
    note: Annotated[str, typer.Option("--note", help=say("附言", "a note"))] = "",
    operator: Operator = "",
) -> None:
    """Write the answer down; the run goes on with resume."""
    from secops.cli.context import open_app, operator_of, talk
    from secops.hall.flows.drill import approve as approved

    words = {"是": "yes", "同意": "yes", "否": "no", "不同意": "no", "已执行": "done", "未执行": "not-done"}
    with open_app() as app_:
        approved(app_, run, step, words.get(answer, answer.lower()), who=operator_of(operator), note=note)
    talk(say(f"已记录；继续: secops drill resume {run}", f"written down; go on: secops drill resume {run}"))


@app.command(help=say("查看演练及其步骤；不发送", "runs and their steps; sends nothing"))
def status(
    run: Annotated[str, typer.Argument(help=say("演练编号，空为全部", "run id, empty for all"))] = "",
    *,
    format: Form = None,
    out: Out = "-",
) -> None:
    """List runs, or the steps of one."""
    from secops.cli.context import open_app, talk
    from secops.hall.flows.drill import status as listed
    from secops.hall.flows.drill import steps

    with open_app() as app_:
        if not run:
            columns = [
                Column("run", say("演练", "run")),
                Column("playbook", say("剧本", "playbook")),
                Column("state", say("状态", "state")),
                Column("step", say("当前步骤", "step")),
                Column("verdict", say("结论", "verdict")),
                Column("started", say("开始", "started")),
            ]
            rows((_timed(each, "started", "last") for each in listed(app_)), columns, format=format, out=out)
            return
        told, hints = steps(app_, run)
        columns = [
            Column("step", say("步骤", "step")),
            Column("phase", say("状态", "phase")),
            Column("outcome", say("结果", "outcome")),
            Column("attempt", say("次数", "attempt")),
            Column("who", say("经办", "who")),
            Column("detail", say("说明", "detail")),
        ]
        rows((_timed(each, "since", "deadline") for each in told), columns, format=format, out=out)
        for text in hints:
            talk(text)


@app.command(help=say("停止一次演练；执行它的进程已死也有效", "stop a run, even with its driver dead"))
def stop(
    run: Run,
    *,
    why: Annotated[str, typer.Option("--why", help=say("原因", "why"))] = "",
    operator: Operator = "",
    format: Form = None,
) -> None:
    """The switch first, then the record."""
    from dataclasses import asdict

    from secops.cli.context import open_app, operator_of, talk, workspace
    from secops.hall.flows.drill_stop import press

    press(workspace())
    from secops.hall.flows.drill import stop as stopped

    with open_app() as app_:
        summary = stopped(app_, run, who=operator_of(operator), why=why or say("人工停止", "stopped by a person"))
    one({"type": "summary", **asdict(summary)}, format=format)
    talk(say("已停止，不会再发出任何动作", "stopped: nothing more is sent"))


@app.command(help=say("导出演练记录或 CACAO 2.0 剧本", "a run's ledger, or a CACAO 2.0 playbook"))
def export(
    name: Annotated[str, typer.Argument(help=say("演练编号，或剧本", "run id, or playbook"))],
    *,
    format: Annotated[str, typer.Option("--format", "-f", help="json, jsonl, cacao")] = "jsonl",
    out: Out = "-",
) -> None:
    """Whole and stable."""
    import json

    from secops.cli.context import open_app
    from secops.cli.show import opened
    from secops.core.errors import UsageError
    from secops.hall.flows.drill import cacao, is_run
    from secops.hall.flows.drill import export as exported

    if format not in {"json", "jsonl", "cacao"}:
        raise UsageError("E7203", say(f"没有格式 {format}", f"no format {format}"), hint="json, jsonl, cacao")
    if _workspace() is None:
        tree = cacao(None, name)
    else:
        with open_app() as app_:
            if format != "cacao" and is_run(app_, name):
                rows(exported(app_, name), [], format=Format(format), out=out)
                return
            tree = cacao(app_, name)
    with opened(out) as stream:
        json.dump(tree, stream, ensure_ascii=False, indent=None if format == "jsonl" else 1)
        stream.write("\n")


def _workspace() -> "Workspace | None":
    from secops.cli.context import workspace
    from secops.core.errors import UsageError

    try:
        return workspace()
    except UsageError:
        return None


def _values(words: list[str]) -> dict[str, str]:
    from secops.core.errors import UsageError

    values = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals:
            raise UsageError("E7206", say(f"--var 要写成 名=值: {word}", f"--var is NAME=VALUE: {word}"))
        values[name if name.startswith("__") else f"__{name}__"] = value
    return values


def _timed(row: dict[str, object], *keys: str) -> dict[str, object]:
    from secops.core.clock import render

    return row | {key: render(int(str(row[key]))) for key in keys if row.get(key) is not None}


def _lines(made: "Made") -> list[dict[str, object]]:
    return [
        {
            "step": each.step,
            "action": each.action,
            "sends": each.prediction.sends,
            "targets": each.prediction.targets,
            "packets": each.prediction.packets,
            "seconds": each.prediction.seconds,
            "timeout_seconds": each.timeout / 1000,
            "level": int(each.traits.level),
            "idempotent": each.traits.idempotent,
            "reversible": each.traits.reversible,
            "success": each.traits.success,
            "cannot_predict": list(each.prediction.unpredictable),
            "refused": each.prediction.refused,
        }
        for each in made.lines
    ]


def _plan_columns() -> list[Column]:
    return [
        Column("step", say("步骤", "step")),
        Column("action", say("动作", "action")),
        Column("sends", say("会发送", "sends")),
        Column("targets", say("目标数", "targets")),
        Column("packets", say("报文上限", "packets")),
        Column("seconds", say("秒", "seconds")),
        Column("level", say("侵入程度", "level")),
        Column("success", say("成功标准", "success")),
        Column("cannot_predict", say("无法预知", "cannot predict")),
        Column("refused", say("会被拒绝", "refused")),
    ]
