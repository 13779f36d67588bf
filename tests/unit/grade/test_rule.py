"""The three answers of a rule."""

import pytest

from secops.core.finding import Severity
from secops.core.model import Kind
from secops.core.query import And, Compare, Not, Op, Or
from secops.grade.rule import Outcome, Rule, Status, judge

REDIS = Compare("service.name", Op.EQ, "redis")
FREE = Compare("service.auth_required", Op.EQ, False)


def rule(detection: object, *requires: str) -> Rule:
    return Rule("r", "题", "", Kind.SERVICE, Severity.HIGH, Status.STABLE, detection, requires, "d")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("facts", "outcome"),
    [
        ({"service.name": "redis", "service.auth_required": False}, Outcome.MATCHED),
        ({"service.name": "redis", "service.auth_required": True}, Outcome.NOT_MATCHED),
        ({"service.name": "redis"}, Outcome.UNDECIDED),
        ({"service.name": "ssh"}, Outcome.NOT_MATCHED),
        ({}, Outcome.NOT_MATCHED),
    ],
)
def test_unknown_counts_only_where_it_decides(facts: dict[str, object], outcome: Outcome) -> None:
    """A redis of unknown authentication is undecided; an ssh server is simply no match."""
    assert judge(rule(And((REDIS, FREE)), "service.auth_required"), facts.get) is outcome  # type: ignore[arg-type]


def test_what_is_not_required_is_never_undecided() -> None:
    """A rule that requires nothing says yes or no."""
    assert judge(rule(And((REDIS, FREE))), {"service.name": "redis"}.get) is Outcome.NOT_MATCHED


def test_a_negated_unknown_is_undecided_too() -> None:
    """Not of an unknown required field is no match for sure."""
    assert judge(rule(Not(FREE), "service.auth_required"), {}.get) is Outcome.UNDECIDED


def test_an_alternative_that_holds_decides() -> None:
    """Where another branch holds, what is unknown does not matter."""
    facts = {"service.name": "redis"}
    assert judge(rule(Or((REDIS, FREE)), "service.auth_required"), facts.get) is Outcome.MATCHED


def test_asking_whether_a_field_is_known_is_decided() -> None:
    """`exists` on a required field has an answer even where the field is unknown."""
    unknown = Compare("service.auth_required", Op.EXISTS, False)
    assert judge(rule(unknown, "service.auth_required"), {}.get) is Outcome.MATCHED


def test_evidence_keeps_the_time_an_age_counts_from() -> None:
    """An age changes daily, its instant does not: findings do not change by waiting."""
    made = rule(Compare("tls.expired_days", Op.GTE, 0), "tls.expired_days")
    assert made.evidence == ("tls.not_after",)
    assert made.ages
    assert not rule(REDIS).ages
