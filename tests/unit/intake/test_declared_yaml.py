"""Inventory files: every error has its place, the good rows go on."""

import pytest

from secops.core.model import Skipped
from secops.intake import declared_yaml
from secops.intake.credit_code import check_character, is_valid
from secops.intake.declared_yaml import Stated
from secops.scope.yaml_source import Source


def _rows(text: str) -> list[Stated | Skipped]:
    return list(declared_yaml.refer(declared_yaml.read(Source.load(text, "systems.yaml"))))


def test_a_good_row_becomes_a_declaration() -> None:
    """Facts, unit and claims land where the register looks for them."""
    (unit, system) = _rows(
        "organisations:\n  - {id: A, name: 甲}\n"
        "systems:\n  - {code: S, name: 系统, organisation: A, level: 3, addresses: ['198.18.0.1:8443', 198.18.0.2]}\n"
    )
    assert isinstance(unit, Stated)
    assert isinstance(system, Stated)
    assert unit.subject == "organisation:A"
    assert system.payload == {
        "kind": "system",
        "org": "A",
        "addresses": ["198.18.0.1:8443", "198.18.0.2"],
        "facts": {"name": "系统", "system.level": 3, "system.code": "S"},
    }


@pytest.mark.parametrize(
    ("text", "where", "words"),
    [
        ("systems:\n  - {code: S, name: n, organisaton: A}\n", "systems.yaml:2:24", "organisation"),
        ("system:\n  - {code: S}\n", "systems.yaml:1:1", "systems"),
        ("systems:\n  - {code: S, name: n, level: 6}\n", "systems.yaml:2:31", "1 至 5"),
        ("systems:\n  - {code: S, name: n, filed_on: 2026-13-01}\n", "systems.yaml:2:34", "2026-01-31"),
        ("systems:\n  - {code: S, name: n, organisation: B}\n", "systems.yaml:2:5", "B"),
        ("systems:\n  - {code: S}\n", "systems.yaml:2:5", "name"),
        ("networks:\n  - {cidr: 198.18.0.1/24}\n", "systems.yaml:2:12", "host bits"),
        ("networks:\n  - {cidr: fe80::1%eth0/64}\n", "systems.yaml:2:12", "网段"),
        ("addresses:\n  - {address: 1.2.3}\n", "systems.yaml:2:15", "IP"),
        ("websites:\n  - {url: 'ftp://a'}\n", "systems.yaml:2:11", "http"),
        (
            "organisations:\n  - {id: A, name: n, credit_code: 11990000MB0000001X}\n",
            "systems.yaml:2:35",
            "校验码应为 M",
        ),
        ("organisations: 1\n", "systems.yaml:1:16", "-"),
        ("organisations: [3]\n", "systems.yaml:1:17", "键"),
        ("[]\n", "systems.yaml:1:1", "键"),
        ("systems:\n  - {code: S, name: n, addresses: ['1.2.3.4:0']}\n", "systems.yaml:2:35", "65535"),
    ],
)
def test_a_bad_row_is_left_out_with_its_place(text: str, where: str, words: str) -> None:
    """The reason names the place by line and column, and what would be right."""
    (row,) = _rows(text)
    assert isinstance(row, Skipped)
    assert row.where == where
    assert words in row.reason


def test_good_rows_go_on_after_a_bad_one() -> None:
    """One typo costs one row."""
    rows = _rows("organisations:\n  - {id: A}\n  - {id: B, name: 乙}\n")
    assert [type(each) for each in rows] == [Skipped, Stated]


def test_the_second_of_two_equal_keys_is_left_out() -> None:
    """The first stands, and the second says where it is."""
    first, second = _rows("organisations:\n  - {id: A, name: 甲}\n  - {id: A, name: 乙}\n")
    assert isinstance(first, Stated)
    assert isinstance(second, Skipped)
    assert "systems.yaml:2:5" in second.reason


def test_an_unknown_system_is_named_with_the_nearest() -> None:
    """A reference that leads nowhere is told with a guess."""
    rows = _rows("systems:\n  - {code: RS-001, name: n}\nwebsites:\n  - {url: 'http://a', system: RS-01}\n")
    assert isinstance(rows[1], Skipped)
    assert "RS-001" in rows[1].reason


def test_the_credit_code_of_the_standard_is_valid() -> None:
    """GB 32100's check character: known codes pass, any one changed character fails."""
    assert is_valid("91350100M000100Y43")
    assert check_character("91350100M000100Y4") == "3"
    assert not is_valid("91350100M000100Y44")
    assert not is_valid("91350100M000100O43")
    assert not is_valid("91350100M000100Y4")


def test_a_website_key_is_its_origin_with_the_port() -> None:
    """However it is written, one website has one key."""
    rows = _rows("websites:\n  - {url: 'https://A.example/'}\n  - {url: 'http://[2001:db8::1]:8080'}\n")
    assert [each.key for each in rows if isinstance(each, Stated)] == [
        "https://a.example:443",
        "http://[2001:db8::1]:8080",
    ]


def test_what_names_a_row_that_is_left_out_is_left_out_with_it() -> None:
    """A unit below a circle, and its system, name what is not there; the reason says where that stands."""
    text = (
        "organisations:\n  - {id: A, name: 甲, parent: B}\n  - {id: B, name: 乙, parent: A}\n"
        "  - {id: C, name: 丙, parent: A}\nsystems:\n  - {code: S, name: 系统, organisation: C}\n"
    )
    rows = _rows(text)
    assert all(isinstance(each, Skipped) for each in rows)
    assert "systems.yaml:2:5" in getattr(rows[2], "reason", "")
    assert "systems.yaml:4:5" in getattr(rows[3], "reason", "")


def test_systems_of_one_name_and_unit_are_left_out_unless_in_force() -> None:
    """Both codes and places are named; what stands so already goes on, and what is out of use may have a successor."""
    text = (
        "organisations:\n  - {id: A, name: 甲}\n  - {id: B, name: 乙}\nsystems:\n"
        "  - {code: S, name: 网, organisation: A}\n  - {code: T, name: 网, organisation: 甲}\n"
        "  - {code: U, name: 网, organisation: B}\n"
    )
    _, _, one, two, other = _rows(text)
    assert isinstance(one, Skipped)
    assert isinstance(two, Skipped)
    assert "编号 T（systems.yaml:6:5）" in one.reason
    assert "编号 S（systems.yaml:5:5）" in two.reason
    assert isinstance(other, Stated)
    held = {each: {"kind": "system", "org": "A", "facts": {"name": "网"}} for each in ("system:S", "system:T")}
    read = declared_yaml.read(Source.load(text, "systems.yaml"))
    assert all(isinstance(each, Stated) for each in declared_yaml.refer(read, held=held))
    offline = text.replace("name: 网, organisation: A", "name: 网, status: 停用, organisation: A")
    assert all(isinstance(each, Stated) for each in _rows(offline))
