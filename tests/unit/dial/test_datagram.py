"""UDP on the loopback: the first shot and the conversations, against little servers ended with the test."""

import socket
import threading

import pytest

from secops.core.errors import Refused
from secops.core.model import Status, Target, Transport
from secops.dial.conversation import Failed, Receive, Received, Redial, Send, StartTls
from secops.dial.datagram import Answered, DatagramFinder, refusal
from secops.dial.datagram_loop import DatagramJob, DatagramLoop
from secops.dial.finder import DONE, DRAINED, REFUSED, Tally
from secops.dial.talk import Bounds, Job
from secops.scope.intervals import IntervalSet

HERE = IntervalSet.parse(["127.0.0.1"])


class Server:
    """Answers each datagram by a function (data, how many came before) -> datagrams, from the port it was asked on."""

    def __init__(self, answer, address="127.0.0.1"):
        self.sock = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.bind((address, 0))
        self.port = self.sock.getsockname()[1]
        self.answer = answer
        self.heard = []
        self.peer = None
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                data, self.peer = self.sock.recvfrom(65_535)
            except OSError:
                return
            if not data:
                return
            for each in self.answer(data, len(self.heard)):
                self.sock.sendto(each, self.peer)
            self.heard.append(data)

    def close(self):
        with socket.socket(self.sock.family, socket.SOCK_DGRAM) as last:  # an empty datagram ends the thread
            last.sendto(b"", self.sock.getsockname()[:2])
        self.sock.close()


@pytest.fixture
def serve():
    servers = []

    def begin(answer, address="127.0.0.1"):
        servers.append(Server(answer, address))
        return servers[-1]

    yield begin
    for each in servers:
        each.close()


def echo(data, _):
    return [b"got " + data]


def closed_port():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


def find(gate, clock, ports, addresses=HERE, **words):
    settings = {"pps_per_host": 10_000, "payloads": lambda target: (b"hello",), "patience": 0.1, "attempts": 2}
    *found, tally = DatagramFinder(gate, clock, **(settings | words)).find(addresses, ports, seed=5)
    assert isinstance(tally, Tally)
    return found, tally


def test_an_answer_is_an_open_port_and_unreachable_a_closed_one(gate, clock, serve):
    """What answers is told once with its first datagram; a closed port is known at once and not asked again."""
    server, closed = serve(echo), closed_port()
    found, tally = find(gate, clock, (server.port, closed))
    assert found == [Answered("127.0.0.1", server.port, b"got hello")]
    assert (tally.ended, tally.planned, tally.answered, tally.refused) == (DONE, 2, 2, 0)
    assert (tally.sent, tally.canaries, tally.canaries_lost, tally.alive) == (3, 1, 0, True)


def test_a_lost_question_is_asked_again(gate, clock, serve):
    """Silence is asked again, an answer to the second question counts."""
    server = serve(lambda data, count: echo(data, count) if count else [])
    found, tally = find(gate, clock, (server.port,))
    assert len(found) == 1
    assert tally.sent == 3, "twice to find it, once more as a canary"


def test_what_stops_answering_in_the_middle_is_noticed(gate, clock, serve):
    """Whoever answered is asked again at the end: when none does any more, nothing may be concluded from silence."""
    server = serve(lambda data, count: echo(data, count) if not count else [])
    found, tally = find(gate, clock, (server.port,))
    assert len(found) == 1
    assert (tally.canaries, tally.canaries_lost, tally.alive) == (1, 1, False)


def test_where_there_is_no_way_nothing_counts(clock, make_gate):
    """Addresses the kernel sends nothing to (here the broadcast) are told apart from silent ones."""
    passage = make_gate(targets=("255.255.255.255",))
    _, tally = find(passage, clock, (9,), IntervalSet.parse(["255.255.255.255"]))
    assert (tally.unrouted, tally.refused, tally.sent) == (1, 0, 0)
    assert tally.left == IntervalSet.parse(["255.255.255.255"])


def test_payloads_take_turns(gate, clock, serve):
    """A port that several first questions suit is asked with each of them."""
    server = serve(lambda data, count: echo(data, count) if data == b"three" else [])
    found, _ = find(gate, clock, (server.port,), payloads=lambda target: (b"one", b"two", b"three"), attempts=1)
    assert [each.data for each in found] == [b"got three"]
    assert server.heard[:3] == [b"one", b"two", b"three"]


def test_a_forged_source_is_passed_over(gate, clock, serve):
    """An answer from another port than the one asked is no answer."""
    liar = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    liar.bind(("127.0.0.1", 0))
    server = serve(lambda data, count: liar.sendto(b"me", server.peer) and [])
    found, tally = find(gate, clock, (server.port,))
    liar.close()
    assert found == []
    assert (tally.answered, tally.spoofed) == (0, 2)


def test_a_long_answer_is_found_but_not_kept(gate, clock, serve):
    """What would fill memory is left to the conversation to ask again."""
    server = serve(lambda data, count: [b"x" * 9_000])
    found, _ = find(gate, clock, (server.port,))
    assert found == [Answered("127.0.0.1", server.port, b"")]


