"""Hosts that bear little: printers, controllers, medical devices, old agents. They get one polite look.

Known beforehand from the inventory, or by an open port of their kind, which is not spoken to for that. Sources: DICOM
PS3.8 (104, 11112), IANA (2575 HL7, 2761 and 2762 DICOM), `scope.denied` for printers and controllers.
"""

from collections.abc import Generator, Iterable

from secops.core.model import Facts, Status, Target
from secops.dial.conversation import Answer, Command, Receive, Received
from secops.discover.collectors import greeting, http, ssh, tls
from secops.discover.collectors.dispatch import COLLECTORS, by_port
from secops.discover.collectors.interface import Reading
from secops.scope.denied import INDUSTRIAL
from secops.scope.denied import PORTS as DENIED

MEDICAL = frozenset({104, 2575, 2761, 2762, 11_112})
TYPES = ("printer", "print server", "plc", "controller", "scada", "industrial", "medical", "ups", "power-device",
         "打印", "工控", "控制器", "医疗")  # fmt: skip
"""Parts of the device types that are fragile, lower case."""
SERVICES = frozenset({
    "jetdirect", "printer", "ipp", "lpd", "modbus", "s7", "s7comm", "iec104", "iec-104", "enip", "ethernet-ip",
    "bacnet", "dnp3", "fox", "opcua", "fins", "pcworx", "dicom", "hl7", "acr-nema",
})  # fmt: skip
_GREETING_SECONDS = 4.0
_ASKED = {each.name: each.ask for each in COLLECTORS if each.ask is not None}


def tells(port: int) -> bool:
    """Does this port, open, make its host a fragile one?"""
    return port in MEDICAL or port in INDUSTRIAL or port in DENIED


def known(facts: Facts) -> bool:
    """Do these facts (of an address or of a service on it) make it a fragile one?"""
    if str(facts.get("service.name", "")).lower() in SERVICES:
        return True
    versions = facts.get("snmp.versions")
    if isinstance(versions, tuple) and versions and not any("3" in each for each in map(str, versions)):
        return "v1" in versions and "v2c" not in versions  # nothing but SNMPv1: an agent of the nineties
    kind = f"{facts.get('device.type') or ''} {facts.get('service.device_type') or ''}".lower()
    return any(each in kind for each in TYPES)


def hosts(opened: Iterable[tuple[str, int]]) -> frozenset[str]:
    """The addresses that one of their open ports shows to be fragile."""
    return frozenset(address for address, port in opened if tells(port))


def polite(target: Target) -> Generator[Command, Answer, tuple[Reading, ...]]:
    """One look on one connection: the port's own question where there is one, else listening. Nothing else is tried."""
    hinted = by_port(target.port)
    if hinted == "http":
        return ((yield from http.grab(target)),)
    if hinted == "tls":
        return ((yield from tls.secure(target))[0],)
    if hinted in _ASKED and hinted not in {"ssh", "greeting"}:
        return ((yield from _ASKED[hinted](target)),)
    answer = yield Receive(4_096, _GREETING_SECONDS)
    if not isinstance(answer, Received) or not answer.data:
        return (Reading("port@1", Status.TIMEOUT),)
    if ssh.begins(answer.data):
        return (ssh.tell(answer.data),)
    return (greeting.hear(answer.data, target) or Reading("port@1", Status.PROTOCOL_ERROR),)
