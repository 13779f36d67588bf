"""`secops inventory review | merge | split`: who is who, where the program would have to guess."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated

import typer

from secops.cli.show import Column, Format, chosen, one, rows
from secops.cli.words import value
from secops.core.language import say
from secops.core.reasons import spoken

if TYPE_CHECKING:
    from secops.core.model import Entity
    from secops.hall.app import App

app = typer.Typer(rich_markup_mode=None)
reviews = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help=say(
        "身份待审：说不准是否同一台的主机、多机共用的标识、标识过多的主机\n\n例：secops inventory review list\n\n"
        "例：secops inventory review accept review-abc --reason 已核实重装",
        "Doubts of identity: one host or two, shared identifiers, hosts with too many\n\n"
        "Example: secops inventory review list\n\n"
        "Example: secops inventory review accept review-abc --reason reinstalled",
    ),
)
app.add_typer(reviews, name="review")

Form = Annotated[Format | None, typer.Option("--format", "-f", metavar="FORMAT", help="table, json, jsonl, csv")]
Out = Annotated[str, typer.Option("--out", "-o", help=say("输出文件，- 为标准输出", "file, - for stdout"))]
Doubt = Annotated[str, typer.Argument(metavar="ID", help=say("编号或其开头", "its id, or the beginning of it"))]
Reason = Annotated[str, typer.Option("--reason", help=say("理由（必填）", "why (wanted)"))]
Who = Annotated[str, typer.Option("--who", help=say("何人，默认当前用户", "who; the user unless told"))]


def told(app_: "App", entity: "Entity") -> dict[str, object]:
    """What `inventory show` tells of a host's identity."""
    from secops.hall.flows.identity import of_host

    found = of_host(app_, entity)
    return {"identifiers": found.marks, "merges": found.merges, "merged": found.merged, "doubts": found.doubts}


@reviews.command("list", help=say("列出待审", "what waits"))
def list_(
    *,
    state: Annotated[str, typer.Option("--state", metavar="STATE", help="open, accepted, rejected, all")] = "open",
    kind: Annotated[str, typer.Option("--kind", metavar="KIND", help="same, shared, several, many")] = "",
    format: Form = None,
    out: Out = "-",
) -> None:
    """`secops inventory review list`."""
    from secops.cli.context import open_app
    from secops.hall.flows.identity import listed

    columns = [
        Column("id", say("编号", "id")),
        Column("kind", say("种类", "kind")),
        Column("what", say("对象", "what")),
        Column("why", say("缘由", "why")),
        Column("since", say("自", "since")),
        Column("state", say("状态", "state")),
    ]
    with open_app() as opened:
        found = listed(opened, state=state, kind=kind)
        if chosen(format, out) is Format.TABLE:
            found = ({**each, "why": spoken(str(each["why"])), "kind": _kind(each)} for each in found)
        rows(found, columns, format=format, out=out)


@reviews.command(
    "show",
    help=say(
        "一条待审：所涉主机及其标识；共用的标识列出谁带有它",
        "one doubt: its hosts and their identifiers; who bears a shared one",
    ),
)
def show(id: Doubt, format: Form = None, out: Out = "-") -> None:
    """`secops inventory review show`."""
    from secops.cli.context import open_app, talk
    from secops.hall.flows.identity import show as shown

    with open_app() as opened:
        found = shown(opened, id)
    titles = {
        "id": say("编号", "id"), "kind": say("种类", "kind"), "about": say("对象", "about"),
        "marks": say("标识", "identifiers"), "why": say("缘由", "why"), "state": say("状态", "state"),
        "since": say("自", "since"), "who": say("何人", "who"), "reason": say("理由", "reason"),
        "machines": say("主机", "hosts"), "bearers_count": say("带有它的地址数", "addresses that bear it"),
    }  # fmt: skip
    if chosen(format, out) is not Format.TABLE:
        one(found, titles, format=format, out=out)
        return
    machines, bearers = found.pop("machines", []), found.pop("bearers", [])
    assert isinstance(machines, list)
    assert isinstance(bearers, list)
    found["machines"] = [
        f"{each['id']} {value('state', each['state'])} {', '.join(each['addresses'])}  {_marks(each)}"
        for each in machines
    ]
    found |= {"why": spoken(str(found["why"])), "kind": _kind(found)}
    found = {name: value for name, value in found.items() if value not in ("", [])}
    if not bearers:
        one(found, titles, format=format, out=out)
        return
    one(found, titles, format=format)
    rows(({**each, "now": _now(each)} for each in bearers), _bearers(), format=format, out=out)
    if (left := int(str(found["bearers_count"])) - len(bearers)) > 0:
        talk(say(f"另有 {left:,} 处没有列出", f"{left:,} more are not listed"))


