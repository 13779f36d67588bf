"""The list of findings (问题清单): gravest first, each with basis, risk and remedy."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice

from secops.core.errors import UsageError
from secops.core.fields import by_name
from secops.core.finding import Finding, Severity
from secops.core.language import say
from secops.core.model import ASSET_KINDS, Entity, Kind
from secops.core.query import Query
from secops.deliver.reports import words
from secops.deliver.reports.model import Cells, Column, Look, Report, Sheet
from secops.grade.rule import Rule
from secops.hall.flows.grade import rules_of
from secops.hall.flows.report_assets import BASIS
from secops.hall.flows.report_context import PAGE, Context, number_column, plain, site_column
from secops.hall.flows.report_graded import graded
from secops.store import compile as conditions_of
from secops.store import entities, findings

_Joined = tuple[Finding, Entity | None, Mapping[str, object]]
"""A finding, its entity, unit and system."""


def build(ctx: Context) -> Report:
    """The list. Raises UsageError."""
    wanted = ctx.wanted
    for each in wanted.severities:
        if each not in set(Severity):
            raise UsageError(
                "E6002",
                say(f"不认识的危害程度 {each}", f"unknown severity {each}"),
                hint=", ".join(Severity),
            )
    conditions = dict(ctx.parsed((*ASSET_KINDS, Kind.SERVICE))) if wanted.query else {}
    rules = {each.id: each for each in rules_of(ctx.app).rules}
    which = findings.Wanted(
        severities=wanted.severities, open=None if wanted.resolved else True, orgs=(wanted.org,) if wanted.org else ()
    )
    ctx.masks = True  # evidence may hold any field

    def rows() -> Iterator[Cells]:
        number = 0
        found = findings.listed(ctx.connection, which)
        while page := list(islice(found, PAGE)):
            for each in _joined(ctx, page, conditions):
                number += 1
                yield _row(ctx, number, each, rules.get(each[0].rule))

    grades = {words.severity(each): str(each) for each in Severity}
    sheet = Sheet(say("问题清单", "Findings"), _heads(), rows)
    return Report(say("网络安全问题清单", "Findings"), ctx.facts(BASIS, graded(ctx)), [sheet], ctx.newest, grades)


def _joined(ctx: Context, page: Sequence[Finding], conditions: Mapping[Kind, Query]) -> Iterator[_Joined]:
    """The findings of a page whose entity meets the query, with entity and unit."""
    connection, now = ctx.connection, ctx.now
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
        if (not conditions or each.entity in passed) and not (ctx.wanted.org and each.site != ctx.app.site):
            yield each, known.get(each.entity), facts.get(each.entity, {})


def _heads() -> tuple[Column, ...]:
    return (
        number_column(),
        Column(
            "severity",
            say("危害程度", "severity"),
            Look.SEVERITY,
            chart=say("按危害程度", "by severity"),
            scale=words.severities(),
        ),
        Column("title", say("问题", "finding"), Look.LONG, chart=say("按问题", "by finding")),
        Column("asset", say("资产", "asset"), Look.TEXT),
        site_column(),
        Column("kind", say("资产类别", "kind"), Look.TEXT),
        Column("org", say("责任单位", "organisation"), Look.TEXT, chart=say("按责任单位", "by unit")),
        Column("system", say("所属系统", "system"), Look.TEXT),
        Column("basis", say("依据", "basis"), Look.LONG, brief=False),
        Column("risk", say("风险", "risk"), Look.LONG, brief=False),
        Column("remedy", say("整改建议", "remedy"), Look.LONG),
        Column("evidence", say("取证", "evidence"), Look.LONG),
        Column("opened_at", say("发现时间", "found at"), Look.TIME),
        Column("state", say("状态", "state"), Look.TEXT),
        Column("rule", say("规则", "rule"), Look.TEXT, brief=False),
        Column("id", say("编号", "id"), Look.TEXT, brief=False),
    )


def _row(ctx: Context, number: int, found: _Joined, rule: Rule | None) -> Cells:
    finding, entity, facts = found
    return (
        number,
        words.severity(finding.severity),
        rule.title if rule else finding.rule,
        entity.key if entity else finding.entity,
        finding.site,
        words.kind(finding.kind),
        str(facts.get("org.name") or finding.org_id),
        str(facts.get("system.name") or finding.system_id),
        "\n".join(str(each) for each in rule.basis) if rule else "",
        rule.risk if rule else "",
        rule.remedy if rule else "",
        say("；", "; ").join(_evidence(ctx, *each) for each in sorted(finding.evidence.items())),
        int(finding.opened_at),
        say("未整改", "open") if finding.open else say("已整改", "resolved"),
        finding.rule,
        finding.id,
    )


def _evidence(ctx: Context, name: str, value: object) -> str:
    field = by_name().get(name)
    if field is None:
        return f"{name} = {value}"
    cell = ctx.cell(field, value)
    return f"{field.title} = {plain(field, cell) if not isinstance(cell, str) else cell}"
