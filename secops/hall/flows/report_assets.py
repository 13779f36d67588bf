"""The asset ledger (资产台账): a sheet per kind, or per unit, or per system; services last."""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import chain, groupby

from secops.core.errors import UsageError
from secops.core.fields import Derivation, Field, by_name, of_kind
from secops.core.language import say
from secops.core.model import ASSET_KINDS, Kind, State
from secops.core.query import Query
from secops.core.standing import BY_PARTS, ON_PAPER
from secops.deliver.reports import words
from secops.deliver.reports.model import SITE, Cells, Column, Look, Report, Rows, Sheet
from secops.hall.flows.report_context import Context, Values, number_column, numbered, site_column
from secops.hall.flows.report_graded import graded

BASIS = "网络安全法、GB/T 22239-2019、GB/T 22240-2020"
GROUPS_MOST = 60
"""Units or systems that each get a sheet; more are one long sheet, in their order."""
_LEDGER = ("org.name", "system.name", "system.level", "system.grade")
"""What every kind of asset tells first, where it has it."""
_LATER = frozenset({"id", "kind", "site", "key", "org_id", "system_id", "state", "declared", "first_seen", "last_seen"})
_HIDDEN = frozenset({"services.names", "tls.lifetime_age", "seen.age", "system.filing_overdue", "org.contact"})
_ON_PAPER = frozenset({
    "name", "org.name", "system.name", "system.level", "system.grade", "owner", "services.ports", "service.name",
    "service.product", "service.version", "http.title", "host.os", "device.type", "device.vendor", "network.zone",
    "system.filing_no", "system.filing_valid_until", "host.names", "tls.not_after",
})  # fmt: skip
_LIFE = ("declared", "first_seen", "last_seen")
_CHARTED = {Kind.IP: ("org.name",), Kind.SYSTEM: ("org.name", "system.level"), Kind.WEBSITE: ("org.name",),
            Kind.SERVICE: ("service.name",)}  # fmt: skip


def build(ctx: Context) -> Report:
    """The ledger. Raises UsageError."""
    by = ctx.wanted.by or "kind"
    if by not in {"kind", "org", "system"}:
        raise UsageError("E6314", say(f"不能按 {by[:30]} 编排", f"not by {by[:30]}"), hint="--by kind, org, system")
    sheets = _by_kind(ctx) if by == "kind" else _grouped(ctx, by)
    return Report(say("网络资产台账", "Asset ledger"), ctx.facts(BASIS, graded(ctx)), sheets, ctx.newest)


# by kind


def _by_kind(ctx: Context) -> list[Sheet]:
    sheets = []
    for kind, query in ctx.parsed((*ASSET_KINDS, Kind.SERVICE)):
        if not ctx.source.any(query, kind):
            continue
        fields = ledger_fields(kind)
        sheets.append(Sheet(words.kind(kind), _heads(ctx, kind, fields), _rows(ctx, kind, fields)))
    return sheets


def _rows(ctx: Context, kind: Kind, fields: Sequence[Field]) -> Rows:
    lead = _lead(fields)
    ((_, query),) = ctx.parsed((kind,))
    names = [SITE, *_LIFE, *(each.name for each in fields)]

    def stored() -> Iterator[Cells]:
        return ctx.sorted(plain())

    def plain() -> Iterator[Cells]:
        for values in ctx.found(kind, query, names):
            cells = ctx.cells(fields, values)
            yield (
                str(values["key"]), _text(values["site"]), *cells[:lead], *life(ctx, values), None, *cells[lead:],
                str(values["id"]),
            )  # fmt: skip

    def rows() -> Iterator[Cells]:
        mirrored = _mirrored(ctx, kind, query, fields)
        found = stored() if mirrored is None else ctx.source.unbroken(mirrored, stored)
        return numbered(ctx.findings_on(found, id=-1, into=lead + 6))

    return rows


