"""The oracle: what each comparison means."""

import pytest

from secops.core.query import (
    EVERYTHING,
    NOTHING,
    And,
    Compare,
    Not,
    Op,
    Or,
    comparisons,
    fields_of,
    holds,
    misfit,
    pattern,
)

FACTS = {
    "port": 443,
    "http.title": "Admin 后台",
    "service.version": "1.18.0",
    "tls.enabled": True,
    "address": "198.18.0.7",
    "services.ports": (22, 443),
    "tls.names": ("A.gov.cn", "b.gov.cn"),
}


@pytest.mark.parametrize(
    ("field", "op", "value", "answer"),
    [
        ("port", Op.EQ, 443, True),
        ("port", Op.LT, 443, False),
        ("port", Op.LTE, 443, True),
        ("port", Op.RANGE, (1, 443), True),
        ("http.title", Op.EQ, "ADMIN 后台", True),
        ("http.title", Op.CONTAINS, "min", True),
        ("http.title", Op.STARTSWITH, "admin", True),
        ("http.title", Op.ENDSWITH, "后台", True),
        ("http.title", Op.LIKE, "a*后?", True),
        ("http.title", Op.LIKE, "a*后", False),
        ("service.version", Op.VERSION_LT, "1.20.1", True),
        ("service.version", Op.VERSION_GTE, "1.18", True),
        ("tls.enabled", Op.EQ, False, False),
        ("address", Op.CIDR, "198.18.0.0/16", True),
        ("address", Op.EQ, "::ffff:198.18.0.7", True),
        ("address", Op.GT, "198.18.0.8", False),
        ("services.ports", Op.EQ, 22, True),
        ("services.ports", Op.RANGE, (23, 442), False),
        ("tls.names", Op.ENDSWITH, ".GOV.cn", True),
        ("http.server", Op.EXISTS, False, True),
        ("http.server", Op.CONTAINS, "", False),
    ],
)
def test_each_comparison(field: str, op: Op, value: object, answer: bool) -> None:
    """Text folds ASCII case, sets hold by any member, unknown compares false, and Not turns each round."""
    compare = Compare(field, op, value)  # type: ignore[arg-type]
    assert holds(compare, FACTS.get) is answer
    assert holds(Not(compare), FACTS.get) is not answer


def test_empty_and_holds_and_empty_or_does_not() -> None:
    """Everything and nothing, as logic has it."""
    assert holds(EVERYTHING, FACTS.get)
    assert not holds(NOTHING, FACTS.get)


@pytest.mark.parametrize(
    "compare",
    [
        Compare("no.such", Op.EQ, 1),
        Compare("port", Op.CONTAINS, "4"),
        Compare("port", Op.EQ, "443"),
        Compare("port", Op.EQ, True),
        Compare("port", Op.EQ, 2**63),
        Compare("port", Op.RANGE, (1,)),
        Compare("http.title", Op.EQ, "a\0b"),
        Compare("http.title", Op.EQ, "\ud800"),
        Compare("address", Op.CIDR, "198.18.0.0/33"),
        Compare("tls.enabled", Op.EQ, 1),
        Compare("http.title", Op.EQ, None),
    ],
)
def test_a_comparison_that_means_nothing_is_named(compare: Compare) -> None:
    """Unknown fields, foreign operators and values of another type are told, never answered."""
    assert misfit(compare)
    with pytest.raises(ValueError):
        holds(compare, FACTS.get)


def test_walking_a_query() -> None:
    """Comparisons come in reading order, fields once each."""
    a, b = Compare("port", Op.EQ, 1), Compare("key", Op.EQ, "x")
    query = And((a, Or((b, Not(a)))))
    assert list(comparisons(query)) == [a, b, a]
    assert fields_of(query) == ("port", "key")


def test_wildcard_patterns_do_not_explode() -> None:
    """A pattern of many stars over a long text is answered at once."""
    title = {"http.title": "a" * 4000}
    assert not holds(Compare("http.title", Op.LIKE, "*a" * 20 + "b"), title.get)
    assert len(pattern("***a\\*\\?")) == 4
