"""TLS: what the handshake said and what the first certificate says. Nothing is verified, everything is told."""

import hashlib
from collections.abc import Generator

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa
from cryptography.x509.oid import NameOID

from secops.core.model import Status, Target, Value
from secops.dial.conversation import Answer, Command, Failed, Secured, StartTls
from secops.discover.collectors.interface import ITEMS_MOST, Collector, Reading, Talking, bounded, clean

_NAMES_LOOKED_AT = 20_000
LABEL = "tls@1"


def secure(target: Target, seconds: float = 6.0) -> Generator[Command, Answer, tuple[Reading, bool]]:
    """Begin TLS; the reading, and whether TLS now stands so that more can be asked inside."""
    answer = yield StartTls(target.name, seconds=seconds)
    if isinstance(answer, Secured):
        return describe(answer), True
    status, detail = (answer.status, answer.detail) if isinstance(answer, Failed) else (Status.PROTOCOL_ERROR, "")
    spoken: dict[str, Value] = {"tls.enabled": True} if status is Status.LIMIT else {}
    return Reading(LABEL, status, spoken, {"detail": clean(detail)} if detail else {}), False


def describe(secured: Secured) -> Reading:
    """The reading of a finished handshake. A certificate that cannot be parsed gives protocol-error, the rest stays."""
    facts: dict[str, Value] = {
        "tls.enabled": True,
        "tls.version": secured.version,
        "tls.cipher": secured.cipher,
        "tls.chain_length": len(secured.chain),
    }
    extra: dict[str, object] = {}
    if not secured.chain:
        return Reading(LABEL, Status.SUCCESS, facts, {"certificate": "none"})
    leaf = secured.chain[0]
    facts["tls.fingerprint"] = hashlib.sha256(leaf).hexdigest()
    try:
        certificate = x509.load_der_x509_certificate(leaf)
        facts |= _facts(certificate)
        names, total = _names(certificate)
    except (ValueError, TypeError, UnsupportedAlgorithm, x509.InvalidVersion, x509.ExtensionNotFound) as error:
        return Reading(LABEL, Status.PROTOCOL_ERROR, facts, {"certificate": clean(f"{type(error).__name__}: {error}")})
    except x509.DuplicateExtension as error:
        return Reading(LABEL, Status.PROTOCOL_ERROR, facts, {"certificate": clean(str(error))})
    facts["tls.names"] = names
    if total > len(names):
        extra["names_total"] = total
    extra["serial"] = f"{certificate.serial_number:x}"[:64]
    extra["chain_sha256"] = tuple(hashlib.sha256(each).hexdigest() for each in secured.chain[1:])
    return Reading(LABEL, Status.SUCCESS, facts, extra)


def _facts(certificate: x509.Certificate) -> dict[str, Value]:
    facts: dict[str, Value] = {
        "tls.subject": clean(_name(certificate.subject)),
        "tls.issuer": clean(_name(certificate.issuer)),
        "tls.not_before": round(certificate.not_valid_before_utc.timestamp() * 1000),
        "tls.not_after": round(certificate.not_valid_after_utc.timestamp() * 1000),
        "tls.self_signed": _self_signed(certificate),
        "tls.signature": _signature(certificate),
    }
    try:
        key = certificate.public_key()
    except (UnsupportedAlgorithm, ValueError):
        facts["tls.key_type"] = certificate.public_key_algorithm_oid.dotted_string
        return facts
    if isinstance(key, (rsa.RSAPublicKey, dsa.DSAPublicKey)):
        facts["tls.key_type"] = "rsa" if isinstance(key, rsa.RSAPublicKey) else "dsa"
        facts["tls.key_bits"] = key.key_size
    elif isinstance(key, ec.EllipticCurvePublicKey):
        facts["tls.key_type"], facts["tls.key_bits"] = f"ec {key.curve.name}", key.key_size
    elif isinstance(key, (ed25519.Ed25519PublicKey, ed448.Ed448PublicKey)):
        facts["tls.key_type"] = "ed25519" if isinstance(key, ed25519.Ed25519PublicKey) else "ed448"
        facts["tls.key_bits"] = 256 if isinstance(key, ed25519.Ed25519PublicKey) else 456
    return facts


def _name(name: x509.Name) -> str:
    return name.rfc4514_string()[:4_096]


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


def ask(target: Target) -> Talking:
    """TLS alone, for ports where nothing is known of what is inside."""
    reading, _ = yield from secure(target)
    return reading


COLLECTOR = Collector(
    "tls",
    1,
    "TLS 握手与证书",
    "TLS handshake and certificate",
    ("ClientHello (TLS 1.0-1.3)",),
    frozenset({443, 465, 636, 993, 995, 2376, 4443, 6443, 7002, 8443, 9043, 9443, 10250}),
    ask=ask,
)
