from dataclasses import replace

import pytest

from secops.core.model import Status, Target, Transport
from secops.dial.conversation import Failed, Receive, Received, Redial, Secured, Send, StartTls
from secops.discover.probes.ask import State, ask, merged
from secops.discover.probes.template import Filled

PAGE = b"HTTP/1.1 200 OK\r\nServer: nginx/1.22.1\r\n\r\n"
TLS = Secured("TLSv1.3", "X", (b"der",))
HUSH = "hush"
"""Nothing is said until the time is up."""


class Peer:
    """Connections as lists of what is heard one after another; time passes while nothing is said."""

    def __init__(self, clock, *connections, secured=TLS, dials=99):
        self.clock, self.connections, self.secured, self.dials = (
            clock,
            [list(each) for each in connections],
            secured,
            dials,
        )
        self.sent = []
        self.at = 0

    def run(self, conversation):
        answer = None
        for _ in range(300):
            try:
                command = conversation.send(answer)
            except StopIteration as done:
                return done.value
            answer = self.answer(command)
        raise AssertionError("does not end")

    def answer(self, command):
        match command:
            case Send():
                self.sent.append(command.data)
                return Received(b"")
            case Redial():
                self.at += 1
                self.sent.append("redial")
                return Received(b"") if self.at < self.dials else Failed(Status.TIMEOUT)
            case StartTls():
                self.sent.append("tls")
                return self.secured
            case Receive():
                mine = self.connections[min(self.at, len(self.connections) - 1)]
                part = mine.pop(0) if mine else HUSH
                if part == HUSH:
                    self.clock.at += command.seconds
                    return Failed(Status.TIMEOUT)
                if part == b"":
                    return Received(b"", True)
                return Received(part)


def asked(kit, port, *connections, **more):
    peer = Peer(kit.clock, *connections, **more)
    return peer.run(ask(Target("198.18.0.1", port), kit)), peer


def test_a_greeting_is_enough(kit):
    """A server that speaks first is known by what it says; nothing is sent to it."""
    verdict, peer = asked(kit, 31_000, [b"SSH-2.0-Open", b"SSH_9.2p1\r\n"])
    assert (verdict.state, verdict.service, verdict.filled.version) == (State.HARD, "ssh", "9.2p1")
    assert peer.sent == []
    assert verdict.asked == ("NULL",)


def test_the_ports_own_probe_goes_first(kit):
    """Where the port's servers wait to be asked, its probe is sent at once and its answer is enough."""
    verdict, peer = asked(kit, 80, [PAGE])
    assert (verdict.service, verdict.filled.product, verdict.probe) == ("http", "nginx", "GetRequest")
    assert peer.sent == [b"GET / HTTP/1.0\r\n\r\n"]
    assert kit.clock.at == 0


def test_null_first_where_it_is_wanted(kit):
    """Without the early probe the order is nmap's own: silence for six seconds, then the port's probe on it."""
    verdict, peer = asked(replace(kit, early=False), 80, [HUSH, PAGE])
    assert (verdict.service, verdict.asked, kit.clock.at) == ("http", ("NULL", "GetRequest"), 6.0)
    assert peer.sent == [b"GET / HTTP/1.0\r\n\r\n"]


def test_a_greeting_to_the_early_probe_is_heard_again(kit):
    """A greeting where a page was expected is not taken as an answer to it: it is listened to on a new connection."""
    greeting = b"220 mail.x ESMTP Postfix\r\n"
    verdict, peer = asked(kit, 80, [greeting], [greeting])
    assert verdict.service == "smtp"
    assert peer.sent[1] == "redial"
    assert verdict.asked[:2] == ("GetRequest", "NULL")


def test_unlisted_port_is_asked_in_file_order(kit):
    """On a port no probe lists, the common probes come in the order of the file, each on its own connection."""
    verdict, peer = asked(kit, 31_000, [HUSH, HUSH], [PAGE])
    assert verdict.asked == ("NULL", "Lines", "GetRequest")
    assert peer.sent == [b"\r\n\r\n", "redial", b"GET / HTTP/1.0\r\n\r\n"]


def test_rare_probes_only_after_a_soft_match(kit):
    """Silence is met with the common probes alone; a soft match brings the rare one that can name the service."""
    nothing, _ = asked(kit, 31_000, [HUSH])
    assert (nothing.state, nothing.asked) == (State.NOTHING, ("NULL", "Lines", "GetRequest", "Hello"))
    soft, _ = asked(kit, 80, [b"HTTP/1.0 200 OK\r\n\r\n", HUSH], [b"HTTP/1.0 405 Tiny a b\r\n"])
    assert (soft.state, soft.service, soft.filled.info) == (State.HARD, "http", "a-b")
    assert (soft.filled.device_type, soft.asked) == ("printer", ("GetRequest", "Options"))


