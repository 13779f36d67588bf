"""rpcbind: the list of RPC programs a host offers (NFS, mountd, …), as everybody may ask. RFC 1833, RFC 5531."""

import struct
from collections.abc import Iterator

from secops.core.model import Status, Target, Value
from secops.dial.conversation import Failed, Receive, Received, Send
from secops.discover.collectors.interface import Collector, Reading, Talking

LABEL = "rpcbind@1"
PROGRAM = 100_000
_XID = 0x5EC09501
_CALL = struct.pack(">10I", _XID, 0, 2, PROGRAM, 2, 4, 0, 0, 0, 0)
DUMP = struct.pack(">I", 0x80000000 | len(_CALL)) + _CALL
"""Portmapper version 2, procedure 4, no credentials, as one record."""
_REPLY_MOST = 32_768
_PROGRAMS_MOST = 400
NAMES = {
    100_000: "rpcbind", 100_003: "nfs", 100_004: "ypserv", 100_005: "mountd", 100_007: "ypbind", 100_011: "rquotad",
    100_021: "nlockmgr", 100_024: "status", 100_227: "nfs_acl", 100_300: "nisd", 391_002: "sgi_fam",
}  # fmt: skip
"""Of IANA's list of RPC program numbers, those that tell something."""


def ask(_target: Target) -> Talking:
    """One DUMP; the reply as far as it comes, bounded."""
    sent = yield Send(DUMP)
    if isinstance(sent, Failed):
        return Reading(LABEL, sent.status)
    data = b""
    while len(data) < 4 or len(data) < 4 + (int.from_bytes(data[:4], "big") & 0x7FFFFFFF):
        got = yield Receive(_REPLY_MOST - len(data), 4.0)
        if not isinstance(got, Received) or not got.data:
            break
        data += got.data
        if len(data) >= _REPLY_MOST or got.ended:
            break
    if not data:
        return Reading(LABEL, Status.TIMEOUT)
    return hear_reply(data)


def hear_reply(data: bytes) -> Reading:
    """The reading of the reply to DUMP, record mark included."""
    if len(data) < 28 or struct.unpack_from(">6I", data, 4) != (_XID, 1, 0, 0, 0, 0):
        return Reading(LABEL, Status.PROTOCOL_ERROR)
    found = list(_programs(data[28:]))
    versions: dict[int, set[int]] = {}
    for program, version, _protocol, _port in found:
        versions.setdefault(program, set()).add(version)
    facts: dict[str, Value] = {"service.name": "rpcbind", "tls.enabled": False}
    if own := versions.get(PROGRAM):
        facts["service.version"] = str(min(own)) if len(own) == 1 else f"{min(own)}-{max(own)}"
        facts["service.info"] = f"RPC #{PROGRAM}"
    told = sorted({(NAMES.get(program, str(program)), port, "udp" if protocol == 17 else "tcp")
                   for program, _, protocol, port in found if protocol in {6, 17}})  # fmt: skip
    return Reading(LABEL, Status.SUCCESS, facts, {"programs": [f"{name} {port}/{by}" for name, port, by in told][:100]})


def _programs(data: bytes) -> Iterator[tuple[int, int, int, int]]:
    """Program, version, protocol, port of each entry that came whole."""
    for place in range(0, min(len(data) - 19, 20 * _PROGRAMS_MOST), 20):
        follows, program, version, protocol, port = struct.unpack_from(">5I", data, place)
        if follows != 1 or port > 65_535:
            return
        yield program, version, protocol, port


COLLECTOR = Collector(
    "rpcbind", 1, "RPC 程序清单（NFS、mountd 等）", "the list of RPC programs: NFS, mountd and others",
    ("portmapper v2 DUMP",), frozenset({111}), ask=ask,
)  # fmt: skip