def _bearers() -> list[Column]:
    return [
        Column("address", say("地址", "address")),
        Column("key", say("主机", "host")),
        Column("state", say("状态", "state")),
        Column("now", say("标识", "identifier")),
        Column("last_seen", say("最近见到", "last seen")),
        Column("org.name", say("责任单位", "organisation")),
        Column("host", say("主机编号", "host id")),
    ]


def _now(bearer: Mapping[str, object]) -> str:
    return say("仍带有", "still") if bearer["now"] else say("已不见", "no longer")


def _kind(doubt: Mapping[str, object]) -> str:
    return value("doubt", str(doubt["kind"]))


def _marks(machine: Mapping[str, object]) -> str:
    told = machine["identifiers"]
    marks = [str(each).rstrip(")").rpartition(" (") for each in told] if isinstance(told, list) else []
    return ", ".join(f"{mark} ({value('weight', weight)})" for mark, _, weight in marks)


@reviews.command(
    "accept", help=say("认可：是同一台（合并），或确系共用", "yes: one host (they are merged), or shared indeed")
)
def accept(id: Doubt, *, reason: Reason = "", who: Who = "") -> None:
    """`secops inventory review accept`."""
    _settle(id, accept=True, who=who, reason=reason)


@reviews.command(
    "reject",
    help=say(
        "否决：不是同一台，或标识可信（有它的即一台）", "no: two hosts, or an identifier to trust (who shows it is one)"
    ),
)
def reject(id: Doubt, *, reason: Reason = "", who: Who = "") -> None:
    """`secops inventory review reject`."""
    _settle(id, accept=False, who=who, reason=reason)


def _settle(id: str, *, accept: bool, who: str, reason: str) -> None:
    from secops.cli.context import open_app, operator_of, talk
    from secops.hall.flows.identity import settle

    with open_app() as opened:
        done = settle(opened, id, accept=accept, who=operator_of(who), reason=reason)
    talk(say(f"{done} 已{'认可' if accept else '否决'}", f"{done} {'accepted' if accept else 'rejected'}"))


@app.command(
    "merge",
    help=say(
        "认定几台主机是同一台；留登记过的，否则最早的；可再拆分",
        "say that hosts are one; the declared one stays, else the oldest; can be split again",
    ),
)
def merge(
    hosts: Annotated[list[str], typer.Argument(metavar="HOST", help=say("两台或更多主机", "two hosts or more"))],
    *,
    reason: Reason = "",
    who: Who = "",
) -> None:
    """`secops inventory merge`."""
    from secops.cli.context import open_app, operator_of, talk
    from secops.hall.flows.identity import merge as merged

    with open_app() as opened:
        ids = merged(opened, hosts, who=operator_of(who), reason=reason)
    talk(say(f"{', '.join(ids[1:])} 并入 {ids[0]}", f"{', '.join(ids[1:])} went up in {ids[0]}"))


@app.command(
    "split",
    help=say(
        "拆分主机：撤销最近一次合并，或分出指定标识", "split a host: undo its last merge, or take out identifiers"
    ),
)
def split(
    host: Annotated[str, typer.Argument(metavar="HOST", help=say("主机", "a host"))],
    *,
    mark: Annotated[
        list[str] | None,
        typer.Option("--mark", help=say("要分出去的标识（可多个）", "an identifier to take out (repeatable)")),
    ] = None,
    back: Annotated[
        str, typer.Option("--from", metavar="HOST", help=say("撤销这台主机的并入", "the host whose merge is undone"))
    ] = "",
    reason: Reason = "",
    who: Who = "",
) -> None:
    """`secops inventory split`."""
    from secops.cli.context import open_app, operator_of, talk
    from secops.hall.flows.identity import split as parted

    with open_app() as opened:
        new = parted(opened, host, mark or [], back=back, who=operator_of(who), reason=reason)
    talk(say(f"分出 {new}", f"{new} is a host of its own"))
