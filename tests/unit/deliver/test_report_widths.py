"""Columns on paper get the room their words need."""

import pytest

from secops.core.clock import Instant
from secops.deliver.reports.drawing import width_of
from secops.deliver.reports.model import Column, Look, Report, Sheet
from secops.deliver.reports.page import document
from secops.deliver.reports.widths import fit, shares

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


def test_headings_keep_room_for_words() -> None:
    """Of a dozen columns on a narrow page each keeps its heading in two lines; one of words keeps four characters."""
    heads = [
        "序号",
        "类别",
        "标识",
        "所属系统",
        "等保级别",
        "状态",
        "单独登记",
        "最近发现",
        "名称",
        "开放端口",
        "负责人",
        "问题数",
    ]
    row = [
        "1",
        "IP 资产",
        "198.18.0.1",
        "交通综合执法系统",
        "3",
        "已登记未发现",
        "是",
        "2026-11-28 21:07",
        "",
        "8080、8443",
        "",
        "0",
    ]
    odd = [*row[:8], "某市交通综合执法系统", "", "张***", "0"]
    told = shares(heads, [row] * 20 + [odd], 92.0)
    assert all(one * 92 >= max(2, len(head) / 2) + 1.3 for one, head in zip(told, heads, strict=True))
    assert told[8] * 92 >= 4 + 1.3


def test_a_port_of_one_digit_more_is_not_broken() -> None:
    """What is only a little longer than most has its room too."""
    told = shares(["端口", "标题"], [["8080", "某市门户网站" * 9]] * 60 + [["27017", "短"]], 40.0)
    assert told[0] * 40 >= 5 * 0.6 + 1.3


def test_what_is_wider_than_its_column_may_break() -> None:
    """On paper a code with room stays on one line, and one without is never laid over its neighbour."""

    def cells(columns: int) -> str:
        code = "913501001234567890"
        heads = [Column(f"c{n}", "统一社会信用代码") for n in range(columns)]
        sheet = Sheet("清单", heads, lambda: iter([(code,) * columns]), size=1)
        return "".join(document(Report("题", [], [sheet], Instant(0)), paper=10))

    assert '<td class="t">913501001234567890' in cells(4)
    assert '<td class="t">913501001234567890' not in cells(20)
    assert "<td>913501001234567890" in cells(20)


def test_addresses_dates_and_codes_are_whole_in_any_column() -> None:
    """Whatever else the list holds, a column is as wide as the longest part that does not read when broken."""
    heads = ["名称", "端点", "证书编号", "日期", "说明"]
    row = [
        "某市人力资源和社会保障局门户网站",
        "127.10.3.10:2222/tcp、127.10.3.11:22/tcp",
        "GM001234567890",
        "2025-01-01",
    ]
    row.append("一段很长的说明文字" * 6)
    told = fit(heads, [row] * 9, 60.0)
    for share, token in zip(told.shares[1:4], ("127.10.3.10:2222/tcp、", "GM001234567890", "2025-01-01"), strict=True):
        assert share * 60 / told.type >= width_of(token, 1) + 1.3


def test_where_whole_words_do_not_fit_the_type_is_smaller_and_short_ones_stay() -> None:
    """A page of long addresses is set smaller, and what still has no room gives way before dates do."""
    heads = [f"列{n}" for n in range(9)]
    told = fit(heads, [["198.18.100.100:65535/tcp"] * 8 + ["2025-01-01"]] * 3, 92.0)
    assert told.type == pytest.approx(0.8)
    assert told.shares[8] * 92 / told.type == pytest.approx(6 + 1.3)
    assert sum(told.shares) == pytest.approx(1)


def test_a_mark_stays_with_the_word_before_it() -> None:
    """On paper no line begins with the comma of a list of ports, and no address is cut at its slash."""
    cell = "10.0.0.1:22/tcp、10.0.0.1:2222/tcp"
    columns = [Column("a", "端点"), Column("b", "说明", Look.LONG)]
    sheet = Sheet("清单", columns, lambda: iter([(cell, "见 a/b")]), size=1)
    page = "".join(document(Report("题", [], [sheet], Instant(0)), paper=10))
    assert '<span class="k">10.0.0.1:22/tcp、</span>' in page
    assert "string(section,start)" in page
