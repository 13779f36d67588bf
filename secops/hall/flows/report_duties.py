"""Who answers for what (责任清单): each unit with its people, letters and how many assets; what nobody answers for."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from secops.assets.register import ORGANISATION
from secops.core.fields import by_name
from secops.core.language import say
from secops.core.model import ASSET_KINDS, Kind, State
from secops.core.registers import registers
from secops.deliver.reports import words
from secops.deliver.reports.model import SITE, Cells, Column, Look, Report, Rows, Sheet
from secops.hall.flows.report_context import Context, number_column, numbered, site_column
from secops.hall.flows.report_graded import graded
from secops.hall.flows.report_register import Row, cell, rows_of, sheet_of
from secops.hall.flows.statement import in_force
from secops.store import findings, organisations

BASIS: Final = "网络安全法第二十三条；党委（党组）网络安全工作责任制"
_READ: Final = (SITE, "org_id", "last_seen", "name", "http.title")
_COUNTED: Final = frozenset({Kind.IP, Kind.SYSTEM, Kind.WEBSITE})
"""Kinds whose number paper shows beside the number of all."""
_Unit = tuple[str, str]
"""Site and code."""
_ROLES: Final = ("competent", "operator", "regulator", "cii_protector", "builder")


def build(ctx: Context) -> Report:
    """The report. Raises UsageError."""
    duties = list(rows_of(ctx, "duty"))
    counts, nobody = _counts(ctx)
    sheets = [
        _units(ctx, duties, counts),
        sheet_of(ctx, "duty", duties, name=say("责任书", "Duties and letters")),
        Sheet(
            say("无人负责的资产", "Nobody answers"),
            _orphan_columns(),
            nobody,
            note=say("没有任何登记说明归谁负责的资产", "no declaration says who answers for it"),
        ),
    ]
    return Report(say("网络安全责任清单", "Responsibilities"), ctx.facts(BASIS, graded(ctx)), sheets, ctx.newest)


def _counts(ctx: Context) -> tuple[dict[_Unit, Counter[Kind]], Rows]:
    """Unit -> kind -> how many assets, and the rows of what has none."""
    counts: dict[_Unit, Counter[Kind]] = {}

    def orphans() -> Iterator[Cells]:
        for kind, values in ctx.every(ASSET_KINDS, fields=_READ):
            if values["state"] == State.GONE.value:
                continue
            unit = str(values.get("org_id") or "")
            counts.setdefault((str(values["site"]), unit), Counter())[kind] += 1
            if not unit:
                seen = values.get("last_seen")
                name = values.get("name") or values.get("http.title")
                yield (
                    words.kind(kind), str(values["key"]), str(values["site"]), str(name) if name else None,
                    ctx.state(str(values["id"]), str(values["state"])), seen, str(values["id"]),
                )  # fmt: skip

    kept = ctx.spool.kept(ctx.sorted(orphans(), place=1, by=(0,)))
    return counts, lambda: numbered(kept())


def _orphan_columns() -> tuple[Column, ...]:
    return (
        number_column(), Column("kind", by_name()["kind"].title, chart=say("按类别", "by kind")),
        Column("key", by_name()["key"].title), site_column(), Column("name", by_name()["name"].title),
        Column("state", by_name()["state"].title), Column("last_seen", by_name()["last_seen"].title, Look.TIME),
        Column("id", by_name()["id"].title, brief=False),
    )  # fmt: skip


def _units(ctx: Context, duties: Sequence[Row], counts: dict[_Unit, Counter[Kind]]) -> Sheet:
    """A row for each unit that is declared or has anything; of other sites those that have."""
    here = ctx.app.site
    declared = {(each.site, each.id): each for each in organisations.every(ctx.connection)}
    titles = {each.value: each.title for each in registers()["duty"].columns[1].choices}
    people: dict[str, dict[str, list[str]]] = {}
    letters: dict[str, list[str]] = {}
    for row in duties:
        unit = str(row.get("organisation") or "")
        role = str(row.get("role") or "")
        person = str(cell(ctx, registers()["duty"].column("person"), row.get("person")) or "")
        system = str(row.get("system") or "")
        who = person + (f"（{system}）" if system else "")
        people.setdefault(unit, {}).setdefault(role, []).append(who)
        if row.get("letter"):
            letters.setdefault(unit, []).append(str(row["letter"]))
    open_by = _open(ctx)
    columns = (
        number_column(),
        Column("org.name", say("责任单位", "unit")),
        site_column(),
        Column("org_id", say("代码", "code"), brief=False),
        Column("parent", say("上级单位", "parent"), brief=False),
        Column("credit_code", say("统一社会信用代码", "credit code")),
        Column("contact", say("联系人", "contact")),
        Column("phone", say("联系电话", "phone")),
        *(Column(f"role.{name}", titles[name], Look.LONG, brief=name != "builder") for name in _ROLES),
        Column("letters", say("责任书", "letters"), Look.LONG),
        *(
            Column(f"count.{each}", words.kind(each) + say("数", ""), Look.NUMBER, brief=each in _COUNTED)
            for each in ASSET_KINDS
        ),
        Column("total", say("资产合计", "assets"), Look.NUMBER),
        Column("findings", say("未整改问题", "open findings"), Look.NUMBER),
        Column("remark", say("备注", "remark"), Look.LONG, brief=False),
    )
    remarks = {
        subject.partition(":")[2]: str(payload["remark"])
        for subject, payload in in_force(ctx.app, at=ctx.at).payloads.items()
        if subject.startswith(f"{ORGANISATION}:") and payload.get("remark")
    }

    def rows() -> Iterator[Cells]:
        own = {(here, code) for code in (*ctx.units, *people)}
        for site, code in sorted({*own, *(each for each in counts if each[1])}, key=lambda one: (one[0] != here, *one)):
            if ctx.wanted.org and (site, code) != (here, ctx.wanted.org):
                continue
            unit = declared.get((site, code))
            mine = counts.get((site, code), Counter())
            persons, signed = (people.get(code, {}), letters.get(code, [])) if site == here else ({}, [])
            yield (
                ctx.unit(code, site), site, code, ctx.unit(unit.parent, site) if unit and unit.parent else None,
                unit.credit_code or None if unit else None, ctx.person(unit.contact if unit else ""),
                ctx.person(unit.phone if unit else ""),
                *("\n".join(persons.get(titles[name], [])) or None for name in _ROLES),
                "\n".join(signed) or None, *(mine[each] for each in ASSET_KINDS), sum(mine.values()),
                open_by.get((site, code), 0), remarks.get(code) if site == here else None,
            )  # fmt: skip

    return Sheet(say("责任单位", "Units"), columns, lambda: numbered(rows()))


def _open(ctx: Context) -> Counter[_Unit]:
    """Unit -> open findings."""
    return Counter((each.site, each.org_id) for each in findings.listed(ctx.connection, findings.Wanted()))
