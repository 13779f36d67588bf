"""Conversations over UDP, thousands at once: the commands and outcomes of `loop`, a datagram a `Send` and a `Receive`.

`Receive` answers with one datagram (its first `most` bytes; `until` means nothing here). A question nobody answered is
sent again, twice, before `Failed(TIMEOUT)`. Each conversation has a connected socket of its own, so the kernel drops
what comes from anywhere else; ICMP port unreachable is `Failed(REFUSED)`.
"""

import contextlib
import errno
import hashlib
import heapq
import select
import socket
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from secops.core.clock import Clock
from secops.core.model import Status
from secops.dial.budget import Budget, Leasing
from secops.dial.conversation import Answer, Conversation, Failed, Receive, Received, Redial, Send
from secops.dial.loop import descriptors
from secops.dial.talk import Bounds, Job, Outcome
from secops.scope.level import Level

BOUNDS = Bounds(concurrency=512, bytes=1_048_576, seconds=30.0, commands=320, redials=2)
RESENDS = 2
"""Times a question is repeated while no answer comes, within the seconds of its `Receive`."""
_DATAGRAM = 65_535
_TICK = 0.05
_FORGET_HOSTS = 100_000
_REFUSALS = {errno.ECONNREFUSED: Status.REFUSED}


@dataclass(frozen=True, slots=True)
class DatagramJob(Job):
    """A job with what is known already: payload -> the answer it got in the first shot. It is not sent again."""

    known: Mapping[bytes, bytes] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class _Exchange:
    """One job under way."""

    job: Job
    conversation: Conversation
    started: float
    sock: socket.socket | None = None
    waits: Receive | None = None
    until: float = 0.0
    """When the pending `Receive` has had its time."""
    question: bytes = b""
    """What was sent last: sent again while no answer comes."""
    out: bytes | None = None
    """What waits for its turn to be sent."""
    repeats: int = 0
    ready: bytes | None = None
    """The first shot's answer, not yet handed over."""
    unsent: bool = False
    """The question was only asked in the first shot: it is sent as soon as that answer does not do."""
    serial: int = 0
    """Changes with every command, so that old alarms and turns are known as such."""
    commands: int = 0
    redials: int = 0
    bytes_in: int = 0
    failed: Failed | None = None
    over: bool = False
    digest: "hashlib._Hash" = field(default_factory=hashlib.sha256)


