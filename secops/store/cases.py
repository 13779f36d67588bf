"""Cases (问题通报): the open findings of one rule for one responsible unit and system, counted where they change."""

from collections.abc import Collection, Iterator, Mapping

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from secops.core.clock import Instant
from secops.core.finding import Case, CaseState, Finding, Severity
from secops.store.database import metadata
from secops.store.findings import findings
from secops.store.rows import chunks, upsert

cases = sa.Table(
    "cases",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("site", sa.Text, nullable=False),
    sa.Column("rule", sa.Text, nullable=False),
    sa.Column("org_id", sa.Text, nullable=False),
    sa.Column("system_id", sa.Text, nullable=False),
    sa.Column("severity", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False, index=True),
    sa.Column("opened_at", sa.BigInteger, nullable=False),
    sa.Column("changed_at", sa.BigInteger, nullable=False),
    sa.Column("findings", sa.Integer, nullable=False),
)


def settle(connection: Connection, touched: Mapping[str, Finding], now: Instant) -> tuple[int, int]:
    """Count the open findings of these cases (id -> one finding of each) anew; gives how many opened and closed.

    Call it in the transaction that wrote the findings.
    """
    before = {each.id: each for each in by_ids(connection, list(touched))}
    open_now = _open(connection, list(touched))
    rows: list[dict[str, object]] = []
    opened = closed = 0
    for id, finding in touched.items():
        known, count = before.get(id), open_now.get(id, 0)
        if known is None and count == 0:
            continue
        state = CaseState.OPEN if count else CaseState.CLOSED
        fresh = known is None or (known.state is CaseState.CLOSED and state is CaseState.OPEN)
        opened += fresh
        closed += known is not None and known.state is CaseState.OPEN and state is CaseState.CLOSED
        if known is not None and (known.findings, known.state) == (count, state) and known.severity is finding.severity:
            continue
        rows.append(
            {
                "id": id,
                "site": finding.site,
                "rule": finding.rule,
                "org_id": known.org_id if known else finding.org_id,
                "system_id": known.system_id if known else finding.system_id,
                "severity": str(finding.severity),
                "state": str(state),
                "opened_at": int(now) if fresh or known is None else int(known.opened_at),
                "changed_at": int(now),
                "findings": count,
            }
        )
    upsert(connection, cases, rows)
    return opened, closed


def by_ids(connection: Connection, ids: Collection[str]) -> Iterator[Case]:
    """These cases, as they stand."""
    for part in chunks(sorted(ids)):
        for row in connection.execute(sa.select(cases).where(cases.c.id.in_(part))):
            yield _decode(row)


def listed(connection: Connection, *, state: CaseState | None = CaseState.OPEN) -> Iterator[Case]:
    """Cases, gravest and oldest first; all of them where `state` is None."""
    rank = sa.case({str(each): each.rank for each in Severity}, value=cases.c.severity)
    chosen = sa.select(cases).order_by(rank.desc(), cases.c.opened_at, cases.c.id)
    for row in connection.execute(chosen if state is None else chosen.where(cases.c.state == str(state))):
        yield _decode(row)


def _open(connection: Connection, ids: Collection[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    column = findings.c["case"]
    for part in chunks(sorted(ids)):
        chosen = sa.select(column, sa.func.count()).where(column.in_(part), findings.c.open.is_(True)).group_by(column)
        found |= {str(id): int(count) for id, count in connection.execute(chosen)}
    return found


def _decode(row: sa.Row[tuple[object, ...]]) -> Case:
    return Case(
        site=row.site,
        rule=row.rule,
        org_id=row.org_id,
        system_id=row.system_id,
        severity=Severity(row.severity),
        state=CaseState(row.state),
        opened_at=Instant(row.opened_at),
        changed_at=Instant(row.changed_at),
        findings=row.findings,
    )
