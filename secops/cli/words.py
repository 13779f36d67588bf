"""The words people read in tables and summaries; machine records keep the English keys and values."""

import re
from typing import Final

from secops.core.language import say
from secops.core.vocabulary import VOCABULARY

_TIME: Final = re.compile(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(?:\.\d+)?\+08:00")
"""A time as records spell it; people read the day and the hour of where they are."""

_ZH: dict[str, str] = {
    "stated": "写明",
    "declared": "新登记",
    "withdrawn": "撤销",
    "proposed": "待第二人批准",
    **{
        f"assets_{name}": f"资产·{word}"
        for name, word in (("new", "新增"), ("changed", "变化"), ("stale", "未见"), ("gone", "消失"), ("back", "重现"))
    },
    "planned": "计划询问",
    "sent": "发包",
    "answered": "应答",
    "open": "开放",
    "grade.open": "现有问题",
    "observations": "观测",
    "blocks": "完成块",
    "entries": "并入记录",
    "new": "新增",
    "changed": "变化",
    "stale": "未见",
    "gone": "消失",
    "back": "重现",
    "event_new": "事件·新增",
    "event_changed": "事件·变化",
    "event_vanished": "事件·消失",
    "event_closed": "事件·端口关闭",
    "event_reopened": "事件·重现",
    "unreachable": "不可达",
    "canaries": "复测",
    "canaries_lost": "复测未应答",
    "loss": "丢失率",
    "same_digest": "摘要一致",
    "rows": "行",
    "read": "读入",
    "created": "新建",
    "updated": "更新",
    "skipped": "跳过",
    "passed_by": "无资产信息",
    "looks": "合并观测",
    "fold_bytes": "合并后字节",
    "bytes_before": "原字节数",
    "bytes_after": "现字节数",
    "frames": "帧",
    "outside_scope": "授权外",
    "rules": "规则",
    "asked": "评判",
    "opened": "新发现问题",
    "resolved": "已消除",
    "reopened": "再次出现",
    "undecided": "未判定",
    "cases_opened": "新通报单",
    "cases_closed": "结束通报单",
    "letters": "待送告警",
    "open_critical": "紧急",
    "open_high": "高危",
    "open_medium": "中危",
    "open_low": "低危",
    "open_info": "提示",
    "delivered": "送达",
    "dead": "无法投递",
    "retried": "将重试",
    "unknown": "待查证",
    "backlog": "积压",
    "findings": "问题",
    "cases": "通报单",
    "alerts": "告警",
    "ip": "IP 地址",
    "network": "网段",
    "system": "业务系统",
    "website": "网站",
    "data": "数据",
    "host": "主机",
    "device": "设备",
    "service": "开放端口",
    **{
        f"{kind}.{name}": word
        for kind in ("ledger", "bulk")
        for name, word in (
            ("new", "新登记"),
            ("changed", "修改"),
            ("proposed", "待第二人批准"),
            ("withdrawn", "撤销"),
            ("same", "无变化"),
            ("repeated", "重复行"),
            ("passed", "非数据行"),
        )
    },
    "made": "编制",
    "steps": "步骤",
    "succeeded": "成功",
    "failed": "失败",
    "waiting": "等待",
}
_STATES: dict[str, str] = {
    "planned": "只预览，没有写入",
    "done": "完成",
    "incomplete": "不完整",
    "interrupted": "被中断",
    "stopped": "已停止",
    "refused": "被拒绝",
    "crashed": "异常中止",
    "waiting": "等待人工",
    "failed": "失败",
}


def count(name: str, kind: str = "") -> str:
    """The title of a count in a summary of this kind."""
    return say(_ZH.get(f"{kind}.{name}", _ZH.get(name, name)), name.replace("_", " "))


_RUNS: Final = {
    "ledger": ("导入", "import"), "bulk": ("批量修改", "bulk change"), "declare": ("登记", "declare"),
}  # fmt: skip


def run(kind: str) -> str:
    """What a summary is of."""
    return say(*_RUNS.get(kind, (kind, kind)))


def state(name: str) -> str:
    """How a run ended, in words."""
    return say(_STATES.get(name, name), name)


_CALLED: Final = {field: {each: names[0] for each, names in known.items()} for field, known in VOCABULARY.items()}
_VALUES: dict[str, dict[str, str]] = _CALLED | {
    "state": _STATES
    | _CALLED["state"]
    | {
        "queued": "待送",
        "unknown": "待查证",
        "delivered": "已送达",
        "dead": "无法投递",
        "running": "进行中",
        "open": "未决",
        "resolved": "已消除",
        "new": "新",
        "again": "有新证据",
        "rejected": "已否决",
        "accepted": "已认可",
        "confirmed": "已确认",
        "valid": "有效",
        "expired": "已到期",
    },
    "what": {
        "declare": "登记",
        "propose": "提出",
        "approve": "答复",
        "withdraw": "撤销",
        "propose withdrawal": "提出撤销",
    },
    "role": {
        "asset": "资产负责人",
        "system": "系统负责人",
        "operator": "运营单位",
        "builder": "建设单位",
        "competent": "主管单位",
        "regulator": "监管部门",
        "cii_protector": "关基保护工作部门",
        "contact": "单位联系人",
    },
    "evidence": {
        "police_filing": "公安备案号",
        "site_code": "网站标识码",
        "icp": "网站备案号",
        "certificate": "证书",
        "redirect": "跳转",
        "title": "标题",
        "host": "主机名",
        "wildcard": "通配证书",
        "address": "地址",
        "suffix": "上级域名",
        "link": "链接",
        "icp_subject": "备案主体",
        "other_unit": "单位不同",
    },
    "type": {
        "text": "文本",
        "integer": "整数",
        "boolean": "是否",
        "instant": "时间",
        "address": "地址",
        "version": "版本",
        "texts": "多个文本",
        "integers": "多个整数",
        "addresses": "多个地址",
    },
    "computed": {
        "age": "距今天数",
        "lookup": "查所属",
        "count": "计数",
        "members": "汇总",
        "standing": "登记对照",
        "missing": "有无单位",
    },
    "sensitivity": {"public": "公开", "internal": "内部", "sensitive": "敏感"},
    "doubt": {"same": "是否同一台", "shared": "多机共用", "several": "一址多机", "many": "标识过多"},
    "weight": {"strong": "强", "weak": "弱", "never": "不作依据"},
    "severity": {"critical": "紧急", "high": "高危", "medium": "中危", "low": "低危", "info": "提示"},
    "outcome": {
        "new": "新登记",
        "changed": "修改",
        "same": "无变化",
        "proposed": "待第二人批准",
        "withdrawn": "撤销",
        "left_out": "未采纳",
        "repeated": "重复行",
        "passed": "非数据行",
    },
    "step": {"opened": "新发现", "changed": "有变化", "resolved": "已消除", "reopened": "再次出现"},
}


def value(key: str, text: str) -> str:
    """What a table shows for a value of this column."""
    if text[10:11] == "T" and (found := _TIME.fullmatch(text)):
        return f"{found[1]} {found[2]}"
    return say(_VALUES.get(key, {}).get(text, text), text)
