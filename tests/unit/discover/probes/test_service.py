"""nmap's probes joined with our own collectors: who is asked, what is told, and that nothing is asked twice."""

from dataclasses import replace

import pytest

from secops.core.model import Status, Target
from secops.dial.conversation import Failed, Redial, Secured, StartTls
from secops.discover.collectors import service
from secops.discover.collectors.dispatch import COLLECTORS, identify
from secops.discover.collectors.interface import Reading
from secops.discover.probes.ask import Kit, State, Verdict
from secops.discover.probes.file import parse
from secops.discover.probes.matchers import matcher

PAGE = b"HTTP/1.1 200 OK\r\nServer: nginx/1.22.1\r\nContent-Length: 0\r\n\r\n"
TLS = Secured("TLSv1.3", "X", ())


def names(readings):
    return [each.collector for each in readings]


@pytest.fixture
def polite(kit):
    return replace(kit, only_first=True)


def test_the_polite_look_hears_more_than_it_asks(player, polite):
    """At level GENTLE our own page is matched against nmap's patterns: version and CPE without one more packet."""
    plain, peer = player(PAGE), player(PAGE)
    plain.run(identify(Target("198.18.0.1", 80)))
    page, told = peer.run(identify(Target("198.18.0.1", 80), polite))
    assert names((page, told)) == ["http@1", "service@1"]
    assert told.facts["service.version"] == "1.22.1"
    assert told.facts["service.cpe"] == ("cpe:/a:igor_sysoev:nginx:1.22.1",)
    assert peer.sent == plain.sent


def test_greetings_are_heard(player, polite):
    """A greeting is matched against NULL's patterns beside our own reading of it."""
    readings = player(b"220 (vsFTPd 3.0.3)\r\n").run(identify(Target("198.18.0.1", 31_000), polite))
    assert names(readings) == ["greeting@1", "service@1"]
    assert readings[1].facts["service.os"] == "Unix"


def test_active_look_asks_nmaps_probe_then_our_collector(player, kit):
    """At level ACTIVE the port's probe is asked, then the page by our own collector on a connection of its own."""
    peer = player(PAGE)
    readings = peer.run(identify(Target("198.18.0.1", 80), kit))
    assert names(readings) == ["service@1", "http@1"]
    assert peer.sent.startswith(b"GET / HTTP/1.0\r\n\r\nGET / HTTP/1.1\r\n")


def test_inside_tls(player, kit):
    """TLS is told first, then what is inside it."""
    peer = player(b"\x16\x03\x03", PAGE, secured=TLS)
    readings = peer.run(identify(Target("198.18.0.1", 443), kit))
    assert names(readings) == ["tls@1", "service@1", "http@1"]
    assert readings[1].facts["tls.enabled"] is True


def test_ssh_goes_on_where_the_greeting_ended(player, kit):
    """After an SSH greeting the key exchange follows on the same connection."""
    peer = player(b"SSH-2.0-OpenSSH_9.2p1\r\n")
    readings = peer.run(identify(Target("198.18.0.1", 31_000), kit))
    assert names(readings) == ["service@1", "ssh@1"]
    assert peer.redials == 0


def test_our_own_look_where_nmap_knows_nothing(player, kit):
    """What no probe of nmap's recognises is left to our own collectors."""
    readings = player(b"", b"", b"", b"", b"", b"", b"", b"+PONG\r\n").run(identify(Target("198.18.0.1", 6379), kit))
    assert "redis@1" in names(readings)


def test_excluded_ports_are_left_alone(player, kit):
    """Nothing is said to a port the file excludes."""
    peer = player(PAGE)
    (reading,) = peer.run(identify(Target("198.18.0.1", 9100), kit))
    assert (reading.status, reading.facts, peer.sent) == (Status.LIMIT, {}, b"")


def test_wrapped_says_so(player, kit):
    """A wrapped port claims no service."""

    class Closing(player):
        def answer(self, command):
            answer = super().answer(command)
            return type(answer)(b"", True) if getattr(command, "seconds", 0) and not self.sent else answer

    (reading,) = Closing(b"").run(identify(Target("198.18.0.1", 31_000), kit))
    assert (reading.facts, reading.extra["tcpwrapped"]) == ({}, True)


