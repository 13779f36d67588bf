from secops.core.model import Target
from secops.discover.collectors.greeting import hear
from secops.hall.lab.talkers import greeting, talker


def test_redis_tells_whether_it_wants_a_password() -> None:
    """An open Redis answers PONG, a locked one NOAUTH, and half a line gets nothing yet."""
    open_, locked = talker("redis", {"auth": ""}, set()), talker("redis", {"auth": "1"}, set())
    assert open_(b"PING\r\n") == (b"+PONG\r\n", True)
    assert locked(b"*1\r\n$4\r\nPING\r\n") == (b"-NOAUTH Authentication required.\r\n", True)
    assert open_(b"PIN") is None


def test_the_mysql_greeting_is_read_by_our_own_collector() -> None:
    """The lab's MySQL handshake carries the version that the plan gives."""
    reading = hear(greeting("mysql", {"version": "5.5.62-log"}), Target("127.0.0.1", 3306))
    assert reading is not None
    assert reading.facts["service.version"] == "5.5.62"
