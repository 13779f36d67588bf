"""What lint doubts."""

import pytest

from secops.grade.lint import Weight, lint
from secops.grade.pack import parse
from secops.scope.yaml_source import Source

GOOD = """id: r
title: 题
title_en: t
level: high
logsource: {product: secops, category: service}
requires: [port]
detection:
  s: {port: 1}
  condition: s
basis: [{document: 文件}]
risk: 险
remedy: 改
examples: {match: [{port: 1}], no_match: [{port: 2}]}
"""


def doubts(text: str) -> list[tuple[str, Weight, str]]:
    return [(each.code, each.weight, each.where) for each in lint(parse(Source.load(text, "r.yaml")))]


def test_a_good_rule_is_beyond_doubt() -> None:
    """Nothing to say."""
    assert doubts(GOOD) == []


@pytest.mark.parametrize(
    ("old", "new", "doubt"),
    [
        ("s: {port: 1}", "s: {port: 1}\n  t: {port: 2}", ("E4102", Weight.ERROR, "r.yaml:9:3")),
        ("requires: [port]", "requires: [port, http.title]", ("E4106", Weight.WARNING, "r.yaml:6:18")),
        ("category: service", "category: system", ("E4101", Weight.ERROR, "r.yaml:7:1")),
        ("basis: [{document: 文件}]\n", "", ("E4103", Weight.WARNING, "r.yaml:1:1")),
        (", no_match: [{port: 2}]", "", ("E4104", Weight.WARNING, "r.yaml:13:1")),
        ("match: [{port: 1}]", "match: [{port: 3}]", ("E4105", Weight.ERROR, "r.yaml:13:20")),
        ("s: {port: 1}", "s: {port|gt: 5, port|lt: 5}", ("E4107", Weight.ERROR, "r.yaml:9:3")),
        ("condition: s", "condition: s and not s", ("E4107", Weight.ERROR, "r.yaml:9:3")),
        ("title_en: t\n", "", ("E4108", Weight.NOTE, "r.yaml:2:1")),
    ],
)
def test_each_doubt_has_its_place(old: str, new: str, doubt: tuple[str, Weight, str]) -> None:
    """One change of the good rule, one doubt where it was made, weighed by what it means."""
    assert old in GOOD
    assert doubt in doubts(GOOD.replace(old, new, 1))
