"""Steps of the search language: what they are called and what a query behind them is about."""

import pytest

from secops.core.filter import parse, parse_any
from secops.core.filter_text import write
from secops.core.links import LINKS, Way, by_phrase, taken_by
from secops.core.model import Kind, RelationType
from secops.core.query import And, Compare, Linked, Op, fields_of, holds, steps


def test_every_relation_has_a_step_each_way() -> None:
    """No type of relation is left out, in neither direction, and no two steps share a word."""
    for way in (Way.TO, Way.FROM):
        assert {each.type for each in LINKS if each.way is way} == set(RelationType)
    assert len({word for each in LINKS for word in (each.name, each.zh)}) == 2 * len(LINKS) == len(by_phrase())


@pytest.mark.parametrize(
    ("text", "kind", "query"),
    [
        ("runs-on:(kind:host os:麒麟)", None,
         Linked("runs-on", Kind.HOST, And((Compare("kind", Op.EQ, "host"), Compare("host.os", Op.CONTAINS, "麒麟"))))),
        ("运行于：（编号：h1）", None, Linked("runs-on", None, Compare("id", Op.EQ, "h1"))),
        ("system.(grade>=3)", None, Linked("system", Kind.SYSTEM, Compare("system.level", Op.GTE, 3))),
        ("services:(transport:tcp)", Kind.IP, Linked("services", Kind.SERVICE, Compare("transport", Op.EQ, "tcp"))),
        ("has:(transport:tcp)", Kind.SYSTEM, Linked("has", Kind.SERVICE, Compare("transport", Op.EQ, "tcp"))),
        ("on:(*)", Kind.SERVICE, Linked("on", Kind.IP, And(()))),
        ("org:(财政)", None, And((Compare("org.name", Op.EXISTS, True), Compare("org.name", Op.CONTAINS, "财政")))),
    ],
)  # fmt: skip
def test_what_stands_behind_a_step_is_read_as_what_it_leads_to(text: str, kind: Kind | None, query: object) -> None:
    """Fields are those of the other end; a kind named there is the kind asked for."""
    found = parse(text, kind)
    assert found == query
    text = write(found, kind)
    assert write(parse(text, kind), kind) == text


def test_a_query_only_services_understand_asks_for_services() -> None:
    """`on:(...)` needs no `--kind service`: nothing else lies on an address."""
    assert parse_any("on:(os:linux)")[0] is Kind.SERVICE
    assert parse_any("kind:host runs:(*)")[0] is Kind.HOST


def test_a_star_behind_a_step_is_anything() -> None:
    """`serves:*` is `serves:(*)`; what else stands there without a bracket is told to want one."""
    assert parse("serves:*") == parse("serves:(*)") == Linked("serves", None, And(()))
    assert parse("services:*", Kind.IP) == Compare("services.names", Op.EXISTS, True)
    with pytest.raises(Exception, match="E1505") as caught:
        parse("runs-on:麒麟")
    assert "runs-on:(麒麟)" in caught.value.hint


def test_the_code_of_a_system_is_a_word() -> None:
    """People know their systems by code."""
    assert parse("system:(code:YS-1)") == Linked("system", Kind.SYSTEM, Compare("system.code", Op.CONTAINS, "YS-1"))


def test_one_of_those_around_must_meet_all_of_it() -> None:
    """Port of one service and product of another is no match; fields behind a step are not the entity's own."""
    query = parse("services:(port:3389 product:xrdp)", Kind.IP)
    ssh = {"port": 22, "service.product": "xrdp"}
    rdp = {"port": 3389, "service.product": "other"}
    both = {"port": 3389, "service.product": "xrdp"}
    assert not holds(query, {}.get, lambda *_: [ssh.get, rdp.get])
    assert holds(query, {}.get, lambda *_: [ssh.get, both.get])
    assert fields_of(query) == ()
    assert [each.link for each in steps(query)] == ["services"]
    with pytest.raises(ValueError):
        holds(query, {}.get)


def test_saved_filters_are_read_where_they_stand() -> None:
    """A saved filter may use another, behind a step too; circles and unknown names are refused at their place."""
    shelf = {"甲": "os:麒麟 saved:乙", "乙": "-tag:测试", "丙": "saved:丁", "丁": "saved:丙"}
    assert parse("runs-on:(saved:甲)", None, lambda: shelf) == parse("runs-on:(os:麒麟 -tag:测试)")
    assert parse("常用：甲,乙", None, lambda: shelf) == parse("(os:麒麟 -tag:测试) OR -tag:测试")
    for text, code, place in (("a saved:甲乙", "E1507", "9"), ("saved:丙", "E1508", "保存的筛选 丁")):
        with pytest.raises(Exception, match=code) as caught:
            parse(text, None, lambda: shelf)
        assert place in caught.value.where + caught.value.why


def test_steps_are_taken_by_the_kinds_that_have_them() -> None:
    """Only addresses have services, only systems have members."""
    words = {kind: {each.name for each in LINKS if taken_by(each, kind)} for kind in Kind}
    assert "services" in words[Kind.IP]
    assert "services" not in words[Kind.HOST]
    assert {"has", "runs-on"} <= words[Kind.SYSTEM]
    assert "system" not in words[Kind.SYSTEM]
