"""What changed in a period, as a team reads it on Monday: by unit, what is new, gone and opened before the rest."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import groupby

from secops.core.clock import Instant, render
from secops.core.errors import UsageError
from secops.core.fields import by_name
from secops.core.language import say
from secops.core.model import Change, Kind, State
from secops.core.reasons import spoken
from secops.deliver.reports import words
from secops.deliver.reports.model import Cell, Cells, Column, Look, Report, Rows, Sheet, chart
from secops.hall.flows.difference import Choice, Wanted, passed_by
from secops.hall.flows.inventory import instant
from secops.hall.flows.report_context import PAGE, Context, number_column, numbered, plain, site_column
from secops.store import changes, entities

LINES = 30
"""Changed fields told of one asset; more are counted."""
NAMES = 5
"""People told of one asset; of more their number."""
_LOST = frozenset({State.STALE.value, State.GONE.value})
_ORDER = ("new", "opened", "vanished", "closed", "back", "owner", "changed")
_ANSWERING = frozenset({"org_id", "system_id", "owner", "owner.phone", "declared"})
_QUIET = frozenset({"http.body_sha256", "tls.ja3s", "service.banner", "http.headers"})
"""What changes by itself all the time: told only where nothing else changed."""


def build(ctx: Context) -> Report:
    """The report. Raises UsageError for a period that cannot be read or runs backwards."""
    start, end = _period(ctx)
    ctx.wanted = replace(ctx.wanted, start=render(start), end=render(end))  # also where it was left to us
    choice = Choice(ctx.app, Wanted(ctx.wanted.query), start, end)
    if choice.query is not None:
        ctx.permit(choice.query)
    gathered = ctx.spool.kept(ctx.spool.ordered(_told(ctx, choice), lambda row: (row[0] or "\uffff", *row[1:6])))
    counts: dict[str, Counter[str]] = {}
    for row in gathered():
        counts.setdefault(str(row[0]), Counter())[_ORDER[int(str(row[1]))]] += 1
    sheets = [_summary(counts)]
    names = titles()
    for place, name in enumerate(_ORDER):
        if any(mine[name] for mine in counts.values()):
            sheets.append(Sheet(names[name], _columns(name), _of_class(gathered, place)))
    whole = Counter({names[name]: sum(mine[name] for mine in counts.values()) for name in _ORDER})
    period = f"{render(Instant(start + 1))[:16].replace('T', ' ')} — {render(end)[:16].replace('T', ' ')}"
    ctx.newest = min(ctx.newest, end)
    facts = ctx.facts("", (say("期间", "period"), period))
    charts = [chart(say("变化", "changes"), +whole)] if +whole else []
    return Report(say("资产变化报告", "Changes"), facts, sheets, ctx.newest, charts=charts)


def titles() -> dict[str, str]:
    """The words of each class of change, in the order they are told."""
    return {
        "new": say("新增资产", "new assets"), "opened": say("新开放端口", "ports opened"),
        "vanished": say("消失资产", "vanished assets"), "closed": say("关闭端口", "ports closed"),
        "back": say("重新出现", "seen again"), "owner": say("责任变更", "who answers"),
        "changed": say("属性变化", "other changes"),
    }  # fmt: skip


def _period(ctx: Context) -> tuple[Instant, Instant]:
    wanted = ctx.wanted
    end = instant(ctx.app, wanted.end or "now", end=True)
    start = instant(ctx.app, wanted.start, end=False) if wanted.start else Instant(end - 7 * 86_400_000)
    if start > end:
        raise UsageError(
            "E6315",
            say("起点晚于终点", "the period runs backwards"),
            why=f"{wanted.start} > {wanted.end or 'now'}",
            hint="--from 2026-11-20 --to 2026-11-27",
        )
    return start, end


def _told(ctx: Context, choice: Choice) -> Iterator[Cells]:
    """Unit, class, kind, key, site, id; name, system, when, what, source, who, addresses: one row for each asset."""
    rows = ctx.spool.ordered(_flat(ctx, choice.start, choice.end), lambda row: row[:3])
    for _, group in _paged(rows):
        yield from _entities(ctx, choice, group)


def _flat(ctx: Context, start: Instant, end: Instant) -> Iterator[Cells]:
    """Each change as cells, by entity and place in the log; values as they are told."""
    for each in changes.in_time(ctx.connection, start, end):
        yield (
            each.entity, int(each.at), each.seq, str(each.kind), each.field, _value(ctx, each, old=True),
            _value(ctx, each, old=False), each.reason, each.run, each.who, each.site,
        )  # fmt: skip


def _value(ctx: Context, each: Change, *, old: bool) -> str | None:
    value = each.old if old else each.new
    if value is None:
        return None
    if each.field == "org_id":
        return ctx.unit(str(value), each.site)
    field = by_name().get(each.field)
    if field is None:
        return str(value)
    cell = ctx.cell(field, value)
    return cell if isinstance(cell, str) or cell is None else plain(field, cell)


def _paged(rows: Iterator[Cells]) -> Iterator[tuple[int, list[list[Cells]]]]:
    """Groups of one entity's changes, a page of entities at a time."""
    page: list[list[Cells]] = []
    for number, (_, group) in enumerate(groupby(rows, lambda row: row[0]), 1):
        page.append(list(group))
        if len(page) >= PAGE:
            yield number, page
            page = []
    if page:
        yield len(page), page


