"""Findings as they stand now, one per rule and entity, and every transition they went through, append-only."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from secops.core.clock import Instant
from secops.core.finding import Finding, Severity, Step, Transition, finding_id
from secops.core.model import Kind
from secops.store.database import metadata
from secops.store.entities import services, table_of
from secops.store.rows import chunks, insert_new, pack, upsert

findings = sa.Table(
    "findings",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("rule", sa.Text, nullable=False),
    sa.Column("entity", sa.Text, nullable=False, index=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("site", sa.Text, nullable=False),
    sa.Column("severity", sa.Text, nullable=False),
    sa.Column("open", sa.Boolean(create_constraint=False), nullable=False),
    sa.Column("opened_at", sa.BigInteger, nullable=False),
    sa.Column("changed_at", sa.BigInteger, nullable=False),
    sa.Column("transition", sa.Integer, nullable=False),
    sa.Column("rule_digest", sa.Text, nullable=False),
    sa.Column("evidence", sa.Text, nullable=False),
    sa.Column("org_id", sa.Text, nullable=False),
    sa.Column("system_id", sa.Text, nullable=False),
    sa.Column("case", sa.Text, nullable=False),
    sa.Index("findings_by_rule", "rule", "open", "entity"),
    sa.Index("findings_by_case", "case", "open"),
)

transitions = sa.Table(
    "transitions",
    metadata,
    sa.Column("finding", sa.Text, primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("step", sa.Text, nullable=False),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Column("rule", sa.Text, nullable=False),
    sa.Column("rule_digest", sa.Text, nullable=False),
    sa.Column("severity", sa.Text, nullable=False),
    sa.Column("entity", sa.Text, nullable=False),
    sa.Column("evidence", sa.Text, nullable=False),
    sa.Column("org_id", sa.Text, nullable=False),
    sa.Column("system_id", sa.Text, nullable=False),
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which findings a list or a report is about; empty means any."""

    rules: tuple[str, ...] = ()
    severities: tuple[str, ...] = ()
    orgs: tuple[str, ...] = ()
    systems: tuple[str, ...] = ()
    entities: tuple[str, ...] = ()
    cases: tuple[str, ...] = ()
    open: bool | None = True
    """None: open and resolved ones."""

    def clauses(self) -> list[sa.ColumnElement[bool]]:
        """The conditions as SQL."""
        pairs = (
            (findings.c.rule, self.rules),
            (findings.c.severity, self.severities),
            (findings.c.org_id, self.orgs),
            (findings.c.system_id, self.systems),
            (findings.c.entity, self.entities),
            (findings.c["case"], self.cases),
        )
        out: list[sa.ColumnElement[bool]] = [column.in_(values) for column, values in pairs if values]
        return out if self.open is None else [*out, findings.c.open.is_(self.open)]


def record(connection: Connection, steps: Sequence[Transition]) -> int:
    """Write these transitions and what their findings are after them; gives how many transitions are new."""
    upsert(connection, findings, [_row(each.finding) for each in steps])
    return insert_new(connection, transitions, [_step(each) for each in steps])


def of_entities(connection: Connection, rule: str, entities: Sequence[str]) -> dict[str, Finding]:
    """The rule's findings, open or not, of these entities, by entity."""
    found: dict[str, Finding] = {}
    for part in chunks(entities):
        ids = [finding_id(rule, each) for each in part]
        for row in connection.execute(sa.select(findings).where(findings.c.id.in_(ids))).mappings():
            found[row["entity"]] = decode(row)
    return found


def listed(connection: Connection, wanted: Wanted, *, limit: int = 0) -> Iterator[Finding]:
    """The matching findings, gravest and newest first; `limit` 0 gives all."""
    rank = sa.case({str(each): each.rank for each in Severity}, value=findings.c.severity)
    chosen = (
        sa.select(findings).where(*wanted.clauses()).order_by(rank.desc(), findings.c.opened_at.desc(), findings.c.id)
    )
    chosen = chosen.limit(limit) if limit else chosen
    for row in connection.execute(chosen.execution_options(yield_per=1000)).mappings():
        yield decode(row)


def get(connection: Connection, id: str) -> Finding | None:
    """The finding of this id."""
    row = connection.execute(sa.select(findings).where(findings.c.id == id)).mappings().first()
    return None if row is None else decode(row)


def starting(connection: Connection, text: str, limit: int) -> list[Finding]:
    """At most `limit` findings whose id begins with the text."""
    near = (findings.c.id >= text, findings.c.id < text + "\U0010ffff")
    chosen = sa.select(findings).where(*near).order_by(findings.c.id).limit(limit)
    return [decode(row) for row in connection.execute(chosen).mappings()]


def open_of_rule(connection: Connection, rule: str, limit: int) -> list[Finding]:
    """At most `limit` open findings of the rule."""
    chosen = sa.select(findings).where(findings.c.rule == rule, findings.c.open.is_(True))
    return [decode(row) for row in connection.execute(chosen.limit(limit)).mappings()]


def rules_open(connection: Connection) -> frozenset[str]:
    """Ids of the rules that have open findings."""
    return frozenset(
        connection.execute(sa.select(findings.c.rule).where(findings.c.open.is_(True)).distinct()).scalars()
    )


