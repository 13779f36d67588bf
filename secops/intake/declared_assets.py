"""The lists of units and assets: their columns under every heading that offices write."""

from dataclasses import replace
from functools import partial
from typing import Final

from secops.intake import declared_values as read
from secops.intake.declared_slot import Section, Slot
from secops.intake.declared_slot import slot as _s

_UNITS: Final = (
    "单位", "单位名称", "所属单位", "主管单位", "使用单位", "建设单位", "运营单位", "归属单位", "责任部门", "所属部门",
    "使用部门", "管理单位", "部门", "主管部门", "主办单位", "业务主管部门", "运营使用单位", "主责单位",
    "产权单位", "归口单位",
    "提供单位", "所有单位",
)  # fmt: skip
_ORG = _s("org", read.text, "责任单位", "organisation", *_UNITS, refers="organisation")
_OWNER: Final[dict[str, Slot]] = {
    "name": _s("facts.name", read.text, "名称", "name"),
    "organisation": _ORG,
    "system": _s(
        "system", read.text, "所属系统", "system", "业务系统", "系统名称", "系统", "信息系统", refers="system"
    ),
    "owner": _s(
        "facts.owner",
        read.text,
        "负责人",
        "owner",
        "责任人",
        "管理员",
        "联系人",
        "系统负责人",
        "经办人",
        "责任人姓名",
        "安全责任人",
        "运维负责人",
        "管理人员",
        "系统管理员",
        "系统责任人",
        "数据责任人",
        "网站负责人",
        "设备负责人",
        "主要负责人",
        "管理责任人",
        "维护人",
    ),
    "owner_phone": _s(
        "facts.owner.phone",
        read.text,
        "负责人电话",
        "owner phone",
        "联系电话",
        "电话",
        "手机",
        "责任人电话",
        "联系方式",
        "手机号",
        "手机号码",
    ),
    "tags": _s("facts.tags", read.texts, "标签", "tags"),
    "status": _s("facts.register.status", read.use, "使用状态", "in use", "运行状态", "资产状态", "系统状态", "状态"),
    "offline_on": _s(
        "facts.register.offline_on",
        read.instant,
        "停用日期",
        "out of use since",
        "下线日期",
        "报废日期",
        "停用时间",
        "下线时间",
    ),
}
_SERVES = _s("serves", read.texts, "服务的系统", "serves", "支撑系统", refers="system")
_MAC = _s("facts.host.mac", read.texts, "MAC 地址", "MAC addresses", "MAC", "物理地址", "网卡地址")
_ADDRESSES = _s(
    "addresses",
    read.addresses,
    "IP 地址",
    "addresses",
    "IP",
    "地址",
    "管理地址",
    "IP地址",
    "内网IP",
    "管理IP",
    "业务IP",
    "内网地址",
    "IP 地址段",
)
_DEVICE: Final = {
    "type": _s("facts.device.type", read.text, "设备类型", "type", "类型", "类别"),
    "vendor": _s(
        "facts.device.vendor", read.text, "设备厂商", "vendor", "厂商", "品牌", "生产厂商", "制造商", "厂家", "生产厂家"
    ),
    "model": _s("facts.device.model", read.text, "设备型号", "model", "型号", "规格型号", "产品型号", "品牌型号"),
    "serial": _s(
        "facts.device.serial",
        read.text,
        "设备序列号",
        "serial number",
        "序列号",
        "SN",
        "S/N",
        "SN号",
        "出厂编号",
        "产品序列号",
    ),
}
_LEVELS: Final = (
    "等保等级",
    "保护等级",
    "安全保护等级",
    "定级",
    "级别",
    "等级",
    "等保定级",
    "定级级别",
    "等级保护级别",
)
_SYSTEM_OWN: Final = {
    "level": _s("facts.system.level", read.level, "等保级别", "level", *_LEVELS),
    "level_s": _s("facts.system.level_s", read.level_s, "业务信息安全级别", "information level",
        "业务信息安全保护等级",
                  "业务信息安全等级"),
    "level_a": _s("facts.system.level_a", read.level_a, "系统服务安全级别", "service level", "系统服务安全保护等级",
                  "系统服务安全等级"),
    "filing_no": _s("facts.system.filing_no", read.filing, "备案证明编号", "filing number", "备案编号", "备案号"),
    "filed_on": _s("facts.system.filed_on", read.instant, "备案日期", "filed on", "备案时间"),
    "filing_valid_until": _s("facts.system.filing_valid_until", read.until_instant, "备案证明有效期至",
                             "filing valid until", "备案有效期"),
    "assessed_on": _s("facts.system.assessed_on", read.instant, "最近测评日期", "assessed on", "测评日期", "测评时间"),
    "business_information": _s("business_information", read.harm, "业务信息受破坏", "harm to information"),
    "system_service": _s("system_service", read.harm, "系统服务受破坏", "harm to service"),
    "level_edition": _s("level_edition", read.text, "定级依据版本", "edition"),
    "networks": _s("networks", read.networks, "网段", "networks"),
    "addresses": _s("addresses", read.places, "IP 地址", "addresses", "IP", "服务器地址", "部署地址", "IP地址",
                    "服务器IP", "内网IP", "公网IP", "内网地址"),
    "websites": _s("websites", read.sites, "网站", "websites", "域名", "访问地址", "URL", "网址"),
    "depends_on": _s("depends_on", read.texts, "依赖系统", "depends on", refers="system"),
    "connects_to": _s("connects_to", read.texts, "互联系统", "connects to", refers="system"),
    "runs_on": _s("runs_on", read.texts, "部署主机", "runs on", "所在主机", "服务器", refers="host"),
    "suppliers": _s("facts.system.suppliers", read.texts, "供应商", "suppliers", "承建单位", "开发单位",
        "运维单位", "开发商", "承建厂商",
                    "建设厂商", "运维厂商", "集成商", "技术支持单位",
                    refers="supplier"),
}  # fmt: skip
_NAMED: Final = {
    "name": _s(
        "facts.name",
        read.text,
        "系统名称",
        "name",
        "名称",
        "信息系统名称",
        "业务系统名称",
        "应用名称",
        "系统",
        "业务系统",
        "信息系统",
        "应用系统",
        "应用系统名称",
        "平台名称",
        "系统全称",
    )
}


