"""The collectors over UDP: which ports are asked, with which first payloads."""

from secops.core.model import Status, Target
from secops.dial.conversation import Answer, Failed, Receive, Received, Send
from secops.discover.collectors import bacnet, dns, ike, mdns, netbios, ntp, onvif, snmp, ssdp
from secops.discover.collectors.interface import Collector, Reading, Talking

DATAGRAMS: tuple[Collector, ...] = (
    dns.COLLECTOR,
    ntp.COLLECTOR,
    netbios.COLLECTOR,
    snmp.COLLECTOR,
    ike.COLLECTOR,
    ssdp.COLLECTOR,
    onvif.COLLECTOR,
    mdns.COLLECTOR,
    bacnet.COLLECTOR,
)

PORTS: tuple[int, ...] = tuple(sorted(port for each in DATAGRAMS for port in each.ports))
"""Ports asked over UDP, where the scope allows them: each has a collector with a polite first question."""
_OPENINGS_MOST = 3
_OLDEST = {161: 1}
"""Port -> which of the openings the oldest servers understand, where it is not the first."""


def collector_of(port: int) -> Collector | None:
    """The collector that asks this UDP port."""
    return next((each for each in DATAGRAMS if port in each.ports), None)


def conversation(target: Target) -> Talking:
    """What is said to this target. The port must be one of PORTS."""
    collector = collector_of(target.port)
    assert collector is not None
    assert collector.ask is not None
    return collector.ask(target)


def openings(target: Target) -> tuple[bytes, ...]:
    """What its collector says to a target that never answers: the payloads of the first shot."""
    if collector_of(target.port) is None:
        return ()
    talk = conversation(target)
    found: list[bytes] = []
    try:
        command = next(talk)
        while len(found) < _OPENINGS_MOST:
            if isinstance(command, Send):
                found.append(command.data)
            command = talk.send(Failed(Status.TIMEOUT))
    except StopIteration:
        pass
    finally:
        talk.close()
    return tuple(found)


def politest(target: Target) -> tuple[bytes, ...]:
    """The one question fragile hosts are asked: of SNMP the v1 one, which the oldest agents understand."""
    found = openings(target)
    place = _OLDEST.get(target.port, 0)
    return found[place : place + 1]


def overheard(target: Target, data: bytes) -> Reading:
    """What the collector makes of this one answer, whichever of its questions it fits; nothing further is sent."""
    talk = conversation(target)
    answer: Answer | None = None
    read = True
    try:
        while True:
            command = talk.send(answer)  # type: ignore[arg-type]  # a generator begins with None
            answer = Failed(Status.TIMEOUT)
            if isinstance(command, Send):
                read, answer = False, Received(b"")
            elif isinstance(command, Receive) and not read:
                read, answer = True, Received(data[: command.most])
    except StopIteration as done:
        reading: Reading = done.value
        return reading
