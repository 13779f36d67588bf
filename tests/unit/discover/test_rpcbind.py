import struct

from secops.core.model import Status, Target
from secops.discover.collectors import rpcbind

HEAD = struct.pack(">6I", 0x5EC09501, 1, 0, 0, 0, 0)


def reply(*entries, more=b"\0\0\0\0"):
    body = HEAD + b"".join(struct.pack(">5I", 1, *each) for each in entries) + more
    return struct.pack(">I", 0x80000000 | len(body)) + body


def test_programs_and_versions(player):
    """The programs are told by name, the versions of rpcbind itself as a range."""
    data = reply((100_000, 4, 6, 111), (100_000, 2, 17, 111), (100_003, 3, 6, 2049), (7, 1, 6, 700))
    peer = player(data)
    reading = peer.run(rpcbind.ask(Target("198.18.0.1", 111)))
    assert (reading.facts["service.version"], reading.facts["service.info"]) == ("2-4", "RPC #100000")
    assert reading.extra["programs"] == ["7 700/tcp", "nfs 2049/tcp", "rpcbind 111/tcp", "rpcbind 111/udp"]
    assert peer.sent == rpcbind.DUMP


def test_one_version_and_what_is_cut_short():
    """A single version is no range; an entry that did not come whole is left out; nonsense ports end the list."""
    reading = rpcbind.hear_reply(reply((100_000, 2, 6, 111), more=b"\0\0\0\1\0\0"))
    assert reading.facts["service.version"] == "2"
    assert rpcbind.hear_reply(reply((1, 1, 6, 70_000), (100_000, 2, 6, 111))).extra["programs"] == []


def test_other_protocols(player):
    """Anything else on the port is no rpcbind; silence is a timeout."""
    assert rpcbind.hear_reply(b"HTTP/1.1 400 Bad Request\r\n\r\n----").status is Status.PROTOCOL_ERROR
    assert player(b"").run(rpcbind.ask(Target("198.18.0.1", 111))).status is Status.TIMEOUT
