"""Frames made by another program (scapy) tell what they tell; hostile ones cost themselves."""

import datetime as dt
import hashlib
import io
import struct
import warnings

import pytest

from secops.core.model import Skipped
from secops.intake import pcap
from secops.intake.interface import Ledger
from secops.intake.passive import Watch
from secops.intake.rows import Writer

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from scapy.layers.dhcp import BOOTP, DHCP
    from scapy.layers.dns import DNS, DNSQR, DNSRR, DNSRRSRV
    from scapy.layers.inet import IP, TCP, UDP
    from scapy.layers.inet6 import IPv6
    from scapy.layers.l2 import ARP, Dot1Q, Ether

A, B, C = "198.18.0.1", "198.18.0.2", "198.18.1.9"
MAC = "00:1b:21:aa:bb:cc"


def told(*frames, wanted=lambda address: address.startswith("198.18.") or ":" in address, link=1, describe=None):
    ledger = Ledger()
    watch = Watch(
        Writer("gz", "me", "run"), wanted, describe or (lambda chain: {"tls.chain_length": len(chain)}), ledger
    )
    for count, each in enumerate(frames):
        watch.hear(1_700_000_000_000 + count, link, bytes(each))
    return {(each.collector, str(each.target)): each for each in watch.rest()}, ledger


def talk(port, *words, client=C, server=A, vlan=False, shaken=True):
    """A TCP conversation; words of the client are given as (text,), of the server as text."""
    low = Ether() / Dot1Q(vlan=7) if vlan else Ether()
    up = low / IP(src=client, dst=server) / TCP(sport=40_000, dport=port)
    down = low / IP(src=server, dst=client) / TCP(sport=port, dport=40_000)
    frames, there, here = [], 101, 5_001
    if shaken:
        syn, ack = up.copy(), down.copy()
        syn[TCP].flags, ack[TCP].flags, syn[TCP].seq, ack[TCP].seq = "S", "SA", 5_000, 100
        frames += [syn, ack]
    for each in words:
        mine = isinstance(each, tuple)
        text = each[0] if mine else each
        frame = (up if mine else down) / text
        frame[TCP].flags, frame[TCP].seq = "PA", here if mine else there
        here, there = (here + len(text), there) if mine else (here, there + len(text))
        frames.append(frame)
    return frames


def record(kind, body):
    return struct.pack("!BHH", 22, 0x0303, len(body) + 4) + bytes([kind]) + len(body).to_bytes(3, "big") + body


HELLO = b"\x03\x03" + bytes(32) + b"\0" + b"\x00\x02\x13\x01" + b"\x01\x00"
SNI = b"\x00\x00\x00\x16\x00\x14\x00\x00\x11oa.example.gov.cn"
CLIENT = record(1, HELLO + struct.pack("!H", len(SNI)) + SNI)
SERVER = b"\x03\x03" + bytes(32) + b"\0" + b"\xc0\x2f" + b"\0"
EXTENSIONS = b"\xff\x01\x00\x01\x00" + b"\x00\x0b\x00\x02\x01\x00"


def server_hello(extensions=EXTENSIONS):
    return record(2, SERVER + struct.pack("!H", len(extensions)) + extensions)


def certificates(*chain):
    body = b"".join(len(each).to_bytes(3, "big") + each for each in chain)
    return record(11, len(body).to_bytes(3, "big") + body)


def test_arp_tells_address_and_mac():
    """An ARP packet, asked or answered, ties an address to a MAC; probes without an address do not."""
    found, _ = told(
        Ether() / ARP(op=2, psrc=A, hwsrc=MAC, pdst=B),
        Ether() / Dot1Q(vlan=3) / ARP(op=1, psrc=B, hwsrc="00:1b:21:00:00:01"),
        Ether() / ARP(op=1, psrc="0.0.0.0", hwsrc=MAC, pdst=C),
    )  # fmt: skip
    assert found["passive+arp@1", A].facts == {"host.mac": (MAC,)}
    assert found["passive+arp@1", B].facts["host.mac"] == ("00:1b:21:00:00:01",)
    assert len(found) == 2


