"""inventory/*.yaml: what people state of units, networks, systems, websites, data, hosts, devices and addresses.

A file holds any of the sections in `SECTIONS`. A bad row is skipped with its place and the reason; the rest goes on.
References to units and systems are checked by `refer` once every file has been read.
"""

import ipaddress
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from secops.core.clock import parse as parse_time
from secops.core.errors import InvalidFile
from secops.core.language import say
from secops.core.model import Skipped
from secops.intake.credit_code import check_character, is_valid
from secops.scope.yaml_source import Located, Plain, nearest, unknown_key, visible

TEXT_MOST: Final = 500
LIST_MOST: Final = 5_000


@dataclass(frozen=True, slots=True)
class Stated:
    """One thing a person states. `payload` is the content of its declare decision."""

    kind: str
    key: str
    payload: Mapping[str, object]
    where: str

    @property
    def subject(self) -> str:
        """What the decision is about."""
        return f"{self.kind}:{self.key}"


Reader = Callable[[Plain], object]


def _text(value: Plain) -> object:
    if isinstance(value, (bool, list, dict)):
        raise ValueError(say("应写一段文字", "a text belongs here"))  # noqa: TRY004 - a wrong value of a file
    text = str(value).strip()
    if not text or len(text) > TEXT_MOST or any(ord(each) < 0x20 for each in text):
        raise ValueError(
            say(f"应为 1 至 {TEXT_MOST} 字、不含控制字符", f"1 to {TEXT_MOST} characters, no control ones")
        )
    return text


def _texts(value: Plain) -> object:
    items = value if isinstance(value, list) else [value]
    if len(items) > LIST_MOST:
        raise ValueError(say(f"最多 {LIST_MOST} 项", f"at most {LIST_MOST} items"))
    return [str(_text(each)) for each in items]


def _network(value: Plain) -> object:
    text = str(_text(value))
    try:
        return str(ipaddress.ip_network(text, strict=True))
    except ValueError as error:
        raise ValueError(
            say(f"不是网段（或主机位不为零）：{error}", f"no network, or host bits set: {error}")
        ) from error


def _address(value: Plain) -> object:
    text = str(_text(value))
    try:
        return str(ipaddress.ip_address(text))
    except ValueError as error:
        raise ValueError(say(f"不是 IP 地址：{text[:60]}", f"no IP address: {text[:60]}")) from error


def _networks(value: Plain) -> object:
    return [_network(each) for each in (value if isinstance(value, list) else [value])]


def _addresses(value: Plain) -> object:
    return [_address(each) for each in (value if isinstance(value, list) else [value])]


_PLACE = re.compile(r"\[([0-9a-fA-F:.]+)\]:([0-9]{1,5})|([0-9.]+):([0-9]{1,5})")


def _places(value: Plain) -> object:
    """Addresses, each with or without `:port`."""
    found = []
    for each in value if isinstance(value, list) else [value]:
        match = _PLACE.fullmatch(str(each))
        if match is None:
            found.append(_address(each))
            continue
        address, port = str(_address(match[1] or match[3])), int(match[2] or match[4])
        if not 1 <= port <= 65535:
            raise ValueError(say("端口应为 1 至 65535", "a port is 1 to 65535"))
        found.append(f"[{address}]:{port}" if ":" in address else f"{address}:{port}")
    return found


def _url(value: Plain) -> object:
    text = str(_text(value))
    parts = urlsplit(text)
    ports = {"http": 80, "https": 443}
    host = (parts.hostname or "").rstrip(".")
    if parts.scheme not in ports or not host or parts.username is not None or parts.path not in {"", "/"}:
        raise ValueError(say("应为 http(s)://主机[:端口]", "should be http(s)://host[:port]"))
    shown = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{shown}:{parts.port or ports[parts.scheme]}"


def _sites(value: Plain) -> object:
    """Origins, or bare host names for every origin under them."""
    items = value if isinstance(value, list) else [value]
    return [_url(each) if "://" in str(each) else str(_text(each)).lower().rstrip(".") for each in items]


