import datetime as dt

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from secops.core.model import Status, Target
from secops.dial.conversation import Failed, Secured
from secops.discover.collectors import tls

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


def test_certificate_beyond_openssl_is_a_limit():
    """A certificate too large for OpenSSL is told as a limit, and that TLS is spoken."""
    talk = tls.ask(Target("198.18.0.1", 443))
    next(talk)
    with pytest.raises(StopIteration) as done:
        talk.send(Failed(Status.LIMIT, "excessive message size"))
    assert done.value.value.status is Status.LIMIT
    assert done.value.value.facts == {"tls.enabled": True}
