import datetime as dt

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from secops.core.model import Status, Target
from secops.dial.conversation import Failed, Secured
from secops.discover.collectors import tls
from secops.discover.collectors.tls_hello import CLOSE, TLS12
from tests.unit.discover.tls_server import server_flight

START = dt.datetime(2024, 1, 1, tzinfo=dt.UTC)


@pytest.fixture(scope="module")
def key():
    return ec.generate_private_key(ec.SECP256R1())


def certificate(key, *, names=("a.gov.cn",), issuer="测试单位", subject="测试单位") -> bytes:
    def name(text):
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])

    made = (
        x509.CertificateBuilder()
        .subject_name(name(subject))
        .issuer_name(name(issuer))
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(START)
        .not_valid_after(START + dt.timedelta(days=90))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(each) for each in names]), critical=False)
        .sign(key, hashes.SHA256())
    )
    return made.public_bytes(serialization.Encoding.DER)


def told(*chain: bytes):
    return tls.describe(Secured("TLSv1.2", "ECDHE", chain))


def test_certificate_is_described(key):
    """Subject, names, validity, key and self-signature come from the first certificate."""
    facts = told(certificate(key)).facts
    assert facts["tls.subject"] == "CN=测试单位"
    assert facts["tls.names"] == ("测试单位", "a.gov.cn")
    assert facts["tls.not_before"] == START.timestamp() * 1000
    assert facts["tls.self_signed"] is True
    assert (facts["tls.key_type"], facts["tls.key_bits"]) == ("ec secp256r1", 256)


def test_another_issuer_is_not_self_signed(key):
    """A certificate of another issuer is not self-signed."""
    assert told(certificate(key, issuer="CA")).facts["tls.self_signed"] is False


def test_same_name_but_other_key_is_not_self_signed(key):
    """Issuer equal to subject is not enough: the signature must be its own."""
    other = ec.generate_private_key(ec.SECP256R1())
    forged = x509.load_der_x509_certificate(certificate(key))
    builder = x509.CertificateBuilder().subject_name(forged.subject).issuer_name(forged.subject)
    builder = builder.public_key(key.public_key()).serial_number(8).not_valid_before(START)
    der = builder.not_valid_after(START + dt.timedelta(days=1)).sign(other, hashes.SHA256())
    assert told(der.public_bytes(serialization.Encoding.DER)).facts["tls.self_signed"] is False


def test_ten_thousand_names_are_bounded(key):
    """Of a 10,000-name certificate a hundred names are kept and the number of all is told."""
    reading = told(certificate(key, names=tuple(f"n{i}.gov.cn" for i in range(10_000))))
    assert reading.status is Status.SUCCESS
    assert len(reading.facts["tls.names"]) == 100
    assert reading.extra["names_total"] == 10_001


def test_malformed_der_is_a_protocol_error():
    """A certificate that is none leaves the handshake's facts and says protocol-error."""
    reading = told(b"\x30\x82\xff\xffgarbage")
    assert reading.status is Status.PROTOCOL_ERROR
    assert reading.facts["tls.version"] == "TLSv1.2"
    assert len(reading.facts["tls.fingerprint"]) == 64


def test_no_certificate():
    """A handshake without a certificate is told as such."""
    assert told().extra == {"certificate": "none"}


def test_failed_handshake(player):
    """What is not TLS gives its status and no facts."""
    reading = player(b"").run(tls.ask(Target("198.18.0.1", 443)))
    assert reading.status is Status.PROTOCOL_ERROR
    assert not reading.facts


def test_certificate_beyond_openssl_is_read_by_a_hello_of_our_own(player, key):
    """What OpenSSL refuses as too large is asked for once more on a new connection, and its chain read in the clear."""
    flight = server_flight(TLS12, 0xC02B, certificate(key))
    peer = player(b"", flight, secured=Failed(Status.LIMIT, "excessive message size"))
    reading = peer.run(tls.ask(Target("198.18.0.1", 443)))
    assert (reading.status, peer.redials) == (Status.SUCCESS, 1)
    assert reading.facts["tls.subject"] == "CN=测试单位"
    assert reading.extra["suite"] == "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"


def test_certificate_that_nobody_can_read_is_a_limit(player):
    """Where that fails too it is told as a limit, and that TLS is spoken."""
    reading = player(b"", b"", secured=Failed(Status.LIMIT, "excessive message size")).run(
        tls.ask(Target("198.18.0.1", 443))
    )
    assert reading.status is Status.LIMIT
    assert reading.facts == {"tls.enabled": True}


def test_a_grab_reads_the_certificate_in_the_clear(player, key):
    """One hello, the certificate as a full handshake would tell it, and a goodbye; no second connection."""
    der = certificate(key)
    peer = player(server_flight(TLS12, 0xC02B, der, above=True))
    reading = peer.run(tls.grab(Target("198.18.0.1", 443)))
    whole = told(der).facts
    assert {f: v for f, v in reading.facts.items() if f in whole and f != "tls.version"} == {
        f: v for f, v in whole.items() if f not in {"tls.cipher", "tls.version"}
    }
    assert (reading.facts["tls.version"], reading.extra["answered"]) == ("TLSv1.3", "TLSv1.2")
    assert peer.redials == 0
    assert peer.sent.endswith(CLOSE)


def test_a_grab_shakes_hands_where_it_must(player, key):
    """A server of TLS 1.3 alone refuses the hello: the certificate comes by a full handshake then."""
    alert = bytes.fromhex("15030300020246")
    peer = player(alert, b"", secured=Secured("TLSv1.3", "TLS_AES_128_GCM_SHA256", (certificate(key),)))
    reading = peer.run(tls.grab(Target("198.18.0.1", 443)))
    assert (reading.facts["tls.version"], peer.redials) == ("TLSv1.3", 1)
