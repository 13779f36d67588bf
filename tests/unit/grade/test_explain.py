"""Why a rule holds."""

from secops.core.finding import Severity
from secops.core.model import Kind
from secops.core.query import And, Compare, Not, Op
from secops.grade.explain import explain
from secops.grade.rule import Outcome, Rule, Status

DETECTION = And(
    (Compare("tls.enabled", Op.EQ, True), Compare("tls.expired_days", Op.GTE, 0), Not(Compare("port", Op.EQ, 80)))
)
RULE = Rule("r", "题", "", Kind.SERVICE, Severity.HIGH, Status.STABLE, DETECTION, ("tls.expired_days",), "d")


def test_each_condition_shows_value_and_source() -> None:
    """The value met, whether it held, and the log entry; an age comes from the instant it counts from."""
    facts = {"tls.enabled": True, "tls.expired_days": 12, "port": 443}
    told = explain(RULE, "service-1", facts.get, {"tls.enabled": 7, "tls.not_after": 8}, {})
    assert told.outcome is Outcome.MATCHED
    lines = [(each.depth, each.kind, each.field, each.held, each.met, each.seq) for each in told.lines]
    assert lines == [
        (0, "and", "", True, None, 0),
        (1, "compare", "tls.enabled", True, True, 7),
        (1, "compare", "tls.expired_days", True, 12, 8),
        (1, "not", "", True, None, 0),
        (2, "compare", "port", False, 443, 0),
    ]


def test_what_is_unknown_says_why() -> None:
    """An unknown value neither holds nor fails, and the reason is given."""
    told = explain(RULE, "s", {"tls.enabled": True, "port": 443}.get, {}, {"tls.not_after": "timeout"})
    assert told.outcome is Outcome.UNDECIDED
    assert told.missing == ("tls.expired_days",)
    line = told.lines[2]
    assert (line.held, line.met, line.unknown) == (None, None, "timeout")
