"""MQTT: does a broker admit strangers? CONNECT of a nameless clean session, then DISCONNECT (MQTT 3.1.1, 3.1, 3.2)."""

from secops.core.model import Status, Target, Value
from secops.dial.conversation import Failed, Send
from secops.discover.collectors.exchange import asked
from secops.discover.collectors.interface import Collector, Reading, Talking

LABEL = "mqtt@1"
_CONNECT = b"\x10\x0c\x00\x04MQTT\x04\x02\x00\x3c\x00\x00"
_DISCONNECT = b"\xe0\x00"
_ACCEPTED, _WRONG_VERSION, _BAD_ID, _UNAVAILABLE, _BAD_LOGIN, _NOT_ALLOWED = range(6)


def ask(_target: Target) -> Talking:
    """CONNACK 0: no password is asked for; 4 or 5: one is. Nothing is subscribed or published."""
    got = yield from asked(_CONNECT, 64)
    if isinstance(got, Failed):
        return Reading(LABEL, got.status)
    if got[:2] != b"\x20\x02" or len(got) != 4 or got[3] > _NOT_ALLOWED or got[2] > 1:
        return Reading(LABEL, Status.PROTOCOL_ERROR)
    facts: dict[str, Value] = {"service.name": "mqtt"}
    if got[3] == _ACCEPTED:
        facts["service.auth_required"] = False
        yield Send(_DISCONNECT)
    elif got[3] in {_BAD_LOGIN, _NOT_ALLOWED}:
        facts["service.auth_required"] = True
    return Reading(LABEL, Status.SUCCESS, facts, {"connack": got[3]})


COLLECTOR = Collector(
    "mqtt", 1, "MQTT 代理是否允许匿名", "does an MQTT broker admit strangers",
    ("MQTT 3.1.1 CONNECT", "MQTT DISCONNECT"), frozenset({1883}), ask=ask,
)  # fmt: skip
