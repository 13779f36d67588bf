import socket
import ssl
import time

import pytest

from secops.core.errors import Refused
from secops.core.model import Status, Target
from secops.dial.conversation import Failed, Receive, Received, Redial, Secured, Send, StartTls
from secops.dial.loop import Loop
from secops.dial.talk import Bounds, Job


def run(gate, clock, *jobs, **words):
    return list(Loop(gate, clock, pps_per_host=1e6, bounds=Bounds(**words)).run(jobs))


def here(port):
    return Target("127.0.0.1", port)


def free_port():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


def hold(peer):
    peer.recv(1)


def test_open_and_refused(gate, clock, serve):
    """A bare connect tells open from refused."""
    outcomes = run(gate, clock, Job(here(serve(hold))), Job(here(free_port())))
    assert {each.status for each in outcomes} == {Status.OPEN, Status.REFUSED}


def test_conversation_over_the_wire(gate, clock, serve):
    """Commands become bytes and bytes become answers; the rest of a read stays for the next one."""

    def talk():
        yield Send(b"hello")
        first = yield Receive(100, 2, b"\n")
        second = yield Receive(3, 2)
        return first.data, second.data

    port = serve(lambda peer: peer.sendall(peer.recv(5).upper() + b"\nabcdef"))
    (outcome,) = run(gate, clock, Job(here(port), talk))
    assert outcome.result == (b"HELLO\n", b"abc")
    assert outcome.status is Status.SUCCESS


def test_out_of_lease_is_never_connected(make_gate, clock, serve):
    """A target outside the lease gets no connection; the Gate is told."""
    reached = []
    port = serve(reached.append)
    gate = make_gate(targets=("127.9.9.9",))
    (outcome,) = run(gate, clock, Job(here(port)))
    assert outcome.status is Status.OUT_OF_SCOPE
    assert gate.refusals == [("127.0.0.1", port, "out-of-lease")]
    assert not reached


def test_revocation_ends_waiting_conversations(gate, clock, serve):
    """When the Gate shuts, a conversation that only waits is cut within a second."""

    def talk():
        return (yield Receive(1, 30))

    port = serve(lambda peer: time.sleep(3))
    loop = Loop(gate, clock, pps_per_host=1e6, tick=lambda: setattr(gate, "open", False))
    begun = time.monotonic()
    with pytest.raises(Refused):
        list(loop.run([Job(here(port), talk)]))
    assert time.monotonic() - begun < 1


def test_a_gigabyte_is_cut(gate, clock, serve):
    """A server that sends without end is cut at the bound of bytes."""

    def flood(peer):
        while True:
            peer.sendall(bytes(65_536))

    def talk():
        total = 0
        while True:
            answer = yield Receive(65_536, 2)
            if isinstance(answer, Failed):
                return total, answer.status
            total += len(answer.data)

    (outcome,) = run(gate, clock, Job(here(serve(flood)), talk), bytes=300_000, commands=1_000)
    assert outcome.result[1] is Status.LIMIT
    assert outcome.bytes_in < 500_000


def test_a_slow_server_is_cut(gate, clock, serve):
    """One byte now and then does not hold a conversation beyond its time."""

    def drip(peer):
        while True:
            peer.sendall(b"x")
            time.sleep(0.1)

    def talk():
        data = b""
        while True:
            answer = yield Receive(1_000, 0.2, b"\n")
            if isinstance(answer, Failed):
                return data, answer.status
            data += answer.data

    begun = time.monotonic()
    (outcome,) = run(gate, clock, Job(here(serve(drip)), talk), seconds=0.6, commands=1_000)
    assert outcome.result[1] is Status.LIMIT
    assert outcome.result[0].startswith(b"x")
    assert time.monotonic() - begun < 2


def test_silence_times_out_and_the_connection_stands(gate, clock, serve):
    """After a Receive that timed out the same connection can still be used."""

    def talk():
        first = yield Receive(10, 0.1)
        yield Send(b"q")
        return first, (yield Receive(10, 2))

    port = serve(lambda peer: peer.sendall(peer.recv(1)))
    (outcome,) = run(gate, clock, Job(here(port), talk))
    assert outcome.result == (Failed(Status.TIMEOUT), Received(b"q", False)) or outcome.result[1].data == b"q"


def test_redial_opens_a_new_connection(gate, clock, serve):
    """Redial gives a fresh connection under a lease of its own."""

    def talk():
        first = yield Receive(10, 2)
        again = yield Redial()
        second = yield Receive(10, 2)
        return first.data, again, second.data

    (outcome,) = run(gate, clock, Job(here(serve(lambda peer: peer.sendall(b"hi"))), talk))
    assert outcome.result == (b"hi", Received(b""), b"hi")


def test_collector_fault_does_not_end_the_others(gate, clock, serve):
    """A collector that raises ends its own job only."""

    def broken():
        yield Receive(1, 2)
        raise RuntimeError("oops")

    def fine():
        return (yield Receive(2, 2)).data

    port = serve(lambda peer: peer.sendall(b"hi"))
    outcomes = run(gate, clock, Job(here(port), broken), Job(here(port), fine))
    assert {each.status for each in outcomes} == {Status.PROTOCOL_ERROR, Status.SUCCESS}
    assert any("oops" in each.detail for each in outcomes)


def test_starttls_on_plain_text(gate, clock, serve):
    """A handshake with a server that speaks plain text fails as a protocol error."""

    def talk():
        return (yield StartTls(seconds=2))

    port = serve(lambda peer: peer.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n"))
    (outcome,) = run(gate, clock, Job(here(port), talk))
    assert outcome.result.status is Status.PROTOCOL_ERROR


def test_tls_tells_version_chain_and_carries_data(gate, clock, serve, pair):
    """Inside TLS the chain is told unverified and data flows both ways."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*pair)

    def speak(peer):
        with context.wrap_socket(peer, server_side=True) as inner:
            inner.sendall(inner.recv(10) + b"x" * 50_000)

    def talk():
        secured = yield StartTls()
        yield Send(b"ping")
        first = yield Receive(4, 2, b"ping")
        rest = yield Receive(60_000, 2, b"never there")
        return secured, first.data, len(rest.data), rest.ended

    (outcome,) = run(gate, clock, Job(here(serve(speak)), talk))
    secured, first, size, ended = outcome.result
    assert isinstance(secured, Secured)
    assert secured.version == "TLSv1.3"
    assert len(secured.chain) == 1
    assert (first, size, ended) == (b"ping", 50_000, True)


def test_many_at_once_with_little_room(gate, clock, serve):
    """More jobs than room all end, one Outcome each."""
    ports = [free_port() for _ in range(3)]
    jobs = [Job(Target(f"127.0.0.{n}", port)) for n in range(1, 80) for port in ports]
    outcomes = run(gate, clock, *jobs, concurrency=7, per_host=2)
    assert sorted(map(str, (each.target for each in outcomes))) == sorted(str(each.target) for each in jobs)


def test_budget_is_waited_for(make_gate, clock):
    """With a budget of one packet a lease everything still comes through."""
    gate = make_gate(budget=1)
    port = free_port()
    outcomes = run(gate, clock, *(Job(Target(f"127.0.0.{n}", port)) for n in range(1, 6)))
    assert len(outcomes) == 5
    assert gate.leases >= 5


def test_rate_per_host_is_kept(gate, clock):
    """Five connects to one host at 20 a second take at least a fifth of a second."""
    port = free_port()
    begun = time.monotonic()
    list(Loop(gate, clock, pps_per_host=20).run([Job(here(port)) for _ in range(5)]))
    assert time.monotonic() - begun >= 0.19
