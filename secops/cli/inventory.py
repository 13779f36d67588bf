"""`secops inventory`: list, show, history, diff, declare, export, rebuild."""

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated

import typer

from secops.cli import (
    inventory_candidates,
    inventory_edit,
    inventory_fields,
    inventory_filter,
    inventory_import,
    inventory_mapping,
    inventory_review,
    inventory_show,
    inventory_time,
    inventory_who,
)
from secops.cli.inventory_time import AT_HELP
from secops.cli.show import Column, Format, chosen, one, rows
from secops.core.language import say
from secops.core.model import Kind

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help=say(
        "资产台账：查询、登记、历史、导出\n\n例：secops inventory list 'kind:website org:数据管理局'\n\n"
        "例：secops inventory show 192.0.2.10",
        "The assets\n\nExample: secops inventory list 'kind:website tls:false'\n\n"
        "Example: secops inventory show 192.0.2.10",
    ),
)

app.add_typer(inventory_fields.app)
app.add_typer(inventory_time.app)
app.add_typer(inventory_who.app)
app.add_typer(inventory_review.app)
app.add_typer(inventory_import.app)
app.add_typer(inventory_edit.app)
app.add_typer(inventory_mapping.app, name="mapping")
app.add_typer(inventory_candidates.app, name="candidates")
app.add_typer(inventory_filter.app, name="filter")

Query = Annotated[str, typer.Argument(help=say("查询语句，空为全部", "query, empty for everything"))]
Id = Annotated[str, typer.Argument(help=say("编号、编号开头或标识（如 192.0.2.10）", "an id, its beginning, or a key"))]
Kinds = Annotated[
    Kind | None,
    typer.Option("--kind", metavar="KIND", help=say("只看这一类，如 website", "only this kind, as website")),
]
Limit = Annotated[int, typer.Option("--limit", min=0, help=say("最多几行，0 为全部", "at most so many, 0 for all"))]
After = Annotated[
    str, typer.Option("--after", help=say("接着上一页：编号，或排序时给出的标记", "go on behind this id or token"))
]
Sort = Annotated[
    str, typer.Option("--sort", metavar="FIELD", help=say("按字段排序，-FIELD 为从大到小", "order; -FIELD for falling"))
]
Columns = Annotated[
    str,
    typer.Option(
        "--columns", metavar="FIELD,…", help=say("要哪些列，依次，如 key,name,责任单位", "these columns, in this order")
    ),
]
Timeout = Annotated[
    float | None,
    typer.Option("--timeout", min=0.01, metavar="SECONDS", help=say("最多查几秒，默认不限", "give up after so many")),
]
At = Annotated[str, typer.Option("--at", help=AT_HELP)]
Form = Annotated[Format | None, typer.Option("--format", "-f", metavar="FORMAT", help="table, json, jsonl, csv")]
Out = Annotated[str, typer.Option("--out", "-o", help=say("输出文件，- 为标准输出", "file, - for stdout"))]


@app.command("list", help=say("列出符合条件的资产", "assets that meet the query"))
def list_(
    *,
    query: Query = "",
    kind: Kinds = None,
    limit: Limit = 0,
    after: After = "",
    at: At = "",
    sort: Sort = "",
    columns: Columns = "",
    timeout: Timeout = None,
    format: Form = None,
    out: Out = "-",
) -> None:
    """`secops inventory list`: in the clear, as the workspace's own database is to whoever may open it."""
    from secops.cli.context import behind, open_app, talk
    from secops.cli.waiting import waiting
    from secops.hall.flows.inventory_columns import only
    from secops.hall.flows.inventory_columns import read as named
    from secops.hall.flows.inventory_page import listed
    from secops.hall.flows.queries import read

    with open_app() as opened:
        opened.limit(timeout)
        behind(opened)
        meant, _ = read(opened, query, kind)
        wanted = named(columns, meant) if columns else ()
        last = ""

        def kept() -> Iterator[Mapping[str, object]]:
            nonlocal last
            with waiting() as begun:
                told = listed(opened, query, kind=kind, at=at, sort=sort, after=after, limit=limit)
                for each, token in told:
                    begun()
                    last = token
                    yield only(each, wanted) if wanted else each

        full = chosen(format, out) is Format.CSV
        titles = [Column(each.key, each.title) for each in wanted] or _columns(meant, full=full)
        shown = rows(kept(), titles, format=format, out=out)
        if limit and shown == limit and last:
            talk(say(f"还有更多：--after {last}", f"more: --after {last}"))


