"""What a scope may name as target: sensible networks, ranges, addresses and host names, and nothing absurd."""

import re
from dataclasses import dataclass, field
from typing import Final

from secops.core.address import V4
from secops.core.language import say
from secops.scope import ranges
from secops.scope.form import Form
from secops.scope.intervals import IntervalSet, span
from secops.scope.yaml_source import visible

WIDEST_V4: Final = 1 << 24
"""Addresses in one item: a /8."""
WIDEST_V6: Final = 1 << 100
"""A /28."""
MOST_V4: Final = 1 << 25
"""IPv4 addresses in a whole scope: twice a /8, more than all private networks together."""
_LABEL: Final = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
_ADDRESS_LIKE: Final = re.compile(r"[0-9.\s%-]*")


@dataclass(frozen=True, slots=True)
class Special:
    """Addresses that are no target, and why."""

    networks: str
    zh: str
    en: str

    @property
    def spans(self) -> ranges.Ranges:
        """Where they lie on the line."""
        return ranges.normalise(span(text) for text in self.networks.split())


NEVER: Final = (
    Special("64:ff9b::/96 64:ff9b:1::/48", "NAT64 地址，背后是 IPv4", "NAT64: an IPv4 address behind it"),
    Special("0.0.0.0/8 ::/128", "“本网络”地址", "“this network”"),
    Special("169.254.0.0/16 fe80::/10", "链路本地地址", "link-local"),
    Special("224.0.0.0/4 ff00::/8", "组播地址", "multicast"),
    Special("240.0.0.0/4", "保留与广播地址", "reserved and broadcast"),
    Special("::2-::fffe:ffff:ffff", "保留地址", "reserved"),
    Special("::1:0:0:0-ff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "保留地址", "reserved"),
    Special("2002::/16 2001::/32", "6to4 与 Teredo 地址，背后是 IPv4", "6to4 and Teredo: an IPv4 address behind them"),
)
LOOPBACK: Final = ranges.normalise([span("127.0.0.0/8"), span("::1")])


@dataclass(slots=True)
class Listed:
    """The items of `include` or `exclude`, sorted out."""

    spans: list[tuple[int, tuple[int, int]]] = field(default_factory=list)
    """Index of the item and its span on the line."""
    names: list[str] = field(default_factory=list)

    @property
    def addresses(self) -> IntervalSet:
        """All spans as a set."""
        return IntervalSet.of(each for _, each in self.spans)


def listed(form: Form, key: str, *, required: bool) -> Listed:
    """Read one list of targets; every item is a CIDR, a range `a-b`, an address or a host name."""
    found = Listed()
    for i, word in form.words(key, required=required):
        if _looks_like_address(word):
            try:
                found.spans.append((i, span(word)))
            except ValueError as error:
                form.bad(
                    (key, i),
                    say(f"不是网段、地址范围或地址: {word}", f"no network, range or address: {word}"),
                    _why(error),
                )
        elif (name := host_name(word)) is None:
            form.bad((key, i), say(f"不是主机名: {word}", f"no host name: {word}"), hint=_name_hint(word))
        elif name in found.names:
            form.warn((key, i), say(f"主机名重复: {name}", f"name repeated: {name}"))
        else:
            found.names.append(name)
    return found


def sensible(form: Form, included: Listed, *, loopback: bool) -> None:
    """Refuse absurd items of `include` and warn of overlapping ones."""
    total = 0
    for i, (first, last) in included.spans:
        keys = ("include", i)
        four = V4 <= first <= V4 + 0xFFFF_FFFF
        size = last - first + 1
        total += size if four else 0
        if size > (WIDEST_V4 if four else WIDEST_V6):
            widest = "/8" if four else "/28"
            form.bad(
                keys, say(f"范围过大，单项最大 {widest}", f"too wide: one item is at most a {widest}"), code="E2201"
            )
            continue
        for special in NEVER:
            if ranges.intersect(((first, last),), special.spans):
                form.bad(keys, say(f"不能作为目标: {special.zh}", f"never a target: {special.en}"), code="E2201")
                break
        if not loopback and ranges.intersect(((first, last),), LOOPBACK):
            hint = say("确要测试本机时写 loopback: true", "write loopback: true to test this machine itself")
            form.bad(keys, say("回环地址不能作为目标", "loopback is no target"), hint=hint, code="E2201")
    if total > MOST_V4:
        form.bad(("include",), say("IPv4 地址总数过大", "too many IPv4 addresses altogether"), code="E2201")
    _overlaps(form, "include", included)


def excluded(form: Form, included: Listed, without: Listed) -> None:
    """Refuse exclusions that leave nothing of an included item; warn of those that take nothing away."""
    away = ranges.normalise(each for _, each in without.spans)
    for i, each in included.spans:
        if not ranges.minus((each,), away):
            what = say("这一项被 exclude 全部排除", "exclude takes all of this item away")
            form.bad(
                ("include", i), what, hint=say("删去这一项，或缩小 exclude", "drop it, or narrow exclude"), code="E2202"
            )
    given = ranges.normalise(each for _, each in included.spans)
    for i, each in without.spans:
        if not ranges.intersect((each,), given):
            form.warn(
                ("exclude", i), say("排除项不在 include 之内，不起作用", "takes nothing away: not within include")
            )
    for name in set(included.names) & set(without.names):
        what = say(f"主机名既列入又排除: {name}", f"name both included and excluded: {name}")
        form.bad(("exclude",), what, code="E2202")
    _overlaps(form, "exclude", without)


def host_name(word: str) -> str | None:
    """The name in lower-case ASCII (IDNA where it is not), or None."""
    text = word.rstrip(".").casefold()
    if not text.isascii():
        try:
            text = text.encode("idna").decode()
        except UnicodeError:
            return None
    labels = text.split(".")
    fine = len(text) <= 253 and len(labels) > 1 and not labels[-1].isdigit()
    return text if fine and all(_LABEL.fullmatch(label) for label in labels) else None


def _looks_like_address(word: str) -> bool:
    return _ADDRESS_LIKE.fullmatch(word) is not None or "/" in word or ":" in word


def _name_hint(word: str) -> str:
    if "*" in word:
        return say("不接受通配符，逐个列出主机名", "no wildcards: list each name")
    return say("写完整主机名，例如 www.example.gov.cn", "write a full name, for example www.example.gov.cn")


def _why(error: ValueError) -> str:
    text = str(error)
    if "host bits set" in text:
        return say(
            "网段的主机位不为零：要么写网络地址，要么写单个地址", "host bits set: write the network, or the one address"
        )
    return visible(text, 160)


def _overlaps(form: Form, key: str, items: Listed) -> None:
    ordered = sorted(items.spans, key=lambda item: (item[1][0], -item[1][1]))
    end, owner = -1, -1
    for i, (first, last) in ordered:
        if first <= end:
            line = form.source.where(key, owner).rsplit(":", 2)[1]
            form.warn((key, i), say(f"与第 {line} 行重叠，已合并", f"overlaps line {line}: merged"))
        if last > end:
            end, owner = last, i
