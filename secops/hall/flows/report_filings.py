"""The grading filing list (等保定级备案清单): tables 1 to 4 and 6 of the 2025 form, validity, assessments."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from secops.core.fields import by_name
from secops.core.language import say
from secops.core.model import Kind
from secops.core.registers import registers
from secops.deliver.reports import words
from secops.deliver.reports.model import SITE, Cells, Column, Look, Report, Rows, Sheet
from secops.hall.flows import report_filing_doubts as doubtful
from secops.hall.flows.register import listed
from secops.hall.flows.report_context import Context, Values, number_column, numbered, site_column
from secops.hall.flows.report_register import Row, rows_of, sheet_of

_SURVEYED: Final = 2
"""Level from which a unit surveys its data: 公网安〔2025〕1001号 (未核实)."""
_NAMED: Final = 8
"""Units that a note names."""
_OF_SYSTEM: Final = (
    SITE, "name", "org_id", "org.name", "system.level", "system.filing_no", "system.filing_valid_until",
    "system.assessed_on",
)  # fmt: skip


def build(ctx: Context) -> Report:
    """The report. Raises UsageError."""
    filings = list(rows_of(ctx, "filing"))
    whole = list(listed(ctx.app, "filing", at=ctx.at)) if ctx.wanted.org else filings
    systems = {str(each["key"]): each for _, each in ctx.every((Kind.SYSTEM,), ctx.here, fields=_OF_SYSTEM)}
    doubts = doubtful.of_filings(whole, systems)
    assessed = [each for each in rows_of(ctx, "certification") if each.get("type") in _djbh()]
    told = Column("doubts", say("核对", "to check"), Look.LONG)
    note = say(
        "证明有效期三年，旧证自 2025-01-01 起算，期内每完成一次测评延长一年：公网安〔2025〕1846号问 6（未核实）",
        "three years, from 2025-01-01 for older ones, a year more for each assessment within (not verified)",
    )
    sheets = [
        sheet_of(
            ctx,
            "filing",
            filings,
            name=say("备案清单", "Filings"),
            note=note,
            chart="level",
            scale=words.levels(),
            more=((told, {key: _joined(each) for key, each in doubts.items()}),),
        ),
        Sheet(
            say("系统对照", "Systems"),
            _columns(),
            _systems(ctx, whole, doubts, assessed),
            note=say(
                "在册业务系统是否备案、测评是否在一年内（三级以上每年一次）", "which systems are filed and assessed"
            ),
        ),
        sheet_of(
            ctx,
            "certification",
            assessed,
            name=say("等级测评", "Assessments"),
            without=("type",),
        ),
        _units(ctx, systems),
        sheet_of(ctx, "technology", note=_of_form("表四", "table 4"), chart="technology"),
        _surveys(ctx, systems),
    ]  # fmt: skip
    basis = say(
        "《网络安全等级保护备案表》（2025 版）；公网安〔2025〕1846号（未核实）", "the 2025 filing form (not verified)"
    )
    return Report(say("等保定级备案清单", "Grading filings"), ctx.facts(basis), sheets, ctx.newest)


def _of_form(zh: str, en: str) -> str:
    return say(f"《网络安全等级保护备案表》（2025 版）{zh}（未核实）", f"{en} of the 2025 form (not verified)")


def _units(ctx: Context, systems: Mapping[str, Values]) -> Sheet:
    """The units as the form's first table asks, with what is known of them elsewhere."""
    rows = list(rows_of(ctx, "filing_unit"))
    levels: dict[str, Counter[int]] = {}
    for each in systems.values():
        if isinstance(level := each.get("system.level"), int):
            levels.setdefault(str(each.get("org_id") or ""), Counter())[level] += 1
    codes: dict[str, str] = {}
    counts: dict[str, str] = {}
    for row in rows:
        key, unit = str(row["key"]), str(row.get("organisation") or "")
        codes[key] = ctx.units[unit].credit_code if unit in ctx.units else ""
        mine = sorted(levels.get(unit, Counter()).items())
        counts[key] = say("、", ", ").join(
            say(f"第{level}级 {many} 个", f"level {level}: {many}") for level, many in mine
        )
    more = (
        (Column("credit_code", say("统一社会信用代码", "credit code")), codes),
        (Column("systems", say("在册定级对象", "graded systems"), Look.LONG), counts),
    )
    return sheet_of(ctx, "filing_unit", rows, note=_of_form("表一", "table 1"), more=more)


