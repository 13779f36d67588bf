"""The search language: what words mean, and errors that point."""

import pytest

from secops.core.errors import UsageError
from secops.core.filter import DEEPEST, LONGEST, MOST, parse, words
from secops.core.filter_text import write
from secops.core.model import Kind
from secops.core.query import And, Compare, Not, Op, Or

PORT = Compare("port", Op.EQ, 443)


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("port:443", PORT),
        ("port=443 tls:是", And((PORT, Compare("tls.enabled", Op.EQ, True)))),
        ("端口：443", PORT),
        ("ｐｏｒｔ：４４３", PORT),
        ("－port：443", Not(PORT)),
        ("port：１－１０２４", Compare("port", Op.RANGE, (1, 1024))),
        ("http．title：Ａ？", Compare("http.title", Op.CONTAINS, "Ａ？")),
        ("ip：１９８．１８．０．１", Compare("address", Op.EQ, "198.18.0.1")),
        ("１９８．１８．０．０／１６", Compare("address", Op.CIDR, "198.18.0.0/16")),
        ("port:443,80", Or((PORT, Compare("port", Op.EQ, 80)))),
        ("port:1-1024", Compare("port", Op.RANGE, (1, 1024))),
        ("port!=443", Not(PORT)),
        ("-port:443", Not(PORT)),
        ("NOT port:443", Not(PORT)),
        (
            "port:443 OR port:80 tls:true",
            Or((PORT, And((Compare("port", Op.EQ, 80), Compare("tls.enabled", Op.EQ, True))))),
        ),
        (
            "（port:443 OR port:80）tls:true",
            And((Or((PORT, Compare("port", Op.EQ, 80))), Compare("tls.enabled", Op.EQ, True))),
        ),
        ("title:后台", Compare("http.title", Op.CONTAINS, "后台")),
        ('title="后 台"', Compare("http.title", Op.EQ, "后 台")),
        ("title:后台*", Compare("http.title", Op.STARTSWITH, "后台")),
        ("title:*a*b", Compare("http.title", Op.LIKE, "*a*b")),
        (r"title:a\*", Compare("http.title", Op.CONTAINS, "a*")),
        ("title:*", Compare("http.title", Op.EXISTS, True)),
        ("tag:测试", Compare("tags", Op.EQ, "测试")),
        ("seen<7d", Compare("seen.age", Op.LT, 7)),
        ("seen>=2w", Compare("seen.age", Op.GTE, 14)),
        ("expires<30d", Compare("tls.expired_days", Op.GT, -30)),
        ("version<2.4.50", Compare("service.version", Op.VERSION_LT, "2.4.50")),
        ("net:198.18.0.0/16", Compare("address", Op.CIDR, "198.18.0.0/16")),
        ("ip:198.18.0.1-198.18.0.9", Compare("address", Op.RANGE, ("198.18.0.1", "198.18.0.9"))),
        ("ip:198.18.*", Compare("address", Op.CIDR, "198.18.0.0/16")),
        ("198.18.0.0/16", Compare("address", Op.CIDR, "198.18.0.0/16")),
        ("net:2001:db8::/32", Compare("address", Op.CIDR, "2001:db8::/32")),
        ("*", And(())),
        ("  ", And(())),
    ],
)
def test_what_the_words_mean(text: str, query: object) -> None:
    """Each way of writing gives this query about websites, and its printed form gives it again."""
    found = parse(text, Kind.WEBSITE)
    assert found == query
    assert parse(write(found, Kind.WEBSITE), Kind.WEBSITE) == query


def test_networks_and_ranges_are_of_the_addresses_a_machine_uses() -> None:
    """Hosts and devices are found by where they are, as addresses are."""
    assert parse("net:198.18.0.0/16", Kind.HOST) == Compare("host.addresses", Op.CIDR, "198.18.0.0/16")
    found = parse("ip:198.18.0.1-198.18.0.9", Kind.DEVICE)
    assert found == Compare("host.addresses", Op.RANGE, ("198.18.0.1", "198.18.0.9"))
    assert parse(write(found, Kind.DEVICE), Kind.DEVICE) == found


def test_a_short_word_the_kind_has_nothing_for_names_the_kinds_that_do() -> None:
    """It is no unknown word."""
    with pytest.raises(UsageError) as refused:
        parse("net:198.18.0.0/16", Kind.DATA)
    assert "host" in refused.value.what


def test_short_words_mean_what_the_kind_has() -> None:
    """A port of an address is one of its open ports; a grade of a system is its own level."""
    assert parse("port:443", Kind.IP) == Compare("services.ports", Op.EQ, 443)
    assert parse("grade>=3", Kind.SYSTEM) == Compare("system.level", Op.GTE, 3)
    assert parse("port:443") == Or((PORT, Compare("services.ports", Op.EQ, 443)))
    assert parse("@port:443") == PORT
    assert "grade" in words(Kind.IP)
    assert "port" in words(None)


