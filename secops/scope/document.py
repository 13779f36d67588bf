"""The authorisation document (授权书): who allows whom to send what where, when, how fast and how hard.

`read` turns the bytes of the YAML file into a Scope, or raises every error in it at once. Whether anybody signed those
bytes is not said here: `scope.signature`.
"""

import hashlib
import re
import unicodedata
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from secops.core.clock import DAY_MS, Instant, parse
from secops.core.ids import derive
from secops.core.language import say
from secops.scope import denied, hours, targets
from secops.scope.form import Form
from secops.scope.hours import Window
from secops.scope.intervals import IntervalSet
from secops.scope.level import Level
from secops.scope.ports import PortSet
from secops.scope.yaml_source import Source

KEYS: Final = (
    "title", "site", "basis", "document", "issuer", "valid", "include", "exclude", "ports", "resolvers", "hosts",
    "hours", "rate", "level", "operators", "loopback", "industrial", "note",
)  # fmt: skip
MAX_BYTES: Final = 1 << 20
PPS: Final = 1000
PPS_PER_HOST: Final = 40
NETWORK_SHARE: Final = 0.4
"""Share of the overall rate that one /24 or /64 gets where the document does not say: 400 packets a second of 1,000.

A small firewall keeps a half-open connection for up to two minutes in a table of 65,536."""
MOST_PPS: Final = 2_000_000
LONGEST_DAYS: Final = 1100
_SITE: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
_BARE_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True, slots=True)
class Scope:
    """One authorisation. `signed_by` is empty until `signature.admit` has verified the bytes it was read from."""

    id: str
    """Derived from the bytes: another text is another scope."""
    digest: str
    """SHA-256 of the bytes, hex."""
    title: str
    site: str
    basis: str
    document: str
    """文号."""
    issuer: str
    not_before: Instant
    not_after: Instant
    """The first instant that is too late."""
    targets: IntervalSet
    """Included minus excluded."""
    ports: PortSet
    level: Level
    operators: tuple[str, ...]
    names: tuple[str, ...] = ()
    """Host names that may be asked for; their addresses must be targets all the same."""
    resolvers: tuple[str, ...] = ()
    hosts: str = ""
    """Path of a hosts file, relative to the workspace, read instead of asking resolvers."""
    hours: tuple[Window, ...] = ()
    pps: int = PPS
    pps_per_host: int = PPS_PER_HOST
    pps_per_network: int = round(PPS * NETWORK_SHARE)
    """To one /24 or /64."""
    loopback: bool = False
    industrial: bool = False
    """May controllers be identified? Otherwise `ports` lacks `denied.INDUSTRIAL`."""
    note: str = ""
    path: str = ""
    signed_by: str = ""
    """Name of the trusted key."""
    warnings: tuple[str, ...] = field(default=(), compare=False)


def read(data: bytes, path: str | Path) -> Scope:
    """The scope these bytes describe. Raises InvalidFile(s) with every error's place."""
    form = Form(Source.load(data, str(path), max_bytes=MAX_BYTES))
    if not form.known(KEYS):
        form.finish()
    digest = hashlib.sha256(data).hexdigest()
    not_before, not_after = _validity(form)
    included, without = _targets(form)
    form.known(("packets_per_second", "per_network", "per_host"), "rate")
    pps = form.number("rate", "packets_per_second", least=1, most=MOST_PPS, default=PPS)
    pps_per_host = form.number("rate", "per_host", least=1, most=MOST_PPS, default=min(PPS_PER_HOST, pps))
    if pps_per_host > pps:
        form.bad(("rate", "per_host"), say("单机速率高于总速率", "the rate per host is above the overall one"))
    share = max(pps_per_host, round(pps * NETWORK_SHARE))
    pps_per_network = form.number("rate", "per_network", least=1, most=MOST_PPS, default=share)
    if not pps_per_host <= pps_per_network <= pps and form.get("rate", "per_network") is not None:
        form.bad(
            ("rate", "per_network"),
            say("单网段速率应在单机速率与总速率之间", "the rate per network lies between those per host and overall"),
        )
    scope = Scope(
        id=named(digest),
        digest=digest,
        title=form.text("title"),
        site=_site(form),
        basis=form.text("basis"),
        document=form.text("document"),
        issuer=form.text("issuer"),
        not_before=not_before,
        not_after=not_after,
        targets=included.addresses.minus(without.addresses),
        names=tuple(name for name in included.names if name not in without.names),
        ports=_ports(form),
        level=Level(form.number("level", least=0, most=3, default=Level.GENTLE)),
        operators=_operators(form),
        resolvers=_resolvers(form),
        hosts=_hosts(form),
        hours=_hours(form),
        pps=pps,
        pps_per_host=pps_per_host,
        pps_per_network=pps_per_network,
        loopback=form.flag("loopback"),
        industrial=form.flag("industrial"),
        note=form.text("note", required=False, longest=2000),
        path=str(path),
        warnings=tuple(form.warnings),
    )
    form.finish()
    return scope


def identify(data: bytes) -> str:
    """The id of the scope with exactly these bytes."""
    return named(hashlib.sha256(data).hexdigest())


def named(digest: str) -> str:
    """The id of the scope whose bytes have this SHA-256."""
    return derive("scp", digest)


def _site(form: Form) -> str:
    site = form.text("site")
    if site and _SITE.fullmatch(site) is None:
        form.bad(("site",), say("站点名只用小写字母、数字、- 和 _", "a site is lower-case letters, digits, - and _"))
    return site