def test_dhcp_ties_the_clients_words_to_the_lease():
    """Host name and vendor class of the request and the address of the acknowledgement make one device."""
    client = Ether(src=MAC) / IP(src="0.0.0.0", dst="255.255.255.255") / UDP(sport=68, dport=67)
    server = Ether() / IP(src=B, dst="255.255.255.255") / UDP(sport=67, dport=68)
    chaddr = bytes.fromhex(MAC.replace(":", ""))
    ask = BOOTP(op=1, xid=77, chaddr=chaddr) / DHCP(
        options=[("message-type", "request"), ("hostname", b"oa-pc"), ("vendor_class_id", b"MSFT 5.0"), "end"]
    )
    grant = BOOTP(op=2, xid=77, yiaddr=A, chaddr=chaddr) / DHCP(
        options=[("message-type", "ack"), ("server_id", B), "end"]
    )
    found, _ = told(client / ask, server / grant)
    lease = found["passive+dhcp@1", A]
    assert lease.facts == {"host.mac": (MAC,), "host.names": ("oa-pc",)}
    assert lease.extra["vendor_class"] == "MSFT 5.0"
    assert found["passive+dhcp@1", f"{B}:67/udp"].facts == {"service.name": "dhcps"}


def test_names_come_from_answers_only():
    """A DNS answer names the address it gives, and its sender as a name server; a question tells nothing."""
    answer = DNS(qr=1, qd=DNSQR(qname="oa.example.gov.cn"), an=DNSRR(rrname="oa.example.gov.cn", rdata=A))
    records = [
        DNSRR(rrname="printer.local", rdata=B),
        DNSRRSRV(rrname="x._ipp._tcp.local", port=631, target="printer.local"),
        DNSRR(rrname="x._ipp._tcp.local", type="TXT", rdata=[b"ty=LaserJet 9", b"usb_MFG=HP"]),
    ]
    mdns = DNS(qr=1, qd=[], an=records)
    found, ledger = told(
        Ether() / IP(src=B, dst=C) / UDP(sport=53, dport=999) / answer,
        Ether() / IP(src=B, dst="224.0.0.251") / UDP(sport=5353, dport=5353) / mdns,
        Ether() / IP(src=C, dst="224.0.0.251") / UDP(sport=5353, dport=5353) / DNS(qd=DNSQR(qname="x.local")),
    )
    assert found["passive+dns@1", A].facts == {"host.names": ("oa.example.gov.cn",)}
    assert found["passive+dns@1", f"{B}:53/udp"].facts == {"service.name": "domain"}
    assert found["passive+mdns@1", B].facts["device.model"] == "LaserJet 9"
    assert found["passive+mdns@1", B].facts["host.names"] == ("printer.local",)
    assert found["passive+mdns@1", B].extra["services"] == ["_ipp._tcp:631"]
    assert ledger.passed == {"a question": 1}


def test_neighbours_tell_model_port_and_address():
    """LLDP and CDP give device name, port, kind and model at the management address."""
    lldp = b"".join(
        struct.pack("!H", kind << 9 | len(value)) + value
        for kind, value in (
            (1, b"\x04" + bytes.fromhex("001b21aabbcc")), (2, b"\x05Gi0/1"), (3, b"\0\x78"), (5, b"core-sw1"),
            (6, b"Huawei Versatile Routing Platform"), (7, b"\0\x14\0\x04"),
            (8, b"\x05\x01\xc6\x12\x00\x01\x02\0\0\0\x01\0"),
            (127, b"\x00\x12\xbb\x08210235A1"), (0, b""),
        )
    )  # fmt: skip
    cdp = b"\x02\xb4\0\0" + b"".join(
        struct.pack("!HH", kind, len(value) + 4) + value
        for kind, value in (
            (1, b"edge-7"), (2, b"\0\0\0\x01\x01\x01\xcc\0\x04\xc6\x12\0\x02"), (3, b"Gi1/0/24"), (4, b"\0\0\0\x29"),
            (5, b"Cisco IOS Software"), (6, b"cisco WS-C2960X"),
        )
    )  # fmt: skip
    snap = b"\xaa\xaa\x03\x00\x00\x0c\x20\x00" + cdp
    found, _ = told(
        Ether(type=0x88CC) / lldp, Ether(dst="01:00:0c:cc:cc:cc", type=len(snap)) / snap,
    )  # fmt: skip
    switch, edge = found["passive+lldp@1", A], found["passive+cdp@1", B]
    assert switch.facts == {"host.mac": (MAC,), "host.names": ("core-sw1",), "device.type": "switch",
                            "device.serial": "210235A1"}  # fmt: skip
    assert switch.extra["port"] == "Gi0/1"
    assert edge.facts["device.model"] == "cisco WS-C2960X"
    assert (edge.facts["device.type"], edge.extra["port"]) == ("router", "Gi1/0/24")


