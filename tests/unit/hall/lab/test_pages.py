from secops.hall.lab.pages import reply

GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


def test_a_gb18030_page_is_sent_in_gb18030() -> None:
    """A page that declares GB18030 is encoded in it."""
    page = reply({"title": "某市交通运输局", "server": "", "charset": "gb18030"}, GET, set())
    assert "某市交通运输局".encode("gb18030") in page


def test_a_marker_is_noted_once_and_can_be_asked_for() -> None:
    """A marker in the header is kept, and /seen/TOKEN tells 200 for it and 404 for another."""
    about, seen = {"title": "t", "server": "s", "marker": "1"}, set[str]()
    marked = reply(about, b"GET /x HTTP/1.1\r\nX-Secops-Marker: abc\r\n\r\n", seen)
    assert marked.startswith(b"HTTP/1.1 200")
    assert seen == {"abc"}
    assert reply(about, b"GET /seen/abc HTTP/1.1\r\n\r\n", seen).startswith(b"HTTP/1.1 200")
    assert reply(about, b"GET /seen/other HTTP/1.1\r\n\r\n", seen).startswith(b"HTTP/1.1 404")


def test_other_methods_are_refused() -> None:
    """Nothing but GET and HEAD is served."""
    assert reply({"title": "t"}, b"POST / HTTP/1.1\r\n\r\n", set()).startswith(b"HTTP/1.1 405")


def test_titles_and_cookies_are_as_the_plan_says() -> None:
    """A hostile title arrives unchanged but for HTML, a bad cookie has no flags, a redirect its place."""
    page = reply({"title": '=cmd("calc")', "cookie": "bad"}, GET, set())
    assert b'<title>=cmd("calc")</title>' in page
    assert b"Set-Cookie: JSESSIONID=0123456789; Path=/\r\n" in page
    assert b"Location: http://there/\r\n" in reply({"title": "t", "redirect": "http://there/"}, GET, set())