@app.command("count", help=say("符合条件的资产有多少", "how many assets meet the query"))
def count(query: Query = "", *, kind: Kinds = None, at: At = "", timeout: Timeout = None, format: Form = None) -> None:
    """`secops inventory count`."""
    from secops.cli.context import behind, open_app
    from secops.cli.waiting import waiting
    from secops.hall.flows.inventory import instant
    from secops.hall.flows.inventory_counts import count as counted

    with open_app() as opened, waiting():
        opened.limit(timeout)
        behind(opened)
        number = counted(opened, query, kind=kind, at=instant(opened, at) if at else None)
    if format is None:
        sys.stdout.write(f"{number}\n")
    else:
        rows([{"count": number}], [Column("count", say("数量", "count"))], format=format)


@app.command(
    "facets", help=say("一个字段最常见的取值及各有多少资产", "the commonest values of a field, and how many have each")
)
def facets(
    field: Annotated[
        str, typer.Argument(metavar="FIELD", help=say("字段，如 http.server、port", "as http.server, port"))
    ],
    query: Query = "",
    *,
    kind: Kinds = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=10_000, help=say("最多几个", "at most so many"))] = 20,
    at: At = "",
    timeout: Timeout = None,
    format: Form = None,
    out: Out = "-",
) -> None:
    """`secops inventory facets`."""
    from secops.cli.context import behind, open_app
    from secops.cli.waiting import waiting
    from secops.core.fields import by_word
    from secops.hall.flows.inventory import instant
    from secops.hall.flows.inventory_counts import facets as counted

    known = by_word().get(field)
    columns = [
        Column("value", known.title if known else say("取值", "value")),
        Column("count", say("数量", "count")),
        Column("share", say("占比", "share")),
    ]
    with open_app() as opened, waiting():
        opened.limit(timeout)
        behind(opened)
        then = instant(opened, at) if at else None
        found = counted(opened, field, query, kind=kind, limit=limit, at=then)
        if chosen(format, out) is Format.TABLE:
            found = (_worded(known.name if known else field, each) for each in found)
        rows(found, columns, format=format, out=out)


def _worded(field: str, row: Mapping[str, object]) -> dict[str, object]:
    """A count as people read it: the value in words, the share of the whole in per cent."""
    from secops.cli.words import value
    from secops.core.fields import by_name

    raw = row["value"]
    told = say("（无）", "(none)") if raw is None else value(field, str(raw))
    if field == "register.conflicts" and raw in by_name():
        told = by_name()[str(raw)].title
    return {**row, "value": told, "share": f"{float(str(row['share'])):.1%}"}


@app.command("show", help=say("一个资产的全部事实、来源与关系", "all facts of one asset, their sources and relations"))
def show(id: Id, *, at: At = "", format: Form = None, out: Out = "-") -> None:
    """`secops inventory show`."""
    from secops.cli.context import behind, open_app
    from secops.hall.flows.inventory import instant, plain
    from secops.hall.flows.inventory import show as shown

    with open_app() as opened:
        behind(opened)
        found = shown(opened, id, at=instant(opened, at) if at else None)
        inventory_show.elsewhere(opened, id)
        entity = found.entity
        more = inventory_review.told(opened, entity) if entity.kind is Kind.HOST and not at else {}
    facts = {name: plain(name, value) for name, value in found.values.items() if value is not None}
    record: dict[str, object] = {
        **facts,
        "unknown": dict(entity.unknown),
        "misses": entity.misses,
        "relations": [
            {
                "type": str(each.type),
                "source": each.source,
                "target": each.target,
                "other": found.names.get(each.target if each.source == entity.id else each.source, ""),
                "reason": each.reason,
                "first_seen": plain("first_seen", each.first_seen or None),
                "last_seen": plain("last_seen", each.last_seen or None),
            }
            for each in found.relations
        ],
        **({"members": found.members} if entity.kind is Kind.SYSTEM else {}),
        "services": [
            {"id": each.id, "key": each.key, "state": str(each.state), "name": each.facts.get("service.name")}
            for each in found.services
        ],
    }
    record |= more
    if chosen(format, out) is Format.TABLE:
        record |= {"relations": inventory_show.relations(found), "services": inventory_show.services(found)}
        record |= {"members": inventory_show.members(found)} | inventory_show.identity(more)
        known = {name: value for name, value in record.items() if value not in ([], {})}
        one(known, inventory_show.titles(), format=format, out=out)
        return
    one(record | {"sources": dict(found.sources)}, format=format, out=out)


