"""Registers as sheets: any of them by its own columns, and what of all of them runs out."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta

from secops.core.fields import Sensitivity
from secops.core.language import say
from secops.core.register import RegisterColumn, RegisterType, Shape
from secops.core.registers import REGISTERS, registers
from secops.deliver.reports.model import Cell, Cells, Column, Look, Report, Sheet, masked
from secops.hall.flows.register import listed, register_of
from secops.hall.flows.report_context import Context, number_column, numbered

Row = Mapping[str, object]
_LOOKS = {
    Shape.LONG: Look.LONG, Shape.TEXTS: Look.LONG, Shape.INTEGER: Look.NUMBER, Shape.NUMBER: Look.DECIMAL,
    Shape.DATE: Look.DATE, Shape.FLAG: Look.FLAG,
}  # fmt: skip
BRIEF = 11
"""Columns of a register that paper shows."""


def build(ctx: Context) -> Report:
    """One register, whole. Raises UsageError for one there is not."""
    register = register_of(ctx.wanted.type)
    sheet = sheet_of(ctx, register.id)
    return Report(say(f"{register.zh}台账", register.en), ctx.facts(basis_of(register)), [sheet], ctx.newest)


def basis_of(register: RegisterType) -> str:
    """The rule a register's columns come from, and whether its text was at hand."""
    return register.basis if register.verified else register.basis + say("（未核实）", " (not verified)")


def rows_of(ctx: Context, type: str, **where: object) -> Iterator[dict[str, object]]:
    """The rows of a register, of the unit asked for. Raises UsageError."""
    return listed(ctx.app, type, org=ctx.wanted.org, at=ctx.at, **where)  # type: ignore[arg-type]  # the names are its own


def sheet_of(
    ctx: Context, type: str, found: Iterable[Row] | None = None, *, name: str = "", note: str = "",
    first: Sequence[str] = (), without: Sequence[str] = (), chart: str = "", brief: int = BRIEF,
    more: Sequence[tuple[Column, Mapping[str, str]]] = (),
) -> Sheet:  # fmt: skip
    """A register as a sheet. `found`: these rows; `first`: columns moved to the front; `chart`: a column charted.

    `brief`: how many of its columns paper shows; `more`: columns after them, their words by the key of the row.
    """
    register = registers()[type]
    rows = list(rows_of(ctx, type)) if found is None else list(found)
    columns = [each for each in register.columns if each.name not in without]
    columns.sort(key=lambda each: first.index(each.name) if each.name in first else len(first))
    unit = any(each.name == "organisation" for each in columns)
    heads: list[Column] = [number_column()]
    for place, each in enumerate(columns):
        title = say("单位代码", "unit code") if each.name == "organisation" else each.title
        charted = say(f"按{each.zh}", f"by {each.en}") if each.name == chart else ""
        heads.append(Column(each.name, title, _look(ctx, each), place < brief and each.name != "organisation", charted))
    if unit:
        at = next(place for place, each in enumerate(heads) if each.key == "organisation")
        heads.insert(at, Column("org.name", say("责任单位", "unit")))
    if register.expires:
        if not any(each.name == "valid_until" for each in columns):
            heads.append(Column("valid_until", say("有效期至", "valid until"), Look.DATE))
        heads.append(Column("state", say("状态", "state")))
    told = [
        (*_cells(ctx, register, each, heads[1:]), *(texts.get(str(each["key"])) or None for _, texts in more))
        for each in rows
    ]
    heads += [column for column, _ in more]
    return Sheet(name or register.title, heads, lambda: numbered(iter(told)), note=note)


def _look(ctx: Context, column: RegisterColumn) -> Look:
    if not ctx.sight.clear(column.sensitivity):
        return Look.TEXT
    return _LOOKS.get(column.shape, Look.TEXT)


def _cells(ctx: Context, register: RegisterType, row: Row, heads: Sequence[Column]) -> Cells:
    own = {each.name: each for each in register.columns}
    return tuple(
        state(row.get(each.key)) if each.key == "state" and "state" not in own
        else cell(ctx, own.get(each.key), row.get(each.key))
        for each in heads
    )  # fmt: skip


def cell(ctx: Context, column: RegisterColumn | None, value: object) -> Cell:
    """A value of a register as a cell, masked where the role may not see it."""
    if value is None or value == "":
        return None
    if isinstance(value, (list, tuple)):
        value = say("、", ", ").join(str(each) for each in value)
    if column is not None:
        if column.sensitivity is Sensitivity.SENSITIVE:
            ctx.masks = True
        if not ctx.sight.clear(column.sensitivity):
            return masked(str(value))
    return value if isinstance(value, (str, bool, int, float)) else str(value)


def state(word: object) -> str:
    """Whether a row is out of date, in words."""
    words = {"expired": say("已到期", "expired"), "valid": say("有效", "valid"), "soon": say("将到期", "runs out")}
    return words.get(str(word or ""), "")


def due_sheet(ctx: Context, *, types: Sequence[str] = (), name: str = "") -> Sheet:
    """What of the registers is out of date, or will be within the days asked for; the latest first."""
    limit = ctx.today + timedelta(days=ctx.wanted.within)
    rows: list[tuple[str, Cells]] = []
    for register in REGISTERS:
        if not register.expires or (types and register.id not in types):
            continue
        for row in rows_of(ctx, register.id, within=ctx.wanted.within):
            until = str(row.get("valid_until") or "")
            if register.id == "staff" and row.get("access_revoked") is True:
                continue
            left = (date.fromisoformat(until) - ctx.today).days
            what = row.get("name") or row.get("system") or row.get("organisation") or row["key"]
            own = register.column("name") if row.get("name") else None
            rows.append((until, (
                register.title, cell(ctx, own, what), cell(ctx, register.column("number"), row.get("number")),
                str(row.get("org.name") or "") or None,
                str(row.get("system") or "") or None, until, state("expired" if left < 0 else "soon"), left,
            )))  # fmt: skip
    told = [cells for _, cells in sorted(rows, key=lambda one: one[0])]
    columns = (
        number_column(), Column("register", say("台账", "register"), chart=say("按台账", "by register")),
        Column("name", say("名称", "name")), Column("no", say("编号", "number")),
        Column("org.name", say("责任单位", "unit")),
        Column("system", say("业务系统", "system")), Column("valid_until", say("有效期至", "valid until"), Look.DATE),
        Column("state", say("状态", "state")), Column("days", say("剩余天数", "days left"), Look.NUMBER),
    )  # fmt: skip
    note = say(f"{limit.isoformat()} 前到期的和已到期的登记", f"what runs out before {limit.isoformat()}, or has")
    return Sheet(name or say("到期与将到期", "Running out"), columns, lambda: numbered(iter(told)), note=note)
