"""What can be declared: for each list of inventory/*.yaml its columns, how each is read, and where it goes.

Spreadsheets and forms use the same sections under their Chinese headings; the registers' sections derive from
`core.registers`.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Final, NamedTuple

from secops.core.errors import InvalidFile
from secops.core.language import say
from secops.core.model import Skipped
from secops.core.register import RegisterType, Shape
from secops.core.registers import REGISTERS
from secops.intake import declared_values as read
from secops.intake.declared_values import Reader
from secops.scope.yaml_source import Plain, unknown_key

KEY: Final = "key"
Where = Callable[[str], str]
"""The place of the value of this name in a row; of the row itself for the empty name."""


@dataclass(frozen=True, slots=True)
class Slot:
    """One column of a section."""

    path: str
    """Where it goes in the payload: `org`, `facts.name`, `fields.number`."""
    reader: Reader
    zh: str
    en: str
    also: tuple[str, ...] = ()
    refers: str = ""
    many: bool = False
    """A list: a cell's text is parted."""
    dated: bool = False
    """A day: a bare number in a cell counts days."""

    @property
    def title(self) -> str:
        """The heading people read, in the language in force."""
        return say(self.zh, self.en)


@dataclass(frozen=True, slots=True)
class Section:
    """One list of things of one kind."""

    name: str
    kind: str
    zh: str
    en: str
    key: str
    slots: Mapping[str, Slot]
    required: tuple[str, ...] = ()
    identity: tuple[str, ...] = ()
    """Columns that stand in for a key not given: the first there is, or (of a register) all there are."""
    register: RegisterType | None = None

    @property
    def title(self) -> str:
        """What the list is called, in the language in force."""
        return say(self.zh, self.en)


@dataclass(frozen=True, slots=True)
class Stated:
    """One thing a person states. `payload` is the content of its declare decision."""

    kind: str
    key: str
    payload: Mapping[str, object]
    where: str
    refers: tuple[tuple[str, str], ...] = ()
    """Path in the payload -> kind of what it names."""
    derived: bool = False
    """The key follows from the content."""

    @property
    def subject(self) -> str:
        """What the decision is about."""
        return f"{self.kind}:{self.key}"


_MANY: Final = {read.texts, read.networks, read.addresses, read.places, read.sites}


def _s(path: str, reader: Reader, zh: str, en: str, *also: str, refers: str = "") -> Slot:
    return Slot(path, reader, zh, en, also, refers, many=reader in _MANY, dated=reader is read.instant)


