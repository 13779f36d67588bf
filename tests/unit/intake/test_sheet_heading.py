"""Headings: which rows they are, which section they state, and what each means; doubt is told, not settled by luck."""

from collections.abc import Sequence

import pytest

from secops.intake.sheet import Cell, Sheet
from secops.intake.sheet_heading import headings, plain_choice
from secops.intake.sheet_mapping import SheetMapping
from secops.intake.sheet_open import Unread, tables
from secops.intake.sheet_rows import Passed, Read, Table


def _sheet(*rows: Sequence[Cell], name: str = "", file: str = "a.csv") -> Sheet:
    numbered = tuple((number, list(cells)) for number, cells in enumerate(rows, 1))
    return Sheet(file, name, lambda: iter(numbered), numbered)


def _only(sheet: Sheet, *known: SheetMapping) -> Table:
    (found,) = tables([sheet], known)
    assert isinstance(found, Table), found
    return found


def test_headings_are_known_under_titles_in_other_spellings() -> None:
    """Breaks, blanks, wide letters, stars and marks of duty do not hide a heading."""
    found = _only(
        _sheet(
            ["业务系统台账", None, None, None],
            ["填报单位：甲", None, None, None],
            ["系统 名称*", "系统\n编号（必填）", "责任\u3000单位：", "ＩＰ 地址"],
            ["预算", "S1", "财政局", "192.0.2.1"],
        )
    )
    assert found.section.name == "systems"
    assert found.headings.rows == (3,)
    assert found.headings.columns == {0: "name", 1: "code", 2: "organisation", 3: "addresses"}


def test_two_rows_of_headings_are_read_as_one() -> None:
    """A group above and its parts below make one heading each."""
    found = _only(
        _sheet(
            ["单位名称", "统一社会信用代码", "联系人", "联系人"],
            ["单位名称", "统一社会信用代码", "姓名", "电话"],
            ["财政局", "91350100M000100Y43", "张三", "1"],
        )
    )
    assert found.headings.rows == (1, 2)
    assert found.headings.columns == {0: "name", 1: "credit_code", 2: "contact", 3: "phone"}


def test_a_register_is_told_from_assets_by_its_headings_or_its_sheet() -> None:
    """Filings and systems share headings: the better match wins, and a sheet's name counts."""
    rows = (["系统名称", "安全保护等级", "备案证明编号", "受理机关"], ["预算", 3, "44010000001-00001", "甲"])
    assert _only(_sheet(*rows)).section.name == "filings"
    assert _only(_sheet(["系统", "等级"], ["预算", 3], name="等级保护备案")).section.name == "filings"


def test_doubt_between_two_registers_is_told() -> None:
    """Headings that fit two sections equally are not read: the reason names both."""
    sheet = _sheet(["名称", "责任单位"], ["甲", "财政局"])
    assert not plain_choice(headings(sheet))
    (found,) = tables([sheet], [])
    assert isinstance(found, Unread)
    assert "--as" in found.reason
    (named,) = tables([sheet], [], only="hosts")
    assert isinstance(named, Table)


def test_rows_that_are_none_are_passed_by_with_the_reason() -> None:
    """Sums, notes, headings again, examples and blanks below the headings state nothing."""
    found = _only(
        _sheet(
            ["供应商名称", "统一社会信用代码", "联系人"],
            ["示例", None, None],
            ["甲公司", "91350100M000100Y43", "张三"],
            [None, "\u3000", None],
            ["供应商名称", "统一社会信用代码", "联系人"],
            ["合 计", 1, None],
            ["注：截至一月", None, None],
        )
    )
    rows = list(found.read())
    assert [type(each) for each in rows] == [Passed, Read, Passed, Passed, Passed]
    assert rows[1].where == "a.csv!3"


def test_everything_wrong_with_a_row_is_told_at_once() -> None:
    """One round of mending is enough: all cells' faults stand in the reason, the first one's place before it."""
    found = _only(
        _sheet(["系统名称", "系统编号", "等保级别", "备案日期"], ["预算", "S1", "七级", "26-1-31"], name="系统")
    )
    (row,) = found.read()
    assert row.where == "a.csv!系统!C2"
    assert "等保级别" in getattr(row, "reason", "")
    assert "备案日期" in getattr(row, "reason", "")


