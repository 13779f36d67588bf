"""`secops register`: types, columns, list, show, history, set, withdraw, pending, approve, reject."""

import sys
from collections.abc import Iterator, Mapping
from typing import Annotated

import typer

from secops.cli.inventory_time import AT_HELP
from secops.cli.show import Column, Format, chosen, one, plain_text, rows
from secops.core.language import say

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help=say(
        "专项台账：责任、供应商、合同、备案、测评、密码、信创、算法、数据、培训、容灾\n\n"
        "例：secops register list filing --within 90\n\n"
        "例：secops register set supplier '' name=甲公司 credit_code=91350100M000100Y43",
        "Registers: duties, suppliers, contracts, filings, assessments, cryptography, data and more\n\n"
        "Example: secops register list filing --within 90\n\n"
        "Example: secops register set supplier '' name=Acme",
    ),
)

Type = Annotated[str, typer.Argument(metavar="TYPE", help=say("台账，见 register types", "a register: register types"))]
Key = Annotated[str, typer.Argument(metavar="KEY", help=say("行的标识、名称或编号", "the row's key, name or number"))]
Form = Annotated[Format | None, typer.Option("--format", "-f", metavar="FORMAT", help="table, json, jsonl, csv")]
Out = Annotated[str, typer.Option("--out", "-o", help=say("输出文件，- 为标准输出", "file, - for stdout"))]
Who = Annotated[str, typer.Option("--who", help=say("经办人，默认当前用户", "who; the user unless told"))]
At = Annotated[str, typer.Option("--at", help=AT_HELP)]
Reason = Annotated[str, typer.Option("--reason", help=say("事由", "why"))]


@app.command("types", help=say("有哪些台账，各有多少行、多少到期、多少待批", "the registers and how full they are"))
def types(format: Form = None, out: Out = "-") -> None:
    """`secops register types`."""
    from secops.cli.context import open_app
    from secops.hall.flows.register import types as found

    titles = {
        "type": say("代号", "type"), "title": say("台账", "register"), "rows": say("行数", "rows"),
        "expired": say("已到期", "expired"), "pending": say("待批", "waiting"), "basis": say("依据", "basis"),
    }  # fmt: skip
    with open_app() as opened:
        rows(found(opened), [Column(*each) for each in titles.items()], format=format, out=out)


@app.command("columns", help=say("一种台账的列：名称、写法、是否必填", "a register's columns"))
def columns(type: Type, format: Form = None, out: Out = "-") -> None:
    """`secops register columns`."""
    from secops.hall.flows.register import columns as found

    items = (
        {
            "name": each.name, "title": each.title, "required": each.required, "shape": str(each.shape),
            "refers": each.refers, "choices": "、".join(one.title for one in each.choices),
            "also": "、".join(each.also),
            "help": each.help,
        }
        for each in found(type)
    )  # fmt: skip
    titles = {
        "name": say("列名", "column"), "title": say("标题", "title"), "required": say("必填", "required"),
        "shape": say("写法", "shape"), "refers": say("指向", "refers to"), "choices": say("可选", "choices"),
        "help": say("说明", "help"),
    }  # fmt: skip
    rows(items, [Column(*each) for each in titles.items()], format=format, out=out)


