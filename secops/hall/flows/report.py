"""Reports: the ledger of assets and the list of findings, joined with units, systems and rules, in one read view."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from secops.core.clock import CHINA, Instant, render
from secops.core.errors import StoreError, UsageError
from secops.core.fields import Derivation, Field, Sensitivity, Type, by_name, of_kind
from secops.core.finding import Finding, Severity
from secops.core.language import say
from secops.core.model import ASSET_KINDS, Entity, Kind, State
from secops.core.query import Query
from secops.deliver.reports import words
from secops.deliver.reports.model import Cell, Cells, Column, Look, Report, Sheet, counted, masked, moment
from secops.grade.rule import Rule
from secops.hall.app import App
from secops.hall.flows.grade import rules_of
from secops.hall.flows.queries import by_kind
from secops.hall.plugins import REPORT_FORMATS, load
from secops.store import compile as conditions_of
from secops.store import entities, findings
from secops.store.grading import Transaction

PAGE = 500
FORMATS: Mapping[str, tuple[str, str]] = {
    "xlsx": ("Excel 工作簿：封面、分类清单、筛选", "Excel workbook: cover, a sheet per kind, filters"),
    "csv": ("CSV（UTF-8 带 BOM），一张表", "CSV (UTF-8 with BOM), one table"),
    "html": ("单文件网页，可打印", "one self-contained page, printable"),
}
_LEDGER = ("org.name", "system.name", "system.level", "system.grade")
"""What every kind of asset tells first, where it has it."""
_LATER = frozenset({"id", "kind", "site", "key", "org_id", "system_id", "state", "declared", "first_seen", "last_seen"})
_HIDDEN = frozenset({"services.names", "tls.lifetime_age", "seen.age", "system.filing_overdue", "org.contact"})


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a report is about."""

    query: str = ""
    """In the search language; empty means everything."""
    severities: tuple[str, ...] = ()
    resolved: bool = False
    """Findings: the resolved ones too."""
    sensitive: bool = False
    """Sensitive fields in the clear."""
    unit: str = ""
    """Who made it; the setting `report.unit` where empty."""


@dataclass(frozen=True, slots=True)
class Made:
    """What was written."""

    path: Path
    format: str
    sheets: int
    rows: int
    digest: str


def make(app: App, what: str, format: str, wanted: Wanted, out: Path | None = None) -> Made:
    """Write `assets` or `findings` to `out` (default: the workspace's reports), whole or not at all.

    Raises UsageError for an unknown format, query or severity, StoreError where the file cannot be written.
    """
    if format not in REPORT_FORMATS:
        raise UsageError(
            "E6301",
            say(f"不认识的报表格式 {format}", f"unknown report format {format}"),
            hint=", ".join(REPORT_FORMATS),
        )
    build = _BUILDERS[what]
    with app.database.read() as connection:
        report = counted(build(app, connection, wanted))
        path = out or app.workspace.reports / f"{what}-{_day(app.clock.now())}.{format}"
        _write(load(REPORT_FORMATS[format]), report, path)
    return Made(path, format, len(report.sheets), sum(each.size for each in report.sheets), report.facts[-1][1])


