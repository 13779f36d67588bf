"""How a finding moves."""

from dataclasses import replace

import pytest

from secops.core.clock import Instant
from secops.core.finding import Finding, Severity, Step
from secops.core.model import Kind
from secops.core.query import Compare, Op
from secops.grade.rule import Outcome, Rule, Status
from secops.grade.transitions import Sighting, advance, resolve

RULE = Rule("r", "题", "t", Kind.SERVICE, Severity.HIGH, Status.STABLE, Compare("port", Op.EQ, 1), (), "digest")
MET = Sighting("service-1", Kind.SERVICE, "s", "o1", "", {"port": 1})
T1, T2 = Instant(1000), Instant(2000)


def opened() -> Finding:
    step = advance(RULE, None, Outcome.MATCHED, MET, T1)
    assert step is not None
    return step.finding


def test_a_first_match_opens() -> None:
    """Number one, open since now, in a case of its rule, unit and system."""
    step = advance(RULE, None, Outcome.MATCHED, MET, T1)
    assert step is not None
    assert (step.step, step.finding.transition, step.finding.opened_at, step.finding.open) == (Step.OPENED, 1, T1, True)
    assert step.finding.case.startswith("case-")
    assert step.id == f"{step.finding.id}:1"


def test_the_same_match_again_is_nothing() -> None:
    """No alert for what is known."""
    assert advance(RULE, opened(), Outcome.MATCHED, MET, T2) is None


@pytest.mark.parametrize(
    ("rule", "met"),
    [
        (replace(RULE, digest="other"), MET),
        (replace(RULE, severity=Severity.LOW), MET),
        (RULE, replace(MET, evidence={"port": 2})),
        (RULE, replace(MET, org_id="o2")),
        (RULE, replace(MET, system_id="y")),
    ],
)
def test_another_evidence_rule_or_unit_is_a_change(rule: Rule, met: Sighting) -> None:
    """The next number, still open since the beginning."""
    step = advance(rule, opened(), Outcome.MATCHED, met, T2)
    assert step is not None
    assert (step.step, step.finding.transition, step.finding.opened_at) == (Step.CHANGED, 2, T1)


def test_undecided_leaves_everything_as_it_is() -> None:
    """Nobody saw it fixed, and none is opened on a guess."""
    assert advance(RULE, opened(), Outcome.UNDECIDED, None, T2) is None
    assert advance(RULE, None, Outcome.UNDECIDED, None, T2) is None


def test_no_match_resolves_and_a_later_match_reopens() -> None:
    """Resolved keeps what was met; reopened counts on and is open since now."""
    gone = advance(RULE, opened(), Outcome.NOT_MATCHED, None, T2)
    assert gone is not None
    assert (gone.step, gone.finding.open, gone.finding.evidence) == (Step.RESOLVED, False, {"port": 1})
    assert resolve(gone.finding, T2) is None
    assert advance(RULE, None, Outcome.NOT_MATCHED, None, T2) is None
    back = advance(RULE, gone.finding, Outcome.MATCHED, MET, Instant(3000))
    assert back is not None
    assert (back.step, back.finding.transition, back.finding.opened_at) == (Step.REOPENED, 3, Instant(3000))


def test_small_matters_make_no_case() -> None:
    """Below the severity of the settings a finding stands alone."""
    step = advance(RULE, None, Outcome.MATCHED, MET, T1, cases_from=Severity.CRITICAL)
    assert step is not None
    assert step.finding.case == ""
