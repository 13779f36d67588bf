"""Values as people write them: read with their unit, or refused with what is wrong with this one."""

import pytest

from secops.core.registers import registers
from secops.intake import declared_values as read
from secops.intake.declared_sections import sections
from secops.intake.sheet_heading import meant
from secops.scope.yaml_source import Plain


@pytest.mark.parametrize(
    ("written", "number"),
    [("3人", 3), ("１台", 1), ("约50", 50), ("1,200 套", 1200), ("50余人", 50), ("2万", 20_000), (7, 7), ("-1", -1)],
)
def test_a_count_is_read_with_its_unit(written: Plain, number: int) -> None:
    """人, 台 and 约 say nothing that the column does not."""
    assert read.integer(written) == number


@pytest.mark.parametrize("written", ["三人", "3-5人", "人", "IPv6", "3.5台", "3 4"])
def test_what_is_no_one_number_is_no_count(written: str) -> None:
    """A range or a word is refused."""
    with pytest.raises(ValueError, match="整数"):
        read.integer(written)


@pytest.mark.parametrize("written", ["三级", "第三级", "3级", "S2A3", "S3A2G3", "第三级（S3A2）", 3, "3.0"])
def test_a_level_is_read_as_offices_write_it(written: Plain) -> None:
    """For filings as for systems; of S and A the higher counts."""
    column = registers()["filing"].column("level")
    assert column is not None
    assert read.cell(column)(written) == 3
    assert read.level(written) == 3


@pytest.mark.parametrize("written", ["六级", "0", "S9A9", "三", "高"])
def test_another_word_is_no_level(written: str) -> None:
    """三 alone is one, 六级 is none."""
    if written == "三":
        assert read.level(written) == 3
        return
    with pytest.raises(ValueError, match="1 至 5"):
        read.level(written)


@pytest.mark.parametrize(
    ("written", "why"),
    [("2026-02-30", "没有 2026-02-30 这一天"), ("2026.13.1", "没有 2026.13.1 这一天"),
     ("2025年底", "“2025年底”不是日期"),
     ("长期", "没有期限就留空")],
)  # fmt: skip
def test_a_wrong_day_is_told_by_what_is_wrong_with_it(written: str, why: str) -> None:
    """A day that is none, a word for none, and anything else are three things."""
    with pytest.raises(ValueError, match=why):
        read.day(written)


@pytest.mark.parametrize(
    ("written", "yes"), [("已评审", True), ("未审核", False), ("已", True), ("已于去年三月完成", None)]
)
def test_a_flag_is_read_as_forms_tick_it(written: str, yes: bool | None) -> None:
    """已 or 未 with what was or was not done; a sentence is none."""
    if yes is None:
        with pytest.raises(ValueError, match="是 或 否"):
            read.flag(written)
    else:
        assert read.flag(written) is yes


@pytest.mark.parametrize(
    ("name", "heading", "column"),
    [
        ("hosts", "主机名", "name"), ("hosts", "序列号", "serial"), ("hosts", "厂商", "vendor"),
        ("devices", "设备名称", "name"), ("devices", "S/N", "serial"), ("systems", "经办人", "owner"),
        ("filings", "定级对象名称", "system"), ("filings", "定级日期", "graded_on"),
        ("certifications", "测评单位", "agency"),
        ("contracts", "服务结束时间", "ends_on"), ("websites", "网站名称", "name"), ("suppliers", "联系方式", "phone"),
    ],
)  # fmt: skip
def test_headings_offices_write_are_known(name: str, heading: str, column: str) -> None:
    """Each means the one column, in its own list."""
    assert meant(sections()[name], [[heading]])[0][0] == column


@pytest.mark.parametrize("written", ["未知", "已过期", "未涉及", "未定", "已逾期", "部分"])
def test_a_word_that_is_neither_yes_nor_no_is_no_flag(written: str) -> None:
    """The words behind 已 and 未 are a closed list: others are refused with what can stand there."""
    with pytest.raises(ValueError, match=f"是 或 否.*“{written}”"):
        read.flag(written)


@pytest.mark.parametrize(
    ("written", "right"),
    [("jk.wjj.dj.gov.cn", "https://jk.wjj.dj.gov.cn"), ("http://fs.dj.gov.cn/login", "写作 http://fs.dj.gov.cn"),
     ("a.dj.gov.cn:8443/x", "https://a.dj.gov.cn:8443")],
)  # fmt: skip
def test_a_website_that_is_refused_is_told_as_it_should_be(written: str, right: str) -> None:
    """A scheme is not guessed and a path is not cut off."""
    for reader in (read.url, read.sites) if "/" in written else (read.url,):
        with pytest.raises(ValueError, match=right):
            reader(written)


def test_a_repository_may_be_named_as_git_is_told_of_it() -> None:
    """git@host:path has no scheme."""
    assert read.link("git@git.dj.gov.cn:cz/fs.git") == "git@git.dj.gov.cn:cz/fs.git"


@pytest.mark.parametrize("written", ["10.30.1.0/24", "10.30.2.10-10.30.2.20"])
def test_many_addresses_in_the_place_of_one_are_told_where_they_go(written: str) -> None:
    """Networks have a column and a list of their own."""
    with pytest.raises(ValueError, match="--as networks"):
        read.places([written])


@pytest.mark.parametrize(
    ("register", "column", "written", "value"),
    [("algorithm", "kind", "检索过滤类", "retrieval"), ("algorithm", "kind", "生成合成类", "generative"),
     ("xinchuang", "state", "正在替代", "running"), ("xinchuang", "state", "未替代", "open"),
     ("data_stage", "stage", "数据采集", "collect")],
)  # fmt: skip
def test_choices_are_known_by_the_words_of_rules_and_ledgers(
    register: str, column: str, written: str, value: str
) -> None:
    """The five kinds of algorithms are called so by the rule, 未替代 is not 不替代."""
    known = registers()[register].column(column)
    assert known is not None
    assert read.cell(known)(written) == value


def test_a_pattern_is_told_by_an_example() -> None:
    """Nobody reads a regular expression."""
    known = registers()["filing"].column("number")
    assert known is not None
    with pytest.raises(ValueError, match=r"“4419-12”写法不对，应形如 44010000001-00001$"):
        read.cell(known)("4419-12")


@pytest.mark.parametrize(
    ("written", "level"),
    [
        ("重要数据", "重要"),
        ("重要", "重要"),
        ("核心数据", "核心"),
        ("一般数据4级", "一般4级"),
        ("一般数据（4级）", "一般4级"),
    ],
)
def test_the_level_of_data_is_one_word(written: str, level: str) -> None:
    """重要 and 重要数据 are one level in every count."""
    assert sections()["data"].slots["level"].reader(written) == level


@pytest.mark.parametrize("written", ["高", "3", "重要及以上数据", "重要3级"])
def test_another_word_is_no_level_of_data(written: str) -> None:
    """What can stand there is told."""
    with pytest.raises(ValueError, match="核心、重要、一般"):
        read.data_level(written)