def test_readings_of_verdicts():
    """Each way asking can end has its status and its reason."""
    assert service.describe(Verdict(State.CUT)).status is Status.CLOSED_EARLY
    assert service.describe(Verdict(State.NOTHING)).status is Status.TIMEOUT
    told = service.describe(Verdict(State.NOTHING, heard=b"\x1b[2Jhello"))
    assert (told.status, told.extra["reply"]) == (Status.PROTOCOL_ERROR, "[2Jhello")
    assert service.describe(Verdict(State.CUT, tls=True)).facts == {"service.name": "ssl", "tls.enabled": True}


def test_every_deeper_collector_exists():
    """Each service of nmap's that has a collector of ours names one that can ask."""
    known = {each.name: each for each in COLLECTORS}
    assert all(known[name].ask is not None for name in service.DEEPER.values())


def test_rpcbind_is_completed():
    """Rpcbind's version comes from its own list, as nmap's script gives it; other services stay as they were told."""
    told = Reading(service.LABEL, Status.SUCCESS, {"service.name": "rpcbind"})
    deeper = (Reading("rpcbind@1", Status.SUCCESS, {"service.name": "rpcbind", "service.version": "2-4"}),)
    assert service.completed(told, deeper).facts["service.version"] == "2-4"
    other = Reading(service.LABEL, Status.SUCCESS, {"service.name": "http"})
    assert service.completed(other, deeper) is other


def test_under_a_name_only_our_own_look(player, kit):
    """A port asked under a host name hears our own look alone: nmap's probes went to its address."""
    peer = player(PAGE)
    readings = peer.run(identify(Target("198.18.0.1", 80, name="www.example.cn"), kit))
    assert names(readings) == ["http@1", "service@1"]
    assert b"HTTP/1.0" not in peer.sent


def refusing(player, *connections, after=0, secured=None):
    """A peer that takes no further connection after so many."""

    class Once(player):
        def answer(self, command):
            if isinstance(command, Redial) and self.redials >= after:
                return Failed(Status.REFUSED)
            return super().answer(command)

    return Once(*connections, secured=secured)


def test_a_peer_that_takes_no_second_connection(player, kit):
    """What the first connection told stays, though our own look cannot follow."""
    assert names(refusing(player, PAGE).run(identify(Target("198.18.0.1", 80), kit))) == ["service@1"]
    nothing = refusing(player, b"?").run(identify(Target("198.18.0.1", 31_000), kit))
    assert [each.status for each in nothing] == [Status.CLOSED_EARLY]


def test_a_handshake_that_works_only_once(player, kit):
    """Where TLS stands for nmap's probe and not again for our page, what is known is told."""

    class Fickle(player):
        shaken = 0

        def answer(self, command):
            if isinstance(command, StartTls):
                self.shaken += 1
                return TLS if self.shaken == 1 else Failed(Status.PROTOCOL_ERROR, "no")
            return super().answer(command)

    readings = Fickle(b"\x16\x03\x03", PAGE).run(identify(Target("198.18.0.1", 443), kit))
    assert readings[-1].facts["service.product"] == "nginx"


def test_greeting_after_null(player, kit):
    """A server that greeted nmap's NULL is read by our own greetings too, without asking again."""
    peer = player(b"220 (vsFTPd 3.0.3)\r\n")
    readings = peer.run(identify(Target("198.18.0.1", 31_000), kit))
    assert (names(readings), peer.redials) == (["service@1", "greeting@1"], 0)


def test_the_collector_of_the_service_is_asked(player, clock):
    """A service nmap names is asked by the collector of ours that knows more, on a connection of its own."""
    book = parse(b"Probe TCP NULL q||\nmatch redis m|^hello|\n")
    kit = Kit(book, matcher(book), clock)
    peer = player(b"hello", b"+PONG\r\n")
    readings = peer.run(identify(Target("198.18.0.1", 31_000), kit))
    assert (names(readings), peer.sent) == (["service@1", "redis@1"], b"PING\r\n")
    kit.matcher.close()
