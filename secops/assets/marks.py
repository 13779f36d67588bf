"""The marks of a look: what it says that may tell one machine from another, weighed by rules that are data.

A mark is `kind:value`, such as `ssh:SHA256:…`, `serial:huawei|2102…`, `name:web01`. The rules
(`rules/identity/machines.yaml`) say which kinds identify alone, which only in pairs, and which values never do; they
are logged, so that a rebuild reads every look by the rules that held at its place of the log.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

from secops.core.errors import InvalidFile
from secops.core.ids import digest
from secops.core.language import say
from secops.core.model import Observation
from secops.scope.yaml_source import Located, nearest, visible

KINDS: Final = ("serial", "cloud", "engine", "mac", "ssh", "cert", "name")
PAIR: Final = "pair"
"""Two weak marks together."""
_LIMITS: Final = {"addresses": 3, "interfaces": 256, "identifiers": 48, "moves": 2, "moment_minutes": 60}
_OF_KIND: Final = {"kind", "weight", "exclusive", "bridges", "not_from", "zh", "en"}
_OF_NEVER: Final = {"kind", "starts", "is", "has", "zh", "en"}
_NOT_HEX: Final = re.compile(r"[^0-9a-f]")
_HOST_KEY: Final = re.compile(r"SHA256:[A-Za-z0-9+/]{43}")
_NAME: Final = re.compile(r"[a-z0-9_](?:[a-z0-9_.-]{0,251}[a-z0-9_])?")
_FINGERPRINT: Final = re.compile(r"[0-9a-f]{64}")
_SHORTEST_SERIAL: Final = 4
_MOST_OF_A_KIND: Final = 64
_NAMES_MOST: Final = 4
CERTIFICATES: Final = frozenset({"tls", "tls+hello", "tls+offer", "zgrab2+tls"})
"""Looks at a certificate: by no name they tell of the machine, whoever took them."""


@dataclass(frozen=True, slots=True)
class KindRule:
    """What a kind of mark is worth, and why."""

    kind: str
    strong: bool
    exclusive: str = ""
    bridges: bool = False
    not_from: frozenset[str] = frozenset()
    zh: str = ""
    en: str = ""

    @property
    def why(self) -> str:
        """The reason in the language in force."""
        return say(self.zh, self.en)


@dataclass(frozen=True, slots=True)
class Never:
    """A value (or the beginning of one, or a part of what comes with it) that identifies nobody."""

    kind: str
    starts: str = ""
    equals: str = ""
    has: str = ""
    zh: str = ""
    en: str = ""

    @property
    def why(self) -> str:
        """The reason in the language in force."""
        return say(self.zh, self.en)

    def meets(self, value: str, beside: str) -> bool:
        """Whether it is about this value; `beside`: the text that came with it."""
        if self.equals:
            return value == self.equals
        return value.startswith(self.starts) if self.starts else self.has in beside


@dataclass(frozen=True)
class Rules:
    """The rules in force."""

    kinds: Mapping[str, KindRule]
    never: tuple[Never, ...]
    limits: Mapping[str, int]
    source: Mapping[str, object] = field(default_factory=dict)

    @cached_property
    def digest(self) -> str:
        """Equal for equal rules."""
        return digest(self.source)

    @cached_property
    def nevers(self) -> Mapping[str, tuple[Never, ...]]:
        """The values that never identify, by kind."""
        return {kind: tuple(each for each in self.never if each.kind == kind) for kind in KINDS}

    def strong(self, kind: str) -> bool:
        """Whether one mark of this kind is enough."""
        rule = self.kinds.get(kind)
        return rule is not None and rule.strong

    def rank(self, mark: str) -> tuple[int, str]:
        """Better marks first, in the order of the rules; pairs last."""
        kind = kind_of(mark)
        return (self._order.get(kind, len(KINDS)), mark)

    @cached_property
    def _order(self) -> Mapping[str, int]:
        return {kind: place for place, kind in enumerate(self.kinds)}


def kind_of(mark: str) -> str:
    """The kind of a mark."""
    return mark.partition(":")[0]


@dataclass(frozen=True, slots=True)
class Verdict:
    """One mark of a look, and what the rules make of it: strong, weak or never, with the reason."""

    mark: str
    weight: str
    why: str


def judge(entry: Observation, rules: Rules) -> Iterator[Verdict]:
    """Every mark the look could have, good or not."""
    base = entry.base
    tool = base.partition("+")[0]
    for kind, value, beside in _told(entry):
        rule = rules.kinds.get(kind)
        if rule is None:
            continue
        compared = _compared(kind, value)
        never = next((each for each in rules.nevers[kind] if each.meets(compared, beside)), None)
        if never is not None:
            yield Verdict(f"{kind}:{value}", "never", never.why)
        elif tool in rule.not_from or base in rule.not_from:
            yield Verdict(f"{kind}:{value}", "never", rule.why)
        else:
            yield Verdict(f"{kind}:{value}", "strong" if rule.strong else "weak", rule.why)


def marks(entry: Observation, rules: Rules) -> tuple[str, ...]:
    """The marks of a look that count, sorted."""
    base = entry.base
    away = {base, base.partition("+")[0]}
    found = set()
    for kind, value, beside in _told(entry):
        rule = rules.kinds.get(kind)
        if rule is None or not rule.not_from.isdisjoint(away):
            continue
        compared = _compared(kind, value)
        if not any(each.meets(compared, beside) for each in rules.nevers[kind]):
            found.add(f"{kind}:{value}")
    return tuple(sorted(found))


def _compared(kind: str, value: str) -> str:
    """What the rules' values are compared with: a MAC's digits, a serial number without its maker."""
    return value.replace(":", "") if kind == "mac" else value.rpartition("|")[2] if kind == "serial" else value


def carries(entry: Observation) -> bool:
    """Whether a look can have marks at all: the quick question asked of every look."""
    facts = entry.facts
    return not _CARRIERS.isdisjoint(facts)


_CARRIERS: Final = frozenset(
    {
        "ssh.host_key",
        "host.mac",
        "host.names",
        "snmp.engine_id",
        "device.serial",
        "cloud.instance_id",
        "tls.fingerprint",
    }
)


def _told(entry: Observation) -> Iterator[tuple[str, str, str]]:
    """Kind, value, and the text beside it, in one spelling."""
    facts = entry.facts
    serial, vendor = _word(facts.get("device.serial")), _word(facts.get("device.vendor"))
    if len(serial) >= _SHORTEST_SERIAL and vendor and len(set(serial)) > 1:
        yield "serial", f"{vendor}|{serial}"[:256], ""
    if instance := _word(facts.get("cloud.instance_id")):
        yield "cloud", instance[:256], ""
    engine = _NOT_HEX.sub("", _word(facts.get("snmp.engine_id")))
    if 10 <= len(engine) <= 64 and engine[8:].strip("0f"):
        yield "engine", _engine(engine), ""
    for each in _items(facts.get("host.mac")):
        if found := mac(each):
            yield "mac", found, ""
    for each in _items(facts.get("ssh.host_key")):
        if host_key(each):
            yield "ssh", each, ""
    names = [each for each in map(_name, _items(facts.get("host.names"))) if each]
    print_ = facts.get("tls.fingerprint")
    if entry.base in CERTIFICATES and not entry.target.name and isinstance(print_, str):
        text = print_.lower().replace(":", "")
        told = [str(each) for each in _items(facts.get("tls.names"))]
        beside = f"{facts.get('tls.subject') or ''} {facts.get('tls.issuer') or ''} " + " ".join(
            f"CN={n}" for n in told
        )
        if _FINGERPRINT.fullmatch(text):
            yield "cert", text, beside.casefold()
        names += [each for each in map(_name, told) if len(each) > 2 and not each.replace(".", "").isdigit()]
    for each in sorted(set(names))[:_NAMES_MOST]:
        yield "name", each, ""


def mac(text: str) -> str:
    """The MAC as `aa:bb:cc:dd:ee:ff` where it is a global unicast one (or Docker's), else nothing."""
    digits = _NOT_HEX.sub("", text.lower()[:32])
    if len(digits) != 12 or int(digits[:2], 16) & 0b01:
        return ""
    if int(digits[:2], 16) & 0b10 and not digits.startswith("0242"):  # locally administered
        return ""
    return ":".join(digits[at : at + 2] for at in range(0, 12, 2))


def host_key(mark: str) -> str:
    """The SSH host key's fingerprint if it is one, else nothing."""
    return mark if _HOST_KEY.fullmatch(mark) else ""


def _engine(digits: str) -> str:
    """The engine id; of one made from an IPv4 address (RFC 3411, format 1) without its maker, for the rules' sake."""
    return f"8000000001_{digits[10:]}" if digits[8:10] == "01" and len(digits) == 18 else digits


def _name(text: str) -> str:
    name = text.strip().rstrip(".").lower()
    return name if _NAME.fullmatch(name) else ""


def _word(value: object) -> str:
    return " ".join(value.split()).lower() if isinstance(value, str) else ""


def _items(value: object) -> list[str]:
    return sorted(map(str, value))[:_MOST_OF_A_KIND] if isinstance(value, tuple) else []


def read(located: Located) -> Rules:
    """The rules of a file. Raises InvalidFile with `path:line:column`."""
    plain = located.value
    if not isinstance(plain, Mapping):
        raise _bad(located, (), say("应是映射", "a mapping is wanted"))
    _keys(located, plain, {"edition", "limits", "kinds", "never"}, ())
    limits = plain.get("limits") or {}
    if not isinstance(limits, Mapping):
        raise _bad(located, ("limits",), say("应是映射", "a mapping is wanted"))
    _keys(located, limits, set(_LIMITS), ("limits",))
    for name, value in limits.items():
        if type(value) is not int or not 1 <= value <= 100_000:
            raise _bad(located, ("limits", name), say("应是 1 至 100000 的整数", "a whole number from 1 to 100,000"))
    for part, allowed in (("kinds", _OF_KIND), ("never", _OF_NEVER)):
        items = plain.get(part) or []
        if not isinstance(items, list) or (part == "kinds" and not items):
            raise _bad(located, (part,), say("应是列表", "a list is wanted"))
        for place, each in enumerate(items):
            _row(located, each, (part, place), allowed)
    return of(plain)


def of(plain: Mapping[str, object]) -> Rules:
    """The rules of plain data that `read` has checked (a logged decision carries them)."""
    kinds: dict[str, KindRule] = {}
    for each in _list(plain.get("kinds")):
        kinds[str(each["kind"])] = KindRule(
            str(each["kind"]), str(each.get("weight")) == "strong", str(each.get("exclusive") or ""),
            bool(each.get("bridges")), frozenset(map(str, _plain_list(each.get("not_from")))),
            str(each.get("zh") or ""), str(each.get("en") or ""),
        )  # fmt: skip
    never = tuple(
        Never(str(each["kind"]), str(each.get("starts") or "").lower(), str(each.get("is") or "").lower(),
              str(each.get("has") or "").casefold(), str(each.get("zh") or ""), str(each.get("en") or ""))
        for each in _list(plain.get("never"))
    )  # fmt: skip
    given = plain.get("limits")
    limits = dict(_LIMITS)
    if isinstance(given, Mapping):
        limits |= {str(name): int(value) for name, value in given.items()}
    return Rules(kinds, never, limits, dict(plain))


def _list(value: object) -> list[Mapping[str, object]]:
    return [each for each in value if isinstance(each, Mapping)] if isinstance(value, (list, tuple)) else []


def _plain_list(value: object) -> list[object]:
    return list(value) if isinstance(value, (list, tuple)) else []


def _row(located: Located, each: object, place: tuple[str | int, ...], allowed: set[str]) -> None:
    if not isinstance(each, Mapping):
        raise _bad(located, place, say("应是映射", "a mapping is wanted"))
    _keys(located, each, allowed, place)
    kind = each.get("kind")
    if kind not in KINDS:
        guess = nearest(str(kind), KINDS)
        what = say(f"没有标识种类 {visible(kind)}", f"no kind of mark {visible(kind)}")
        raise _bad(located, (*place, "kind"), what, ", ".join(KINDS), guess)
    if "weight" in allowed and each.get("weight") not in {"strong", "weak"}:
        raise _bad(located, (*place, "weight"), say("weight 应是 strong 或 weak", "weight is strong or weak"))
    if "exclusive" in allowed and each.get("exclusive") not in {None, "always", "moment"}:
        raise _bad(located, (*place, "exclusive"), say("应是 always 或 moment", "exclusive is always or moment"))
    if "starts" in allowed and sum(bool(each.get(name)) for name in ("starts", "is", "has")) != 1:
        raise _bad(located, place, say("starts、is、has 须写且只写一个", "one of starts, is and has"))
    if not each.get("zh") or not each.get("en"):
        raise _bad(located, place, say("缺少理由（zh、en）", "a reason is wanted (zh and en)"))


def _keys(located: Located, given: Mapping[str, object], allowed: set[str], place: tuple[str | int, ...]) -> None:
    for key in given:
        if key not in allowed:
            what = say(f"不认识的键 {visible(key)}", f"unknown key {visible(key)}")
            raise _bad(located, (*place, key), what, ", ".join(sorted(allowed)), nearest(key, allowed))


def _bad(located: Located, place: tuple[str | int, ...], what: str, why: str = "", guess: str = "") -> InvalidFile:
    hint = say(f"是不是 {guess}？", f"did you mean {guess}?") if guess else ""
    return InvalidFile("E1330", what, where=located.where(*place), why=why, hint=hint)
