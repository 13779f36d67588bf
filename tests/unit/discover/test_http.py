from secops.core.model import Status, Target
from secops.dial.conversation import Secured
from secops.discover.collectors import http
from secops.discover.collectors.dispatch import identify

HERE = Target("198.18.0.1", 80)


def reply(body: bytes, *headers: bytes, status: bytes = b"200 OK") -> bytes:
    head = b"\r\n".join([b"HTTP/1.1 " + status, b"Content-Length: %d" % len(body), *headers])
    return head + b"\r\n\r\n" + body


def ask(player, *connections: bytes):
    peer = player(*connections)
    return peer.run(http.ask(HERE)), peer


def test_page_is_described(player):
    """Status, title, server, product, login form and body digest come out of one GET."""
    body = "<html><title>\n 门户 &amp; 网站 </title><input type=password></html>".encode()
    reading, peer = ask(player, reply(body, b"Server: nginx/1.22.1", b"X-Powered-By: PHP/7.4"), b"")
    assert reading.status is Status.SUCCESS
    facts = reading.facts
    assert facts["http.title"] == "门户 & 网站"
    assert (facts["service.product"], facts["service.version"]) == ("nginx", "1.22.1")
    assert facts["http.login_form"] is True
    assert facts["http.powered_by"] == "PHP/7.4"
    assert peer.sent.startswith(b"GET / HTTP/1.1\r\nHost: 198.18.0.1\r\n")


def test_compression_is_never_asked_for(player):
    """The request asks for the identity encoding, so a gzip bomb stays packed."""
    _, peer = ask(player, reply(b"x"), b"")
    assert b"Accept-Encoding: identity" in peer.sent


def test_gb18030_title(player):
    """A page in GB18030 gives its title in Chinese, with or without a charset declared."""
    body = "<title>政务服务平台</title>".encode("gb18030")
    assert ask(player, reply(body), b"")[0].facts["http.title"] == "政务服务平台"
    declared = reply(body, b"Content-Type: text/html; charset=gb2312")
    assert ask(player, declared, b"")[0].facts["http.title"] == "政务服务平台"


def test_invalid_utf8_and_escape_codes(player):
    """Invalid bytes do not stop the reading, and control characters are gone from what is kept."""
    body = b"<title>\xff\xfe\x1b[31mred\x07\x00</title>"
    title = ask(player, reply(body, b"Server: \x1b]0;x\x07"), b"")[0].facts["http.title"]
    assert "red" in title
    assert not any(ord(c) < 32 for c in title)


def test_formula_in_title_is_kept(player):
    """A title that looks like a formula is kept as it is: exporters escape."""
    assert ask(player, reply(b"<title>=cmd()</title>"), b"")[0].facts["http.title"] == "=cmd()"


def test_endless_body_meets_a_limit(player):
    """A server that sends without end is cut at the bound; what came before it is kept."""
    endless = b"HTTP/1.1 200 OK\r\n\r\n<title>big</title>" + b"a" * 2_000_000
    reading, _ = ask(player, endless, b"")
    assert reading.status is Status.LIMIT
    assert reading.facts["http.title"] == "big"
    assert reading.extra["bytes"] <= http.BODY_MOST


def test_chunked_body(player):
    """Chunks are joined."""
    page = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n7\r\n<title>\r\nb\r\nok</title>xx\r\n0\r\n\r\n"
    assert ask(player, page, b"")[0].facts["http.title"] == "ok"


def test_redirect_is_told_and_not_followed(player):
    """A redirect is in the facts and offered for following; nothing goes to it from here."""
    reading, peer = ask(player, reply(b"", b"Location: http://203.0.113.9/x", status=b"302 Found"), b"")
    assert reading.facts["http.location"] == "http://203.0.113.9/x"
    assert reading.follow == "http://203.0.113.9/x"
    assert b"203.0.113.9" not in peer.sent


def test_cookies_without_flags(player):
    """Cookies without HttpOnly are named."""
    reading, _ = ask(player, reply(b"", b"Set-Cookie: a=1; HttpOnly", b"Set-Cookie: b=2"), b"")
    assert reading.facts["http.cookies_insecure"] == ("b",)


def test_directory_listing(player):
    """An index page is recognised."""
    assert ask(player, reply(b"<title>Index of /</title>"), b"")[0].facts["http.directory_listing"] is True


def test_icon_hash(player):
    """The icon's hash is the known MurmurHash3 of its base64."""
    reading, peer = ask(player, reply(b"x"), reply(b"icon", b"Content-Type: image/x-icon"))
    assert reading.facts["http.favicon_hash"] == http.favicon_hash(b"icon")
    assert peer.redials == 1


def test_domestic_middleware_by_header(player):
    """TongWeb, Apusic and BES are told by their Server header."""
    for header, product in ((b"TongWeb Server", "TongWeb"), (b"BES/9.5", "BES AppServer"), (b"Apusic/6", "Apusic")):
        assert ask(player, reply(b"", b"Server: " + header), b"")[0].facts["service.product"] == product


def test_something_else_is_a_protocol_error(player):
    """What is not HTTP is a protocol error without facts."""
    reading, _ = ask(player, b"SSH-2.0-x\r\n")
    assert reading.status is Status.PROTOCOL_ERROR
    assert not reading.facts


def test_https_port_asked_in_the_clear(player):
    """A server that answers a plain request with 'use HTTPS' is asked again inside TLS."""
    wants = reply(b"<title>400 The plain HTTP request was sent to HTTPS port</title>", status=b"400 Bad Request")
    peer = player(wants, wants, reply(b"<title>in</title>"), secured=Secured("TLSv1.3", "X", ()))
    readings = peer.run(identify(HERE))
    assert [each.collector for each in readings] == ["tls@1", "http@1"]
    assert readings[1].facts["tls.enabled"] is True
