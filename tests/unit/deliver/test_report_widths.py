"""Columns on paper get the room their words need."""

import pytest

from secops.deliver.reports.widths import shares

HEADS = ["序号", "标识", "网页标题", "责任单位", "最近发现"]
ROW = [
    "12",
    "https://198.18.20.20:8443",
    "某市人力资源和社会保障局网上服务大厅门户网站",
    "某市人力资源和社会保障局",
    "2026-11-28 21:07",
]


def test_together_they_fill_the_page() -> None:
    """Whatever the words."""
    for room in (20.0, 60.0, 200.0):
        assert sum(shares(HEADS, [ROW] * 3, room)) == pytest.approx(1)


def test_an_address_is_not_broken_where_titles_can_give_way() -> None:
    """It keeps its width on a narrow page; what wraps is narrowed."""
    told = shares(HEADS, [ROW] * 50, 50.0)
    assert told[1] * 50 > 25 * 0.6 + 1
    assert told[2] * 50 < 23


def test_one_long_cell_does_not_take_the_page() -> None:
    """Most rows count."""
    few = shares(["甲", "乙"], [["短", "短"]] * 50 + [["长" * 60, "短"]], 60.0)
    assert few[0] == pytest.approx(few[1])


def test_a_list_without_rows_is_measured_by_its_heads() -> None:
    """Nothing divides by nothing."""
    assert sum(shares(HEADS, [], 60.0)) == pytest.approx(1)


def test_where_addresses_alone_are_too_wide_all_give_way() -> None:
    """No column is left without room."""
    told = shares(["a", "b", "标题"], [["x" * 26, "y" * 26, "某市门户"]] * 5, 20.0)
    assert min(told) * 20 > 1
