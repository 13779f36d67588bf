import pytest

from secops.core.model import Status, Target
from secops.discover.collectors import redis

HERE = Target("198.18.0.1", 6379)


@pytest.mark.parametrize(
    ("data", "asks"),
    [
        (b"+PONG\r\n", False),
        (b"-NOAUTH Authentication required.\r\n", True),
        (b"-DENIED Redis is running in protected mode\r\n", None),
    ],
)
def test_password_asked_for(player, data, asks):
    """PING alone tells whether Redis asks for a password; nothing else is sent."""
    peer = player(data)
    reading = peer.run(redis.ask(HERE))
    assert reading.facts["service.name"] == "redis"
    assert reading.facts.get("service.auth_required") == asks
    assert peer.sent == b"PING\r\n"


def test_not_redis(player):
    """Another protocol's answer claims nothing."""
    reading = player(b"HTTP/1.1 400 Bad\r\n").run(redis.ask(HERE))
    assert reading.status is Status.PROTOCOL_ERROR
    assert not reading.facts