def counts(connection: Connection) -> dict[str, int]:
    """Severity -> how many findings are open."""
    chosen = sa.select(findings.c.severity, sa.func.count()).where(findings.c.open.is_(True))
    return {str(name): int(count) for name, count in connection.execute(chosen.group_by(findings.c.severity))}


def open_by_rule(connection: Connection) -> dict[str, int]:
    """Rule -> how many of its findings are open."""
    chosen = sa.select(findings.c.rule, sa.func.count()).where(findings.c.open.is_(True)).group_by(findings.c.rule)
    return {str(rule): int(count) for rule, count in connection.execute(chosen)}


def every_open_upon(connection: Connection, most: int) -> dict[str, int] | None:
    """As `open_upon` of everything there is; None where findings are open on more than `most` entities."""
    found: dict[str, int] = {}
    own = sa.select(findings.c.entity, sa.func.count()).where(findings.c.open.is_(True))
    theirs = (
        sa.select(services.c.parent, sa.func.count())
        .join(findings, findings.c.entity == services.c.id)
        .where(findings.c.open.is_(True), services.c.parent.is_not(None))
    )
    for chosen in (own.group_by(findings.c.entity), theirs.group_by(services.c.parent)):
        for entity, count in connection.execute(chosen.limit(most + 1)):
            found[entity] = found.get(entity, 0) + int(count)
            if len(found) > most:
                return None
    return found


def open_upon(connection: Connection, entities: Sequence[str]) -> dict[str, int]:
    """Entity -> how many findings are open on it and on its services; those without any are absent."""
    found: dict[str, int] = {}
    for part in chunks(entities):
        own = sa.select(findings.c.entity, sa.func.count()).where(
            findings.c.entity.in_(part), findings.c.open.is_(True)
        )
        theirs = (
            sa.select(services.c.parent, sa.func.count())
            .join(findings, findings.c.entity == services.c.id)
            .where(services.c.parent.in_(part), findings.c.open.is_(True))
        )
        for chosen in (own.group_by(findings.c.entity), theirs.group_by(services.c.parent)):
            for entity, count in connection.execute(chosen):
                found[entity] = found.get(entity, 0) + int(count)
    return found


def among(
    connection: Connection, kind: Kind, condition: sa.ColumnElement[bool], entities: Sequence[str]
) -> frozenset[str]:
    """Which of these entities of one kind meet the condition (`compile.where`)."""
    table = table_of(kind)
    found: set[str] = set()
    for part in chunks(entities):
        found.update(connection.execute(sa.select(table.c.id).where(condition, table.c.id.in_(part))).scalars())
    return frozenset(found)


def history(connection: Connection, id: str) -> list[Mapping[str, object]]:
    """Every transition of the finding, oldest first."""
    chosen = sa.select(transitions).where(transitions.c.finding == id).order_by(transitions.c.number)
    return [dict(row) | {"evidence": json.loads(row["evidence"])} for row in connection.execute(chosen).mappings()]


def all_transitions(connection: Connection) -> Iterator[tuple[str, Step, Instant]]:
    """Id, step and time of every transition, for whoever must account for each."""
    chosen = sa.select(transitions.c.finding, transitions.c.number, transitions.c.step, transitions.c.at)
    for row in connection.execute(chosen.order_by(transitions.c.finding, transitions.c.number)):
        yield f"{row.finding}:{row.number}", Step(row.step), Instant(row.at)


def decode(row: sa.RowMapping) -> Finding:
    """The finding of a row; sets in its evidence are tuples again."""
    return Finding(
        rule=row["rule"],
        entity=row["entity"],
        kind=Kind(row["kind"]),
        site=row["site"],
        severity=Severity(row["severity"]),
        open=bool(row["open"]),
        opened_at=Instant(row["opened_at"]),
        changed_at=Instant(row["changed_at"]),
        transition=row["transition"],
        rule_digest=row["rule_digest"],
        evidence={n: tuple(v) if isinstance(v, list) else v for n, v in json.loads(row["evidence"]).items()},
        org_id=row["org_id"],
        system_id=row["system_id"],
        case=row["case"],
    )


def _row(finding: Finding) -> dict[str, object]:
    return {
        "id": finding.id,
        "rule": finding.rule,
        "entity": finding.entity,
        "kind": str(finding.kind),
        "site": finding.site,
        "severity": str(finding.severity),
        "open": finding.open,
        "opened_at": int(finding.opened_at),
        "changed_at": int(finding.changed_at),
        "transition": finding.transition,
        "rule_digest": finding.rule_digest,
        "evidence": pack(finding.evidence),
        "org_id": finding.org_id,
        "system_id": finding.system_id,
        "case": finding.case,
    }


def _step(each: Transition) -> dict[str, object]:
    finding = each.finding
    return {
        "finding": finding.id,
        "number": finding.transition,
        "step": str(each.step),
        "at": int(each.at),
        "rule": finding.rule,
        "rule_digest": finding.rule_digest,
        "severity": str(finding.severity),
        "entity": finding.entity,
        "evidence": pack(finding.evidence),
        "org_id": finding.org_id,
        "system_id": finding.system_id,
    }
