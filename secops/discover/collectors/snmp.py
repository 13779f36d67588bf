"""SNMP with the community `public`: the system, its interfaces, its ARP and bridge tables; engines of v3.

Reads only, never another community, never a user. Source: RFC 3418, RFC 2863, RFC 4293, RFC 4188, RFC 3411.
"""

from collections.abc import Generator
from typing import Final

from secops.core.model import Status, Target, Value
from secops.dial.conversation import Answer, Command, Failed
from secops.discover.collectors import ber, datagram
from secops.discover.collectors import snmp_message as message
from secops.discover.collectors.interface import Collector, Reading, Talking, bounded, clean, decoded
from secops.discover.collectors.snmp_message import GET_BULK, GET_NEXT, V1, V2C, Engine, Reply

LABEL: Final = "snmp@1"
_DESCRIPTION, _OBJECT, _NAME, _LOCATION = (f"1.3.6.1.2.1.1.{each}.0" for each in (1, 2, 5, 6))
_SYSTEM: Final = (_DESCRIPTION, _OBJECT, _NAME, _LOCATION)
_IF_NAME, _IF_MAC = "1.3.6.1.2.1.2.2.1.2", "1.3.6.1.2.1.2.2.1.6"
_ARP: Final = "1.3.6.1.2.1.4.22.1.2"
_BRIDGE: Final = "1.3.6.1.2.1.17.4.3.1.2"
_ENTERPRISES: Final = "1.3.6.1.4.1."
_REPETITIONS: Final = 20
_QUESTIONS: Final = 6
"""Questions of one walk at most: 120 rows."""
_SLOW_QUESTIONS: Final = 24
"""The same for v1, which gives a row a question."""
_MAC: Final = 6
VENDORS: Final = {
    2: "IBM", 9: "Cisco", 11: "HP", 43: "3Com", 171: "D-Link", 318: "APC", 367: "Ricoh",
    641: "Lexmark", 674: "Dell", 1347: "Kyocera", 1588: "Brocade", 2011: "Huawei", 2435: "Brother", 2636: "Juniper",
    3375: "F5", 3902: "ZTE", 4413: "Broadcom", 4526: "Netgear", 4881: "Ruijie", 1916: "Extreme", 6876: "VMware",
    8886: "Raisecom", 11863: "TP-Link", 12356: "Fortinet", 14988: "MikroTik", 25461: "Palo Alto",
    25506: "H3C", 30065: "Arista", 39165: "Hikvision", 41112: "Ubiquiti", 1004849: "Dahua",
}  # fmt: skip
"""IANA private enterprise numbers -> names, of makers of boxes."""

Rows = list[tuple[str, ber.Pair]]


def ask(target: Target) -> Talking:
    """v2c, v1 and v3 in turn; the tables by the newest version that `public` opens."""
    versions: list[str] = []
    system: dict[str, ber.Pair] = {}
    status = Status.TIMEOUT
    for turn, (version, name) in enumerate(((V2C, "v2c"), (V1, "v1"))):
        heard = yield from _get(target, turn, version)
        if isinstance(heard, Failed):
            status = heard.status
            if status is Status.REFUSED:
                return Reading(LABEL, status)
            continue
        versions.append(name)
        system = system or dict(heard.rows)
    engine = yield from _engine(target)
    if isinstance(engine, Engine):
        versions.append("v3")
    if not versions:
        return Reading(LABEL, status)
    best = V2C if "v2c" in versions else V1
    tables: dict[str, Rows] = {}
    for place, root in enumerate((_IF_NAME, _IF_MAC, _ARP, _BRIDGE) if system else ()):
        rows = yield from _walk(target, best, root, 10 + place * 30)
        if rows is None:
            break  # it answers no walks: the other tables would cost their time as well
        tables[root] = rows
    return _reading(versions, system, engine if isinstance(engine, Engine) else None, tables)


def _get(target: Target, turn: int, version: int) -> Generator[Command, Answer, Reply | Failed]:
    request = datagram.mark(target, turn, 3)
    question = message.question(version, request, _SYSTEM)
    heard = yield from datagram.asked(question, lambda data: message.reply(data, request) is not None)
    if isinstance(heard, Failed):
        return heard
    return message.reply(heard, request) or Failed(Status.PROTOCOL_ERROR)


def _engine(target: Target) -> Generator[Command, Answer, Engine | Failed]:
    request = datagram.mark(target, 2, 3)
    fits = lambda data: message.engine(data, request) is not None  # noqa: E731 - reads as what it is
    heard = yield from datagram.asked(message.discovery(request), fits, 2.0)
    if isinstance(heard, Failed):
        return heard
    return message.engine(heard, request) or Failed(Status.PROTOCOL_ERROR)