def _mirrored(ctx: Context, kind: Kind, query: Query, fields: Sequence[Field]) -> Iterator[Cells] | None:
    """The same rows out of the mirror, made column by column; None where there is none."""
    parted = say("、", ", ")
    names = ["id", "key", SITE, "state", *_LIFE, *(each.name for each in fields)]
    batches = ctx.source.batches(query, kind, names, parted)
    if batches is None:
        return None
    lead = _lead(fields)
    told = {each.value: words.state(each) for each in State}

    def rows() -> Iterator[Cells]:
        for ids, keys, sites, states, declared, begun, seen, *values in batches:
            cells = [ctx.cells_of(each, column, parted) for each, column in zip(fields, values, strict=True)]
            gone: tuple[None, ...] = (None,) * len(ids)
            mine = (
                (ctx.state(str(id), str(each)) for id, each in zip(ids, states, strict=True))
                if kind in BY_PARTS | ON_PAPER
                else (told[str(each)] for each in states)
            )
            never = [state == State.DECLARED.value for state in states]
            first, last = ([None if no else at for no, at in zip(never, days, strict=True)] for days in (begun, seen))
            yield from zip(keys, sites, *cells[:lead], mine, map(bool, declared), first, last, gone, *cells[lead:], ids,
                           strict=True)  # fmt: skip

    return rows()


def ledger_fields(kind: Kind) -> tuple[Field, ...]:
    """Columns after number and key: name, who answers and how it is graded, then every fact of the kind."""
    mine = of_kind(kind)
    first = [each for each in mine if each.name == "name"]
    first += [by_name()[name] for name in _LEDGER if kind in by_name()[name].kinds]
    taken = {each.name for each in first} | _LATER | _HIDDEN
    if kind is Kind.IP:
        taken.add("address")  # its key
    aged = Derivation.AGE
    rest = [each for each in mine if each.name not in taken and not (each.derived and each.derived.how is aged)]
    return (*first, *rest)


def _lead(fields: Sequence[Field]) -> int:
    """How many of the fields stand before the asset's life: name, who answers, how it is graded."""
    return sum(each.name in {"name", *_LEDGER} for each in fields)


def _heads(ctx: Context, kind: Kind, fields: Sequence[Field]) -> tuple[Column, ...]:
    charted = _CHARTED.get(kind, ())
    columns = [
        ctx.column(
            each,
            brief=each.name in _ON_PAPER or kind is Kind.DATA,
            chart=say(f"按{each.zh}", f"by {each.en}") if each.name in charted else "",
            scale=words.levels() if each.name == "system.level" else {},
        )
        for each in fields
    ]
    lead = _lead(fields)
    return (
        number_column(), Column("key", by_name()["key"].title), site_column(), *columns[:lead], *life_columns(),
        Column("findings", say("问题数", "findings"), Look.NUMBER), *columns[lead:],
        Column("id", by_name()["id"].title, brief=False),
    )  # fmt: skip


def life_columns() -> tuple[Column, ...]:
    """State, whether declared, first and last seen."""
    return (
        Column("state", by_name()["state"].title),
        Column("declared", by_name()["declared"].title, Look.FLAG),
        Column("first_seen", by_name()["first_seen"].title, Look.TIME, brief=False),
        Column("last_seen", by_name()["last_seen"].title, Look.TIME),
    )


def life(ctx: Context, values: Values) -> Cells:
    """The cells of `life_columns`."""
    state = State(str(values["state"]))
    first, last = values.get("first_seen"), values.get("last_seen")
    told = ctx.state(str(values["id"]), state.value)
    return (
        told, bool(values.get("declared")), first if isinstance(first, int) else None,
        last if isinstance(last, int) else None,
    )  # fmt: skip


# by unit or system

_COMMON = (
    "name",
    "address",
    "services.ports",
    "http.title",
    "host.os",
    "device.type",
    "network.zone",
    "owner",
    "host.addresses",
)


_COMMON_ON_PAPER = frozenset({"name", "services.ports", "http.title", "owner"})
_READ = (SITE, *_COMMON, *_LIFE, "org.name", "system.name", "system.level", "system.grade")