def test_six_as_four(gate, clock, serve, make_gate):
    """IPv6 is asked through a socket of its own."""
    server = serve(echo, "::1")
    passage = make_gate(targets=("::1",))
    found, _ = find(passage, clock, (server.port,), IntervalSet.parse(["::1"]))
    assert found == [Answered("::1", server.port, b"got hello")]


def test_nothing_goes_to_what_the_lease_does_not_hold(make_gate, clock, serve):
    """A port or address outside the lease is left out and counted, never asked."""
    server, other = serve(echo), serve(echo)
    passage = make_gate(ports=(str(server.port),), targets=("127.0.0.1",))
    found, tally = find(passage, clock, (server.port, other.port), IntervalSet.parse(["127.0.0.1-127.0.0.2"]))
    assert [each.port for each in found] == [server.port]
    assert (tally.planned, tally.refused, other.heard) == (4, 3, [])
    assert len(passage.refusals) == 3


def test_the_gate_ends_a_search(make_gate, clock, serve):
    """A refusal is told in the tally; nothing is asked."""
    server = serve(echo)
    passage = make_gate()
    passage.open = False
    found, tally = find(passage, clock, (server.port,))
    assert (found, tally.ended, tally.detail[:5], server.heard) == ([], REFUSED, "E2110", [])


def test_draining_ends_a_search_early(gate, clock):
    """The caller's wish to end is looked at while waiting."""
    _, tally = find(gate, clock, (closed_port(),), IntervalSet.parse(["127.0.0.0/28"]), draining=lambda: True)
    assert tally.ended == DRAINED


def test_a_host_is_asked_no_faster_than_its_rate(gate, clock, serve):
    """Five ports of one host at 50 packets a second take 80 ms at least."""
    ports = tuple(serve(echo).port for _ in range(5))
    found, tally = find(gate, clock, ports, pps_per_host=50)
    assert len(found) == 5
    assert tally.seconds >= 0.08


def test_only_the_target_itself_can_say_that_a_port_is_closed():
    """The kernel's error report counts where origin, type, code and offender fit."""
    report = bytes.fromhex("6f000000020303000000000000000000") + b"\2\0\0\0\x7f\0\0\1" + bytes(8)
    assert refusal(socket.AF_INET, [(0, 11, report)], "127.0.0.1")
    assert not refusal(socket.AF_INET, [(0, 11, report)], "127.0.0.2")
    assert not refusal(socket.AF_INET, [(0, 11, report[:5] + b"\x0b" + report[6:])], "127.0.0.1")
    assert not refusal(socket.AF_INET, [(0, 11, report[:10])], "127.0.0.1")


def talk(*steps):
    """A conversation that yields these commands and returns the answers."""

    def conversation():
        answers = dict.fromkeys(range(len(steps)))
        for place, each in enumerate(steps):
            answers[place] = yield each
        return list(answers.values())

    return conversation


def converse(gate, clock, port, *steps, known=None, address="127.0.0.1", **words):
    loop = DatagramLoop(gate, clock, **({"pps_per_host": 10_000} | words))
    job = DatagramJob(Target(address, port, Transport.UDP), talk(*steps), known or {})
    (outcome,) = loop.run([job])
    return outcome, loop.spent


def test_a_question_and_its_answer(gate, clock, serve):
    """A datagram a Send, a datagram a Receive; the digest is over what was read."""
    server = serve(echo)
    outcome, spent = converse(gate, clock, server.port, Send(b"a"), Receive(100, 1), Send(b"bc"), Receive(4, 1))
    assert outcome.status is Status.SUCCESS
    assert outcome.result == [Received(b""), Received(b"got a"), Received(b""), Received(b"got ")]
    assert (outcome.bytes_in, spent, len(outcome.raw_digest)) == (11, 2, 64)


def test_a_question_is_repeated_while_no_answer_comes(gate, clock, serve):
    """The third asking is answered; after that there is silence, and it is told as such."""
    server = serve(lambda data, count: echo(data, count) if count == 2 else [])
    outcome, spent = converse(gate, clock, server.port, Send(b"a"), Receive(100, 0.3), Receive(100, 0.05))
    assert outcome.result[1:] == [Received(b"got a"), Failed(Status.TIMEOUT)]
    assert (spent, server.heard) == (3, [b"a"] * 3)


def test_an_answered_question_is_not_repeated(gate, clock, serve):
    """A repetition that waits for the host's turn is dropped when the answer comes first; nothing empty is sent."""
    pause = threading.Event()
    server = serve(lambda data, count: (pause.wait(0.1), echo(data, count))[1])
    steps = (Send(b"a"), Receive(9, 0.15), Receive(9, 0.2))
    outcome, spent = converse(gate, clock, server.port, *steps, pps_per_host=6)
    assert outcome.result[1:] == [Received(b"got a"), Failed(Status.TIMEOUT)]
    assert (spent, server.heard) == (1, [b"a"])


