"""Suppliers: who they are, their contracts and people, and access that has run out or was never taken back."""

from collections.abc import Sequence
from datetime import date

from secops.core.language import say
from secops.core.registers import registers
from secops.deliver.reports.model import Cells, Column, Look, Report, Sheet
from secops.hall.flows.report_context import Context, number_column, numbered
from secops.hall.flows.report_register import Row, basis_of, called, cell, due_sheet, rows_of, sheet_of


def build(ctx: Context) -> Report:
    """The report. Raises UsageError."""
    contracts, staff = list(rows_of(ctx, "contract")), list(rows_of(ctx, "staff"))
    sheets = [
        _todo(ctx, contracts, staff),
        sheet_of(ctx, "supplier", chart="risk", scale=_risks()),
        sheet_of(
            ctx,
            "contract",
            contracts,
            chart="supplier",
        ),
        sheet_of(
            ctx,
            "staff",
            staff,
            chart="supplier",
        ),
        sheet_of(ctx, "repository", note=say("代码仓库与移交情况", "where the code lies")),
        due_sheet(ctx, types=("contract", "staff")),
    ]
    basis = basis_of(registers()["contract"])
    return Report(say("供应商与外包清单", "Suppliers"), ctx.facts(basis), sheets, ctx.newest)


def _risks() -> dict[str, str]:
    """The scale of risks, the gravest first."""
    column = registers()["supplier"].column("risk")
    return {each.title: each.title for each in reversed(column.choices if column else ())}


def _todo(ctx: Context, contracts: Sequence[Row], staff: Sequence[Row]) -> Sheet:
    """What somebody must do: access to take back, code to be handed over, checks that are missing."""
    columns = (
        number_column(), Column("todo", say("待办", "to do"), chart=say("按待办", "by what is to do")),
        Column("who", say("对象", "who or what")), Column("no", say("编号", "number")),
        Column("place", say("清单序号", "no. in its list"), Look.NUMBER), Column("supplier", say("供应商", "supplier")),
        Column("org.name", say("责任单位", "unit")), Column("systems.name", say("涉及系统", "systems"), code="systems"),
        Column("systems", say("涉及系统代码", "system codes"), brief=False),
        Column("day", say("日期", "day"), Look.DATE),
    )  # fmt: skip
    rows: list[Cells] = []
    for place, each in enumerate(staff, 1):
        rows += [_row(ctx, "staff", each, todo, place=place) for todo in _of_person(each, ctx.today)]
    for place, each in enumerate(contracts, 1):
        rows += [_row(ctx, "contract", each, todo, place=place) for todo in _of_contract(each, ctx.today)]
    rows.sort(key=lambda row: (str(row[0]), str(row[-1] or "")))
    note = say(
        "清单序号：外包人员或外包合同清单里的第几行；姓名脱敏时凭它与编号区分",
        "by its number and place in its list each is known",
    )
    return Sheet(say("外包待办", "To do"), columns, lambda: numbered(iter(rows)), note=note, sites=ctx.own)


def _row(ctx: Context, type: str, row: Row, todo: tuple[str, object], *, place: int) -> Cells:
    register = registers()[type]
    what, day = todo
    systems = register.column("systems")
    named = [cell(ctx, register.column(each), row.get(each)) for each in ("name", "number")]
    return (
        what, *named, place, cell(ctx, None, row.get("supplier")),
        cell(ctx, None, row.get("org.name")), called(ctx, systems, row) if systems else None,
        cell(ctx, None, row.get("systems")), cell(ctx, None, day),
    )  # fmt: skip


def _of_person(row: Row, today: date) -> list[tuple[str, object]]:
    left, until, now = str(row.get("off_date") or ""), str(row.get("access_until") or ""), today.isoformat()
    found: list[tuple[str, object]] = []
    if row.get("access_revoked") is not True:
        if left and left < now:
            found.append((say("已离场，权限未收回", "has left, access not taken back"), left))
        elif until and until < now:
            found.append((say("权限已到期，未收回", "access has run out, not taken back"), until))
    if not (left and left < now):
        if row.get("vetted") is False:
            found.append((say("未做背景审查", "not vetted"), row.get("on_date")))
        if row.get("confidential") is False:
            found.append((say("未签保密承诺", "no confidentiality signed"), row.get("on_date")))
    return found


def _of_contract(row: Row, today: date) -> list[tuple[str, object]]:
    ended, until, now = str(row.get("ends_on") or ""), str(row.get("access_until") or ""), today.isoformat()
    found: list[tuple[str, object]] = []
    if ended and ended < now and row.get("code_handed_over") is False:
        found.append((say("合同已结束，源代码未移交", "ended, code not handed over"), ended))
    if until and ended and until > ended:
        found.append((say("访问权限晚于合同结束", "access outlasts the contract"), until))
    if row.get("confidential") is False:
        found.append((say("未签保密协议", "no confidentiality signed"), row.get("starts_on")))
    return found