def _entities(ctx: Context, choice: Choice, page: Sequence[Sequence[Cells]]) -> Iterator[Cells]:
    known = choice.met(ctx.connection, [str(group[0][0]) for group in page])
    systems = entities.by_ids(ctx.connection, {each.system_id for each in known.values() if each.system_id})
    wanted = ctx.wanted.org
    for group in page:
        id = str(group[0][0])
        entity = known.get(id)
        if entity is None and choice.query is not None:
            continue
        unit = ctx.unit(entity.org_id, entity.site) if entity is not None and entity.org_id else ""
        site = str(group[0][10])
        here = site == ctx.app.site
        if passed_by((str(row[4]), row[6]) for row in group) or (wanted and not here):
            continue
        if wanted and wanted not in {unit, entity.org_id if entity else ""}:
            continue
        system = systems.get(entity.system_id) if entity is not None else None
        facts = entity.facts if entity is not None else {}
        name = facts.get("name") or facts.get("http.title") or _product(facts)
        kind = Kind(str(group[0][3]))
        class_ = _class(kind, group)
        telling = _telling(class_, group)
        yield (
            unit, _ORDER.index(class_), words.kind(kind), entity.key if entity else "", site, id, str(name or ""),
            str(system.facts.get("name") or system.key) if system else "", int(str(telling[1])), _what(class_, group),
            _source(telling), _operators(ctx, choice, class_, group, telling),
            say("、", ", ").join(_addresses(facts)) or None,
        )  # fmt: skip


def _addresses(facts: Mapping[str, object]) -> list[str]:
    found = facts.get("host.addresses")
    return [str(each) for each in found] if isinstance(found, (list, tuple)) else []


def _product(facts: Mapping[str, object]) -> str:
    return " ".join(str(facts[n]) for n in ("service.name", "service.product", "service.version") if facts.get(n))


def _class(kind: Kind, group: Sequence[Cells]) -> str:
    """What the whole of its changes comes to: what it was before the first and is after the last counts."""
    states = [(row[5], row[6]) for row in group if row[4] == "state"]
    if any(row[4] == "born" for row in group):
        return "opened" if kind is Kind.SERVICE else "new"
    if states:
        before, after = states[0][0], states[-1][1]
        if after in _LOST and before not in _LOST:
            return "closed" if kind is Kind.SERVICE else "vanished"
        if after == State.ACTIVE.value and before in _LOST:
            return "opened" if kind is Kind.SERVICE else "back"
        if after == State.ACTIVE.value and before == State.DECLARED.value:
            return "back"
    fields = {row[4] for row in group}
    return "owner" if fields <= _ANSWERING else "changed"


def _telling(class_: str, group: Sequence[Cells]) -> Cells:
    """The change that the row tells of, whose time and source are the row's: not what came later beside it."""
    born = next((row for row in group if row[4] == "born"), None)
    if born is not None:
        return born
    named = {"owner": _ANSWERING, "changed": {name for name, _, _ in _moved(group)}}.get(class_, {"state"})
    return next((row for row in reversed(group) if row[4] in named), group[-1])