@app.command("list", help=say("列出一种台账", "the rows of a register"))
def list_(
    type: Type,
    *,
    org: Annotated[str, typer.Option("--org", help=say("只看这个单位（编号或名称）", "only this organisation"))] = "",
    system: Annotated[str, typer.Option("--system", help=say("只看这个系统", "only this system"))] = "",
    text: Annotated[str, typer.Option("--text", help=say("任一列含有", "any column holds it"))] = "",
    within: Annotated[
        int | None, typer.Option("--within", help=say("几天内到期或已到期", "due within so many days, or past"))
    ] = None,
    at: At = "",
    format: Form = None,
    out: Out = "-",
) -> None:
    """`secops register list`."""
    from secops.cli.context import open_app
    from secops.hall.flows.moment import instant
    from secops.hall.flows.register import as_stated, listed, register_of

    register = register_of(type)
    shown = [Column("key", say("标识", "key")), *(Column(each.name, each.title) for each in register.columns)]
    if not any(each.key == "valid_until" for each in shown) and register.expires:
        shown.append(Column("valid_until", say("有效期至", "valid until")))
    shown.append(Column("state", say("状态", "state")))
    if chosen(format, out) is Format.CSV:  # for a spreadsheet and the way back: what was computed stands apart
        shown.append(Column("until", say("推算有效期", "holds until")))
    with open_app() as opened:
        found: Iterator[Mapping[str, object]] = listed(
            opened, type, org=org, system=system, text=text, within=within, at=instant(opened, at) if at else None
        )
        if chosen(format, out) is Format.CSV:
            found = map(as_stated, found)
        if chosen(format, out) is Format.TABLE:
            found = map(_named, found)
        if out == "-" and format is None and sys.stdout.isatty():
            found = iter(list(found))
            shown = _few(shown)
        rows(found, shown, format=format, out=out)


def _named(row: Mapping[str, object]) -> Mapping[str, object]:
    """The row for eyes: units and systems with their names."""
    shown = dict(row)
    for column, name in (("organisation", "org.name"), ("system", "system.name")):
        code, called = row.get(column), row.get(name)
        if code and called and called != code:
            shown[column] = say(f"{called}（{code}）", f"{called} ({code})")
    return shown


def _changes(row: Mapping[str, object]) -> Mapping[str, object]:
    """The row for eyes: what changed in words, a reason of the program's own too."""
    from secops.core.reasons import spoken

    found = row.get("change")
    shown = dict(row) | {"reason": spoken(str(row.get("reason") or ""))}
    if isinstance(found, Mapping) and "answer" in found:
        yes = found["answer"] == "yes"
        shown["change"] = f"{say('批准', 'approved') if yes else say('驳回', 'rejected')} {found.get('proposal', '')}"
    elif isinstance(found, Mapping):
        shown["change"] = "；".join(f"{title}: {plain_text(each)}" for title, each in found.items())
    if kind := str(row.get("subject") or "").partition(":")[0]:
        from secops.core.registers import registers

        title = registers()[kind].title if kind in registers() else kind
        shown["subject"] = f"{title} {str(row['subject']).partition(':')[2]}"
    return shown


def _few(columns: list[Column]) -> list[Column]:
    """What fits a terminal: the first columns and the state."""
    return [*columns[:7], *columns[-2:]] if len(columns) > 9 else columns


@app.command("show", help=say("一行的全部内容", "one row whole"))
def show(type: Type, key: Key, *, at: At = "", format: Form = None, out: Out = "-") -> None:
    """`secops register show`."""
    from secops.cli.context import open_app
    from secops.hall.flows.moment import instant
    from secops.hall.flows.register import columns as known
    from secops.hall.flows.register import show as found

    with open_app() as opened:
        row = found(opened, type, key, at=instant(opened, at) if at else None)
    titles = {
        "key": say("标识", "key"), "org.name": say("单位名称", "unit"), "system.name": say("系统名称", "system's name"),
        "until": say("推算有效期至", "holds until"), "computed": say("有效期系推算", "computed"),
        "valid_until": say("有效期至", "valid until"), "seq": say("日志序号", "place in the log"),
        "who": say("经办人", "who"), "state": say("状态", "state"),
    } | {each.name: each.title for each in known(type)}  # fmt: skip
    shown = _named(row) if chosen(format, out) is Format.TABLE else row
    one(
        {name: value for name, value in shown.items() if value not in (None, "")},
        titles,
        format=format,
        out=out,
    )


@app.command("history", help=say("一行的全部变更：何时、何人、改了什么、谁批准", "every change of a row"))
def history(type: Type, key: Key, format: Form = None, out: Out = "-") -> None:
    """`secops register history`."""
    from secops.cli.context import open_app
    from secops.hall.flows.register import history as found

    titles = {
        "at": say("时间", "at"), "who": say("何人", "who"), "what": say("动作", "what"),
        "change": say("变更", "change"), "reason": say("事由", "reason"),
    }  # fmt: skip
    with open_app() as opened:
        told = found(opened, type, key)
        shown = map(_changes, told) if chosen(format, out) is Format.TABLE else told
        rows(shown, [Column(*each) for each in titles.items()], format=format, out=out)


