"""Twin of secops/discover/collectors/tls_offer.py."""

import base64

from secops.core.model import Status, Target
from secops.discover.collectors import tls_offer
from secops.discover.collectors.tls_hello import SSL30, TLCP, TLS10, TLS11, TLS12, TLS13
from secops.discover.collectors.tls_suites import OLDER, TLS13_SUITES
from tests.unit.discover.tls_server import Server

HERE = Target("198.18.0.1", 443)
GMSM = base64.b64decode(
    "FgEBACoCAAAmAQG9wz7yDmNRuk9XSPNAd7XEupUPTzQeP7jw4NwnzC8f4gDgEwAWAQEDKQsAAyUAAyIAAY4wggGKMIIBMaADAgEC"
    "AggY6vaTLm9wFTAKBggqgRzPVQGDdTAsMRUwEwYDVQQKDAznsqTnm77mtYvor5UxEzARBgNVBAMTCkdEIFRlc3QgQ0EwHhcNMjUw"
    "MTAxMDAwMDAwWhcNMzAwMTAxMDAwMDAwWjAvMRUwEwYDVQQKDAznsqTnm77mtYvor5UxFjAUBgNVBAMTDW9hLmdkLmV4YW1wbGUw"
    "WTATBgcqhkjOPQIBBggqgRzPVQGCLQNCAARd3liL5eueat0OilV4NaLAzmLwOSrov8Wly216Ag4zE8zrzSH7+yE1yemVhzvtv4B7"
    "h9wVMMXeUgXe0Ke1fbunozowODAOBgNVHQ8BAf8EBAMCB4AwDAYDVR0TAQH/BAIwADAYBgNVHREEETAPgg1vYS5nZC5leGFtcGxl"
    "MAoGCCqBHM9VAYN1A0cAMEQCICuexCp4J+22f/jsnm7edtiPZNgo8AuZmOUtKhx9iBtOAiASISKaUncpDSY94r0oQHYhyKgg1uK/"
    "EliIGWhWtbtw7wABjjCCAYowggExoAMCAQICCBjq9pMueTQtMAoGCCqBHM9VAYN1MCwxFTATBgNVBAoMDOeypOebvua1i+ivlTET"
    "MBEGA1UEAxMKR0QgVGVzdCBDQTAeFw0yNTAxMDEwMDAwMDBaFw0zMDAxMDEwMDAwMDBaMC8xFTATBgNVBAoMDOeypOebvua1i+iv"
    "lTEWMBQGA1UEAxMNb2EuZ2QuZXhhbXBsZTBZMBMGByqGSM49AgEGCCqBHM9VAYItA0IABKmS/uriYzd4DmN3yRKA6NDAsrcVOGcW"
    "7yl4ID9jEERZTqB/LEvovxjLgRpSxLh/2pxtsvmfNcqiEdDZSoBfW5mjOjA4MA4GA1UdDwEB/wQEAwIEMDAMBgNVHRMBAf8EAjAA"
    "MBgGA1UdEQQRMA+CDW9hLmdkLmV4YW1wbGUwCgYIKoEcz1UBg3UDRwAwRAIgJEZn5TYsl/UceJzm9faPyWbxHZvfiLg2eRBn9fm2"
    "NTYCIByfcGlEurlIfNgP7i8jsvLc65FXEMXnNfHPrDVEPBo4FgEBAE0MAABJAEcwRQIhAPSJ/Y8LMzYHElO3twU3TMYkW/77RCiP"
    "B0B3g9hMuJO1AiBw61ovLjUpT7mXf8+lH5g5d1qHPa7GmgS881KK7IAiWBYBAQAEDgAAAA=="
)
"""What a server of github.com/tjfoc/gmsm v1.4.1 answered to our hello of TLCP: two certificates made for this test."""


