"""`secops inventory history | diff`: what changed, when, from which source, by whom."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated

import typer

from secops.cli.show import Column, Format, chosen, rows
from secops.core.language import say
from secops.core.model import Kind

app = typer.Typer(rich_markup_mode=None)

AT_HELP = say(
    "那一刻的台账：时间、任务编号，或日期（指那天北京时间 24 点；不能晚于现在）",
    "as it stood then: a time, a run, or a date (its end, Chinese time); never later than now",
)
Form = Annotated[Format | None, typer.Option("--format", "-f", metavar="FORMAT", help="table, json, jsonl, csv")]
Out = Annotated[str, typer.Option("--out", "-o", help=say("输出文件，- 为标准输出", "file, - for stdout"))]
Field = Annotated[str, typer.Option("--field", help=say("只看这个字段", "only this field"))]


@app.command(
    "history",
    help=say(
        "一个资产、单位或台账行的全部变化，由旧到新：原值、新值、来源、任务、何人、原因",
        "every change of one asset, unit or row of a register, oldest first, with its source",
    ),
)
def history(
    id: Annotated[
        str,
        typer.Argument(
            help=say(
                "编号、编号开头、标识，或 organisation:编号、supplier:编号 等",
                "an id, its beginning, a key, or KIND:KEY",
            )
        ),
    ],
    *,
    field: Annotated[
        str, typer.Option("--field", help=say("只看这个字段，relation 为关系", "only this field, or relation"))
    ] = "",
    format: Form = None,
    out: Out = "-",
) -> None:
    """`secops inventory history`."""
    from secops.cli.context import open_app
    from secops.hall.flows.history import history as told

    columns = [
        Column("at", say("时间", "at")),
        Column("field", say("字段", "field")),
        Column("old", say("原值", "old")),
        Column("new", say("新值", "new")),
        Column("source", say("来源", "source")),
        Column("reason", say("原因", "reason")),
        Column("run", say("任务", "run")),
        Column("who", say("何人", "who")),
    ]
    with open_app() as opened:
        found = _titled(told(opened, id, field=field), chosen(format, out))
        rows(found, columns, format=format, out=out)


@app.command(
    "diff",
    help=say(
        "两个时刻之间的不同：新增、消失、重现、变化；变了又变回来的不算\n\n"
        "时刻写作时间、日期（指那天北京时间 24 点）、任务编号（指其结束）或 now；同一任务写两次即该任务带来的变化",
        "what differs between two moments, each a time, a date (its end, Chinese time), a run (its end) or now; "
        "one run twice: what it changed",
    ),
)
def diff(
    first: Annotated[str, typer.Argument(metavar="A", help=say("较早的时刻", "the earlier moment"))],
    last: Annotated[
        str, typer.Argument(metavar="B", help=say("较晚的时刻，默认 now", "the later; now unless told"))
    ] = "now",
    query: Annotated[
        str, typer.Argument(help=say("只看在任一时刻符合的资产", "only assets that meet it at either moment"))
    ] = "",
    *,
    kind: Annotated[
        Kind | None, typer.Option("--kind", metavar="KIND", help=say("只看这一类", "only this kind"))
    ] = None,
    org: Annotated[str, typer.Option("--org", help=say("只看这个责任单位", "only this organisation"))] = "",
    field: Field = "",
    every: Annotated[
        bool, typer.Option("--every", help=say("列出中间每一步，而不只是净变化", "every step, not what came of all"))
    ] = False,
    summary: Annotated[
        bool, typer.Option("--summary", help=say("只列各类变化的数量", "only how many of which"))
    ] = False,
    format: Form = None,
    out: Out = "-",
) -> None:
    """`secops inventory diff`."""
    from secops.cli.context import behind, open_app, talk
    from secops.core.clock import render
    from secops.hall.flows.difference import Told, Wanted, span
    from secops.hall.flows.difference import diff as compared

    with open_app() as opened:
        behind(opened)
        told = Told()
        start, end = span(opened, first, last)
        found = compared(opened, first, last, Wanted(query, kind, org, field, every), told)
        style = chosen(format, out)
        talk(say(f"从 {render(start)[:19]} 到 {render(end)[:19]}", f"from {render(start)[:19]} to {render(end)[:19]}"))
        if summary:
            for _ in found:
                pass
            titles = {"class": say("变化", "change"), "kind": say("类别", "kind"), "field": say("字段", "field"),
                      "count": say("数量", "count")}  # fmt: skip
            shown = _titled((_worded(row) if style is Format.TABLE else row for row in told.rows()), style)
            rows(shown, [Column(*each) for each in titles.items()], format=format, out=out)
            return
        shown = _titled(map(_worded, sorted(found, key=_order)), style) if style is Format.TABLE else iter(found)
        rows(shown, _columns(), format=format, out=out)
        talk(_summed(told.counts))


def _columns() -> list[Column]:
    return [
        Column("class", say("变化", "change")),
        Column("site", say("站点", "site"), varied=True),
        Column("kind", say("类别", "kind")),
        Column("key", say("标识", "key")),
        Column("name", say("名称", "name")),
        Column("org.name", say("责任单位", "organisation")),
        Column("field", say("字段", "field")),
        Column("old", say("原值", "old")),
        Column("new", say("新值", "new")),
        Column("at", say("时间", "at")),
        Column("reason", say("来源", "source")),
        Column("run", say("任务", "run")),
        Column("who", say("何人", "who")),
    ]


_CLASSES = {"new": ("新增", "new"), "gone": ("消失", "gone"), "back": ("重现", "back"), "changed": ("变化", "changed")}


def _order(row: Mapping[str, object]) -> tuple[object, ...]:
    return list(_CLASSES).index(str(row["class"])), row["kind"], row["key"], row["field"]


def _worded(row: Mapping[str, object]) -> Mapping[str, object]:
    return {**row, "class": say(*_CLASSES[str(row["class"])])}


def _summed(counts: Mapping[tuple[str, str], int]) -> str:
    """How many things of each class, for the talk."""
    from secops.cli.words import value
    from secops.hall.flows.titles import kind as declared

    parts = []
    for class_, words in _CLASSES.items():
        mine = {kind: count for (found, kind), count in counts.items() if found == class_}
        if mine:
            each = say("、", ", ").join(
                f"{value('kind', declared(kind))} {count:,}" for kind, count in sorted(mine.items())
            )
            parts.append(f"{say(*words)} {sum(mine.values()):,} ({each})")
    return say("；", "; ").join(parts) or say("没有不同", "nothing differs")


def _titled(found: Iterable[Mapping[str, object]], style: Format) -> Iterator[Mapping[str, object]]:
    """For eyes the fields under the titles people know, and what a new thing became in words."""
    if style is not Format.TABLE:
        yield from found
        return
    from secops.cli.words import value
    from secops.core.fields import by_name
    from secops.core.reasons import spoken
    from secops.hall.flows.history import EVENTS
    from secops.hall.flows.titles import column, kind

    born = {name: say(*called) for name, called in EVENTS.items()}
    for row in found:
        word = str(row["field"])
        field = by_name().get(word)
        shown = {"kind": kind(str(row["kind"])),
                 "field": field.title if field else born.get(word) or column(str(row["kind"]), word)}  # fmt: skip
        for side in ("old", "new") if "old" in row else ():
            if word == "state":
                shown[side] = value("state", str(row[side] or ""))
            elif f"{side}.name" in row:
                shown[side] = str(row[f"{side}.name"])
        if word == "born" and row.get("new") == row.get("key"):
            shown["new"] = ""
        if "reason" in row:
            shown["reason"] = spoken(str(row["reason"] or ""), word)
        if "source" in row:
            ended = row["source"] == "coverage"
            shown["source"] = say("扫描任务结束", "end of a run") if ended else spoken(str(row["source"] or ""))
        yield {**row, **shown}
