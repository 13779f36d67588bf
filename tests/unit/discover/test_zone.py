import struct

from secops.core.model import Status, Target
from secops.discover.collectors import datagram, zone

HERE = Target("198.18.0.5", 53)


def name(text):
    return b"".join(bytes([len(each)]) + each.encode() for each in text.split(".")) + b"\0"


def record(owner, kind, data):
    return name(owner) + struct.pack(">HHIH", kind, 1, 60, len(data)) + data


SOA = record("lab.example", 6, name("ns.lab.example") + name("root.lab.example") + bytes(20))
WWW = record("www.lab.example", 1, bytes([198, 18, 0, 9]))
SIX = record("six.lab.example", 28, bytes(15) + b"\1")


def message(*records, code=0, turn=0, identity=None):
    identity = datagram.mark(HERE, 100 + turn) if identity is None else identity
    data = struct.pack(">HHHHHH", identity, 0x8400 | code, 0, len(records), 0, 0) + b"".join(records)
    return len(data).to_bytes(2, "big") + data


def test_a_zone_given_to_anybody(player):
    """The zone in one message: the fact, and the addresses it names."""
    peer = player(message(SOA, WWW, SIX, SOA))
    reading = peer.run(zone.ask(HERE, ("lab.example",)))
    assert reading.facts["dns.zone_transfer"] is True
    assert reading.extra == {"zone": "lab.example", "records": ["www.lab.example 198.18.0.9", "six.lab.example ::1"]}
    assert peer.sent[14:].endswith(b"\x03lab\x07example\0\0\xfc\0\1")


def test_a_zone_a_record_a_message(player):
    """Servers that put one record into each message are read on."""
    peer = player(message(SOA) + message(WWW))
    assert peer.run(zone.ask(HERE, ("lab.example",))).facts["dns.zone_transfer"] is True


def test_refusals_are_told_and_the_next_zone_is_asked(player):
    """Refused, then not authoritative: no zone is given away."""
    peer = player(message(code=5), message(code=9, turn=1))
    reading = peer.run(zone.ask(HERE, ("a.example", "b.example")))
    assert reading.facts["dns.zone_transfer"] is False
    assert peer.redials == 1


def test_silence_and_nonsense_tell_nothing(player):
    """No answer is no fact; neither are another's answer, a cut message, other protocols."""
    for data in (b"", message(SOA, WWW, identity=1), b"\xff\xff", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\0\3abc"):
        reading = player(data).run(zone.ask(HERE, ("lab.example",)))
        assert (reading.status is Status.SUCCESS, dict(reading.facts)) == (False, {})


def test_zones_worth_asking():
    """The server's own domain, those of the scope's names, and its reverse zone; never a top-level domain."""
    names = ("www.sz.gov.cn", "*.lab.example", "localhost", "example.cn")
    assert zone.zones(HERE, names, "ns1.lab.example") == ("lab.example", "sz.gov.cn", "0.18.198.in-addr.arpa")
    assert zone.zones(Target("2001:db8::1", 53), ()) == ()
    assert len(zone.zones(HERE, [f"www.a{n}.example" for n in range(9)])) == 4
