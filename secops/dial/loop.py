"""The epoll loop: thousands of conversations at once, every connect under a lease, every wait with an end."""

import contextlib
import errno
import heapq
import resource
import select
import socket
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from secops.core.clock import Clock
from secops.core.model import Status
from secops.dial.budget import Budget, Leasing
from secops.dial.talk import Bounds, Job, Outcome, Talk
from secops.scope.level import Level

_PARKED_MOST = 8_192
"""Jobs taken from the caller that wait for their host's turn."""
_TICK = 0.05
_SHORT = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM, errno.EADDRNOTAVAIL, errno.EAGAIN}
_SHORT_TRIES = 200
_FORGET_HOSTS = 100_000
_SPARE = 128
"""Descriptors left for files, pipes and the store."""


@dataclass(slots=True)
class _Host:
    """Who is busy where."""

    active: int = 0
    next: float = 0.0
    queue: deque[Job] = field(default_factory=deque)


class Loop:
    """Runs jobs. One loop, one thread, one level of intrusiveness.

    `pps_per_host` is the scope's; a connect and each flight of data count as one packet each, as in the lease.
    """

    def __init__(
        self,
        gate: Leasing,
        clock: Clock,
        *,
        pps_per_host: float,
        level: Level = Level.GENTLE,
        bounds: Bounds | None = None,
        tick: Callable[[], None] = lambda: None,
    ) -> None:
        """`tick` is called at least every 50 ms while the loop runs."""
        self.bounds = bounds or Bounds()
        self._room = min(self.bounds.concurrency, descriptors(self.bounds.concurrency))
        self._tick = tick
        self._clock = clock
        self._budget = Budget(gate, clock, level)
        self._interval = 1.0 / max(pps_per_host, 0.001)
        self._epoll: select.epoll | None = None
        self._talks: dict[int, Talk] = {}
        self._hosts: dict[str, _Host] = {}
        self._wakes: list[tuple[float, str]] = []
        self._alarms: list[tuple[float, int, int, Talk]] = []
        self._backlog: deque[Talk] = deque()
        self._starved: deque[Talk] = deque()
        self._finished: deque[Outcome] = deque()
        self._active = 0
        self._parked = 0
        self._count = 0

    @property
    def spent(self) -> int:
        """Packets charged so far."""
        return self._budget.spent

    def run(self, jobs: Iterable[Job]) -> Iterator[Outcome]:
        """One Outcome for every job, in the order they end. `jobs` is drawn from only as there is room.

        Raises `core.errors.Refused` when the Gate gives no further lease; every connection is then closed at once.
        """
        source = iter(jobs)
        more = True
        self._epoll = select.epoll()
        try:
            while True:
                more = self._admit(source, more)
                yield from self._done()
                if not (more or self._active or self._parked):
                    return
                if self._active:
                    self._budget.keep()
                self._tick()
                self._poll()
                self._feed_starved()
                self._expire()
                yield from self._done()
        finally:
            self._close()

    def _admit(self, source: Iterator[Job], more: bool) -> bool:
        now = self._clock.monotonic()
        while self._backlog and self._dial(self._backlog[0], now):
            self._backlog.popleft()
        while self._wakes and self._wakes[0][0] <= now:
            self._serve(heapq.heappop(self._wakes)[1], now)
        while more and not self._backlog and self._active < self._room and self._parked < _PARKED_MOST:
            job = next(source, None)
            if job is None:
                return False
            address = job.target.address
            host = self._hosts.setdefault(address, _Host())
            host.queue.append(job)
            self._parked += 1
            if len(host.queue) == 1:
                self._serve(address, now)
            if len(self._hosts) > _FORGET_HOSTS:
                self._hosts = {key: each for key, each in self._hosts.items() if each.active or each.queue}
        return more

    def _serve(self, address: str, now: float) -> None:
        """Begin what this host's turn permits."""
        host = self._hosts.get(address)
        while host is not None and host.queue and host.active < self.bounds.per_host:
            if self._active >= self._room or self._backlog:
                heapq.heappush(self._wakes, (now + 0.01, address))
                return
            if host.next > now:
                heapq.heappush(self._wakes, (host.next, address))
                return
            job = host.queue.popleft()
            self._parked -= 1
            host.active += 1
            self._active += 1
            talk = Talk(job, self.bounds, now)
            if not self._dial(talk, now):
                self._backlog.append(talk)

    def _dial(self, talk: Talk, now: float) -> bool:
        """Begin connecting; False when it must wait for budget or descriptors."""
        target = talk.job.target
        if not self._budget.allows(target.address, target.port):
            talk.end(Status.OUT_OF_SCOPE)
            self._settle(talk, now)
            return True
        if not self._budget.take():
            return False
        self._charge(target.address, now)
        try:
            sock = socket.socket(socket.AF_INET6 if ":" in target.address else socket.AF_INET, socket.SOCK_STREAM)
            sock.setblocking(False)
            error = sock.connect_ex((target.address, target.port))
        except OSError as fault:
            sock, error = None, fault.errno or errno.EINVAL
        if error in _SHORT and talk.tries < _SHORT_TRIES:
            talk.tries += 1
            if sock is not None:
                sock.close()
            return False
        if sock is None or error not in {0, errno.EINPROGRESS}:
            if sock is not None:
                sock.close()
            talk.on_unconnected(error, now)
            self._after(talk, now)
            return True
        talk.sock = sock
        self._talks[sock.fileno()] = talk
        assert self._epoll is not None
        talk.mask = select.EPOLLOUT
        self._epoll.register(sock.fileno(), talk.mask)
        talk.alarm_connect(now)
        self._watch(talk)
        return True

    def _poll(self) -> None:
        assert self._epoll is not None
        now = self._clock.monotonic()
        wait = _TICK
        if self._backlog or self._starved:
            wait = 0.01
        if self._alarms:
            wait = min(wait, self._alarms[0][0] - now)
        if self._wakes:
            wait = min(wait, self._wakes[0][0] - now)
        for number, events in self._epoll.poll(max(0.0, wait), 512):
            talk = self._talks.get(number)
            if talk is None or talk.sock is None:
                continue
            now = self._clock.monotonic()
            if not talk.connected:
                self._connected(talk, now)
            else:
                if events & (select.EPOLLIN | select.EPOLLHUP | select.EPOLLERR):
                    talk.on_readable(now)
                self._after(talk, now)

    def _connected(self, talk: Talk, now: float) -> None:
        assert talk.sock is not None
        error = talk.sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if not error and _is_itself(talk.sock):
            error = errno.ECONNREFUSED
        if error:
            self._drop(talk)
            talk.on_unconnected(error, now)
        else:
            talk.on_connected(now)
        self._after(talk, now)

    def _after(self, talk: Talk, now: float) -> None:
        """What a step of the conversation has left to do: end, dial again, write, wait."""
        if talk.over:
            self._settle(talk, now)
            return
        if not talk.connected:
            self._drop(talk)
            if not self._dial(talk, now):
                self._backlog.append(talk)
            return
        if talk.out and not self._write(talk, now):
            return
        self._want(talk, select.EPOLLIN | (select.EPOLLOUT if talk.out and not talk.starved else 0))
        self._watch(talk)

    def _write(self, talk: Talk, now: float) -> bool:
        """Put out what may be put out; False when the conversation moved on by that and was seen to already."""
        assert talk.sock is not None
        if not self._budget.take():
            if not talk.starved:
                talk.starved = True
                self._starved.append(talk)
            return True
        self._charge(talk.job.target.address, now)
        try:
            sent = talk.sock.send(talk.out)
            del talk.out[:sent]
        except BlockingIOError:
            return True
        except OSError:
            talk.on_unwritable()
            talk.look(now)
            self._after(talk, now)
            return False
        return True

    def _feed_starved(self) -> None:
        for _ in range(len(self._starved)):
            talk = self._starved.popleft()
            talk.starved = False
            if not talk.over and talk.connected:
                self._after(talk, self._clock.monotonic())

    def _expire(self) -> None:
        now = self._clock.monotonic()
        while self._alarms and self._alarms[0][0] <= now:
            _, _, serial, talk = heapq.heappop(self._alarms)
            if talk.over or talk.serial != serial:
                continue
            if not talk.connected:
                self._drop(talk)
            talk.on_deadline(now)
            self._after(talk, now)

    def _settle(self, talk: Talk, now: float) -> None:
        self._drop(talk)
        self._finished.append(talk.outcome(now))
        self._active -= 1
        address = talk.job.target.address
        host = self._hosts[address]
        host.active -= 1
        if host.queue:
            heapq.heappush(self._wakes, (max(host.next, now), address))

    def _done(self) -> Iterator[Outcome]:
        while self._finished:
            yield self._finished.popleft()

    def _charge(self, address: str, now: float) -> None:
        host = self._hosts[address]
        host.next = max(host.next, now) + self._interval

    def _watch(self, talk: Talk) -> None:
        if talk.watched == talk.serial:
            return
        talk.watched = talk.serial
        self._count += 1
        heapq.heappush(self._alarms, (talk.deadline, self._count, talk.serial, talk))

    def _want(self, talk: Talk, mask: int) -> None:
        if talk.mask != mask and talk.sock is not None and self._epoll is not None:
            self._epoll.modify(talk.sock.fileno(), mask)
            talk.mask = mask

    def _drop(self, talk: Talk) -> None:
        if talk.sock is not None:
            self._talks.pop(talk.sock.fileno(), None)
            with contextlib.suppress(OSError):
                talk.sock.close()
            talk.sock = None

    def _close(self) -> None:
        for talk in list(self._talks.values()):
            self._drop(talk)
        if self._epoll is not None:
            self._epoll.close()
            self._epoll = None
        self._budget.close()


def descriptors(wanted: int) -> int:
    """Sockets this process may hold at once, after asking the kernel for more where it may give more."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    need = wanted + _SPARE
    if soft < need:
        most = need if hard == resource.RLIM_INFINITY else min(need, hard)
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
            soft = most
    return max(1, soft - _SPARE)


def _is_itself(sock: socket.socket) -> bool:
    """On the loopback the kernel may choose the very port asked for as its own: that is no listener."""
    try:
        return bool(sock.getsockname() == sock.getpeername())
    except OSError:
        return False
