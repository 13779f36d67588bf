from secops.core.clock import Instant
from secops.core.finding import Case, CaseState, Finding, Severity, Step, Transition, case_id, finding_id
from secops.core.model import Kind


def test_severities_are_ordered() -> None:
    """Critical ranks above high, and info is zero."""
    assert (
        Severity.CRITICAL.rank > Severity.HIGH.rank > Severity.MEDIUM.rank > Severity.LOW.rank > Severity.INFO.rank == 0
    )


def test_a_transition_is_known_by_finding_and_number() -> None:
    """The alert's id is the finding's id and the number of the transition."""
    finding = Finding("r", "ip-1", Kind.IP, "gz", Severity.HIGH, True, Instant(1), Instant(1), 3, "d")
    assert Transition(finding, Step.REOPENED, Instant(1)).id == f"{finding_id('r', 'ip-1')}:3"


def test_a_case_gathers_one_rule_one_unit_one_system() -> None:
    """Two findings of one rule for the same unit and system share a case, another unit has its own."""
    case = Case("gz", "r", "cz", "sys", Severity.HIGH, CaseState.OPEN, Instant(1), Instant(1))
    assert case.id == case_id("gz", "r", "cz", "sys") != case_id("gz", "r", "ws", "sys")
