"""Server-side TLS contexts of the lab: a good certificate of the demo's own CA, and the ways certificates go wrong."""

import ssl
import tempfile
import warnings
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from secops.core.clock import Instant

Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
KINDS = ("good", "expired", "soon", "self", "weak", "many", "oldest")


@dataclass(frozen=True, slots=True)
class _Issuer:
    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey


class Authority:
    """The demo's own CA, made anew each time; its key never touches the disk."""

    def __init__(self, now: Instant) -> None:
        self.now = datetime.fromtimestamp(now / 1000, UTC).replace(microsecond=0)
        key = ec.generate_private_key(ec.SECP256R1())
        name = _name("某市政务演示根证书")
        built = self._builder(name, name, key, days=(-400, 3650)).add_extension(
            x509.BasicConstraints(ca=True, path_length=None), critical=True
        )
        self._ca = _Issuer(built.sign(key, hashes.SHA256()), key)
        self._weak = rsa.generate_private_key(65537, 1024)  # noqa: S505 - the weak key that the weak-key rule is there to find
        self._leaf = ec.generate_private_key(ec.SECP256R1())

    def context(self, kind: str, address: str, title: str) -> ssl.SSLContext:
        """A server context of one of KINDS for this address."""
        key: Key = self._weak if kind == "weak" else self._leaf
        days = {"expired": (-405, -40), "soon": (-353, 12)}.get(kind, (-30, 335))
        subject = _name(title)
        issuer = subject if kind == "self" else self._ca.certificate.subject
        names: list[x509.GeneralName] = [x509.IPAddress(ip_address(address)), x509.DNSName("www.example.gov.invalid")]
        if kind == "many":
            names += [x509.DNSName(f"host{number}.example.gov.invalid") for number in range(400)]
        builder = self._builder(subject, issuer, key, days=days).add_extension(
            x509.SubjectAlternativeName(names), critical=False
        )
        leaf = builder.sign(key if kind == "self" else self._ca.key, hashes.SHA256())
        chain = [leaf] if kind == "self" else [leaf, self._ca.certificate]
        return _context(chain, key, kind)

    def _builder(
        self, subject: x509.Name, issuer: x509.Name, key: Key, *, days: tuple[int, int]
    ) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(self.now + timedelta(days=days[0]))
            .not_valid_after(self.now + timedelta(days=days[1]))
        )


def _name(text: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "CN"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "secops demo"),
            x509.NameAttribute(NameOID.COMMON_NAME, text),
        ]
    )


def _context(chain: list[x509.Certificate], key: Key, kind: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    if kind in {"weak", "oldest"}:
        context.set_ciphers("DEFAULT:@SECLEVEL=0")
    if kind == "oldest":
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # an old protocol is what this server is there to show
            context.minimum_version = ssl.TLSVersion.TLSv1
            context.maximum_version = ssl.TLSVersion.TLSv1_1
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "server.pem")
        path.touch(mode=0o600)
        path.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
            + b"".join(each.public_bytes(serialization.Encoding.PEM) for each in chain)
        )
        context.load_cert_chain(path)
    return context
