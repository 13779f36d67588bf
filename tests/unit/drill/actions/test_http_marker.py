"""The marker: one harmless request, its token where sensors look, and no guess about what became of it."""

import pytest

from secops.core.errors import SecopsError
from secops.core.model import Status
from secops.dial.conversation import Failed, Receive, Received, Secured, Send, StartTls
from secops.drill.actions.http_marker import Reply, converse, located, read_url
from secops.drill.actions.interface import Call, Outcome

URL = {"url": "http://127.0.0.9:8080", "path": "/?m={token}"}


def call(**arguments):
    return Call("r", "s", 1, "sx-tok", {**URL, **arguments}, 30.0, lambda: False)


def play(talk, *answers):
    said = [next(talk)]
    for each in answers:
        try:
            said += [talk.send(each)]
        except StopIteration as end:
            return said, end.value
    return said, None


def test_request():
    """One GET with the token in header and path, nothing more."""
    place, method = located(URL)
    said, reply = play(converse(place, method, "sx-tok", 5.0), Received(b""), Received(b"HTTP/1.1 200 OK\r\n"))
    assert isinstance(said[0], Send)
    assert said[0].data.startswith(b"GET /?m={token} HTTP/1.1\r\nHost: 127.0.0.9:8080\r\n")
    assert b"X-Secops-Marker: sx-tok\r\n" in said[0].data
    assert isinstance(said[1], Receive)
    assert reply == Reply(sent=True, status=200)


def test_tls():
    """Https secures the connection first; a failed handshake means nothing was sent."""
    place, method = located({"url": "https://a.example"})
    said, _ = play(converse(place, method, "t", 5.0), Secured("TLSv1.3", "x", ()))
    assert said[0] == StartTls("a.example")
    assert isinstance(said[1], Send)
    _, reply = play(converse(place, method, "t", 5.0), Failed(Status.TIMEOUT))
    assert not reply.sent


@pytest.mark.parametrize("answer", [Failed(Status.TIMEOUT), Received(b"SSH-2.0-x\r\n"), Received(b"HTTP/1.1 abc\r\n")])
def test_no_answer(answer):
    """What is no HTTP answer is status 0 of a request that was sent."""
    place, method = located(URL)
    _, reply = play(converse(place, method, "t", 5.0), Received(b""), answer)
    assert (reply.sent, reply.status) == (True, 0)


@pytest.mark.parametrize(
    ("status", "reply", "outcome"),
    [
        (Status.SUCCESS, Reply(sent=True, status=204), Outcome.SUCCEEDED),
        (Status.SUCCESS, Reply(sent=True, status=302), Outcome.SUCCEEDED),
        (Status.SUCCESS, Reply(sent=True, status=404), Outcome.FAILED),
        (Status.TIMEOUT, Reply(sent=True), Outcome.FAILED),
        (Status.REFUSED, None, Outcome.BROKEN),
        (Status.OUT_OF_SCOPE, None, Outcome.BROKEN),
    ],
)
def test_receipt(actions, outside, status, reply, outcome):
    """Answered well is success, answered badly or not at all is failed, never sent is broken."""
    outside.answer = (status, reply, "")
    receipt = actions["http_marker"].do(call())
    assert receipt.outcome is outcome
    assert outside.said == [("127.0.0.9", 8080)]
    assert receipt.outputs["token"] == "sx-tok"


def test_probe(actions, outside):
    """Without a place to ask, it does not know; with one, 200 is seen and 404 is not, all else unknown."""
    marker = actions["http_marker"]
    assert marker.probe(call()) is None
    assert outside.said == []
    for status, outcome in ((200, Outcome.SUCCEEDED), (404, Outcome.BROKEN), (500, None)):
        outside.answer = (Status.SUCCESS, Reply(sent=True, status=status), "")
        receipt = marker.probe(call(seen="/seen/{token}"))
        assert (receipt and receipt.outcome) == outcome


@pytest.mark.parametrize(
    "url",
    [
        "ftp://h/",
        "http://",
        "http://u:p@h/",
        "http://h:99999/",
        "http://h/#x",
        "http://h/\r\nX: y",
        "//h",
        "http://h/ä",
    ],
)
def test_urls_that_are_refused(url):
    """Only a plain http or https URL with a host is a target."""
    with pytest.raises(SecopsError):
        read_url(url)


@pytest.mark.parametrize("bad", [{"path": "/a b"}, {"path": "x"}, {"path": "/\r\nHost: evil"}, {"method": "POST"}])
def test_arguments_that_are_refused(actions, bad):
    """A path or method that would say more than a page view is refused before anything is sent."""
    with pytest.raises(SecopsError):
        actions["http_marker"].do(call(**bad))


def test_prediction(actions, outside):
    """The plan shows the request, one target, and what the Gate would refuse."""
    outside.refused = "not in scope"
    told = actions["http_marker"].predict(URL)
    assert told.targets == 1
    assert "GET http://127.0.0.9:8080/?m={token}" in told.sends
    assert told.refused == "not in scope"
    assert told.unpredictable
