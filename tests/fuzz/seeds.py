"""True texts that fuzz cases are made of by damaging them: answers of servers, frames, captures, files."""

import datetime as dt
import json
import struct
from contextlib import suppress
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import Encoding

TESTS = Path(__file__).parents[1]
GOLDEN = TESTS / "golden"
SPLIT = b"\xfe\xff\xfe"
"""Between the connections, or the frames, of one case."""
PROBES = (
    b"Exclude T:9100-9107\nProbe TCP NULL q||\ntotalwaitms 6000\n"
    b"match ssh m|^SSH-([\\d.]+)|i p/OpenSSH/ v/$1/ cpe:/a:x:y:$1/\nsoftmatch ftp m=^220 =\n"
    b"Probe UDP DNS q|\\0\\x06|\nrarity 1\nports 53,100-200\nfallback NULL\n"
)
CACAO = (
    b'{"type": "playbook", "spec_version": "cacao-2.0", "workflow": {"start--1": {"type": "start", '
    b'"on_completion": "end--1"}, "end--1": {"type": "end"}}, "workflow_start": "start--1"}'
)


def files(*patterns: str) -> tuple[bytes, ...]:
    found = [each for pattern in patterns for each in sorted(TESTS.parent.glob(pattern)) if each.is_file()]
    return tuple(each.read_bytes()[:20_000] for each in found)


def http() -> tuple[bytes, ...]:
    html = '<html><head><meta charset="gbk"><title>政务</title></head>'
    html += '<body><a href="http://b.gov.cn:8080/x">粤ICP备05000001号</a>'
    page_ = html.encode("gb18030")
    head = b"HTTP/1.1 200 OK\r\nServer: nginx/1.22.1\r\nContent-Type: text/html; charset=gbk\r\n"
    return (
        head + b"Content-Length: %d\r\n\r\n" % len(page_) + page_,
        head + b"Transfer-Encoding: chunked\r\n\r\n5\r\n<html\r\n3;x=y\r\n>ab\r\n0\r\n\r\n",
        b"HTTP/1.0 302 Found\r\nLocation: https://a.gov.cn/\r\nSet-Cookie: a=b; HttpOnly\r\n\r\n",
        b'HTTP/1.1 401 No\r\nWWW-Authenticate: Basic realm="x"\r\nContent-Encoding: gzip\r\n\r\n\x1f\x8b\x08\0\0',
    )  # fmt: skip


def answers() -> dict[str, tuple[bytes, ...]]:
    """True answers of servers, by collector."""
    found: dict[str, tuple[bytes, ...]] = {}
    for path in sorted((GOLDEN / "collectors").glob("*.json")):
        case = json.loads(path.read_text("utf-8"))
        with suppress(KeyError, ValueError):
            connections = SPLIT.join(bytes.fromhex(each) for each in case["connections"])
            found[case["collector"]] = (*found.get(case["collector"], ()), connections)
    found["http"] = http()
    found["ssh"] = (
        b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n\0\0\1\x2c\4\x14" + bytes(16) + (b"\0\0\0\x0bssh-ed25519" * 10) + bytes(60),
    )
    found["greeting"] = (
        b"220 mail ESMTP Postfix\r\n",
        b"\x4a\0\0\0\x0a8.0.1\0",
        b"* OK IMAP4rev1\r\n",
        b"\xff\xfd\x18",
    )
    found["redis"] = (b"+PONG\r\n", b"-NOAUTH Authentication required.\r\n")
    return found


def certificate() -> bytes:
    key, day = ed25519.Ed25519PrivateKey.from_private_bytes(bytes(32)), dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "oa.example.gov.cn")])
    made = x509.CertificateBuilder(name, name, key.public_key(), 7, day, day + dt.timedelta(90))
    names = x509.SubjectAlternativeName(
        [x509.DNSName("oa.example.gov.cn"), x509.DNSName("例.cn".encode("idna").decode())]
    )
    return made.add_extension(names, critical=False).sign(key, None).public_bytes(Encoding.DER)


