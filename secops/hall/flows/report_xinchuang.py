"""Domestic products (信创): the register, and what discovery recognised; absence of a mark proves nothing."""

import re
from collections.abc import Iterator
from functools import cache
from typing import Final

from secops.core.fields import by_name
from secops.core.language import say
from secops.core.model import Kind, State
from secops.core.registers import registers
from secops.deliver.reports import words
from secops.deliver.reports.model import SITE, Cells, Column, Report, Rows, Sheet
from secops.discover.fingerprint.file import shipped
from secops.hall.flows.report_context import Context, Values, number_column, numbered, site_column
from secops.hall.flows.report_register import basis_of, sheet_of
from secops.store import changes

_WHERE = ("http.technologies", "service.product", "host.os", "device.vendor", "device.model", "service.banner")
_READ = (SITE, "org.name", "system.name", "port", "declared", *_WHERE)
_PORTS = {5236: "达梦 DM", 54321: "人大金仓 KingbaseES", 5258: "南大通用 GBase", 2881: "OceanBase", 6030: "TDengine"}
"""Default ports of clients' lists: a hint where the product did not say who it is."""

_CATEGORIES = {
    "web-server": "Web 服务器",
    "middleware": "中间件",
    "framework": "开发框架",
    "javascript": "前端框架",
    "cms": "内容管理",
    "government": "政务平台",
    "oa": "OA",
    "erp": "ERP",
    "bi": "数据分析",
    "mail": "邮件系统",
    "database": "数据库",
    "cache": "缓存",
    "queue": "消息队列",
    "search": "搜索",
    "storage": "存储",
    "monitoring": "监控",
    "devops": "开发运维",
    "configuration": "配置中心",
    "virtualisation": "虚拟化",
    "container": "容器平台",
    "panel": "管理面板",
    "security": "安全产品",
    "network": "网络设备",
    "camera": "摄像机",
    "printer": "打印机",
    "industrial": "工控",
    "identity": "统一身份",
    "collaboration": "协作",
    "remote-access": "远程接入",
    "big-data": "大数据",
}


_OPERATING: Final = tuple(
    (name, re.compile(words_, re.IGNORECASE))
    for name, words_ in (
        ("麒麟 Kylin", r"麒麟|kylin"), ("统信 UOS", r"统信|\buos\b|uniontech"),
        ("深度 deepin", r"深度操作系统|\bdeepin"),
        ("欧拉 openEuler", r"欧拉|euler"), ("龙蜥 Anolis", r"龙蜥|\banolis"),
        ("中科方德", r"方德|\bnfs ?(desktop|server)"),
        ("红旗 Red Flag", r"红旗|red ?flag"), ("大云 BC-Linux", r"大云|bc-?linux"),
        ("鸿道 Intewell", r"鸿道|intewell"), ("OpenCloudOS", r"opencloudos|tencentos"),
    )
)  # fmt: skip
"""Operating systems by the words that people and probes write, with any version beside them."""


@cache
def _domestic() -> dict[str, tuple[str, str]]:
    """Lower-case name or product of each domestic fingerprint -> name and category."""
    found: dict[str, tuple[str, str]] = {}
    for each in shipped():
        if each.domestic:
            for word in (each.name, each.product):
                if word:
                    found[word.lower()] = (each.name, say(_CATEGORIES.get(each.category, each.category), each.category))
    return found


def build(ctx: Context) -> Report:
    """The report. Raises UsageError."""
    register = registers()["xinchuang"]
    sheets = [
        sheet_of(ctx, "xinchuang", name=say("信创台账", "Register"), chart="state"),
        Sheet(say("国产软硬件（发现与登记）", "Seen and declared"), _columns(), _seen(ctx),
              note=say("“发现”由指纹识别：响应头可以改名，没识别出不等于没有，仅凭默认端口的标为“推测”；“登记”取自资产登记，未经发现证实",
                       "found: by fingerprints; a mark that is absent proves nothing, by port alone is a guess; "
                       "declared: by its register, not seen")),
    ]  # fmt: skip
    return Report(say("信创产品清单", "Domestic products"), ctx.facts(basis_of(register)), sheets, ctx.newest)


def _columns() -> tuple[Column, ...]:
    return (
        number_column(), Column("product", say("产品", "product"), chart=say("按产品", "by product")),
        Column("category", say("产品类别", "category")),
        Column("origin", say("来源", "origin"), chart=say("按来源", "by origin")), Column("by", say("依据", "by")),
        Column("kind", say("资产类别", "kind of asset")), Column("key", by_name()["key"].title),
        site_column(), Column("org.name", by_name()["org.name"].title, chart=say("按责任单位", "by unit")),
        Column("system.name", by_name()["system.name"].title), Column("id", by_name()["id"].title, brief=False),
    )  # fmt: skip


def _seen(ctx: Context) -> Rows:
    def plain() -> Iterator[Cells]:
        for kind, values in ctx.every((Kind.WEBSITE, Kind.IP, Kind.HOST, Kind.DEVICE, Kind.SERVICE), fields=_READ):
            if values["state"] == State.GONE.value:
                continue
            for product, category, name in _recognised(values):
                origin = say("登记", "declared") if _declared(ctx, values, name) else say("发现", "found")
                by = by_name()[name].title if name in by_name() else name
                yield (
                    product, category, origin, by, words.kind(kind), str(values["key"]), values["site"],
                    values.get("org.name"), values.get("system.name"), str(values["id"]),
                )  # fmt: skip

    return lambda: numbered(ctx.sorted(plain(), place=5, by=(1, 0)))


def _declared(ctx: Context, values: Values, field: str) -> bool:
    """Whether the field has its value by what somebody declared, not by what was found."""
    if values["state"] == State.DECLARED.value or not values.get("declared"):
        return bool(values["state"] == State.DECLARED.value)
    upto = ctx.now if ctx.at is not None else None
    told = changes.last_of(ctx.connection, str(values["id"]), (field, "born"), upto)
    return bool(told is not None and told.who)


def _recognised(values: Values) -> list[tuple[str, str, str]]:
    """Product, category and the field (or guess) that shows it."""
    found: dict[str, tuple[str, str]] = {}
    for name in _WHERE:
        value = values.get(name)
        for text in value if isinstance(value, tuple) else (value,):
            known = _domestic().get(str(text or "").lower().partition("/")[0].strip())
            if known is not None:
                found.setdefault(known[0], (known[1], name))
    running = str(values.get("host.os") or "")
    for name, written in _OPERATING if running else ():
        if written.search(running):
            found.setdefault(name, (say("操作系统", "operating system"), "host.os"))
    port = values.get("port")
    if not found and isinstance(port, int) and port in _PORTS and not values.get("service.product"):
        found[_PORTS[port]] = (say("数据库", "database"), say(f"推测：默认端口 {port}", f"a guess: port {port}"))
    return [(product, *rest) for product, rest in sorted(found.items())]
