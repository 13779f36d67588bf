"""A new authorisation document, commented, for a person to finish and sign."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from secops.scope.document import PPS, PPS_PER_HOST


@dataclass(frozen=True, slots=True)
class Draft:
    """What `render` writes into the form; texts are quoted, so anything may stand in them."""

    title: str
    site: str
    basis: str
    document: str
    issuer: str
    valid_from: str
    valid_until: str
    include: Sequence[str]
    operators: Sequence[str]
    exclude: Sequence[str] = ()
    ports: Sequence[str] = ("1-65535",)
    resolvers: Sequence[str] = ()
    hosts: str = ""
    hours: Sequence[str] = ()
    pps: int = PPS
    pps_per_host: int = PPS_PER_HOST
    level: int = 1
    loopback: bool = False


def render(draft: Draft) -> str:
    """The YAML text, with a comment beside each field."""
    d = draft
    lines = [
        "# 网络安全检测授权书。改完后签名：secops scope sign 本文件 --key 密钥名 --passphrase-file 口令文件",
        "# 签名之后任何改动（包括空格）都会使签名失效。",
        f"title: {_text(d.title)}",
        f"site: {_text(d.site)}  # 站点：小写字母、数字、- 和 _",
        f"basis: {_text(d.basis)}  # 法律依据",
        f"document: {_text(d.document)}  # 文号",
        f"issuer: {_text(d.issuer)}  # 签发单位",
        "valid:  # 有效期；只写日期时含当天",
        f"  from: {_text(d.valid_from)}",
        f"  until: {_text(d.valid_until)}",
        "include:  # 网段、地址范围（a-b）、单个地址或主机名；主机名解析出的地址也须在此列出",
        *_items(d.include),
        "exclude:" + ("" if d.exclude else " []") + "  # 从中排除",
        *_items(d.exclude),
        "ports:  # 打印机等端口（515、631、9100-9116、48899）无论怎样写都不会触碰",
        *_items(d.ports),
        *([f"hosts: {_text(d.hosts)}  # 只按这份 hosts 文件解析主机名"] if d.hosts else []),
        *([] if d.hosts else ["resolvers:" + ("" if d.resolvers else " []") + "  # 只向这些 DNS 服务器查询"]),
        *([] if d.hosts else _items(d.resolvers)),
        "hours:" + ("" if d.hours else " []") + "  # 允许的时段，如 周一-周五 08:00-20:00；空为不限",
        *_items(d.hours),
        "rate:",
        f"  packets_per_second: {d.pps}  # 总速率",
        f"  per_host: {d.pps_per_host}  # 对单台主机的速率",
        "  # per_network: 400  # 对单个 /24（IPv6 为 /64）的速率，不写为总速率的四成",
        "industrial: false  # 是否允许识别工控设备（Modbus、S7 等端口），默认不触碰",
        f"level: {d.level}  # 最高强度：0 被动 1 轻触 2 主动 3 侵入",
        "operators:  # 只有这些人可以使用",
        *_items(d.operators),
    ]
    if d.loopback:
        lines.append("loopback: true  # 允许以本机 127.0.0.0/8 为目标")
    return "\n".join(lines) + "\n"


def _items(items: Sequence[str]) -> list[str]:
    return [f"  - {_text(item)}" for item in items]


def _text(value: str) -> str:
    """A YAML double-quoted scalar; JSON's form is one."""
    return json.dumps(value, ensure_ascii=False)