def _validity(form: Form) -> tuple[Instant, Instant]:
    if not form.known(("from", "until"), "valid"):
        if form.get("valid") is None:
            form.missing("valid")
        return Instant(0), Instant(0)
    start, end = _instant(form, "from"), _instant(form, "until")
    if start and end:
        if end <= start:
            form.bad(("valid", "until"), say("失效时间不晚于生效时间", "it ends before it begins"))
        elif end - start > LONGEST_DAYS * DAY_MS:
            form.bad(("valid", "until"), say("有效期不得超过三年", "valid for three years at most"), code="E2201")
        elif end - start > 366 * DAY_MS:
            form.warn(("valid", "until"), say("有效期超过一年", "valid for more than a year"))
    return start, end


def _instant(form: Form, key: str) -> Instant:
    """A time; a bare date means its first moment as `from` and its last as `until`."""
    text = form.text("valid", key)
    if not text:
        return Instant(0)
    try:
        moment = parse(text)
    except (ValueError, OverflowError):
        form.bad(
            ("valid", key), say(f"不是日期或时间: {text}", f"no date or time: {text}"), hint="2026-11-30T18:00:00+08:00"
        )
        return Instant(0)
    whole_day = key == "until" and _BARE_DATE.fullmatch(text) is not None
    return Instant(moment + DAY_MS) if whole_day else moment


def _targets(form: Form) -> tuple[targets.Listed, targets.Listed]:
    included = targets.listed(form, "include", required=True)
    without = targets.listed(form, "exclude", required=False)
    targets.sensible(form, included, loopback=form.get("loopback") is True)
    targets.excluded(form, included, without)
    if included.names and not included.spans:
        what = say(
            "只有主机名没有地址：名称解析出的地址也须列在 include 中",
            "names alone: their addresses must be included too",
        )
        form.bad(("include",), what, code="E2202")
    return included, without


def _ports(form: Form) -> PortSet:
    allowed = PortSet()
    industrial = form.get("industrial") is True
    for i, word in form.words("ports", required=True):
        try:
            each = PortSet.parse([word])
        except ValueError:
            form.bad(
                ("ports", i),
                say(f"不是端口或端口范围: {word}", f"no port or range of ports: {word}"),
                hint="443, 8000-8100",
            )
            continue
        if allowed.intersect(each):
            form.warn(("ports", i), say(f"端口重复，已合并: {word}", f"ports repeated, merged: {word}"))
        if each.count() < 100 and not industrial and (quiet := each.intersect(denied.INDUSTRIAL)):
            form.warn(
                ("ports", i),
                say(
                    f"工控端口 {quiet} 不会触碰；确需识别时写 industrial: true",
                    f"industrial ports {quiet} are not touched without `industrial: true`",
                ),
            )
        if each.count() < 100 and (never := each.intersect(denied.PORTS)):
            form.warn(("ports", i), say(f"端口 {never} 永不触碰", f"ports {never} are never touched"))
        allowed = allowed.union(each)
    if allowed and not allowed.minus(denied.PORTS):
        form.bad(("ports",), say("列出的端口全部属于永不触碰的端口", "all these ports are never touched"), code="E2202")
    if industrial or not allowed:
        return allowed
    usual = allowed.minus(denied.INDUSTRIAL)
    if not usual:
        what = say("列出的端口全部是工控端口", "all these ports are industrial ones")
        form.bad(("ports",), what, hint="industrial: true", code="E2202")
    return usual


def _operators(form: Form) -> tuple[str, ...]:
    """Names that cannot be taken for one another."""
    seen: dict[str, str] = {}
    for i, word in form.words("operators", required=True, most=200):
        if unicodedata.normalize("NFKC", word) != word or _scripts(word) > 1:
            what = say(f"姓名混用了形似字符: {word!a}", f"a name with look-alike characters: {word!a}")
            form.bad(("operators", i), what, hint=say("重新手工输入姓名", "type the name anew by hand"))
        elif word.casefold() in seen:
            form.bad(("operators", i), say(f"操作人重复: {word}", f"operator repeated: {word}"))
        seen[word.casefold()] = word
    return tuple(seen.values())


def _scripts(word: str) -> int:
    """How many alphabets that look alike the word mixes."""
    families = {unicodedata.name(c, "?").split()[0] for c in word if c.isalpha()}
    return len(families & {"LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE"})


def _resolvers(form: Form) -> tuple[str, ...]:
    kept: list[str] = []
    for i, word in form.words("resolvers", most=8):
        try:
            one = IntervalSet.parse([word])
        except ValueError:
            one = IntervalSet()
        if one.count() != 1:
            form.bad(("resolvers", i), say(f"不是一个 IP 地址: {word}", f"not one IP address: {word}"))
        else:
            kept.append(next(one.addresses()))
    if kept and form.get("hosts") is not None:
        form.bad(("hosts",), say("resolvers 与 hosts 只写一个", "either resolvers or hosts"))
    return tuple(kept)


def _hosts(form: Form) -> str:
    path = form.text("hosts", required=False)
    if path and (Path(path).is_absolute() or ".." in Path(path).parts):
        form.bad(("hosts",), say("hosts 应为工作区内的相对路径", "hosts is a path within the workspace"))
    return path


def _hours(form: Form) -> tuple[Window, ...]:
    kept: list[Window] = []
    for i, word in form.words("hours", most=50):
        try:
            kept.append(hours.parse(word))
        except ValueError as error:
            form.bad(
                ("hours", i),
                say(f"时段写法不对: {word}", f"no window of hours: {word}"),
                str(error),
                "周一-周五 08:00-20:00",
            )
    return tuple(kept)
