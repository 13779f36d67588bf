"""`secops inventory candidates`: systems nobody declared, proposed from what sites share; a person confirms."""

import re
from collections.abc import Mapping
from typing import Annotated

import typer

from secops.cli import words
from secops.cli.show import Column, Format, chosen, rows, visible
from secops.core.language import say

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help=say(
        "候选业务系统：由共用的证书、标题、备案号、跳转、链接推断，由人确认或否决\n\n"
        "例：secops inventory candidates list\n\n"
        "例：secops inventory candidates confirm cand-abc --code YS-001 --name 预算系统 --org 财政局",
        "Candidate systems, from shared certificates, titles, filings, redirects and links; a person confirms\n\n"
        "Example: secops inventory candidates list\n\n"
        "Example: secops inventory candidates confirm cand-abc --code YS-001 --name Budget --org FIN",
    ),
)

Id = Annotated[str, typer.Argument(metavar="ID", help=say("候选编号或其开头", "a candidate's id or its beginning"))]
Who = Annotated[str, typer.Option("--who", help=say("何人，默认当前用户", "who; the user unless told"))]
Form = Annotated[Format | None, typer.Option("--format", "-f", metavar="FORMAT", help="table, json, jsonl, csv")]
Out = Annotated[str, typer.Option("--out", "-o", help=say("输出文件，- 为标准输出", "file, - for stdout"))]


@app.command("list", help=say("列出候选，把握大的在前", "the candidates, the surest first"))
def list_(
    *,
    every: Annotated[
        bool, typer.Option("--all", help=say("也列出已确认、已否决的", "confirmed and rejected ones too"))
    ] = False,
    format: Form = None,
    out: Out = "-",
) -> None:
    """`secops inventory candidates list`."""
    from secops.cli.context import open_app
    from secops.hall.flows.candidates import listed

    with open_app() as opened:
        table = chosen(format, out) is Format.TABLE
        columns = [
            Column("id", say("编号", "id")),
            Column("score", say("分值", "score")),
            Column("name", say("暂名", "name")),
            Column("count", say("成员", "members")),
            Column("new", say("未登记的", "undeclared")),
            Column("joins", say("并入系统", "joins")),
            Column("state", say("状态", "state")),
            Column("evidence", say("证据", "evidence")) if table else Column("evidence_kinds", "evidence_kinds"),
            Column("who", say("何人", "who"), varied=True),
            Column("at", say("何时", "when"), varied=True),
            Column("reason", say("理由", "why"), varied=True),
            Column("keys", say("成员标识", "keys")),
        ]
        found = listed(opened, every=every)
        rows(map(_worded, found) if table else found, columns, format=format, out=out)


@app.command(
    "show", help=say("一个候选的成员、每条证据及其出处", "members, each piece of evidence and where it is from")
)
def show(id: Id, format: Form = None, out: Out = "-") -> None:
    """`secops inventory candidates show`."""
    from secops.cli.context import open_app, talk
    from secops.hall.flows.candidates import shown

    with open_app() as opened:
        found = shown(opened, id)
    if chosen(format, out) is not Format.TABLE:
        rows([found], [Column(each, each) for each in found], format=format, out=out)
        return
    evidence = found["evidence"]
    assert isinstance(evidence, list)
    columns = [
        Column("one", say("甲", "one")),
        Column("two", say("乙", "other")),
        Column("evidence", say("证据", "evidence")),
        Column("value", say("共同的值", "value")),
        Column("score", say("分值", "score")),
        Column("seen", say("出处", "seen in")),
    ]
    rows(map(_worded, evidence), columns, format=format, out=out)
    members = found["members"]
    assert isinstance(members, list)
    for each in members[:30]:
        talk(visible("  ".join(str(each[word] or "") for word in ("key", "title", "org_id", "system")).rstrip()))
    name, count, score = (found[each] for each in ("name", "count", "score"))
    talk(visible(say(f"{name}：{count} 个成员，分值 {score}", f"{name}: {count} members, score {score}")))
    why = _sum(str(found["arithmetic"]))
    talk(visible(say(f"最弱一环 {why}", f"weakest bond {why}")))
    if found["rejected_because"] is not None:
        state, reason = words.value("state", str(found["state"])), found["rejected_because"]
        talk(visible(say(f"{state}，否决理由：{reason}", f"{state}; rejected because {reason}")))


def _sum(text: str) -> str:
    """`one — two: title 40 + address 30 = 70` with its evidence in words."""
    places, _, told = text.rpartition(": ")
    return f"{places}: " + re.sub("[a-z_]+(?= [0-9])", lambda kind: words.value("evidence", kind[0]), told)


def _worded(row: Mapping[str, object]) -> dict[str, object]:
    """The row with its evidence in words; a member's or candidate's other cells as they are."""
    kinds = row.get("evidence_kinds")
    several = [str(each) for each in kinds] if isinstance(kinds, list) else [str(row.get("kind"))]
    return {**row, "evidence": say("、", ", ").join(words.value("evidence", each) for each in several)}


@app.command("confirm", help=say("确认：登记为业务系统，成员写进它的登记", "declare it as a system with its members"))
def confirm(
    id: Id,
    *,
    code: Annotated[str, typer.Option("--code", help=say("系统代码；并入已登记系统时可省", "the system's code"))] = "",
    name: Annotated[str, typer.Option("--name", help=say("系统名称", "the system's name"))] = "",
    org: Annotated[str, typer.Option("--org", help=say("责任单位", "the unit"))] = "",
    without: Annotated[
        list[str] | None, typer.Option("--without", metavar="MEMBER", help=say("除去这个成员", "but this member"))
    ] = None,
    reason: Annotated[str, typer.Option("--reason", help=say("事由", "why"))] = "",
    who: Who = "",
) -> None:
    """`secops inventory candidates confirm`."""
    from secops.cli.context import open_app, operator_of, talk
    from secops.hall.flows.candidate_answer import confirm as confirmed

    with open_app() as opened:
        done = confirmed(opened, id, who=operator_of(who), code=code, name=name, org=org, without=without or (),
                         reason=reason)  # fmt: skip
    places = "、".join([*done.websites, *done.addresses])
    talk(say(f"已登记系统 {done.code}：{places}", f"system {done.code} declared: {places}") if done.new
         else say(f"已并入系统 {done.code}：{places}", f"added to system {done.code}: {places}"))  # fmt: skip


@app.command("reject", help=say("否决：有另一类新证据之前不再提出", "it stays silent until evidence of another kind"))
def reject(
    id: Id,
    *,
    reason: Annotated[str, typer.Option("--reason", help=say("理由，必填", "why; needed"))] = "",
    who: Who = "",
) -> None:
    """`secops inventory candidates reject`."""
    from secops.cli.context import open_app, operator_of, talk
    from secops.hall.flows.candidate_answer import reject as rejected

    with open_app() as opened:
        each = rejected(opened, id, who=operator_of(who), reason=reason)
    talk(say(f"已否决 {each.id}", f"{each.id} rejected"))
