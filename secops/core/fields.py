"""The one field dictionary. Filters, tables, reports, CSV, rules, the store's columns and the docs derive from it.

A new asset column is an entry here and a migration. Names follow ECS where ECS has one.
"""

from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Final

from secops.core.language import say
from secops.core.model import Kind


class Type(StrEnum):
    """How a value is stored, compared and shown."""

    TEXT = "text"
    INTEGER = "integer"
    BOOLEAN = "boolean"
    INSTANT = "instant"
    ADDRESS = "address"
    VERSION = "version"
    """Text that also compares by `core.version`."""
    TEXTS = "texts"
    """A set of texts; comparing means comparing with any member."""
    INTEGERS = "integers"
    ADDRESSES = "addresses"
    """A set of addresses; a network or a range holds where one member lies in it."""


SETS: Final = frozenset({Type.TEXTS, Type.INTEGERS, Type.ADDRESSES})
"""Types of which one thing has several values."""


class Sensitivity(StrEnum):
    """Who may see it in the clear."""

    PUBLIC = "public"
    INTERNAL = "internal"
    SENSITIVE = "sensitive"


class Derivation(StrEnum):
    """How the store computes a field that no collector writes."""

    AGE = "age"
    """Whole days from the instant field `of` to now; negative before it."""
    LOOKUP = "lookup"
    """Field `of` of the entity or organisation that column `via` points at."""
    COUNT = "count"
    """How many active services the entity has."""
    MEMBERS = "members"
    """The set of values of field `of` over its active services."""
    STANDING = "standing"
    """Declared against found, one word of `core.standing`; always known."""
    MISSING = "missing"
    """Whether column `via` points at nothing that is declared; always known."""


@dataclass(frozen=True, slots=True)
class Derived:
    """A computed field: `how`, over which column (`via`: org_id, system_id, parent) and which field (`of`)."""

    how: Derivation
    of: str = ""
    via: str = ""


@dataclass(frozen=True, slots=True)
class Field:
    """One fact an entity can have, described once."""

    name: str
    zh: str
    en: str
    type: Type
    kinds: frozenset[Kind]
    core: bool = False
    """A column of every entity (`key`, `state`, ...), not a fact a collector writes."""
    derived: Derived | None = None
    sensitivity: Sensitivity = Sensitivity.INTERNAL
    alias: str = ""
    """Short word of the filter language."""
    help: str = ""

    @property
    def title(self) -> str:
        """The name people read, in the language in force."""
        return say(self.zh, self.en)

    @property
    def column(self) -> str:
        """The store's column."""
        return self.name.replace(".", "_")


_ALL = frozenset(Kind)
_SEVEN = _ALL - {Kind.SERVICE}
_WEB = frozenset({Kind.SERVICE, Kind.WEBSITE})
_SVC = frozenset({Kind.SERVICE})
_ADDR = frozenset({Kind.IP, Kind.SERVICE, Kind.WEBSITE})
_MACHINE = frozenset({Kind.IP, Kind.HOST, Kind.DEVICE})
_BOX = frozenset({Kind.IP, Kind.HOST, Kind.DEVICE})
_SYS = frozenset({Kind.SYSTEM})
_NET = frozenset({Kind.NETWORK})
_DATA = frozenset({Kind.DATA})
_OWNED = frozenset({Kind.SYSTEM, Kind.NETWORK, Kind.WEBSITE, Kind.DATA, Kind.HOST, Kind.DEVICE, Kind.IP})
_LEVEL = "依 GB/T 22240-2020 五级"


def _f(
    name: str,
    zh: str,
    en: str,
    type_: Type,
    kinds: frozenset[Kind],
    *,
    core: bool = False,
    derived: Derived | None = None,
    sensitivity: Sensitivity = Sensitivity.INTERNAL,
    alias: str = "",
    help_: str = "",
) -> Field:
    return Field(name, zh, en, type_, kinds, core, derived, sensitivity, alias, help_)


