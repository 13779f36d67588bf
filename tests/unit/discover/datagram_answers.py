"""What well-behaved UDP servers answer: port -> question -> datagrams. An SNMP agent, and the rest by their RFCs."""

import struct

from secops.discover.collectors import ber

SYSTEM = {
    "1.3.6.1.2.1.1.1.0": ber.wrap(ber.OCTETS, b"Huawei Versatile Routing Platform V200R021"),
    "1.3.6.1.2.1.1.2.0": ber.oid("1.3.6.1.4.1.2011.2.23.679"),
    "1.3.6.1.2.1.1.5.0": ber.wrap(ber.OCTETS, b"core-sw-1"),
    "1.3.6.1.2.1.1.6.0": ber.wrap(ber.OCTETS, "三楼机房".encode("gb18030")),
}
TABLES = {
    **{f"1.3.6.1.2.1.2.2.1.2.{n}": ber.wrap(ber.OCTETS, b"GE0/0/%d" % n) for n in range(1, 40)},
    **{f"1.3.6.1.2.1.2.2.1.6.{n}": ber.wrap(ber.OCTETS, bytes.fromhex("00e0fc0000") + bytes([n])) for n in (1, 2)},
    "1.3.6.1.2.1.2.2.1.6.3": ber.wrap(ber.OCTETS, b""),
    "1.3.6.1.2.1.4.22.1.2.1.198.18.0.9": ber.wrap(ber.OCTETS, bytes.fromhex("0050560a0b0c")),
    "1.3.6.1.2.1.17.4.3.1.2.0.80.86.10.11.12": ber.integer(7),
}


def agent(rows=None, versions=(0, 1, 3), engine="800007db0300e0fc000001"):
    """An SNMP agent over these rows."""
    rows = {**SYSTEM, **TABLES} if rows is None else rows
    order = sorted(rows, key=lambda name: tuple(map(int, name.split("."))))

    def answer(question: bytes) -> bytes:
        members = ber.members(ber.read(question)[1])
        version = ber.whole(members[0])
        if version not in versions:
            return b""
        if version == 3:
            request = ber.wrap(*ber.members(members[1][1])[0])
            header = ber.wrap(48, request, ber.integer(1500), ber.wrap(4, b"\0"), ber.integer(3))
            security = ber.wrap(
                48,
                ber.wrap(4, bytes.fromhex(engine)),
                ber.integer(3),
                ber.integer(86_400),
                *(ber.wrap(4) for _ in range(3)),
            )
            report = ber.wrap(0xA8, request, ber.integer(0), ber.integer(0), ber.wrap(48))
            scoped = ber.wrap(48, ber.wrap(4, bytes.fromhex(engine)), ber.wrap(4), report)
            return ber.wrap(48, ber.integer(3), header, ber.wrap(4, security), scoped)
        kind, pdu = members[2]
        request, _, most, names = ber.members(pdu)
        asked = [ber.dotted(ber.members(pair)[0][1]) for _, pair in ber.members(names[1])]
        if kind == 0xA0:
            found = [(each, rows.get(each, ber.wrap(0x80))) for each in asked]
        else:
            key = tuple(map(int, asked[0].split(".")))
            after = [each for each in order if tuple(map(int, each.split("."))) > key]
            found = [(each, rows[each]) for each in after[: ber.whole(most) if kind == 0xA5 else 1]]
            found = found or [(asked[0], ber.wrap(0x82))]
        told = b"".join(ber.wrap(48, ber.oid(name), value) for name, value in found)
        response = ber.wrap(0xA2, ber.wrap(*request), ber.integer(0), ber.integer(0), ber.wrap(48, told))
        return ber.wrap(48, ber.integer(version), ber.wrap(4, b"public"), response)

    return answer


def dns(version: bytes = b"9.18.49-1~deb12u3-Debian", host: bytes = b"ns1.lab", flags: int = 0x8480):
    """A server with this version.bind and hostname.bind."""

    def answer(question: bytes) -> bytes:
        text = version if b"\x07version" in question else host if b"\x08hostname" in question else b""
        record = b"\xc0\x0c\0\x10\0\x03" + bytes(4) + struct.pack(">HB", len(text) + 1, len(text)) + text
        head = question[:2] + struct.pack(">HHHHH", flags, 1, 1 if text else 0, 0, 0)
        return head + question[12:] + (record if text else b"")

    return answer


def ntp(question: bytes) -> bytes:
    """Stratum 2 behind 198.18.0.1."""
    return b"\x24\x02\x06\xec" + bytes(8) + bytes([198, 18, 0, 1]) + bytes(8) + question[40:48] + bytes(8) + \
        struct.pack(">II", 3_900_000_000, 0)  # fmt: skip


