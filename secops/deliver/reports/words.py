"""The words of ledgers: kinds, states and severities as people read them."""

from secops.core.finding import Severity
from secops.core.language import say
from secops.core.model import Kind, State

_KINDS = {
    Kind.IP: ("IP 资产", "IP addresses"),
    Kind.NETWORK: ("网络", "Networks"),
    Kind.SYSTEM: ("业务系统", "Systems"),
    Kind.WEBSITE: ("网站", "Websites"),
    Kind.DATA: ("数据", "Data"),
    Kind.HOST: ("主机", "Hosts"),
    Kind.DEVICE: ("设备", "Devices"),
    Kind.SERVICE: ("服务端口", "Services"),
}
_STATES = {
    State.ACTIVE: ("在用", "active"),
    State.STALE: ("疑似下线", "stale"),
    State.GONE: ("已消失", "gone"),
    State.DECLARED: ("已登记未发现", "declared, not seen"),
}
_SEVERITIES = {
    Severity.CRITICAL: ("紧急", "critical"),
    Severity.HIGH: ("高危", "high"),
    Severity.MEDIUM: ("中危", "medium"),
    Severity.LOW: ("低危", "low"),
    Severity.INFO: ("提示", "info"),
}
_LEVELS = "一二三四五"
"""Levels of protection; of GB/T 22240-2020 there are five."""
_COLLECTORS = {
    "greeting": "端口问候", "service": "服务识别", "certificate": "证书", "favicon": "网站图标", "datagram": "UDP 探测",
    "connect": "端口探测", "syn": "端口探测", "ping": "存活探测",
}  # fmt: skip
_DEVICES = {
    "firewall": "防火墙", "router": "路由器", "broadband router": "宽带路由器", "switch": "交换机", "hub": "集线器",
    "bridge": "网桥", "WAP": "无线接入点", "load balancer": "负载均衡", "proxy server": "代理服务器",
    "security-misc": "安全设备", "remote management": "远程管理", "general purpose": "通用主机", "printer": "打印机",
    "print server": "打印服务器", "webcam": "摄像机", "media device": "媒体设备", "storage-misc": "存储设备",
    "VoIP phone": "网络电话", "VoIP adapter": "语音网关", "PBX": "电话交换机", "phone": "电话",
    "telecom-misc": "电信设备",
    "terminal": "终端", "terminal server": "终端服务器", "power-device": "电源设备", "power-misc": "电源设备",
    "specialized": "专用设备", "game console": "游戏机", "RTU": "远程终端单元", "PLC": "可编程控制器",
    "building controller": "楼宇控制器",
}  # fmt: skip


def kind(value: Kind) -> str:
    """The kind's name."""
    return say(*_KINDS[value])


def state(value: State) -> str:
    """The state's name."""
    return say(*_STATES[value])


def severity(value: Severity) -> str:
    """The severity's name."""
    return say(*_SEVERITIES[value])


def severities() -> dict[str, str]:
    """The scale of severities, the gravest first, as a chart is ordered by it."""
    return {word: word for word in map(severity, Severity)}


def level(value: int) -> str:
    """A level of protection (等级保护) as it is called: 三级."""
    return say(f"{_LEVELS[value - 1]}级" if 1 <= value <= len(_LEVELS) else f"{value} 级", f"Level {value}")


def levels() -> dict[str, str]:
    """The scale of levels, the highest first, by their numbers as text."""
    return {str(each): level(each) for each in range(len(_LEVELS), 0, -1)}


def device(value: str) -> str:
    """A type of device, kept in nmap's words, as people call it; what somebody wrote as it stands."""
    return say(_DEVICES.get(value, value), value)


def collector(name: str) -> str:
    """How something was found: protocols by their own names, the rest in words."""
    return say(_COLLECTORS.get(name, name), name)


def yes(value: bool) -> str:
    """Yes or no."""
    return say("是", "yes") if value else say("否", "no")
