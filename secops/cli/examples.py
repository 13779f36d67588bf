"""Two examples for each command, put before its help; the list of verbs shows what a verb does, not an example."""

from collections.abc import Iterator, Mapping
from typing import Any

from secops.cli.headings import head
from secops.core.language import say

_MARKS = ("例：", "Example:")
_INSTALLERS = {"install_completion", "show_completion"}
"""Options typer adds to every noun; `secops completion` does it once."""

EXAMPLES: Mapping[str, tuple[str, str]] = {
    "discover plan": ("secops discover plan scopes/mine.yaml", "secops discover plan scopes/mine.yaml -o mine.plan"),
    "discover run": (
        "secops discover run --plan mine.plan",
        "secops discover run scopes/mine.yaml --engine connect -y",
    ),
    "discover resume": ("secops discover resume RUN", "secops discover resume RUN -f jsonl"),
    "discover status": ("secops discover status", "secops discover status RUN -f json"),
    "discover events": ("secops discover events", "secops discover events RUN --class closed -f jsonl"),
    "discover watch": ("secops discover watch", "secops discover watch --list"),
    "discover import": ("secops discover import nmap.xml", "secops discover import a.xml zeek.log.gz"),
    "discover passive": (
        "secops discover passive office.pcapng",
        "secops discover passive -i eth0 --seconds 600 --scope scopes/mine.yaml",
    ),
    "inventory list": (
        "secops inventory list kind:website --columns key,name,org.name,grade -f csv",
        "secops inventory list 'kind:website tls:false' --at 2026-11-01",
    ),
    "inventory count": ("secops inventory count kind:website", "secops inventory count 'services:(port:3389)'"),
    "inventory facets": (
        "secops inventory facets http.server",
        "secops inventory facets port 'net:10.0.0.0/8' --limit 50",
    ),
    "inventory review list": ("secops inventory review list", "secops inventory review list --kind same -f csv"),
    "inventory review show": (
        "secops inventory review show review-abc",
        "secops inventory review show review-abc -f json",
    ),
    "inventory review accept": (
        "secops inventory review accept review-abc --reason 已核实重装",
        "secops inventory review accept review-abc --reason 确系克隆镜像 --who 张三",
    ),
    "inventory review reject": (
        "secops inventory review reject review-abc --reason 换了新机",
        "secops inventory review reject review-abc --reason 密钥各机不同 --who 张三",
    ),
    "inventory merge": (
        "secops inventory merge host-abc host-def --reason 同一台的两块网卡",
        "secops inventory merge host-abc host-def host-ghi --reason 堆叠交换机 --who 张三",
    ),
    "inventory split": (
        "secops inventory split host-abc --reason 误并",
        "secops inventory split host-abc --mark cert:3f2a --reason 证书属负载均衡",
    ),
    "inventory filter save": (
        "secops inventory filter save 三级网站 'kind:website grade>=3'",
        "secops inventory filter save 整改 'saved:三级网站 tls:false' --reason 周报",
    ),
    "inventory filter list": ("secops inventory filter list", "secops inventory filter list -f json"),
    "inventory filter show": ("secops inventory filter show 三级网站", "secops inventory filter show 整改 -f json"),
    "inventory filter history": (
        "secops inventory filter history 三级网站",
        "secops inventory filter history 整改 -f csv",
    ),
    "inventory filter remove": (
        "secops inventory filter remove 整改",
        "secops inventory filter remove 三级网站 --reason 停用",
    ),
    "inventory fields": ("secops inventory fields --kind website", "secops inventory fields -f csv -o fields.csv"),
    "inventory show": ("secops inventory show 192.0.2.10", "secops inventory show 192.0.2.10 --at 2026-11-01"),
    "inventory history": (
        "secops inventory history 192.0.2.10 --field state",
        "secops inventory history organisation:D001 -f csv",
    ),
    "inventory diff": (
        "secops inventory diff 2026-11-01 2026-11-08",
        "secops inventory diff RUN-A RUN-B kind:website --org 财政局 --summary",
    ),
    "inventory candidates list": ("secops inventory candidates list", "secops inventory candidates list --all -f csv"),
    "inventory candidates show": (
        "secops inventory candidates show cand-abc",
        "secops inventory candidates show cand-abc -f json",
    ),
    "inventory candidates confirm": (
        "secops inventory candidates confirm cand-abc --code YS-001 --name 预算系统 --org 财政局",
        "secops inventory candidates confirm cand-abc --without https://192.0.2.10:8443",
    ),
    "inventory candidates reject": (
        "secops inventory candidates reject cand-abc --reason 同一产品的默认页",
        "secops inventory candidates reject cand-abc --reason 'two tenants of one platform' --who 李四",
    ),
    "inventory who": ("secops inventory who 192.0.2.10", "secops inventory who 'kind:website org.missing:true' -f csv"),
    "inventory organisations": ("secops inventory organisations", "secops inventory organisations -f csv -o units.csv"),
    "inventory declare": ("secops inventory declare --plan", "secops inventory declare"),
    "inventory import": (
        "secops inventory import 系统台账.xlsx --plan",
        "secops inventory import bom.json --system 预算管理系统 --yes --who 张三",
    ),
    "inventory template": (
        "secops inventory template systems -o 系统.xlsx",
        "secops inventory template 供应商 --filled -o 供应商.xlsx",
    ),
    "inventory edit": (
        "secops inventory edit system CZ-001 负责人=张三 tags+=重要 --reason 人员调整",
        "secops inventory edit host 机房一号 organisation=财政局 --new",
    ),
    "inventory bulk": (
        "secops inventory bulk 'kind:host net:192.0.2.0/24' system=CZ-001 --plan",
        "secops inventory bulk 'kind:website org:财政局' owner=张三 tags+=门户 --reason 归口",
    ),
    "inventory mapping list": ("secops inventory mapping list", "secops inventory mapping list -f json"),
    "inventory mapping show": ("secops inventory mapping show 科室台账", "secops -w DIR inventory mapping show mine"),
    "inventory mapping save": (
        "secops inventory mapping save 科室台账 台账.xlsx 经办人=owner 杂项=",
        "secops inventory mapping save mine a.csv --as hosts =organisation=财政局",
    ),
    "inventory export": ("secops inventory export -f csv -o assets.csv", "secops inventory export kind:host -f jsonl"),
    "inventory graph": ("secops inventory graph -o assets.graphml", "secops inventory graph kind:website -f json"),
    "inventory rebuild": ("secops inventory rebuild", "secops -w DIR inventory rebuild"),
    "register types": ("secops register types", "secops register types -f json"),
    "register columns": ("secops register columns filing", "secops register columns 供应商"),
    "register list": ("secops register list filing --within 90", "secops register list contract --org 财政局 -f csv"),
    "register show": ("secops register show supplier 甲公司", "secops register show contract HT-1 -f json"),
    "register history": ("secops register history supplier 甲公司", "secops register history filing S1 -f csv"),
    "register set": (
        "secops register set supplier '' name=甲公司 risk=低",
        "secops register set duty '' organisation=财政局 role=主管单位 person=张三 evidence=@责任书.pdf",
    ),
    "register withdraw": (
        "secops register withdraw supplier 甲公司",
        "secops register withdraw app 粤办事/app --reason 下线",
    ),
    "register pending": ("secops register pending", "secops register pending -f json"),
    "register approve": ("secops register approve dec-abc", "secops register approve dec-abc --who 李四 --reason 同意"),
    "register reject": (
        "secops register reject dec-abc --reason 人员不符",
        "secops register reject dec-abc --who 李四",
    ),
    "rules list": ("secops rules list", "secops rules list -f csv -o rules.csv"),
    "rules show": ("secops rules show openssh-outdated", "secops rules show openssh-outdated -f json"),
    "rules lint": ("secops rules lint", "secops rules lint rules/mine.yaml"),
    "rules test": ("secops rules test", "secops rules test rules/mine.yaml"),
    "rules try": ("secops rules try openssh-outdated", "secops rules try openssh-outdated --limit 50"),
    "grade run": ("secops grade run", "secops grade run --full"),
    "grade list": ("secops grade list --severity high", "secops grade list -f csv -o findings.csv"),
    "grade show": ("secops grade show fnd-abc", "secops grade show fnd-abc -f json"),
    "grade explain": ("secops grade explain fnd-abc", "secops grade explain openssh-outdated 192.0.2.10:22/tcp"),
    "alert list": ("secops alert list --severity high", "secops alert list --state queued -f jsonl"),
    "alert dead": ("secops alert dead", "secops alert dead --sink elasticsearch"),
    "alert push": ("secops alert push", "secops alert push --wait 120"),
    "alert retry": ("secops alert retry --all", "secops alert retry --sink elasticsearch"),
    "report formats": ("secops report formats", "secops report formats -f json"),
    "report make": ("secops report make assets -f xlsx", "secops report make findings -f html -o findings.html"),
    "report make assets": (
        "secops report make assets -f xlsx",
        "secops report make assets 'kind:website tls:false' -f csv -o web.csv",
    ),
    "report make findings": (
        "secops report make findings -f xlsx",
        "secops report make findings --severity high -f html -o high.html",
    ),
    "report make changes": (
        "secops report make changes --from 2026-11-20 -f pdf",
        "secops report make changes --from RUN-A --to RUN-B --org 财政局",
    ),
    "report make undeclared": ("secops report make undeclared", "secops report make undeclared --within 30 -f docx"),
    "report make duties": ("secops report make duties", "secops report make duties --role officer -f docx"),
    "report make filings": ("secops report make filings", "secops report make filings --org 财政局 -f pdf"),
    "report make crypto": ("secops report make crypto", "secops report make crypto 'grade>=3' -f pdf"),
    "report make xinchuang": ("secops report make xinchuang", "secops report make xinchuang --split org -o 信创/"),
    "report make ipv6": ("secops report make ipv6", "secops report make ipv6 -f html -o ipv6.html"),
    "report make suppliers": ("secops report make suppliers", "secops report make suppliers --within 30 -f pdf"),
    "report make algorithms": ("secops report make algorithms", "secops report make algorithms -f docx"),
    "report make targets": (
        "secops report make targets 'grade>=3' --scope scopes/演练.yaml",
        "secops report make targets kind:website --sensitive -f docx",
    ),
    "report make topology": ("secops report make topology -f pdf", "secops report make topology 'level>=3' -f html"),
    "report make register": ("secops report make register supplier", "secops report make register 等级保护备案 -f pdf"),
    "report verify": (
        "secops report verify reports/assets-20261128.xlsx",
        "secops report verify ledger.pdf --key 局长.pub",
    ),
    "report schedule": ("secops report schedule list", "secops report schedule run --once"),
    "report schedule add": (
        "secops report schedule add weekly changes '0 8 * * 1' -f pdf",
        "secops report schedule add yearly assets 'RRULE:FREQ=YEARLY;BYMONTH=12;BYMONTHDAY=1'",
    ),
    "report schedule list": ("secops report schedule list", "secops report schedule list -f json"),
    "report schedule run": ("secops report schedule run", "secops report schedule run --once"),
    "report schedule remove": ("secops report schedule remove weekly", "secops -w DIR report schedule remove weekly"),
    "report template": ("secops report template list", "secops report template copy report"),
    "report template list": ("secops report template list", "secops report template list -f json"),
    "report template copy": ("secops report template copy report", "secops report template copy duties --force"),
    "drill lint": ("secops drill lint yuedun-opening", "secops drill lint playbooks/mine.yaml"),
    "drill plan": (
        "secops drill plan yuedun-opening --scope mine.yaml --var __target__=http://192.0.2.10 -o my.plan",
        "secops drill plan playbooks/mine.yaml --scope mine.yaml",
    ),
    "drill apply": ("secops drill apply my.plan", "secops drill apply my.plan --wait"),
    "drill resume": ("secops drill resume RUN", "secops drill resume RUN --wait"),
    "drill approve": ("secops drill approve RUN STEP --answer yes", "secops drill approve RUN STEP --answer no"),
    "drill status": ("secops drill status", "secops drill status RUN"),
    "drill stop": ("secops drill stop RUN", "secops -w DIR drill stop RUN"),
    "drill export": ("secops drill export RUN", "secops drill export RUN -o record.jsonl"),
}


def adorn(command: Any, words: str) -> None:
    """Give the command `words` (noun, or noun and verb) and all below it their examples and one-line meanings.

    `command` is a command of typer's vendored click, which exports no types.
    """
    for name, each in getattr(command, "commands", {}).items():
        adorn(each, f"{words} {name}")
    command.params = [each for each in command.params if each.name not in _INSTALLERS]
    text = command.help or ""
    command.short_help = command.short_help or meaning(text)
    head(command)
    if words in EXAMPLES and not any(mark in text for mark in _MARKS):
        shown = "\n\n".join(f"{say('例：', 'Example: ')}{each}" for each in EXAMPLES[words])
        command.help = f"{shown}\n\n{text}"


def meaning(text: str) -> str:
    """The first paragraph that is no example."""
    return next(_told(text), "")


def _told(text: str) -> Iterator[str]:
    for each in text.split("\n\n"):
        line = " ".join(each.split())
        if line and not line.startswith(_MARKS):
            yield line