def test_ssdp_is_kept_beside_the_facts():
    """A device's NOTIFY leaves its server line, location and type."""
    text = b"NOTIFY * HTTP/1.1\r\n"
    text += b"SERVER: Linux/5 UPnP/1.0 Cam/2\r\nLOCATION: http://198.18.0.1/d\r\nNT: upnp:rootdevice\r\n\r\n"
    found, _ = told(Ether() / IP(src=A, dst="239.255.255.250") / UDP(sport=1900, dport=1900) / text)
    assert found["passive+ssdp@1", A].extra["server"] == "Linux/5 UPnP/1.0 Cam/2"
    assert found["passive+ssdp@1", A].extra["types"] == ["upnp:rootdevice"]


def test_a_synack_is_an_open_port_with_its_traffic():
    """A SYN-ACK shows an open port; bytes and clients of the conversation are summed up there."""
    found, _ = told(*talk(9_999, (b"hello",), b"whatever it says"), *talk(9_999, (b"hi",), client="198.18.1.8"))
    port = found["passive+tcp@1", f"{A}:9999/tcp"]
    assert port.extra["clients"] == 2
    assert (port.extra["bytes_to_server"], port.extra["bytes_to_client"]) == (7, 16)


def test_http_is_a_website_under_the_name_asked_for():
    """Host of the request and head of the answer make a page; an error page gives the name no weight."""
    ask = (b"GET / HTTP/1.1\r\nHost: oa.example.gov.cn\r\nUser-Agent: curl/8\r\n\r\n",)
    answer = b"HTTP/1.1 200 OK\r\nServer: nginx/1.22.1\r\nContent-Length: 2\r\n\r\nok"
    found, _ = told(*talk(8080, ask, answer, vlan=True), *talk(8081, ask, b"HTTP/1.1 404 No\r\nServer: x\r\n\r\n"))
    page = found["passive+http@1", f"oa.example.gov.cn@{A}:8080/tcp"]
    assert (page.facts["http.server"], page.facts["service.version"]) == ("nginx/1.22.1", "1.22.1")
    assert found["passive+http@1", f"{A}:8081/tcp"].facts["http.status_code"] == 404
    assert found["passive+http@1", C].extra["user_agents"] == ["curl/8"]


def test_tls_gives_name_ja3s_and_certificate_over_segments():
    """SNI, JA3S and the certificate come out of a flight cut into segments, and the same when the start was missed."""
    flight = server_hello() + certificates(b"leaf" * 300, b"issuer")
    pieces = [flight[at : at + 300] for at in range(0, len(flight), 300)]
    wanted = hashlib.md5(b"771,49199,65281-11").hexdigest()
    for shaken in (True, False):
        found, _ = told(*talk(443, *([(CLIENT,)] if shaken else []), *pieces, shaken=shaken))
        seen = found["passive+tls@1", f"{A}:443/tcp"]
        assert seen.facts["tls.ja3s"] == wanted
        assert seen.facts["tls.version"] == "TLSv1.2"
        assert seen.facts["tls.chain_length"] == 2
        assert seen.extra.get("server_names") == (["oa.example.gov.cn"] if shaken else None)


def test_a_hole_ends_the_listening():
    """A lost segment leaves the port open and its certificate unknown, never a wrong one."""
    flight = server_hello() + certificates(b"leaf" * 300)
    frames = talk(443, flight[:300], flight[300:600], flight[600:])
    del frames[3]
    found, _ = told(*frames)
    assert set(found) == {("passive+tcp@1", f"{A}:443/tcp")}


