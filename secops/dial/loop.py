"""The epoll loop: thousands of conversations at once, every connect under a lease, every wait with an end."""

import contextlib
import errno
import heapq
import resource
import select
import socket
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path

from secops.core.clock import Clock
from secops.core.model import Status
from secops.dial.alarms import SLOT, Alarms
from secops.dial.budget import Budget, Leasing
from secops.dial.talk import Bounds, Host, Job, Outcome, Talk
from secops.scope.level import Level

_PARKED_MOST = 8_192
"""Jobs taken from the caller that wait for their host's turn."""
_TICK = 0.05
_SHORT = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM, errno.EADDRNOTAVAIL, errno.EAGAIN}
_SHORT_TRIES = 200
_FORGET_HOSTS = 100_000
_SPARE = 128
"""Descriptors left for files, pipes and the store."""
_STREAM = socket.SOCK_STREAM | socket.SOCK_NONBLOCK
_HUNG = select.EPOLLRDHUP | select.EPOLLHUP | select.EPOLLERR
_WRITABLE = select.EPOLLOUT
_FAILED = select.EPOLLHUP | select.EPOLLERR
_READABLE = select.EPOLLIN | _HUNG
_EVENTS = select.EPOLLIN | select.EPOLLOUT | select.EPOLLRDHUP | select.EPOLLET
"""Told once as it happens and remembered in the talk: one call of epoll a connection, however long it talks."""


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
        self._hosts: dict[str, Host] = {}
        self._wakes: list[tuple[float, str]] = []
        self._alarms: Alarms[Talk] = Alarms()
        self._backlog: deque[Talk] = deque()
        self._starved: deque[Talk] = deque()
        self._finished: deque[Outcome] = deque()
        self._active = 0
        self._parked = 0

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
        monotonic = self._clock.monotonic
        while self._backlog and self._dial(self._backlog[0], monotonic()):
            self._backlog.popleft()
        while self._wakes and self._wakes[0][0] <= (now := monotonic()):
            self._serve(heapq.heappop(self._wakes)[1], now)
        while more and not self._backlog and self._active < self._room and self._parked < _PARKED_MOST:
            job = next(source, None)
            if job is None:
                return False
            now = monotonic()
            address = job.target.address
            host = self._hosts.get(address)
            if host is None:
                host = self._hosts[address] = Host()
                if len(self._hosts) > _FORGET_HOSTS:
                    self._forget(now)
            if host.queue or host.active >= self.bounds.per_host or host.next > now:
                self._park(job, host, now)
            else:
                self._begin(job, host, now)
        return more

    def _park(self, job: Job, host: Host, now: float) -> None:
        if host.queue is None:
            host.queue = deque()
        host.queue.append(job)
        self._parked += 1
        if len(host.queue) == 1 and host.active < self.bounds.per_host:
            heapq.heappush(self._wakes, (max(host.next, now), job.target.address))

    def _forget(self, now: float) -> None:
        """Let go of hosts that are at rest."""
        kept = {key: each for key, each in self._hosts.items() if each.active or each.queue or each.next > now}
        self._hosts = kept

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
            self._parked -= 1
            self._begin(host.queue.popleft(), host, now)

    def _begin(self, job: Job, host: Host, now: float) -> None:
        host.active += 1
        self._active += 1
        talk = Talk(job, self.bounds, now, host)
        if not self._dial(talk, now):
            self._backlog.append(talk)

    def _dial(self, talk: Talk, now: float) -> bool:
        """Begin connecting; False when it must wait for budget or descriptors."""
        target = talk.job.target
        address = target.address
        if not self._budget.allows(address, target.port, now):
            talk.end(Status.OUT_OF_SCOPE)
            self._settle(talk, now)
            return True
        if not self._budget.take(1, now):
            return False
        self._charge(talk.host, now)
        sock = None
        try:
            sock = socket.SocketType(socket.AF_INET6 if ":" in address else socket.AF_INET, _STREAM)
            error = sock.connect_ex((address, target.port))
        except OSError as fault:
            error = fault.errno or errno.EINVAL
        if sock is None or error not in {0, errno.EINPROGRESS}:
            if sock is not None:
                sock.close()
            if error in _SHORT and talk.tries < _SHORT_TRIES:
                talk.tries += 1
                return False
            talk.on_unconnected(error, now)
            self._after(talk, now)
            return True
        talk.sock = sock
        talk.fd = sock.fileno()
        self._talks[talk.fd] = talk
        assert self._epoll is not None
        self._epoll.register(talk.fd, _EVENTS)
        talk.alarm_connect(now)
        self._alarms.watch(talk)
        return True

    def _poll(self) -> None:
        assert self._epoll is not None
        wait = SLOT if self._alarms else _TICK
        if self._backlog or self._starved:
            wait = 0.01
        monotonic = self._clock.monotonic
        if self._wakes:
            wait = min(wait, self._wakes[0][0] - monotonic())
        talks = self._talks
        for number, events in self._epoll.poll(max(0.0, wait), 512):
            talk = talks.get(number)
            if talk is None:
                continue
            now = monotonic()
            if events & _WRITABLE:
                talk.writable = True
            if events & _READABLE:
                talk.readable = True
                talk.hung = talk.hung or bool(events & _HUNG)
            if talk.connected:
                talk.on_readable(now)
                self._after(talk, now)
            else:
                self._connected(talk, now, failed=bool(events & _FAILED))

    def _connected(self, talk: Talk, now: float, *, failed: bool) -> None:
        assert talk.sock is not None
        error = talk.sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) if failed else 0
        if not error and talk.job.target.port >= _lowest_own_port() and _is_itself(talk.sock):
            error = errno.ECONNREFUSED
        if error:
            self._drop(talk)
            talk.on_unconnected(error, now)
        else:
            talk.on_connected(now)
        self._after(talk, now)

    def _after(self, talk: Talk, now: float) -> None:
        """What a step of the conversation has left to do: end, dial again, write, read what came, wait.

        The step may have taken longer than a lease lives: what is sent after it is sent by a new look at the clock.
        """
        while not talk.over:
            if not talk.connected:
                self._drop(talk)
                if not self._dial(talk, self._clock.monotonic()):
                    self._backlog.append(talk)
                return
            if talk.out and talk.writable and not talk.starved and not self._write(talk, self._clock.monotonic()):
                continue
            if not talk.readable:
                self._alarms.watch(talk)
                return
            talk.on_readable(now)
        self._settle(talk, now)

    def _write(self, talk: Talk, now: float) -> bool:
        """Put out what may be put out; False when the peer takes no more and the conversation was told."""
        assert talk.sock is not None
        if not self._budget.take(1, now):
            talk.starved = True
            self._starved.append(talk)
            return True
        self._charge(talk.host, now)
        try:
            sent = talk.sock.send(talk.out)
        except BlockingIOError:
            talk.writable = False
            return True
        except OSError:
            talk.on_unwritable()
            talk.look(now)
            return False
        talk.out = talk.out[sent:]
        talk.writable = not talk.out
        return True

    def _feed_starved(self) -> None:
        for _ in range(len(self._starved)):
            talk = self._starved.popleft()
            talk.starved = False
            if not talk.over and talk.connected:
                self._after(talk, self._clock.monotonic())

    def _expire(self) -> None:
        now = self._clock.monotonic()
        for talk in self._alarms.due(now):
            if talk.over:
                continue
            if not talk.connected:
                self._drop(talk)
            talk.on_deadline(now)
            self._after(talk, now)

    def _settle(self, talk: Talk, now: float) -> None:
        self._drop(talk)
        self._alarms.drop(talk)
        self._finished.append(talk.outcome(now))
        self._active -= 1
        host = talk.host
        host.active -= 1
        if host.queue:
            heapq.heappush(self._wakes, (max(host.next, now), talk.job.target.address))

    def _done(self) -> Iterator[Outcome]:
        while self._finished:
            yield self._finished.popleft()

    def _charge(self, host: Host, now: float) -> None:
        host.next = max(now, host.next) + self._interval

    def _drop(self, talk: Talk) -> None:
        if talk.sock is not None:
            self._talks.pop(talk.fd, None)
            try:  # noqa: SIM105 - a context manager costs as much as the close
                talk.sock.close()
            except OSError:
                pass
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


@cache
def _lowest_own_port() -> int:
    """Below this port the kernel never chooses one for a connection of ours."""
    try:
        words = Path("/proc/sys/net/ipv4/ip_local_port_range").read_text("ascii").split()
        return int(words[0])
    except (OSError, ValueError, IndexError):
        return 1


def _is_itself(sock: socket.SocketType) -> bool:
    """To an address of its own the kernel may choose the very port asked for as its own: that is no listener."""
    try:
        return bool(sock.getsockname() == sock.getpeername())
    except OSError:
        return False
