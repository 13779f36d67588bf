"""The authorisation document; wrong ones are in tests/golden/scope."""

import pytest

from secops.core.errors import InvalidFile, InvalidFiles
from secops.scope.document import Scope, read
from secops.scope.template import Draft, render


def test_fields(scope: Scope) -> None:
    """Every field of a good document is where people look for it."""
    assert (scope.title, scope.site, scope.document) == ("甲单位检测", "lab", "粤〔2026〕5号")
    assert scope.targets.count() == 255 + 256
    assert scope.operators == ("张三", "alice")
    assert (scope.pps, scope.pps_per_host, int(scope.level)) == (1000, 40, 1)
    assert scope.id.startswith("scp-")


def test_another_text_is_another_scope(good: str) -> None:
    """One more space makes another id."""
    assert read(good.encode(), "a").id != read((good + " ").encode(), "a").id


def test_all_errors_at_once(good: str) -> None:
    """Several errors are told together, each with its line."""
    text = good.replace("site: lab", "site: 甲").replace("level: 1", "level: 9").replace("title:", "titel:")
    with pytest.raises(InvalidFiles) as caught:
        read(text.encode(), "s")
    assert {each.where.split(":")[1] for each in caught.value.problems} == {"1", "2", "11"}
    assert caught.value.diagnose().count("error[") == 4


def test_warnings(good: str) -> None:
    """Overlaps are merged and told of; so are exclusions without effect and ports never touched."""
    text = good.replace("198.18.0.0/24,", "198.18.0.0/24, 198.18.0.7,").replace(
        "[198.18.0.9]", "[198.18.0.9, 198.19.0.1]"
    )
    scope = read(text.replace("[80,", "[80, 80, 9100,").encode(), "s")
    places = [each.split(": ")[0] for each in scope.warnings]
    assert places == ["s:7:26", "s:8:23", "s:9:13", "s:9:17", "s:9:28"]


def test_controllers_are_left_out_unless_named(good: str) -> None:
    """Industrial ports are no part of a scope, however wide, until the document says they are."""
    wide = good.replace("[80,", "[1-65535, 502, 80,")
    without, within = read(wide.encode(), "s"), read((wide + "\nindustrial: true\n").encode(), "s")
    assert 502 not in without.ports
    assert 47_808 not in without.ports
    assert 443 in without.ports
    assert 502 in within.ports
    assert any("502" in each for each in without.warnings)
    assert not any("industrial" in each for each in within.warnings)


def test_names(good: str) -> None:
    """Names are lower-case ASCII, Chinese ones in IDNA; excluded ones are left out, and a name grants no address."""
    text = good.replace('"2001:db8::/120"]', "WWW.Example.GOV.cn, 政务.公益, a.b.cn]").replace(
        "[198.18.0.9]", "[198.18.0.9, c.b.cn]"
    )
    scope = read(text.encode(), "s")
    assert scope.names == ("www.example.gov.cn", "xn--zfr164b.xn--55qw42g", "a.b.cn")


def test_an_operator_without_a_name_is_none(good: str) -> None:
    """A shell's empty `$USER` must not end as a signed scope that nobody can use."""
    with pytest.raises(InvalidFile) as caught:
        read(good.replace("operators: [张三, alice]", 'operators: [""]').encode(), "a.yaml")
    assert "operators" in str(caught.value)


def test_template() -> None:
    """A form filled in through the template reads back, whatever its texts hold."""
    nasty = 'a: "b" # c'
    draft = Draft(
        nasty,
        "lab",
        "法",
        "号",
        "局",
        "2026-06-01",
        "2026-06-30",
        include=["127.0.0.0/24", "198.18.0.1"],
        operators=["张三"],
        exclude=["127.0.0.9"],
        ports=["80"],
        hosts="inventory/hosts",
        hours=["周一-周五 08:00-20:00"],
        loopback=True,
    )
    scope = read(render(draft).encode(), "s")
    assert scope.title == nasty
    assert scope.loopback
    assert scope.hosts == "inventory/hosts"
    assert len(scope.hours) == 1
    assert scope.targets.count() == 256


def test_empty_template() -> None:
    """An empty form says what is missing, and nothing else."""
    with pytest.raises(InvalidFiles) as caught:
        read(render(Draft("", "lab", "", "", "", "2026-06-01", "2026-06-30", [], [])).encode(), "s")
    assert {each.code for each in caught.value.problems} == {"E1218"}
    assert len(caught.value.problems) == 6


def test_rate_per_network(good: str) -> None:
    """A network's rate is 40 % of the overall one unless it is said, and lies between a host's and the overall one."""
    assert read(good.encode(), "s.yaml").pps_per_network == 400
    said = good.replace("per_host: 40", "per_host: 40, per_network: 100")
    assert read(said.encode(), "s.yaml").pps_per_network == 100
    for wrong in (39, 1001):
        text = good.replace("per_host: 40", f"per_host: 40, per_network: {wrong}")
        with pytest.raises(InvalidFile, match="E1217"):
            read(text.encode(), "s.yaml")
    slow = good.replace("packets_per_second: 1000, per_host: 40", "packets_per_second: 10, per_host: 10")
    assert read(slow.encode(), "s.yaml").pps_per_network == 10
