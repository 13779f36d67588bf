from secops.core.model import Target
from secops.discover.collectors import http, page_looks

HERE = Target("198.18.0.1", 80, name="www.example.gov.cn")
PAGE = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 4\r\n\r\n<a/>"
NONE = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"


def plain(text: str) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n%s" % (len(text), text.encode())


def test_site_is_looked_at_twice_more(player):
    """Of a site, robots.txt and security.txt are read, each by one GET on a connection of its own."""
    robots = "User-agent: *\nDisallow: /admin/\nDisallow: /tmp/ # old\n"
    security = "# our file\nContact: mailto:a@example.gov.cn\nContact: tel:+86\nExpires: 2027-01-01T00:00:00Z\n"
    peer = player(PAGE, NONE, plain(robots), plain(security))
    reading = peer.run(http.ask(HERE))
    assert reading.facts["http.robots"] is True
    assert reading.facts["http.security_txt"] == ("mailto:a@example.gov.cn", "tel:+86")
    assert reading.extra["security_txt"] == {"expires": "2027-01-01T00:00:00Z"}
    assert reading.extra["robots_disallow"] == ("/admin/", "/tmp/")
    assert peer.sent.count(b"GET ") == 4
    assert peer.redials == 3


def test_interface_is_left_alone(player):
    """What answers with JSON, or with an error, is no site: nothing more than the icon is asked for."""
    for first in (b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}", NONE):
        peer = player(first, NONE)
        reading = peer.run(http.ask(HERE))
        assert peer.sent.count(b"GET ") == 2
        assert "http.robots" not in reading.facts


def test_pages_in_disguise():
    """A page that answers every address is neither a robots.txt nor a security.txt."""
    page = b"<!doctype html><p>Contact: nobody</p>"
    assert page_looks.robots(200, page) == ({"http.robots": False}, {})
    assert page_looks.robots(200, b"nothing of the kind") == ({"http.robots": False}, {})
    assert page_looks.robots(404, b"") == ({"http.robots": False}, {})
    assert page_looks.robots(500, b"x") == ({}, {})
    assert page_looks.security(200, page) == ({}, {})
    assert page_looks.security(200, b"Policy: https://x/") == ({}, {})


def test_endless_robots():
    """A robots.txt of a million lines keeps thirty."""
    body = b"".join(b"Disallow: /%d\n" % n for n in range(100_000))
    assert len(page_looks.robots(200, body)[1]["robots_disallow"]) == 30


def test_technologies_join_the_facts(player):
    """Technologies of the page and of its icon stand in one list, what answers on the port gives the product."""
    body = b"<html><link href='/ry-ui/css/ry-ui.css'></html>"
    page = b"HTTP/1.1 200 OK\r\nServer: BES/9.5.2\r\nSet-Cookie: JSESSIONID=1; HttpOnly\r\nContent-Length: %d\r\n\r\n%s"
    reading = player(page % (len(body), body), NONE).run(http.ask(HERE))
    assert reading.facts["http.technologies"] == ("Java", "宝兰德 BES", "若依 RuoYi")
    assert (reading.facts["service.product"], reading.facts["service.version"]) == ("BES AppServer", "9.5.2")
    told = {each["name"]: each for each in reading.extra["technologies"]}
    assert told["宝兰德 BES"]["domestic"] is True
    assert told["宝兰德 BES"]["verified"] is False
