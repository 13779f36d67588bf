"""TLS: what the handshake said and what the first certificate says. Nothing is verified, everything is told.

Two ways: `secure` shakes hands fully, for what is asked inside; `grab` reads the certificate of a hello of our own in
the clear and leaves, which costs both sides a fraction. `grab` shakes hands where the server speaks TLS 1.3 only.
"""

from collections.abc import Generator

from secops.core.model import Status, Target, Value
from secops.dial.conversation import Answer, Command, Failed, Redial, Secured, StartTls
from secops.discover.collectors import certificate, tls_hello
from secops.discover.collectors.interface import Collector, Reading, Talking, clean
from secops.discover.collectors.tls_hello import TLS12, VERSION_NAMES, Hello
from secops.discover.collectors.tls_suites import COMMON, suite_name

LABEL = "tls@1"
HELLO = "tls+hello@1"
"""Of a sweep: kept beside what a full handshake said, not in its place."""


def secure(target: Target, seconds: float = 6.0) -> Generator[Command, Answer, tuple[Reading, bool]]:
    """Begin TLS; the reading, and whether TLS now stands so that more can be asked inside."""
    answer = yield StartTls(target.name, seconds=seconds)
    if isinstance(answer, Secured):
        return describe(answer), True
    status, detail = (answer.status, answer.detail) if isinstance(answer, Failed) else (Status.PROTOCOL_ERROR, "")
    if status is Status.LIMIT and not isinstance((yield Redial()), Failed):
        heard = yield from tls_hello.converse(tls_hello.client_hello(TLS12, COMMON, target.name))
        if isinstance(heard, Hello):
            return tell(heard), False
    spoken: dict[str, Value] = {"tls.enabled": True} if status is Status.LIMIT else {}
    return Reading(LABEL, status, spoken, {"detail": clean(detail)} if detail else {}), False


def grab(target: Target) -> Talking:
    """The certificate alone: a hello, the server's answer in the clear, goodbye; a full handshake where that fails."""
    heard = yield from tls_hello.converse(tls_hello.client_hello(TLS12, COMMON, target.name))
    if isinstance(heard, Hello):
        return tell(heard, HELLO)
    if heard.status in {Status.TIMEOUT, Status.LIMIT}:
        return Reading(LABEL, heard.status, {}, {"detail": heard.detail} if heard.detail else {})
    if isinstance((yield Redial()), Failed):
        return Reading(LABEL, heard.status)
    return (yield from secure(target))[0]


def tell(heard: Hello, label: str = LABEL) -> Reading:
    """The reading of a hello's answer. What a full handshake would have chosen otherwise stays beside the facts."""
    facts: dict[str, Value] = {"tls.enabled": True, "tls.ja3s": heard.ja3s}
    best = VERSION_NAMES.get(heard.best, f"0x{heard.best:04X}")
    facts["tls.version"] = best
    extra: dict[str, object] = {"suite": suite_name(heard.suite)}
    if heard.best != heard.version:
        extra["answered"] = VERSION_NAMES.get(heard.version, f"0x{heard.version:04X}")
    return _certified(facts, extra, heard.chain, label)


def describe(secured: Secured) -> Reading:
    """The reading of a finished handshake. A certificate that cannot be parsed gives protocol-error, the rest stays."""
    facts: dict[str, Value] = {"tls.enabled": True, "tls.version": secured.version, "tls.cipher": secured.cipher}
    return _certified(facts, {}, secured.chain)


def _certified(
    facts: dict[str, Value], extra: dict[str, object], chain: tuple[bytes, ...], label: str = LABEL
) -> Reading:
    facts["tls.chain_length"] = len(chain)
    if not chain:
        return Reading(label, Status.SUCCESS, facts, extra | {"certificate": "none"})
    facts["tls.fingerprint"] = certificate.fingerprint(chain[0])
    try:
        leaf = certificate.read(chain[0])
    except certificate.Unreadable as error:
        return Reading(label, Status.PROTOCOL_ERROR, facts, extra | {"certificate": str(error)})
    facts |= {f"tls.{name}": value for name, value in leaf.facts().items()}
    if leaf.names_total > len(leaf.names):
        extra["names_total"] = leaf.names_total
    extra["serial"] = leaf.serial
    extra["chain_sha256"] = tuple(certificate.fingerprint(each) for each in chain[1:])
    return Reading(label, Status.SUCCESS, facts, extra)


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