def netbios(question: bytes) -> bytes:
    """A file server in a domain."""
    names = ((b"FILES", 0x00, 0x04), (b"FILES", 0x20, 0x04), (b"GOVNET", 0x00, 0x84))
    rows = b"".join(name.ljust(15) + bytes([kind, flags, 0]) for name, kind, flags in names)
    body = bytes([len(names)]) + rows + bytes.fromhex("0050560a0b0c") + bytes(40)
    return question[:2] + b"\x84\0\0\0\0\x01\0\0\0\0" + question[12:46] + b"\0\x21\0\x01" + bytes(4) + \
        struct.pack(">H", len(body)) + body  # fmt: skip


def labels(name: str) -> bytes:
    """A name on the wire."""
    return b"".join(bytes([len(each)]) + each.encode() for each in name.split(".")) + b"\0"


def mdns(question: bytes) -> bytes:
    """A printer with one service."""

    def record(owner: str, kind: int, data: bytes) -> bytes:
        return labels(owner) + struct.pack(">HHIH", kind, 1, 10, len(data)) + data

    kind, name = "_ipp._tcp.local", "HP LaserJet._ipp._tcp.local"
    if b"\x09_services" in question:
        rows = [record("_services._dns-sd._udp.local", 12, labels(kind))]
    else:
        text = b"".join(bytes([len(each)]) + each for each in (b"txtvers=1", b"ty=HP LaserJet 400"))
        rows = [record(kind, 12, labels(name)), record(name, 33, struct.pack(">HHH", 0, 0, 631) + labels("npi1.local")),
                record(name, 16, text), record("npi1.local", 1, bytes([198, 18, 0, 7]))]  # fmt: skip
    return question[:2] + struct.pack(">HHHHH", 0x8400, 1, 1, 0, len(rows) - 1) + question[12:] + b"".join(rows)


def ssdp(question: bytes) -> bytes:
    """A router."""
    assert question.endswith(b"\r\n\r\n")
    return (b"HTTP/1.1 200 OK\r\nCACHE-CONTROL: max-age=100\r\nEXT:\r\nLOCATION: http://198.18.0.1:1900/gate.xml\r\n"
            b"SERVER: ipOS/7.0 UPnP/1.0 ipGENADevice/1.0\r\nST: upnp:rootdevice\r\n"
            b"USN: uuid:x::upnp:rootdevice\r\n\r\n")  # fmt: skip


def ike(question: bytes) -> bytes:
    """A gateway that refuses IKEv2's proposal and accepts main mode, with strongSwan's vendor id."""
    if question[17] == 0x20:
        body, first, version, exchange, flags = b"\0\0\0\x08\0\0\0\x0e", 41, 0x20, 34, 0x20
    else:
        vendor = bytes.fromhex("882fe56d6fd20dbc2251613b2ebe5beb")
        body = b"\x0d\0\0\x0c" + bytes(8) + b"\0\0" + struct.pack(">H", 4 + len(vendor)) + vendor
        first, version, exchange, flags = 1, 0x10, 2, 0
    head = question[:8] + b"respond!" + bytes([first, version, exchange, flags]) + struct.pack(">II", 0, 28 + len(body))
    return head + body


def bacnet(question: bytes) -> bytes:
    """A controller (ASHRAE 135 clause 20.2 encodings)."""
    number, invoke = question[-1], question[8]
    texts = {77: "AHU-1 冷站", 121: "Delta Controls", 70: "DSC-1146E", 44: "V3.40", 58: "B1"}
    value = b"\xc4\x02\x00\x00\x09"
    if number in texts:
        text = b"\0" + texts[number].encode()
        value = b"\x75" + bytes([len(text)]) + text
    body = b"\x01\0\x30" + bytes([invoke]) + b"\x0c\x0c\x02\0\0\x09\x19" + bytes([number]) + b"\x3e" + value + b"\x3f"
    return b"\x81\x0a" + struct.pack(">H", 4 + len(body)) + body


def onvif(question: bytes) -> bytes:
    """A camera."""
    assert b"Probe" in question
    return (b"<s:Envelope><d:ProbeMatches><d:ProbeMatch><d:Scopes>onvif://www.onvif.org/hardware/DS-2CD"
            b"</d:Scopes></d:ProbeMatch></d:ProbeMatches></s:Envelope>")  # fmt: skip


ANSWERS = {
    53: dns(), 123: ntp, 137: netbios, 161: agent(), 500: ike, 1900: ssdp, 3702: onvif, 5353: mdns, 47808: bacnet,
}  # fmt: skip
