"""Algorithms and new technology: filing, review, use, supervision, safety assessment; and what is missing of each."""

from collections.abc import Sequence

from secops.core.language import say
from secops.core.registers import registers
from secops.deliver.reports.model import Cells, Column, Look, Report, Sheet
from secops.hall.flows.report_context import Context, number_column, numbered
from secops.hall.flows.report_register import Row, basis_of, cell, rows_of, sheet_of

_STEPS = (
    ("filing_no", "备案", "filed"), ("reviewed_on", "审核", "reviewed"), ("assessed_on", "安全评估", "assessed"),
    ("supervised_on", "监督检查", "supervised"), ("responsible", "明确安全责任人", "a responsible person"),
)  # fmt: skip


def build(ctx: Context) -> Report:
    """The report. Raises UsageError."""
    rows = list(rows_of(ctx, "algorithm"))
    sheets = [
        sheet_of(ctx, "algorithm", rows, chart="kind", first=("name", "kind", "organisation", "system", "role",
                 "filing_no", "reviewed_on", "assessed_on", "supervised_on", "in_use_since")),
        _missing(ctx, [each for each in rows if not each.get("stopped_on")]),
        sheet_of(ctx, "filing", [each for each in rows_of(ctx, "filing") if each.get("technologies")],
                 name=say("定级对象的新技术应用", "New technology of filed systems"),
                 first=("system", "organisation", "technologies", "level", "number", "filed_on")),
    ]  # fmt: skip
    basis = basis_of(registers()["algorithm"])
    return Report(say("算法与新技术清单", "Algorithms"), ctx.facts(basis), sheets, ctx.newest)


def _missing(ctx: Context, rows: Sequence[Row]) -> Sheet:
    """Each that is in use and lacks a step."""
    columns = (
        number_column(), Column("name", say("名称", "name")), Column("kind", say("类型", "kind")),
        Column("org.name", say("责任单位", "unit")), Column("system.name", say("业务系统", "system"), code="system"),
        Column("system", say("业务系统代码", "system code"), brief=False),
        *(Column(name, say(zh, en), Look.FLAG) for name, zh, en in _STEPS),
        Column("todo", say("缺少", "lacks"), Look.LONG),
    )  # fmt: skip
    told: list[Cells] = []
    for each in rows:
        has = [each.get(name) not in (None, "") for name, _, _ in _STEPS]
        lacks = say("、", ", ").join(say(zh, en) for (_, zh, en), here in zip(_STEPS, has, strict=True) if not here)
        if lacks:
            told.append((
                *(cell(ctx, None, each.get(name)) for name in ("name", "kind", "org.name")),
                ctx.called("system", str(each.get("system") or "")) or None, cell(ctx, None, each.get("system")),
                *has, lacks,
            ))  # fmt: skip
    return Sheet(say("环节缺失", "Steps missing"), columns, lambda: numbered(iter(told)), sites=ctx.own)
