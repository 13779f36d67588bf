from secops.core.model import Target
from secops.dial.conversation import Receive, Received, Secured
from secops.discover.collectors.dispatch import COLLECTORS, by_port, follow, identify, opening

PAGE = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


def names(readings):
    return [each.collector for each in readings]


def test_greeting_on_any_port(player):
    """A server that greets is recognised on a port nobody expects it at."""
    assert (
        player(b"220 (vsFTPd 3.0.3)\r\n").run(identify(Target("198.18.0.1", 31_000)))[0].facts["service.name"] == "ftp"
    )


def test_plain_http_on_any_port(player):
    """A silent server that is not TLS is asked for a page."""
    readings = player(b"", PAGE).run(identify(Target("198.18.0.1", 31_000)))
    assert names(readings) == ["http@1"]


def test_tls_then_http(player):
    """Inside TLS the page is asked for; both layers are told, the outer first."""
    peer = player(PAGE, secured=Secured("TLSv1.3", "X", ()))
    assert names(peer.run(identify(Target("198.18.0.1", 443)))) == ["tls@1", "http@1"]


def test_redis_on_any_port(player):
    """A server that closes on HTTP without a word is asked whether it is Redis."""
    peer = player(b"", b"", b"+PONG\r\n")
    assert names(peer.run(identify(Target("198.18.0.1", 31_000)))) == ["redis@1"]


def test_silence_everywhere(player):
    """A port that never says anything ends with a timeout and claims nothing."""
    readings = player(b"").run(identify(Target("198.18.0.1", 31_000)))
    assert not any(each.facts for each in readings)
    assert readings[-1].collector == "port@1"


def test_hop_asks_the_path(player):
    """Following a redirect asks for that path on that target only."""
    peer = player(PAGE)
    assert names(peer.run(follow(Target("198.18.0.1", 8080), "/login?a=1", secure=False))) == ["http@1"]
    assert peer.sent.startswith(b"GET /login?a=1 HTTP/1.1\r\nHost: 198.18.0.1:8080")


def test_every_collector_says_what_it_sends():
    """Labels are unique and every collector that asks says its bytes."""
    assert len({each.label for each in COLLECTORS}) == len(COLLECTORS)
    assert all(each.sends for each in COLLECTORS if each.ask)
    assert by_port(22) == "ssh"
    assert by_port(31_000) == ""


def test_greeting_in_pieces(player):
    """A greeting whose line comes in two pieces is read as one."""

    class Slow(player):
        def answer(self, command):
            if isinstance(command, Receive) and self.place == 0:
                self.place = 4
                return Received(b"220 ", False)
            return super().answer(command)

    (reading,) = Slow(b"220 (vsFTPd 3.0.3)\r\n").run(identify(Target("198.18.0.1", 31_000)))
    assert reading.facts["service.banner"] == "220 (vsFTPd 3.0.3)"


def test_the_first_words_are_told_without_a_network():
    """The plan shows the very bytes a collector begins with; one that listens or begins with TLS has none."""
    told = {each.name: opening(each, Target("192.0.2.1", 7)) for each in COLLECTORS}
    assert told["redis"] == b"PING\r\n"
    assert told["http"].startswith(b"GET / HTTP/1.1\r\n")
    assert told["rdp"][:2] == b"\x03\x00"
    assert told["greeting"] == told["tls"] == b""