class DatagramLoop:
    """Runs jobs whose targets are UDP. One loop, one thread, one level of intrusiveness."""

    def __init__(
        self,
        gate: Leasing,
        clock: Clock,
        *,
        pps_per_host: float,
        level: Level = Level.GENTLE,
        bounds: Bounds = BOUNDS,
        tick: Callable[[], None] = lambda: None,
    ) -> None:
        """`tick` is called at least every 50 ms while the loop runs."""
        self.bounds = bounds
        self._room = min(bounds.concurrency, descriptors(bounds.concurrency))
        self._clock = clock
        self._budget = Budget(gate, clock, level)
        self._interval = 1.0 / max(pps_per_host, 0.001)
        self._tick = tick
        self._epoll: select.epoll | None = None
        self._live: dict[int, _Exchange] = {}
        self._turns: list[tuple[float, int, int, _Exchange]] = []
        self._alarms: list[tuple[float, int, int, _Exchange]] = []
        self._hosts: dict[str, float] = {}
        self._finished: deque[Outcome] = deque()
        self._active = 0
        self._count = 0

    @property
    def spent(self) -> int:
        """Packets charged so far."""
        return self._budget.spent

    def run(self, jobs: Iterable[Job]) -> Iterator[Outcome]:
        """One Outcome for every job, in the order they end. Raises `core.errors.Refused` when the Gate says no."""
        source = iter(jobs)
        more = True
        self._epoll = select.epoll()
        try:
            while True:
                while more and self._active < self._room:
                    job = next(source, None)
                    if job is None:
                        more = False
                    else:
                        self._begin(job)
                while self._finished:
                    yield self._finished.popleft()
                if not (more or self._active):
                    return
                if self._active:
                    self._budget.keep()
                self._tick()
                self._send_due()
                self._poll()
                self._expire()
        finally:
            self._close()

    def _begin(self, job: Job) -> None:
        now = self._clock.monotonic()
        self._active += 1
        if job.conversation is None or not self._budget.allows(job.target.address, job.target.port):
            status = Status.TIMEOUT if job.conversation is None else Status.OUT_OF_SCOPE
            self._active -= 1
            self._finished.append(Outcome(job.target, status))
            return
        self._converse(_Exchange(job, job.conversation(), now), None, now)

    def _converse(self, each: _Exchange, answer: Answer | None, now: float) -> None:
        """Hand over the answer and take commands until one must wait."""
        each.waits, each.out = None, None
        each.serial += 1
        while True:
            try:
                command = next(each.conversation) if answer is None else each.conversation.send(answer)
            except StopIteration as done:
                self._end(each, Status.SUCCESS, now, result=done.value)
                return
            except Exception as fault:  # noqa: BLE001 - one collector's fault must not end the other conversations
                self._end(each, Status.PROTOCOL_ERROR, now, f"collector fault: {type(fault).__name__}: {fault}"[:200])
                return
            each.commands += 1
            if each.commands > self.bounds.commands:
                self._end(each, Status.LIMIT, now, "commands")
                return
            if now >= each.started + self.bounds.seconds:
                each.failed = each.failed or Failed(Status.LIMIT, "time")
            if isinstance(command, Redial):
                answer = self._redial(each)
            elif each.failed is not None:
                answer = each.failed
            elif isinstance(command, Send):
                begun = self._ask(each, command.data, now)
                if begun is None:
                    return
                answer = begun
            elif isinstance(command, Receive):
                if each.ready is None:
                    self._await(each, command, now)
                    return
                answer, each.ready = self._heard(each, each.ready, command.most), None
            else:
                answer = Failed(Status.PROTOCOL_ERROR, "no tls over datagrams")

    def _ask(self, each: _Exchange, data: bytes, now: float) -> Answer | None:
        each.question, each.repeats = data, 0
        if isinstance(each.job, DatagramJob) and (known := each.job.known.get(data)):
            each.ready, each.unsent = known, True
            return Received(b"")
        each.ready, each.unsent = None, False
        each.out = data
        self._queue(each, now)
        return None

    def _redial(self, each: _Exchange) -> Answer:
        each.redials += 1
        if each.redials > self.bounds.redials:
            return Failed(Status.LIMIT, "redials")
        self._drop(each)
        each.failed = None
        each.question = b""
        return Received(b"")

    def _await(self, each: _Exchange, command: Receive, now: float) -> None:
        each.waits = command
        each.until = min(now + command.seconds, each.started + self.bounds.seconds)
        if each.unsent:
            each.unsent = False
            self._queue(each, now)
        self._alarm(each, now)

    def _alarm(self, each: _Exchange, now: float) -> None:
        """Wake at the next repetition, or at the end."""
        assert each.waits is not None
        left = each.until - now
        step = left / (RESENDS + 1 - each.repeats) if each.question and each.repeats < RESENDS else left
        self._count += 1
        heapq.heappush(self._alarms, (now + max(0.0, step), self._count, each.serial, each))

    def _queue(self, each: _Exchange, now: float) -> None:
        """Take the host's next free moment for one datagram."""
        address = each.job.target.address
        when = max(now, self._hosts.get(address, 0.0))
        self._hosts[address] = when + self._interval
        if len(self._hosts) > _FORGET_HOSTS:
            self._hosts = {host: at for host, at in self._hosts.items() if at > now}
        self._count += 1
        heapq.heappush(self._turns, (when, self._count, each.serial, each))

    def _send_due(self) -> None:
        now = self._clock.monotonic()
        while self._turns and self._turns[0][0] <= now:
            _, _, serial, each = self._turns[0]
            if each.over or each.serial != serial:  # answered while its turn was awaited
                heapq.heappop(self._turns)
                continue
            if not self._budget.take():
                return
            heapq.heappop(self._turns)
            self._send(each, now)

    def _send(self, each: _Exchange, now: float) -> None:
        """Send what waits, or repeat the question."""
        asked = each.out is not None
        data = each.out if each.out is not None else each.question
        try:
            self._socket(each).send(data)
        except BlockingIOError:
            pass  # a full queue is a lost datagram: it will be repeated
        except OSError as error:
            each.failed = Failed(_REFUSALS.get(error.errno or 0, Status.UNREACHABLE), _code(error))
            self._converse(each, each.failed, now)
            return
        if asked:
            self._converse(each, Received(b""), now)

    def _socket(self, each: _Exchange) -> socket.socket:
        if each.sock is None:
            target = each.job.target
            assert self._epoll is not None
            sock = socket.socket(socket.AF_INET6 if ":" in target.address else socket.AF_INET, socket.SOCK_DGRAM)
            each.sock = sock
            sock.setblocking(False)
            sock.connect((target.address, target.port))
            self._live[sock.fileno()] = each
            self._epoll.register(sock.fileno(), select.EPOLLIN)
        return each.sock

    def _poll(self) -> None:
        assert self._epoll is not None
        now = self._clock.monotonic()
        wait = _TICK
        if self._turns:
            wait = min(wait, max(0.002, self._turns[0][0] - now))
        if self._alarms:
            wait = min(wait, self._alarms[0][0] - now)
        for number, _ in self._epoll.poll(max(0.0, wait), 512):
            each = self._live.get(number)
            if each is not None and each.sock is not None:
                self._readable(each, each.sock, self._clock.monotonic())

    def _readable(self, each: _Exchange, sock: socket.socket, now: float) -> None:
        if each.waits is None and each.out is not None:
            with contextlib.suppress(OSError):  # late repetitions of an answer already taken
                sock.recv(_DATAGRAM)
            return
        try:
            data = sock.recv(_DATAGRAM)
        except BlockingIOError:
            return
        except OSError as error:
            each.failed = Failed(_REFUSALS.get(error.errno or 0, Status.UNREACHABLE), _code(error))
            self._converse(each, each.failed, now)
            return
        if each.waits is not None:
            each.question = b""
            self._converse(each, self._heard(each, data, each.waits.most), now)

    def _heard(self, each: _Exchange, data: bytes, most: int) -> Answer:
        each.bytes_in += len(data)
        each.digest.update(data)
        if each.bytes_in > self.bounds.bytes:
            each.failed = Failed(Status.LIMIT, "bytes")
            return each.failed
        return Received(data[:most])

    def _expire(self) -> None:
        now = self._clock.monotonic()
        while self._alarms and self._alarms[0][0] <= now:
            _, _, serial, each = heapq.heappop(self._alarms)
            if each.over or each.serial != serial or each.waits is None:
                continue
            if now < each.until and each.question and each.repeats < RESENDS:
                each.repeats += 1
                self._queue(each, now)
                self._alarm(each, now)
            else:
                out_of_time = now >= each.started + self.bounds.seconds
                self._converse(each, Failed(Status.LIMIT, "time") if out_of_time else Failed(Status.TIMEOUT), now)

    def _end(self, each: _Exchange, status: Status, now: float, detail: str = "", result: object = None) -> None:
        each.over = True
        each.conversation.close()
        self._drop(each)
        self._active -= 1
        digest = each.digest.hexdigest() if each.bytes_in else ""
        target = each.job.target
        self._finished.append(Outcome(target, status, detail, result, each.bytes_in, digest, now - each.started))

    def _drop(self, each: _Exchange) -> None:
        if each.sock is not None:
            self._live.pop(each.sock.fileno(), None)
            each.sock.close()
            each.sock = None

    def _close(self) -> None:
        for each in list(self._live.values()):
            self._drop(each)
        if self._epoll is not None:
            self._epoll.close()
            self._epoll = None
        self._budget.close()


def _code(error: OSError) -> str:
    return errno.errorcode.get(error.errno or 0, "")
