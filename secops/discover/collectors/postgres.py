"""PostgreSQL and its kin (KingbaseES, openGauss, HighGo): SSLRequest, answered by one letter. No login is begun."""

from secops.core.model import Status, Target
from secops.dial.conversation import Failed, Receive, Received, Send
from secops.discover.collectors.interface import Collector, Reading, Talking

LABEL = "postgres@1"
SSL_REQUEST = bytes.fromhex("0000000804d2162f")
_KIN = {54321: "KingbaseES", 5866: "HighGo"}
"""By the port alone: the answer is the same for all of them, so the product is only kept as a guess."""


def ask(target: Target) -> Talking:
    """S: TLS offered, N: not offered, E: an old server's complaint. Anything else is another protocol."""
    sent = yield Send(SSL_REQUEST)
    if isinstance(sent, Failed):
        return Reading(LABEL, sent.status)
    got = yield Receive(1, 2.5)
    if not isinstance(got, Received):
        return Reading(LABEL, got.status if isinstance(got, Failed) else Status.PROTOCOL_ERROR)
    if got.data not in {b"S", b"N"}:
        return Reading(LABEL, Status.PROTOCOL_ERROR if got.data else Status.CLOSED_EARLY)
    more = yield Receive(64, 0.3)
    if isinstance(more, Received) and more.data:
        return Reading(LABEL, Status.PROTOCOL_ERROR)  # a real server says the letter and nothing else
    guess = _KIN.get(target.port)
    return Reading(
        LABEL,
        Status.SUCCESS,
        {"service.name": "postgresql", "tls.enabled": got.data == b"S"},
        {"product_guess": guess} if guess else {},
    )


COLLECTOR = Collector(
    "postgres",
    1,
    "PostgreSQL 系数据库是否支持 TLS",
    "does a PostgreSQL-like server offer TLS",
    ("SSLRequest 0000000804d2162f",),
    frozenset({5432, 5433, 54321, 5866}),
    ask=ask,
)