def test_what_the_first_shot_heard_is_not_asked_again(gate, clock, serve):
    """A known answer costs no packet; where it does not do, the question goes out after all."""
    server = serve(echo)
    known = {b"a": b"old"}
    outcome, spent = converse(gate, clock, server.port, Send(b"a"), Receive(9, 1), known=known)
    assert (outcome.result[1], spent, server.heard) == (Received(b"old"), 0, [])
    outcome, spent = converse(gate, clock, server.port, Send(b"a"), Receive(9, 1), Receive(9, 1), known=known)
    assert (outcome.result[1:], spent) == ([Received(b"old"), Received(b"got a")], 1)


def test_a_closed_port_is_refused(gate, clock):
    """ICMP port unreachable ends the waiting, and everything after it until a new socket."""
    outcome, _ = converse(gate, clock, closed_port(), Send(b"a"), Receive(9, 2), Send(b"b"), Redial(), Send(b"c"))
    refused = outcome.result[1]
    assert (refused.status, outcome.result[2]) == (Status.REFUSED, refused)
    assert outcome.result[3:] == [Received(b""), Received(b"")]
    assert outcome.seconds < 1


def test_a_stranger_is_not_heard(gate, clock, serve):
    """The socket is connected: what another port sends does not arrive."""
    liar = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server = serve(lambda data, count: liar.sendto(b"me", server.peer) and [])
    outcome, _ = converse(gate, clock, server.port, Send(b"a"), Receive(9, 0.2))
    liar.close()
    assert outcome.result[1] == Failed(Status.TIMEOUT)


def test_bounds_are_kept(gate, clock, serve):
    """Bytes, commands and time of a conversation end it; TLS is none of its commands."""
    server = serve(lambda data, count: [b"x" * 600])
    bounds = Bounds(bytes=1_000, commands=6, seconds=5)
    steps = (Send(b"a"), Receive(999, 1), Send(b"a"), Receive(999, 1), StartTls())
    outcome, _ = converse(gate, clock, server.port, *steps, bounds=bounds)
    assert outcome.result[3] == Failed(Status.LIMIT, "bytes")
    outcome, _ = converse(gate, clock, server.port, *[Send(b"a")] * 9, bounds=bounds)
    assert (outcome.status, outcome.detail) == (Status.LIMIT, "commands")
    outcome, _ = converse(gate, clock, server.port, StartTls())
    assert outcome.result[0].status is Status.PROTOCOL_ERROR
    silent = serve(lambda data, count: [])
    outcome, _ = converse(gate, clock, silent.port, Send(b"a"), Receive(9, 9), bounds=Bounds(seconds=0.2))
    assert outcome.result[1] == Failed(Status.LIMIT, "time")
    assert outcome.seconds < 1


def test_targets_out_of_lease_and_empty_jobs_and_faults(make_gate, clock, serve):
    """Each job has its outcome, whatever becomes of the others."""
    server = serve(echo)
    passage = make_gate(targets=("127.0.0.1",))

    def broken():
        yield Send(b"a")
        raise KeyError("oops")

    loop = DatagramLoop(passage, clock, pps_per_host=10_000)
    jobs = [
        Job(Target("127.0.0.2", server.port, Transport.UDP), talk(Send(b"a"))),
        Job(Target("127.0.0.1", server.port, Transport.UDP)),
        Job(Target("127.0.0.1", server.port, Transport.UDP), broken),
        Job(Target("127.0.0.1", server.port, Transport.UDP), talk(Send(b"a"), Receive(9, 1))),
    ]
    outcomes = {each.status: each for each in loop.run(jobs)}
    assert set(outcomes) == {Status.OUT_OF_SCOPE, Status.TIMEOUT, Status.PROTOCOL_ERROR, Status.SUCCESS}
    assert "KeyError" in outcomes[Status.PROTOCOL_ERROR].detail


def test_the_gate_ends_every_conversation(make_gate, clock, serve):
    """A refusal is raised at once and the sockets are closed."""
    passage = make_gate()
    silent = serve(lambda data, count: [])

    def shut():
        passage.open = False

    loop = DatagramLoop(passage, clock, pps_per_host=10_000, tick=shut)
    with pytest.raises(Refused):
        list(loop.run([Job(Target("127.0.0.1", silent.port, Transport.UDP), talk(Send(b"a"), Receive(9, 30)))]))


def test_many_at_once(gate, clock, serve):
    """A thousand conversations through a hundred sockets."""
    server = serve(echo)
    loop = DatagramLoop(gate, clock, pps_per_host=100_000, bounds=Bounds(concurrency=100))
    target = Target("127.0.0.1", server.port, Transport.UDP)
    outcomes = list(loop.run(Job(target, talk(Send(b"a"), Receive(9, 2))) for _ in range(1_000)))
    assert [each.result[1] for each in outcomes] == [Received(b"got a")] * 1_000
