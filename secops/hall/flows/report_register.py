"""Registers as sheets: any of them by its own columns, and what of all of them runs out."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from types import MappingProxyType

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
BRIEF = 10
"""Columns of a register that paper shows."""
NAMED = frozenset({"organisation", "system", "data"})
"""What is named by a code in a register's cells and has a name of its own."""
WEIGHTY: Mapping[str, tuple[str, ...]] = {
    "duty": ("organisation", "role", "system", "person", "title", "phone", "letter", "signed_on", "valid_until"),
    "contract": ("name", "number", "supplier", "organisation", "systems", "starts_on", "ends_on", "access_until",
                 "code_handed_over", "confidential"),
    "staff": ("name", "number", "supplier", "organisation", "systems", "on_date", "off_date", "access_until",
              "access_revoked", "vetted"),
    "app": ("name", "form", "organisation", "system", "ipv6", "filing_no", "icp", "online_on", "version", "supplier"),
    "filing": ("system", "organisation", "level", "level_s", "level_a", "number", "filed_on", "valid_until", "police",
               "graded_on", "object_type", "network"),
    "filing_unit": ("organisation", "region_code", "affiliation", "unit_type", "industry", "leader",
                    "security_department", "security_person", "data_department", "data_person"),
    "technology": ("system", "technology", "role", "service_mode", "deployment_mode", "provider", "platform",
                   "platform_level", "platform_number", "cross_border"),
    "data_survey": ("name", "level", "category", "organisation", "system", "volume_gb", "records_10k", "platform",
                    "personal", "department"),
    "certification": ("system", "type", "done_on", "conclusion", "score", "serious_risks", "agency", "report_no",
                      "valid_until"),
    "crypto": ("name", "product_type", "vendor", "model", "certificate_no", "certificate_until", "algorithms",
               "organisation", "system", "purpose"),
    "xinchuang": ("product", "category", "vendor", "version", "organisation", "system", "quantity", "state",
                  "planned_on", "listed"),
    "algorithm": ("name", "kind", "organisation", "system", "role", "filing_no", "filed_on", "reviewed_on",
                  "assessed_on", "responsible"),
    "interface": ("name", "data", "provider", "system", "consumer", "consumer_system", "method", "approval",
                  "approved_on", "valid_until"),
    "component": ("name", "version", "system", "repository", "licences", "supplier_name", "purl"),
    "backup": ("system", "object", "method", "frequency", "place", "offsite", "rpo_minutes", "rto_minutes",
               "last_backup_on", "last_drill_on"),
}  # fmt: skip
"""What weighs most of a register: it leads the sheet, and is what paper has room for. Of others, the form's order."""
Spot = tuple[Column, Callable[[Row], Cell]]
"""A column and what tells its cell of a row."""


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
    first: Sequence[str] = (), without: Sequence[str] = (), chart: str = "",
    scale: Mapping[str, str] = MappingProxyType({}), more: Sequence[tuple[Column, Mapping[str, str]]] = (),
) -> Sheet:  # fmt: skip
    """A register as a sheet. `found`: these rows; `first`: what leads it, else what weighs most; `chart`: one charted.

    `scale`: the order of what is charted, where it has one. Paper shows what leads it, as far as there is room.
    `more`: columns after them, their words by the key of the row.
    """
    register = registers()[type]
    rows = list(rows_of(ctx, type)) if found is None else list(found)
    order = first or WEIGHTY.get(type) or tuple(each.name for each in register.columns)
    paper = [each for each in order if each not in without][:BRIEF]
    columns = [each for each in register.columns if each.name not in without]
    columns.sort(key=lambda each: order.index(each.name) if each.name in order else len(order))
    spots = [
        spot
        for each in columns
        for spot in _spots(ctx, each, brief=each.name in paper, charted=each.name == chart, scale=scale)
    ]  # fmt: skip
    if register.expires:
        if register.column("valid_until") is None:  # the day it expires on has a column of its own
            until = Column("valid_until", say("有效期至", "valid until"), Look.DATE, brief=False)
            spots.append((until, lambda row: cell(ctx, None, row.get("valid_until"))))
        spots.append((Column("state", say("状态", "state")), lambda row: state(row.get("state"))))
    spots += [(column, lambda row, texts=texts: texts.get(str(row["key"])) or None) for column, texts in more]  # type: ignore[misc]  # bound now
    told = [tuple(tell(each) for _, tell in spots) for each in rows]
    heads = [number_column(), *(column for column, _ in spots)]
    return Sheet(name or register.title, heads, lambda: numbered(iter(told)), note=note, sites=ctx.own)


