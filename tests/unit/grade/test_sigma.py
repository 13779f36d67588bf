"""Sigma detections become the filter AST."""

import pytest

from secops.core.query import And, Compare, Not, Op, Or, Query
from secops.grade.pack import parse
from secops.scope.yaml_source import Source

HEAD = "id: r\ntitle: 题\nlevel: high\nlogsource: {product: secops, category: service}\ndetection:\n"
A, B = Compare("port", Op.EQ, 1), Compare("port", Op.EQ, 2)


def detection(body: str) -> Query:
    return parse(Source.load(HEAD + body, "r.yaml")).detection


@pytest.mark.parametrize(
    ("entry", "query"),
    [
        ("port: 1", A),
        ("port: [1, 2]", Or((A, B))),
        ("port|gte: 1", Compare("port", Op.GTE, 1)),
        ("http.title: Admin", Compare("http.title", Op.EQ, "Admin")),
        ("http.title: Admin*", Compare("http.title", Op.STARTSWITH, "Admin")),
        ("http.title: a*b", Compare("http.title", Op.LIKE, "a*b")),
        (r"http.title: a\*b", Compare("http.title", Op.EQ, "a*b")),
        ("http.title|contains: 后台", Compare("http.title", Op.CONTAINS, "后台")),
        ("http.title|startswith: x", Compare("http.title", Op.STARTSWITH, "x")),
        ("http.title|endswith: x", Compare("http.title", Op.ENDSWITH, "x")),
        ("tls.names|contains|all: [a, b]",
         And((Compare("tls.names", Op.CONTAINS, "a"), Compare("tls.names", Op.CONTAINS, "b")))),
        ("address|cidr: 198.18.0.0/16", Compare("address", Op.CIDR, "198.18.0.0/16")),
        ("tls.enabled: true", Compare("tls.enabled", Op.EQ, True)),
        ("http.server|exists: false", Compare("http.server", Op.EXISTS, False)),
        ("http.server: null", Compare("http.server", Op.EXISTS, False)),
        ("service.version|version_lt: 1.20.1", Compare("service.version", Op.VERSION_LT, "1.20.1")),
        ("port|neq: 1", Not(A)),
    ],
)  # fmt: skip
def test_each_entry(entry: str, query: Query) -> None:
    """One entry of a detection is this comparison."""
    assert detection(f"  s:\n    {entry}\n  condition: s\n") == query


@pytest.mark.parametrize(
    ("condition", "query"),
    [
        ("s1 and s2", And((A, B))),
        ("s1 or s2", Or((A, B))),
        ("s1 and not s2", And((A, Not(B)))),
        ("not (s1 or s2)", Not(Or((A, B)))),
        ("1 of s*", Or((A, B))),
        ("all of s*", And((A, B))),
        ("all of them", And((A, B))),
    ],
)
def test_each_condition(condition: str, query: Query) -> None:
    """The sentence joins the parts as Sigma says."""
    assert detection(f"  s1: {{port: 1}}\n  s2: {{port: 2}}\n  condition: {condition}\n") == query


def test_a_list_of_mappings_is_a_choice() -> None:
    """Any of the mappings, each with all of its entries."""
    body = "  s:\n    - port: 1\n      tls.enabled: true\n    - port: 2\n  condition: s\n"
    assert detection(body) == Or((And((A, Compare("tls.enabled", Op.EQ, True))), B))