@app.command("declare", help=say("登记 inventory/*.yaml 里的单位、网段、系统", "record what inventory/*.yaml states"))
def declare(
    files: Annotated[list[Path] | None, typer.Argument(help=say("只登记这些文件", "only these files"))] = None,
    *,
    plan: Annotated[bool, typer.Option("--plan", help=say("只看会改什么", "only tell what would change"))] = False,
    who: Annotated[
        str, typer.Option("--who", help=say("登记人，默认当前用户", "who declares; the user unless told"))
    ] = "",
    format: Form = None,
) -> None:
    """`secops inventory declare`."""
    from secops.cli.context import exit_code, follow, open_app, operator_of
    from secops.hall.flows.declare import declare as stated

    with open_app() as opened:
        summary = follow(stated(opened, who=operator_of(who), files=files or None, plan=plan), format=format)
    raise typer.Exit(exit_code(summary))


@app.command("export", help=say("导出全部资产与端口，连同来源", "every asset and service whole, with provenance"))
def export(
    query: Query = "",
    *,
    at: At = "",
    columns: Columns = "",
    timeout: Timeout = None,
    format: Form = None,
    out: Out = "-",
) -> None:
    """`secops inventory export`."""
    from secops.cli.context import behind, open_app
    from secops.core.fields import FIELDS
    from secops.hall.flows.inventory import exported, instant
    from secops.hall.flows.inventory_columns import only
    from secops.hall.flows.inventory_columns import read as named
    from secops.hall.flows.queries import read

    with open_app() as opened:
        opened.limit(timeout)
        behind(opened)
        wanted = named(columns, read(opened, query)[0], services=True) if columns else ()
        found = exported(opened, query, at=instant(opened, at) if at else None)
        rows(
            (only(each, wanted) for each in found) if wanted else found,
            [Column(each.key, each.title) for each in wanted] or [Column(each.name, each.title) for each in FIELDS],
            format=format or (None if chosen(None, out) is not Format.TABLE else Format.JSONL),
            out=out,
        )


@app.command("graph", help=say("资产及其关系的图，供其它程序绘制", "assets and their relations, for other programs"))
def graph(
    query: Query = "",
    *,
    kind: Kinds = None,
    format: Annotated[str, typer.Option("--format", "-f", metavar="FORMAT", help="graphml, json")] = "",
    at: At = "",
    out: Out = "-",
) -> None:
    """`secops inventory graph`."""
    from secops.cli.context import open_app, talk
    from secops.cli.show import opened as stream
    from secops.core.errors import UsageError
    from secops.hall.flows.graph import FORMATS, written
    from secops.hall.flows.inventory import instant

    wanted = format or ("json" if out.endswith(".json") else "graphml")
    if wanted not in FORMATS:
        raise UsageError(
            "E1317", say(f"没有图格式 {wanted[:40]}", f"no graph format {wanted[:40]}"), hint=", ".join(FORMATS)
        )
    with open_app() as opened, stream(out) as handle:
        nodes, edges = written(opened, query, kind, wanted, handle, at=instant(opened, at) if at else None)
    talk(say(f"{nodes:,} 个节点，{edges:,} 条边", f"{nodes:,} nodes, {edges:,} edges"))


@app.command("rebuild", help=say("由两本日志重建台账并核对摘要", "replay the logs and compare the digest"))
def rebuild(format: Form = None) -> None:
    """`secops inventory rebuild`."""
    from secops.cli.context import exit_code, follow, open_app
    from secops.hall.flows.inventory import rebuild as replayed

    with open_app() as opened:
        summary = follow(replayed(opened), format=format, stream=sys.stdout)
    raise typer.Exit(exit_code(summary))


def _columns(kind: Kind | None, *, full: bool) -> list[Column]:
    from secops.core.fields import FIELDS, by_name, of_kind

    if full:
        fields = of_kind(kind) if kind else [each for each in FIELDS if each.kinds != {Kind.SERVICE}]
        return [Column(each.name, each.title) for each in fields]
    names = ("id", "kind", "key", "name", "state", "org.name", "system.name", "last_seen")
    if kind is Kind.SERVICE:
        names = ("id", "key", "state", "service.name", "service.product", "service.version", "org.name", "last_seen")
    elif kind is Kind.SYSTEM:
        names = ("id", "key", "name", "state", "system.level", "org.name", "owner", "last_seen")
    elif kind is Kind.WEBSITE:
        names = ("id", "key", "state", "http.title", "http.server", "org.name", "system.name", "last_seen")
    site = Column("site", by_name()["site"].title, varied=True)
    return [site, *(Column(name, by_name()[name].title) for name in names)]