T = Type
FIELDS: tuple[Field, ...] = (
    # every entity
    _f("id", "编号", "id", T.TEXT, _ALL, core=True),
    _f("kind", "类别", "kind", T.TEXT, _ALL, core=True),
    _f("site", "站点", "site", T.TEXT, _ALL, core=True),
    _f("key", "标识", "key", T.TEXT, _ALL, core=True),
    _f("state", "状态", "state", T.TEXT, _ALL, core=True),
    _f("declared", "单独登记", "declared itself", T.BOOLEAN, _ALL, core=True,
       help_="自己在登记里有一条；只由所属系统覆盖的为否，是否未登记看“登记核对”"),
    _f("first_seen", "首次发现", "first seen", T.INSTANT, _ALL, core=True, alias="first"),
    _f("last_seen", "最近发现", "last seen", T.INSTANT, _ALL, core=True, alias="seen"),
    _f("org_id", "责任单位编号", "organisation id", T.TEXT, _ALL, core=True),
    _f("system_id", "业务系统编号", "system id", T.TEXT, _ALL, core=True),
    _f("name", "名称", "name", T.TEXT, _SEVEN),
    _f("tags", "标签", "tags", T.TEXTS, _SEVEN, alias="tag"),
    _f("owner", "负责人", "owner", T.TEXT, _OWNED, sensitivity=Sensitivity.SENSITIVE),
    _f("owner.phone", "负责人电话", "owner phone", T.TEXT, _OWNED, sensitivity=Sensitivity.SENSITIVE),
    # addresses and services
    _f("address", "IP 地址", "address", T.ADDRESS, _ADDR, alias="ip"),
    _f("port", "端口", "port", T.INTEGER, _WEB),
    _f("transport", "传输协议", "transport", T.TEXT, _SVC),
    _f("service.name", "服务", "service", T.TEXT, _SVC, alias="service"),
    _f("service.product", "产品", "product", T.TEXT, _WEB, alias="product"),
    _f("service.version", "版本", "version", T.VERSION, _WEB, alias="version"),
    _f("service.banner", "服务标语", "banner", T.TEXT, _SVC, alias="banner"),
    _f("service.cpe", "CPE", "CPE", T.TEXTS, _SVC, alias="cpe"),
    _f("service.auth_required", "要求认证", "asks for authentication", T.BOOLEAN, _SVC),
    _f("service.info", "服务说明", "service information", T.TEXT, _SVC),
    _f("service.hostname", "服务自报主机名", "host name the service tells", T.TEXT, _SVC),
    _f("service.os", "服务自报系统", "system the service tells", T.TEXT, _SVC),
    _f("service.device_type", "服务自报设备类型", "device type the service tells", T.TEXT, _SVC),
    _f("host.names", "主机名", "host names", T.TEXTS, _MACHINE, alias="hostname"),
    _f("host.mac", "MAC 地址", "MAC addresses", T.TEXTS, _MACHINE, alias="mac"),
    _f("host.os", "操作系统", "operating system", T.TEXT, _MACHINE, alias="os"),
    _f("cloud.instance_id", "云主机实例号", "cloud instance id", T.TEXT, frozenset({Kind.IP, Kind.HOST}),
       alias="cloud"),
    _f("host.identifiers", "标识数量", "identifiers", T.INTEGER, frozenset({Kind.HOST})),
    _f("host.doubts", "身份存疑", "doubts of identity", T.TEXTS, frozenset({Kind.HOST}),
       help_="shared 与他机共用标识，many 标识过多"),
    _f("host.addresses", "所用地址", "addresses", T.ADDRESSES, frozenset({Kind.HOST, Kind.DEVICE})),
    _f("device.type", "设备类型", "device type", T.TEXT, frozenset({Kind.DEVICE, Kind.IP})),
    _f("device.vendor", "设备厂商", "device vendor", T.TEXT, _BOX, alias="vendor"),
    _f("device.model", "设备型号", "device model", T.TEXT, _BOX, alias="model"),
    _f("device.serial", "设备序列号", "serial number", T.TEXT, _BOX, alias="serial"),
    _f("device.firmware", "固件版本", "firmware", T.VERSION, _BOX),
    _f("ip.answers_all", "应答所有端口", "answers on every port", T.BOOLEAN, frozenset({Kind.IP}),
       help_="防火墙、负载均衡或蜜罐替主机应答，开放端口不可信"),
    # http
    _f("http.status_code", "HTTP 状态码", "HTTP status", T.INTEGER, _WEB, alias="status"),
    _f("http.server", "Server 头", "Server header", T.TEXT, _WEB, alias="server"),
    _f("http.powered_by", "X-Powered-By 头", "X-Powered-By header", T.TEXT, _WEB),
    _f("http.title", "网页标题", "page title", T.TEXT, _WEB, alias="title"),
    _f("http.body_sha256", "正文摘要", "body digest", T.TEXT, _WEB),
    _f("http.location", "跳转地址", "redirect target", T.TEXT, _WEB),
    _f("http.redirect_out_of_scope", "跳转出授权范围", "redirects out of scope", T.BOOLEAN, _WEB),
    _f("http.hsts", "启用 HSTS", "HSTS", T.BOOLEAN, _WEB),
    _f("http.headers", "响应头名称", "header names", T.TEXTS, _WEB),
    _f("http.cookies_insecure", "不安全的 Cookie", "cookies without Secure or HttpOnly", T.TEXTS, _WEB),
    _f("http.directory_listing", "目录浏览", "directory listing", T.BOOLEAN, _WEB),
    _f("http.login_form", "登录表单", "login form", T.BOOLEAN, _WEB),
    _f("http.favicon_hash", "图标哈希", "favicon hash", T.INTEGER, _WEB, alias="favicon"),
    _f("http.charset", "网页编码", "page charset", T.TEXT, _WEB),
    _f("http.generator", "网页生成器", "page generator", T.TEXT, _WEB),
    _f("http.technologies", "技术组件", "technologies", T.TEXTS, _WEB, alias="tech"),
    _f("http.icp", "网站备案号", "ICP filing", T.TEXTS, _WEB, alias="icp"),
    _f("http.police_filing", "公安备案号", "public security filing", T.TEXTS, _WEB),
    _f("http.gov_code", "政府网站标识码", "government site code", T.TEXT, _WEB),
    _f("http.robots", "有 robots.txt", "has robots.txt", T.BOOLEAN, _WEB),
    _f("http.security_txt", "安全联系方式", "security contact", T.TEXTS, _WEB, help_="security.txt, RFC 9116"),
    _f("http.links", "链接到的站点", "sites it links to", T.TEXTS, _WEB, alias="links"),
    _f("http.ipv6", "IPv6 可访问", "reachable over IPv6", T.BOOLEAN, _WEB),
    # tls
    _f("tls.enabled", "启用 TLS", "TLS", T.BOOLEAN, _WEB, alias="tls"),
    _f("tls.version", "TLS 版本", "TLS version", T.TEXT, _WEB),
    _f("tls.cipher", "TLS 套件", "TLS cipher", T.TEXT, _WEB),
    _f("tls.subject", "证书主体", "certificate subject", T.TEXT, _WEB),
    _f("tls.issuer", "证书颁发者", "certificate issuer", T.TEXT, _WEB, alias="issuer"),
    _f("tls.names", "证书名称", "certificate names", T.TEXTS, _WEB, alias="certname"),
    _f("tls.not_before", "证书生效", "certificate valid from", T.INSTANT, _WEB),
    _f("tls.not_after", "证书到期", "certificate valid until", T.INSTANT, _WEB, alias="expires"),
    _f("tls.self_signed", "自签名", "self-signed", T.BOOLEAN, _WEB),
    _f("tls.key_type", "公钥算法", "key type", T.TEXT, _WEB),
    _f("tls.key_bits", "公钥位数", "key bits", T.INTEGER, _WEB),
    _f("tls.signature", "签名算法", "signature algorithm", T.TEXT, _WEB),
    _f("tls.fingerprint", "证书指纹", "certificate SHA-256", T.TEXT, _WEB),
    _f("tls.chain_length", "证书链长度", "chain length", T.INTEGER, _WEB),
    _f("tls.versions", "支持的 TLS 版本", "TLS versions offered", T.TEXTS, _WEB),
    _f("tls.suites", "支持的 TLS 套件", "TLS suites offered", T.TEXTS, _WEB),
    _f("tls.ja3s", "JA3S 指纹", "JA3S", T.TEXT, _WEB, alias="ja3s"),
    _f("tlcp.enabled", "启用国密 TLCP", "TLCP", T.BOOLEAN, _WEB, alias="tlcp", help_="GB/T 38636-2020"),
    _f("tlcp.suites", "支持的 TLCP 套件", "TLCP suites offered", T.TEXTS, _WEB),
    _f("tlcp.subject", "国密签名证书主体", "TLCP signing certificate subject", T.TEXT, _WEB),
    _f("tlcp.not_after", "国密证书到期", "TLCP certificates valid until", T.INSTANT, _WEB),
    _f("tlcp.sign_fingerprint", "国密签名证书指纹", "TLCP signing certificate SHA-256", T.TEXT, _WEB),
    _f("tlcp.enc_fingerprint", "国密加密证书指纹", "TLCP encryption certificate SHA-256", T.TEXT, _WEB),
    _f("ssh.host_key", "SSH 主机密钥", "SSH host key", T.TEXTS, frozenset({Kind.SERVICE, Kind.HOST})),
    _f("ssh.host_key_type", "SSH 密钥类型", "SSH host key type", T.TEXTS, _SVC),
    # other protocols
    _f("snmp.versions", "支持的 SNMP 版本", "SNMP versions", T.TEXTS, _SVC),
    _f("snmp.description", "SNMP 系统描述", "sysDescr", T.TEXT, _SVC, help_="sysDescr, RFC 3418"),
    _f("snmp.object_id", "SNMP 对象标识", "sysObjectID", T.TEXT, _SVC),
    _f("snmp.name", "SNMP 系统名", "sysName", T.TEXT, _SVC),
    _f("snmp.location", "SNMP 位置", "sysLocation", T.TEXT, _SVC),
    _f("snmp.engine_id", "SNMP 引擎标识", "SNMP engine id", T.TEXT, _SVC),
    _f("snmp.neighbours", "SNMP 邻居", "SNMP neighbours", T.TEXTS, _SVC, help_="ARP 表中的地址与 MAC"),
    _f("dns.recursion", "DNS 递归开放", "DNS recursion", T.BOOLEAN, _SVC),
    _f("dns.zone_transfer", "DNS 区传送开放", "DNS zone transfer", T.BOOLEAN, _SVC),
    _f("smb.dialects", "SMB 版本", "SMB dialects", T.TEXTS, _SVC),
    _f("smb.signing_required", "SMB 强制签名", "SMB signing required", T.BOOLEAN, _SVC),
    _f("smb.domain", "Windows 域", "Windows domain", T.TEXT, _SVC),
    _f("rdp.security", "RDP 安全层", "RDP security", T.TEXTS, _SVC),
    # declared
    _f("network.cidr", "网段", "network", T.TEXT, _NET),
    _f("network.zone", "网络区域", "zone", T.TEXT, _NET | {Kind.IP, Kind.SERVICE}, alias="zone"),
    _f("system.code", "系统代码", "system code", T.TEXT, _SYS, alias="code"),
    _f("system.level", "等保级别", "protection level", T.INTEGER, _SYS, help_=_LEVEL),
    _f("system.level_s", "业务信息安全级别", "information level (S)", T.INTEGER, _SYS, help_=_LEVEL),
    _f("system.level_a", "系统服务安全级别", "service level (A)", T.INTEGER, _SYS, help_=_LEVEL),
    _f("system.level_matrix", "矩阵推定级别", "level by matrix", T.INTEGER, _SYS, help_=_LEVEL),
    _f("system.level_edition", "定级依据版本", "matrix edition", T.TEXT, _SYS),
    _f("system.filing_no", "备案证明编号", "filing number", T.TEXT, _SYS),
    _f("system.filed_on", "备案日期", "filed on", T.INSTANT, _SYS),
    _f("system.filing_valid_until", "备案证明有效期至", "filing valid until", T.INSTANT, _SYS),
    _f("system.assessed_on", "最近测评日期", "last assessed", T.INSTANT, _SYS),
    _f("system.crypto_assessed_on", "最近密评日期", "cryptography last assessed", T.INSTANT, _SYS,
       help_="商用密码应用安全性评估"),
    _f("system.recovery_tested_on", "最近恢复演练日期", "recovery last tested", T.INSTANT, _SYS),
    _f("system.suppliers", "供应商", "suppliers", T.TEXTS, _SYS, alias="supplier"),
    _f("data.level", "数据级别", "data level", T.TEXT, _DATA, help_="一般/重要/核心, GB/T 43697-2024 (未核实)"),
    _f("data.volume", "数据总量", "volume", T.TEXT, _DATA),
    # what registers say of systems
    _f("system.access_left_on", "外包人员应收回权限之日", "leavers' access due", T.INSTANT, _SYS,
       help_="已离场或权限到期而未登记收回权限的外包人员中最早的一日"),
    _f("system.apps_unfiled", "未备案的移动应用", "applications without filing", T.TEXTS, _SYS,
       help_="在线而没有备案编号的应用名称，国办函〔2026〕12号"),
    _f("system.records_expire_on", "登记材料最早到期日", "first record expires", T.INSTANT, _SYS,
       help_="责任书、测评、合同、证书等现行记录中最早的有效期"),
    # declared against found
    _f("register.status", "使用状态", "in use", T.TEXT, _OWNED, help_="in_use 在用、planned 在建、offline 停用"),
    _f("register.offline_on", "停用日期", "out of use since", T.INSTANT, _OWNED),
    _f("register.conflicts", "与登记不符项", "contradicts in", T.TEXTS, _OWNED, alias="conflicts",
       help_="字段名；address 为地址不在所属系统登记的范围内"),
    # computed by the store
    _f("register.standing", "登记核对", "declared against found", T.TEXT, _OWNED,
       derived=Derived(Derivation.STANDING), alias="standing",
       help_="registered 登记相符（单独登记或由系统覆盖）、undeclared 未登记、"
             "vanished 登记未发现、contradicting 与登记不符"),
    _f("org.missing", "无责任单位", "nobody answers", T.BOOLEAN, _ALL,
       derived=Derived(Derivation.MISSING, "", "org_id"), help_="没有登记责任单位，或登记的单位已撤销"),
    _f("system.access_left_days", "外包权限逾期天数", "days since leavers' access was due", T.INTEGER, _SYS,
       derived=Derived(Derivation.AGE, "system.access_left_on")),
    _f("system.records_overdue", "登记材料过期天数", "days since a record expired", T.INTEGER, _SYS,
       derived=Derived(Derivation.AGE, "system.records_expire_on")),
    _f("org.name", "责任单位", "organisation", T.TEXT, _ALL, derived=Derived(Derivation.LOOKUP, "name", "org_id"),
       alias="org"),
    _f("org.contact", "单位联系人", "organisation contact", T.TEXT, _ALL,
       derived=Derived(Derivation.LOOKUP, "contact", "org_id"), sensitivity=Sensitivity.SENSITIVE),
    _f("system.name", "所属系统", "system", T.TEXT, _ALL - _SYS,
       derived=Derived(Derivation.LOOKUP, "name", "system_id"), alias="system"),
    _f("system.key", "所属系统编号", "code of its system", T.TEXT, _ALL - _SYS,
       derived=Derived(Derivation.LOOKUP, "key", "system_id")),
    _f("system.grade", "所属系统等保级别", "level of its system", T.INTEGER, _ALL - _SYS,
       derived=Derived(Derivation.LOOKUP, "system.level", "system_id"), alias="grade"),
    _f("services.count", "开放端口数", "open ports", T.INTEGER, frozenset({Kind.IP}),
       derived=Derived(Derivation.COUNT)),
    _f("services.ports", "开放端口", "ports", T.INTEGERS, frozenset({Kind.IP}),
       derived=Derived(Derivation.MEMBERS, "port"), alias="ports"),
    _f("services.names", "开放服务", "services", T.TEXTS, frozenset({Kind.IP}),
       derived=Derived(Derivation.MEMBERS, "service.name"), alias="services"),
    _f("tls.expired_days", "证书过期天数", "days since expiry", T.INTEGER, _WEB,
       derived=Derived(Derivation.AGE, "tls.not_after")),
    _f("tls.lifetime_age", "证书启用天数", "certificate age in days", T.INTEGER, _WEB,
       derived=Derived(Derivation.AGE, "tls.not_before")),
    _f("seen.age", "未见天数", "days unseen", T.INTEGER, _ALL, derived=Derived(Derivation.AGE, "last_seen")),
    _f("system.filing_overdue", "备案证明过期天数", "days since filing expiry", T.INTEGER, _SYS,
       derived=Derived(Derivation.AGE, "system.filing_valid_until")),
    _f("system.assessment_age", "距上次测评天数", "days since assessment", T.INTEGER, _SYS,
       derived=Derived(Derivation.AGE, "system.assessed_on")),
    _f("system.crypto_assessment_age", "距上次密评天数", "days since cryptography assessment", T.INTEGER, _SYS,
       derived=Derived(Derivation.AGE, "system.crypto_assessed_on")),
    _f("system.recovery_test_age", "距上次恢复演练天数", "days since recovery test", T.INTEGER, _SYS,
       derived=Derived(Derivation.AGE, "system.recovery_tested_on")),
)  # fmt: skip


@cache
def by_name() -> dict[str, Field]:
    """Every field by its full name."""
    return {each.name: each for each in FIELDS}


@cache
def by_word() -> dict[str, Field]:
    """Every field by full name and by alias, as the filter language reads them."""
    return by_name() | {each.alias: each for each in FIELDS if each.alias}


@cache
def of_kind(kind: Kind) -> tuple[Field, ...]:
    """The fields an entity of this kind can have, in dictionary order."""
    return tuple(each for each in FIELDS if kind in each.kinds)


@cache
def facts_of(kind: Kind) -> frozenset[str]:
    """Names of the fields that collectors and declarations may write for this kind."""
    return frozenset(each.name for each in of_kind(kind) if not each.core and each.derived is None)
