"""The kinds of report there are: what each is called, where it is built, which options it understands."""

from collections.abc import Mapping
from dataclasses import dataclass

from secops.core.language import say


@dataclass(frozen=True, slots=True)
class ReportKind:
    """One kind. `options` names those beyond the common ones."""

    name: str
    zh: str
    en: str
    place: str
    """`module:function`, imported when used."""
    options: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """What people call it, in the language in force."""
        return say(self.zh, self.en)


_ROOM = "secops.hall.flows.report_"
KINDS: Mapping[str, ReportKind] = {
    each.name: each
    for each in (
        ReportKind(
            "assets",
            "资产台账：按类别、单位或系统编排，含责任单位、等保级别、问题数",
            "the asset ledger",
            f"{_ROOM}assets:build",
            ("by", "pictures"),
        ),
        ReportKind(
            "findings",
            "问题清单：危害程度、依据、风险、整改建议",
            "the findings, gravest first",
            f"{_ROOM}findings:build",
            ("severity", "resolved"),
        ),
        ReportKind(
            "changes",
            "变化报告：一段时间的新增、消失、端口开放等，按单位编排",
            "what changed in a period",
            f"{_ROOM}changes:build",
            ("from", "to"),
        ),
        ReportKind(
            "undeclared",
            "未登记与过期：未登记资产、已登记未发现、证书与登记到期",
            "undeclared and expired",
            f"{_ROOM}undeclared:build",
            ("within",),
        ),
        ReportKind(
            "duties",
            "责任清单：单位、责任人、责任书、各有多少资产，无人负责的资产",
            "who answers for what",
            f"{_ROOM}duties:build",
        ),
        ReportKind(
            "filings",
            "等保定级备案清单：2025 版备案表各表（含表六数据摸底）、有效期、测评、未备案系统",
            "grading filings",
            f"{_ROOM}filings:build",
        ),
        ReportKind(
            "crypto",
            "密码：能力清单、服务目录、应用、密评、发现的 TLS 与国密 TLCP",
            "cryptography",
            f"{_ROOM}crypto:build",
        ),
        ReportKind("xinchuang", "信创：台账与发现的国产软硬件", "domestic products", f"{_ROOM}xinchuang:build"),
        ReportKind("ipv6", "IPv6：按系统和网站的支持情况，未测的写明未知", "IPv6 support", f"{_ROOM}ipv6:build"),
        ReportKind(
            "suppliers",
            "供应商：合同、外包人员、到期与未收回的权限",
            "suppliers, contracts, staff",
            f"{_ROOM}suppliers:build",
            ("within",),
        ),
        ReportKind(
            "algorithms",
            "算法与新技术：备案、审核、评估、监督，缺失的环节",
            "algorithms and new technology",
            f"{_ROOM}algorithms:build",
        ),
        ReportKind(
            "targets",
            "演练目标清单：系统、级别、责任单位、联系人，对照授权书",
            "a coordinator's targets",
            f"{_ROOM}targets:build",
            ("scope",),
        ),
        ReportKind(
            "topology", "拓扑：每个业务系统一张图，附关系清单", "a picture of each system", f"{_ROOM}topology:build"
        ),
        ReportKind("register", "任一专项台账，见 register types", "any register", f"{_ROOM}register:build", ("type",)),
    )
}

FORMATS: Mapping[str, tuple[str, str]] = {
    "xlsx": (
        "Excel 工作簿：封面、概览图表、分类清单、筛选；大表自动改用快速写法",
        "Excel: cover, charts, filters; fast for large lists",
    ),
    "docx": ("Word，按可编辑的模板", "Word, by a template that can be edited"),
    "html": ("单文件网页，含图表，可打印", "one self-contained page with charts, printable"),
    "pdf": ("PDF，A4 横向，带页码", "PDF, A4 across, page numbers"),
    "csv": ("CSV（UTF-8 带 BOM），一张表", "CSV (UTF-8 with BOM), one table"),
    "jsonl": ("每行一个 JSON 对象", "one JSON object a line"),
    "parquet": ("Parquet，带类型的列", "Parquet, typed columns"),
}
PEOPLE = frozenset({"xlsx", "docx", "html", "pdf"})
"""Formats for eyes: columns of which nothing is known are left out."""
PICTURED = frozenset({"docx", "html", "pdf"})
"""Formats that hold pictures."""
PAPER = frozenset({"docx", "pdf"})
