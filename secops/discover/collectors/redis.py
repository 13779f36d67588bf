"""Redis: one PING, which tells whether it wants a password. Never anything more."""

from secops.core.model import Status, Target, Value
from secops.dial.conversation import Failed, Receive, Received, Send
from secops.discover.collectors.interface import Collector, Reading, Talking, clean, decoded

LABEL = "redis@1"


def ask(_target: Target) -> Talking:
    """PING: +PONG means no password is asked for, -NOAUTH or -DENIED that one is or that outsiders are kept away."""
    sent = yield Send(b"PING\r\n")
    if isinstance(sent, Failed):
        return Reading(LABEL, sent.status)
    got = yield Receive(512, 2.5, b"\r\n")
    if not isinstance(got, Received):
        return Reading(LABEL, got.status if isinstance(got, Failed) else Status.PROTOCOL_ERROR)
    return hear_reply(got.data)


def hear_reply(data: bytes) -> Reading:
    """The reading of the answer to PING."""
    facts: dict[str, Value] = {
        "service.name": "redis",
        "service.product": "Redis",
        "service.banner": clean(decoded(data)),
        "tls.enabled": False,
    }
    if data.startswith(b"+PONG"):
        return Reading(LABEL, Status.SUCCESS, facts | {"service.auth_required": False})
    if data.startswith((b"-NOAUTH", b"-ERR operation not permitted")):
        return Reading(LABEL, Status.SUCCESS, facts | {"service.auth_required": True})
    if data.startswith((b"-DENIED", b"-LOADING", b"-MASTERDOWN", b"-MISCONF")):
        return Reading(LABEL, Status.SUCCESS, facts)
    return Reading(LABEL, Status.CLOSED_EARLY if not data else Status.PROTOCOL_ERROR)


COLLECTOR = Collector(
    "redis", 1, "Redis 是否要求口令", "does Redis ask for a password", ("PING",), frozenset({6379}), ask=ask
)