def _date(value: Plain) -> object:
    try:
        return int(parse_time(str(_text(value))))
    except ValueError as error:
        raise ValueError(say("日期写作 2026-01-31", "a date is written 2026-01-31")) from error


def _level(value: Plain) -> object:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= 5:
        raise ValueError(say("等保级别为 1 至 5", "a protection level is 1 to 5"))
    return value


def _credit(value: Plain) -> object:
    code = str(_text(value)).upper()
    if is_valid(code):
        return code
    try:
        fits = check_character(code[:17])
        why = say(f"校验码应为 {fits}", f"the check character should be {fits}")
    except ValueError:
        why = say("应为 18 位，不用 I O S V Z", "18 characters without I, O, S, V, Z")
    raise ValueError(say("统一社会信用代码不对：", "wrong credit code: ") + why)


def _harm(value: Plain) -> object:
    if not isinstance(value, dict) or set(value) != {"object", "degree"}:
        raise ValueError(say("应写成 {object: …, degree: …}", "should be {object: …, degree: …}"))
    return {name: str(_text(each)) for name, each in value.items()}


_FILING = re.compile(r"[0-9A-Za-z]{11}-[0-9A-Za-z]{5}")


def _filing(value: Plain) -> object:
    text = str(_text(value))
    if not _FILING.fullmatch(text):
        raise ValueError(say("备案证明编号形如 44010000001-00001", "a filing number looks like 44010000001-00001"))
    return text


_OWNER: Final[dict[str, tuple[str, Reader]]] = {
    "name": ("facts.name", _text),
    "organisation": ("org", _text),
    "system": ("system", _text),
    "owner": ("facts.owner", _text),
    "owner_phone": ("facts.owner.phone", _text),
    "tags": ("facts.tags", _texts),
}
SECTIONS: Final[dict[str, tuple[str, str, Reader, dict[str, tuple[str, Reader]]]]] = {
    "organisations": ("organisation", "id", _text, {
        "name": ("name", _text), "parent": ("parent", _text), "credit_code": ("credit_code", _credit),
        "contact": ("contact", _text), "phone": ("phone", _text), "email": ("email", _text)}),
    "networks": ("network", "cidr", _network, _OWNER | {"zone": ("zone", _text)}),
    "systems": ("system", "code", _text, {k: v for k, v in _OWNER.items() if k != "system"} | {
        "level": ("facts.system.level", _level), "level_s": ("facts.system.level_s", _level),
        "level_a": ("facts.system.level_a", _level), "filing_no": ("facts.system.filing_no", _filing),
        "filed_on": ("facts.system.filed_on", _date), "filing_valid_until": ("facts.system.filing_valid_until", _date),
        "assessed_on": ("facts.system.assessed_on", _date), "business_information": ("business_information", _harm),
        "system_service": ("system_service", _harm), "level_edition": ("level_edition", _text),
        "networks": ("networks", _networks), "addresses": ("addresses", _places), "websites": ("websites", _sites),
        "depends_on": ("depends_on", _texts), "connects_to": ("connects_to", _texts)}),
    "websites": ("website", "url", _url, _OWNER),
    "data": ("data", "key", _text, _OWNER | {
        "level": ("facts.data.level", _text), "volume": ("facts.data.volume", _text),
        "stored_in": ("stored_in", _texts)}),
    "hosts": ("host", "key", _text, _OWNER | {
        "addresses": ("addresses", _addresses), "os": ("facts.host.os", _text), "mac": ("facts.host.mac", _texts)}),
    "devices": ("device", "key", _text, _OWNER | {
        "addresses": ("addresses", _addresses), "type": ("facts.device.type", _text),
        "mac": ("facts.host.mac", _texts)}),
    "addresses": ("ip", "address", _address, _OWNER),
}  # fmt: skip
"""Section -> kind of thing, its key, how the key is read, and for every other key where it goes and how it is read."""
_REQUIRED: Final = {"organisations": ("name",), "systems": ("name",)}