def test_a_mapping_is_found_again_by_the_headings_and_says_what_they_mean() -> None:
    """Headings nobody knows are read by a saved mapping, in any order, with constants for what is not there."""
    mapping = SheetMapping(
        "甲",
        "systems",
        {"项目": "name", "代号": "code", "杂": ""},
        constants={"level": "二级"},
        words={"name": {"x": "预算"}},
    )
    found = _only(_sheet(["杂", "代号", "项目"], ["1", "S1", "x"]), mapping)
    (row,) = found.read()
    assert isinstance(row, Read)
    assert (row.key, row.flat) == ("S1", {"name": "预算", "level": 2})
    assert "甲" in found.reasons[0]


def test_an_empty_cell_clears_only_where_asked() -> None:
    """Empty cells leave what is declared, unless the import clears; the key and what is needed never."""
    found = _only(_sheet(["系统名称", "系统编号", "负责人"], ["预算", "S1", ""]))
    assert [getattr(each, "cleared", None) for each in found.read()] == [()]
    assert [getattr(each, "cleared", None) for each in found.read(clear=True)] == [("owner",)]


def test_a_mapping_of_few_headings_takes_over_no_other_sheet() -> None:
    """A saved mapping is used where it speaks of most headings; else the list that knows them is, and that is told."""
    few = SheetMapping("甲", "suppliers", {"单位名称": "name", "联系人": "contact"})
    rows = ["单位名称", "统一社会信用代码", "上级单位", "联系人", "电子邮箱"], ["财政局", "", "", "张三", ""]
    found = _only(_sheet(*rows), few)
    assert found.section.name == "organisations"
    assert any("--mapping 甲" in each for each in found.reasons)
    (named,) = tables([_sheet(*rows)], [few], mapping=few)
    assert isinstance(named, Table)
    assert named.section.name == "suppliers"
    most = SheetMapping("乙", "suppliers", {"单位名称": "name", "联系人": "contact", "电子邮箱": ""})
    assert _only(_sheet(["单位名称", "联系人", "电子邮箱", "上级单位"], ["甲", "乙", "", ""]), most).section.name == (
        "organisations"
    )
    whole = SheetMapping("丙", "suppliers", dict.fromkeys(rows[0], "") | {"单位名称": "name"})
    assert _only(_sheet(*rows), few, most, whole).section.name == "suppliers"


def test_of_two_mappings_the_one_for_the_sheet_goes_first() -> None:
    """Both speak of all the headings; one names the sheet."""
    columns = {"项目": "name", "代号": "code"}
    one, other = SheetMapping("甲", "systems", columns), SheetMapping("乙", "systems", columns, sheet="年报")
    assert "乙" in _only(_sheet(["项目", "代号"], ["a", "b"], name="年报"), one, other).reasons[0]


def test_a_column_named_that_the_list_lacks_makes_no_other_list_of_it() -> None:
    """The headings tell units; a column that only suppliers have does not make suppliers of them."""
    sheet = _sheet(["单位名称", "统一社会信用代码", "上级单位", "联系人", "附记"], ["财政局", "", "", "张三", ""])
    (found,) = tables([sheet], [], said={"附记": "remark"})
    assert isinstance(found, Table)
    assert found.section.name == "organisations"


