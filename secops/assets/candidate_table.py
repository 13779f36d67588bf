"""What counts as evidence that two sites are one system, and for how much: rules/tables/system-candidates.yaml."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import translate
from functools import cached_property
from pathlib import Path
from typing import Final

from secops.core.errors import InvalidFile
from secops.core.language import say
from secops.scope.yaml_source import Plain, Source, unknown_key

FILE: Final = "tables/system-candidates.yaml"
SCORES: Final = (
    "police_filing", "site_code", "icp", "certificate", "redirect", "title", "host", "wildcard", "address", "suffix",
    "link", "icp_subject", "other_unit",
)  # fmt: skip
LIMITS: Final = ("police_filing", "site_code", "icp", "certificate", "title", "redirect", "link", "address")
_NUMBERS: Final = ("threshold", "together", "names_most", "title_least")
_LISTS: Final = ("stock_titles", "default_certificates", "whole_domains")
_KEYS: Final = ("id", "title", "scores", "limits", *_NUMBERS, *_LISTS)
_MOST: Final = 10_000


@dataclass(frozen=True)
class CandidateTable:
    """The table, read. `scores` and `limits` have every name."""

    scores: Mapping[str, int]
    limits: Mapping[str, int]
    threshold: int
    together: int
    names_most: int
    title_least: int
    stock_titles: tuple[str, ...]
    default_certificates: tuple[str, ...]
    whole_domains: frozenset[str]

    @cached_property
    def _stock(self) -> re.Pattern[str]:
        return re.compile("|".join(translate(each.lower()) for each in self.stock_titles) or r"(?!)")

    def telling_title(self, title: str) -> bool:
        """Whether a page title says which system it is."""
        plain = " ".join(title.lower().split())
        return len(plain) >= self.title_least and not self._stock.match(plain)

    def whole(self, domain: str) -> bool:
        """Whether the domain is a whole government's or registry's, not one unit's."""
        labels = domain.split(".")
        return len(labels) < 2 or domain in self.whole_domains or (domain.endswith(".gov.cn") and len(labels) <= 3)

    def certificate(self, subject: str, names: tuple[str, ...]) -> str:
        """What a shared certificate is worth: `certificate`, `wildcard`, or nothing."""
        lower = subject.lower()
        if any(each.lower() in lower for each in self.default_certificates):
            return ""
        wild = [each[2:].lower() for each in names if each.startswith("*.")]
        if any(self.whole(each) for each in wild):
            return ""
        return "wildcard" if wild or len(names) > self.names_most else "certificate"


def read(path: Path) -> CandidateTable:
    """The table in this file. Raises InvalidFile with `path:line:column`."""
    located = Source.read(path, max_bytes=256 * 1024)
    root = located.value
    if not isinstance(root, dict):
        raise InvalidFile("E1217", say("最外层应为 键: 值", "the file should be a mapping"), where=located.where())
    for key in root:
        if key not in _KEYS:
            raise unknown_key(located.where_key(key), key, _KEYS)
    for key in _KEYS[2:]:
        if key not in root:
            raise InvalidFile("E1218", say(f"缺少 {key}", f"{key} is missing"), where=located.where())

    def numbers(name: str, keys: tuple[str, ...]) -> dict[str, int]:
        found = root[name]
        if not isinstance(found, dict):
            raise InvalidFile("E1217", say(f"{name} 应为 键: 整数", f"{name} is a mapping"), where=located.where(name))
        for key in found:
            if key not in keys:
                raise unknown_key(located.where_key(name, key), key, keys)
        return {key: _whole(found.get(key, 0), located.where(name)) for key in keys}

    def texts(name: str) -> tuple[str, ...]:
        found = root[name]
        if not isinstance(found, list) or len(found) > _MOST:
            raise InvalidFile("E1217", say(f"{name} 要写成一列", f"{name} is a list"), where=located.where(name))
        return tuple(str(each) for each in found)

    threshold, together, names_most, title_least = (_whole(root[key], located.where(key)) for key in _NUMBERS)
    return CandidateTable(
        numbers("scores", SCORES), numbers("limits", LIMITS), threshold, together, names_most, title_least,
        texts("stock_titles"), texts("default_certificates"), frozenset(texts("whole_domains")),
    )  # fmt: skip


def _whole(value: Plain, where: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or abs(value) > _MOST:
        raise InvalidFile("E1217", say("应为整数", "a whole number belongs here"), where=where)
    return value