def _write(writer: Callable[[Report, Path], None], report: Report, path: Path) -> None:
    part = path.with_name(path.name + ".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        writer(report, part)
        with part.open("rb+") as handle:
            os.fsync(handle.fileno())
        part.replace(path)
    except Exception as error:
        part.unlink(missing_ok=True)
        if not isinstance(error, OSError) and type(error).__name__ != "FileCreateError":
            raise
        raise StoreError(
            "E6302",
            say("报表文件写不出来", "the report cannot be written"),
            where=str(path),
            why=str(error),
            hint=say("检查目录、权限与磁盘空间", "check the folder, its permissions and the space"),
        ) from error


# assets


def assets(app: App, connection: Transaction, wanted: Wanted) -> Report:
    """The ledger (资产台账): a sheet per kind that has any, services last."""
    now = app.clock.now()
    sheets = []
    for kind, query in by_kind(app, wanted.query, (*ASSET_KINDS, Kind.SERVICE)):
        fields = _ledger_fields(kind)
        sheets.append(
            Sheet(
                words.kind(kind),
                _heads(fields),
                _asset_rows(connection, kind, query, fields=fields, now=now, wanted=wanted),
            )
        )
    shown = [each for each in sheets if next(each.rows(), None) is not None]
    title = say("网络资产台账", "Asset ledger")
    return Report(title, _facts(app, wanted, _newest(connection, now)), shown, _newest(connection, now))


def _ledger_fields(kind: Kind) -> tuple[Field, ...]:
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


def _heads(fields: Sequence[Field]) -> tuple[Column, ...]:
    told = [Column(each.name, each.title, _look(each)) for each in fields]
    lead = _lead(fields)
    return (
        Column("number", say("序号", "no."), Look.NUMBER),
        Column("key", by_name()["key"].title),
        *told[:lead],
        Column("state", by_name()["state"].title),
        Column("declared", by_name()["declared"].title),
        Column("first_seen", by_name()["first_seen"].title, Look.TIME),
        Column("last_seen", by_name()["last_seen"].title, Look.TIME),
        Column("findings", say("问题数", "findings"), Look.NUMBER),
        *told[lead:],
        Column("id", by_name()["id"].title),
    )


def _look(field: Field) -> Look:
    if field.type is Type.INSTANT:
        return Look.TIME
    return Look.NUMBER if field.type is Type.INTEGER else Look.TEXT


def _asset_rows(
    connection: Transaction, kind: Kind, query: Query, *, fields: Sequence[Field], now: Instant, wanted: Wanted
) -> Callable[[], Iterator[Cells]]:
    def rows() -> Iterator[Cells]:
        where = conditions_of.where(query, kind, now)
        names = [each.name for each in fields]
        lead = _lead(fields)
        ids = entities.ordered(connection, kind, where)
        for start in range(0, len(ids), PAGE):
            page = ids[start : start + PAGE]
            found = entities.by_ids(connection, page)
            values = dict(conditions_of.values(connection, kind, page, names, now))
            upon = findings.open_upon(connection, page)
            for number, id in enumerate(page, start + 1):
                facts = values[id]
                told = [_cell(field, facts.get(field.name), wanted) for field in fields]
                each = found[id]
                yield (number, each.key, *told[:lead], *_life(each), upon.get(id, 0), *told[lead:], id)

    return rows


def _life(entity: Entity) -> tuple[str, str, str, str]:
    seen = entity.state is not State.DECLARED
    return (
        words.state(entity.state),
        words.yes(entity.declared),
        moment(entity.first_seen),
        moment(entity.last_seen) if seen else "",
    )


def _cell(field: Field, value: object, wanted: Wanted) -> Cell:
    if value is None:
        return None
    if field.sensitivity is Sensitivity.SENSITIVE and not wanted.sensitive:
        return masked(_plain(field, value))
    if isinstance(value, bool):
        return words.yes(value)
    if isinstance(value, int) and field.type is not Type.INSTANT:
        return value
    return _plain(field, value)


def _plain(field: Field, value: object) -> str:
    if field.type is Type.INSTANT and isinstance(value, int):
        return moment(value)
    if isinstance(value, (tuple, list)):
        return say("、", ", ").join(str(each) for each in value)
    return words.yes(value) if isinstance(value, bool) else str(value)


# findings


def issues(app: App, connection: Transaction, wanted: Wanted) -> Report:
    """The list (问题清单): gravest first, each with basis, risk and remedy."""
    for each in wanted.severities:
        if each not in set(Severity):
            raise UsageError(
                "E6002",
                say(f"不认识的危害程度 {each}", f"unknown severity {each}"),
                hint=", ".join(Severity),
            )
    now = app.clock.now()
    conditions = dict(by_kind(app, wanted.query, (*ASSET_KINDS, Kind.SERVICE))) if wanted.query else {}
    rules = {each.id: each for each in rules_of(app).rules}
    which = findings.Wanted(severities=wanted.severities, open=None if wanted.resolved else True)

    def rows() -> Iterator[Cells]:
        number = 0
        found = findings.listed(connection, which)
        while page := list(islice(found, PAGE)):
            for each, entity, facts in _joined(connection, page, conditions, now, filtered=bool(wanted.query)):
                number += 1
                yield _finding_row(number, each, entity, facts, rules.get(each.rule), wanted=wanted)

    grades = {words.severity(each): str(each) for each in Severity}
    sheet = Sheet(say("问题清单", "Findings"), _finding_heads(), rows)
    newest = _newest(connection, now)
    return Report(say("网络安全问题清单", "Findings"), _facts(app, wanted, newest), [sheet], newest, grades)


def _joined(
    connection: Transaction, page: Sequence[Finding], conditions: Mapping[Kind, Query], now: Instant, *, filtered: bool
) -> Iterator[tuple[Finding, Entity | None, Mapping[str, object]]]:
    """The findings of a page whose entity meets the query, with entity and unit."""
    known = entities.by_ids(connection, [each.entity for each in page])
    facts: dict[str, Mapping[str, object]] = {}
    passed: set[str] = set()
    for kind in {each.kind for each in page}:
        ids = sorted({each.entity for each in page if each.kind is kind})
        names = [name for name in ("org.name", "system.name") if kind in by_name()[name].kinds]
        facts |= dict(conditions_of.values(connection, kind, ids, names, now))
        if kind in conditions:
            passed |= findings.among(connection, kind, conditions_of.where(conditions[kind], kind, now), ids)
    for each in page:
        if not filtered or each.entity in passed:
            yield each, known.get(each.entity), facts.get(each.entity, {})


def _finding_heads() -> tuple[Column, ...]:
    return (
        Column("number", say("序号", "no."), Look.NUMBER),
        Column("severity", say("危害程度", "severity"), Look.SEVERITY),
        Column("title", say("问题", "finding"), Look.LONG),
        Column("asset", say("资产", "asset"), Look.TEXT),
        Column("kind", say("资产类别", "kind"), Look.TEXT),
        Column("org", say("责任单位", "organisation"), Look.TEXT),
        Column("system", say("所属系统", "system"), Look.TEXT),
        Column("basis", say("依据", "basis"), Look.LONG),
        Column("risk", say("风险", "risk"), Look.LONG),
        Column("remedy", say("整改建议", "remedy"), Look.LONG),
        Column("evidence", say("取证", "evidence"), Look.LONG),
        Column("opened_at", say("发现时间", "found at"), Look.TIME),
        Column("state", say("状态", "state"), Look.TEXT),
        Column("rule", say("规则", "rule"), Look.TEXT),
        Column("id", say("编号", "id"), Look.TEXT),
    )


def _finding_row(
    number: int,
    finding: Finding,
    entity: Entity | None,
    facts: Mapping[str, object],
    rule: Rule | None,
    *,
    wanted: Wanted,
) -> Cells:
    evidence = say("；", "; ").join(
        f"{_title(name)} = {_cell(by_name()[name], value, wanted) if name in by_name() else value}"
        for name, value in sorted(finding.evidence.items())
    )
    return (
        number,
        words.severity(finding.severity),
        rule.title if rule else finding.rule,
        entity.key if entity else finding.entity,
        words.kind(finding.kind),
        str(facts.get("org.name") or finding.org_id),
        str(facts.get("system.name") or finding.system_id),
        "\n".join(str(each) for each in rule.basis) if rule else "",
        rule.risk if rule else "",
        rule.remedy if rule else "",
        evidence,
        moment(finding.opened_at),
        say("未整改", "open") if finding.open else say("已整改", "resolved"),
        finding.rule,
        finding.id,
    )


def _title(name: str) -> str:
    return by_name()[name].title if name in by_name() else name


# cover


def _facts(app: App, wanted: Wanted, newest: Instant) -> tuple[tuple[str, str], ...]:
    unit = wanted.unit or app.config.text("report.unit") or say("（未填写）", "(not given)")
    chosen = [wanted.query] if wanted.query else []
    chosen += [", ".join(words.severity(Severity(each)) for each in wanted.severities)] if wanted.severities else []
    hidden = say("已脱敏", "masked")
    return (
        (say("编制单位", "unit"), unit),
        (say("编制日期", "date"), render(app.clock.now())[:10]),
        (say("范围", "coverage"), say(f"站点 {app.site}", f"site {app.site}")),
        (say("依据", "basis"), say("网络安全法、GB/T 22239-2019、GB/T 22240-2020", "GB/T 22239-2019, GB/T 22240-2020")),
        (say("数据时间", "data as of"), moment(newest)),
        (say("筛选条件", "filter"), " / ".join(chosen) or say("全部", "all")),
        (say("敏感字段", "sensitive fields"), say("明文", "in the clear") if wanted.sensitive else hidden),
    )


def _newest(connection: Transaction, now: Instant) -> Instant:
    """When the newest fact was seen or the last finding moved; now for an empty inventory."""
    return findings.newest(connection) or now


def _day(now: Instant) -> str:
    return render(now, zone=CHINA)[:10].replace("-", "")


_BUILDERS: Mapping[str, Callable[[App, Transaction, Wanted], Report]] = {"assets": assets, "findings": issues}
