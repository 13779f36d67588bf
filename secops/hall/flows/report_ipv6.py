"""IPv6: each site and system by the measured items, as far as they were looked at; what was not is told as unknown."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from secops.core.fields import by_name
from secops.core.language import say
from secops.core.model import Kind, State, Value
from secops.deliver.reports.model import SITE, Cells, Column, Look, Report, Rows, Sheet
from secops.hall.flows.report_context import Context, number_column, numbered, site_column
from secops.hall.flows.report_register import rows_of, sheet_of

BASIS: Final = (
    "推进 IPv6 规模部署：域名 AAAA、可达、访问成功率、DNS 授权、内容一致、二三级链接（指标名据第二手材料，未核实）"
)
_SITES: Final = (SITE, "http.ipv6", "http.links", "http.title", "org.name", "system.name", "system_id", "last_seen")
_ITEMS: Final = (
    ("aaaa", "域名有 AAAA", "AAAA record"), ("reach", "IPv6 可达", "reachable"), ("rate", "访问成功率", "success rate"),
    ("dns", "DNS 授权支持 IPv6", "name servers over IPv6"), ("same", "内容一致", "same content"),
    ("second", "二级链接", "second-level links"), ("third", "三级链接", "third-level links"),
)  # fmt: skip


@dataclass(slots=True)
class _System:
    """What is counted of one system."""

    name: str = ""
    site: str = ""
    unit: str = ""
    level: Value = None
    four: int = 0
    six: int = 0
    sites: int = 0
    yes: int = 0
    no: int = 0


def build(ctx: Context) -> Report:
    """The report. Raises UsageError."""
    note = say(
        "“未知”表示没有测过：访问成功率、DNS 授权和三级链接不由发现任务测量；可达以带域名的探测为准",
        "unknown: nobody measured it. Success rate, name servers and third-level links are not measured by discovery",
    )
    sheets = [
        Sheet(say("按系统", "Systems"), _system_columns(), _systems(ctx), note=note),
        Sheet(say("按网站", "Websites"), _site_columns(), _sites(ctx), note=note),
        sheet_of(
            ctx,
            "app",
            [each for each in rows_of(ctx, "app") if each.get("offline_on") is None],
            name=say("移动应用", "Applications"),
            chart="ipv6",
        ),
    ]
    return Report(say("IPv6 支持情况", "IPv6 support"), ctx.facts(BASIS), sheets, ctx.newest)


def _unknown() -> str:
    return say("未知", "unknown")


def _word(value: object) -> str:
    return say("是", "yes") if value is True else say("否", "no") if value is False else _unknown()


def _site_columns() -> tuple[Column, ...]:
    return (
        number_column(), Column("key", by_name()["key"].title), site_column(),
        Column("title", by_name()["http.title"].title),
        Column("org.name", by_name()["org.name"].title), Column("system.name", by_name()["system.name"].title),
        *(Column(name, say(zh, en), chart=say("IPv6 可达", "reachable over IPv6") if name == "reach" else "")
          for name, zh, en in _ITEMS),
        Column("last_seen", by_name()["last_seen"].title, Look.TIME),
    )  # fmt: skip


def _sites(ctx: Context) -> Rows:
    def plain() -> Iterator[Cells]:
        named = _reach(ctx)
        for _, values in ctx.every((Kind.WEBSITE,), fields=_SITES):
            if values["state"] == State.GONE.value:
                continue
            here = values.get("http.ipv6")
            links = values.get("http.links")
            seen = [named[each] for each in _hosts(links) if each in named]
            second = f"{sum(seen)}/{len(seen)}" if seen else _unknown()
            last = values.get("last_seen")
            yield (
                str(values["key"]), values["site"], values.get("http.title"), values.get("org.name"),
                values.get("system.name"),
                _word(here), _word(here), _unknown(), _unknown(), _same(here),
                second, _unknown(), last,
            )  # fmt: skip

    return lambda: numbered(ctx.sorted(plain(), place=0, by=(3,)))


def _same(here: object) -> str:
    """Content is compared only where both were read; a site that IPv6 does not reach has no second content."""
    return say("不适用", "not applicable") if here is False else _unknown()


def _reach(ctx: Context) -> dict[str, bool]:
    """Host name of a website -> whether IPv6 reaches it, where that is known."""
    found: dict[str, bool] = {}
    for _, values in ctx.every((Kind.WEBSITE,), "", fields=_SITES):
        here = values.get("http.ipv6")
        if isinstance(here, bool):
            found[_host(str(values["key"]))] = here
    return found


def _hosts(links: Value) -> list[str]:
    return [_host(str(each)) for each in links] if isinstance(links, tuple) else []


def _host(url: str) -> str:
    host = url.partition("://")[2] or url
    return host.partition("/")[0].rpartition(":")[0] or host.partition("/")[0]


def _system_columns() -> tuple[Column, ...]:
    return (
        number_column(),
        Column("name", say("系统", "system")),
        site_column(),
        Column("org.name", say("责任单位", "unit")),
        Column("level", by_name()["system.level"].title, Look.NUMBER),
        Column("four", say("IPv4 地址", "IPv4 addresses"), Look.NUMBER),
        Column("six", say("IPv6 地址", "IPv6 addresses"), Look.NUMBER),
        Column("sites", say("网站", "websites"), Look.NUMBER),
        Column("yes", say("IPv6 可达", "reachable"), Look.NUMBER),
        Column("no", say("不可达", "not reachable"), Look.NUMBER),
        Column("open", _unknown(), Look.NUMBER),
        Column("verdict", say("结论", "verdict"), chart=say("系统 IPv6", "systems")),
    )


def _systems(ctx: Context) -> Rows:
    def plain() -> Iterator[Cells]:
        found: dict[str, _System] = {}
        for _, values in ctx.every((Kind.SYSTEM,), ctx.mine):
            found[str(values["id"])] = _System(
                str(values.get("name") or values["key"]),
                str(values["site"]),
                str(values.get("org.name") or ""),
                values.get("system.level"),
            )
        for kind, values in ctx.every((Kind.IP, Kind.WEBSITE), fields=_SITES):
            mine = found.setdefault(str(values.get("system_id") or ""), _System())
            if values["state"] == State.GONE.value:
                continue
            if kind is Kind.IP:
                mine.six += ":" in str(values["key"])
                mine.four += ":" not in str(values["key"])
            else:
                mine.sites += 1
                mine.yes += values.get("http.ipv6") is True
                mine.no += values.get("http.ipv6") is False
        for id, mine in found.items():
            if id or mine.four or mine.six or mine.sites:
                level = mine.level if isinstance(mine.level, int) else None
                yield (
                    mine.name or say("（未归属系统）", "(no system)"), mine.site or None, mine.unit or None, level,
                    mine.four, mine.six, mine.sites, mine.yes, mine.no, mine.sites - mine.yes - mine.no, _verdict(mine),
                )  # fmt: skip

    return lambda: numbered(ctx.sorted(plain(), place=0, by=(2,)))


def _verdict(mine: _System) -> str:
    if mine.sites and mine.yes == mine.sites:
        return say("全部可达", "all reachable")
    if mine.yes:
        return say("部分可达", "some reachable")
    if mine.sites and mine.no == mine.sites:
        return say("不可达", "none reachable")
    return say("有 IPv6 地址，网站未知", "has addresses, sites unknown") if mine.six else _unknown()