_UNITS: Final = (
    "单位", "单位名称", "所属单位", "主管单位", "使用单位", "建设单位", "运营单位", "归属单位", "责任部门", "所属部门",
    "使用部门", "管理单位", "部门",
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
    "level_s": _s("facts.system.level_s", read.level, "业务信息安全级别", "information level", "业务信息安全保护等级"),
    "level_a": _s("facts.system.level_a", read.level, "系统服务安全级别", "service level", "系统服务安全保护等级"),
    "filing_no": _s("facts.system.filing_no", read.filing, "备案证明编号", "filing number", "备案编号", "备案号"),
    "filed_on": _s("facts.system.filed_on", read.instant, "备案日期", "filed on", "备案时间"),
    "filing_valid_until": _s("facts.system.filing_valid_until", read.instant, "备案证明有效期至", "filing valid until",
                             "备案有效期"),
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
    "suppliers": _s("facts.system.suppliers", read.texts, "供应商", "suppliers", "承建单位", "开发单位", "运维单位",
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


_ASSETS: Final = (
    Section("organisations", "organisation", "单位", "organisations", "id", {
        "id": _s("key", read.text, "单位编号", "id", "编号", "单位代码", "机构代码", "代码"),
        "name": _s("name", read.text, "单位名称", "name", "名称", "单位", "机构名称", "部门名称", "单位全称"),
        "parent": _s("parent", read.text, "上级单位", "parent", "主管单位", "上级主管部门", refers="organisation"),
        "credit_code": _s("credit_code", read.credit_code, "统一社会信用代码", "credit code", "信用代码",
                          "社会信用代码"),
        "contact": _s("contact", read.text, "联系人", "contact", "网络安全联系人", "负责人"),
        "phone": _s("phone", read.text, "联系电话", "phone", "电话", "手机"),
        "email": _s("email", read.text, "电子邮箱", "e-mail", "邮箱", "邮件"),
        "icp": _s("icp", read.texts, "ICP 主体备案号", "ICP filing", "ICP备案主体", "主体备案号")},
        ("name",), ("credit_code", "name")),
    Section("networks", "network", "网段", "networks", "cidr", {
        "cidr": _s("key", read.network, "网段", "network", "IP 段", "IP段", "地址段", "子网"), **_OWNER,
        "zone": _s("zone", read.text, "网络区域", "zone", "区域", "安全域")}),
    Section("systems", "system", "业务系统", "systems", "code", {
        "code": _s("key", read.text, "系统代码", "code", "系统编号", "编号", "代码"), **_own("system"), **_NAMED,
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
        "level": _s("facts.data.level", read.text, "数据级别", "level", "级别", "数据分级"),
        "volume": _s("facts.data.volume", read.text, "数据总量", "volume", "数据量"),
        "stored_in": _s("stored_in", read.texts, "存储系统", "stored in", "所在系统", refers="system")}, (), ("name",)),
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


def _of(register: RegisterType) -> Section:
    slots = {KEY: _s("key", read.text, "台账编号", "key", "记录编号")}
    for each in register.columns:
        path = {"organisation": "org", "system": "system"}.get(each.name, f"fields.{each.name}")
        slots[each.name] = Slot(
            path, read.cell(each), each.zh, each.en, each.also, each.refers,
            many=each.shape is Shape.TEXTS, dated=each.shape is Shape.DATE,
        )  # fmt: skip
    required = tuple(each.name for each in register.columns if each.required)
    return Section(
        register.section, register.id, register.zh, register.en, KEY, slots, required, register.identity, register
    )


@cache
def sections() -> dict[str, Section]:
    """Every section by its name."""
    return {each.name: each for each in (*_ASSETS, *map(_of, REGISTERS))}


@cache
def by_kind() -> dict[str, Section]:
    """Every section by the kind of its things."""
    return {each.kind: each for each in sections().values()}


def row(section: Section, values: Mapping[str, Plain], where: Where, *, strict: bool = False) -> Stated | Skipped:
    """The thing a row states. `strict`: its key must be written; otherwise the section's identity may stand in."""
    try:
        flat = flatten(section, values, where)
    except _Refused as refused:
        return refused.skipped
    for name in (section.key, *section.required) if strict and not section.register else section.required:
        if name not in flat:
            title = section.slots[name].title
            return Skipped(where(""), say(f"缺少 {name}（{title}）", f"{name} is missing"))
    given = flat.pop(section.key, None)
    key = given or identity(section, flat)
    if not key:
        names = "、".join((section.key, *section.identity))
        return Skipped(where(""), say(f"缺少标识：{names}", f"no key: one of {names}"))
    return replace(stated(section, str(key), flat, where("")), derived=given is None)


def flatten(section: Section, values: Mapping[str, Plain], where: Where) -> dict[str, object]:
    """The values of a row, read; empty ones left out. Raises ValueError's kin with the place (see `row`)."""
    flat: dict[str, object] = {}
    for name, value in values.items():
        slot = section.slots.get(name)
        if slot is None:
            raise _Refused(_skipped(unknown_key(where(f"={name}"), name, section.slots)))
        if value is None or value == "":
            continue
        try:
            flat[name] = slot.reader(value)
        except ValueError as error:
            raise _Refused(Skipped(where(name), str(error))) from error
    return flat


def identity(section: Section, flat: Mapping[str, object]) -> str:
    """The key of a row that is given none; empty where nothing can stand in."""
    parts = [_word(flat[each]) for each in section.identity if flat.get(each)]
    if section.register is not None:
        return "/".join(parts)[: read.TEXT_MOST]
    return parts[0] if parts else ""


def value_of(section: Section, payload: Mapping[str, object], name: str) -> object:
    """What a payload says under a column; None where it says nothing."""
    if name in RELATIONS:
        found = payload.get("relations")
        return [each[2] for each in found if RELATIONS[name].is_of(each)] if isinstance(found, list) else None
    group, _, rest = section.slots[name].path.partition(".")
    value = payload.get(group)
    return (value.get(rest) if isinstance(value, Mapping) else None) if rest else value


def rekeyed(each: Stated) -> Stated:
    """The thing under the key its content gives, where nobody gave it one: references are keys by now."""
    section = by_kind()[each.kind]
    if not each.derived or section.register is None:
        return each
    flat = {name: value_of(section, each.payload, name) for name in section.identity}
    return replace(each, key=identity(section, flat))


def stated(section: Section, key: str, flat: Mapping[str, object], where: str) -> Stated:
    """The thing with these values."""
    kind = section.kind
    payload: dict[str, object] = {"kind": kind}
    groups: dict[str, dict[str, object]] = {"facts": {}, "fields": {}}
    relations: list[list[str]] = []
    refers = []
    for name, value in flat.items():
        slot = section.slots[name]
        group, _, rest = slot.path.partition(".")
        if name in RELATIONS:
            relations += [RELATIONS[name].to(each) for each in _list(value)]
        elif group in groups:
            groups[group][rest] = value
        else:
            payload[slot.path] = value
        if slot.refers and name not in RELATIONS:
            refers.append((slot.path, slot.refers))
    if kind == "network":
        groups["facts"] |= {"network.cidr": key} | ({"network.zone": flat["zone"]} if "zone" in flat else {})
    if kind == "system":
        groups["facts"]["system.code"] = key
    payload |= {name: found for name, found in groups.items() if found}
    if relations:
        payload["relations"] = sorted(relations)
    return Stated(kind, key, payload, where, tuple(refers))


class Link(NamedTuple):
    """A relation that a column draws: its type, what kind the other end is, and whether it runs from there to here."""

    type: str
    kind: str
    backward: bool = False

    def to(self, key: str) -> list[str]:
        """As it stands in a payload."""
        return [self.type, self.kind, key, *(["backward"] if self.backward else [])]

    def is_of(self, item: Sequence[str]) -> bool:
        """Whether a payload's relation is one of these. Data of old stood as belonging to the system that stores it."""
        old = self.type == "stores" and item[0] == "belongs-to"
        return old or (item[0] == self.type and item[1] == self.kind and (len(item) > 3) is self.backward)


RELATIONS: Final = {
    "depends_on": Link("depends-on", "system"),
    "connects_to": Link("connects-to", "system"),
    "stored_in": Link("stores", "system", backward=True),
    "serves": Link("serves", "system"),
    "runs_on": Link("runs-on", "host"),
}
"""Columns that draw relations. Belonging to a system, resolving and linking are found or follow from other columns."""


class _Refused(ValueError):
    """A row that is left out."""

    def __init__(self, skipped: Skipped) -> None:
        super().__init__(skipped.reason)
        self.skipped = skipped


def _word(value: object) -> str:
    return _word(value[0]) if isinstance(value, (list, tuple)) else str(value)


def _list(value: object) -> Iterable[str]:
    return [str(each) for each in value] if isinstance(value, list) else []


def _skipped(error: InvalidFile) -> Skipped:
    return Skipped(error.where, error.what + (f" ({error.hint})" if error.hint else ""))
