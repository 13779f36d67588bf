from secops.core.model import Status, Target
from secops.discover.collectors import postgres


def test_tls_offered(player):
    """The one letter tells whether TLS is offered."""
    for letter, offered in ((b"S", True), (b"N", False)):
        peer = player(letter)
        reading = peer.run(postgres.ask(Target("198.18.0.1", 5432)))
        assert reading.facts["service.name"] == "postgresql"
        assert reading.facts["tls.enabled"] is offered
        assert peer.sent == postgres.SSL_REQUEST


def test_domestic_kin_is_only_a_guess(player):
    """On KingbaseES' port the product is a guess beside the facts, never a fact."""
    reading = player(b"N").run(postgres.ask(Target("198.18.0.1", 54321)))
    assert reading.extra["product_guess"] == "KingbaseES"
    assert "service.product" not in reading.facts


def test_a_talkative_server_is_not_postgres(player):
    """A server whose answer merely begins with N or S is not taken for PostgreSQL."""
    reading = player(b"SSH-2.0-x\r\n").run(postgres.ask(Target("198.18.0.1", 5432)))
    assert reading.status is Status.PROTOCOL_ERROR