def _grouped(ctx: Context, by: str) -> list[Sheet]:
    """A summary, then a sheet for each unit or system, or one long sheet where they are many."""
    columns = _common_columns(ctx, by)
    place = 3 if by == "org" else 4
    counts: dict[str, Counter[str]] = {}
    groups: list[tuple[str, Rows]] = []
    for name, rows in groupby(_common_rows(ctx, by), lambda row: str(row[place] or "")):
        counts[name] = Counter()
        groups.append((name, ctx.spool.kept(_counting(rows, counts[name]))))
    what = say("责任单位", "unit") if by == "org" else say("业务系统", "system")
    sheets = [_summary(what, counts)] if counts else []
    if len(groups) > GROUPS_MOST:

        def whole() -> Iterator[Cells]:
            return numbered(chain.from_iterable(rows() for _, rows in groups))

        return [*sheets, Sheet(say("全部资产", "All assets"), columns, whole)]
    return [
        *sheets,
        *(Sheet(name or say(f"无{what}", f"no {what}"), columns, _of_group(rows)) for name, rows in groups),
    ]


def _counting(rows: Iterator[Cells], counts: Counter[str]) -> Iterator[Cells]:
    for row in rows:
        counts[str(row[0])] += 1
        yield row


def _of_group(rows: Rows) -> Rows:
    return lambda: numbered(rows())


def _summary(what: str, counts: dict[str, Counter[str]]) -> Sheet:
    kinds = [words.kind(each) for each in ASSET_KINDS]
    columns = (number_column(), Column("group", what), Column("total", say("合计", "total"), Look.NUMBER),
               *(Column(str(each), words.kind(each), Look.NUMBER) for each in ASSET_KINDS))  # fmt: skip
    rows: list[Cells] = [
        (name or say("（未确定）", "(none)"), sum(mine.values()), *(mine[each] for each in kinds))
        for name, mine in sorted(counts.items(), key=lambda one: (not one[0], -sum(one[1].values()), one[0]))
    ]
    return Sheet(say("汇总", "Summary"), columns, lambda: numbered(iter(rows)))


def _common_columns(ctx: Context, by: str) -> tuple[Column, ...]:
    """Paper shows what fits, without what the sheet's own name says."""
    facts = [ctx.column(by_name()[name], brief=name in _COMMON_ON_PAPER) for name in _COMMON]
    return (
        number_column(), Column("kind", by_name()["kind"].title), Column("key", by_name()["key"].title),
        site_column(), Column("org.name", by_name()["org.name"].title, brief=by != "org"),
        Column("system.name", by_name()["system.name"].title, brief=by != "system"),
        Column("grade", by_name()["system.level"].title, Look.NUMBER), *life_columns(), *facts,
        Column("findings", say("问题数", "findings"), Look.NUMBER),
        Column("id", by_name()["id"].title, brief=False),
    )  # fmt: skip


def _common_rows(ctx: Context, by: str) -> Iterator[Cells]:
    """Kind, key, site, unit, system, level, life, facts, findings, id; in order of unit or system, kind and key."""

    def plain() -> Iterator[Cells]:
        fields = [by_name()[name] for name in _COMMON]
        for kind, values in ctx.every(ASSET_KINDS, fields=_READ):
            own = kind is Kind.SYSTEM
            system = values.get("name") or values.get("key") if own else values.get("system.name")
            level = values.get("system.level") if own else values.get("system.grade")
            yield (
                words.kind(kind), str(values["key"]), _text(values["site"]), _text(values.get("org.name")),
                _text(system),
                level if isinstance(level, int) else None, *life(ctx, values), *ctx.cells(fields, values), None,
                str(values["id"]),
            )  # fmt: skip

    group = 3 if by == "org" else 4
    rows = ctx.sorted(plain(), place=1, by=(group, 0))
    return ctx.findings_on(rows, id=-1, into=10 + len(_COMMON))


def _text(value: object) -> str | None:
    return None if value is None else str(value)
