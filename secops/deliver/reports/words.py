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


def kind(value: Kind) -> str:
    """The kind's name."""
    return say(*_KINDS[value])


def state(value: State) -> str:
    """The state's name."""
    return say(*_STATES[value])


def severity(value: Severity) -> str:
    """The severity's name."""
    return say(*_SEVERITIES[value])


def yes(value: bool) -> str:
    """Yes or no."""
    return say("是", "yes") if value else say("否", "no")