def frames() -> tuple[bytes, ...]:
    """Frames of each protocol the passive listener knows, several to a case."""
    mac = bytes.fromhex("ffffffffffff001b21aabbcc")
    arp = mac + b"\x08\x06\0\1\x08\0\6\4\0\2\0\x1b\x21\xaa\xbb\xcc\xc6\x12\0\1" + bytes(10)
    lldp = (
        mac
        + b"\x88\xcc\x02\x07\x04\0\x1b\x21\xaa\xbb\xcc\x04\x04\x05Gi1\x0a\x03sw1\x10\x0c\x05\x01\xc6\x12\0\1\2"
        + bytes(7)
    )
    cdp = (
        mac
        + b"\0\x40\xaa\xaa\3\0\0\x0c\x20\0"
        + b"\2\xb4\0\0\0\1\0\x06sw\0\2\0\x11\0\0\0\1\1\1\xcc\0\4\xc6\x12\0\2\0\6\0\x09cisco"
    )

    def tcp(flags: int, text: bytes, *, serving: bool = True, sequence: int = 1) -> bytes:
        ends = b"\xc6\x12\0\1\xc6\x12\1\x09" if serving else b"\xc6\x12\1\x09\xc6\x12\0\1"
        ports = b"\1\xbb\x9c\x40" if serving else b"\x9c\x40\1\xbb"
        size = (40 + len(text)).to_bytes(2, "big")
        ip = b"\x45\0" + size + b"\0\0\0\0\x40\6\0\0" + ends
        return (
            mac
            + b"\x08\0"
            + ip
            + ports
            + sequence.to_bytes(4, "big")
            + bytes(4)
            + bytes([0x50, flags])
            + bytes(6)
            + text
        )

    def udp(here: int, there: int, text: bytes) -> bytes:
        size = (28 + len(text)).to_bytes(2, "big")
        ip = b"\x45\0" + size + b"\0\0\0\0\x40\x11\0\0\xc6\x12\0\1\xc6\x12\1\x09"
        return mac + b"\x08\0" + ip + here.to_bytes(2, "big") + there.to_bytes(2, "big") + bytes(4) + text

    answer = b"\0\1\x81\x80\0\1\0\1\0\0\0\0\2oa\3gov\2cn\0\0\1\0\1\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\xc6\x12\0\7"
    lease = b"\2\1\6\0\0\0\0\1" + bytes(8) + b"\xc6\x12\0\x09" + bytes(8) + b"\0\x1b\x21\xaa\xbb\xcc" + bytes(202)
    lease += b"\x63\x82\x53\x63\x35\1\5\x36\4\xc6\x12\0\2\x0c\2pc\xff"
    hello = b"\x16\3\3\0\x30\2\0\0\x2c\3\3" + bytes(32) + b"\0\xc0\x2f\0\0\4\xff\1\0\0"
    return (
        SPLIT.join((arp, lldp, cdp, udp(53, 999, answer), udp(5353, 5353, answer), udp(67, 68, lease))),
        SPLIT.join((tcp(0x12, b"", sequence=0), tcp(0x18, b"GET / HTTP/1.1\r\nHost: a.cn\r\n\r\n", serving=False),
                    tcp(0x18, b"HTTP/1.1 200 OK\r\nServer: nginx/1.2\r\n\r\nok"))),
        SPLIT.join((tcp(0x12, b"", sequence=0), tcp(0x18, hello + b"\x16\3\3\0\x0b\x0b\0\0\7\0\0\4\0\0\1\x30"))),
        udp(1900, 1900, b"NOTIFY * HTTP/1.1\r\nSERVER: x\r\nNT: upnp:rootdevice\r\n\r\n"),
        tcp(0x18, b"SSH-2.0-OpenSSH_9.2p1\r\n"),
    )  # fmt: skip


def captures() -> tuple[bytes, ...]:
    several = frames()[0].split(SPLIT)
    classic = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65_535, 1)
    section = struct.pack("<IIIHHqI", 0x0A0D0D0A, 28, 0x1A2B3C4D, 1, 0, -1, 28) + struct.pack(
        "<IIHHII", 1, 20, 1, 0, 0, 20
    )
    for each in several:
        classic += struct.pack("<IIII", 1_700_000_000, 5, len(each), len(each)) + each
        padded = each + bytes(-len(each) % 4)
        section += struct.pack("<IIIIIII", 6, 32 + len(padded), 0, 0, 5, len(each), len(each)) + padded
        section += struct.pack("<I", 32 + len(padded))
    return classic, section


def server_flight(der: bytes) -> bytes:
    """ServerHello, Certificate and ServerHelloDone of TLS 1.2 with this one certificate."""
    hello = b"\x03\x03" + bytes(32) + b"\0\xc0\x2f\0" + b"\0\0"
    chain = (len(der) + 3).to_bytes(3, "big") + len(der).to_bytes(3, "big") + der
    messages = b"".join(
        bytes([kind]) + len(each).to_bytes(3, "big") + each for kind, each in ((2, hello), (11, chain), (14, b""))
    )
    return b"\x16\x03\x03" + len(messages).to_bytes(2, "big") + messages