def _spots(
    ctx: Context, column: RegisterColumn, *, brief: bool, charted: bool, scale: Mapping[str, str]
) -> Iterator[Spot]:
    """The column, and of what names a thing by its code the name before it: paper shows that one."""
    told = say(f"按{column.zh}", f"by {column.en}") if charted else ""
    named = column.refers in NAMED
    title = column.title
    if named:
        key = {"organisation": "org.name"}.get(column.name, f"{column.name}.name")
        code = "" if column.refers == "organisation" else column.name
        yield Column(key, title, Look.TEXT, brief, told, code), lambda row: called(ctx, column, row)
        title = say("单位代码", "unit code") if column.name == "organisation" else title + say("代码", " code")
    look = _LOOKS.get(column.shape, Look.TEXT) if ctx.sight.clear(column.sensitivity) else Look.TEXT
    yield (
        Column(column.name, title, look, brief and not named, "" if named else told, scale=scale if charted else {}),
        lambda row: cell(ctx, column, row.get(column.name)),
    )


def called(ctx: Context, column: RegisterColumn, row: Row) -> Cell:
    """The names of what a cell names by code; of a row that names no unit the one of its system."""
    value = row.get(column.name)
    if not value and column.name == "organisation":
        return ctx.unit_of(str(row.get("system") or "")) or None
    codes = value if isinstance(value, (list, tuple)) else (value,) if value else ()
    return say("、", ", ").join(ctx.called(column.refers, str(each)) for each in codes) or None


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
            own = register.column("name") if row.get("name") else None
            first = next((each for each in register.columns if row.get(each.name)), register.columns[0])
            what = (
                cell(ctx, own, row["name"]) if own else called(ctx, first, row) if first.refers in NAMED else row["key"]
            )
            systems = register.column("system") or register.column("systems")
            rows.append((until, (
                register.title, cell(ctx, None, what), cell(ctx, register.column("number"), row.get("number")),
                str(row.get("org.name") or ctx.unit_of(str(row.get("system") or ""))) or None,
                called(ctx, systems, row) if systems else None,
                cell(ctx, systems, row.get(systems.name)) if systems else None,
                until, state("expired" if left < 0 else "soon"), left,
            )))  # fmt: skip
    told = [cells for _, cells in sorted(rows, key=lambda one: one[0])]
    columns = (
        number_column(), Column("register", say("台账", "register"), chart=say("按台账", "by register")),
        Column("name", say("名称", "name")), Column("no", say("编号", "number")),
        Column("org.name", say("责任单位", "unit")),
        Column("system.name", say("业务系统", "system"), code="system"),
        Column("system", say("业务系统代码", "system code"), brief=False),
        Column("valid_until", say("有效期至", "valid until"), Look.DATE),
        Column("state", say("状态", "state")), Column("days", say("剩余天数", "days left"), Look.NUMBER),
    )  # fmt: skip
    note = say(f"{limit.isoformat()} 前到期的和已到期的登记", f"what runs out before {limit.isoformat()}, or has")
    return Sheet(
        name or say("到期与将到期", "Running out"), columns, lambda: numbered(iter(told)), note=note, sites=ctx.own
    )