def _surveys(ctx: Context, systems: Mapping[str, Values]) -> Sheet:
    """The data survey, and in its note the units that should have filled one in and did not."""
    rows = list(rows_of(ctx, "data_survey"))
    surveyed = {str(each.get("organisation") or "") for each in rows}
    surveyed |= {str(systems.get(str(each.get("system") or ""), {}).get("org_id") or "") for each in rows}
    graded = {
        str(each.get("org_id") or "") for each in systems.values() if isinstance(level := each.get("system.level"), int)
        and level >= _SURVEYED
    }  # fmt: skip
    lacking = sorted(each for each in graded - surveyed - {""} if ctx.wanted.org in {"", each})
    note = say(
        "备案表表六：按单位填，最小数据类别一类一份（公网安〔2025〕1846号问 14–16，未核实）",
        "table 6 of the form: one for each smallest class of data (not verified)",
    )
    if lacking:
        named = say("、", ", ").join(ctx.unit(each) for each in lacking[:_NAMED])
        note += say(
            f"。有二级以上系统而未见摸底的单位 {len(lacking)} 个：{named}{'等' if len(lacking) > _NAMED else ''}",
            f". Units with a system of level 2 or above and no survey, {len(lacking)}: {named}",
        )
    return sheet_of(ctx, "data_survey", rows, name=say("数据摸底调查表", "Data surveys"), note=note, chart="level")


def _joined(told: Sequence[str]) -> str:
    return say("；", "; ").join(told)


def _djbh() -> set[object]:
    column = registers()["certification"].column("type")
    return {each.title for each in (column.choices if column else ()) if each.value == "djbh"} | {"djbh"}


def _columns() -> tuple[Column, ...]:
    return (
        number_column(),
        Column("system.code", say("系统代码", "code")),
        site_column(),
        Column("name", say("系统名称", "system")),
        Column("org.name", say("责任单位", "unit")),
        Column("system.level", by_name()["system.level"].title, Look.NUMBER),
        Column("filed", say("已备案", "filed"), Look.FLAG, chart=say("是否备案", "filed or not")),
        Column("system.filing_no", by_name()["system.filing_no"].title),
        Column("system.filing_valid_until", by_name()["system.filing_valid_until"].title, Look.TIME),
        Column("days", say("剩余天数", "days left"), Look.NUMBER),
        Column("system.assessed_on", by_name()["system.assessed_on"].title, Look.TIME),
        Column("todo", say("待办", "to do"), Look.LONG),
    )


def _systems(ctx: Context, filings: Sequence[Row], doubts: Mapping[str, list[str]], assessed: Sequence[Row]) -> Rows:
    rows: dict[str, list[Row]] = {}
    for each in filings:
        rows.setdefault(str(each.get("system") or ""), []).append(each)
    days: dict[str, list[str]] = {}
    for each in assessed:
        days.setdefault(str(each.get("system") or ""), []).append(str(each.get("done_on") or ""))

    def plain() -> Iterator[Cells]:
        for _, values in ctx.every((Kind.SYSTEM,), fields=_OF_SYSTEM):
            if ctx.wanted.org and ctx.wanted.org not in {values.get("org_id"), values.get("org.name")}:
                continue
            level, until, done = (
                values.get(f"system.{name}") for name in ("level", "filing_valid_until", "assessed_on")
            )
            number = values.get("system.filing_no")
            code = str(values["key"])
            own = values["site"] == ctx.app.site
            mine = rows.get(code, []) if own else []
            known = bool(number) or any(map(doubtful.filed, mine))
            left = ctx.days_until(until) if isinstance(until, int) else None
            todo = []
            if isinstance(level, int) and level >= 2 and not known:
                todo.append(say("二级以上未见备案", "level 2 or above, no filing known"))
            if left is not None and left < 0:
                todo.append(say("备案证明已过期", "filing out of date"))
            elif left is not None and left <= 92:
                todo.append(say("三个月内到期，可申请延期", "runs out within three months"))
            if isinstance(level, int) and level >= 3:
                if not isinstance(done, int):
                    todo.append(say("未见测评记录", "no assessment known"))
                elif -ctx.days_until(done) > 366:
                    todo.append(say("测评超过一年", "assessed more than a year ago"))
            todo += [told for each in mine for told in doubts[str(each["key"])]]
            todo += filter(None, [doubtful.of_assessments(values, days.get(code, []) if own else [])])
            yield (
                code, values["site"], values.get("name"), values.get("org.name"), level, known, number, until, left,
                done, _joined(todo) or None,
            )  # fmt: skip

    return lambda: numbered(ctx.sorted(plain(), place=0, by=(3,)))