def test_every_version_and_suite_is_found() -> None:
    """Each suite once, though several versions share it; versions without a suite of their own are found too."""
    both = (0xC02F, 0x009C)
    known = {TLS13: (0x1301, 0x1303), TLS12: (*both, 0x002F), TLS11: (0x0035, 0x002F), TLS10: (0x002F,)}
    server = Server(known)
    told = server.run(tls_offer.ask(HERE, thorough=True))
    assert told.status is Status.SUCCESS
    assert told.facts["tls.versions"] == ("TLSv1.3", "TLSv1.2", "TLSv1.1", "TLSv1")
    assert set(told.facts["tls.suites"]) == {
        "TLS_AES_128_GCM_SHA256",
        "TLS_CHACHA20_POLY1305_SHA256",
        "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
        "TLS_RSA_WITH_AES_128_GCM_SHA256",
        "TLS_RSA_WITH_AES_128_CBC_SHA",
        "TLS_RSA_WITH_AES_256_CBC_SHA",
    }
    assert len(told.facts["tls.suites"]) == 6
    assert told.facts["tlcp.enabled"] is False
    assert len(told.facts["tls.ja3s"]) == 32
    assert server.made == told.extra["asked"] <= 40


def test_a_server_that_knows_everything_is_bounded() -> None:
    """However much is agreed to, no more than so many connections; what is left open is told."""
    endless = dict.fromkeys((SSL30, TLS10, TLS11, TLS12), OLDER) | {TLS13: TLS13_SUITES}
    server = Server(endless)
    told = server.run(tls_offer.ask(HERE, thorough=True))
    assert server.made == tls_offer.QUESTIONS_MOST
    assert told.extra["incomplete"] is True


def test_silence_ends_the_asking() -> None:
    """A server that swallows hellos is asked twice, and nothing is claimed of it."""
    server = Server({}, mute=True)
    told = server.run(tls_offer.ask(HERE, thorough=True))
    assert (server.made, told.facts, told.status) == (2, {}, Status.PROTOCOL_ERROR)


def test_gentle_asks_twice() -> None:
    """One hello of TLS, one of TLCP: no list of versions is claimed."""
    server = Server({TLS12: (0xC02F,)})
    told = server.run(tls_offer.ask(HERE))
    assert server.made == 2
    assert told.facts.keys() == {"tls.ja3s", "tlcp.enabled"}


def test_tlcp_is_read_with_both_certificates(player) -> None:
    """The flight of a real TLCP server: signing and encryption certificate, SM2 both, the suite it chose."""
    told = player(GMSM).run(tls_offer.ask(HERE, secure=False))
    assert told.facts == {
        "service.name": "tlcp",
        "tlcp.enabled": True,
        "tlcp.suites": ("ECC_SM4_CBC_SM3",),
        "tlcp.subject": "CN=oa.gd.example,O=粤盾测试",
        "tlcp.not_after": 1_893_456_000_000,
        "tlcp.sign_fingerprint": "094f207cced8c2e9a6b615d66afd8d6c4a5b8d74b989f7cfe1cd584c936c2f72",
        "tlcp.enc_fingerprint": "94b4426b809c240755ad06cac5c6a97e7bf7d655b7c9b13ee798d8117ba69eac",
    }


def test_suites_that_need_our_certificate_are_never_offered_alone() -> None:
    """ECDHE of TLCP wants a certificate of the client; a library fails over it where nothing else is offered."""
    server = Server({TLCP: (0xE013, 0xE053)})
    told = server.run(tls_offer.ask(HERE, thorough=True, secure=False))
    assert set(told.facts["tlcp.suites"]) == {"ECC_SM4_CBC_SM3", "ECC_SM4_GCM_SM3"}
    assert all(set(each) & {0xE013, 0xE053, 0xE019, 0xE01C} for each in server.alone)


def test_what_speaks_neither_says_nothing(player) -> None:
    """Any other answer gives no facts."""
    told = player(b"HTTP/1.1 400 Bad Request\r\n\r\n").run(tls_offer.ask(HERE, secure=False))
    assert (told.status, told.facts) == (Status.PROTOCOL_ERROR, {})
