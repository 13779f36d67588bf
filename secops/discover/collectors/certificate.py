"""What one X.509 certificate says, SM2 and SM3 included. Nothing is verified but its own signature, by itself.

Sources: RFC 5280; GM/T 0006 and GB/T 33560 for the object identifiers of SM2 (1.2.156.10197.1.301) and SM2 with SM3
(1.2.156.10197.1.501), which the library at hand does not know.
"""

import hashlib
from dataclasses import dataclass

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa
from cryptography.x509.oid import NameOID

from secops.core.model import Value
from secops.discover.collectors.interface import ITEMS_MOST, bounded, clean

BYTES_MOST = 1_000_000
_NAMES_LOOKED_AT = 20_000
_SM2_CURVE = bytes.fromhex("2a811ccf5501822d")
_SIGNATURES = {"1.2.156.10197.1.501": "sm2-with-SM3"}
_EC_KEY = "1.2.840.10045.2.1"


class Unreadable(Exception):
    """The bytes are no certificate that can be read; the text says why, cleaned."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """One certificate: times in milliseconds, texts cleaned, names bounded."""

    subject: str
    issuer: str
    not_before: int
    not_after: int
    self_signed: bool
    signature: str
    key_type: str
    key_bits: int
    """0 where not known."""
    names: tuple[str, ...]
    names_total: int
    serial: str

    def facts(self) -> dict[str, Value]:
        """As fields of the dictionary, without their group's prefix."""
        told: dict[str, Value] = {
            "subject": self.subject,
            "issuer": self.issuer,
            "not_before": self.not_before,
            "not_after": self.not_after,
            "self_signed": self.self_signed,
            "signature": self.signature,
            "key_type": self.key_type,
            "names": self.names,
        }
        return told | ({"key_bits": self.key_bits} if self.key_bits else {})


def fingerprint(der: bytes) -> str:
    """SHA-256, lower-case hex."""
    return hashlib.sha256(der).hexdigest()


def read(der: bytes) -> Leaf:
    """The certificate. Raises Unreadable."""
    if len(der) > BYTES_MOST:
        raise Unreadable(f"larger than {BYTES_MOST} bytes")
    try:
        return _read(x509.load_der_x509_certificate(der))
    except (ValueError, TypeError, UnsupportedAlgorithm, x509.InvalidVersion, x509.ExtensionNotFound) as error:
        raise Unreadable(clean(f"{type(error).__name__}: {error}")) from error
    except x509.DuplicateExtension as error:
        raise Unreadable(clean(str(error))) from error


def _read(certificate: x509.Certificate) -> Leaf:
    kind, bits = _key(certificate)
    names, total = _names(certificate)
    subject, issuer = _name(certificate.subject), _name(certificate.issuer)
    return Leaf(
        subject=subject,
        issuer=issuer,
        not_before=round(certificate.not_valid_before_utc.timestamp() * 1000),
        not_after=round(certificate.not_valid_after_utc.timestamp() * 1000),
        self_signed=subject == issuer and _self_signed(certificate),
        signature=_signature(certificate),
        key_type=kind,
        key_bits=bits,
        names=names,
        names_total=total,
        serial=f"{certificate.serial_number:x}"[:64],
    )


def _key(certificate: x509.Certificate) -> tuple[str, int]:
    try:
        key = certificate.public_key()
    except (UnsupportedAlgorithm, ValueError):
        oid = certificate.public_key_algorithm_oid.dotted_string
        if oid == _EC_KEY and _curve(certificate.tbs_certificate_bytes) == _SM2_CURVE:
            return "SM2", 256
        return oid, 0
    if isinstance(key, rsa.RSAPublicKey):
        return "rsa", key.key_size
    if isinstance(key, ec.EllipticCurvePublicKey):
        return f"ec {key.curve.name}", key.key_size
    if isinstance(key, dsa.DSAPublicKey):
        return "dsa", key.key_size
    if isinstance(key, (ed25519.Ed25519PublicKey, ed448.Ed448PublicKey)):
        return ("ed25519", 256) if isinstance(key, ed25519.Ed25519PublicKey) else ("ed448", 456)
    return certificate.public_key_algorithm_oid.dotted_string, 0


def _curve(tbs: bytes) -> bytes:
    """The bytes of the curve's object identifier in the key of a certificate's signed part; empty where there is none.

    TBSCertificate: [0] version, serial, algorithm, issuer, validity, subject, key { { algorithm, curve }, bits }.
    """
    try:
        inside = _value(tbs, 0)[0]
        at = 0
        if inside[:1] == b"\xa0":
            at = _value(inside, 0)[1]
        for _ in range(5):
            at = _value(inside, at)[1]
        key = _value(inside, at)[0]
        algorithm = _value(key, 0)[0]
        return _value(algorithm, _value(algorithm, 0)[1])[0]
    except (IndexError, ValueError):
        return b""


def _value(data: bytes, at: int) -> tuple[bytes, int]:
    """The content of the DER value at `at`, and where the next one begins. Raises IndexError, ValueError."""
    size = data[at + 1]
    begin = at + 2
    if size & 0x80:
        width = size & 0x7F
        if not 1 <= width <= 4:
            raise ValueError("length")
        size = int.from_bytes(data[begin : begin + width], "big")
        begin += width
    if begin + size > len(data):
        raise ValueError("beyond the end")
    return data[begin : begin + size], begin + size


def _name(name: x509.Name) -> str:
    return clean(name.rfc4514_string()[:4_096])


def _self_signed(certificate: x509.Certificate) -> bool:
    """Issued by itself, checked by its own signature where the algorithm is known."""
    if certificate.issuer != certificate.subject:
        return False
    try:
        certificate.verify_directly_issued_by(certificate)
    except InvalidSignature:
        return False
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return True
    return True


def _signature(certificate: x509.Certificate) -> str:
    oid = certificate.signature_algorithm_oid
    if (name := _SIGNATURES.get(oid.dotted_string)) is not None:
        return name
    known = getattr(oid, "_name", "")
    return known if known and known != "Unknown OID" else oid.dotted_string


def _names(certificate: x509.Certificate) -> tuple[tuple[str, ...], int]:
    """Bounded common and alternative names, and how many there were."""
    found = [str(each.value) for each in certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
    try:
        alternative = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return bounded(found), len(found)
    found += [
        str(n.value) for n in list(alternative)[:_NAMES_LOOKED_AT] if isinstance(n, (x509.DNSName, x509.IPAddress))
    ]
    distinct = list(dict.fromkeys(found))
    return bounded(distinct, ITEMS_MOST), len(distinct)
