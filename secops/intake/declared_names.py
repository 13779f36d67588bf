"""By which words people call a list of things: its name, its kind, its title, or a short name that means only it."""

from functools import cache
from typing import Final

from secops.intake.declared_sections import Section, sections

_ALSO: Final = {
    "责任书": "duties", "网络安全责任书": "duties", "责任": "duties", "数据": "data", "IP": "addresses",
    "地址": "addresses", "密评": "certifications", "等保": "filings", "APP": "apps", "小程序": "apps",
    "服务器": "hosts", "网络设备": "devices", "部门": "organisations", "SBOM": "components", "物料清单": "components",
    "备案": "filings", "新技术": "algorithms", "表一": "filing_units", "表四": "technologies",
    "表六": "data_surveys", "数据摸底调查表": "data_surveys", "仓库": "repositories", "演练": "trainings",
    "灾备": "backups", "应用": "apps", "公司": "suppliers",
}  # fmt: skip
"""Short names that no title holds, or that more than one does."""


def called(word: str, *, registers: bool = False) -> Section | None:
    """The one section this word means; None where none or several do. `registers`: only of those."""
    found = meant(word, registers=registers)
    return found[0] if len(found) == 1 else None


def meant(word: str, *, registers: bool = False) -> list[Section]:
    """The sections this word may mean."""
    every = [each for each in sections().values() if each.register is not None or not registers]
    exact = [each for each in every if word in {each.name, each.kind, each.zh, each.en}]
    if exact or not word:
        return exact[:1]
    folded = word.strip().upper()
    if (name := _also().get(folded)) is not None and name in {each.name for each in every}:
        return [sections()[name]]
    if len(word) < 2 or word.isascii():
        return []
    return [each for each in every if word in each.zh]


@cache
def _also() -> dict[str, str]:
    return {word.upper(): name for word, name in _ALSO.items()}
