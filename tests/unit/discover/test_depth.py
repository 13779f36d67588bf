import pytest

from secops.core.errors import UsageError
from secops.core.model import Status, Target
from secops.discover.collectors.tls_hello import TLS12
from secops.discover.depth import Depth, look
from tests.unit.discover.tls_server import Server

PAGE = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 20\r\n\r\n<title>lab</title>\r\n"


def test_another_word_is_refused():
    """A word that is none names those that are."""
    assert Depth.of("") is Depth.FULL
    with pytest.raises(UsageError) as refused:
        Depth.of("all")
    assert "certificate" in refused.value.hint


def test_a_sweep_for_pages_asks_for_the_front_page_alone(player):
    """One GET on the connection as it stands: no icon, no second connection."""
    peer = player(PAGE)
    (reading,) = peer.run(look(Depth.PAGE, Target("198.18.0.1", 80), None))
    assert (reading.facts["http.title"], peer.redials) == ("lab", 0)
    assert peer.sent.count(b"GET ") == 1


def test_a_sweep_for_certificates_sends_a_hello(player):
    """Whatever the port, one hello; a server that is no TLS gives a status and no facts."""
    server = Server({TLS12: (0xC02F,)})
    (reading,) = server.run(look(Depth.CERTIFICATE, Target("198.18.0.1", 8000), None))
    assert (reading.status, server.made) == (Status.SUCCESS, 1)
    assert reading.facts["tls.enabled"] is True
    (other,) = player(b"SSH-2.0-x\r\n").run(look(Depth.CERTIFICATE, Target("198.18.0.1", 22), None))
    assert not other.facts