def test_ssh_and_ipv6():
    """An SSH server over IPv6 is known by its first line."""
    down = Ether() / IPv6(src="2001:db8::5", dst="2001:db8::9") / TCP(sport=22, dport=50_000, flags="PA", seq=1)
    found, _ = told(down / b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n")
    assert found["passive+ssh@1", "[2001:db8::5]:22/tcp"].facts["service.version"] == "9.2p1"


def test_what_is_not_wanted_is_counted_and_not_kept():
    """Addresses outside are not kept, not even their names."""
    frames = [*talk(80, b"HTTP/1.1 200 OK\r\n\r\n"), Ether() / ARP(op=2, psrc=B, hwsrc=MAC)]
    found, ledger = told(*frames, wanted=lambda _: False)
    assert found == {}
    assert ledger.passed["an address outside every trusted scope"] == 3


def test_a_name_pointer_that_leads_in_a_circle_is_left():
    """DNS compression that points at itself or forward ends the message."""
    for name in (b"\xc0\x0c", b"\xc0\xff", b"\x3f" + b"a" * 63 + b"\xc0\x0c", b"\x01"):
        data = b"\0\0\x80\0\0\0\0\x01\0\0\0\0" + name + b"\0\x01\0\x01\0\0\0\0\0\x04\x01\x02\x03\x04"
        told(Ether() / IP(src=A, dst=C) / UDP(sport=53, dport=1) / data)


def capture(*frames, order="<", magic=0xA1B2C3D4, link=1):
    head = struct.pack(order + "IHHiIII", magic, 2, 4, 0, 0, 65_535, link)
    return head + b"".join(
        struct.pack(order + "IIII", 1_700_000_000, 5_000, len(each), len(each)) + each for each in frames
    )


def block(kind, body, order="<"):
    body += bytes(-len(body) % 4)
    return struct.pack(order + "II", kind, len(body) + 12) + body + struct.pack(order + "I", len(body) + 12)


def captured_ng(*frames, order="<"):
    data = block(0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1), order)
    data += block(1, struct.pack(order + "HHI", 1, 0, 65_535) + struct.pack(order + "HHB3x", 9, 1, 9), order)
    for each in frames:
        ticks = 1_700_000_000_005 * 1_000_000
        head = struct.pack(order + "IIIII", 0, ticks >> 32, ticks & 0xFFFF_FFFF, len(each), len(each))
        data += block(6, head + each, order)
    return data


@pytest.mark.parametrize("order", ["<", ">"])
def test_both_formats_in_both_byte_orders(order):
    """Both pcap and pcapng, little and big endian, give the same frames at the same time."""
    expected = [(1_700_000_000_005, 1, b"one"), (1_700_000_000_005, 1, b"three")]
    assert list(pcap.frames(io.BytesIO(capture(b"one", b"three", order=order)))) == expected
    assert list(pcap.frames(io.BytesIO(captured_ng(b"one", b"three", order=order)))) == expected


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "neither"),
        (capture(b"x" * 50)[:-7], "truncated"),
        (capture()[:-3], "truncated"),
        (capture(b"ok") + struct.pack("<IIII", 0, 0, 0xFFFFFFFF, 0xFFFFFFFF), "more than"),
        (captured_ng(b"ok")[:-5], "truncated"),
        (captured_ng(b"ok") + struct.pack("<II", 6, 0xFFFFFFF0), "impossible"),
        (captured_ng(b"ok") + struct.pack("<II", 6, 4), "impossible"),
        (captured_ng() + block(6, struct.pack("<IIIII", 7, 0, 0, 4, 4) + b"abcd"), "not declared"),
        (captured_ng() + block(6, struct.pack("<IIIII", 0, 0, 0, 400, 4) + b"abcd"), "longer than its block"),
        (b"\x0a\x0d\x0d\x0a\x1c\0\0\0nope", "byte-order"),
    ],
)  # fmt: skip
def test_hostile_captures_end_with_a_reason(data, reason):
    """Truncated files, huge lengths and lying blocks end in a reason with its place; frames before it are kept."""
    found = list(pcap.frames(io.BytesIO(data)))
    assert isinstance(found[-1], Skipped)
    assert reason in found[-1].reason
    assert all(isinstance(each, tuple) for each in found[:-1])


def test_a_real_certificate_is_described():
    """The chain off the wire is what a collector of ours would have read in its own handshake."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import Encoding

    from secops.hall.flows.discover_passive import _certificate

    key, day = ec.generate_private_key(ec.SECP256R1()), dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "oa.example.gov.cn")])
    made = x509.CertificateBuilder(name, name, key.public_key(), 7, day, day + dt.timedelta(90)).sign(
        key, hashes.SHA256()
    )
    flight = server_hello() + certificates(made.public_bytes(Encoding.DER))
    found, _ = told(*talk(443, flight), describe=_certificate)
    facts = found["passive+tls@1", f"{A}:443/tcp"].facts
    assert (facts["tls.subject"], facts["tls.self_signed"]) == ("CN=oa.example.gov.cn", True)