@pytest.mark.parametrize(
    ("text", "code", "caret", "says"),
    [
        ("prt:443", "E1502", 0, "port"),
        ("tls.cipher:x owner.phon:1", "E1502", 13, "owner.phone"),
        ("network.cidr:x", "E1502", 0, "network"),
        ("port:abc", "E1503", 5, "1-1024"),
        ("port:99999999999999999999", "E1503", 5, ""),
        ("seen<yesterday", "E1503", 5, "7d"),
        ("owner>3", "E1503", 6, ""),
        ("title:", "E1501", 6, ""),
        ("title:(a)", "E1505", 0, "runs-on"),
        ("-runson:(a)", "E1505", 1, "runs-on"),
        ("title:a services:(port:1)", "E1505", 8, "system"),
        ("runs-on:(", "E1501", 9, ""),
        ("runs-on:(title:a", "E1501", 8, ""),
        ("runs-on:(on:(a))", "E1506", 9, ""),
        ("系统：（等保级别：x）", "E1505", 0, "system"),
        ("运行于：（操作系統：麒麟）", "E1502", 5, "操作系统"),
        ("system:(grade:高)", "E1503", 14, "1-1024"),
        ("org:(name:财政 code:1)", "E1502", 13, "contact"),
        ("port:443 )", "E1501", 9, ""),
        ("(port:443", "E1501", 0, ""),
        ("port:443 OR", "E1501", 11, ""),
        ("-", "E1501", 1, ""),
        ('name:"abc', "E1501", 5, ""),
        ("财政 prt:1", "E1502", 3, ""),
        ("a\0b", "E1501", 1, ""),
        ("x" * (LONGEST + 1), "E1504", LONGEST, ""),
        ("(" * (DEEPEST + 1) + "a", "E1504", DEEPEST, ""),
        ("a " * (MOST + 1), "E1504", 2 * MOST, ""),
    ],
)
def test_errors_point_at_the_character(text: str, code: str, caret: int, says: str) -> None:
    """The code is stable, the place is the character at fault, the text says what to write."""
    with pytest.raises(UsageError) as caught:
        parse(text, Kind.WEBSITE)
    error = caught.value
    assert error.code == code
    assert f" {caret + 1} " in error.where
    assert says in error.diagnose()
    assert error.why.rstrip().endswith("^")


def test_the_caret_stands_under_wide_characters() -> None:
    """Chinese characters take two columns, and the caret is moved as far."""
    with pytest.raises(UsageError) as caught:
        parse("财政 prt:1", Kind.WEBSITE)
    line, mark = caught.value.why.splitlines()[1:]
    assert line.index("p") + 2 == mark.index("^")


@pytest.mark.parametrize(
    ("called", "written"),
    [
        ("kind:网站", "kind:website"),
        ("状态:在用", "state:active"),
        ("state:消失", "state=gone"),
        ("standing:未登记", "standing:undeclared"),
        ("register.status:停用", "register.status:offline"),
        ("kind:ip,主机", "kind:ip,host"),
    ],
)
def test_what_tables_print_may_be_searched_for(called: str, written: str) -> None:
    """A value by the word people read means the value."""
    assert parse(called) == parse(written)


@pytest.mark.parametrize(
    ("text", "at", "hint"),
    [
        ("kind:webiste", 5, "website"),
        ("port:1 state:dead", 13, "gone"),
        ("net:127.10.1.0/99", 4, "198.18.0.0/16"),
        ("ip:127.10.300.1", 3, "IP"),
    ],
)
def test_a_value_that_cannot_be_is_pointed_at(text: str, at: int, hint: str) -> None:
    """Nothing found would pass for an answer."""
    with pytest.raises(UsageError) as caught:
        parse(text)
    assert caught.value.code == "E1503"
    told = f"{caught.value.what} {caught.value.why} {caught.value.hint} {caught.value.where}"
    assert hint in told
    caret = next(line for line in told.splitlines() if line.strip().startswith("^"))
    assert caret.index("^") >= at


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("port:90-80", "首尾颠倒"),
        ("port:90..80", "首尾颠倒"),
        ("ip:198.18.0.9-198.18.0.1", "首尾颠倒"),
        ("seen:2026-02-01..2026-01-01", "首尾颠倒"),
        ("version<abc", "版本号，如 1.20"),
        ("ip:1.2.3.999", "（IP 地址）要写完整的 IP 地址，如 198.18.0.1，不能是 1.2.3.999"),
        ("net:198.18.0.0/33", "要写网段，如 198.18.0.0/16，不能是 198.18.0.0/33"),
    ],
)
def test_what_could_never_hold_is_refused_in_plain_words(text: str, says: str) -> None:
    """A range that ends before it begins, a version without a number, what is no address: told without inner names."""
    with pytest.raises(UsageError) as caught:
        parse(text, Kind.SERVICE)
    assert caught.value.code == "E1503"
    assert says in caught.value.what


def test_small_letters_join_as_well() -> None:
    """`and`, `or`, `not` alone are no words to search for."""
    assert parse("kind:website and (port:80 or not port:443)") == parse("kind:website AND (port:80 OR NOT port:443)")


def test_a_unit_and_a_system_go_by_their_codes() -> None:
    """As well as by name: the code is what other tables and commands print."""
    assert "org_id" in repr(parse("org:CZJ"))
    assert "system.key" in repr(parse("system:CZ-001"))
    assert "org_id" not in repr(parse("org:财政局"))