def _walk(target: Target, version: int, root: str, turn: int) -> Generator[Command, Answer, Rows | None]:
    """The rows below `root`, ascending, as many as the bounds let in; None where nothing answers."""
    rows: Rows = []
    last = root
    bulk = version == V2C
    for step in range(_QUESTIONS if bulk else _SLOW_QUESTIONS):
        request = datagram.mark(target, turn + step, 3)
        pdu, repetitions = (GET_BULK, _REPETITIONS) if bulk else (GET_NEXT, 0)
        question = message.question(version, request, (last,), pdu, repetitions)
        heard = yield from datagram.asked(question, lambda data, n=request: message.reply(data, n) is not None)  # type: ignore[misc]  # a default binds the loop's value
        if isinstance(heard, Failed) and not step:
            return None
        found = None if isinstance(heard, Failed) else message.reply(heard, request)
        if found is None or found.error or not found.rows:
            break
        before = last
        for name, value in found.rows:
            if not name.startswith(root + ".") or _parts(name) <= _parts(last):
                return rows
            rows.append((name[len(root) + 1 :], value))
            last = name
        if last == before:
            break
    return rows


def _parts(name: str) -> tuple[int, ...]:
    return tuple(map(int, name.split(".")))


def _reading(
    versions: list[str], system: dict[str, ber.Pair], engine: Engine | None, tables: dict[str, Rows]
) -> Reading:
    facts: dict[str, Value] = {
        "service.name": "snmp",
        "snmp.versions": tuple(sorted(versions)),
        "service.auth_required": not system,
    }
    extra: dict[str, object] = {}
    for field, name in (("snmp.description", _DESCRIPTION), ("snmp.name", _NAME), ("snmp.location", _LOCATION)):
        if text := _text(system.get(name)):
            facts[field] = text
    facts |= _machine(system)
    if engine is not None:
        facts["snmp.engine_id"] = engine.id.hex()
        extra |= {"engine_boots": engine.boots, "engine_time": engine.time}
        facts.setdefault("device.vendor", _vendor(int.from_bytes(engine.id[:4], "big") & 0x7FFF_FFFF))
    _tables(tables, facts, extra)
    kept = {name: value for name, value in facts.items() if value not in {None, ""}}
    return Reading(LABEL, Status.SUCCESS, kept, extra)


def _machine(system: dict[str, ber.Pair]) -> dict[str, Value]:
    """What the system group tells of the machine."""
    facts: dict[str, Value] = {}
    description = _text(system.get(_DESCRIPTION))
    words = description.split()
    if len(words) > 2 and words[0] in {"Linux", "FreeBSD", "OpenBSD", "NetBSD", "SunOS", "Darwin"}:
        facts["host.os"] = f"{words[0]} {words[2]}"
    if name := _text(system.get(_NAME)):
        facts["host.names"] = (name[:255],)
    tag, content = system.get(_OBJECT, (0, b""))
    if tag == ber.OID:
        try:
            number = ber.dotted(content)
        except ValueError:
            return facts
        facts["snmp.object_id"] = number[:255]
        if number.startswith(_ENTERPRISES):
            facts["device.vendor"] = _vendor(int(number[len(_ENTERPRISES) :].split(".")[0]))
    return facts


def _tables(tables: dict[str, Rows], facts: dict[str, Value], extra: dict[str, object]) -> None:
    """Interfaces, neighbours and the bridge's stations."""
    macs = {index: _mac(value) for index, value in tables.get(_IF_MAC, ())}
    if own := tuple(sorted({each for each in macs.values() if each}))[:100]:
        facts["host.mac"] = own
    interfaces = [
        f"{clean(index, 16)} {clean(_text(value), 64)} {macs.get(index, '')}".strip()
        for index, value in tables.get(_IF_NAME, ())
    ]
    if interfaces:
        extra["interfaces"] = interfaces[:100]
    neighbours = []
    for index, value in tables.get(_ARP, ()):
        _, _, address = index.partition(".")  # ifIndex, then the four numbers of the address
        if (found := _mac(value)) and _is_address(address):
            neighbours.append(f"{address} {found}")
    if neighbours:
        facts["snmp.neighbours"] = bounded(neighbours)
    stations = []
    for index, value in tables.get(_BRIDGE, ()):
        parts = index.split(".")
        if len(parts) == _MAC and all(len(p) <= 3 and int(p) < 256 for p in parts) and value[0] == ber.INTEGER:
            stations.append(f"{bytes(map(int, parts)).hex(':')} {int.from_bytes(value[1][:4], 'big')}")
    if stations:
        extra["bridge"] = stations[:100]


def _is_address(text: str) -> bool:
    parts = text.split(".")
    return len(parts) == 4 and all(len(p) <= 3 and int(p) < 256 for p in parts)


def _text(value: ber.Pair | None) -> str:
    return clean(decoded(value[1][:2_048])) if value is not None and value[0] == ber.OCTETS else ""


def _mac(value: ber.Pair) -> str:
    """The hardware address, empty where there is none."""
    tag, content = value
    return content.hex(":") if tag == ber.OCTETS and len(content) == _MAC and any(content) else ""


def _vendor(number: int) -> str:
    return VENDORS.get(number, "")


COLLECTOR = Collector(
    "snmp", 1, "SNMP 系统、接口、ARP 与桥表、v3 引擎", "SNMP system, interfaces, ARP, bridge; v3 engine",
    (
        "v2c GET sysDescr sysObjectID sysName sysLocation (public)", "v1 GET (public)", "v3 discovery",
        "GETBULK ifDescr ifPhysAddress ipNetToMediaPhysAddress dot1dTpFdbPort",
    ),
    frozenset({161}), ask=ask,
)  # fmt: skip
