"""The protection levels of GB/T 22240, by edition."""

from pathlib import Path

import pytest

from secops.core.errors import InvalidFile
from secops.grade.matrix import level, parse, protection, read
from secops.scope.yaml_source import Source

SHIPPED = Path(__file__).parents[3] / "rules" / "tables" / "gbt22240-2020.yaml"
DEGREES = ("general", "serious", "grave")


@pytest.mark.parametrize(
    ("edition", "rows"),
    [
        ("GB/T 22240-2020", {"citizens": (1, 2, 2), "society": (2, 3, 4), "state": (3, 4, 5)}),
        ("GA/T 1389-2017", {"citizens": (1, 2, 3), "society": (2, 3, 4), "state": (3, 4, 5)}),
    ],
)
def test_the_cells_of_each_edition(edition: str, rows: dict[str, tuple[int, ...]]) -> None:
    """Citizens gravely harmed are level 2 in the edition in force; the 1/2/3 in circulation is the older one."""
    table = read(SHIPPED).table(edition)
    assert {name: tuple(level(table, name, each) for each in DEGREES) for name in rows} == rows


def test_the_edition_in_force_comes_first_and_owns_up() -> None:
    """Nobody held the standard beside it yet, and the table says so."""
    table = read(SHIPPED).table()
    assert table.edition == "GB/T 22240-2020"
    assert not table.verified
    assert "未核实" in table.note


def test_chinese_words_do_as_well() -> None:
    """Object and degree by the names people write."""
    assert level(read(SHIPPED).table(), "国家安全", "特别严重损害") == 5


def test_the_level_is_the_higher_of_the_two() -> None:
    """S and A each have a level; the object's is the greater."""
    table = read(SHIPPED).table()
    assert protection(table, ("citizens", "serious"), ("society", "serious")) == 3
    assert protection(table, None, None) == 0


@pytest.mark.parametrize(
    ("old", "new", "code", "place"),
    [
        ("serious: 2, grave: 2}", "serious: 6, grave: 2}", "E4021", "22:39"),
        ("serious: 2, grave: 2}", "serius: 2, grave: 2}", "E1216", "22:30"),
        ("combine: max", "combin: max", "E1216", "14:1"),
    ],
)
def test_a_damaged_table_is_refused_with_its_place(old: str, new: str, code: str, place: str) -> None:
    """Every cell is a level, every key is known."""
    text = SHIPPED.read_text("utf-8").replace(old, new, 1)
    with pytest.raises(InvalidFile) as caught:
        parse(Source.load(text, "m.yaml"))
    assert (caught.value.code, caught.value.where) == (code, f"m.yaml:{place}")


def test_unknown_words_name_the_nearest() -> None:
    """A typo in an object or an edition is told with what there is."""
    with pytest.raises(InvalidFile, match="表里没有") as caught:
        level(read(SHIPPED).table(), "sociaty", "grave")
    assert caught.value.hint == "society"
    with pytest.raises(InvalidFile):
        read(SHIPPED).table("GB/T 22240-2008")