def read(located: Located) -> Iterator[Stated | Skipped]:
    """Every row of a loaded file."""
    root = located.value
    if not isinstance(root, dict):
        yield Skipped(located.where(), say("最外层应为 键: 值", "the file should be a mapping"))
        return
    for section, rows in root.items():
        if section not in SECTIONS:
            yield _skipped(unknown_key(located.where_key(section), section, SECTIONS))
        elif rows is None:
            continue
        elif not isinstance(rows, list):
            yield Skipped(located.where(section), say("这里应为一列（- 开头）", "a list belongs here"))
        else:
            for place, row in enumerate(rows):
                yield _row(located, section, place, row)


def refer(stated: Iterable[Stated | Skipped]) -> Iterator[Stated | Skipped]:
    """The same rows, those left out whose key is repeated or which name a unit or system nobody declared."""
    everything = list(stated)
    first: dict[str, Stated] = {}
    for each in everything:
        if isinstance(each, Stated):
            first.setdefault(each.subject, each)
    for each in everything:
        if isinstance(each, Skipped):
            yield each
        elif first[each.subject] is not each:
            there = first[each.subject].where
            yield Skipped(each.where, say(f"{each.key} 已在 {there} 登记", f"{each.key} is declared at {there}"))
        else:
            yield _checked(each, first)


def _checked(each: Stated, known: Mapping[str, Stated]) -> Stated | Skipped:
    wanted = [("organisation", str(each.payload.get(name) or "")) for name in ("org", "parent")]
    wanted.append(("system", str(each.payload.get("system") or "")))
    relations = each.payload.get("relations")
    wanted += [(str(kind), str(key)) for _, kind, key in (relations if isinstance(relations, list) else ())]
    for kind, key in wanted:
        if key and f"{kind}:{key}" not in known:
            guess = nearest(key, [other.key for other in known.values() if other.kind == kind])
            hint = say(f"；是不是 {guess}？", f"; did you mean {guess}?") if guess else ""
            what = say("单位" if kind == "organisation" else "系统", kind)
            reason = say(f"没有登记的{what} {visible(key)}{hint}", f"no declared {what} {visible(key)}{hint}")
            return Skipped(each.where, reason)
    return each


def _row(located: Located, section: str, place: int, row: Plain) -> Stated | Skipped:
    kind, key_name, key_reader, shape = SECTIONS[section]
    where = located.where(section, place)
    if not isinstance(row, dict):
        return Skipped(where, say("一行应为 键: 值", "a row is a mapping"))
    at = where
    try:
        for name in row:
            if name != key_name and name not in shape:
                return _skipped(unknown_key(located.where_key(section, place, name), name, {key_name, *shape}))
        for name in (key_name, *_REQUIRED.get(section, ())):
            if row.get(name) is None:
                return Skipped(where, say(f"缺少 {name}", f"{name} is missing"))
        at = located.where(section, place, key_name)
        key = str(key_reader(row[key_name]))
        flat: dict[str, object] = {}
        for name, value in row.items():
            if name != key_name and value is not None:
                at = located.where(section, place, name)
                flat[shape[name][0]] = shape[name][1](value)
    except ValueError as error:
        return Skipped(at, str(error))
    return Stated(kind, key, _payload(kind, key, flat), where)


def _payload(kind: str, key: str, flat: dict[str, object]) -> dict[str, object]:
    facts = {name.removeprefix("facts."): flat.pop(name) for name in list(flat) if name.startswith("facts.")}
    if kind == "network":
        facts |= {"network.cidr": key} | ({"network.zone": flat["zone"]} if "zone" in flat else {})
    if kind == "system":
        facts["system.code"] = key
    relations = [
        [word.replace("_", "-"), "system", each]
        for word in ("depends_on", "connects_to")
        for each in _list(flat.pop(word, None))
    ]
    relations += [["belongs-to", "system", each] for each in _list(flat.pop("stored_in", None))]
    payload: dict[str, object] = {"kind": kind} | flat
    if facts:
        payload["facts"] = facts
    if relations:
        payload["relations"] = sorted(relations)
    return payload


def _list(value: object) -> list[str]:
    return [str(each) for each in value] if isinstance(value, list) else []


def _skipped(error: InvalidFile) -> Skipped:
    return Skipped(error.where, error.what + (f" ({error.hint})" if error.hint else ""))