def _what(class_: str, group: Sequence[Cells]) -> str:
    """The changes in words, a line each: from what to what."""
    if class_ in {"new", "opened"} and any(row[4] == "born" for row in group):
        return ""
    moved = _moved(group)
    loud = [each for each in moved if each[0] not in _QUIET] or moved
    lines = [f"{_title(name)}：{_shown(name, old)} → {_shown(name, new)}" for name, old, new in loud[:LINES]]
    if more := len(moved) - len(lines):
        lines.append(say(f"另有 {more} 项变化", f"{more} more changes"))
    return "\n".join(lines)


def _moved(group: Sequence[Cells]) -> list[tuple[str, Cell, Cell]]:
    """Each field that is another after all changes than before them: name, what it was, what it is."""
    first: dict[str, Cell] = {}
    last: dict[str, Cell] = {}
    for row in group:
        first.setdefault(str(row[4]), row[5])
        last[str(row[4])] = row[6]
    return [(name, first[name], last[name]) for name in last if first[name] != last[name]]


def _title(name: str) -> str:
    field = by_name().get(name)
    return field.title if field is not None else name


def _shown(name: str, value: Cell) -> str:
    if value is None or value == "":
        return say("（无）", "(none)")
    if name == "state" and value in set(State):
        return words.state(State(str(value)))
    text = str(value)
    return text if len(text) <= 120 else text[:120] + "…"


def _source(row: Cells) -> str:
    reason, run = (str(row[place] or "") for place in (7, 8))
    collector, at, _ = reason.partition("@")
    told = say("发现", "found by") + f" {words.collector(collector)}" if at else spoken(reason, str(row[4]))
    return " ".join(each for each in (told, run) if each)


def _operators(ctx: Context, choice: Choice, class_: str, group: Sequence[Cells], telling: Cells) -> str | None:
    """Who declared it or decided so; of what a run found who let it run, the run itself where nobody is named.

    Of fields that differ everybody who changed one of them, in order of time.
    """
    moved = {name for name, _, _ in _moved(group)} if class_ in {"owner", "changed"} else ()
    rows = [row for row in group if row[4] in moved] or [telling]
    told = (choice.by(ctx.connection, {"run": row[8], "who": row[9]}) for row in rows)
    found = list(dict.fromkeys(str(each["who"] or each["run"] or "") for each in told))
    more = say(f" 等 {len(found)} 人", f" and others, {len(found)} in all") if len(found) > NAMES else ""
    return say("、", ", ").join(filter(None, found[:NAMES])) + more or None


def _summary(counts: Mapping[str, Counter[str]]) -> Sheet:
    names = titles()
    columns = (number_column(), Column("org", say("责任单位", "unit")),
               *(Column(name, title, Look.NUMBER) for name, title in names.items()))  # fmt: skip
    rows: list[Cells] = [
        (unit or say("（未确定责任单位）", "(nobody)"), *(mine[name] for name in names))
        for unit, mine in sorted(counts.items(), key=lambda one: (not one[0], -sum(one[1].values()), one[0]))
    ]
    return Sheet(say("按单位汇总", "By unit"), columns, lambda: numbered(iter(rows)))


def _columns(class_: str) -> tuple[Column, ...]:
    moved = class_ not in {"new", "opened"}
    return (
        number_column(), Column("org", say("责任单位", "unit")), Column("kind", say("类别", "kind")),
        Column("key", say("资产", "asset")), site_column(), Column("name", say("名称或服务", "name or service")),
        Column("system", say("所属系统", "system")), Column("at", say("时间", "when"), Look.TIME),
        *([Column("what", say("变化", "what changed"), Look.LONG)] if moved else []),
        Column("source", say("来源", "source")), Column("who", say("操作人", "by")),
        Column("host.addresses", by_name()["host.addresses"].title, brief=False),
        Column("id", say("编号", "id"), brief=False),
    )  # fmt: skip


def _of_class(gathered: Rows, place: int) -> Rows:
    moved = _ORDER[place] not in {"new", "opened"}

    def rows() -> Iterator[Cells]:
        mine = (row for row in gathered() if row[1] == place)
        return numbered(
            (row[0], *row[2:5], *row[6:9], *([row[9]] if moved else []), *row[10:13], row[5]) for row in mine
        )

    return rows