def test_soft_alone(kit):
    """A soft match that nothing confirms names the service and claims no certainty."""
    verdict, _ = asked(kit, 80, [b"HTTP/1.0 200 OK\r\n\r\n", b""], [HUSH])
    assert (verdict.state, verdict.service, verdict.filled.product) == (State.SOFT, "http", "")


def test_wrapped(kit):
    """A peer that closes at once without a word is wrapped; after three seconds it is merely silent."""
    assert asked(kit, 31_000, [b""])[0].state is State.WRAPPED
    assert asked(kit, 80, [b""], [b""])[0].state is State.WRAPPED

    class Slow(Peer):
        def answer(self, command):
            self.clock.at += 4 if isinstance(command, Receive) else 0
            return super().answer(command)

    peer = Slow(kit.clock, [b""])
    assert peer.run(ask(Target("198.18.0.1", 31_000), kit)).state is State.NOTHING


def test_once_more_inside_tls(kit):
    """`ssl` begins everything once more inside TLS, with the ports the file names for it; never twice."""
    verdict, peer = asked(kit, 443, [b"\x16\x03\x03\x00"], [PAGE])
    assert (verdict.service, verdict.tls, verdict.filled.product, verdict.secured) == ("http", True, "nginx", TLS)
    assert peer.sent == [b"\x16\x03\x00", "redial", "tls", b"GET / HTTP/1.0\r\n\r\n"]
    twice, _ = asked(kit, 443, [b"\x16\x03\x03\x00"], [b"\x16\x03\x03\x00"], [HUSH])
    assert (twice.state, twice.service, twice.tls) == (State.NOTHING, "", True)


def test_tls_that_cannot_be_entered(kit):
    """Where the handshake fails the verdict says TLS and nothing of what is inside."""
    verdict, _ = asked(kit, 443, [b"\x16\x03\x03\x00"], [HUSH], secured=Failed(Status.PROTOCOL_ERROR, "no"))
    assert (verdict.state, verdict.tls, verdict.service) == (State.CUT, True, "")


def test_named_without_entering(kit):
    """`ssl/imap` names the service inside without a handshake."""
    verdict, peer = asked(kit, 80, [b"secret imap"])
    assert (verdict.service, verdict.tls) == ("imap", True)
    assert "tls" not in peer.sent


def test_lost_connection(kit):
    """A target that takes no further connection ends the asking with what is known so far."""
    verdict, _ = asked(kit, 31_000, [HUSH], dials=1)
    assert (verdict.state, verdict.asked) == (State.CUT, ("NULL", "Lines"))


def test_a_flood_is_cut(kit):
    """No more than 4,096 bytes and a chunk are gathered from one answer."""
    verdict, _ = asked(kit, 31_000, [b"x" * 4_096] * 3, [HUSH])
    assert verdict.state is State.NOTHING
    assert len(verdict.heard) <= 1_024


@pytest.mark.parametrize("port", [9100, 9102])
def test_excluded_ports_hear_nothing(kit, port):
    """Nothing is sent to ports the file excludes."""
    verdict, peer = asked(kit, port, [PAGE])
    assert (verdict.state, peer.sent) == (State.EXCLUDED, [])


def test_the_polite_look(kit):
    """The polite look asks the port's own probe and listens, no more."""
    verdict, _ = asked(replace(kit, only_first=True), 4_000, [HUSH])
    assert (verdict.state, verdict.asked) == (State.NOTHING, ("Lines",))
    assert asked(replace(kit, only_first=True), 31_000, [HUSH])[0].asked == ("NULL",)


def test_udp(kit):
    """Over UDP there is no NULL and no new connection; the answer is matched all the same."""
    peer = Peer(kit.clock, [b"\x00\x06AB"])
    verdict = peer.run(ask(Target("198.18.0.1", 53, Transport.UDP), kit))
    assert (verdict.service, verdict.filled.version, verdict.filled.info) == ("domain", str(0x4142), "AB")
    assert peer.sent == [b"ask"]


def test_a_hard_match_keeps_what_the_soft_one_said():
    """What the hard match leaves open stays as the soft one said it."""
    soft = Filled("smtp", soft=True, product="A", hostname="h", cpe=("cpe:/o:x",))
    hard = Filled("smtp", soft=False, product="B", cpe=("cpe:/a:y",))
    assert merged(soft, hard) == Filled("smtp", soft=False, product="B", hostname="h", cpe=("cpe:/a:y", "cpe:/o:x"))
    assert merged(None, hard) is hard
