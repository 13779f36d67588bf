"""OPC UA: does a server acknowledge Hello (OPC 10000-6, 7.1.2.3)? No channel is opened."""

import struct

from secops.core.model import Status, Target
from secops.dial.conversation import Failed
from secops.discover.collectors.exchange import framed
from secops.discover.collectors.interface import Collector, Reading, Talking, clean, decoded

LABEL = "opcua@1"


def ask(target: Target) -> Talking:
    """ACK, or ERR with its reason, is OPC UA."""
    host = f"[{target.address}]" if ":" in target.address else target.address
    url = f"opc.tcp://{target.name or host}:{target.port}".encode()
    body = struct.pack("<IIIIII", 0, 65_536, 65_536, 0, 0, len(url)) + url
    got = yield from framed(b"HELF" + struct.pack("<I", 8 + len(body)) + body, 8, slice(4, 8), most=8_192,
                            little=True, extra=-8)  # fmt: skip
    if isinstance(got, Failed):
        return Reading(LABEL, got.status)
    if got[:4] not in {b"ACKF", b"ERRF"}:
        return Reading(LABEL, Status.PROTOCOL_ERROR)
    extra: dict[str, object] = {"error": clean(decoded(got[16:272]), 255)} if got[:4] == b"ERRF" else {}
    return Reading(LABEL, Status.SUCCESS, {"service.name": "opc-ua"}, extra)


COLLECTOR = Collector(
    "opcua", 1, "OPC UA 服务端（只问候）", "an OPC UA server, by its greeting alone",
    ("OPC UA HEL",), frozenset({4840}), ask=ask,
)  # fmt: skip