@app.command("set", help=say("登记或修改一行：列=值，空值清除，+= 添加，-= 去掉", "set columns of a row"))
def set_(
    type: Type,
    key: Annotated[str, typer.Argument(metavar="KEY", help=say("标识；'' 由内容得出", "key; '' for its identity"))],
    values: Annotated[list[str], typer.Argument(metavar="COLUMN=VALUE...", help=say("列=值", "column=value"))],
    *,
    who: Who = "",
    reason: Reason = "",
) -> None:
    """`secops register set`."""
    from secops.cli.context import open_app, operator_of
    from secops.hall.flows.register import put

    with open_app() as opened:
        told(put(opened, type, key, values, who=operator_of(who), reason=reason))


@app.command("withdraw", help=say("撤销一行，历史保留", "take a row out of force; its history stays"))
def withdraw(type: Type, key: Key, *, who: Who = "", reason: Reason = "") -> None:
    """`secops register withdraw`."""
    from secops.cli.context import open_app, operator_of
    from secops.hall.flows.register import withdraw as undone

    with open_app() as opened:
        told(undone(opened, type, key, who=operator_of(who), reason=reason))


@app.command("pending", help=say("待第二人批准的变更", "changes that wait for a second person"))
def pending(format: Form = None, out: Out = "-") -> None:
    """`secops register pending`."""
    from secops.cli.context import open_app
    from secops.hall.flows.register import pending as found

    titles = {
        "id": say("编号", "id"), "subject": say("对象", "subject"), "who": say("提出人", "proposed by"),
        "at": say("时间", "at"), "change": say("变更", "change"), "reason": say("事由", "reason"),
    }  # fmt: skip
    with open_app() as opened:
        told = found(opened)
        shown = map(_changes, told) if chosen(format, out) is Format.TABLE else told
        rows(shown, [Column(*each) for each in titles.items()], format=format, out=out)


Proposal = Annotated[str, typer.Argument(metavar="ID", help=say("变更编号或其开头", "the change's id"))]
Note = Annotated[str, typer.Option("--note", hidden=True)]
"""As --reason was called here at first."""


@app.command("approve", help=say("批准一项变更；提出人不能自己批准", "approve a change; never one's own"))
def approve(id: Proposal, *, who: Who = "", reason: Reason = "", note: Note = "") -> None:
    """`secops register approve`."""
    _answer(id, yes=True, who=who, note=reason or note)


@app.command("reject", help=say("驳回一项变更", "reject a change"))
def reject(id: Proposal, *, who: Who = "", reason: Reason = "", note: Note = "") -> None:
    """`secops register reject`."""
    _answer(id, yes=False, who=who, note=reason or note)


def _answer(id: str, *, yes: bool, who: str, note: str) -> None:
    from secops.cli.context import open_app, operator_of
    from secops.hall.flows.register import answer

    with open_app() as opened:
        told(answer(opened, id, yes=yes, who=operator_of(who), note=note))


def told(done: object) -> None:
    """Say what became of a change; the id of a proposal goes to stdout."""
    from secops.cli.context import talk
    from secops.hall.flows.amend import Done

    assert isinstance(done, Done)
    words = {
        "": ("没有变化", "nothing changed"), "declared": ("已登记", "declared"), "changed": ("已修改", "changed"),
        "withdrawn": ("已撤销", "withdrawn"), "approved": ("已批准并生效", "approved, in force"),
        "rejected": ("已驳回", "rejected"),
        "proposed": ("已提交，待另一人批准", "proposed, waits for a second person"),
    }  # fmt: skip
    talk(f"{done.subject}: {say(*words[done.what])}")
    if done.proposal:
        sys.stdout.write(f"{done.proposal}\n")
