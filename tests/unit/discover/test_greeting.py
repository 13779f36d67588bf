import pytest

from secops.core.model import Target
from secops.discover.collectors.greeting import hear
from secops.discover.collectors.interface import steady

HERE = Target("198.18.0.1", 1)


@pytest.mark.parametrize(
    ("data", "service", "product", "version"),
    [
        (b"220 (vsFTPd 3.0.3)\r\n", "ftp", "vsFTPd", "3.0.3"),
        (b"220 ProFTPD 1.3.5 Server ready.\r\n", "ftp", "ProFTPD", "1.3.5"),
        (b"220 mail.x.gov.cn ESMTP Postfix (Debian)\r\n", "smtp", "Postfix", None),
        (b"+OK Dovecot ready.\r\n", "pop3", "Dovecot", None),
        (b"* OK [CAPABILITY IMAP4rev1] Dovecot ready.\r\n", "imap", "Dovecot", None),
        (b"RFB 003.008\n", "vnc", None, None),
        (b"\xff\xfd\x18\xff\xfd\x20", "telnet", None, None),
        (b"\r\nUser Access Verification\r\n\r\nUsername: ", "telnet", None, None),
        (b"@RSYNCD: 31.0\n", "rsync", None, None),
    ],
)
def test_greetings(data, service, product, version):
    """A server is known by how it greets, whatever its port."""
    facts = hear(data, HERE).facts
    assert facts["service.name"] == service
    assert facts.get("service.product") == product
    assert facts.get("service.version") == version


def _mysql(version: bytes) -> bytes:
    body = b"\x0a" + version + b"\0" + bytes(40)
    return len(body).to_bytes(3, "little") + b"\0" + body


@pytest.mark.parametrize(
    ("version", "product", "number"),
    [
        (b"8.0.36", "MySQL", "8.0.36"),
        (b"5.5.5-10.11.6-MariaDB-0+deb12u1", "MariaDB", "10.11.6"),
        (b"8.0.11-TiDB-v7.5.0", "TiDB", "7.5.0"),
        (b"5.7.25-OceanBase-v4.2.1", "OceanBase", "4.2.1"),
    ],
)
def test_mysql_and_kin(version, product, number):
    """The MySQL handshake tells MySQL, MariaDB, TiDB and OceanBase apart."""
    facts = hear(_mysql(version), HERE).facts
    assert (facts["service.name"], facts["service.product"], facts["service.version"]) == ("mysql", product, number)


def test_mysql_refusal():
    """A MySQL that refuses our host is still MySQL."""
    words = b"\xff\x6a\x04Host '10.0.0.1' is not allowed to connect to this MySQL server"
    assert hear(len(words).to_bytes(3, "little") + b"\0" + words, HERE).facts["service.name"] == "mysql"


def test_unknown_greeting_keeps_the_banner():
    """An unknown greeting is kept as a bounded, clean banner and no service is claimed."""
    facts = hear(b"\x1b[2J hello\x00 there" + b"x" * 5_000, HERE).facts
    assert "service.name" not in facts
    assert facts["service.banner"].startswith("[2J hello there")
    assert len(facts["service.banner"]) <= 512


def test_silence():
    """Nothing said is nothing heard."""
    assert hear(b"", HERE) is None


def test_what_passes_is_no_part_of_a_banner():
    """The same server asked twice has the same banner: no dates, no cookies, no request numbers."""
    page = b"HTTP/1.1 200 OK\r\nServer: nginx\r\nDate: Tue, 24 Nov 2026 04:12:%02d GMT\r\nSet-Cookie: a=%d\r\n\r\n"
    assert steady(page % (45, 1)) == steady(page % (46, 2)) == b"HTTP/1.1 200 OK\r\nServer: nginx\r\n\r\n"
    mail = b"220 a.example ESMTP Sendmail 8.17; Tue, 24 Nov 2026 12:12:%02d +0800\r\n"
    assert steady(mail % 1) == steady(mail % 2) == b"220 a.example ESMTP Sendmail 8.17; \r\n"
