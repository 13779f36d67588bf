"""Memcached: `version`, which also shows that it answers strangers."""

from secops.core.model import Status, Target, Value
from secops.dial.conversation import Failed
from secops.discover.collectors.exchange import asked
from secops.discover.collectors.interface import Collector, Reading, Talking, clean, decoded

LABEL = "memcached@1"


def ask(_target: Target) -> Talking:
    """`VERSION 1.6.18` from an open one; one that wants SASL closes or says ERROR."""
    got = yield from asked(b"version\r\n", 256, until=b"\r\n")
    if isinstance(got, Failed):
        return Reading(LABEL, got.status)
    if not got.startswith(b"VERSION "):
        return Reading(LABEL, Status.PROTOCOL_ERROR)
    facts: dict[str, Value] = {
        "service.name": "memcached",
        "service.product": "Memcached",
        "service.version": clean(decoded(got[8:]), 40),
        "service.auth_required": False,
    }
    return Reading(LABEL, Status.SUCCESS, facts)


COLLECTOR = Collector("memcached", 1, "Memcached 版本", "Memcached version", ("version",), frozenset({11211}), ask=ask)