def _called(*also: str) -> dict[str, Slot]:
    """The name, under what else a list calls it."""
    return {"name": replace(_OWNER["name"], also=also)}


def _own(*without: str) -> dict[str, Slot]:
    return {name: slot for name, slot in _OWNER.items() if name not in without}


ASSETS: Final = (
    Section("organisations", "organisation", "单位", "organisations", "id", {
        "id": _s("key", read.text, "单位编号", "id", "编号", "单位代码", "机构代码", "代码"),
        "name": _s("name", read.text, "单位名称", "name", "名称", "单位", "机构名称", "部门名称", "单位全称"),
        "short": _s("short", read.texts, "单位简称", "short names", "简称", "机构简称"),
        "parent": _s("parent", read.text, "上级单位", "parent", "主管单位", "上级主管部门", refers="organisation"),
        "credit_code": _s("credit_code", read.credit_code, "统一社会信用代码", "credit code", "信用代码",
                          "社会信用代码"),
        "contact": _s("contact", read.text, "联系人", "contact", "网络安全联系人", "负责人"),
        "phone": _s("phone", read.text, "联系电话", "phone", "电话", "手机"),
        "email": _s("email", read.text, "电子邮箱", "e-mail", "邮箱", "邮件"),
        "icp": _s("icp", read.texts, "ICP 主体备案号", "ICP filing", "ICP备案主体", "主体备案号"),
        "remark": _s("remark", partial(read.text, most=read.LONG_MOST, lines=True), "备注", "remark", "说明",
                     "备注说明")},
        ("name",), ("credit_code", "name")),
    Section("networks", "network", "网段", "networks", "cidr", {
        "cidr": _s("key", read.network, "网段", "network", "IP 段", "IP段", "地址段", "子网"), **_OWNER,
        **_called("网段名称", "用途"),
        "zone": _s("zone", read.text, "网络区域", "zone", "区域", "安全域")}),
    Section("systems", "system", "业务系统", "systems", "code", {
        "code": _s("key", read.text, "系统代码", "code", "系统编码", "信息系统编码", "系统标识", "系统编号",
            "编号", "代码"), **_own("system"), **_NAMED,
        **_SYSTEM_OWN}, ("name",), ("name",)),
    Section("websites", "website", "网站", "websites", "url", {
        "url": _s("key", read.url, "网址", "url", "网站地址", "URL", "访问地址", "首页地址", "网站域名", "域名"),
        **_OWNER,
        **_called("网站名称", "站点名称"),
        "runs_on": _SYSTEM_OWN["runs_on"],
        "icp": _s("facts.http.icp", read.texts, "ICP 备案号", "ICP filing", "ICP备案号", "网站备案号"),
        "police_filing": _s("facts.http.police_filing", read.texts, "公安备案号", "public security filing",
                            "公安联网备案号"),
        "gov_code": _s("facts.http.gov_code", read.narrow, "政府网站标识码", "government site code", "网站标识码"),
        "product": _s("facts.service.product", read.text, "网站软件", "product", "Web 服务器", "中间件")}),
    Section("data", "data", "数据资产", "data assets", "key", {
        "key": _s("key", read.text, "数据编号", "key", "编号"), **_own("name"),
        "name": _s("facts.name", read.text, "数据名称", "name", "名称", "数据资源名称"),
        "level": _s("facts.data.level", read.data_level, "数据级别", "level", "级别", "数据分级", "拟定数据级别"),
        "volume": _s("facts.data.volume", read.text, "数据总量", "volume", "数据量"),
        "stored_in": _s("stored_in", read.texts, "存储系统", "stored in", "所在系统",
            refers="system")}, (), ("name",)),
    Section("hosts", "host", "主机", "hosts", "key", {
        "key": _s("key", read.text, "主机编号", "key", "资产编号", "编号", "服务器编号", "固定资产编号"),
        **_OWNER, **_called("主机名", "主机名称", "服务器名称", "计算机名", "hostname"), "addresses": _ADDRESSES,
        "os": _s("facts.host.os", read.text, "操作系统", "operating system", "系统版本", "操作系统版本", "OS"),
        "mac": _MAC, "vendor": _DEVICE["vendor"], "model": _DEVICE["model"], "serial": _DEVICE["serial"],
        "serves": _SERVES}, (),
        ("name", "addresses")),
    Section("devices", "device", "设备", "devices", "key", {
        "key": _s("key", read.text, "设备编号", "key", "资产编号", "编号", "固定资产编号"), **_OWNER,
        **_called("设备名称", "设备名", "资产名称"), **_DEVICE,
        "addresses": _ADDRESSES, "mac": _MAC, "serves": _SERVES}, (), ("serial", "name", "addresses")),
    Section("addresses", "ip", "IP 地址", "addresses", "address", {
        "address": _s("key", read.address, "IP 地址", "address", "IP", "地址", "IP地址"), **_OWNER,
        "zone": _s("zone", read.text, "网络区域", "zone", "区域", "安全域"),
        "os": _s("facts.host.os", read.text, "操作系统", "operating system", "系统版本")}),
)  # fmt: skip
"""Every list that is no register."""
