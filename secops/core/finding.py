"""A finding: one rule holding for one entity, over time. Every transition is an alert."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache

from secops.core.clock import Instant
from secops.core.ids import derive
from secops.core.model import Kind


class Severity(StrEnum):
    """危害程度, in the words of Chinese notices: 紧急, 高危, 中危, 低危, 提示."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    INFO = "info"

    @property
    def rank(self) -> int:
        """0 for info … 4 for critical."""
        return 4 - list(Severity).index(self)


class Step(StrEnum):
    """What happened to a finding."""

    OPENED = "opened"
    CHANGED = "changed"
    """Still open, but its evidence, rule text or responsible unit is another."""
    RESOLVED = "resolved"
    REOPENED = "reopened"


@lru_cache(maxsize=1 << 16)
def finding_id(rule: str, entity: str) -> str:
    """One finding per rule and entity, for ever."""
    return derive("fnd", rule, entity)


@lru_cache(maxsize=1 << 12)
def case_id(site: str, rule: str, org_id: str, system_id: str) -> str:
    """One case per rule, responsible unit and system: nobody notifies a million findings."""
    return derive("case", site, rule, org_id, system_id)


@dataclass(frozen=True, slots=True)
class Finding:
    """The present state of one finding."""

    rule: str
    entity: str
    kind: Kind
    site: str
    severity: Severity
    open: bool
    opened_at: Instant
    changed_at: Instant
    transition: int
    """Number of its last transition, from 1."""
    rule_digest: str
    evidence: Mapping[str, object] = field(default_factory=dict)
    """Values met: field -> value, at the last transition."""
    org_id: str = ""
    system_id: str = ""
    case: str = ""
    """Empty below the severity from which cases are opened."""

    @property
    def id(self) -> str:
        """Derived from rule and entity."""
        return finding_id(self.rule, self.entity)


@dataclass(frozen=True, slots=True)
class Transition:
    """One step of one finding; its id is the alert's id everywhere."""

    finding: Finding
    step: Step
    at: Instant

    @property
    def id(self) -> str:
        """`finding id:number`."""
        return f"{self.finding.id}:{self.finding.transition}"


class CaseState(StrEnum):
    """Where a case (问题通报) stands; later rooms add verified, notified and reviewed."""

    OPEN = "open"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Case:
    """The open findings of one rule for one responsible unit and system."""

    site: str
    rule: str
    org_id: str
    system_id: str
    severity: Severity
    state: CaseState
    opened_at: Instant
    changed_at: Instant
    findings: int = 0
    """How many of its findings are open."""

    @property
    def id(self) -> str:
        """Derived from site, rule, unit and system."""
        return case_id(self.site, self.rule, self.org_id, self.system_id)
