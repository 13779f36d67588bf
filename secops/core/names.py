"""Names that people and programs write in many ways, brought to what can be compared."""

import re
from typing import Final

_FAMILIES: Final[tuple[tuple[str, tuple[str, ...]], ...]] = (
    ("windows", ("windows", "win20", "win10", "win11", "winserver", "微软")),
    ("linux", (
        "linux", "centos", "ubuntu", "debian", "red hat", "redhat", "rhel", "suse", "fedora", "rocky", "alma", "alpine",
        "麒麟", "kylin", "统信", "uos", "deepin", "深度", "欧拉", "euler", "龙蜥", "anolis", "中标", "银河", "普华",
        "openwrt", "amazon", "oracle linux", "tencentos", "alibaba cloud linux", "bclinux",
    )),
    ("bsd", ("freebsd", "openbsd", "netbsd", "pfsense", "opnsense", "junos")),
    ("macos", ("macos", "mac os", "os x", "darwin")),
    ("aix", ("aix",)), ("solaris", ("solaris", "sunos")), ("hp-ux", ("hp-ux", "hpux")),
    ("esxi", ("esxi", "vsphere")), ("vrp", ("vrp", "versatile routing platform")), ("comware", ("comware",)),
    ("ios", ("cisco ios", "ios-xe", "ios xe", "nx-os")), ("routeros", ("routeros",)),
)  # fmt: skip
_WORD: Final = re.compile(r"[a-z]{3,}|[\u4e00-\u9fff]{2,}")
_NO_PRODUCT: Final = frozenset(
    {"server", "httpd", "http", "web", "service", "daemon", "the", "for", "技术", "有限公司"}
)
_ORGANISATION: Final = re.compile(r"(?:^|[,+])\s*O=((?:\\.|[^,+\\])*)")
_ESCAPED: Final = re.compile(r"\\(.)")
_ICP: Final = re.compile(r"^(.*?号)(?:-\d+)?$")


def family(system: str) -> str:
    """The family of an operating system, however it is written; empty where unknown."""
    text = system.lower()
    return next((name for name, marks in _FAMILIES if any(each in text for each in marks)), "")


def words(product: str) -> frozenset[str]:
    """The telling words of a product's or maker's name: letters or Chinese, no versions, no common words."""
    return frozenset(_WORD.findall(product.lower())) - _NO_PRODUCT


def organisation_of(subject: object) -> str:
    """The organisation (O=) of a certificate's subject; empty where it names none."""
    match = _ORGANISATION.search(subject) if isinstance(subject, str) else None
    return _ESCAPED.sub(r"\1", match[1]).strip() if match else ""


def icp_subject(number: str) -> str:
    """The unit's part of an ICP filing number: `粤ICP备05000001号-3` is of `粤ICP备05000001号`."""
    plain = "".join(number.split()).replace("－", "-")
    match = _ICP.match(plain)
    return match[1] if match else plain
