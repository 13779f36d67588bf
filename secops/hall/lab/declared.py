"""What the demo declares of its city: units, networks and systems, written for the ground the lab stands on."""

from secops.core.clock import DAY_MS, Instant, render
from secops.hall.lab import plan
from secops.hall.lab.serve import Ground

UNITS = (
    ("SJJ", "某市政务服务数据管理局", ""), ("CZJ", "某市财政局", "SJJ"), ("WJW", "某市卫生健康局", "SJJ"),
    ("JYJ", "某市教育局", "SJJ"), ("RSJ", "某市人力资源和社会保障局", "SJJ"), ("ZRJ", "某市自然资源局", "SJJ"),
)  # fmt: skip
_ZONES = (
    ("portal", "门户区", "SJJ", "互联网接入区"), ("business", "业务区", "SJJ", "政务外网业务区"),
    ("data", "数据区", "SJJ", "政务外网数据区"),
)  # fmt: skip


def files(ground: Ground, now: Instant) -> dict[str, str]:
    """File name -> content, for the workspace's inventory folder. The office network is left for a rule to find."""
    return {
        "organisations.yaml": _organisations(),
        "networks.yaml": _networks(ground),
        "systems.yaml": _systems(ground, now),
    }


def _organisations() -> str:
    lines = ["# 演示：责任单位（均为虚构）", "organisations:"]
    for code, name, parent in UNITS:
        lines += [f"  - id: {code}", f"    name: {name}"]
        lines += [f"    parent: {parent}"] if parent else []
        lines += ["    contact: 演示联系人", "    phone: 020-0000-0000"]
    return "\n".join(lines) + "\n"


def _networks(ground: Ground) -> str:
    lines = ["# 演示：网段；办公区故意没有登记", "networks:"]
    for zone, name, unit, kind in _ZONES:
        cidr = f"{ground.address(zone, 0)}/{plan.NETWORK_BITS}"
        lines += [f"  - cidr: {cidr}", f"    name: {name}", f"    organisation: {unit}", f"    zone: {kind}"]
    return "\n".join(lines) + "\n"


def _systems(ground: Ground, now: Instant) -> str:
    def day(offset: int) -> str:
        return render(now + offset * DAY_MS)[:10]

    def at(zone: str, *hosts: int) -> str:
        return ", ".join(ground.address(zone, each) for each in hosts)

    return f"""# 演示：业务系统与等级保护级别
systems:
  - code: CZ-001
    name: 财政一体化系统
    organisation: CZJ
    owner: 演示负责人
    level: 3
    filing_no: 44990000001-00001
    filed_on: {day(-400)}
    filing_valid_until: {day(600)}
    assessed_on: {day(-100)}
    addresses: [{at("business", 10)}, {at("data", 10, 12)}]
  - code: WJ-001
    name: 全民健康信息平台
    organisation: WJW
    level: 3
    filing_valid_until: {day(-20)}
    assessed_on: {day(-500)}
    addresses: [{at("business", 11)}, {at("data", 11, 13)}]
  - code: SJ-001
    name: 一体化政务服务平台
    organisation: SJJ
    level: 3
    filing_valid_until: {day(800)}
    assessed_on: {day(-30)}
    addresses: [{at("business", 12)}, {at("portal", 10)}]
  - code: ZR-001
    name: 不动产登记系统
    organisation: ZRJ
    level: 2
    business_information:
      object: 社会秩序、公共利益
      degree: 严重损害
    system_service:
      object: 社会秩序、公共利益
      degree: 一般损害
    filing_valid_until: {day(300)}
    assessed_on: {day(-200)}
    addresses: [{at("business", 13)}]
  - code: RS-001
    name: 社保网上服务大厅
    organisation: RSJ
    level: 3
    filing_valid_until: {day(700)}
    assessed_on: {day(-60)}
    addresses: [{at("business", 20)}]
  - code: JY-001
    name: 学籍管理系统
    organisation: JYJ
    level: 2
    filing_valid_until: {day(100)}
    assessed_on: {day(-90)}
    addresses: [{at("business", 21)}]
"""
