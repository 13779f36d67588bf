"""How a finding moves. Pure: what was known of it and what the rule says now give the next step, or none.

Undecided moves nothing: an open finding stays open because nobody has seen it fixed, and none is opened on a guess.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from secops.core.clock import Instant
from secops.core.finding import Finding, Severity, Step, Transition, case_id
from secops.core.model import Kind, Value
from secops.grade.rule import Outcome, Rule


@dataclass(frozen=True, slots=True)
class Sighting:
    """The entity as the rule met it."""

    entity: str
    kind: Kind
    site: str
    org_id: str = ""
    system_id: str = ""
    evidence: Mapping[str, Value] = field(default_factory=dict)


def advance(
    rule: Rule,
    before: Finding | None,
    outcome: Outcome,
    met: Sighting | None,
    now: Instant,
    *,
    cases_from: Severity = Severity.MEDIUM,
) -> Transition | None:
    """The next transition of this finding, None where it stays as it is. A match needs the sighting `met`."""
    if outcome is Outcome.UNDECIDED:
        return None
    if outcome is Outcome.NOT_MATCHED:
        return resolve(before, now)
    assert met is not None
    case = ""
    if rule.severity.rank >= cases_from.rank:
        case = case_id(met.site, rule.id, met.org_id, met.system_id)
    after = Finding(
        rule=rule.id,
        entity=met.entity,
        kind=met.kind,
        site=met.site,
        severity=rule.severity,
        open=True,
        opened_at=before.opened_at if before is not None and before.open else now,
        changed_at=now,
        transition=before.transition + 1 if before is not None else 1,
        rule_digest=rule.digest,
        evidence=dict(met.evidence),
        org_id=met.org_id,
        system_id=met.system_id,
        case=case,
    )
    if before is None:
        return Transition(after, Step.OPENED, now)
    if not before.open:
        return Transition(after, Step.REOPENED, now)
    same = replace(after, changed_at=before.changed_at, transition=before.transition) == before
    return None if same else Transition(after, Step.CHANGED, now)


def resolve(before: Finding | None, now: Instant) -> Transition | None:
    """The end of an open finding: its entity no longer breaks the rule, is gone, or the rule was taken away."""
    if before is None or not before.open:
        return None
    after = replace(before, open=False, changed_at=now, transition=before.transition + 1)
    return Transition(after, Step.RESOLVED, now)