@pytest.mark.parametrize(
    ("section", "words"),
    [
        ("systems", "系统编码 系统名称 主管部门 责任人 联系电话 等保级别 备案编号 测评时间 备案时间 备案有效期"),
        ("websites", "网站名称 网址 主办单位 所属系统 ICP备案号 责任人"),
        ("suppliers", "供应商名称 统一社会信用代码 资质情况 项目负责人 审查时间"),
        (
            "contracts",
            "合同编号 合同名称 供应商名称 甲方单位 合同开始时间 合同截止时间 是否签订保密协议 源代码是否移交 移交时间",
        ),
        (
            "staff",
            "姓名 所属公司 所属合同 服务系统 VPN账号 进场时间 离场时间 权限到期时间 权限是否收回 背景审查 保密承诺书",
        ),
        (
            "filings",
            "定级对象名称 运营使用单位 投入使用时间 业务信息安全等级 系统服务安全等级 安全保护等级 备案证明有效期",
        ),
        ("certifications", "系统名称 测评类型 测评机构 测评完成时间 测评得分 报备时间 有效期至"),
        ("crypto", "产品名称 清单类别 商密证书编号 证书有效期 使用单位 所属系统"),
        (
            "algorithms",
            "算法名称 算法类型 技术供应商 算法备案号 审核时间 监督检查时间 安全评估时间 评估结论 算法责任人",
        ),
        ("trainings", "培训主题 类别 时间 组织单位 应参加人数"),
        ("backups", "业务系统 备份内容 是否异地 灾备等级 最近一次备份时间 最近恢复演练时间"),
        ("apps", "应用名称 应用形态 主办单位 服务对象 应用备案号 上线时间 月活 是否支持IPv6 开发商"),
        ("data_stages", "数据资产 环节 是否加密 是否脱敏 保存期限 检查时间"),
        ("interfaces", "接口名称 提供单位 使用单位 是否鉴权 是否加密 审批时间 有效期"),
        ("xinchuang", "产品名称 产品类别 替代情况 计划完成时间 是否在名录"),
        ("repositories", "仓库地址 开发商 最近审计时间"),
        ("organisations", "单位编号 单位名称 统一社会信用代码 上级单位 联系人 联系电话 备注"),
        (
            "data_surveys",
            (
                "数据名称 拟定数据级别 数据类别 单位名称 定级对象 数据安全责任部门 负责人 数据总量（GB）"
                " 数据总量（万条） 月增长量（GB） 月增长量（万条） 与其他数据处理者的交互 来源单位 流出单位"
                " 存储位置（云平台/名称） 存储机房 存储地域 数据来源 个人信息涉及情况"
            ),
        ),
        (
            "filing_units",
            (
                "单位全称 行政区划代码 隶属关系 单位类型 行业类别 网络安全责任部门 网络安全责任部门负责人手机"
                " 数据安全管理部门 数据安全管理部门负责人 填表人"
            ),
        ),
        ("technologies", "系统名称 技术类型 云计算角色 服务模式 部署模式 云平台名称 云平台备案编号 是否数据出境"),
    ],
)
def test_the_headings_of_ledgers_that_offices_keep_are_all_known(section: str, words: str) -> None:
    """Each means a column of its list, 时间 as 日期 and 是否 as 已, and the list is told from the others."""
    titles = words.split()
    found = _only(_sheet(titles, ["x"] * len(titles)))
    assert found.section.name == section
    assert found.headings.unused() == []


def test_headings_that_only_their_brackets_tell_apart_need_them() -> None:
    """数据总量 alone is of neither unit: told, not guessed; two rows of headings say which."""
    bare = _only(_sheet(["数据名称", "拟定数据级别", "数据总量", "存储机房"], ["账户", "一般数据", "12", "一号"]))
    assert bare.section.name == "data_surveys"
    assert bare.headings.unused() == [2]
    two = _only(
        _sheet(
            ["数据名称", "拟定数据级别", "数据总量", "数据总量", "存储机房"],
            ["数据名称", "拟定数据级别", "GB", "万条", "存储机房"],
            ["账户", "一般数据", "12", "3", "一号"],
        )
    )
    assert [two.headings.columns[at] for at in (2, 3)] == ["volume_gb", "records_10k"]


def test_a_heading_in_another_unit_is_told() -> None:
    """Bare numbers under RTO（小时） are no minutes; RTO（分钟） are."""
    rows = ["业务系统", "备份内容", "RTO（小时）", "RPO（分钟）"], ["预算", "库", "4", "30"]
    found = _only(_sheet(*rows))
    assert found.headings.unused() == [2]
    assert found.headings.columns[3] == "rpo_minutes"
